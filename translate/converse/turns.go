package converse

import (
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
)

// conversation makes messages of turns (TRANSLATION 1.4). Neighbours of one side are joined.
type conversation struct {
	*pass
	turns  []turn
	blocks []types.ContentBlock // of all turns, one after the other
	calls  []call               // of all turns, one after the other
	given  []given              // the results of the request, one after the other

	nextCall, nextResult int // of those that were paired

	begun bool // a turn was seen that is not the system's

	room [4]turn // for conversations of ordinary size
}

// turn is a run of the client's turns that becomes one message at Bedrock. Results are not among its blocks: they
// follow from the calls of the turn before.
type turn struct {
	assistant         bool
	from, to          int // in blocks
	firstCall, lastOf int // in calls, end exclusive
	messages          int
}

// converse sets messages and system.
func (c *pass) converse() {
	v := conversation{pass: c}
	v.turns = slices.Grow(v.room[:0], len(c.req.Turns)+1)
	v.blocks = make([]types.ContentBlock, 0, len(c.req.Turns)+4)
	v.pair()
	for i := range c.req.Turns {
		v.media.images = 0
		switch t := &c.req.Turns[i]; {
		case t.System:
			v.takeSystem(t)
		case t.Assistant:
			v.takeAssistant(t)
			v.begun = true
		default:
			v.takeUser(t)
			v.begun = true
		}
	}
	v.finish()
	if c.caps.System == catalog.No {
		if len(c.system) > 0 {
			c.Adjust(c.req.Names.Role, "system_moved_to_user")
		}
		c.instruct()
		c.systemToUser()
	}
	c.leading()
	c.prefill()
	c.in.System = c.system
}

func (v *conversation) takeSystem(t *Turn) {
	if v.begun && v.caps.System != catalog.No {
		v.Adjust(v.req.Names.Role, "system_moved_to_front")
	}
	for i := range t.Blocks {
		b := &t.Blocks[i]
		switch {
		case b.Found != nil:
			v.take(b)
		case b.Point == nil && !Blank(b.Text):
			v.system = append(v.system, &types.SystemContentBlockMemberText{Value: b.Text})
		case b.Point != nil && len(v.system) > 0:
			if point := v.point(b.Point, v.caps.Caching.System && v.caps.System != catalog.No); point != nil {
				v.system = append(v.system, &types.SystemContentBlockMemberCachePoint{Value: *point})
			}
		}
	}
}

// systemToUser moves the system texts into the first user turn, for models without system prompts (R-MSG-04).
func (c *pass) systemToUser() {
	var texts []string
	for _, b := range c.system {
		if t, ok := b.(*types.SystemContentBlockMemberText); ok {
			texts = append(texts, t.Value)
		}
	}
	c.system = nil
	if len(texts) == 0 {
		return
	}
	block := text(strings.Join(texts, "\n\n"))
	if m := &c.in.Messages[0]; m.Role == types.ConversationRoleUser {
		m.Content = slices.Insert(slices.Clip(m.Content), 0, block)
		return
	}
	c.in.Messages = slices.Insert(c.in.Messages, 0, fromUser(block))
}

// turn gives the last turn if it is of that side, else a new one. An assistant turn that came to nothing is dropped
// (R-MSG-12).
func (v *conversation) turn(assistant bool) *turn {
	if n := len(v.turns); n > 0 && !assistant && v.isNothing(&v.turns[n-1]) {
		v.blocks = v.blocks[:v.turns[n-1].from]
		v.turns = v.turns[:n-1]
	}
	if n := len(v.turns); n > 0 && v.turns[n-1].assistant == assistant {
		return &v.turns[n-1]
	}
	v.turns = append(v.turns, turn{assistant: assistant, from: len(v.blocks), to: len(v.blocks)})
	return &v.turns[len(v.turns)-1]
}

// isNothing tells whether a turn is the assistant's and has neither a word nor a call: reasoning alone is refused,
// and so is a turn without blocks.
func (v *conversation) isNothing(t *turn) bool {
	return t.assistant && !slices.ContainsFunc(v.blocks[t.from:t.to], func(b types.ContentBlock) bool {
		return !isReasoning(b) && !isBlockPoint(b)
	})
}

