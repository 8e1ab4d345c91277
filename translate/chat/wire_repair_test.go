package chat_test

import (
	"fmt"
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

func TestGuardrailNames(t *testing.T) {
	for _, tt := range []struct{ identifier, version, param string }{
		{"abc123", "1", ""}, {"abc123", "DRAFT", ""}, {"arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123", "12", ""},
		{"abc123", "DeAFT", "guardrail_config.guardrail_version"}, {"abc123", "0", "guardrail_config.guardrail_version"},
		{"ABC", "1", "guardrail_config.guardrail_identifier"},
		{strings.Repeat("a", 2049), "1", "guardrail_config.guardrail_identifier"},
	} {
		t.Run("R-GRD-01 R-GRD-03/"+tt.identifier[:3]+" "+tt.version, func(t *testing.T) {
			body := mustMarshal(t, object{"model": "m", "messages": []object{{"role": "user", "content": "Hi"}},
				"guardrail_config": object{"guardrail_identifier": tt.identifier, "guardrail_version": tt.version}})
			_, _, _, fault := way(body, aim(t, judged[2].id), translate.Options{})
			if fault == nil && tt.param != "" || fault != nil && fault.Param != tt.param {
				t.Errorf("fault %+v, want at %q", fault, tt.param)
			}
		})
	}
}

// TestReferences tells which references native structured output can be given; the others take another means.
func TestReferences(t *testing.T) {
	j := strictBedrock(t)
	wide := `{"type":"object","properties":{"a":{"$ref":"#/$defs/d0"}},"$defs":{`
	for i := range 60 { // each refers to the next twice: as a tree it has 2^60 leaves
		wide += fmt.Sprintf(`"d%d":{"type":"object","properties":{"a":{"$ref":"#/$defs/d%d"},"b":{"$ref":"#/$defs/d%d"}},"required":["a","b"]},`, i, i+1, i+1)
	}
	wide += `"d60":{"type":"string"}}}`
	for _, tt := range []struct {
		name, schema string
		native       bool
	}{
		{"a definition", `{"type":"object","properties":{"a":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"string"}}}`, true},
		{"many ways to one definition", wide, true},
		{"nowhere", `{"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"n":{"type":"string"}}}`, false},
		{"into a definition", `{"type":"object","properties":{"a":{"$ref":"#/$defs/n/properties/x"}},"$defs":{"n":{"type":"object","properties":{"x":{"$ref":"#/$defs/n/properties/x"}}}}}`, false},
		{"definitions that are not the root's",
			`{"type":"object","properties":{"a":{"$ref":"#/$defs/n"},"b":{"type":"object","$defs":{"n":{"type":"string"}}}}}`,
			false},
		{"a circle of two", `{"type":"object","properties":{"a":{"$ref":"#/$defs/n"}},"$defs":{"n":{"$ref":"#/$defs/m"},"m":{"$ref":"#/$defs/n"}}}`, false},
		{"elsewhere", `{"type":"object","properties":{"a":{"$ref":"https://example.com/s"}}}`, false},
		{"the root", `{"type":"object","properties":{"a":{"$ref":"#"}}}`, false},
	} {
		t.Run("R-FMT-03 "+tt.name, func(t *testing.T) {
			to := aim(t, judged[0].id)
			_, in, c, fault := way([]byte(
				`{"model":"m","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":`+tt.schema+`}}}`), to, translate.Options{})
			if fault != nil {
				t.Fatal(fault)
			}
			if native := in.OutputConfig != nil; native != tt.native {
				t.Errorf("native %v, want %v", native, tt.native)
			}
			if text := complaint(t, j.send(t.Context(), in, &c, to.Row, false)); text != "" && tt.native {
				t.Errorf("Bedrock answers %q", text)
			}
		})
	}
}
