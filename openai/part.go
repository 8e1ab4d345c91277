package openai

import "iter"

// Request is what the stages need to know of any OpenAI request.
type Request interface {
	// ModelName is the model as the client wrote it.
	ModelName() string
	// WantsStream tells whether the answer goes out as server-sent events.
	WantsStream() bool
	// WantsUsage tells whether a streamed answer shows its usage (stream_options.include_usage).
	WantsUsage() bool
	// Texts yields every text that policy may read or rewrite, and where it stands.
	Texts() iter.Seq2[Place, *string]
	// Unknown names what the client sent and no rule knows (R-REQ-02).
	Unknown() Unknown
}

// Part is one piece of an answer: all of a plain one, or one chunk of a streamed one.
type Part interface {
	// Texts yields every text of the part that policy may read or rewrite.
	Texts() iter.Seq2[Place, *string]
	// Tokens is the usage that this part carries, or nil. Usage always travels with the parts; whether a client sees it
	// is decided when the part is written.
	Tokens() *Usage
	// AppendJSON appends the part's JSON to b. Of a streamed part, usage says whether the client asked for usage: without
	// it a chunk that has nothing else is not written at all and b comes back as it was (R-STR-06).
	AppendJSON(b []byte, usage bool) []byte
}

// Place says where a text stands: role and JSON path in a request ("messages[2].content[0].text"), choice and tool-call
// index in an answer (Tool is -1 outside tool calls).
type Place struct {
	Role, Path   string
	Choice, Tool int
}

// Unknown lists members that a request carried and that this package does not know.
type Unknown struct {
	Top    []string // names at the top level, in the order in which they were sent
	Nested []string // paths below it, such as "messages[0].foo"
}
