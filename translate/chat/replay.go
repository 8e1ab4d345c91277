package chat

import (
	"cmp"
	"math"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
)

// replayed is a reasoning block of history that goes back, and where in its message it stood.
type replayed struct {
	block types.ReasoningContentBlock
	after openai.Position
}

// replayable are the reasoning blocks of a message that this family will take back, in their order (R-RPL-02, -03). Where one of
// several tells no place, they may only go back if there is but one order: lost says that they stay behind (R-RPL-05).
func (c *chat) replayable(m *openai.Message) (list []replayed, lost bool) {
	details := m.ReasoningDetails
	byIndex := func(a, b openai.ReasoningDetail) int { return cmp.Compare(a.Index, b.Index) }
	if !slices.IsSortedFunc(details, byIndex) {
		details = slices.Clone(details)
		slices.SortStableFunc(details, byIndex)
	}
	placed := true
	for i := range details {
		if b := c.signed(&details[i]); b != nil {
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
	if m.Refusal != nil && !blank(*m.Refusal) {
		return true
	}
	return m.Content != nil && (!blank(m.Content.Text) || slices.ContainsFunc(m.Content.Parts, func(p openai.ContentPart) bool {
		return p.Text != nil && !blank(*p.Text) || p.Refusal != nil && !blank(*p.Refusal)
	}))
}

// retelling appends an assistant's message to its turn, in the order in which Bedrock produced its pieces (R-RPL-05, R-MSG-16).
type retelling struct {
	*conversation
	i     int
	m     *openai.Message
	part  int   // of the content: the part that comes next
	text  runes // of the content: what is left of the part before it, or of the string
	told  bool  // the text has begun
	call  int   // of the message: the call that comes next
	first int   // of the message: its first call among all
}

// retell appends message i.
func (v *conversation) retell(i int, m *openai.Message) {
	r := retelling{conversation: v, i: i, m: m, first: v.nextCall(i)}
	if m.Content != nil && m.Content.Parts == nil {
		r.text.text = m.Content.Text
	}
	for _, block := range v.replay(m) {
		r.contentTo(block.after.Content)
		r.callsTo(block.after.ToolCalls)
		v.add(&types.ContentBlockMemberReasoningContent{Value: block.block})
	}
	r.contentTo(math.MaxInt)
	if m.Refusal != nil {
		v.addText(*m.Refusal)
	}
	r.callsTo(math.MaxInt)
}

// replay is what of a message's reasoning is sent back: none while thinking is off (R-RSN-09).
func (v *conversation) replay(m *openai.Message) []replayed {
	if !v.replays() || len(m.ReasoningDetails) == 0 {
		return nil
	}
	list, lost := v.replayable(m)
	if lost {
		v.adjust("messages[].reasoning_details", "position_unknown")
	}
	return list
}

// contentTo appends the content up to a place in it, in code points of all of its texts.
func (r *retelling) contentTo(place int) {
	r.addText(r.text.to(place))
	if r.m.Content == nil {
		return
	}
	parts := r.m.Content.Parts
	for r.text.text == "" {
		if r.told {
			r.cachePart(&parts[r.part-1])
			r.told = false
		}
		if r.part == len(parts) || r.text.taken >= place {
			return
		}
		p := &parts[r.part]
		r.part++
		if !r.allowed(r.i, r.part-1, p, inAssistant) {
			continue
		}
		if r.told = true; p.Type == "refusal" {
			r.addText(*p.Refusal)
			continue
		}
		r.text.text = *p.Text
		r.addText(r.text.to(place))
	}
}

// callsTo appends the calls before that one.
func (r *retelling) callsTo(n int) {
	t := &r.turns[len(r.turns)-1]
	for ; r.call < min(n, len(r.m.ToolCalls)); r.call++ {
		r.addToolCall(r.i, r.call, &r.m.ToolCalls[r.call], &r.calls[r.first+r.call])
	}
	if f := r.m.FunctionCall; f != nil && r.call == len(r.m.ToolCalls) && r.call < n {
		r.addFunctionCall(&r.calls[r.first+r.call], f, "messages[].function_call.arguments")
		r.call++
	}
	t.lastOf = r.first + r.call
}
