package chat

import (
	"encoding/json"
	"slices"
	"testing"

	"outcrop/internal/catalog"
	"outcrop/translate"
)

// TestMendE6CapHoldsInEverySpelling: R-LIM-03, whatever the client calls a limit, and wherever it puts it.
func TestMendE6CapHoldsInEverySpelling(t *testing.T) {
	const nova, most = "amazon.nova-lite-v1:0", 4000
	fieldsOf := func(object string) string { return `"additional_model_request_fields":` + object }
	for name, tt := range map[string]struct{ model, members, sent, adjusted string }{
		"Nova's own": {nova, fieldsOf(`{"inferenceConfig":{"maxTokens":9000,"topK":3}}`),
			`{"inferenceConfig":{"maxTokens":4000,"topK":3}}`, "additional_model_request_fields"},
		"Nova's older": {nova, fieldsOf(`{"inferenceConfig":{"max_new_tokens":9000}}`),
			`{"inferenceConfig":{"max_new_tokens":4000}}`, "additional_model_request_fields"},
		"at the top": {nova, fieldsOf(`{"max_tokens":9000}`), `{"max_tokens":4000}`,
			"additional_model_request_fields"},
		"in the other spelling": {nova, fieldsOf(`{"maxTokens":9000,"MAX_TOKENS":9000,"max-tokens":1}`),
			`{"maxTokens":4000,"MAX_TOKENS":4000,"max-tokens":1}`, "additional_model_request_fields"},
		"with an escape": {nova, fieldsOf(`{"max\u005ftokens":9000}`), `{"max_tokens":4000}`,
			"additional_model_request_fields"},
		"twice": {nova, fieldsOf(`{"a":{"max_tokens":1,"max_tokens":9000}}`),
			`{"a":{"max_tokens":1,"max_tokens":4000}}`, "additional_model_request_fields"},
		"in a list": {nova, fieldsOf(`{"a":[{"max_tokens":9000},{"b":[{"max_gen_len":9000}]}]}`),
			`{"a":[{"max_tokens":4000},{"b":[{"max_gen_len":4000}]}]}`, "additional_model_request_fields"},
		"too large for a number": {nova, fieldsOf(`{"max_tokens":1e999}`), `{"max_tokens":4000}`,
			"additional_model_request_fields"},
		"not a whole one": {nova, fieldsOf(`{"max_tokens":4000.5}`), `{"max_tokens":4000}`,
			"additional_model_request_fields"},
		"a number as a text": {nova, fieldsOf(`{"max_tokens":"9000"}`), `{"max_tokens":4000}`,
			"additional_model_request_fields"},
		"less than nothing": {nova, fieldsOf(`{"max_tokens":-1}`), `{"max_tokens":4000}`,
			"additional_model_request_fields"},
		"a budget": {haiku, fieldsOf(`{"thinking":{"type":"enabled","budget_tokens":9000}}`),
			`{"thinking":{"type":"enabled","budget_tokens":3000}}`, "additional_model_request_fields"},
		"a budget as a member": {haiku, `"thinking":{"type":"enabled","budget_tokens":9000}`,
			`{"thinking":{"type":"enabled","budget_tokens":3000}}`, "thinking"},
		"both": {haiku, `"thinking":{"type":"enabled","budget_tokens":2000},` +
			fieldsOf(`{"thinking":{"budget_tokens":9000}}`), `{"thinking":{"type":"enabled","budget_tokens":3000}}`,
			"additional_model_request_fields"},
		"several answers": {nova, fieldsOf(`{"num_generations":5,"n":2,"bestOf":"3","numResults":1}`),
			`{"num_generations":1,"n":1,"bestOf":1,"numResults":1}`, "additional_model_request_fields"},
		"within the cap": {nova,
			fieldsOf(`{"inferenceConfig":{"maxTokens":4000},"max_tokens":null,"b":"max_tokens"}`),
			`{"inferenceConfig":{"maxTokens":4000},"max_tokens":null,"b":"max_tokens"}`, ""},
		"a text like a limit": {nova, fieldsOf(`{"note":"\"max_tokens\": 9000","max_tokens":{"x":9000}}`),
			`{"note":"\"max_tokens\": 9000","max_tokens":{"x":9000}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			to, err := catalog.Default().Resolve(tt.model, "us-east-1")
			if err != nil {
				t.Fatal(err)
			}
			body := `{"model":"m","messages":[{"role":"user","content":"Hi"}],"max_tokens":4000,` + tt.members + `}`
			_, in, c, fault := ask(t, body, to, translate.Options{MaxTokens: most})
			if fault != nil {
				t.Fatal(fault)
			}
			sent, err := in.AdditionalModelRequestFields.MarshalSmithyDocument()
			if err != nil || string(sent) != tt.sent || !json.Valid(sent) {
				t.Errorf("sent %s, want %s (%v)", sent, tt.sent, err)
			}
			want := translate.Adjustment{Param: tt.adjusted, Reason: "capped_at_4000"}
			if got := slices.Contains(c.Adjusted.List(), want); got != (tt.adjusted != "") {
				t.Errorf("adjusted: %v", c.Adjusted.List())
			}
			_, in, _, fault = ask(t, body, to, translate.Options{})
			if free, _ := in.AdditionalModelRequestFields.MarshalSmithyDocument(); fault != nil ||
				tt.adjusted != "" && string(free) == tt.sent {
				t.Errorf("without a cap: %s, %v", free, fault)
			}
		})
	}
}
