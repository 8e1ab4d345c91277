package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"outcrop/internal/access"
	"outcrop/internal/access/keys"
	"outcrop/internal/config"
	"outcrop/internal/store/memory"
	"outcrop/internal/telemetry"
)

// TestMendD7BudgetsThatDoNotHold: whoever has a budget learns at the start which models count nothing.
func TestMendD7BudgetsThatDoNotHold(t *testing.T) {
	const rows = "models:\n  aliases: {rocket: amazon.rocket-v1:0, lite: amazon.nova-lite-v1:0}\n"
	for name, tt := range map[string]struct {
		text   string
		stored bool
		want   []string
	}{
		"nobody has a budget": {rows, false, nil},
		"a tenant": {rows + "budgets: {tenants: {acme: {amount: 5}}}\n", false,
			[]string{"tenant acme", "amazon.rocket-v1:0"}},
		"a key of the store": {rows, true, []string{"key_", "amazon.rocket-v1:0"}},
		"all models have a price": {"models: {aliases: {lite: amazon.nova-lite-v1:0}}\nbudgets: {tenants: {acme: {amount: " +
			"5}}}\n", true, nil},
		"such models are refused": {rows + "budgets: {unknown_price: refuse, tenants: {acme: {amount: 5}}}\n", true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := config.Load(config.Source{Path: "f",
				ReadFile: func(string) ([]byte, error) { return []byte(tt.text), nil }})
			if err != nil {
				t.Fatal(err)
			}
			models, err := routes(cfg, "us-east-1")
			if err != nil {
				t.Fatal(err)
			}
			s := memory.New()
			if tt.stored {
				k := keys.Key{Name: "k", Rights: access.Rights{Budget: &access.Budget{Amount: 1, Period: "day"}}}
				if _, _, err := keys.NewRegistry(s).Create(t.Context(), k); err != nil {
					t.Fatal(err)
				}
			}
			var b bytes.Buffer
			warnUnpriced(t.Context(), cfg, s, models.Leads, telemetry.NewLogger(io.Writer(&b), 0, true))
			if tt.want == nil && b.Len() > 0 {
				t.Errorf("says %s", b.String())
			}
			for _, want := range tt.want {
				if !strings.Contains(b.String(), want) {
					t.Errorf("does not name %q: %s", want, b.String())
				}
			}
			if strings.Contains(b.String(), "nova-lite") {
				t.Errorf("names a model with a price: %s", b.String())
			}
		})
	}
}
