package access

import (
	"net/netip"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"a", "A", false}, {"", "", true}, {"", "a", false}, {"*", "", true},
		{"*", "anything", true},
		{"a*", "a", true}, {"a*", "ba", false}, {"*a", "ba", true}, {"*a", "ab", false}, {"a*c", "abc", true},
		{"a*c", "ac", true}, {"a*c", "abcd", false},
		{"a*a", "a", false}, {"*b*", "abc", true}, {"*b*", "ac", false}, {"a*b*c", "axbxc", true}, {"a*b*c", "axcxb", false},
		{"**", "x", true},
		{"anthropic.claude-*", "anthropic.claude-haiku-4-5", true}, {"anthropic.*", "amazon.nova-lite-v1:0", false},
		{"a.c", "abc", false}, {"[a]", "a", false},
	} {
		if got := match(tt.pattern, tt.name); got != tt.want {
			t.Errorf("match(%q, %q) = %v", tt.pattern, tt.name, got)
		}
	}
	match(strings.Repeat("*a", 1000)+"b", strings.Repeat("a", 100_000)) // does not take for ever
}

func TestRights(t *testing.T) {
	none, all := (*Rights)(nil), &Rights{}
	for _, r := range []*Rights{none, all} {
		if !r.AllowsModel("m") || !r.AllowsTier("t") || !r.AllowsEndpoint("e") || !r.AllowsExtension("x") || r.ByModel() ||
			!r.AllowsAddr(netip.MustParseAddr("192.0.2.7")) {
			t.Errorf("%+v restricts", r)
		}
	}
	tiers := &Rights{Tiers: []string{"fast"}}
	if tiers.AllowsModel("m") || !tiers.AllowsTier("fast") || tiers.AllowsTier("quality") || !tiers.ByModel() {
		t.Error("a key for tiers")
	}
	models := &Rights{Models: []string{"m*"}, Extensions: &[]string{"top_k"}}
	if !models.AllowsModel("m1") || models.AllowsModel("x") || !models.AllowsTier("fast") ||
		!models.AllowsExtension("top_k") || models.AllowsExtension("thinking") {
		t.Error("a key for models")
	}
}
