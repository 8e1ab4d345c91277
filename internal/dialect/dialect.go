// Package dialect is how each API speaks: what a body means, how an answer, the events of a stream and an error are
// written, which status an error has, and in which headers keys and limits stand. It is for everybody who takes
// requests: the server, and those that know no HTTP, such as the command line.
//
// A dialect is a value that never changes. It must not know a server, a clock or what becomes of a request between its
// body and its answer: that is the pipeline's, and the same for all of them.
//
// Start at [Dialect]; openai.go has those of OpenAI, errors.go what errors have in common.
package dialect

import (
	"strings"
	"time"

	"outcrop/openai"
	"outcrop/translate"
)

// Dialect is how one API speaks. What writes appends to b and gives the longer b.
type Dialect struct {
	// Keys are the headers that a caller's key may stand in, the one that counts first. Of Authorization it is the
	// bearer token.
	Keys []string
	// Decode reads and checks a body. Headers are those of its request: nil where there are none, as for a line of a
	// file. It is nil for an API whose requests have no body.
	Decode Decoder
	// Plain appends the body of a plain answer, whose only part is given.
	Plain func(b []byte, req openai.Request, c Call, p openai.Part) []byte
	// Stream begins the events of one streamed answer. It is nil for an API without streams.
	Stream func(req openai.Request, c Call) Stream
	// Fail appends the body of an error that comes before the first event; id is that of the request, as clients see it.
	// Status is its status, which may depend on more than the kind: whose budget it is that is spent, say.
	Fail   func(b []byte, err *openai.Error, id string) []byte
	Status func(err *openai.Error) int
	// Head sets the headers that every answer has, errors included.
	Head func(to Header, id string)
	// Limits sets the headers that say how the limits of the caller stand.
	Limits func(to Header, requests, tokens Window, now time.Time)
}

// Decoder reads and checks the body of a request.
type Decoder func(body []byte, headers Header) (openai.Request, *openai.Error)

// Call is what an answer is named and dated after, before it has a part or without one: the error that ends it may come
// before any.
type Call struct {
	ID string    // letters and digits, unique; part of every id that the client sees
	At time.Time // arrival of the request
	// Now tells the time, for an API that dates the end of its answers. Nil is At.
	Now func() time.Time
}

// Stream is what is said in one streamed answer, from which each method appends the events that are due: none where
// nothing is to be sent. What an API says before its first part it writes in front of whatever comes first. Nothing
// follows AppendEnd or AppendFail.
type Stream interface {
	// AppendPart appends the events of one part.
	AppendPart(b []byte, p openai.Part) []byte
	// AppendEnd appends the end of a complete answer.
	AppendEnd(b []byte) []byte
	// AppendFail appends the error that ends an answer after its first event.
	AppendFail(b []byte, err *openai.Error) []byte
	// AppendPing appends what keeps a quiet connection open.
	AppendPing(b []byte) []byte
}

// Named gives an error the names of the API that the request was made in.
func Named(req openai.Request, err *openai.Error) *openai.Error {
	chat, ok := req.(*openai.ChatRequest)
	if !ok || chat.Spelling == nil || err == nil {
		return err
	}
	own := *err
	own.Param, own.Message = chat.Named(err.Param), chat.NamedIn(err.Message)
	return &own
}

// Adjusted lists what was adjusted of a request under the names of the API that it was made in (R-GEN-03); "" is nothing.
func Adjusted(req openai.Request, list *translate.Adjustments) string {
	if chat, ok := req.(*openai.ChatRequest); ok && chat.Spelling != nil {
		own := list.Named(chat.Named, chat.Spelling.Order)
		return own.Header()
	}
	return list.Header()
}

// Header is the headers of a request or an answer, by their canonical names (X-Request-Id).
type Header map[string][]string

// Get is the first value of a header, "" without one.
func (h Header) Get(name string) string {
	if list := h[name]; len(list) > 0 {
		return list[0]
	}
	return ""
}

// Window is how one limit stands: requests or tokens, none where Limit is 0.
type Window struct {
	Limit, Left int64
	Reset       time.Duration // until all of it is there again
}

// Key is the caller's key; "" where there is none.
func (d *Dialect) Key(h Header) string {
	for _, name := range d.Keys {
		key := h.Get(name)
		if name == "Authorization" {
			scheme, token, _ := strings.Cut(key, " ")
			if key = strings.TrimSpace(token); !strings.EqualFold(scheme, "bearer") {
				continue
			}
		}
		if key != "" {
			return key
		}
	}
	return ""
}

// OneKey tells whether no header that a key may stand in was sent twice: whoever stands in front may have looked at the
// other one.
func (d *Dialect) OneKey(h Header) bool {
	for _, name := range d.Keys {
		if len(h[name]) > 1 {
			return false
		}
	}
	return true
}
