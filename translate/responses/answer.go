package responses

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"

	"outcrop/openai"
)

// answer gathers the items of an answer out of the pieces in which chat tells it, and tells events of them.
type answer struct {
	req     *Request
	of      Call
	id      string // 32 hex digits
	model   string
	items   []*item
	open    *item // the last one, until it is done
	runes   int   // of text so far
	thought bool  // a block of reasoning was shown
	called  bool  // the reply held reasoning

	finish string
	tier   string
	usage  *openai.Usage
	more   *openai.Extension

	*events // nil tells nobody
}

// kind is what an output item is.
type kind int

const (
	message kind = iota
	call
	custom
	reasoning
)

// prefixes of the ids of items (R-RSP-72).
var prefixes = [...]string{message: "msg_", call: "fc_", custom: "ctc_", reasoning: "rs_"}

// item is one output item.
type item struct {
	kind kind
	id   string
	at   int // in output

	text   strings.Builder // of a message, or arguments as the model wrote them
	status string

	from        int // code points of text before it
	annotations []openai.Annotation

	callID string
	tool   toolName
	input  inputText // of a custom tool

	family  string
	blocks  []block
	summary []string
	shown   *strings.Builder // the block that is being shown
}

// Call is what an answer is named and dated after: its id, which need not have the form of this API's, and the times at
// which its request came and its answer is whole, in seconds.
type Call struct {
	ID      string
	Created int64
	Now     func() int64
}

// responseID makes the digits of a response's id out of those of its call.
func responseID(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

func (a *answer) begin(k kind) *item {
	a.close("completed")
	it := &item{kind: k, at: len(a.items), status: "in_progress", from: a.runes}
	it.id = prefixes[k] + a.id + "_" + strconv.Itoa(it.at)
	a.items = append(a.items, it)
	a.open = it
	return it
}

// take takes one chunk of the answer. There is one choice.
func (a *answer) take(c *openai.ChatChunk) {
	if c.Head != nil && c.Model != "" {
		a.model = c.Model
	}
	if c.Usage != nil {
		a.usage, a.tier = c.Usage, c.ServiceTier
	}
	a.more = a.more.Plus(c.Outcrop)
	for i := range c.Choices {
		choice := &c.Choices[i]
		a.delta(&choice.Delta)
		if choice.FinishReason != "" {
			a.finish = choice.FinishReason
			a.end()
		}
	}
}

func (a *answer) delta(d *openai.Delta) {
	if d.Reasoning != "" {
		a.think(d.Reasoning)
	}
	for i := range d.ReasoningDetails {
		a.detail(&d.ReasoningDetails[i])
	}
	if d.Content != "" {
		a.say(d.Content)
	}
	for i := range d.ToolCalls {
		a.call(&d.ToolCalls[i])
	}
	for i := range d.Annotations {
		a.annotate(d.Annotations[i])
	}
}

// end closes the last item with the status that the finish reason gives it (R-RSP-75). An answer without any gets a
// message without text: agents take an empty output for a sign to go on (R-RSP-74).
func (a *answer) end() {
	if len(a.items) == 0 {
		a.begin(message)
		a.added()
	}
	status := "completed"
	if a.incomplete() != "" {
		status = "incomplete"
	}
	a.close(status)
}

// incomplete is the reason why the answer is not whole, "" where it is.
func (a *answer) incomplete() string {
	switch a.finish {
	case openai.FinishLength:
		return "max_output_tokens"
	case openai.FinishContentFilter:
		return "content_filter"
	}
	return ""
}

func (a *answer) say(text string) {
	if a.open == nil || a.open.kind != message {
		a.begin(message)
		a.added()
	}
	a.open.text.WriteString(text)
	a.runes += utf8.RuneCountInString(text)
	a.textDelta(text)
}

func (a *answer) annotate(n openai.Annotation) {
	if a.open == nil || a.open.kind != message {
		return
	}
	n.Start, n.End = max(n.Start-a.open.from, 0), max(n.End-a.open.from, 0)
	if n.Title == "" {
		n.Title = n.URL
	}
	a.open.annotations = append(a.open.annotations, n)
	a.annotationAdded(len(a.open.annotations) - 1)
}

// call begins a call or goes on with one.
func (a *answer) call(t *openai.ToolCallDelta) {
	if t.ID != "" || t.Name != "" || a.open == nil || a.open.kind != call && a.open.kind != custom {
		tool, known := a.req.tools[t.Name]
		if !known {
			tool = toolName{name: t.Name}
		}
		k := call
		if tool.custom {
			k = custom
		}
		it := a.begin(k)
		it.callID, it.tool = t.ID, tool
		a.added()
	}
	if t.Arguments != "" {
		a.arguments(t.Arguments)
	}
}

func (a *answer) arguments(piece string) {
	it := a.open
	it.text.WriteString(piece)
	if it.kind == call {
		a.inputDelta(piece)
	} else if text := it.input.take(piece); text != "" {
		a.inputDelta(text)
	}
}

// think shows a piece of reasoning. Blocks are parted by an empty line, which is no part of either.
func (a *answer) think(piece string) {
	a.called = true
	if a.open == nil || a.open.kind != reasoning {
		a.begin(reasoning)
		a.added()
	}
	it := a.open
	if it.shown == nil {
		if a.thought {
			piece = strings.TrimPrefix(piece, "\n\n")
		}
		a.thought = true
		if piece == "[REDACTED]" {
			return
		}
		it.shown = &strings.Builder{}
		a.summaryPart(true)
	}
	it.shown.WriteString(piece)
	a.summaryDelta(piece)
}

// detail ends a block of reasoning.
func (a *answer) detail(d *openai.ReasoningDetail) {
	a.called = true
	if a.open == nil || a.open.kind != reasoning {
		a.begin(reasoning)
		a.added()
	}
	it := a.open
	it.family = d.Format
	if d.Type == openai.ReasoningEncrypted {
		it.blocks = append(it.blocks, block{Redacted: d.Data})
	} else {
		text := d.Text
		it.blocks = append(it.blocks, block{Text: &text, Signature: d.Signature})
	}
	a.endThought()
}

// endThought closes the block that is being shown.
func (a *answer) endThought() {
	it := a.open
	if it.shown == nil {
		return
	}
	if text := it.shown.String(); a.req.summarised() {
		it.summary = append(it.summary, text)
	}
	a.summaryPart(false)
	it.shown = nil
}

func (a *answer) close(status string) {
	it := a.open
	if it == nil {
		return
	}
	switch it.kind {
	case reasoning:
		a.endThought()
	case call:
		if strings.TrimSpace(it.text.String()) == "" && status == "completed" {
			it.text.Reset()
			a.arguments("{}")
		}
	case custom:
		if rest := it.input.rest(it.text.String()); rest != "" {
			a.inputDelta(rest)
		}
	}
	it.status = status
	a.done()
	a.open = nil
}
