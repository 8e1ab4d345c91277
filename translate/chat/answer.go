package chat

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
	"outcrop/translate"
)

// redactedReasoning is what Nova 2 sends in place of its reasoning (R-RES-07).
const redactedReasoning = "[REDACTED]"

// jsonSpace is what JSON calls white space.
const jsonSpace = " \t\r\n"

// answer turns the content of one reply, told piece by piece, into the deltas of one choice. It is the one place that
// knows what a piece of content means to an OpenAI client; a plain reply is told to it whole, a stream as it comes.
//
// A block is opened with a zero block, told with the methods below and ended with close.
type answer struct {
	in   *Context
	emit func(openai.Delta)

	points   int   // code points of content so far
	reasoned bool  // reasoning_content is not empty
	details  int   // reasoning_details so far, one for each reasoning block
	pages    int   // annotations so far
	files    int   // citations so far
	calls    int   // client tool calls so far
	dropped  bool  // a call was left out, because the client did not declare the tool (R-TOOL-15)
	ids      taken // of client tool calls

	whole bool     // the reply is told whole, so that nothing has to be sent early
	asked bool     // the forced tool was called (R-FMT-05)
	json  jsonText // text of a structured answer that is held back

	serverTools []string
	serverIDs   []string
	adjusted    translate.Adjustments
}

// block is one content block that has not ended yet.
type block struct {
	index int32 // Bedrock's, in a stream

	start       int // of its text, in code points of the content
	annotations []openai.Annotation
	citations   []openai.Citation

	after     openai.Position // of its reasoning
	reasoning bool
	thought   []byte
	shown     bool // what was held of its reasoning or input has been sent, and the rest follows at once
	signature string
	redacted  []byte

	call    int  // number of the client tool call, from 1; 0 for another block
	content bool // its input is the content (R-FMT-05)
	held    []byte
	quoted  []byte // its input, when it is a JSON string that may hold the arguments
	blank   bool   // no fragment of its input held anything
	ignored bool   // belongs to a server tool or to a call that is dropped
}

// begin readies b for its first piece of content.
func (a *answer) begin(b *block) {
	b.start = a.points
	b.after = openai.Position{Known: true, Content: a.said(), ToolCalls: a.calls}
}

// said is how many code points of content stand before what comes next, those that are held back among them.
func (a *answer) said() int {
	if how := &a.in.Answer; how.Clean && how.Tool == "" && !how.Unwrap {
		return a.json.size()
	}
	return a.points
}

func (a *answer) text(s string) {
	if a.in.Answer.Tool != "" || a.in.Answer.Clean || a.in.Answer.Unwrap {
		s = a.structured(s)
	}
	a.say(s)
}

func (a *answer) say(s string) {
	if s == "" {
		return
	}
	a.points += utf8.RuneCountInString(s)
	a.emit(openai.Delta{Content: s})
}

// think takes reasoning. It holds back what may still turn out to be the placeholder.
func (a *answer) think(b *block, s string) {
	b.reasoning = true
	b.thought = append(b.thought, s...)
	if !b.shown {
		if strings.HasPrefix(redactedReasoning, string(b.thought)) {
			return
		}
		s = a.show(b)
	}
	if s != "" {
		a.emit(openai.Delta{Reasoning: s})
	}
}

// show releases the reasoning held so far; an empty line parts it from an earlier block's (R-STR-09).
func (a *answer) show(b *block) string {
	b.shown = true
	s := string(b.thought)
	if a.reasoned {
		s = "\n\n" + s
	}
	a.reasoned = true
	return s
}

func (b *block) sign(signature string) {
	b.reasoning = true
	b.signature += signature
}

func (b *block) redact(data []byte) {
	b.reasoning = true
	b.redacted = append(b.redacted, data...)
}

