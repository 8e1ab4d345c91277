package chat

import (
	"bytes"
	"encoding/json"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	official "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/respjson"
	popular "github.com/sashabaranov/go-openai"

	"outcrop/openai"
	"outcrop/translate"
)

// chunks runs a stream to its end.
func chunks(events iter.Seq2[types.ConverseStreamOutput, error], in *Context) (parts []openai.Part, err error) {
	for p, e := range Chunks(events, in, testMeta) {
		if e != nil {
			return parts, e
		}
		parts = append(parts, p)
	}
	return parts, nil
}

var testMeta = translate.Meta{ID: "chatcmpl-A1", Model: "M", Created: 1764000000, Fingerprint: "fp_7c1e"}

// fold is Fold for a stream that must be whole.
func fold(t testing.TB, parts []openai.Part) *openai.ChatResponse {
	t.Helper()
	whole, err := Fold(parts)
	if err != nil {
		t.Fatal(err)
	}
	return whole.(*openai.ChatResponse)
}

// asJSON is the part as a client receives it.
func asJSON(p openai.Part) []byte {
	if c, ok := p.(*openai.ChatChunk); ok {
		return c.AppendJSON(nil, true)
	}
	return p.(*openai.ChatResponse).AppendJSON(nil)
}

// validAnswer lets two OpenAI clients decode a plain answer and complains about every required member that is missing.
func validAnswer(t testing.TB, body []byte) {
	t.Helper()
	var c official.ChatCompletion
	decodeWith(t, body, &c)
	missingMembers(t, reflect.ValueOf(c), "answer")
	var p popular.ChatCompletionResponse
	decodeWith(t, body, &p)
	if len(p.Choices) != len(c.Choices) || c.Object != "chat.completion" || p.Object != "chat.completion" {
		t.Errorf("not a plain answer: %s", body)
	}
}

// validChunk does the same for a chunk.
func validChunk(t testing.TB, body []byte) {
	t.Helper()
	var c official.ChatCompletionChunk
	decodeWith(t, body, &c)
	missingMembers(t, reflect.ValueOf(c), "chunk")
	var p popular.ChatCompletionStreamResponse
	decodeWith(t, body, &p)
	if c.Object != "chat.completion.chunk" {
		t.Errorf("not a chunk: %s", body)
	}
	if bytes.Contains(body, []byte(`"error"`)) { // R-STR-05
		t.Errorf("a chunk with error: %s", body)
	}
	for _, choice := range c.Choices {
		if choice.Delta.Role != "" && (choice.Delta.JSON.Content.Raw() != `""` || choice.Delta.JSON.Refusal.Raw() != "null") {
			t.Errorf("R-STR-07: role chunk %s", body)
		}
	}
}

func decodeWith(t testing.TB, body []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(body, v); err != nil {
		t.Errorf("%T cannot decode it: %v\n%s", v, err, body)
	}
}

// missingMembers walks through openai-go's types, which mark required members and remember what was there.
func missingMembers(t testing.TB, v reflect.Value, path string) {
	t.Helper()
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			missingMembers(t, v.Index(i), path+"[]")
		}
	case reflect.Struct:
		met := v.FieldByName("JSON")
		if !met.IsValid() {
			return
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			field, ok := member(met, f.Name)
			if !ok {
				continue
			}
			required := strings.Contains(f.Tag.Get("api"), "required") || f.Tag.Get("default") != ""
			if required && field.Raw() == "" {
				t.Errorf("%s.%s is missing", path, f.Name)
			}
			if field.Valid() {
				missingMembers(t, v.Field(i), path+"."+f.Name)
			} else if raw := field.Raw(); raw != "" && raw != "null" {
				t.Errorf("%s.%s cannot be %s", path, f.Name, raw)
			}
		}
	}
}

func member(met reflect.Value, name string) (respjson.Field, bool) {
	f := met.FieldByName(name)
	if !f.IsValid() {
		return respjson.Field{}, false
	}
	field, ok := f.Interface().(respjson.Field)
	return field, ok
}

// wellFormed checks what R-STR-07, -12 and -13 promise of every stream that ended well, and that clients can read it.
func wellFormed(t testing.TB, parts []openai.Part) {
	t.Helper()
	type seen struct {
		role, finished               bool
		calls, details, notes, files int
	}
	var choices []*seen
	used := false
	for n, p := range parts {
		c := p.(*openai.ChatChunk)
		validChunk(t, asJSON(c))
		if used {
			t.Errorf("chunk %d follows the usage chunk", n)
		}
		if c.Usage != nil {
			used = true
			if len(c.Choices) != 0 || c.ServiceTier == "" {
				t.Errorf("usage chunk %s", asJSON(c))
			}
		} else if c.ServiceTier != "" || len(c.Choices) == 0 {
			t.Errorf("chunk %s", asJSON(c))
		}
		for _, ch := range c.Choices {
			for len(choices) <= ch.Index {
				choices = append(choices, &seen{})
			}
			s := choices[ch.Index]
			d := ch.Delta
			if s.finished {
				t.Errorf("R-STR-13: chunk %d follows the finish reason", n)
			}
			if (d.Role != "") == s.role {
				t.Errorf("R-STR-07: chunk %d has role %q", n, d.Role)
			}
			s.role = true
			empty := reflect.ValueOf(d).IsZero()
			if s.finished = ch.FinishReason != ""; s.finished != empty {
				t.Errorf("R-STR-08, R-STR-13: chunk %d is %s", n, asJSON(c))
			}
			if c.Outcrop != nil && !s.finished {
				t.Errorf("outcrop before the last chunk: %s", asJSON(c))
			}
			for _, tc := range d.ToolCalls {
				if opens := tc.ID != ""; opens != (tc.Index == s.calls) || tc.Index > s.calls || opens && (tc.Arguments != "") {
					t.Errorf("R-STR-10: tool call %+v after %d others", tc, s.calls)
				}
				s.calls = max(s.calls, tc.Index+1)
			}
			for _, r := range d.ReasoningDetails {
				if r.Index != s.details {
					t.Errorf("R-STR-12: reasoning detail %d after %d others", r.Index, s.details)
				}
				s.details++
			}
			for _, a := range d.Annotations {
				if a.Index != s.notes {
					t.Errorf("R-STR-12: annotation %d after %d others", a.Index, s.notes)
				}
				s.notes++
			}
			for _, c := range d.Citations {
				if c.Index != s.files {
					t.Errorf("R-STR-12: citation %d after %d others", c.Index, s.files)
				}
				s.files++
			}
		}
	}
	if len(choices) == 0 || slices.ContainsFunc(choices, func(s *seen) bool { return !s.finished }) {
		t.Errorf("R-STR-13: not every choice has a finish reason")
	}
}
