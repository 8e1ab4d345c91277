package chat

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"

	"outcrop/openai"
	"outcrop/translate"
)

// Unfold tells a plain answer as a stream, under the id, time and model of m, for a model that cannot stream
// (R-STR-20). Each choice is a role chunk, a delta for each part of its message and the finish chunk; the usage comes
// last. Anything but a plain chat answer is given back as it is.
func Unfold(whole openai.Part, m translate.Meta) []openai.Part { return unfold(whole, m, 0) }

// Replay is Unfold for an answer that did not have to be waited for. It tells content and reasoning in pieces of about
// a line, as clients that show an answer while it grows expect them.
func Replay(whole openai.Part, m translate.Meta) []openai.Part {
	const line = 200 // bytes: ten events for an answer of 2 KB
	return unfold(whole, m, line)
}

// unfold makes the chunks, with texts in pieces of about so many bytes; 0 is all of it.
func unfold(whole openai.Part, m translate.Meta, piece int) []openai.Part {
	r, ok := whole.(*openai.ChatResponse)
	if !ok {
		return []openai.Part{whole}
	}
	h := head(m)
	var parts []openai.Part
	for i := range r.Choices {
		c := &r.Choices[i]
		send := func(d openai.Delta, finish string, x *openai.Extension) {
			parts = append(parts, &openai.ChatChunk{Head: h, Outcrop: x,
				Choices: []openai.ChunkChoice{{Index: c.Index, Delta: d, FinishReason: finish}}})
		}
		send(openai.Delta{Role: "assistant"}, "", nil)
		for _, d := range deltas(&c.Message, piece) {
			send(d, "", nil)
		}
		var x *openai.Extension
		if i == len(r.Choices)-1 {
			x = r.Outcrop
		}
		send(openai.Delta{}, c.FinishReason, x)
	}
	if r.Usage != nil {
		parts = append(parts, &openai.ChatChunk{Head: h, ServiceTier: r.ServiceTier, Usage: r.Usage})
	}
	return parts
}

// deltas are the message in pieces: content and calls in one row, and in it each entry of reasoning_details where it
// stood, since whoever changes the content moves what is told of it.
func deltas(m *openai.ReplyMessage, piece int) []openai.Delta {
	var list []openai.Delta
	thoughts := thoughtsOf(m)
	think := func(text string) {
		for _, text := range pieces(text, piece) {
			list = append(list, openai.Delta{Reasoning: text})
		}
	}
	if thoughts == nil {
		think(m.Reasoning)
	}
	content, calls := runes{text: aws.ToString(m.Content)}, 0
	pages, files := m.Annotations, m.Citations
	say := func(place int) {
		for _, text := range pieces(content.to(place), piece) {
			list = append(list, openai.Delta{Content: text})
		}
		if i, j := before(pages, content.taken), citedBefore(files, content.taken); i+j > 0 {
			list = append(list, openai.Delta{Annotations: pages[:i:i], Citations: files[:j:j]})
			pages, files = pages[i:], files[j:]
		}
	}
	upTo := func(at openai.Position) {
		for ; calls < min(at.ToolCalls, len(m.ToolCalls)); calls++ {
			if after := m.ToolCalls[calls].After; after.Known {
				say(min(after.Content, at.Content))
			} else {
				say(at.Content)
			}
			list = append(list, callDeltas(calls, &m.ToolCalls[calls])...)
		}
		say(at.Content)
	}
	for i := range m.ReasoningDetails {
		upTo(m.ReasoningDetails[i].After)
		if thoughts != nil {
			think(thoughts[i])
		}
		list = append(list, openai.Delta{ReasoningDetails: m.ReasoningDetails[i : i+1 : i+1]})
	}
	upTo(openai.Position{Content: math.MaxInt, ToolCalls: math.MaxInt})
	if len(pages)+len(files) > 0 { // of places that the content does not have
		list = append(list, openai.Delta{Annotations: pages, Citations: files})
	}
	if f := m.FunctionCall; f != nil {
		list = append(list,
			openai.Delta{FunctionCall: &openai.FunctionCallDelta{Name: f.Name}},
			openai.Delta{FunctionCall: &openai.FunctionCallDelta{Arguments: aws.ToString(f.Arguments)}})
	}
	return list
}

// before is how many of the annotations are of text before a place.
func before(list []openai.Annotation, place int) int {
	n := 0
	for n < len(list) && list[n].End <= place {
		n++
	}
	return n
}

func citedBefore(list []openai.Citation, place int) int {
	n := 0
	for n < len(list) && list[n].End <= place {
		n++
	}
	return n
}

// redacted is shown in place of reasoning that is encrypted (R-RES-07).
const redacted = "[REDACTED]"

// thoughtsOf are the shown reasoning in pieces, one for each entry of reasoning_details, each with what parts it from
// the one before (R-STR-09); nil where the two do not say the same, since policy has changed one of them.
func thoughtsOf(m *openai.ReplyMessage) []string {
	list, rest, begun := make([]string, len(m.ReasoningDetails)), m.Reasoning, false
	for i := range m.ReasoningDetails {
		text := m.ReasoningDetails[i].Text
		encrypted := m.ReasoningDetails[i].Type == openai.ReasoningEncrypted
		if encrypted {
			text = redacted
		}
		if begun {
			text = "\n\n" + text
		}
		if shown := strings.HasPrefix(rest, text); m.ReasoningDetails[i].Text == "" && (!encrypted || !shown) {
			continue
		} else if !shown {
			return nil
		}
		begun = true
		list[i], rest = text, rest[len(text):]
	}
	if rest != "" {
		return nil
	}
	return list
}

func callDeltas(index int, c *openai.ToolCall) []openai.Delta {
	return []openai.Delta{
		{ToolCalls: []openai.ToolCallDelta{{Index: index, ID: c.ID, Name: c.Function.Name}}},
		{ToolCalls: []openai.ToolCallDelta{{Index: index, Arguments: aws.ToString(c.Function.Arguments)}}},
	}
}

// runes is a text that is taken in pieces by code points.
type runes struct {
	text  string
	taken int
}

// to is the text from where the last piece ended up to a place, as far as there is any.
func (r *runes) to(place int) string {
	if place-r.taken >= len(r.text) { // there are no more code points than bytes
		piece := r.text
		r.taken += utf8.RuneCountInString(piece)
		r.text = ""
		return piece
	}
	end := 0
	for r.taken < place && end < len(r.text) {
		_, size := utf8.DecodeRuneInString(r.text[end:])
		end += size
		r.taken++
	}
	piece := r.text[:end]
	r.text = r.text[end:]
	return piece
}

// pieces cuts a text before white space, or between characters where there is none for long; nothing for an empty text.
func pieces(text string, size int) (list []string) {
	for size > 0 && len(text) > size {
		cut := size
		if i := strings.LastIndexAny(text[size/2:size], " \n"); i >= 0 {
			cut = size/2 + i
		}
		for cut > 1 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		list = append(list, text[:cut])
		text = text[cut:]
	}
	if text != "" {
		list = append(list, text)
	}
	return list
}
