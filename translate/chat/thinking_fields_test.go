package chat

import (
	"encoding/json"
	"strings"
	"testing"

	"outcrop/translate"
)

// Thinking among the additional fields is judged as it will be sent.
func TestThinkingInAdditionalFields(t *testing.T) {
	const (
		budget = "anthropic.claude-haiku-4-5-20251001-v1:0"
		old    = "anthropic.claude-sonnet-5" // no native structured output
		schema = `"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object","properties":{"x":{"type":"integer"}}}}}`
	)
	for _, c := range []struct{ name, model, members, fields, adjusted, tool string }{
		{"R-EXT-02 R-EXT-03 the fields go over the object", budget,
			`"thinking":{"type":"enabled","budget_tokens":2000},"additional_model_request_fields":{"thinking":{"budget_tokens":3000}}`,
			`{"thinking":{"type":"enabled","budget_tokens":3000}}`, "", ""},
		{"R-RSN-11 R-RSN-06 and sampling is judged by the whole", budget,
			`"temperature":0.5,"thinking":{"type":"enabled","budget_tokens":2000},"additional_model_request_fields":{"thinking":{"budget_tokens":3000}}`,
			`{"thinking":{"type":"enabled","budget_tokens":3000}}`, "temperature:unsupported_with_reasoning", ""},
		{"R-RSN-11 the fields may switch it off", budget,
			`"temperature":0.5,"thinking":{"type":"enabled","budget_tokens":2000},"additional_model_request_fields":{"thinking":{"type":"disabled"}}`,
			`{"thinking":{"type":"disabled","budget_tokens":2000}}`, "", ""},
		{"R-FMT-04 no forced tool beside thinking in the fields", old,
			schema + `,"additional_model_request_fields":{"thinking":{"type":"enabled","budget_tokens":3000}}`,
			`{"thinking":{"type":"enabled","budget_tokens":3000}}`, "response_format:best_effort", ""},
		{"R-FMT-04 thinking that is off forbids no tool", old, schema + `,"thinking":{"type":"disabled"}`,
			`{"thinking":{"type":"disabled"}}`, "", "answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, in, back, fault := ask(t, `{"model":"m","messages":[{"role":"user","content":"Hi"}],`+c.members+`}`,
				target(t, c.model), translate.Options{})
			if fault != nil {
				t.Fatal(fault)
			}
			var body struct {
				Fields json.RawMessage `json:"additionalModelRequestFields"`
			}
			wire := wireBody(t, in, &back, false)
			if err := json.Unmarshal(wire, &body); err != nil {
				t.Fatal(err)
			}
			if string(body.Fields) != c.fields || back.Adjusted.Header() != c.adjusted || back.Answer.Tool != c.tool ||
				(c.tool == "") == strings.Contains(string(wire), "toolConfig") {
				t.Errorf("got %s, adjusted %q", wire, back.Adjusted.Header())
			}
		})
	}
}
