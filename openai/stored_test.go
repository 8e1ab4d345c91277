package openai

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// everything is an answer that has all that an answer can have.
func everything() *ChatResponse {
	text, reasoned := "Grüße \"quoted\" \\ud800 </script>\n", int64(4)
	arguments := func() *string { s := `{"a": 12345678901234567890}`; return &s }
	return &ChatResponse{
		Head: Head{ID: "chatcmpl-1", Created: 1, Model: "m", Fingerprint: "fp_1"}, ServiceTier: "flex",
		Choices: []Choice{
			{Message: ReplyMessage{Content: &text, Reasoning: "because", ReasoningDetails: []ReasoningDetail{
				{Index: 0, Type: ReasoningText, Text: "because", Signature: "EqY/+=", Format: "bedrock.claude"},
				{Index: 1, Type: ReasoningEncrypted, Data: "AAA=", Format: "bedrock.claude", After: Position{true, 4, 1}}},
				Annotations: []Annotation{{Index: 0, Start: 1, End: 4, URL: "https://a.example", Title: "A"}},
				Citations: []Citation{{Index: 0, Start: 2, End: 3, Document: -1, Filename: "f", Quote: "q", Page: 3},
					{Index: 1, Document: 2}}},
				FinishReason: FinishStop},
			{Index: 1, Message: ReplyMessage{Refusal: new(string),
				ToolCalls: []ToolCall{{ID: "t1", Type: "function", Function: FunctionCall{Name: "f", Arguments: arguments()}},
					{ID: "t2", Type: "function", Function: FunctionCall{Name: "g", Arguments: new(string)}}}},
				FinishReason: FinishToolCalls},
			{Index: 2, Message: ReplyMessage{FunctionCall: &FunctionCall{Name: "f", Arguments: arguments()}},
				FinishReason: FinishFunctionCall},
		},
		Usage: &Usage{Prompt: 10, Completion: 20, CacheRead: 3, CacheWrite: 2, Reasoning: &reasoned},
		Outcrop: &Extension{StopReason: "s", Guardrail: &Guardrail{Action: GuardrailNone, Trace: jsontext.Value(`{"a":[1]}`)},
			AdditionalFields: jsontext.Value(`{"/x":1.0}`),
			ServerTools:      []string{"n"}, Adjusted: []string{"seed:unsupported"}},
	}
}

func TestStoredChat(t *testing.T) {
	text := "only \"this\",\nGrüße"
	for name, r := range map[string]*ChatResponse{
		"everything": everything(),
		"little":     {Choices: []Choice{{Message: ReplyMessage{Content: &text}, FinishReason: FinishStop}}},
		"uncounted":  {Choices: []Choice{{FinishReason: FinishStop}}, Usage: &Usage{}},
	} {
		t.Run(name, func(t *testing.T) {
			kept := AppendStored(nil, r)
			s, err := ReadStoredChat(kept, Head{ID: r.ID, Created: r.Created, Model: r.Model})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := string(s.AppendJSON(nil)), string(r.AppendJSON(nil)); got != want {
				t.Errorf("written\n%s\nwas\n%s", got, want)
			}
			if !reflect.DeepEqual(s.Tokens(), r.Usage) {
				t.Errorf("usage %+v", s.Tokens())
			}
			whole, err := s.Response()
			if err != nil || !reflect.DeepEqual(whole, r) {
				t.Errorf("read\n%+v\nwas\n%+v (%v)", whole, r, err)
			}
			marked, err := ReadStoredChat(kept, Head{ID: "chatcmpl-2", Created: 2, Model: "n"})
			if err != nil {
				t.Fatal(err)
			}
			marked.Extension.Cache = &Cached{Age: 7}
			plain := string(marked.AppendJSON(nil))
			if whole, err = marked.Response(); err != nil || plain != string(whole.AppendJSON(nil)) ||
				!json.Valid([]byte(plain)) {
				t.Errorf("R-RES-15 not the same before and after reading (%v):\n%s", err, plain)
			}
			if other := marked.Under("chatcmpl-3", 3); other.ID != "chatcmpl-3" || marked.ID != "chatcmpl-2" {
				t.Errorf("%+v", other.Head)
			}
			only, ok := marked.Under("chatcmpl-3", 3).OnlyText()
			if want := name == "little"; ok != want || want && only != text {
				t.Errorf("its only text is %q, %v", only, ok)
			}
			if _, ok := marked.OnlyText(); ok {
				t.Error("what was read may have been rewritten")
			}
			for n := range kept {
				if _, err := ReadStoredChat(kept[:n], Head{}); err == nil {
					t.Errorf("what was cut after %d bytes is read", n)
				}
			}
		})
	}
}

// TestWhatPolicyRewrites: a stage that rewrites the texts of a stored answer sees all of them, and what it writes goes
// out.
func TestWhatPolicyRewrites(t *testing.T) {
	s, err := ReadStoredChat(AppendStored(nil, everything()), Head{})
	if err != nil {
		t.Fatal(err)
	}
	want := everything()
	want.Head = s.Head
	change := func(p Part) (n int) {
		for _, text := range p.Texts() {
			*text += "!"
			n++
		}
		return n
	}
	if n, m := change(s), change(want); n != m || n < 5 {
		t.Errorf("%d texts of %d", n, m)
	}
	if got, want := string(s.AppendJSON(nil)), string(want.AppendJSON(nil)); got != want {
		t.Errorf("written\n%s\nwant\n%s", got, want)
	}
}

// TestUnderSharesNoText: nothing that is rewritten in a copy shows in the original.
func TestUnderSharesNoText(t *testing.T) {
	was := everything()
	for _, text := range was.Under("chatcmpl-2", 2).Texts() {
		*text = "changed"
	}
	if !reflect.DeepEqual(was, everything()) {
		t.Errorf("%+v", was)
	}
	chunk := func() *ChatChunk {
		return &ChatChunk{Head: &Head{ID: "a"},
			Choices: []ChunkChoice{{Delta: Delta{Content: "c", Reasoning: "r", ReasoningDetails: []ReasoningDetail{{Text: "t"}},
				ToolCalls: []ToolCallDelta{{Arguments: "a"}}, FunctionCall: &FunctionCallDelta{Arguments: "f"},
				Annotations: []Annotation{{URL: "u", Title: "t"}}, Citations: []Citation{{Filename: "f", Quote: "q"}}}}}}
	}
	original := chunk()
	n := 0
	for _, text := range original.Under(&Head{ID: "b"}).Texts() {
		*text = "changed"
		n++
	}
	if !reflect.DeepEqual(original, chunk()) || n < 9 {
		t.Errorf("%d texts: %+v", n, original)
	}
}

func FuzzReadStoredChat(f *testing.F) {
	f.Add(AppendStored(nil, everything()))
	f.Fuzz(func(_ *testing.T, b []byte) {
		if s, err := ReadStoredChat(b, Head{}); err == nil {
			_ = s.AppendJSON(nil)
			_, _ = s.OnlyText()
			for range s.Texts() {
			}
		}
	})
}
