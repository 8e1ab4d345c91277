package converse

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/translate"
)

// redactedReasoning is what Nova 2 sends in place of its reasoning (R-RES-07).
const redactedReasoning = "[REDACTED]"

// jsonSpace is what JSON calls white space.
const jsonSpace = " \t\r\n"

// Sink is who writes an answer down in the words of a dialect. Blocks come in Bedrock's order; several may be open at
// once. What the client is not to see is never told: calls of tools that ran inside Bedrock, calls that are dropped,
// wrappers of structured answers.
type Sink interface {
	// Call tells that a call begins, whose ID and Name are known.
	Call(b *Content)
	// Tell tells a piece of text, of reasoning or of a call's input. The text of a structured answer may come when
	// its block has ended: what it is can take the whole answer to decide.
	Tell(b *Content, k Kind, piece string)
	// End tells that nothing more of the block comes, of which nothing need have been told.
	End(b *Content)
}

// Kind is what a piece of an answer belongs to.
type Kind uint8

// The kinds of pieces.
const (
	Text Kind = iota
	Thought
	Arguments
)

// Content is one block of an answer, as far as it has been read.
type Content struct {
	From, To int // its text, in code points of all that was told
	Place    int // where it stands in the text: as From, but counting what is held back
	Before   int // calls before it

	ID, Name string // of a call, unique and the client's
	Sources  []Source

	Reasoned  bool   // it is reasoning, or holds some
	Shown     bool   // a piece of its reasoning has been told
	Reasoning []byte // with the placeholders that are not told
	Signature string
	Redacted  []byte

	index   int32 // Bedrock's, in a stream
	call    bool  // of the client's
	content bool  // its input is the content (R-FMT-05)
	sent    bool  // what was held of its input has been told, and the rest follows at once
	held    []byte
	quoted  []byte // its input, when it is a JSON string that may hold the arguments
	blank   bool   // no fragment of its input held anything
	ignored bool   // belongs to a server tool or to a call that is dropped
}

// Source is what a text was taken from.
type Source struct {
	Location             types.CitationLocation
	Title, Source, Quote string
}

// Reader reads one answer, plain or streamed, and tells it to a sink. It is the one place that knows what Bedrock's
// blocks and events mean. Finish ends both.
type Reader struct {
	Context *Context
	Sink    Sink
	Names   *Names
	OneCall bool // later calls are dropped whatever the context says

	Adjusted translate.Adjustments // what only the answer revealed
	Calls    int                   // client tool calls so far
	Usage    *types.TokenUsage     // nil until known
	Tier     string                // of service, in OpenAI's words

	points  int   // code points of text so far
	thought bool  // there is reasoning
	dropped bool  // a call was left out, because the client did not declare the tool (R-TOOL-15)
	ids     taken // of client tool calls

	whole  bool     // the reply is told whole, so that nothing has to be sent early
	asked  bool     // the forced tool was called (R-FMT-05)
	json   jsonText // text of a structured answer that is held back
	spoken *Content // the block of that text

	serverTools []string
	serverIDs   []string

	open    []*Content // in a stream
	stopped bool
	ending
}

// Whole tells a plain reply. The error is an [*openai.Error].
func (r *Reader) Whole(out *bedrockruntime.ConverseOutput) error {
	message, ok := out.Output.(*types.ConverseOutputMemberMessage)
	if !ok || message == nil {
		return badUpstream("The reply of Amazon Bedrock holds no message. Try again.", nil)
	}
	r.whole = true
	var previous types.ContentBlock
	for _, b := range message.Value.Content {
		if b == nil || b == previous { // the SDK repeats the block before in place of one that it does not know
			r.unknown()
			continue
		}
		previous = b
		if err := r.block(b); err != nil {
			return err
		}
	}
	r.stop, r.fields = out.StopReason, out.AdditionalModelResponseFields
	if out.Trace != nil {
		r.trace = out.Trace.Guardrail
	}
	r.Usage, r.Tier = out.Usage, tier(out.ServiceTier)
	return nil
}

// block tells a whole content block.
func (r *Reader) block(content types.ContentBlock) error {
	b := r.begin(0)
	switch c := content.(type) {
	case *types.ContentBlockMemberText:
		r.text(b, c.Value)
	case *types.ContentBlockMemberReasoningContent:
		switch v := c.Value.(type) {
		case *types.ReasoningContentBlockMemberReasoningText:
			r.think(b, deref(v.Value.Text))
			b.Signature = deref(v.Value.Signature)
		case *types.ReasoningContentBlockMemberRedactedContent:
			b.Reasoned, b.Redacted = true, v.Value
		default:
			r.unknown()
		}
	case *types.ContentBlockMemberToolUse:
		r.toolUse(b, c.Value.ToolUseId, c.Value.Name, c.Value.Type)
		arguments, err := compact(c.Value.Input)
		if err != nil {
			return badUpstream("The model's tool call cannot be read. Try again.", err)
		}
		r.input(b, arguments)
	case *types.ContentBlockMemberToolResult:
		r.toolResult(b, c.Value.ToolUseId, c.Value.Type)
	case *types.ContentBlockMemberCitationsContent:
		r.cited(b, &c.Value)
	default:
		r.unknown()
	}
	r.close(b)
	return nil
}

