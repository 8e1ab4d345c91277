package translate_test

import (
	"strings"
	"testing"

	"outcrop/translate"
)

// TestRepairs holds what made-up requests have found: each was refused by the embedded Bedrock, or lost something.
func TestRepairs(t *testing.T) {
	j := strictBedrock(t)
	const tool = `"tools":[{"type":"function","function":{"name":"f"}}]`
	for _, tt := range []struct{ name, model, body, want string }{
		{"R-MSG-07 R-MSG-16 older Mistral models take no text beside calls", "mistral.mistral-large-2402-v1:0",
			`"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Wait.","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"a","content":"1"}],` + tool,
			`{"content":[{"text":"Wait."}],"role":"assistant"},{"content":[{"text":"."}],"role":"user"},{"content":[{"toolUse":`},
		{"R-MSG-16 newer ones do", "mistral.mistral-large-3-675b-instruct",
			`"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Wait.","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"a","content":"1"}],` + tool,
			`{"content":[{"text":"Wait."},{"toolUse":`},
		{"R-CACHE-01 R-CACHE-03 the point of a blank text stays", "anthropic.claude-haiku-4-5-20251001-v1:0",
			`"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"\n","cache_control":{"type":"ephemeral"}},{"type":"text","text":"b"}]}]`,
			`[{"text":"a"},{"cachePoint":{"type":"default"}},{"text":"b"}]`},
		{"R-CACHE-03 with nothing before it, it goes", "anthropic.claude-haiku-4-5-20251001-v1:0",
			`"messages":[{"role":"system","content":" ","cache_control":{"type":"ephemeral"}},{"role":"user","content":[{"type":"text","text":"","cache_control":{"type":"ephemeral"}},{"type":"text","text":"b"}]}]`,
			`{"messages":[{"content":[{"text":"b"}],"role":"user"}]}`},
		{"R-FMT-04 R-TOOL-04 a root that is an object by its properties", "anthropic.claude-opus-4-8",
			`"messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"properties":{"a":{"type":"string"}}}}}`,
			`"inputSchema":{"json":{"type":"object","properties":`},
		{"R-RSN-07 the open loop is the whole turn", "anthropic.claude-haiku-4-5-20251001-v1:0",
			`"reasoning_effort":"low","messages":[{"role":"user","content":"Hi"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
			{"role":"assistant","content":"More."},{"role":"tool","tool_call_id":"a","content":"1"},{"role":"assistant","content":" "}],` + tool,
			`{"messages":[`}, // no thinking
	} {
		t.Run(tt.name, func(t *testing.T) {
			to := aim(t, tt.model)
			_, in, c, fault := way([]byte(`{"model":"m",`+tt.body+`}`), to, translate.Options{PromptCache: "off"})
			if fault != nil {
				t.Fatal(fault)
			}
			if text := complaint(t, j.send(t.Context(), in, &c, to.Row, false)); text != "" {
				t.Errorf("Bedrock answers %q", text)
			}
			if !strings.Contains(string(j.body), tt.want) {
				t.Errorf("sent %s\nwant %s", j.body, tt.want)
			}
		})
	}
}
