package chat

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"

	"outcrop/openai"
	"outcrop/translate/converse"
)

// replayed is a reasoning block of history that goes back, and where in its message it stood.
type replayed struct {
	block *converse.Reasoning
	after openai.Position
}

// replayable are the reasoning blocks of a message that this family will take back, in their order (R-RPL-02, -03).
// Where one of several tells no place, they may only go back if there is but one order: lost says that they stay
// behind (R-RPL-05).
func (r *reader) replayable(m *openai.Message) (list []replayed, lost bool) {
	details := m.ReasoningDetails
	byIndex := func(a, b openai.ReasoningDetail) int { return cmp.Compare(a.Index, b.Index) }
	if !slices.IsSortedFunc(details, byIndex) {
		details = slices.Clone(details)
		slices.SortStableFunc(details, byIndex)
	}
	placed := true
	for i := range details {
		if b := reasoningOf(&details[i]); converse.Returns(b, r.row) {
			list = append(list, replayed{b, details[i].After})
			placed = placed && details[i].After.Known
		}
	}
	if placed {
		return list, false
	}
	if len(list) > 1 && !onlyCall(m) {
		return nil, true
	}
	for i := range list {
		list[i].after = openai.Position{}
	}
	return list, false
}

// onlyCall tells whether a message is a single call without a word.
func onlyCall(m *openai.Message) bool {
	calls := len(m.ToolCalls)
	if m.FunctionCall != nil {
		calls++
	}
	return calls == 1 && !speaks(m)
}

// speaks tells whether a message has text that is not blank.
func speaks(m *openai.Message) bool {
	if m.Refusal != nil && !converse.Blank(*m.Refusal) {
		return true
	}
	return m.Content != nil && (!converse.Blank(m.Content.Text) ||
		slices.ContainsFunc(m.Content.Parts, func(p openai.ContentPart) bool {
			return p.Text != nil && !converse.Blank(*p.Text) || p.Refusal != nil && !converse.Blank(*p.Refusal)
		}))
}

func reasoningOf(d *openai.ReasoningDetail) *converse.Reasoning {
	switch d.Type {
	case openai.ReasoningText:
		return &converse.Reasoning{Format: d.Format, Text: d.Text, Signature: d.Signature}
	case openai.ReasoningEncrypted:
		return &converse.Reasoning{Format: d.Format, Data: d.Data}
	}
	return &converse.Reasoning{}
}

// retelling appends an assistant's message to its turn, in the order in which Bedrock produced its pieces (R-RPL-05,
// R-MSG-16).
type retelling struct {
	*reader
	i    int
	m    *openai.Message
	part int   // of the content: the part that comes next
	text runes // of the content: what is left of the part before it, or of the string
	told bool  // the part before it has begun
	call int   // of the message: the call that comes next
}

// retell appends message i with that reasoning, which is lost where nobody knows its place.
func (r *reader) retell(i int, m *openai.Message, list []replayed, lost bool) {
	r.ignoreName(m)
	if lost {
		r.found().Adjust("messages[].reasoning_details", "position_unknown")
	}
	t := retelling{reader: r, i: i, m: m}
	if m.Content != nil && m.Content.Parts == nil {
		t.text.text = m.Content.Text
	}
	for _, block := range list {
		t.orderedTo(block.after)
		r.add(converse.Block{Reasoning: block.block})
	}
	if len(list) > 0 { // a turn with its reasoning keeps every block where it was
		t.orderedTo(openai.Position{Content: math.MaxInt, ToolCalls: t.placed()})
	}
	t.contentTo(math.MaxInt)
	if m.Refusal != nil {
		r.add(converse.Block{Text: *m.Refusal})
	}
	t.callsTo(math.MaxInt)
	if m.Audio != nil {
		if !speaks(m) && len(m.ToolCalls) == 0 && m.FunctionCall == nil {
			r.found().Refuse(openai.CodeUnsupportedValue, converse.At("messages", i, ".audio"),
				"Unsupported value: '%s' refers to audio that was not made here.", converse.At("messages", i, ".audio"))
		}
		r.found().Adjust("messages[].audio", "ignored")
	}
	r.addPoint(m.CacheControl)
}

// textTo appends the text of the part that is being told, up to a place in it.
func (t *retelling) textTo(place int) {
	if piece := t.text.to(place); piece != "" {
		t.add(converse.Block{Text: piece})
	}
}

// contentTo appends the content up to a place in it, in code points of all of its texts.
func (t *retelling) contentTo(place int) {
	t.textTo(place)
	if t.m.Content == nil {
		return
	}
	parts := t.m.Content.Parts
	for t.text.text == "" {
		if t.told {
			t.addPoint(t.control(&parts[t.part-1]))
			t.told = false
		}
		if t.part == len(parts) || t.text.taken >= place {
			return
		}
		p := &parts[t.part]
		t.part++
		if !t.allowed(t.i, t.part-1, p, inAssistant) {
			continue
		}
		if t.told = true; p.Type == "refusal" {
			t.add(converse.Block{Text: *p.Refusal})
			continue
		}
		t.text.text = *p.Text
		t.textTo(place)
	}
}

// orderedTo appends content and calls up to a place, in their order as far as calls tell theirs; those that do not stand
// behind the content.
func (t *retelling) orderedTo(at openai.Position) {
	for t.call < min(at.ToolCalls, len(t.m.ToolCalls)) && t.m.ToolCalls[t.call].After.Known {
		t.contentTo(min(t.m.ToolCalls[t.call].After.Content, at.Content))
		t.callsTo(t.call + 1)
	}
	t.contentTo(at.Content)
	t.callsTo(at.ToolCalls)
}

// placed is how many of the calls, from the first one on, tell their place.
func (t *retelling) placed() int {
	for i := range t.m.ToolCalls {
		if !t.m.ToolCalls[i].After.Known {
			return i
		}
	}
	return len(t.m.ToolCalls)
}

// callsTo appends the calls before that one.
func (t *retelling) callsTo(n int) {
	for ; t.call < min(n, len(t.m.ToolCalls)); t.call++ {
		t.readCall(t.i, t.call, &t.m.ToolCalls[t.call])
	}
	if f := t.m.FunctionCall; f != nil && t.call == len(t.m.ToolCalls) && t.call < n {
		t.call++
		t.addCall(converse.Call{
			ID: "fc_" + strconv.Itoa(t.functions), Name: f.Name, Input: aws.ToString(f.Arguments), ByName: true,
			Member: "messages[].function_call.arguments",
		})
	}
}

func (r *reader) addCall(c converse.Call) {
	r.calls = append(r.calls, c)
	r.add(converse.Block{Call: &r.calls[len(r.calls)-1]})
}

// readCall appends a call of message i.
func (r *reader) readCall(i, j int, t *openai.ToolCall) {
	if t.NoID { // an id that is there, though empty, fits its result (R-RPL-07)
		r.found().Missing(converse.At("messages", i, converse.At(".tool_calls", j, ".id")))
	}
	c := converse.Call{ID: t.ID, Name: t.Function.Name, Input: aws.ToString(t.Function.Arguments),
		Member: "messages[].tool_calls[].function.arguments"}
	switch {
	case t.Type == "custom" && t.Custom != nil:
		c.Name, c.Input, c.Custom = t.Custom.Name, t.Custom.Input, true
	case t.Type != "function" && t.Type != "":
		r.found().Refuse(openai.CodeInvalidValue, converse.At("messages", i, converse.At(".tool_calls", j, ".type")),
			"Invalid value: '%s'. Supported values are: 'function' and 'custom'.", t.Type)
	}
	r.addCall(c)
}