func isReasoning(b types.ContentBlock) bool { return is[*types.ContentBlockMemberReasoningContent](b) }

func (v *conversation) takeUser(t *Turn) {
	if len(t.Blocks) == 0 {
		v.turn(false)
	}
	for i := range t.Blocks {
		if b := &t.Blocks[i]; b.Result != nil {
			v.takeResult(b)
		} else {
			v.turn(false)
			v.take(b)
		}
	}
}

// takeAssistant appends an assistant's blocks in the order in which Bedrock produced them, without its reasoning
// while thinking is off (R-RSN-09).
func (v *conversation) takeAssistant(t *Turn) {
	last := v.turn(true)
	if last.messages++; last.messages == 1 {
		last.firstCall, last.lastOf = v.nextCall, v.nextCall
	}
	blocks, replays := t.Blocks, v.replays()
	if !replays && t.Plain != nil {
		blocks = t.Plain
	}
	for i := range blocks {
		switch b := &blocks[i]; {
		case b.Call != nil:
			v.takeCall(b.Call, &v.calls[v.nextCall])
			v.nextCall++
			last.lastOf = v.nextCall
		case b.Reasoning != nil:
			if r := signed(v.row, b.Reasoning); r != nil && replays {
				v.add(&types.ContentBlockMemberReasoningContent{Value: r})
			}
		default:
			v.take(b)
		}
	}
}

// take appends a text, a file or a cache point to the last turn, and takes in what was found there.
func (v *conversation) take(b *Block) {
	switch {
	case b.Found != nil:
		v.Findings.take(b.Found)
	case b.Media != nil:
		if block := v.mediaBlock(b); block != nil {
			v.add(block)
		}
	case b.Point != nil:
		v.takePoint(b.Point)
	default:
		v.addText(b.Text)
	}
}

// add appends a block to the last turn.
func (v *conversation) add(b types.ContentBlock) {
	v.blocks = append(v.blocks, b)
	v.turns[len(v.turns)-1].to = len(v.blocks)
}

func text(s string) types.ContentBlock { return &types.ContentBlockMemberText{Value: s} }

// addText appends a text block unless the text is blank (R-MSG-12).
func (v *conversation) addText(s string) {
	if !Blank(s) {
		v.add(text(s))
	}
}

// finish puts the turns into the input, with the results of each assistant turn's calls in front of the user turn
// after it.
func (v *conversation) finish() {
	if n := len(v.turns); n > 0 && v.turns[n-1].assistant {
		if last := v.turns[n-1]; v.isNothing(&last) || last.lastOf > last.firstCall {
			v.turn(false) // drops the turn, or holds its results
		}
	}
	if n := len(v.turns); n == 0 {
		v.turn(false)
	}
	out := make([]types.Message, 0, len(v.turns)+1)
	var calls []call // of the turn before
	for k := range v.turns {
		t := &v.turns[k]
		blocks := v.blocks[t.from:t.to:t.to]
		if t.assistant {
			if t.messages > 1 && !interleaved(blocks) || misplaced(blocks) {
				blocks = inOrder(blocks)
			}
			out = v.assistantTurn(out, blocks)
			calls = v.calls[t.firstCall:t.lastOf]
			continue
		}
		out = v.userTurn(out, v.results(calls), blocks)
		calls = nil
	}
	v.in.Messages = out
}

const filler = "."

func fromAssistant(content ...types.ContentBlock) types.Message {
	return types.Message{Role: types.ConversationRoleAssistant, Content: content}
}

func fromUser(content ...types.ContentBlock) types.Message {
	return types.Message{Role: types.ConversationRoleUser, Content: content}
}

// assistantTurn appends what the assistant said, its calls in a turn of their own where the family takes no text
// beside them (FACTS 2.2). As in [conversation.userTurn], only a word of the other side keeps the service from
// joining the two again.
func (v *conversation) assistantTurn(out []types.Message, blocks []types.ContentBlock) []types.Message {
	if v.caps.ToolUseAlone == catalog.Yes {
		call := slices.IndexFunc(blocks, isCall)
		if call > 0 {
			return append(out, fromAssistant(blocks[:call:call]...),
				fromUser(text(filler)), fromAssistant(blocks[call:]...))
		}
	}
	return append(out, fromAssistant(blocks...))
}

