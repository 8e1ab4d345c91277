package openai_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"outcrop/openai"
)

// Of duplicate members the last counts, also of unknown ones, and null is absent.
func TestUnknownNullCounts(t *testing.T) {
	for _, c := range []struct {
		name, body  string
		top, nested []string
	}{
		{"null last", `{"zz":1,"zz":null}`, nil, nil},
		{"null first", `{"zz":null,"zz":1}`, []string{"zz"}, nil},
		{"null between", `{"zz":1,"zz":null,"zz":2}`, []string{"zz"}, nil},
		{"another's null", `{"a":1,"b":null,"c":1}`, []string{"a", "c"}, nil},
		{"below", `{"stream_options":{"x":1,"y":2,"x":null}}`, nil, []string{"stream_options.y"}},
		{"inside a tool", `{"tools":[{"x":1},{"x":1,"x":null,"function":{"y":1,"y":null}}]}`, nil, []string{"tools[0].x"}},
	} {
		got := decodeChat(t, c.body).Unknown()
		if len(got.Top)+len(c.top) > 0 && !reflect.DeepEqual(got.Top, c.top) || len(got.Nested)+len(c.nested) > 0 &&
			!reflect.DeepEqual(got.Nested, c.nested) {
			t.Errorf("R-REQ-01 R-GEN-02 %s: %+v", c.name, got)
		}
	}
	start := time.Now()
	decodeChat(t, `{"a":1`+strings.Repeat(`,"a":1,"b":null`, 200_000)+`}`)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("R-REQ-01 %v for 3 MB of unknown members", took)
	}
}

func TestSpellingsAndNull(t *testing.T) {
	for _, body := range []string{`{"topK":5,"top_k":null}`, `{"top_k":null,"topK":5}`, `{"topK":5}`} {
		if r := decodeChat(t, body); r.TopK == nil || *r.TopK != 5 {
			t.Errorf("R-GEN-02 %s: a null takes nothing from the other spelling", body)
		}
	}
	if r := decodeChat(t, `{"top_k":5,"top_k":null}`); r.TopK != nil {
		t.Error("R-REQ-01 the last one is null")
	}
	if _, err := openai.DecodeChat([]byte(`{"topK":5,"top_k":5}`)); err == nil || err.Param != "top_k" {
		t.Errorf("R-EXT-01 both spellings: %v", err)
	}
	const ours, theirs = `"guardrail_config":{"guardrail_identifier":"a"}`,
		`"amazon-bedrock-guardrailConfig":{"guardrail_identifier":"b"}`
	for body, want := range map[string]string{
		`{` + ours + `,"guardrail_config":null}`: "", `{` + ours + `,` + theirs + `}`: "a",
		`{` + theirs + `,` + ours + `}`:            "a",
		`{` + theirs + `,"guardrail_config":null}`: "b", `{` + theirs + `,"amazon-bedrock-guardrailConfig":null}`: "",
	} {
		got := ""
		if g := decodeChat(t, body).GuardrailConfig; g != nil {
			got = g.Identifier
		}
		if got != want {
			t.Errorf("R-GRD-01 R-REQ-01 %s: %q", body, got)
		}
	}
}
