package openai

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestExtensions reads a request with every member behind "moderation", where the extensions begin, so that a new one
// is not forgotten.
func TestExtensions(t *testing.T) {
	body := `{"model":"m","messages":[],"topK":1,"thinking":{},"additional_model_request_fields":{},"additional_model_response_field_paths":[],
		"guardrailConfig":{},"performance_config":{},"request_metadata":{},"prompt_variables":{}}`
	r, err := DecodeChat([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	typ, begun := reflect.TypeFor[ChatRequest](), false
	for i := range typ.NumField() {
		name := typ.Field(i).Tag.Get("json")
		if begun && name != "" {
			want = append(want, name)
		}
		begun = begun || name == "moderation"
	}
	if got := r.Facts().Extensions; !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("got %v, want %v", got, want)
	}
	plain, err := DecodeChat([]byte(`{"model":"m","messages":[],"top_k":null,"temperature":1}`))
	if err != nil || plain.Facts().Extensions != nil {
		t.Errorf("%v, %v", plain.Facts().Extensions, err)
	}
	e, err := DecodeEmbedding(
		[]byte(`{"model":"m","input":"x","input_type":"search_query","truncate":"END","normalize":true}`))
	if err != nil || strings.Join(e.Facts().Extensions, " ") != "input_type truncate normalize" {
		t.Errorf("%v, %v", e.Facts().Extensions, err)
	}
}
