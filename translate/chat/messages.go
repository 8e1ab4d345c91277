package chat

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// conversation collects the turns of a request (TRANSLATION 1.4). Neighbours of equal role share a turn.
type conversation struct {
	*chat
	turns  []turn
	blocks []types.ContentBlock // of all turns, one after the other
	calls  []call               // of all turns, one after the other
	owner  []int                // by message: the call that a tool message answers, or -1
	many   bool                 // user messages have several names (R-MSG-18)
	others bool                 // a message that is not a system message was seen
}

// turn is a run of messages that becomes one message at Bedrock. Results are not among its blocks: they follow from the calls
// of the turn before.
type turn struct {
	assistant         bool
	from, to          int // in blocks
	firstCall, lastOf int // in calls, end exclusive
	messages          int
}

// converse sets messages and system.
func (c *chat) converse() {
	v := conversation{chat: c}
	v.turns = make([]turn, 0, len(c.req.Messages)+1)
	v.blocks = make([]types.ContentBlock, 0, len(c.req.Messages)+4)
	v.pair()
	v.countNames()
	for i := range c.req.Messages {
		v.message(i, &c.req.Messages[i])
	}
	v.finish()
	if c.caps.System == catalog.No {
		if len(c.system) > 0 {
			c.adjust("messages[].role", "system_moved_to_user")
		}
		c.instruct()
		c.systemToUser()
	}
	c.leading()
	c.prefill()
	c.in.System = c.system
}

func (v *conversation) message(i int, m *openai.Message) {
	v.media.images = 0
	switch m.Role {
	case "system", "developer":
		v.systemMessage(i, m)
		return
	case "user":
		v.userMessage(i, m)
	case "assistant":
		v.assistantMessage(i, m)
	case "tool", "function":
		v.resultMessage(i, m)
	case "":
		v.missing(at("messages", i, ".role"))
	default:
		v.refuse(openai.CodeInvalidValue, at("messages", i, ".role"), "Invalid value: '%s'. Supported values are: 'system', 'developer', 'user', 'assistant', 'tool' and 'function'.", m.Role)
	}
	v.others = true
}

// turn gives the last turn if it is of the role, else a new one. An assistant turn that came to nothing is dropped
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

// isNothing tells whether a turn is the assistant's and has neither a word nor a call: reasoning alone is refused, and so is a
// turn without blocks.
func (v *conversation) isNothing(t *turn) bool {
	return t.assistant && !slices.ContainsFunc(v.blocks[t.from:t.to], func(b types.ContentBlock) bool {
		return !isReasoning(b) && !isBlockPoint(b)
	})
}

func isReasoning(b types.ContentBlock) bool {
	_, ok := b.(*types.ContentBlockMemberReasoningContent)
	return ok
}

// add appends a block to the last turn.
func (v *conversation) add(b types.ContentBlock) {
	v.blocks = append(v.blocks, b)
	v.turns[len(v.turns)-1].to = len(v.blocks)
}

func text(s string) types.ContentBlock { return &types.ContentBlockMemberText{Value: s} }

// addText appends a text block unless the text is blank (R-MSG-12).
func (v *conversation) addText(s string) {
	if !blank(s) {
		v.add(text(s))
	}
}

func (v *conversation) userMessage(i int, m *openai.Message) {
	v.turn(false)
	if m.Content == nil {
		v.refuse(openai.CodeInvalidType, at("messages", i, ".content"), "Invalid type for '%s': expected a string or an array of content parts, but got null instead.", at("messages", i, ".content"))
		return
	}
	prefix := v.speaker(m)
	if m.Content.Parts == nil {
		if !blank(m.Content.Text) {
			v.add(text(prefix + m.Content.Text))
			prefix = ""
		}
	} else if len(m.Content.Parts) == 0 {
		v.refuse(openai.CodeEmptyArray, at("messages", i, ".content"), "Invalid '%s': empty array. Expected an array with minimum length 1, but got an empty array instead.", at("messages", i, ".content"))
	}
	for j := range m.Content.Parts {
		p := &m.Content.Parts[j]
		if !v.allowed(i, j, p, inUser) {
			continue
		}
		if p.Type == "text" {
			if !blank(*p.Text) {
				v.add(text(prefix + *p.Text))
				prefix = ""
			}
		} else if b := v.userMedia(i, j, p); b != nil {
			v.add(b)
		}
		v.cachePart(p)
	}
	if prefix != "" {
		v.adjust("messages[].name", "ignored") // there was no text to put it before
	}
	v.cacheMessage(m)
}

// speaker is what stands before the first text of a named user message (R-MSG-18).
func (v *conversation) speaker(m *openai.Message) string {
	if v.many && m.Name != nil && *m.Name != "" {
		return *m.Name + ": "
	}
	v.ignoreName(m)
	return ""
}

func (v *conversation) ignoreName(m *openai.Message) {
	if m.Name != nil && *m.Name != "" {
		v.adjust("messages[].name", "ignored")
	}
}

func (v *conversation) countNames() {
	name := ""
	for i := range v.req.Messages {
		m := &v.req.Messages[i]
		if m.Role != "user" || m.Name == nil || *m.Name == "" {
			continue
		}
		if name != "" && name != *m.Name {
			v.many = true
			return
		}
		name = *m.Name
	}
}

func (v *conversation) assistantMessage(i int, m *openai.Message) {
	t := v.turn(true)
	if t.messages++; t.messages == 1 {
		t.firstCall, t.lastOf = v.nextCall(i), v.nextCall(i)
	}
	v.ignoreName(m)
	v.retell(i, m)
	if m.Audio != nil {
		if !speaks(m) && len(m.ToolCalls) == 0 && m.FunctionCall == nil {
			v.refuse(openai.CodeUnsupportedValue, at("messages", i, ".audio"), "Unsupported value: '%s' refers to audio that was not made here.", at("messages", i, ".audio"))
		}
		v.adjust("messages[].audio", "ignored")
	}
	v.cacheMessage(m)
}
