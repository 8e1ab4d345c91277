// Package translate turns values of OpenAI's API into Bedrock's and back, plain and streamed. Here are the words that
// its rooms share; the work is done in converse (turns of blocks and Converse), chat (chat completions, which stands
// on converse) and embed (embeddings). The rules are numbered in the specification (R-…); docs and tests cite the
// numbers.
//
// It is pure, and so are its rooms: no context, no clock, no randomness, no I/O, no logging. What they may not invent
// (ids, times, media bytes, the model's row) is handed in. They never ask for a model by name: they read capabilities
// of the catalogue's row.
//
// Start reading at converse/request.go, converse/input.go and converse/reader.go, then chat/input.go (the way in),
// chat/output.go and chat/stream.go (the way back), embed/embed.go.
package translate

import (
	"cmp"

	"outcrop/internal/media"
)

// Version names the state of the rules. It goes into system_fingerprint (R-RES-03): raise it when a change makes the
// same request into another Bedrock call, or the same reply into another answer.
const Version = "2"

// Meta is what an answer carries that translation may not invent.
type Meta struct {
	ID          string // "chatcmpl-…"
	Model       string // the public name that served
	Created     int64  // seconds
	Fingerprint string // "fp_…"
}

// Options are the settings of the gateway and of the call that rules read. The zero value is the default of each.
type Options struct {
	Media            media.Set // what the links of this request led to (see [ChatLinks])
	Strict           bool      // R-GEN-04: an adjustment is a 400
	Guardrail        Guardrail // from the request's headers (R-GRD-01)
	DefaultGuardrail Guardrail // the gateway's own
	MaxChoices       int       // the greatest n; 0 is 8 (R-PAR-10)
	MaxTokens        int64     // cap of the caller's key on the token limit; 0 is none (R-LIM-03)
	Limits           Limits    // of media (R-PART-09)
	DeclareHistory   bool      // R-TOOL-15: tool_history_without_tools: declare
	NoMetadata       bool      // R-MET-01: request_metadata: off
	NeutralNames     bool      // R-PART-12: documents.names: neutral
	InputType        string    // R-EMB-11: of the alias, for embedding requests that name none
	Known            []bool    // R-EMB-17: items of an embedding request that need no call; nil is none
	PromptCache      string    // R-CACHE-08: "" is "on"; "asked", "off"
	Without          Additions // R-CAP-07: what the target is known to refuse
}

// Limits are the limits of media in one request; a member that is 0 has Bedrock's own limit (R-PART-09).
type Limits struct {
	Images     int // 20 in one message
	ImageBytes int // 3.75 MB, each
	ImageSide  int // 8,000 pixels, each way
	Documents  int // 5
	FileBytes  int // 4.5 MB, each document
}

// Filled are the limits with Bedrock's own where a member is 0 (FACTS 1.2.1).
func (l Limits) Filled() Limits {
	return Limits{
		Images: cmp.Or(l.Images, 20), ImageBytes: cmp.Or(l.ImageBytes, 3_932_160), ImageSide: cmp.Or(l.ImageSide, 8000),
		Documents: cmp.Or(l.Documents, 5), FileBytes: cmp.Or(l.FileBytes, 4_718_592),
	}
}

// Largest is how many bytes a part may have at most, whatever it turns out to be.
func (l Limits) Largest() int {
	l = l.Filled()
	return max(l.ImageBytes, l.FileBytes)
}

// Guardrail names a guardrail; the zero value is none.
type Guardrail struct {
	Identifier string
	Version    string
	Trace      string
}
