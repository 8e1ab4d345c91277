package embed

import (
	"slices"
	"testing"

	"outcrop/openai"
	"outcrop/translate"
)

// Lists of tokens can be made readable before a request is judged.
func TestEmbedDecode(t *testing.T) {
	read := func(body string) *openai.EmbeddingRequest {
		req, fault := openai.DecodeEmbedding([]byte(body))
		if fault != nil {
			t.Fatal(fault)
		}
		return req
	}
	for body, want := range map[string][]string{
		`{"model":"m","input":[[9906,1917],[9906]]}`: {"Hello world", "Hello"},
		`{"model":"m","input":[9906,1917]}`:          {"Hello world"},
		`{"model":"m","input":["a","b"]}`:            {"a", "b"},
	} {
		req := read(body)
		direct, _, err := Inputs(read(body), embedTarget(t, titanV2), translate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if fault := Decode(req); fault != nil {
			t.Fatal(fault)
		}
		var got []string
		for _, s := range req.Texts() {
			got = append(got, *s)
		}
		for p := range req.Unscanned() {
			t.Errorf("R-EMB-02 %s cannot be read", p.Path)
		}
		calls, _, err := Inputs(req, embedTarget(t, titanV2), translate.Options{})
		if err != nil || !slices.Equal(got, want) || len(calls) != len(direct) ||
			string(calls[0].Body) != string(direct[0].Body) {
			t.Errorf("R-EMB-02 %s: %q, %v", body, got, err)
		}
	}
	if fault := Decode(read(`{"input":[[9906],[-1]]}`)); fault == nil || fault.Param != "input[1]" ||
		fault.Code != openai.CodeInvalidValue {
		t.Errorf("R-EMB-02 unknown token: %v", fault)
	}
}
