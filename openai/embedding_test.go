package openai_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	openaigo "github.com/openai/openai-go/v3"

	"outcrop/openai"
)

func TestDecodeEmbedding(t *testing.T) {
	type input = openai.EmbeddingInput
	tests := []struct {
		name, body  string
		want        input
		code, param string
	}{
		{"R-EMB-01 a string", `"a"`, input{Texts: []string{"a"}, Single: true, Given: true}, "", ""},
		{"R-REQ-03 an item that is null", `["a","",null]`, input{}, "invalid_type", "input[2]"},
		{"R-EMB-01 a list of strings", `["a",""]`, input{Texts: []string{"a", ""}, Given: true}, "", ""},
		{"R-EMB-01 tokens", `[1,2.0,100000]`, input{Tokens: [][]int64{{1, 2, 100000}}, Single: true, Given: true}, "", ""},
		{"R-EMB-01 token lists", `[[1,2],[],[3]]`, input{Tokens: [][]int64{{1, 2}, {}, {3}}, Given: true}, "", ""},
		{"R-EMB-01 no items", `[]`, input{Given: true}, "", ""},
		{"R-GEN-02 null is absent", `null`, input{Single: true}, "", ""},
		{"R-REQ-03 a number", `7`, input{}, "invalid_type", "input"},
		{"R-REQ-03 half a token", `[1,2.5]`, input{}, "invalid_type", "input[1]"},
		{"R-REQ-03 a token that is text", `[[1],["a"]]`, input{}, "invalid_type", "input[1][0]"},
		{"R-REQ-03 a token that is null", `[[null]]`, input{}, "invalid_type", "input[0][0]"},
		{"R-REQ-03 tokens, then a text", `[1,"a"]`, input{}, "invalid_type", "input[1]"},
		{"R-REQ-03 a text, then tokens", `["a",[1]]`, input{}, "invalid_type", "input[1]"},
		{"R-EMB-16 an object", `{"text":"a"}`, input{}, "invalid_type", "input"},
		{"R-EMB-02 a token beyond int64", `[99999999999999999999]`, input{}, "integer_above_max_value", "input[0]"},
		{"R-REQ-01 cut off", `["a"`, input{}, "invalid_json", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := openai.DecodeEmbedding([]byte(`{"model":"m","input":` + tt.body + `}`))
			switch {
			case err != nil && (err.Kind != openai.Invalid || err.Code != tt.code || err.Param != tt.param):
				t.Errorf("got code %q at %q, want %q at %q", err.Code, err.Param, tt.code, tt.param)
			case err == nil && (tt.code != "" || !reflect.DeepEqual(r.Input, tt.want)):
				t.Errorf("got %+v, want %+v (code %q)", r.Input, tt.want, tt.code)
			}
		})
	}
}

func TestDecodeEmbeddingMembers(t *testing.T) {
	r, err := openai.DecodeEmbedding([]byte(`{"model":"m","input":"a","encoding_format":"base64","dimensions":256,"user":"u",
		"input_type":"search_query","truncate":"end","normalize":false,"zz":1,"input":"last counts","aa":{"b":[]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if *r.EncodingFormat != "base64" || *r.Dimensions != 256 || *r.User != "u" || *r.InputType != "search_query" ||
		*r.Truncate != "end" || *r.Normalize {
		t.Errorf("got %+v", r)
	}
	if got := r.Input.Texts; !slices.Equal(got, []string{"last counts"}) {
		t.Errorf("R-REQ-01 input is %q", got)
	}
	if got := r.Unknown(); !slices.Equal(got.Top, []string{"zz", "aa"}) || got.Nested != nil {
		t.Errorf("R-EMB-13 unknown members: %+v", got)
	}
	r, err = openai.DecodeEmbedding(
		[]byte(`{"model":null,"encoding_format":null,"dimensions":null,"user":null,"input_type":null,"truncate":null,"normalize":null}`))
	if err != nil || r.EncodingFormat != nil || r.Dimensions != nil || r.User != nil || r.InputType != nil ||
		r.Truncate != nil || r.Normalize != nil {
		t.Errorf("R-GEN-02 null is not absent: %+v, %v", r, err)
	}
}

func TestEmbeddingTexts(t *testing.T) {
	r, err := openai.DecodeEmbedding([]byte(`{"model":"m","input":["a","b"]}`))
	if err != nil {
		t.Fatal(err)
	}
	for place, text := range r.Texts() {
		if place.Role != "user" {
			t.Errorf("role %q", place.Role)
		}
		*text += " at " + place.Path
	}
	if want := []string{"a at input[0]", "b at input[1]"}; !slices.Equal(r.Input.Texts, want) {
		t.Errorf("got %q, want %q", r.Input.Texts, want)
	}
}

func TestEmbeddingResponse(t *testing.T) {
	r := openai.EmbeddingResponse{
		Model: "a \"model\"",
		Data:  []openai.Embedding{{Floats: []byte("[ 1.0,-2E-1]")}, {Base64: "AACAPwAAAMA="}},
		Usage: openai.Usage{Prompt: 7},
	}
	const want = `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[ 1.0,-2E-1]},` +
		`{"object":"embedding","index":1,"embedding":"AACAPwAAAMA="}],"model":"a \"model\"","usage":{"prompt_tokens":7,"total_tokens":7}}`
	got := r.AppendJSON(nil)
	if string(got) != want {
		t.Errorf("R-EMB-03\n got %s\nwant %s", got, want)
	}
	var judge openaigo.CreateEmbeddingResponse
	if err := json.Unmarshal(got, &judge); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(judge.Data[0].Embedding, []float64{1, -0.2}) ||
		!slices.Equal(judge.Data[1].Embedding, []float64{1, -2}) {
		t.Errorf("R-EMB-04 openai-go reads %v and %v", judge.Data[0].Embedding, judge.Data[1].Embedding)
	}
}

func TestUnknownNull(t *testing.T) {
	r, err := openai.DecodeEmbedding([]byte(`{"model":"m","input":"x","foo":null,"bar":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if top := r.Unknown().Top; len(top) != 1 || top[0] != "bar" {
		t.Errorf("R-GEN-02 R-EMB-13 unknown members %v, want bar only", top)
	}
}
