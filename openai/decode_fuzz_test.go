package openai

import (
	"strings"
	"testing"
)

// FuzzDecodeChat: any bytes give a request or a 400 that says where the fault is, and never a panic (R-REQ-01,
// R-PART-18).
func FuzzDecodeChat(f *testing.F) {
	for _, s := range []string{
		`{"model":"m","messages":[{"role":"user","content":"Hi"}]}`, "\xef\xbb\xbf{}",
		`{"messages":[{"content":[{"type":"text","text":"\ud800"}]}]}`,
		`{"stop":"x","tools":[{"type":"function","function":{"name":"f","parameters":{"a":1}}}],"tool_choice":{"type":"allowed_tools"}}`,
		`{"topK":1,"top_k":1}`, `{"n":1e400}`, `[]`, `{`, `{} {}`, "{\"a\":\"\xff\"}", `{"metadata":{"a":1}}`,
		`{"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := string(body)
		r, err := DecodeChat(body)
		if string(body) != before {
			t.Fatal("the body was changed")
		}
		if err != nil {
			if r != nil || err.Kind != Invalid || err.Code == "" || err.Message == "" {
				t.Fatalf("%+v", err)
			}
			if err.Code == CodeInvalidJSON && !strings.Contains(err.Message, "at byte ") {
				t.Fatalf("R-REQ-01 no offset: %s", err.Message)
			}
			return
		}
		if e := Validate(r); e != nil && (e.Kind != Invalid || e.Code == "" || e.Param == "") {
			t.Fatalf("%+v", e)
		}
		for place, text := range r.Texts() {
			if text == nil || place.Path == "" {
				t.Fatalf("%+v", place)
			}
		}
		_, _ = r.Unknown(), r.Facts()
	})
}
