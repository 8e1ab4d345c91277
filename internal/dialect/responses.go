package dialect

import (
	"outcrop/openai"
	"outcrop/translate/responses"
)

// Responses is how OpenAI's Responses API speaks.
var Responses = responsesDialect()

func responsesDialect() *Dialect {
	d := OpenAI.with(decodeResponses, beginResponses)
	d.Plain = func(b []byte, req openai.Request, c Call, p openai.Part) []byte {
		return responses.AppendAnswer(b, req, c.date(), p)
	}
	d.Head = func(to Header, id string) {
		OpenAI.Head(to, id)
		to["Openai-Version"] = []string{"2020-10-01"} // R-RSP-07
	}
	return d
}

func decodeResponses(body []byte, _ Header) (openai.Request, *openai.Error) {
	r, err := openai.DecodeResponses(body)
	if err != nil {
		return nil, err
	}
	chat, err := responses.Chat(r)
	if err != nil {
		return nil, err
	}
	return chat, Named(chat, openai.Validate(chat))
}

func beginResponses(req openai.Request, c Call) Stream {
	return responses.Begin(req, c.date(), func(b []byte, err *openai.Error) []byte { return OpenAI.Fail(b, err, "") })
}

// date is what an answer of this API is named and dated after.
func (c Call) date() responses.Call {
	now := c.Now
	if now == nil {
		at := c.At
		return responses.Call{ID: c.ID, Created: at.Unix(), Now: at.Unix}
	}
	return responses.Call{ID: c.ID, Created: c.At.Unix(), Now: func() int64 { return now().Unix() }}
}