// toolUse opens a tool call. Only absent and tool_use are types of calls that the client has to run (R-RES-09, R-RES-10).
func (a *answer) toolUse(b *block, id, name *string, kind types.ToolUseType) {
	called := deref(name)
	if kind != "" && kind != "tool_use" {
		b.ignored = true
		a.serverIDs = append(a.serverIDs, deref(id))
		a.serverTool(called)
		return
	}
	if a.in.Answer.Tool != "" {
		a.askedCall(b)
		return
	}
	if a.in.DiscardCalls {
		b.ignored, a.dropped = true, true
		a.adjusted.Add("tools", "calls_discarded") // R-TOOL-15
		return
	}
	if a.calls > 0 && (a.in.OneCall || a.in.Functions) {
		b.ignored = true
		a.adjusted.Add("parallel_tool_calls", "extra_calls_dropped") // R-CHO-08
		return
	}
	if original, ok := a.in.Names[called]; ok {
		called = original
	}
	a.calls++
	b.call, b.blank = a.calls, true
	if a.in.Functions {
		a.emit(openai.Delta{FunctionCall: &openai.FunctionCallDelta{Name: called}})
		return
	}
	a.emit(openai.Delta{ToolCalls: []openai.ToolCallDelta{{Index: b.call - 1, ID: a.callID(deref(id)), Name: called}}})
}

// callID gives an id that no earlier call of the reply has.
func (a *answer) callID(id string) string {
	if id == "" {
		id = "call_" + strconv.Itoa(a.calls) // Bedrock promises one; without it the client could not answer
	}
	if a.ids == nil {
		a.ids = taken{}
	}
	return a.ids.free(id, func(n int64) string { return id + "-" + itoa(n) })
}

// input takes a fragment of a tool call's input.
func (a *answer) input(b *block, fragment string) {
	switch {
	case b.ignored || fragment == "":
		return
	case b.call == 0 && !b.content:
		a.unknown()
		return
	}
	if b.quoted != nil {
		b.quoted = append(b.quoted, fragment...)
		return
	}
	if b.blank {
		begun := strings.TrimLeft(fragment, jsonSpace)
		if b.blank = begun == ""; strings.HasPrefix(begun, `"`) {
			b.quoted = []byte(begun)
			return
		}
	}
	a.fragment(b, fragment)
}

// fragment tells a piece of the input.
func (a *answer) fragment(b *block, fragment string) {
	if b.content {
		a.contentInput(b, fragment)
		return
	}
	if a.in.Functions {
		a.emit(openai.Delta{FunctionCall: &openai.FunctionCallDelta{Arguments: fragment}})
		return
	}
	a.emit(openai.Delta{ToolCalls: []openai.ToolCallDelta{{Index: b.call - 1, Arguments: fragment}}})
}

// toolResult notes the result of a tool that ran inside Bedrock. Its kind names it when its call was not seen.
func (a *answer) toolResult(b *block, id, kind *string) {
	b.ignored = true
	if !slices.Contains(a.serverIDs, deref(id)) {
		a.serverTool(deref(kind))
	}
}

func (a *answer) serverTool(name string) {
	if name != "" && !slices.Contains(a.serverTools, name) {
		a.serverTools = append(a.serverTools, name)
	}
}

// unknown notes content that no rule knows (R-GEN-10).
func (a *answer) unknown() { a.adjusted.Add("content", "unknown_block") }

// close ends a block: what can only be told now is told.
func (a *answer) close(b *block) {
	if b.quoted != nil {
		said := dequoted(b.quoted)
		if b.quoted, b.blank = nil, said == ""; !b.blank {
			a.fragment(b, said)
		}
	}
	if b.call > 0 && b.blank {
		a.input(b, "{}") // R-STR-11
	}
	if b.content {
		a.closeContent(b)
	}
	if a.in.Answer.Unwrap && a.in.Answer.Tool == "" {
		a.flushJSON()
	}
	if b.reasoning {
		a.closeReasoning(b)
	}
	a.closeCited(b)
}

// closeReasoning sends the block's entries of reasoning_details (R-RES-08).
func (a *answer) closeReasoning(b *block) {
	if t := string(b.thought); !b.shown && t != "" && t != redactedReasoning {
		a.emit(openai.Delta{Reasoning: a.show(b)})
	}
	if len(b.redacted) == 0 || len(b.thought) > 0 || b.signature != "" {
		a.detail(b, openai.ReasoningDetail{Type: openai.ReasoningText, Text: string(b.thought), Signature: b.signature})
	}
	if len(b.redacted) > 0 {
		a.detail(b, openai.ReasoningDetail{Type: openai.ReasoningEncrypted, Data: base64.StdEncoding.EncodeToString(b.redacted)})
	}
}

func (a *answer) detail(b *block, d openai.ReasoningDetail) {
	d.Index, d.Format, d.After = a.details, a.in.Format, b.after
	a.details++
	a.emit(openai.Delta{ReasoningDetails: []openai.ReasoningDetail{d}})
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
