package dialect

import (
	"outcrop/openai"
	"outcrop/translate/completions"
)

// Completions is how OpenAI's legacy completions speak: like chat, but for their bodies.
var Completions = completionsDialect()

func completionsDialect() *Dialect {
	d := OpenAI.with(decodeCompletion, func(req openai.Request, c Call) Stream {
		return completionStream{chatStream{req.Facts().Usage}, req, completions.Call{ID: c.ID, Created: c.At.Unix()}}
	})
	d.Plain = func(b []byte, req openai.Request, c Call, p openai.Part) []byte {
		return completions.AppendAnswer(b, req, completions.Call{ID: c.ID, Created: c.At.Unix()}, p)
	}
	return d
}

func decodeCompletion(body []byte, _ Header) (openai.Request, *openai.Error) {
	r, err := openai.DecodeCompletion(body)
	if err != nil {
		return nil, err
	}
	chat, err := completions.Chat(r)
	if err != nil {
		return nil, err
	}
	return chat, Named(chat, openai.Validate(chat))
}

// completionStream writes chunks of completions in the frames of chat.
type completionStream struct {
	chatStream
	req  openai.Request
	call completions.Call
}

func (s completionStream) AppendPart(b []byte, p openai.Part) []byte {
	before := len(b)
	b = append(b, data...)
	with := completions.AppendChunk(b, s.req, s.call, p.(*openai.ChatChunk), s.usage)
	if len(with) == len(b) {
		return b[:before]
	}
	return append(with, "\n\n"...)
}
