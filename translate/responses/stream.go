package responses

import (
	"fmt"
	"math"
	"strconv"

	"outcrop/internal/rawjson"
	"outcrop/openai"
)

// Stream is the events of a streamed answer (RESPONSES 7). Each method appends those that are due.
type Stream struct {
	a     answer
	e     events
	begun bool
	fail  func(b []byte, err *openai.Error) []byte
}

// Begin begins the stream of the answer to a request. fail appends the object of an error as OpenAI's APIs have it.
func Begin(req openai.Request, c Call, fail func(b []byte, err *openai.Error) []byte) *Stream {
	s := &Stream{fail: fail}
	s.a = answer{req: Of(req), of: c, id: responseID(c.ID)}
	s.a.events = &s.e
	s.e.a = &s.a
	return s
}

// events writes what happens to the items of an answer, numbered in one row.
type events struct {
	a *answer
	b []byte
	n int
}

// begin writes what comes before the first item.
func (s *Stream) begin() {
	if s.begun {
		return
	}
	s.begun = true
	for _, name := range [...]string{"created", "in_progress"} {
		s.e.event("response."+name, func(b []byte) []byte {
			return s.a.appendObject(append(b, `,"response":`...), "in_progress", nil)
		})
	}
}

// AppendPart appends the events of one chunk.
func (s *Stream) AppendPart(b []byte, p openai.Part) []byte {
	c, ok := p.(*openai.ChatChunk)
	if !ok {
		return b
	}
	s.e.b = b
	if c.Model != "" {
		s.a.model = c.Model
	}
	s.begin()
	s.a.take(c)
	return s.e.b
}

// AppendEnd appends the event that ends a complete answer.
func (s *Stream) AppendEnd(b []byte) []byte {
	s.e.b = b
	s.begin()
	s.a.end()
	s.e.event("response."+s.a.status(), func(b []byte) []byte {
		return s.a.appendObject(append(b, `,"response":`...), s.a.status(), nil)
	})
	return s.e.b
}

// AppendFail appends the two events of an error (R-RSP-83). Some clients look for the members of the error in the event,
// some in an object in it, some for the event behind it.
func (s *Stream) AppendFail(b []byte, err *openai.Error) []byte {
	s.e.b = b
	s.begin()
	shown := *err
	if shown.After > 0 && (shown.Kind == openai.RateLimited || shown.Kind == openai.TokensLimited) {
		shown.Message += fmt.Sprintf(" Please try again in %ds.", int(math.Ceil(shown.After.Seconds())))
	}
	s.e.event("error", func(b []byte) []byte {
		b = append(b, `,"code":`...)
		b = orNull(b, shown.Code)
		b = append(b, `,"message":`...)
		b = rawjson.Quote(b, shown.Message)
		b = append(b, `,"param":`...)
		b = orNull(b, shown.Param)
		nested := s.fail(nil, &shown) // {"error":{…}}
		return append(append(b, ','), nested[1:len(nested)-1]...)
	})
	s.e.event("response.failed", func(b []byte) []byte {
		return s.a.appendObject(append(b, `,"response":`...), "failed", &shown)
	})
	return s.e.b
}

// AppendPing appends what keeps a quiet connection open.
func (s *Stream) AppendPing(b []byte) []byte { return append(b, ": keep-alive\n\n"...) }

func orNull(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return rawjson.Quote(b, s)
}

// event appends one event; rest appends its members, each with a comma before it. Nobody is told by a nil events.
func (e *events) event(name string, rest func(b []byte) []byte) {
	if e == nil {
		return
	}
	e.b = append(e.b, "event: "+name+"\ndata: {\"type\":\""+name+"\",\"sequence_number\":"...)
	e.b = strconv.AppendInt(e.b, int64(e.n), 10)
	e.n++
	e.b = append(rest(e.b), "}\n\n"...)
}

// of appends where an event of the open item belongs.
func (e *events) of(b []byte, place string) []byte {
	it := e.a.open
	b = append(b, `,"item_id":"`...)
	b = append(b, it.id...)
	b = append(b, `","output_index":`...)
	b = strconv.AppendInt(b, int64(it.at), 10)
	return append(b, place...)
}

