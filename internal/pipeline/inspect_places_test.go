package pipeline

import (
	"strings"
	"testing"
	"unicode/utf8"

	"outcrop/internal/call"
	"outcrop/openai"
	"outcrop/policy"
)

// marks are the words before which something is told in the contents of these tests.
var marks = []string{"Füst", "then", "last"}

// places are the code points before each mark.
func placesOf(content string) (list []int) {
	for _, mark := range marks {
		before, _, _ := strings.Cut(content, mark)
		list = append(list, utf8.RuneCountInString(before))
	}
	return list
}

// textAt is the text behind a place.
func textAt(content string, place int) string {
	runes := []rune(content)
	if place < 0 || place > len(runes) {
		return "(nowhere)"
	}
	return string(runes[place:])
}

// TestMendB3HistoryMovesWithThePolicy: reasoning that comes back stands where it stood, whatever the policy makes of
// the content.
func TestMendB3HistoryMovesWithThePolicy(t *testing.T) {
	const content = `Füst ann@example.org, then Zorblax and carl@example.org, and last.`
	for _, action := range []policy.Action{policy.Tokenize, policy.Redact, policy.Mask} {
		for _, cut := range []int{0, len(content) / 2, strings.Index(content, "then")} {
			c := userCall(t, "Hello!")
			m := openai.Message{Role: "assistant", Content: &openai.Content{Text: content}}
			if cut > 0 {
				first, second := content[:cut], content[cut:]
				m.Content = &openai.Content{Parts: []openai.ContentPart{{Type: "text", Text: &first},
					{Type: "text", Text: &second}}}
			}
			for i, place := range placesOf(content) {
				m.ReasoningDetails = append(m.ReasoningDetails, openai.ReasoningDetail{Index: i, Type: openai.ReasoningText,
					Text: "I think", Signature: "s", After: openai.Position{Known: true, Content: place}})
			}
			m.ReasoningDetails = append(m.ReasoningDetails, openai.ReasoningDetail{Index: 3, Type: openai.ReasoningText,
				Text: "unplaced"})
			chat := c.Request.(*openai.ChatRequest)
			chat.Messages = append(chat.Messages, m, chat.Messages[0])
			guards := managedGuards(t, policy.Config{Redaction: policy.Redaction{Enabled: true, Input: action}}, &expert{})
			if _, err := inspected(t, guards, &model{parts: plainAnswer("x")}, c); err != nil {
				t.Fatal(err)
			}
			got := &chat.Messages[1]
			sent := got.Content.Text
			for _, p := range got.Content.Parts {
				sent += *p.Text
			}
			if sent == content || len(got.ReasoningDetails) != 4 || got.ReasoningDetails[3].After.Known {
				t.Fatalf("%s: %q %+v", action, sent, got.ReasoningDetails)
			}
			for i, mark := range marks {
				if at := got.ReasoningDetails[i].After.Content; !strings.HasPrefix(textAt(sent, at), mark) {
					t.Errorf("R-RPL-05: %s, cut at %d: before %q stands %d of %q", action, cut, mark, at, sent)
				}
			}
		}
	}
}

