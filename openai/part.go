package openai

import "iter"

// Request is what the house needs to know of any request, whichever endpoint it is for.
type Request interface {
	// Facts are what the stages ask of a request.
	Facts() Facts
	// Texts yields every text that reaches the model, and where it stands. Policy may rewrite it through the pointer,
	// which stays good as long as the request, unless the place is signed.
	Texts() iter.Seq2[Place, *string]
	// Unscanned yields the places of what reaches the model and is no text: images, PDFs, sound, what a link leads to,
	// lists of tokens. Policy cannot read it, and may refuse it for that.
	Unscanned() iter.Seq[Place]
	// Unknown names what the client sent and no rule knows (R-REQ-02).
	Unknown() Unknown
}

// Part is one piece of an answer: all of a plain one, or one chunk of a streamed one. How it is written is the
// dialect's (internal/dialect).
type Part interface {
	// Texts yields every text of the part that a model wrote. Policy may rewrite it through the pointer, unless the place
	// is signed.
	Texts() iter.Seq2[Place, *string]
	// Tokens is the usage that this part carries, or nil. Usage always travels with the parts; whether a client sees it
	// is decided when the part is written.
	Tokens() *Usage
}

// Place says where a text stands.
//
// In a request, Role is the message's role, or "tools" for what the developer says of tools and schemas, and Path is
// the JSON path ("messages[2].content[0].text"). In an answer, Role is "assistant", Path the member of the message
// ("content", "refusal", "reasoning_content", "reasoning_details", "annotations", "tool_calls", "function_call"), and
// Choice and Tool say of which choice and tool call (Tool is -1 outside tool calls).
type Place struct {
	Role, Path   string
	Choice, Tool int
	// Signed texts are reasoning that its model signed. They may be read, but a changed one is refused when it comes back:
	// policy withholds the reasoning of the whole message instead (Withhold of the request, answer or chunk).
	Signed bool
	// Tokens is how many tokens stand at an unscanned place; 0 where nobody knows.
	Tokens int64
}

// Unknown lists members that a request carried and that this package does not know.
type Unknown struct {
	Top    []string // names at the top level, in the order in which they were sent
	Nested []string // paths below it, such as "messages[0].foo"
}
