package call

import (
	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/translate"
)

// Endpoint is what differs between kinds of requests.
type Endpoint struct {
	Name   string       // "chat.completions": metric label, configuration key
	Kind   catalog.Kind // of the models that it calls, which says how they are called; "" calls none
	Prefix string       // of the ids of its answers; "" where answers have none
	// tells the record what a part says, so that it can be proven later; nil where that is nothing
	Digest func(d Digester, p openai.Part)
	Keeps  *Keeping  // how answers are kept; nil where none is
	Chat   *Chatting // nil where requests are no chats
}

// Keeping is how answers of an endpoint are kept.
type Keeping struct {
	// one by one; the next four have no say then
	Items bool
	// whether an answer is complete and good enough
	Worthy func(whole openai.Part, tools bool) bool
	Write  func(b []byte, whole openai.Part) []byte                                                 //
	Read   func(b []byte, m translate.Meta, x openai.Extension, stream bool) ([]openai.Part, error) // Write's inverse
	// the parts of a stream into the plain answer; a plain one stays
	Fold func(parts []openai.Part) (openai.Part, error)
	// and back, under id and time of m; a chunk stays
	Unfold func(p openai.Part, m translate.Meta) []openai.Part
	// of parts, under another head
	Copies func(m translate.Meta, x *openai.Extension) func(openai.Part) openai.Part
	// of its texts, in bytes
	Size  func(p openai.Part) int
	Stamp func(c *Call) translate.Meta // of the answer to c
}

// Chatting is what only requests need that ask for choices of text.
type Chatting struct {
	// Links checks the request and lists what has to be fetched for it.
	Links func(c *Call, t catalog.Target) ([]translate.Link, error)
	// Refuse is the whole answer to a request that the policy has blocked.
	Refuse func(c *Call, message string) []openai.Part
}

// Digester is told what an answer says: its choices, with their texts and calls, or its vectors.
type Digester interface {
	Choice(choice int)
	Text(choice int, text string)
	Call(choice, call int, name, arguments string)
	Vector(floats []byte)
	VectorText(base64 string)
}
