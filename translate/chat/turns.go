package chat

import (
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
)

// finish puts the turns into the input, with the results of each assistant turn's calls in front of the user turn after it.
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
			if t.messages > 1 && !interleaved(blocks) {
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

// assistantTurn appends what the assistant said, its calls in a turn of their own where the family takes no text beside them
// (FACTS 2.2). As in [conversation.userTurn], only a word of the other side keeps the service from joining the two again.
func (v *conversation) assistantTurn(out []types.Message, blocks []types.ContentBlock) []types.Message {
	assistant := func(content []types.ContentBlock) types.Message {
		return types.Message{Role: types.ConversationRoleAssistant, Content: content}
	}
	if v.caps.ToolUseAlone == catalog.Yes {
		call := slices.IndexFunc(blocks, func(b types.ContentBlock) bool { _, is := b.(*types.ContentBlockMemberToolUse); return is })
		if call > 0 {
			return append(out, assistant(blocks[:call:call]),
				types.Message{Role: types.ConversationRoleUser, Content: []types.ContentBlock{text(filler)}}, assistant(blocks[call:]))
		}
	}
	return append(out, assistant(blocks))
}

// userTurn appends results and content as one turn, or as two with an assistant's word between them where the family does
// not take the content beside results (R-MSG-07).
func (v *conversation) userTurn(out []types.Message, results, content []types.ContentBlock) []types.Message {
	content = withText(content)
	if len(results) > 0 && len(content) > 0 && !v.beside(content) {
		out = append(out,
			types.Message{Role: types.ConversationRoleUser, Content: results},
			types.Message{Role: types.ConversationRoleAssistant, Content: []types.ContentBlock{text(filler)}})
		results = nil
	}
	if len(results) > 0 {
		content = append(results, content...)
	}
	if len(content) == 0 {
		content = []types.ContentBlock{text(filler)}
	}
	return append(out, types.Message{Role: types.ConversationRoleUser, Content: content})
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

// interleaved tells whether reasoning stands first and again further on: its order is then that in which it was produced, and
// nothing of it may move (R-RPL-05).
func interleaved(blocks []types.ContentBlock) bool {
	lead := slices.IndexFunc(blocks, func(b types.ContentBlock) bool { return !isReasoning(b) })
	return lead > 0 && slices.ContainsFunc(blocks[lead:], isReasoning)
}

// inOrder sorts the blocks of several assistant messages: reasoning, text, calls (R-MSG-16). A cache point follows the block
// that it stands after.
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
func (c *chat) leading() {
	if c.in.Messages[0].Role == types.ConversationRoleAssistant && c.caps.LeadingAssistantOK != catalog.Yes {
		c.in.Messages = slices.Insert(c.in.Messages, 0, types.Message{Role: types.ConversationRoleUser, Content: []types.ContentBlock{text(filler)}})
	}
}

// prefill treats a final assistant turn as the beginning of the answer (R-MSG-15).
func (c *chat) prefill() {
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
	c.adjust("messages[]", "prefill_unsupported")
	c.in.Messages = append(c.in.Messages, types.Message{Role: types.ConversationRoleUser, Content: []types.ContentBlock{text("Continue.")}})
}
