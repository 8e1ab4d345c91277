package observe

import (
	"strings"

	"outcrop/internal/audit"
	"outcrop/openai"
)

// What a record holds of texts, in bytes: so much is looked at, and so much kept. The margin between the two keeps the
// place where a text was cut, and a finding with it, out of the record.
const (
	longestSeen = 256 << 10
	longestKept = 64 << 10
)

// storing collects the texts of a call whose key wants them on record. Nil collects nothing.
type storing struct {
	redact  func(string) string
	asks    strings.Builder
	answers []*strings.Builder // by choice; a builder must stay where it was first written to
}

func (s *storing) prompt(at openai.Place, text string) {
	if s != nil {
		gather(&s.asks, at.Role+": "+text+"\n")
	}
}

// Text takes contents and refusals.
func (s *storing) Text(choice int, text string) {
	for len(s.answers) <= choice {
		s.answers = append(s.answers, &strings.Builder{})
	}
	gather(s.answers[choice], text)
}

// Choice, Call, Vector and VectorText are no texts.
func (*storing) Choice(int)                    {}
func (*storing) Call(int, int, string, string) {}
func (*storing) Vector([]byte)                 {}
func (*storing) VectorText(string)             {}

func gather(b *strings.Builder, text string) {
	b.WriteString(text[:min(len(text), longestSeen-b.Len())])
}

// kept gives the redacted texts.
func (s *storing) kept() *audit.Text {
	if s == nil {
		return nil
	}
	t := &audit.Text{Prompt: s.cut(s.asks.String())}
	for i := range s.answers {
		t.Answers = append(t.Answers, s.cut(s.answers[i].String()))
	}
	return t
}

func (s *storing) cut(text string) string {
	text = s.redact(text)
	if len(text) > longestKept {
		text = text[:longestKept] + "…"
	}
	return strings.ToValidUTF8(text, "")
}