func (r *Reader) begin(index int32) *Content {
	return &Content{index: index, From: r.points, Place: r.said(), Before: r.Calls}
}

// said is how many code points of text stand before what comes next, those that are held back among them.
func (r *Reader) said() int {
	if how := &r.Context.Answer; how.Clean && how.Tool == "" && !how.Unwrap {
		return r.json.size()
	}
	return r.points
}

func (r *Reader) text(b *Content, s string) {
	if how := &r.Context.Answer; how.Tool != "" || how.Clean || how.Unwrap {
		r.spoken = b
		s = r.structured(s)
	}
	r.say(b, s)
}

func (r *Reader) say(b *Content, s string) {
	if s == "" {
		return
	}
	r.points += utf8.RuneCountInString(s)
	r.Sink.Tell(b, Text, s)
}

// think takes reasoning. It holds back what may still turn out to be the placeholder.
func (r *Reader) think(b *Content, s string) {
	b.Reasoned = true
	b.Reasoning = append(b.Reasoning, s...)
	if !b.Shown {
		if strings.HasPrefix(redactedReasoning, string(b.Reasoning)) {
			return
		}
		s = string(b.Reasoning)
	}
	r.show(b, s)
}

func (r *Reader) show(b *Content, s string) {
	if s != "" {
		r.Sink.Tell(b, Thought, s)
		b.Shown = true
	}
}

// toolUse opens a tool call. Only absent and tool_use are types of calls that the client has to run (R-RES-09,
// R-RES-10).
func (r *Reader) toolUse(b *Content, id, name *string, kind types.ToolUseType) {
	called := deref(name)
	if kind != "" && kind != "tool_use" {
		b.ignored = true
		r.serverIDs = append(r.serverIDs, deref(id))
		r.serverTool(called)
		return
	}
	if r.Context.Answer.Tool != "" {
		r.askedCall(b)
		return
	}
	if r.Context.DiscardCalls {
		b.ignored, r.dropped = true, true
		r.Adjusted.Add(r.Names.Tools, "calls_discarded") // R-TOOL-15
		return
	}
	if r.Calls > 0 && (r.OneCall || r.Context.OneCall) {
		b.ignored = true
		r.Adjusted.Add(r.Names.Parallel, "extra_calls_dropped") // R-CHO-08
		return
	}
	if original, ok := r.Context.Names[called]; ok {
		called = original
	}
	r.Calls++
	b.call, b.blank, b.ID, b.Name = true, true, r.callID(deref(id)), called
	r.Sink.Call(b)
}

// callID gives an id that no earlier call of the reply has.
func (r *Reader) callID(id string) string {
	if id == "" {
		id = "call_" + strconv.Itoa(r.Calls) // Bedrock promises one; without it the client could not answer
	}
	if r.ids == nil {
		r.ids = taken{}
	}
	return r.ids.free(id, func(n int64) string { return id + "-" + itoa(n) })
}

// input takes a fragment of a tool call's input.
func (r *Reader) input(b *Content, fragment string) {
	switch {
	case b.ignored || fragment == "":
		return
	case !b.call && !b.content:
		r.unknown()
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
	r.fragment(b, fragment)
}

// fragment tells a piece of the input.
func (r *Reader) fragment(b *Content, fragment string) {
	if b.content {
		r.contentInput(b, fragment)
		return
	}
	r.Sink.Tell(b, Arguments, fragment)
}

// toolResult notes the result of a tool that ran inside Bedrock. Its kind names it when its call was not seen.
func (r *Reader) toolResult(b *Content, id, kind *string) {
	b.ignored = true
	if !slices.Contains(r.serverIDs, deref(id)) {
		r.serverTool(deref(kind))
	}
}

func (r *Reader) serverTool(name string) {
	if name != "" && !slices.Contains(r.serverTools, name) {
		r.serverTools = append(r.serverTools, name)
	}
}

// unknown notes content that no rule knows (R-GEN-10).
func (r *Reader) unknown() { r.Adjusted.Add("content", "unknown_block") }

// close ends a block: what can only be told now is told.
func (r *Reader) close(b *Content) {
	if b.quoted != nil {
		said := dequoted(b.quoted)
		if b.quoted, b.blank = nil, said == ""; !b.blank {
			r.fragment(b, said)
		}
	}
	if b.call && b.blank {
		r.input(b, "{}") // R-STR-11
	}
	if b.content {
		r.closeContent(b)
	}
	if r.Context.Answer.Unwrap && r.Context.Answer.Tool == "" {
		r.flushJSON()
	}
	if full := string(b.Reasoning); !b.Shown && full != redactedReasoning {
		r.show(b, full)
	}
	b.To, r.thought = r.points, r.thought || b.Reasoned
	if !b.ignored || b.Reasoned || len(b.Sources) > 0 {
		r.Sink.End(b)
	}
}