// userTurn appends results and content as one turn, or as two with an assistant's word between them where the family
// does not take the content beside results (R-MSG-07).
func (v *conversation) userTurn(out []types.Message, results, content []types.ContentBlock) []types.Message {
	content = withText(content)
	if len(results) > 0 && len(content) > 0 && !v.beside(content) {
		out = append(out,
			fromUser(results...),
			fromAssistant(text(filler)))
		results = nil
	}
	if len(results) > 0 {
		content = append(results, content...)
	}
	if len(content) == 0 {
		content = append(content, text(filler))
	}
	return append(out, fromUser(content...))
}

// beside tells whether the content may stand beside results in one turn.
func (v *conversation) beside(content []types.ContentBlock) bool {
	if v.flat {
		return true
	}
	if v.caps.ToolResultAlone == catalog.Yes {
		return false
	}
	may := v.caps.ToolResultBeside
	return may == nil || !slices.ContainsFunc(content, func(b types.ContentBlock) bool {
		kind := kindOfBlock(b)
		return kind != "" && !slices.Contains(may, kind)
	})
}

func kindOfBlock(b types.ContentBlock) string {
	switch b.(type) {
	case *types.ContentBlockMemberText:
		return "text"
	case *types.ContentBlockMemberImage:
		return "image"
	case *types.ContentBlockMemberDocument:
		return "document"
	}
	return ""
}

// interleaved tells whether reasoning stands first and again further on: its order is then that in which it was
// produced, and nothing of it may move (R-RPL-05).
func interleaved(blocks []types.ContentBlock) bool {
	lead := slices.IndexFunc(blocks, func(b types.ContentBlock) bool { return !isReasoning(b) })
	return lead > 0 && slices.ContainsFunc(blocks[lead:], isReasoning)
}

// misplaced tells whether a text follows a call where no reasoning has to keep its place: some families refuse it
// there.
func misplaced(blocks []types.ContentBlock) bool {
	call := slices.IndexFunc(blocks, isCall)
	isText := func(b types.ContentBlock) bool { return kindOfBlock(b) == "text" }
	return call >= 0 && slices.ContainsFunc(blocks[call:], isText) && !slices.ContainsFunc(blocks, isReasoning)
}

func isCall(b types.ContentBlock) bool { return is[*types.ContentBlockMemberToolUse](b) }

// inOrder sorts the blocks of several assistant messages: reasoning, text, calls (R-MSG-16). A cache point follows
// the block that it stands after.
func inOrder(blocks []types.ContentBlock) []types.ContentBlock {
	out := make([]types.ContentBlock, 0, len(blocks))
	for want := range 3 {
		place := -1
		for _, b := range blocks {
			switch b.(type) {
			case *types.ContentBlockMemberReasoningContent:
				place = 0
			case *types.ContentBlockMemberText:
				place = 1
			case *types.ContentBlockMemberToolUse:
				place = 2
			}
			if place == want {
				out = append(out, b)
			}
		}
	}
	return out
}

// leading puts a user turn before a conversation that starts with the assistant (R-MSG-14).
func (c *pass) leading() {
	if c.in.Messages[0].Role == types.ConversationRoleAssistant && c.caps.LeadingAssistantOK != catalog.Yes {
		c.in.Messages = slices.Insert(c.in.Messages, 0, fromUser(text(filler)))
	}
}

// prefill treats a final assistant turn as the beginning of the answer (R-MSG-15).
func (c *pass) prefill() {
	last := &c.in.Messages[len(c.in.Messages)-1]
	if last.Role != types.ConversationRoleAssistant {
		return
	}
	for i := len(last.Content) - 1; i >= 0; i-- {
		if t, ok := last.Content[i].(*types.ContentBlockMemberText); ok {
			last.Content[i] = text(strings.TrimRightFunc(t.Value, unicode.IsSpace))
			break
		}
	}
	if c.caps.AssistantPrefill != catalog.No && !c.thinking.on {
		return
	}
	c.Adjust(c.req.Names.Turn, "prefill_unsupported")
	c.in.Messages = append(c.in.Messages, fromUser(text("Continue.")))
}
