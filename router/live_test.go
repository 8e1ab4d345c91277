package router

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

const opus = "anthropic.claude-opus-6-20270101-v1:0"

func listing() catalog.Listing {
	return catalog.Listing{
		Models: []catalog.ListedModel{
			{ID: opus, Name: "Claude Opus 6", Provider: "Anthropic", Outputs: []string{"TEXT"},
				Inference: []string{"INFERENCE_PROFILE"}},
			{ID: titan},
		},
		Profiles: []catalog.ListedProfile{
			{ID: "us." + opus, Model: opus},
			{ID: "us." + haiku, Model: haiku},
			{ID: "1arbu5hu2sjr", ARN: profile, Application: true, Model: haiku},
		},
	}
}

func newLive(t testing.TB, cfg Config) *Live {
	t.Helper()
	l, err := NewLive(cfg, catalog.Default(), "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func ids(list []openai.Model) []string {
	var all []string
	for _, m := range list {
		all = append(all, m.ID)
	}
	return all
}

func TestLive(t *testing.T) {
	l := newLive(t, Config{AllowARNs: true, Aliases: map[string]string{"team": profile, "west": "amazon.nova-micro-v1:0"}})
	before := ids(l.Models(now))
	if _, known := l.Model(opus, now); known || slices.Contains(before, opus) ||
		!slices.Contains(before, "amazon.nova-micro-v1:0") {
		t.Error("R-MOD-06 before the refresh the catalogue counts")
	}
	if err := l.Refresh(listing()); err != nil {
		t.Fatal(err)
	}
	list := ids(l.Models(now))
	if want := []string{haiku, opus, titan, "team", "west"}; !equalSets(list, want) || !slices.IsSorted(list) {
		t.Errorf("R-MOD-01 the models of the region and the aliases: %q", list)
	}
	if _, known := l.Model(opus, now); !known {
		t.Error("R-MOD-03 a listed model has an entry")
	}
	if _, known := l.Model("amazon.nova-micro-v1:0", now); !known {
		t.Error("R-MOD-03 a model of another region has an entry still")
	}
	plan, err := l.Plan(&Facts{Model: opus, Kind: catalog.Chat})
	if err != nil || plan.Targets[0].CalledID != "us."+opus {
		t.Errorf("R-CAP-03 %+v %v", plan, err)
	}
	if plan, err = l.Plan(&Facts{Model: profile, Kind: catalog.Chat}); err != nil || plan.Targets[0].Row.ID != haiku ||
		plan.Targets[0].NeedsBase() {
		t.Errorf("R-CAP-04 %+v %v", plan, err)
	}
	if _, err = l.Plan(&Facts{Model: profile, Kind: catalog.Embed}); err == nil {
		t.Error("R-CAP-08 a profile of a chat model on embeddings")
	}
	if plan, err = l.Plan(&Facts{Model: "team", Kind: catalog.Chat}); err != nil || plan.Targets[0].Public != haiku ||
		plan.Targets[0].CalledID != profile {
		t.Errorf("R-RES-02 %+v %v", plan, err)
	}
	if m, _ := l.Model("team", now); !strings.Contains(string(m.Outcrop), `"kind":"chat"`) ||
		strings.Contains(string(m.Outcrop), "arn:") {
		t.Errorf("R-MOD-07 %s", m.Outcrop)
	}
	if base := l.WithBase(plan.Targets[0], "us."+opus); base.Row.ID != opus {
		t.Errorf("R-CAP-04 base %q", base.Row.ID)
	}
	if err := l.Refresh(catalog.Listing{}); err != nil || !slices.Equal(ids(l.Models(now)), before) {
		t.Errorf("R-MOD-06 what left the lists is still there (%v)", err)
	}
}

func equalSets(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func TestNewLiveRefuses(t *testing.T) {
	if l, err := NewLive(Config{Aliases: map[string]string{"a": "a"}}, catalog.Default(), "us-east-1"); err == nil ||
		l != nil {
		t.Error("R-CAP-01 a circle")
	}
	if _, err := NewLive(Config{Catalog: map[string]catalog.Override{"a.b": {}}}, catalog.Default(),
		"us-east-1"); err == nil {
		t.Error("R-CAP-05 a row that says nothing")
	}
}

// Requests go on while the lists are exchanged; the race detector is the judge.
func TestLiveTogether(t *testing.T) {
	l := newLive(t, Config{Aliases: map[string]string{"team": profile}})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 20 {
				if _, err := l.Plan(&Facts{Model: haiku, Kind: catalog.Chat}); err != nil {
					t.Error(err)
				}
				l.Models(now)
				l.Model("team", now)
			}
		})
	}
	for range 10 {
		if err := l.Refresh(listing()); err != nil {
			t.Error(err)
		}
	}
	all.Wait()
}

func TestReload(t *testing.T) {
	l := newLive(t, Config{})
	if err := l.Refresh(listing()); err != nil {
		t.Fatal(err)
	}
	if err := l.Reload(Config{Aliases: map[string]string{"team": haiku}}); err != nil {
		t.Fatal(err)
	}
	if _, ok := l.Model("team", now); !ok {
		t.Error("the new alias is not there")
	}
	if _, known := l.Model(opus, now); !known {
		t.Error("R-MOD-06 what AWS listed is forgotten")
	}
	if err := l.Reload(Config{Aliases: map[string]string{"a": "a"}}); err == nil {
		t.Error("a circle is taken over")
	}
	if _, ok := l.Model("team", now); !ok {
		t.Error("a bad configuration changed something")
	}
}

func TestConfigured(t *testing.T) {
	yes := true
	l := newLive(t, Config{
		HideTargets: true,
		Aliases: map[string]string{"gpt-4o": haiku, "docs": "amazon.titan-embed-text-v2:0", "search": "docs",
			"again": "search"},
		InputTypes: map[string]string{"docs": "classification", "search": "search_query"},
		Catalog:    map[string]catalog.Override{"acme.rocket-1": {Kind: catalog.Chat, Converse: &yes, Context: 123}},
	})
	if m, _ := l.Model("gpt-4o", now); strings.Contains(string(m.Outcrop), "target") {
		t.Errorf("R-MOD-04 a hidden target: %s", m.Outcrop)
	}
	for model, want := range map[string]string{"docs": "classification", "search": "search_query",
		"again": "search_query", titan: ""} {
		if plan, err := l.Plan(&Facts{Model: model, Kind: catalog.Embed}); err != nil || plan.InputType != want {
			t.Errorf("R-EMB-11 %s: %q %v", model, plan.InputType, err)
		}
	}
	for _, when := range []string{"before", "after"} {
		if m, ok := l.Model("acme.rocket-1", now); !ok || !strings.Contains(string(m.Outcrop), `"context_window":123`) ||
			!slices.Contains(ids(l.Models(now)), "acme.rocket-1") {
			t.Errorf("R-MOD-05 a configured model %s the refresh: %s", when, m.Outcrop)
		}
		if err := l.Refresh(listing()); err != nil {
			t.Fatal(err)
		}
	}
}
