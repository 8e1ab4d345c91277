package router

import (
	"testing"

	"outcrop/internal/catalog"
)

func TestLeads(t *testing.T) {
	l, err := NewLive(Config{
		Aliases: map[string]string{"mine": "amazon.nova-lite-v1:0", "any": Auto, "cheap": TierFast}, AllowARNs: true,
		Rules: DefaultRules(),
	}, catalog.Default(), "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	tiers := len(DefaultRules().Tiers)
	for name, want := range map[string]int{
		"amazon.nova-lite-v1:0": 1, "us.amazon.nova-lite-v1:0": 1, "mine": 1, TierFast: 1, "cheap": 1, Auto: tiers,
		"any": tiers, "": 0, "no-such": 0,
		"arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0": 1,
	} {
		plans := l.Leads(name)
		if len(plans) != want {
			t.Errorf("%q leads to %d plans, want %d", name, len(plans), want)
		}
		for _, p := range plans {
			if len(p.Targets) == 0 || (p.Tier != "") != (name == TierFast || name == "cheap" || want > 1) {
				t.Errorf("%q leads to %+v", name, p)
			}
		}
	}
	if id := l.Leads("mine")[0].Targets[0].Row.ID; id != "amazon.nova-lite-v1:0" {
		t.Error(id)
	}
}
