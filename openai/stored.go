package openai

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
	"math"

	"github.com/go-json-experiment/json/jsontext"
)

// StoredChat is a plain chat answer out of a cache. It goes out under a head of its own without being decoded: only who
// wants its texts, or to tell it as a stream, has it read.
type StoredChat struct {
	Head
	Extension Extension // of this replay; what the answer itself had to say comes before it

	usage *Usage
	says  []byte // members of the object "outcrop", each with a comma before it
	body  []byte // members from service_tier or choices to usage, each with a comma before it
	text  []byte // of body, the JSON of the content, where that is all that the answer says; nil otherwise

	calls [][3]int64 // where calls stood: choice, call and place in the content

	whole *ChatResponse // once it was read
}

// noReasoning stands for reasoning tokens that nobody counted.
const noReasoning = math.MaxUint64

// AppendStored appends the answer in the form that [ReadStoredChat] reads: what it begins with but id, time and model,
// its usage, and its members as they are written.
func AppendStored(b []byte, r *ChatResponse) []byte {
	b = appendSized(b, []byte(r.Fingerprint))
	u := r.Usage
	if u == nil {
		b = append(b, 0)
	} else {
		reasoning := uint64(noReasoning)
		if u.Reasoning != nil {
			reasoning = uint64(*u.Reasoning) //nolint:gosec // counts are not negative
		}
		b = append(b, 1)
		for _, n := range [...]int64{u.Prompt, u.Completion, u.CacheRead, u.CacheWrite} {
			b = binary.AppendUvarint(b, uint64(n)) //nolint:gosec // counts are not negative
		}
		b = binary.AppendUvarint(b, reasoning)
	}
	b = appendSized(b, r.Outcrop.appendMembers(nil))
	body := r.appendBody(nil)
	start, size := 0, 0
	if text, ok := r.onlyText(); ok {
		quoted := appendString(nil, text)
		start, size = bytes.Index(body, quoted), len(quoted) // wherever else it stands, it is the same bytes
	}
	b = binary.AppendUvarint(b, uint64(start))
	b = binary.AppendUvarint(b, uint64(size))
	b = appendSized(b, body)
	for i := range r.Choices { // no member of the body tells them
		for j := range r.Choices[i].Message.ToolCalls {
			if after := r.Choices[i].Message.ToolCalls[j].After; after.Known {
				for _, n := range [...]int{i, j, after.Content} {
					b = binary.AppendUvarint(b, uint64(n)) //nolint:gosec // counts are not negative
				}
			}
		}
	}
	return b
}

// onlyText gives the content of an answer that has one choice and says nothing beside it that a reader would see.
func (r *ChatResponse) onlyText() (text string, ok bool) {
	if len(r.Choices) != 1 || r.Choices[0].Index != 0 {
		return "", false
	}
	m := &r.Choices[0].Message
	if m.Content == nil || m.Refusal != nil || len(m.ToolCalls) > 0 || m.FunctionCall != nil {
		return "", false
	}
	return *m.Content, true
}

var errStored = errors.New("not a stored answer")

// ReadStoredChat reads what [AppendStored] has written. It keeps b, which must not change, and does not check its JSON.
func ReadStoredChat(b []byte, h Head) (*StoredChat, error) {
	d := sizedReader{rest: b}
	s := &StoredChat{Head: h}
	s.Fingerprint = string(d.sized())
	if d.flag() {
		s.usage = &Usage{Prompt: d.count(), Completion: d.count(), CacheRead: d.count(), CacheWrite: d.count()}
		if n := d.number(); n != noReasoning {
			reasoning := int64(n) //nolint:gosec // what does not fit was not written here, and hurts nobody
			s.usage.Reasoning = &reasoning
		}
	}
	s.says = d.sized()
	start, size := d.number(), d.number()
	s.body = d.sized()
	for len(d.rest) > 0 {
		s.calls = append(s.calls, [3]int64{d.count(), d.count(), d.count()})
	}
	if all := uint64(len(s.body)); d.failed || all == 0 || start > all || size > all-start {
		return nil, errStored
	}
	if size > 0 {
		s.text = s.body[start : start+size]
	}
	return s, nil
}

// Under gives the answer under another id and time, as it was read.
func (s *StoredChat) Under(id string, created int64) *StoredChat {
	own := *s
	own.ID, own.Created, own.whole = id, created, nil
	return &own
}

// Tokens is the usage of the original.
func (s *StoredChat) Tokens() *Usage { return s.usage }

// AppendJSON appends the whole answer.
func (s *StoredChat) AppendJSON(b []byte) []byte {
	if s.whole != nil {
		return s.whole.AppendJSON(b)
	}
	b = s.appendHead(b, "chat.completion")
	b = append(b, s.body...)
	start := len(b)
	b = append(b, `,"outcrop":{`...)
	first := len(b)
	b = append(b, s.says...)
	b = s.Extension.appendMembers(b)
	if len(b) == first {
		return append(b[:start], '}')
	}
	b = append(b[:first], b[first+1:]...) // the first member's comma
	return append(b, "}}"...)
}

// OnlyText gives the content of an answer that has one choice and says nothing else, without reading the rest; ok is
// false for any other answer, and once [StoredChat.Response] was called, since then the texts may have been rewritten.
func (s *StoredChat) OnlyText() (text string, ok bool) {
	if s.text == nil || s.whole != nil {
		return "", false
	}
	var room [4096]byte
	plain, err := jsontext.AppendUnquote(room[:0], s.text)
	return string(plain), err == nil
}

// Texts yields the texts of the answer. An answer that cannot be read has none; see [StoredChat.Response].
func (s *StoredChat) Texts() iter.Seq2[Place, *string] {
	whole, err := s.Response()
	if err != nil {
		return func(func(Place, *string) bool) {}
	}
	return whole.Texts()
}

// Withhold drops the reasoning of the choice that a place stands in.
func (s *StoredChat) Withhold(at Place) {
	if whole, err := s.Response(); err == nil {
		whole.Withhold(at)
	}
}

// Response reads the answer, once. From then on it is what goes out.
func (s *StoredChat) Response() (*ChatResponse, error) {
	if s.whole != nil {
		return s.whole, nil
	}
	whole, err := decodeStored(s.says, s.body)
	if err != nil {
		return nil, err
	}
	whole.Head, whole.Usage = s.Head, s.usage
	for _, at := range s.calls {
		if at[0] < int64(len(whole.Choices)) {
			if calls := whole.Choices[at[0]].Message.ToolCalls; at[1] < int64(len(calls)) {
				calls[at[1]].After = Position{Known: true, Content: int(at[2]), ToolCalls: int(at[1])}
			}
		}
	}
	whole.Outcrop = whole.Outcrop.Plus(&s.Extension)
	if whole.Outcrop.Empty() {
		whole.Outcrop = nil
	}
	s.whole = whole
	return whole, nil
}

func appendSized(b, text []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

// sizedReader reads what appendSized and its like have written. After a fault everything is empty.
type sizedReader struct {
	rest   []byte
	failed bool
}

func (d *sizedReader) number() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.failed, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *sizedReader) count() int64 { return int64(min(d.number(), math.MaxInt64)) }

func (d *sizedReader) flag() bool { return d.number() == 1 }

func (d *sizedReader) sized() []byte {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.failed, d.rest = true, nil
		return nil
	}
	text := d.rest[:n:n]
	d.rest = d.rest[n:]
	return text
}
