package translate

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/media"
	"outcrop/openai"
)

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

// Guardrail names a guardrail; the zero value is none.
type Guardrail struct {
	Identifier string
	Version    string
	Trace      string
}

// Context is what the way back must know of the way in.
type Context struct {
	Format       string            // reasoning_details.format: "bedrock." + the family's short name
	Names        map[string]string // tool name on the Bedrock side → the client's, for names that had to change (R-TOOL-02)
	Functions    bool              // the client used the legacy functions: reply with function_call
	OneCall      bool              // parallel_tool_calls: false, later calls are dropped (R-CHO-08)
	DiscardCalls bool              // the tools were only declared for their history: calls are dropped (R-TOOL-15)
	Trace        bool              // the client asked for the guardrail's trace (R-GRD-05)
	Answer       Answer            // how a structured answer is read
	Adjusted     Adjustments       // what was adjusted on the way in

	Limit string // "max_completion_tokens" or "max_tokens", whichever the client used
	Image string // path of the first image part, "" without one
	File  string // path of the first file part

	// Of the request, for refusals that name a place in it (R-TOOL-19).
	tools         []tool // that were sent, in order
	config        *types.ToolConfiguration
	messages      []types.Message
	images, files []partPlace
	last          int // index of the client's last message

	added       Additions                           // what Bedrock may refuse without that becoming the client's affair (R-CAP-07)
	guardStream types.GuardrailStreamProcessingMode // goes into ConverseStream only, which ConverseInput cannot say
}

// Answer says by which means a structured answer was asked for, and so how it is to be read (TRANSLATION 1.8). The zero
// value is plain text, or native output of a root that is an object: nothing to do.
type Answer struct {
	Tool       string // the forced tool whose input is the content (R-FMT-05), "" when none
	Clean      bool   // asked for by instruction, or fallen back on: clean the text (R-FMT-07)
	Unwrap     bool   // the root stands under "value" (R-FMT-08)
	Properties bool   // the schema has a property "properties", so R-FMT-09 does not apply
}

// Locate puts the member that the client used into an error of Bedrock: one that names a place in Bedrock's or Claude's own form
// (R-TOOL-19), or one that could only name its kind (R-ERR-21, -24, -25, -29).
func (c *Context) Locate(e *openai.Error) {
	if e == nil || e.Kind != openai.Invalid {
		return
	}
	if c.locatePlace(e) {
		return
	}
	switch e.Param {
	case "max_completion_tokens":
		e.Param = first(c.Limit, e.Param)
	case "tools":
		if c.Functions {
			e.Param = "functions"
		}
	case "tool_choice":
		if c.Functions {
			e.Param = "function_call"
		}
	case "messages":
		e.Param = first(c.media(e), e.Param)
	}
}

// media is the path of the part that an error about messages means, "" when it means none.
func (c *Context) media(e *openai.Error) string {
	switch e.Code {
	case openai.CodeInvalidImage:
		return first(c.Image, c.File)
	case codeUnsupportedFile:
		return first(c.File, c.Image)
	case openai.CodeUnsupportedValue: // also what a refused system message becomes (R-ERR-26), so the text decides
		text := strings.ToLower(e.Message)
		if strings.Contains(text, "image") {
			return c.Image
		}
		if strings.Contains(text, "document") || strings.Contains(text, "video") || strings.Contains(text, "file") {
			return c.File
		}
	}
	return ""
}

// first is the first of the texts that is not empty.
func first(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
