package converse

import (
	"cmp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
	"outcrop/translate"
)

// Context is what the way back must know of the way in.
type Context struct {
	Format string // reasoning_details.format: "bedrock." + the family's short name
	// tool name on the Bedrock side → the client's, for names that had to change (R-TOOL-02)
	Names        map[string]string
	Functions    bool                  // the client used the legacy functions: reply with function_call
	OneCall      bool                  // parallel_tool_calls: false, later calls are dropped (R-CHO-08)
	DiscardCalls bool                  // the tools were only declared for their history: calls are dropped (R-TOOL-15)
	Trace        bool                  // the client asked for the guardrail's trace (R-GRD-05)
	Answer       Answer                // how a structured answer is read
	Adjusted     translate.Adjustments // what was adjusted on the way in

	Limit string // "max_completion_tokens" or "max_tokens", whichever the client used
	Image string // path of the first image part, "" without one
	File  string // path of the first file part

	// Of the request, for refusals that name a place in it (R-TOOL-19).
	names         *Names
	tools         []tool // that were sent, in order
	config        *types.ToolConfiguration
	messages      []types.Message
	images, files []Place
	last          Place // the client's last message

	// what Bedrock may refuse without that becoming the client's affair (R-CAP-07)
	added       translate.Additions
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

// Locate puts the member that the client used into an error of Bedrock: one that names a place in Bedrock's or
// Claude's own form (R-TOOL-19), or one that could only name its kind (R-ERR-21, -24, -25, -29).
func (c *Context) Locate(e *openai.Error) {
	if e == nil || e.Kind != openai.Invalid || c.names == nil || c.locatePlace(e) {
		return
	}
	switch e.Param {
	case "max_completion_tokens":
		e.Param = cmp.Or(c.Limit, e.Param)
	case "tools":
		e.Param = c.names.Tools
	case "tool_choice":
		e.Param = c.names.Choice
	case "messages":
		e.Param = cmp.Or(c.media(e), c.names.Messages)
	}
}

// media is the path of the part that an error about messages means, "" when it means none.
func (c *Context) media(e *openai.Error) string {
	switch e.Code {
	case openai.CodeInvalidImage:
		return cmp.Or(c.Image, c.File)
	case CodeUnsupportedFile:
		return cmp.Or(c.File, c.Image)
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

// Refused tells which additions of the request an error of Bedrock is about, as [translate.Additions.Refused] does.
func (c *Context) Refused(err *openai.Error) (refused, lasting translate.Additions) {
	return c.added.Refused(err)
}

// add notes an addition that is now in the request.
func (c *pass) add(a translate.Additions) { c.out.added |= a }

// may tells whether an addition may be made. In strict mode the means of a wish are part of it, so that only Bedrock
// may refuse them.
func (c *pass) may(a translate.Additions) bool {
	return c.opts.Without&a == 0 || c.opts.Strict && a&meansOfWishes != 0
}

const meansOfWishes = translate.NativeFormat | translate.StrictTools