func (e *events) whole(name string) {
	if e == nil {
		return
	}
	e.event("response.output_item."+name, func(b []byte) []byte {
		b = append(b, `,"output_index":`...)
		b = strconv.AppendInt(b, int64(e.a.open.at), 10)
		b = append(b, `,"item":`...)
		return e.a.appendItem(b, e.a.open)
	})
}

const textPlace = `,"content_index":0`

// added tells that the open item has begun.
func (e *events) added() {
	if e.whole("added"); e != nil && e.a.open.kind == message {
		e.event("response.content_part.added", func(b []byte) []byte {
			b = e.of(b, textPlace)
			return append(b, `,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}`...)
		})
	}
}

func (e *events) textDelta(text string) {
	if e == nil {
		return
	}
	e.event("response.output_text.delta", func(b []byte) []byte {
		b = append(e.of(b, textPlace), `,"delta":`...)
		return append(rawjson.Quote(b, text), `,"logprobs":[]`...)
	})
}

func (e *events) annotationAdded(i int) {
	if e == nil {
		return
	}
	e.event("response.output_text.annotation.added", func(b []byte) []byte {
		b = append(e.of(b, textPlace), `,"annotation_index":`...)
		b = strconv.AppendInt(b, int64(i), 10)
		return appendAnnotation(append(b, `,"annotation":`...), &e.a.open.annotations[i])
	})
}

// inputName is what the events of a call's input begin with.
func (it *item) inputName() string {
	if it.kind == custom {
		return "response.custom_tool_call_input"
	}
	return "response.function_call_arguments"
}

func (e *events) inputDelta(text string) {
	if e == nil {
		return
	}
	e.event(e.a.open.inputName()+".delta", func(b []byte) []byte {
		return rawjson.Quote(append(e.of(b, ""), `,"delta":`...), text)
	})
}

// summaryPart tells that a block of reasoning begins to be shown, or has ended.
func (e *events) summaryPart(begins bool) {
	if e == nil || !e.a.req.summarised() {
		return
	}
	it := e.a.open
	if begins {
		e.summary("response.reasoning_summary_part.added", len(it.summary), `,"part":{"type":"summary_text","text":""}`)
		return
	}
	text := string(rawjson.Quote(nil, it.shown.String()))
	at := len(it.summary) - 1
	e.summary("response.reasoning_summary_text.done", at, `,"text":`+text)
	e.summary("response.reasoning_summary_part.done", at, `,"part":{"type":"summary_text","text":`+text+"}")
}

func (e *events) summaryDelta(piece string) {
	if e == nil || !e.a.req.summarised() {
		return
	}
	e.summary("response.reasoning_summary_text.delta", len(e.a.open.summary),
		`,"delta":`+string(rawjson.Quote(nil, piece)))
}

func (e *events) summary(name string, at int, rest string) {
	e.event(name, func(b []byte) []byte {
		return append(e.of(b, `,"summary_index":`+strconv.Itoa(at)), rest...)
	})
}

// done tells that the open item has ended.
func (e *events) done() {
	if e == nil {
		return
	}
	it := e.a.open
	switch it.kind {
	case message:
		e.event("response.output_text.done", func(b []byte) []byte {
			b = append(e.of(b, textPlace), `,"text":`...)
			return append(rawjson.Quote(b, it.text.String()), `,"logprobs":[]`...)
		})
		e.event("response.content_part.done", func(b []byte) []byte {
			return appendPart(append(e.of(b, textPlace), `,"part":`...), it)
		})
	case call:
		e.event(it.inputName()+".done", func(b []byte) []byte {
			b = rawjson.Quote(append(e.of(b, ""), `,"name":`...), it.tool.name)
			return rawjson.Quote(append(b, `,"arguments":`...), it.text.String())
		})
	case custom:
		e.event(it.inputName()+".done", func(b []byte) []byte {
			return rawjson.Quote(append(e.of(b, ""), `,"input":`...), it.input.text.String())
		})
	}
	a := e.a
	e.event("response.output_item.done", func(b []byte) []byte {
		b = append(b, `,"output_index":`...)
		b = strconv.AppendInt(b, int64(it.at), 10)
		b = append(b, `,"item":`...)
		a.open = nil // it is whole now
		return a.appendItem(b, it)
	})
}
