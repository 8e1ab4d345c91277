package translate

import (
	"slices"
	"strings"
	"unicode"

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
	if n := len(v.turns); n > 0 && v.turns[n-1].assistant && !assistant && v.turns[n-1].from == v.turns[n-1].to {
		v.turns = v.turns[:n-1]
	}
	if n := len(v.turns); n > 0 && v.turns[n-1].assistant == assistant {
		return &v.turns[n-1]
	}
	v.turns = append(v.turns, turn{assistant: assistant, from: len(v.blocks), to: len(v.blocks)})
	return &v.turns[len(v.turns)-1]
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

func (v *conversation) systemMessage(i int, m *openai.Message) {
	if v.others && v.caps.System != catalog.No {
		v.adjust("messages[].role", "system_moved_to_front")
	}
	v.ignoreName(m)
	if m.Content == nil {
		return
	}
	if m.Content.Parts == nil {
		v.addSystem(m.Content.Text)
	}
	for j := range m.Content.Parts {
		p := &m.Content.Parts[j]
		if !v.allowed(i, j, p, inSystem) {
			continue
		}
		v.addSystem(*p.Text)
		v.system = v.cacheSystem(v.system, p)
	}
	if m.CacheControl != nil {
		v.system = v.cacheSystem(v.system, &openai.ContentPart{CacheControl: m.CacheControl})
	}
}

func (v *conversation) addSystem(s string) {
	if !blank(s) {
		v.system = append(v.system, &types.SystemContentBlockMemberText{Value: s})
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
	before := len(v.blocks)
	v.replayReasoning(m)
	if m.Content != nil && m.Content.Parts == nil {
		v.addText(m.Content.Text)
	}
	if m.Content != nil {
		for j := range m.Content.Parts {
			v.assistantPart(i, j, &m.Content.Parts[j])
		}
	}
	if m.Refusal != nil {
		v.addText(*m.Refusal)
	}
	v.addCalls(i, m)
	if m.Audio != nil {
		if len(v.blocks) == before {
			v.refuse(openai.CodeUnsupportedValue, at("messages", i, ".audio"), "Unsupported value: '%s' refers to audio that was not made here.", at("messages", i, ".audio"))
		}
		v.adjust("messages[].audio", "ignored")
	}
	v.cacheMessage(m)
}

func (v *conversation) assistantPart(i, j int, p *openai.ContentPart) {
	if !v.allowed(i, j, p, inAssistant) {
		return
	}
	s := p.Text
	if p.Type == "refusal" {
		s = p.Refusal
	}
	v.addText(*s)
	v.cachePart(p)
}

// finish puts the turns into the input, with the results of each assistant turn's calls in front of the user turn after it.
func (v *conversation) finish() {
	if n := len(v.turns); n > 0 && v.turns[n-1].assistant {
		if last := v.turns[n-1]; last.from == last.to || last.lastOf > last.firstCall {
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
			if t.messages > 1 {
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

// systemToUser moves the system texts into the first user turn, for models without system prompts (R-MSG-04).
func (c *chat) systemToUser() {
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
	c.in.Messages = slices.Insert(c.in.Messages, 0, types.Message{Role: types.ConversationRoleUser, Content: []types.ContentBlock{block}})
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
