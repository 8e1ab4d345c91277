package completions

import (
	"strconv"

	"outcrop/internal/rawjson"
	"outcrop/openai"
)

// Call is what an answer is named and dated after.
type Call struct {
	ID      string
	Created int64 // seconds
}

// AppendAnswer appends the plain answer to the request.
func AppendAnswer(b []byte, req openai.Request, c Call, p openai.Part) []byte {
	whole, ok := p.(*openai.ChatResponse)
	if kept, is := p.(*openai.StoredChat); is {
		r, err := kept.Response()
		whole, ok = r, err == nil
	}
	if !ok {
		return b
	}
	r := Of(req)
	b = appendHead(b, c, &whole.Head)
	for i := range whole.Choices {
		choice := &whole.Choices[i]
		if i > 0 {
			b = append(b, ',')
		}
		text := ""
		if choice.Message.Content != nil {
			text = *choice.Message.Content
		}
		if r.echoes() {
			text = r.of(choice.Index) + text
		}
		b = appendChoice(b, choice.Index, text, choice.FinishReason)
	}
	b = append(b, ']')
	if whole.Usage != nil {
		b = append(b, `,"usage":`...)
		b = whole.Usage.AppendJSON(b)
	}
	return appendEnd(b, whole.Outcrop)
}

// AppendChunk appends a chunk of a stream; nothing where this API has none for it. With usage every chunk has the
// member, null but on the last.
func AppendChunk(b []byte, req openai.Request, c Call, chunk *openai.ChatChunk, usage bool) []byte {
	r := Of(req)
	if len(chunk.Choices) == 0 {
		if !usage || chunk.Usage == nil {
			return b
		}
		b = appendHead(b, c, chunk.Head)
		b = append(b, `],"usage":`...)
		return appendEnd(chunk.Usage.AppendJSON(b), chunk.Outcrop)
	}
	choice := &chunk.Choices[0]
	text := choice.Delta.Content
	if r.echoes() && !r.echoed[choice.Index] {
		r.echoed[choice.Index] = true
		text = r.of(choice.Index) + text
	}
	if text == "" && choice.FinishReason == "" {
		return b
	}
	b = appendHead(b, c, chunk.Head)
	b = appendChoice(b, choice.Index, text, choice.FinishReason)
	b = append(b, ']')
	if usage {
		b = append(b, `,"usage":null`...)
	}
	return appendEnd(b, chunk.Outcrop)
}

func (r *Request) echoes() bool { return r.Echo != nil && *r.Echo }

func appendHead(b []byte, c Call, h *openai.Head) []byte {
	b = append(b, `{"id":"cmpl-`...)
	b = append(b, c.ID...)
	b = append(b, `","object":"text_completion","created":`...)
	b = strconv.AppendInt(b, c.Created, 10)
	b = append(b, `,"model":`...)
	b = rawjson.Quote(b, h.Model)
	if h.Fingerprint != "" {
		b = append(b, `,"system_fingerprint":`...)
		b = rawjson.Quote(b, h.Fingerprint)
	}
	return append(b, `,"choices":[`...)
}

func appendChoice(b []byte, index int, text, finish string) []byte {
	b = append(b, `{"index":`...)
	b = strconv.AppendInt(b, int64(index), 10)
	b = append(b, `,"text":`...)
	b = rawjson.Quote(b, text)
	b = append(b, `,"logprobs":null,"finish_reason":`...)
	if finish == "" {
		b = append(b, "null"...)
	} else {
		b = rawjson.Quote(b, finish)
	}
	return append(b, '}')
}

func appendEnd(b []byte, x *openai.Extension) []byte {
	if said := x.AppendMembers(nil); len(said) > 0 {
		b = append(b, `,"outcrop":{`...)
		b = append(b, said[1:]...)
		b = append(b, '}')
	}
	return append(b, '}')
}
