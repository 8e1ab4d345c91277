package chat

import (
	"strings"
	"testing"

	"outcrop/translate"
)

// A breakpoint without a time of its own takes that of the request, however it is given there.
func TestBreakpointInheritsTime(t *testing.T) {
	for _, c := range []struct {
		member, own string
		hour        bool
	}{
		{`"prompt_cache_retention":"24h"`, "", true},
		{`"prompt_cache_options":{"ttl":"30m"}`, "", true},
		{`"prompt_cache_retention":"24h","prompt_cache_options":{"ttl":"5m"}`, "", false},
		{`"prompt_cache_retention":"24h"`, `,"ttl":"5m"`, false},
		{`"prompt_cache_retention":"in_memory"`, "", false},
	} {
		body := `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit"` + c.own + `}}]}],` + c.member + `}`
		_, in, back, fault := ask(t, body, target(t, haiku), translate.Options{})
		if fault != nil {
			t.Fatal(fault)
		}
		if wire := string(wireBody(t, in, &back, false)); strings.Contains(wire, `"ttl":"1h"`) != c.hour ||
			!strings.Contains(wire, `"cachePoint"`) {
			t.Errorf("R-CACHE-05 R-PAR-33 %s %s: %s", c.member, c.own, wire)
		}
	}
}
