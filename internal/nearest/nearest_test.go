package nearest

import (
	"strings"
	"testing"
)

func TestMendC6NearestName(t *testing.T) {
	models := []string{"gpt-4o", "amazon.nova-lite-v1:0", "amazon.nova-pro-v1:0",
		"anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-3-5-sonnet-20241022-v2:0", "search"}
	for name, want := range map[string]string{
		"gpt-4":                       "gpt-4o",
		"GPT-4o":                      "gpt-4o",
		"amazon.nova-lit-v1:0":        "amazon.nova-lite-v1:0",
		"anthropic.claude-sonnet-4-5": "anthropic.claude-sonnet-4-5-20250929-v1:0",
		"claude-3-5-sonnet":           "anthropic.claude-3-5-sonnet-20241022-v2:0",
		"nova-pro":                    "amazon.nova-pro-v1:0",
		"x":                           "",
		"":                            "",
		"mistral-large-latest":        "",
		strings.Repeat("a", 1<<20):    "",
	} {
		if got := Part(name, models); got != want {
			t.Errorf("%.40q: %q, want %q", name, got, want)
		}
	}
}
