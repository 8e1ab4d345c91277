package config_test

import (
	"slices"
	"testing"
)

// TestMendD8EnumerationsInAnyCase: a value of a list of words is taken however it is written, in files and variables,
// at any depth.
func TestMendD8EnumerationsInAnyCase(t *testing.T) {
	cfg, err := load(`
log: {format: JSON, level: Warn}
limits: {when_store_is_away: Refuse}
models: {aliases: {e: cohere.embed-v4:0}, input_types: {e: Search_Query}}
security: {managed: {directions: [INPUT]}}
access: {keys: [{name: a, hash: "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae", priority: Batch}]}
`, []string{"OUTCROP_RESILIENCE_FALLBACK_ON=Throttled,QUOTA", "OUTCROP_BUDGETS_UNKNOWN_PRICE=REFUSE"})
	if err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]string{
		"log.format": {cfg.Log.Format, "json"}, "limits.when_store_is_away": {cfg.Limits.WhenStoreIsAway, "refuse"},
		"models.input_types[e]":          {cfg.Models.InputTypes["e"], "search_query"},
		"security.managed.directions[0]": {cfg.Security.Managed.Directions[0], "input"},
		"access.keys[0].priority":        {cfg.Access.Keys[0].Priority, "batch"},
		"budgets.unknown_price":          {cfg.Budgets.UnknownPrice, "refuse"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
		}
	}
	if on := cfg.Resilience.Fallback.On; !slices.Equal(on, []string{"throttled", "quota"}) {
		t.Errorf("%q", on)
	}
	if _, err := load("log: {format: XML}", nil); err == nil {
		t.Error("a word of no list is taken")
	}
}

// TestMendD8ListsSetEmpty: [] in a variable is the empty list, also over one of the file, and none where there must be
// one.
func TestMendD8ListsSetEmpty(t *testing.T) {
	cfg, err := load("resilience: {fallback: {on: [throttled]}}\nserver: {hosts: [a.example.com]}",
		[]string{"OUTCROP_RESILIENCE_FALLBACK_ON=[]", "OUTCROP_SERVER_HOSTS=[]"})
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Resilience.Fallback.On)+len(cfg.Server.Hosts) != 0 {
		t.Errorf("%q %q", cfg.Resilience.Fallback.On, cfg.Server.Hosts)
	}
	if _, err := load("", []string{"OUTCROP_SERVER_PREFIXES=[]"}); err == nil {
		t.Error("a list that must name something is empty")
	}
}

// TestMendC6PrefixOfNothing: the API may stand under no prefix, written either way.
func TestMendC6PrefixOfNothing(t *testing.T) {
	for _, text := range []string{`server: {prefixes: ["", /v1]}`, `server: {prefixes: [/, /v1]}`} {
		if _, err := load(text, nil); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
