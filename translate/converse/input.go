package converse

import (
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/translate"
)

// Input takes a request through the passes and gives the input of Converse for the target, and what the way back must
// know. The fault is the first in the order of TRANSLATION 1.2, with Param set. The input shares bytes with r, which
// must not change while the input is in use.
func Input(r *Request, t catalog.Target, o translate.Options) (*bedrockruntime.ConverseInput, Context, *openai.Error) {
	c := newPass(r, t, o)
	if fault := c.translate(); fault != nil {
		return nil, Context{}, fault
	}
	c.out.Adjusted = c.Adjusted
	c.out.Adjusted.Clip() // several choices add to their own copies at once
	return c.in, c.out, nil
}

func newPass(r *Request, t catalog.Target, o translate.Options) *pass {
	return &pass{
		Findings: r.Findings, req: r, row: t.Row, caps: &t.Row.Caps, to: t, opts: o,
		in:  &bedrockruntime.ConverseInput{ModelId: &t.CalledID},
		out: Context{Format: formatPrefix + t.Row.Format, names: r.Names, last: r.Last},
	}
}

const formatPrefix = "bedrock." // before the name of the family that reasoning is of

// translate fills in and out, and gives the first fault.
func (c *pass) translate() *openai.Error {
	// What is sent of the tools decides how history is written, and so does reasoning; the rest needs no order.
	// Faults and adjustments are put into theirs at the end.
	c.declareTools()
	c.chooseTool()
	c.structure()
	c.reason()
	c.sendTools()
	c.converse()
	c.limit()
	c.sample()
	c.guard()
	c.describe()
	c.cache()
	c.instruct()
	c.additional()
	c.out.tools, c.out.config, c.out.messages = c.tools, c.in.ToolConfig, c.in.Messages
	return c.verdict()
}

// pass is one request on its way to Converse.
type pass struct {
	Findings
	req  *Request
	row  *catalog.Model
	caps *catalog.Capabilities
	to   catalog.Target
	opts translate.Options

	in  *bedrockruntime.ConverseInput
	out Context

	tools     []tool         // to be sent, in order
	toolAt    map[string]int // where each name stands among the tools that were declared
	choice    Choice         // what the model is told to do with them
	names     names          // tool names on either side
	flat      bool           // history of tools is written as text (R-TOOL-14)
	thinking  thinking       // whether and how Claude thinks
	fields    fields         // additionalModelRequestFields of our own making
	media     mediaCount     // what was counted of images and files
	unfetched bool           // only a check: what links name has no bytes yet
	system    []types.SystemContentBlock
	asks      string  // the instruction for a structured answer, "" without one
	explicit  bool    // the request names a cache point itself
	grammar   grammar // of the schemas that answers are held to
}

// verdict is the fault of the whole request, in strict mode also what could not be honoured exactly.
func (c *pass) verdict() *openai.Error {
	unknown := c.req.Unknown
	for _, name := range unknown.Top {
		c.Adjust(name, translate.UnknownParameter)
	}
	if c.fault != nil || !c.opts.Strict {
		return c.fault
	}
	if len(unknown.Nested) > 0 {
		path := unknown.Nested[0]
		return openai.Invalidf(openai.CodeUnknownParameter, path, "Unknown parameter: '%s'.", path)
	}
	return c.Adjusted.StrictFault()
}

// StreamInput is the input of ConverseStream that asks for the same as in, a result of the same call of Input.
func (c *Context) StreamInput(in *bedrockruntime.ConverseInput) *bedrockruntime.ConverseStreamInput {
	s := StreamInput(in)
	if s.GuardrailConfig != nil {
		s.GuardrailConfig.StreamProcessingMode = c.guardStream
	}
	return s
}

// StreamInput copies the input of Converse into that of ConverseStream. What only ConverseStream knows is not in it:
// see [Context.StreamInput].
func StreamInput(in *bedrockruntime.ConverseInput) *bedrockruntime.ConverseStreamInput {
	s := &bedrockruntime.ConverseStreamInput{
		ModelId:                           in.ModelId,
		AdditionalModelRequestFields:      in.AdditionalModelRequestFields,
		AdditionalModelResponseFieldPaths: in.AdditionalModelResponseFieldPaths,
		InferenceConfig:                   in.InferenceConfig,
		Messages:                          in.Messages,
		OutputConfig:                      in.OutputConfig,
		PerformanceConfig:                 in.PerformanceConfig,
		PromptVariables:                   in.PromptVariables,
		RequestMetadata:                   in.RequestMetadata,
		ServiceTier:                       in.ServiceTier,
		System:                            in.System,
		ToolConfig:                        in.ToolConfig,
	}
	if g := in.GuardrailConfig; g != nil {
		s.GuardrailConfig = &types.GuardrailStreamConfiguration{
			GuardrailIdentifier: g.GuardrailIdentifier, GuardrailVersion: g.GuardrailVersion, Trace: g.Trace,
		}
	}
	return s
}

// At is the path list[i]rest.
func At(list string, i int, rest string) string {
	return list + "[" + strconv.Itoa(i) + "]" + rest
}

// Blank tells whether a text is empty or only white space (R-MSG-12).
func Blank(s string) bool { return strings.TrimSpace(s) == "" }
