package catalog

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"outcrop/internal/test/wiretest"
)

func TestDefault(t *testing.T) {
	c, err := Load(Data())
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Models()) < 160 ||
		!slices.IsSortedFunc(c.Models(), func(a, b *Model) int { return strings.Compare(a.ID, b.ID) }) {
		t.Errorf("%d models, which should be more and in order", len(c.Models()))
	}
	if again := Default(); again != Default() {
		t.Error("the embedded data is read more than once")
	}
}

func TestLoadRefusesBrokenData(t *testing.T) {
	for name, data := range map[string]string{
		"no JSON":      `{`,
		"no date":      `{"models":[]}`,
		"no models":    `{"compiled":"2026-11-20","models":[]}`,
		"no id":        `{"compiled":"2026-11-20","models":[{"provider":"A","kind":"chat"}]}`,
		"no family":    `{"compiled":"2026-11-20","models":[{"id":"a.b","provider":"A","kind":"chat","family":"nobody's"}]}`,
		"an id twice":  `{"compiled":"2026-11-20","models":[{"id":"a.b","provider":"A","kind":"image"},{"id":"a.b","provider":"A","kind":"image"}]}`,
		"a wrong type": `{"compiled":"2026-11-20","models":[{"id":"a.b","provider":"A","kind":"image","context":"long"}]}`,
	} {
		if _, err := Load([]byte(data)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestEveryFamilyRowIsUsed(t *testing.T) {
	used := map[string]bool{}
	for _, m := range Default().Models() {
		used[m.Family] = true
		if m.Kind == Chat && m.Format == "" {
			t.Errorf("%s: R-RES-08 needs a short family name", m.ID)
		}
	}
	for name := range families {
		if !used[name] {
			t.Errorf("no model is of the family %q", name)
		}
	}
}

// The request shapes stand in the data file as examples and in the family table as names.
func TestReasoningShapesAgreeWithTheData(t *testing.T) {
	var f struct {
		Models []struct {
			ID        string `json:"id"`
			Reasoning struct {
				Shape map[string]json.RawMessage `json:"request_shape"`
				Modes []string                   `json:"modes"`
			} `json:"reasoning"`
		} `json:"models"`
	}
	if err := json.Unmarshal(Data(), &f); err != nil {
		t.Fatal(err)
	}
	for _, m := range f.Models {
		want := ReasoningNone
		switch s := m.Reasoning.Shape; {
		case strings.Contains(string(s["thinking"]), "adaptive"):
			want = ReasoningAdaptive
		case s["thinking"] != nil:
			want = ReasoningBudget
		case s["reasoningConfig"] != nil:
			want = ReasoningNova
		case s["reasoning_config"] != nil:
			want = ReasoningConfig
		case s["reasoning_effort"] != nil && !strings.Contains(string(s["reasoning_effort"]), "see note"):
			want = ReasoningEffort
		case s["reasoning"] != nil:
			want = ReasoningObject
		}
		r := Default().byID[m.ID].Caps.Reasoning
		if r.Shape != want {
			t.Errorf("%s: shape %q, the data file says %q", m.ID, r.Shape, want)
		}
		if slices.Contains(m.Reasoning.Modes, "adaptive (default on)") != (r.Default == "on") {
			t.Errorf("%s: default %q, the data file says %q", m.ID, r.Default, m.Reasoning.Modes)
		}
		only := slices.Contains(m.Reasoning.Modes, "adaptive only") || slices.Contains(m.Reasoning.Modes, "always on")
		if only && r.Default != "always" {
			t.Errorf("%s: default %q, the data file says %q", m.ID, r.Default, m.Reasoning.Modes)
		}
	}
}

func TestRecordedModels(t *testing.T) {
	unknown := map[string]bool{ // names that Bedrock refused as well, and ARNs that do not tell their model
		"does-not-exist": true, "us.does-not-exist-model-v1:0": true,
		"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/1arbu5hu2sjr": true,
	}
	for _, i := range wiretest.Bedrock(t) {
		if i.ModelID == "" {
			continue
		}
		target, err := Default().Resolve(i.ModelID, i.Region)
		known := err == nil && target.Row.Known
		if known == unknown[i.ModelID] {
			t.Errorf("%s: %s known: %t, error: %v", i.ID, i.ModelID, known, err)
		}
		// In the one region that recordings come from, a bare id that was answered must not be replaced.
		if known && i.Status == 200 && i.Region == "us-east-1" && target.Row.Status != "eol" && target.CalledID != i.ModelID {
			if i.Operation != "CountTokens" { // which wants the bare id
				t.Errorf("%s: %s would be called as %s", i.ID, i.ModelID, target.CalledID)
			}
		}
	}
}

func TestCapabilities(t *testing.T) {
	caps := func(id string) *Capabilities {
		m := Default().byID[id]
		if m == nil {
			t.Fatalf("no model %s", id)
		}
		return &m.Caps
	}
	const (
		haiku45, opus41, opus47 = "anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-opus-4-1-20250805-v1:0",
			"anthropic.claude-opus-4-7"
		sonnet5, sonnet55      = "anthropic.claude-sonnet-5", "anthropic.claude-sonnet-5-5"
		novaLite, nova2        = "amazon.nova-lite-v1:0", "amazon.nova-2-lite-v1:0"
		llama, mistralLarge    = "meta.llama3-3-70b-instruct-v1:0", "mistral.mistral-large-2407-v1:0"
		palmyra, r1, qwen, oss = "writer.palmyra-x5-v1:0", "deepseek.r1-v1:0", "qwen.qwen3-32b-v1:0",
			"openai.gpt-oss-120b-1:0"
	)
	for _, c := range []struct {
		rule      string
		got, want any
	}{
		{"R-SMP-03 Opus 4.1 takes one of the two", caps(opus41).Sampling, Sampling{Yes, Yes, No, "top_k"}},
		{"R-SMP-03 Haiku 4.5 takes one of the two", caps(haiku45).Sampling, Sampling{Yes, Yes, No, "top_k"}},
		{"R-SMP-04 Opus 4.7 takes none", caps(opus47).Sampling, Sampling{No, No, No, ""}},
		{"R-CAP-06 of Sonnet 5.5 nobody knows", caps(sonnet55).Sampling, Sampling{Unknown, Unknown, Unknown, "top_k"}},
		{"R-EXT-01 Nova's top_k", caps(novaLite).Sampling, Sampling{Yes, Yes, Yes, "inferenceConfig.topK"}},
		{"R-EXT-01 Llama has no top_k", caps(llama).Sampling, Sampling{Yes, Yes, Yes, ""}},
		{"R-RSN-01 budget of Haiku 4.5", caps(haiku45).Reasoning.Shape, ReasoningBudget},
		{"R-RSN-02 least budget", caps(haiku45).Reasoning.MinBudget, 1024},
		{"R-RSN-03 hidden on Sonnet 5", caps(sonnet5).Reasoning.TextHidden, true},
		{"R-RSN-03 not hidden on Haiku 4.5", caps(haiku45).Reasoning.TextHidden, false},
		{"1.9 Sonnet 5 reasons by default", caps(sonnet5).Reasoning.Default, "on"},
		{"1.9 Fable always does", caps("anthropic.claude-fable-5").Reasoning.Default, "always"},
		{"1.9 gpt-oss always does", caps(oss).Reasoning.Default, "always"},
		{"1.9 Qwen cannot be switched off", caps(qwen).Reasoning.Default, "always"},
		{"1.9 Qwen knows two efforts", strings.Join(caps(qwen).Reasoning.Efforts, " "), "low high"},
		{"1.9 Claude 4.6 knows no xhigh", strings.Join(caps("anthropic.claude-sonnet-4-6").Reasoning.Efforts, " "),
			"low medium high max"},
		{"1.9 R1 has no parameter", caps(r1).Reasoning.Shape, ReasoningNone},
		{"R-CHO-05 Opus 4.8 allows both", caps("anthropic.claude-opus-4-8").Reasoning.ForcedChoiceAllowed, true},
		{"R-CHO-04 Fable takes auto only", caps("anthropic.claude-fable-5").ToolChoice, ToolChoice{Known: true, Auto: true}},
		{"R-CHO-04 of Qwen nobody knows", caps(qwen).ToolChoice, ToolChoice{}},
		{"R-TOOL-06 strict by structured output", caps(haiku45).StrictTools, Yes},
		{"R-TOOL-06 strict on Nova 2 Lite", caps(nova2).StrictTools, Yes},
		{"R-TOOL-06 not on Nova Lite", caps(novaLite).StrictTools, No},
		{"R-TOOL-12 json for Mistral", caps(mistralLarge).ToolResultJSON, true},
		{"R-TOOL-12 not for Claude", caps(haiku45).ToolResultJSON, false},
		{"R-TOOL-11 no status on Palmyra", caps(palmyra).ToolResultStatus, No},
		{"R-RPL-08 ids of Mistral", caps(mistralLarge).ToolIDPattern, "alnum9"},
		{"R-MSG-07 text beside a result on Claude", caps(haiku45).Beside("text"), true},
		{"R-MSG-07 no document beside a result on Claude", caps(haiku45).Beside("document"), false},
		{"R-MSG-07 nothing beside a result on Llama", caps(llama).Beside("text"), false},
		{"R-CAP-06 unknown is allowed beside a result", caps(oss).Beside("text"), true},
		{"R-MSG-14 leading assistant on Claude", caps(haiku45).LeadingAssistantOK, Yes},
		{"R-MSG-14 not on Nova", caps(novaLite).LeadingAssistantOK, No},
		{"R-MSG-15 no prefill on Sonnet 5", caps(sonnet5).AssistantPrefill, No},
		{"R-PART-06 S3 on Nova only", caps(novaLite).S3Sources && !caps(haiku45).S3Sources, true},
		{"R-RSN-10 tag of Nova 1", caps(novaLite).InlineThinkingTag + "/" + caps(nova2).InlineThinkingTag, "thinking/"},
		{"R-CACHE-09 no points in Nova's tools", caps(novaLite).Caching,
			Caching{Yes, 1000, 4, true, true, false, false, true}},
		{"R-CACHE-05 an hour on Haiku 4.5", caps(haiku45).Caching, Caching{Yes, 4096, 4, true, true, true, true, false}},
		{"R-LIM-02 confirmed maximum", Default().byID[novaLite].MaxOutputFirm, true},
		{"R-LIM-02 unconfirmed maximum", Default().byID["amazon.nova-pro-v1:0"].MaxOutputFirm, false},
		{"R-CAP-08 Mythos 5", Default().byID["anthropic.claude-mythos-5"].Converse, No},
		{"R-CAP-08 embeddings", Default().byID["cohere.embed-v4:0"].Converse, No},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if c.got != c.want {
				t.Errorf("%v, want %v", c.got, c.want)
			}
		})
	}
}

func TestPriceFor(t *testing.T) {
	haiku := Default().byID["anthropic.claude-haiku-4-5-20251001-v1:0"]
	us, global := haiku.Prices["us"], haiku.Prices["global"]
	if us.Input <= global.Input || global.Input == 0 {
		t.Fatalf("us. %v, global. %v", us, global)
	}
	micro := Default().byID["amazon.nova-micro-v1:0"]
	for _, c := range []struct {
		name string
		m    *Model
		id   string
		want Price
	}{
		{"the profile's scope", haiku, "us." + haiku.ID, us},
		{"another profile's scope", haiku, "global." + haiku.ID, global},
		{"the scope of a profile ARN", haiku, "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us." + haiku.ID, us},
		{"in the region", micro, micro.ID, micro.Prices["in_region"]},
		{"a scope without a price", micro, "ca." + micro.ID, micro.Prices["in_region"]},
		{"the last resort", haiku, haiku.ID, haiku.Prices["us-east-1"]},
		{"nothing known", Default().opaque, "arn:aws:bedrock:us-east-1:123456789012:imported-model/x", Price{}},
	} {
		if got := c.m.PriceFor(c.id); got != c.want || c.want == (Price{}) != (c.m.ID == "") {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestListed(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		rule, id, on string
		listed       bool
		lifecycle    string
	}{
		{"R-MOD-02 active", "amazon.nova-micro-v1:0", "2026-11-21", true, "active"},
		{"R-MOD-02 before the end", "ai21.jamba-1-5-large-v1:0", "2026-11-25", true, "legacy"},
		{"R-MOD-02 the day of the end", "ai21.jamba-1-5-large-v1:0", "2026-11-26", false, "eol"},
		{"R-MOD-02 ended without a date", "anthropic.claude-v2", "2026-11-21", false, "eol"},
		{"R-MOD-02 nobody knows", "mistral.mistral-small-2402-v1:0", "2026-11-21", true, ""},
	} {
		m := Default().byID[c.id]
		if m.Listed(day(c.on)) != c.listed || m.Lifecycle(day(c.on)) != c.lifecycle {
			t.Errorf("%s: listed %t, %q", c.rule, m.Listed(day(c.on)), m.Lifecycle(day(c.on)))
		}
		if m.Created != day("2026-11-20").Unix() {
			t.Errorf("R-MOD-02 created %d is not the date of the catalogue", m.Created)
		}
	}
}
