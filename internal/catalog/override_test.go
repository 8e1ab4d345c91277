package catalog

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Every member of an override changes something, and nothing but what it names.
func TestEveryOverrideCounts(t *testing.T) {
	var walk func(v reflect.Value, path string, whole *Override)
	walk = func(v reflect.Value, path string, whole *Override) {
		for i := range v.NumField() {
			f, name := v.Field(i), path+v.Type().Field(i).Tag.Get("yaml")
			if f.Kind() == reflect.Struct {
				walk(f, name+".", whole)
				continue
			}
			if name == "kind" { // has a test of its own
				continue
			}
			changed := false
			for _, base := range []string{haiku, "amazon.titan-embed-text-v2:0", "mistral.mistral-large-2407-v1:0",
				"amazon.nova-lite-v1:0"} {
				for _, value := range values(f.Type()) {
					*whole = Override{}
					f.Set(value)
					m, err := Default().override(base, whole)
					if err == nil && !reflect.DeepEqual(m, Default().byID[base]) {
						changed = true
					}
				}
			}
			if *whole = (Override{}); !changed {
				t.Errorf("%s changes nothing", name)
			}
		}
	}
	var o Override
	walk(reflect.ValueOf(&o).Elem(), "", &o)
	if m, err := Default().override(haiku, &Override{}); err != nil || !reflect.DeepEqual(m, Default().byID[haiku]) {
		t.Errorf("an empty override changes %+v", m)
	}
}

// values are some values of a member's type, of which one must differ from any row.
func values(t reflect.Type) []reflect.Value {
	yes, no := true, false
	switch t {
	case reflect.TypeFor[*bool]():
		return []reflect.Value{reflect.ValueOf(&yes), reflect.ValueOf(&no)}
	case reflect.TypeFor[[]string]():
		return []reflect.Value{reflect.ValueOf([]string{}), reflect.ValueOf([]string{"other"})}
	case reflect.TypeFor[[]int]():
		return []reflect.Value{reflect.ValueOf([]int{7})}
	case reflect.TypeFor[int]():
		return []reflect.Value{reflect.ValueOf(7)}
	case reflect.TypeFor[map[string]Price]():
		return []reflect.Value{reflect.ValueOf(map[string]Price{"us": {Input: 77}})}
	}
	return []reflect.Value{reflect.ValueOf("amazon.nova-micro-v1:0").Convert(t), reflect.ValueOf("none").Convert(t)}
}

func TestOverride(t *testing.T) {
	yes := true
	c, err := Default().With(Options{Rows: map[string]Override{
		"anthropic.claude-opus-9": {Like: "anthropic.claude-opus-5", Name: "Opus 9", MaxOutput: 9, Dimensions: []int{3, 1, 2},
			Profiles: []string{"us.anthropic.claude-opus-9"}, ProfileRequired: &yes, Prices: map[string]Price{"us": {Input: 9}}},
		"anthropic.claude-haiku-4-5-20251001-v1:0": {Like: "anthropic.claude-opus-5"},
		"acme.rocket-1": {Kind: Chat, Converse: &yes},
		"acme.rocket-2": {Like: "amazon.nova-lite-v1:0", Capabilities: CapabilityFacts{
			TopKPath: "none", ToolIDPattern: "alnum9", ToolChoice: []string{}, InlineThinkingTag: "none",
			Caching: CachingFacts{TTL: []string{"1h"}, Fields: []string{"tools"}}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	opus5, opus9, own, like := c.byID["anthropic.claude-opus-5"], c.byID["anthropic.claude-opus-9"], c.byID[haiku],
		c.byID["acme.rocket-2"]
	for _, x := range []struct {
		what      string
		got, want any
	}{
		{"a row is copied", reflect.DeepEqual(opus9.Caps, opus5.Caps), true},
		{"R-LIM-02 a configured limit is firm", opus9.MaxOutput == 9 && opus9.MaxOutputFirm, true},
		{"sizes are in order", slices.Equal(opus9.Dimensions, []int{1, 2, 3}), true},
		{"prices are joined", opus9.Prices["us"].Input == 9 && opus9.Prices["global"] == opus5.Prices["global"], true},
		{"the copied row keeps its own", opus5.Prices["us"].Input != 9, true},
		{"R-CAP-05 a configured row lends to newer ones", c.row("anthropic.claude-opus-10").MaxOutput, 9},
		{"R-CAP-03 its profile", opus9.calledIn("us-east-1"), "us.anthropic.claude-opus-9"},
		{"like changes what a known model can", reflect.DeepEqual(own.Caps, opus5.Caps), true},
		{"and not who it is", own.Name + strings.Join(own.Profiles, ""), Default().byID[haiku].Name +
			strings.Join(Default().byID[haiku].Profiles, "")},
		{"R-CAP-02 a new provider", c.byID["acme.rocket-1"].Known, true},
		{"R-CAP-06 of a model without like nothing is known", c.byID["acme.rocket-1"].Caps.Tools, Unknown},
		{"none takes away", like.Caps.Sampling.TopKPath + like.Caps.InlineThinkingTag, ""},
		{"R-RPL-08 pattern of ids", like.Caps.ToolIDPattern, "alnum9"},
		{"R-CHO-04 an empty list takes no choice", like.Caps.ToolChoice, ToolChoice{Known: true}},
		{"R-CACHE-05 lifetimes", like.Caps.Caching, Caching{Yes, 1000, 4, false, false, true, true, true}},
	} {
		if x.got != x.want {
			t.Errorf("%s: %v, want %v", x.what, x.got, x.want)
		}
	}
	if !reflect.DeepEqual(Default().byID[haiku].Caps.Reasoning.Shape, ReasoningBudget) {
		t.Error("the embedded catalogue was changed")
	}
}

func TestNativeCapabilities(t *testing.T) {
	for _, m := range Default().Models() {
		if claude := strings.HasPrefix(m.ID, "anthropic."); m.Kind == Chat && (m.Caps.DisableParallel != claude ||
			m.Caps.BlankStopRefused != claude) {
			t.Errorf("R-CHO-08, R-LIM-04 %s: %t %t", m.ID, m.Caps.DisableParallel, m.Caps.BlankStopRefused)
		}
	}
}
