package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"outcrop/internal/bedrock/offline"
	"outcrop/internal/test/growthtest"
	"outcrop/policy"
)

// TestMendA2GrowthOfTheWholeServer sends requests of n things through the gateway and the embedded Bedrock, which says
// the last text again.
func TestMendA2GrowthOfTheWholeServer(t *testing.T) {
	cfg := policy.Default()
	cfg.Redaction.Action = policy.Tokenize
	h := build(t, config(), offline.Config{}, guarded(t, cfg))
	listed := func(n int, item string) string {
		all := make([]string, n)
		for i := range all {
			all[i] = strings.ReplaceAll(item, "%d", fmt.Sprint(i))
		}
		return strings.Join(all, ",")
	}
	text := func(n int) string {
		return `"messages":[{"role":"user","content":"` + strings.Repeat("The river rises in the hills, and "+
			"ann@example.org wrote about it. ", n) + `"}]`
	}
	for name, c := range map[string]struct {
		path string
		n    int
		body func(n int) string
	}{
		"a long text": {"chat/completions", 100,
			func(n int) string { return `{"model":"` + nova + `",` + text(n) + `}` }},
		"a long text, streamed": {"chat/completions", 100,
			func(n int) string { return `{"model":"` + nova + `","stream":true,` + text(n) + `}` }},
		"many messages": {"chat/completions", 100, func(n int) string {
			return `{"model":"` + nova + `","messages":[` +
				listed(n, `{"role":"user","content":"to a%d@example.org"},{"role":"assistant","content":"done"}`) +
				`,{"role":"user","content":"more"}]}`
		}},
		"many tools": {"chat/completions", 100, func(n int) string {
			return `{"model":"` + nova + `",` + text(1) + `,"tools":[` +
				listed(n, `{"type":"function","function":{"name":"f%d","parameters":{"type":"object","properties":{"a%d":{"type":"string"}}}}}`) + `]}`
		}},
		"many embeddings": {"embeddings", 10,
			func(n int) string { return `{"model":"embed","input":[` + listed(n, `"text %d"`) + `]}` }},
		"many moderations": {"moderations", 40,
			func(n int) string { return `{"input":[` + listed(n, `"to a%d@example.org"`) + `]}` }},
	} {
		t.Run(name, func(t *testing.T) {
			growthtest.Check(t, c.n, func(n int) func() {
				body := c.body(n)
				return func() {
					if status, _, answer := h.post(t, "/v1/"+c.path, body); status != http.StatusOK ||
						strings.Contains(answer, `"error"`) {
						t.Fatalf("%d %.500s", status, answer)
					}
				}
			})
		})
	}
}