// TestMendB3AnswersMoveWithThePolicy: the same of answers, plain and cut anywhere, through all that changes a text on
// its way.
func TestMendB3AnswersMoveWithThePolicy(t *testing.T) {
	redact := policy.Redaction{Enabled: true, Input: policy.Tokenize, Output: policy.Redact}
	mask := redact
	mask.Output = policy.Mask
	const prose = "Füst <PERSON_1> and ann@example.org, then <EMAIL_1> (MASK) or Zorblax of carl@example.org, and last."
	for name, tt := range map[string]struct {
		cfg     policy.Config
		content string
		judges  bool
		json    bool
	}{
		"redact":        {policy.Config{Redaction: redact}, prose, false, false},
		"mask":          {policy.Config{Redaction: mask}, prose, false, false},
		"elsewhere too": {policy.Config{Redaction: redact}, prose, true, false},
		"domains": {policy.Config{Redaction: redact, AllowedDomains: []string{"good.test"},
			DomainAction: policy.Redact}, "Füst [x](https://evil.test/a), then <EMAIL_1>, last.", false, false},
		"JSON": {policy.Config{Redaction: redact},
			`{"Füst": "<PERSON_1>", "a": "line\nann@example.org", "b": "from ann@example.org then me", "last": 1}`, false, true},
		"no JSON": {policy.Config{Redaction: redact}, `{"Füst": "<PERSON_1>", "a": ann@example.org "then, last`, false,
			true},
	} {
		guards := guardOf(t, tt.cfg)
		if tt.judges {
			guards = managedGuards(t, tt.cfg, &expert{})
		}
		ask := func() *call.Call {
			c := userCall(t, personal)
			if tt.json {
				c.Request.(*openai.ChatRequest).ResponseFormat = &openai.ResponseFormat{Type: "json_object"}
			}
			return c
		}
		parts := withMarks(tt.content, 3)
		got, err := inspected(t, guards, &model{parts: []openai.Part{folded(t, parts)}}, ask())
		if err != nil {
			t.Fatal(err)
		}
		plain := got[0].(*openai.ChatResponse).Choices[0].Message
		checkPlaces(t, name+", plain", &plain)
		if *plain.Content == tt.content {
			t.Errorf("%s: nothing was changed", name)
		}
		for size := 1; size < len(tt.content)+7; size += 6 {
			got, err := inspected(t, guards, &model{parts: withMarks(tt.content, size)}, ask())
			if err != nil {
				t.Fatal(err)
			}
			said := 0
			for _, part := range got {
				for _, ch := range part.(*openai.ChatChunk).Choices {
					said += utf8.RuneCountInString(ch.Delta.Content)
					for _, p := range ch.Delta.Places() {
						if *p > said {
							t.Errorf("%s in pieces of %d: a place is told %d code points before it is reached", name, size, *p-said)
						}
					}
				}
			}
			m := folded(t, got).Choices[0].Message
			// those elsewhere see other pieces
			if checkPlaces(t, name+", streamed", &m); *m.Content != *plain.Content && !tt.judges {
				t.Errorf("%s in pieces of %d:\n%s\n%s", name, size, *m.Content, *plain.Content)
			}
		}
	}
}

// withMarks streams a content in pieces of so many bytes, with a thought and a citation where each mark stands.
func withMarks(content string, size int) []openai.Part {
	parts := []openai.Part{delta(0, openai.Delta{Role: "assistant"}, "")}
	told, places := 0, placesOf(content)
	for from := 0; from < len(content); {
		to := min(from+size, len(content))
		for ; told < len(marks); told++ {
			at := strings.Index(content, marks[told])
			if at > from {
				to = min(to, at)
				break
			}
			after := openai.Position{Known: true, Content: places[told]}
			parts = append(parts, delta(0,
				openai.Delta{ReasoningDetails: []openai.ReasoningDetail{{Index: told, Type: openai.ReasoningEncrypted, Data: "AAAA",
					After: after}}}, ""))
			parts = append(parts, delta(0,
				openai.Delta{Citations: []openai.Citation{{Start: 0, End: places[told], Document: -1, Filename: "f"}}}, ""))
		}
		for to < len(content) && !utf8.RuneStart(content[to]) {
			to++
		}
		parts = append(parts, delta(0, openai.Delta{Content: content[from:to]}, ""))
		from = to
	}
	return append(parts, delta(0, openai.Delta{}, openai.FinishStop))
}

func checkPlaces(t *testing.T, name string, m *openai.ReplyMessage) {
	t.Helper()
	if len(m.ReasoningDetails) != len(marks) || len(m.Citations) != len(marks) {
		t.Fatalf("%s: %+v", name, m)
	}
	for i, mark := range marks {
		if at := m.ReasoningDetails[i].After.Content; !strings.HasPrefix(textAt(*m.Content, at), mark) ||
			m.Citations[i].End != at {
			t.Errorf("R-RPL-05 R-RES-11: %s: before %q stand %d and %d of %q", name, mark, at, m.Citations[i].End, *m.Content)
		}
	}
}
