package responses

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// Whatever a body holds, it is refused by name or becomes a chat that is judged like any other.
func FuzzRequests(f *testing.F) {
	for _, dir := range folders(f, "openai_request.json") {
		f.Add(readFile(f, filepath.Join(dir, "openai_request.json")))
	}
	nova, claude := target(f, "amazon.nova-lite-v1:0"), target(f, "us.anthropic.claude-sonnet-4-5-20250929-v1:0")
	f.Fuzz(func(t *testing.T, body []byte) {
		req, fault := decoded(body)
		if fault != nil {
			if fault.Message == "" || fault.Code == "" && fault.Kind != openai.NotFound {
				t.Errorf("a refusal without a reason: %+v", fault)
			}
			return
		}
		for at := range req.Texts() {
			if named := req.Named(at.Path); strings.HasPrefix(named, "messages") {
				t.Errorf("R-RSP-02 %s is chat's word", named)
			}
		}
		for _, to := range []catalog.Target{nova, claude} {
			_, _, err := chat.Input(req, to, translate.Options{})
			if oe := (*openai.Error)(nil); err != nil && !errors.As(err, &oe) {
				t.Errorf("%v", err)
			}
		}
	})
}

// Whatever pieces an answer comes in, its events hold to what clients rely on.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("tTcCrRdDaA"), "Hello", true)
	f.Add([]byte("rdRcctaTd"), "x\\u00e4\n", false)
	body := `{"model":"m","input":"x","tools":[{"type":"custom","name":"sql"},{"type":"function","name":"f"}],
		"reasoning":{"summary":"auto"}}`
	f.Fuzz(func(t *testing.T, steps []byte, text string, ends bool) {
		req, fault := decoded([]byte(body))
		if fault != nil {
			t.Fatal(fault)
		}
		text = strings.ToValidUTF8(text, "?")
		s := Begin(req, said, fail)
		head := &openai.Head{Model: "m"}
		calls := 0
		var parts []openai.Part
		tell := func(d openai.Delta, finish string) {
			parts = append(parts, &openai.ChatChunk{Head: head,
				Choices: []openai.ChunkChoice{{Delta: d, FinishReason: finish}}})
		}
		tell(openai.Delta{Role: "assistant"}, "")
		for _, step := range steps[:min(len(steps), 64)] {
			switch step % 7 {
			case 0:
				tell(openai.Delta{Content: text}, "")
			case 1:
				tell(openai.Delta{Reasoning: text}, "")
			case 2:
				tell(openai.Delta{ReasoningDetails: []openai.ReasoningDetail{{Type: openai.ReasoningText, Text: text,
					Signature: "s", Format: "bedrock.claude"}}}, "")
			case 3:
				tell(openai.Delta{ToolCalls: []openai.ToolCallDelta{{Index: calls, ID: "c", Name: "f"}}}, "")
				calls++
			case 4:
				tell(openai.Delta{ToolCalls: []openai.ToolCallDelta{{Index: calls, ID: "d", Name: "sql"}}}, "")
				calls++
			case 5:
				if calls > 0 {
					tell(openai.Delta{ToolCalls: []openai.ToolCallDelta{{Index: calls - 1, Arguments: `{"input":"` + text}}}, "")
				}
			case 6:
				tell(openai.Delta{Annotations: []openai.Annotation{{Start: 0, End: 1, URL: text}}}, "")
			}
		}
		var b []byte
		if ends {
			tell(openai.Delta{}, openai.FinishStop)
		}
		for _, p := range parts {
			b = s.AppendPart(b, p)
		}
		if ends {
			b = s.AppendEnd(b)
		} else {
			b = s.AppendFail(b, &openai.Error{Kind: openai.BadUpstream, Message: text})
		}
		checked(t, b)
	})
}
