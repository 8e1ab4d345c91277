package chat

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// call is one tool call of history with its result.
type call struct {
	message  int    // that made it
	id       string // at Bedrock
	clientID string
	name     string // the client's
	answer   int    // the message with its result, -1 without one
	result   types.ContentBlock
	cache    []types.ContentBlock // a cache point after the result, or nothing
}

// pair finds the calls of history and the result of each (R-MSG-06, -08 to -11, -19).
func (v *conversation) pair() {
	n := 0
	for i := range v.req.Messages {
		n += len(v.req.Messages[i].ToolCalls)
		if m := &v.req.Messages[i]; m.FunctionCall != nil || m.Role == "tool" || m.Role == "function" {
			n++
		}
	}
	if n == 0 {
		return
	}
	p := pairing{conversation: v, byID: make(map[string]int, n), byName: map[string]int{}, groups: make([]namesakes, 0, n), taken: make(taken, n)}
	v.calls = make([]call, 0, n)
	v.owner = make([]int, len(v.req.Messages))
	for i := range v.req.Messages {
		switch m := &v.req.Messages[i]; m.Role {
		case "user":
			p.turn++
		case "assistant":
			p.announce(i, m)
		case "tool", "function":
			p.answer(i, m)
		}
	}
	for i := range p.groups {
		if g := &p.groups[i]; len(g.more) > 0 {
			p.share(g)
		}
	}
}

type pairing struct {
	*conversation
	byID, byName map[string]int // the latest group of an id, and of a legacy function's name
	groups       []namesakes
	taken        taken // ids at Bedrock
	functions    int
	turn         int // number of the assistant's turn that a call would belong to
}

// namesakes are the calls of one turn that carry one id. Nearly always that is one call, whose answer is noted at once; of
// several, the messages that answer them are collected (R-MSG-11).
type namesakes struct {
	turn    int
	call    int
	more    []int // further calls
	answers []int // messages
}

func (p *pairing) announce(i int, m *openai.Message) {
	for j := range m.ToolCalls {
		t := &m.ToolCalls[j]
		p.called(p.byID, t.ID)
		p.calls = append(p.calls, call{message: i, id: p.unique(t.ID), clientID: t.ID, name: callName(t), answer: -1})
	}
	if f := m.FunctionCall; f != nil {
		p.functions++
		id := "fc_" + itoa(int64(p.functions))
		p.called(p.byName, f.Name)
		p.calls = append(p.calls, call{message: i, id: p.unique(id), clientID: id, name: f.Name, answer: -1})
	}
}

// called notes that the next call has that key.
func (p *pairing) called(latest map[string]int, key string) {
	if g, ok := latest[key]; ok && p.groups[g].turn == p.turn {
		p.groups[g].more = append(p.groups[g].more, len(p.calls))
		return
	}
	latest[key] = len(p.groups)
	p.groups = append(p.groups, namesakes{turn: p.turn, call: len(p.calls)})
}

func (p *pairing) answer(i int, m *openai.Message) {
	p.owner[i] = -1
	key, latest := m.ToolCallID, p.byID
	if m.Role == "function" {
		key, latest = m.Name, p.byName
	}
	if key == nil {
		return
	}
	n, ok := latest[*key]
	if !ok {
		p.turn++ // an orphan is a user's text
		return
	}
	g := &p.groups[n]
	if g.turn == p.turn {
		p.turn++
	}
	if len(g.more) == 0 {
		p.give(g.call, i)
	} else {
		g.answers = append(g.answers, i)
	}
}

// give makes message i the result of call k. Of several the last counts (R-MSG-10).
func (p *pairing) give(k, i int) {
	if p.calls[k].answer >= 0 {
		p.adjust("messages[].tool_call_id", "duplicate_result")
	}
	p.owner[i], p.calls[k].answer = k, i
}

// share gives the results of an id to its calls: by name where a message tells one, the others in order (R-MSG-11).
func (p *pairing) share(g *namesakes) {
	calls := append([]int{g.call}, g.more...)
	named := map[string][]int{} // the calls of a name that have no result yet; the last one stays, for what comes too often
	for _, k := range calls {
		named[p.calls[k].name] = append(named[p.calls[k].name], k)
	}
	var rest []int
	for _, i := range g.answers {
		name := p.req.Messages[i].Name
		if name == nil || len(named[*name]) == 0 {
			rest = append(rest, i)
			continue
		}
		same := named[*name]
		p.give(same[0], i)
		if len(same) > 1 {
			named[*name] = same[1:]
		}
	}
	for _, i := range rest {
		for len(calls) > 1 && p.calls[calls[0]].answer >= 0 {
			calls = calls[1:]
		}
		p.give(calls[0], i)
	}
}

// unique is the call's id at Bedrock; an id that was there before gets a number (R-MSG-11).
func (p *pairing) unique(id string) string {
	return p.taken.free(p.fitID(id), func(n int64) string { return p.fitID(id + "-" + itoa(n)) })
}

// taken holds the names that are in use, and behind each the last number that was tried to make another of it: a thousand
// calls of one id must not try a thousand numbers each.
type taken map[string]int64

// free is the name, or the first of its numbered forms from 2 on that is not in use; it is in use from then on.
func (t taken) free(name string, numbered func(n int64) string) string {
	unique, n := name, max(t[name], 1)
	for t[unique] > 0 {
		n++
		unique = numbered(n)
	}
	t[name] = n
	t[unique] = max(t[unique], 1)
	return unique
}

// fitID puts an id into the pattern that Bedrock, or the family, asks for (R-RPL-07, -08).
func (c *chat) fitID(id string) string {
	if c.caps.ToolIDPattern == "alnum9" {
		sum := sha256.Sum256([]byte(id))
		digits := new(big.Int).SetBytes(sum[:]).Text(62)
		return (digits + "000000000")[:9]
	}
	if validID(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "tc_" + hex.EncodeToString(sum[:16])
}

func validID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		if b := id[i]; !nameByte(b) && b != '.' && b != ':' {
			return false
		}
	}
	return true
}

// nextCall is the index of the first call that message i or a later one made.
func (v *conversation) nextCall(i int) int {
	k, _ := slices.BinarySearchFunc(v.calls, i, func(c call, i int) int { return c.message - i })
	return k
}

// addToolCall appends a call of message i to its turn, as a block or as text (R-TOOL-14).
func (v *conversation) addToolCall(i, j int, t *openai.ToolCall, k *call) {
	if t.NoID {
		v.missing(at("messages", i, at(".tool_calls", j, ".id"))) // an id that is there, though empty, fits its result (R-RPL-07)
	}
	switch {
	case t.Type == "custom" && t.Custom != nil:
		v.addCall(k, wrap("input", t.Custom.Input), t.Custom.Input)
	case t.Type == "function" || t.Type == "":
		v.addFunctionCall(k, &t.Function, "messages[].tool_calls[].function.arguments")
	default:
		v.refuse(openai.CodeInvalidValue, at("messages", i, at(".tool_calls", j, ".type")), "Invalid value: '%s'. Supported values are: 'function' and 'custom'.", t.Type)
	}
}

func (v *conversation) addFunctionCall(k *call, f *openai.FunctionCall, member string) {
	sent := "{}"
	if f.Arguments != nil && !blank(*f.Arguments) && trimSpace(*f.Arguments) != "null" {
		sent = *f.Arguments
	}
	input := []byte(sent)
	if !isObject(input) {
		input = wrap("arguments", sent)
		if !v.flat {
			v.adjust(member, "wrapped")
		}
	}
	v.addCall(k, input, sent)
}

func (v *conversation) addCall(k *call, input []byte, asText string) {
	if v.flat {
		v.adjust("messages[].tool_calls", "flattened")
		v.add(text("[called tool " + first(k.name, "unnamed_tool") + withID(k.clientID) + "]\n" + asText))
		return
	}
	v.add(&types.ContentBlockMemberToolUse{Value: types.ToolUseBlock{
		ToolUseId: &k.id, Name: ptr(v.names.bedrock(k.name)), Input: raw(input),
	}})
}

// wrap is an object of one string.
func wrap(name, text string) []byte {
	b := make([]byte, 0, len(name)+len(text)+8)
	b = append(b, `{"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	return append(quote(b, text), '}')
}

// resultMessage reads a message of role tool or function.
func (v *conversation) resultMessage(i int, m *openai.Message) {
	if m.Role == "tool" && m.ToolCallID == nil {
		v.missing(at("messages", i, ".tool_call_id"))
		return
	}
	k := v.owner[i]
	if k < 0 {
		v.orphan(i, m)
		return
	}
	own := &v.calls[k]
	if m.Role == "tool" && m.Name != nil && *m.Name != own.name {
		v.ignoreName(m) // a name that only repeats the call's says nothing new
	}
	if own.answer != i {
		return // a later result counts (R-MSG-10)
	}
	if last := len(v.turns) - 1; last >= 0 && v.turns[last].assistant && k >= v.turns[last].firstCall && k < v.turns[last].lastOf {
		v.turn(false) // ends the turn that called
	}
	own.result = v.resultBlock(own, v.resultContent(i, m), m.IsError != nil && *m.IsError)
	own.cache = v.cacheResult(m)
}

// resultBlock is a result for the wire, or as text (R-TOOL-11, R-TOOL-14).
func (v *conversation) resultBlock(k *call, content []types.ToolResultContentBlock, failed bool) types.ContentBlock {
	if len(content) == 0 {
		content = []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberText{Value: "(empty)"}}
	}
	if v.flat {
		v.adjust("messages[].tool_calls", "flattened")
		return resultText(first(k.name, "unnamed_tool"), k.clientID, content)
	}
	r := types.ToolResultBlock{ToolUseId: &k.id, Content: content}
	if failed && v.caps.ToolResultStatus != catalog.No {
		r.Status = types.ToolResultStatusError
	}
	return &types.ContentBlockMemberToolResult{Value: r}
}

func resultText(name, id string, content []types.ToolResultContentBlock) types.ContentBlock {
	var b strings.Builder
	b.WriteString("[result of tool " + name + withID(id) + "]")
	for _, c := range content {
		if t, ok := c.(*types.ToolResultContentBlockMemberText); ok {
			b.WriteString("\n" + t.Value)
		}
	}
	return text(b.String())
}

// withID names the id in a text; what has none, such as a message of role function, says nothing of it.
func withID(id string) string {
	if id == "" {
		return ""
	}
	return " with id " + id
}

// orphan writes a result that answers no call as a user's text (R-MSG-08).
func (v *conversation) orphan(i int, m *openai.Message) {
	v.adjust("messages[].tool_call_id", "orphan")
	v.turn(false)
	name, id := "unknown", ""
	if m.Name != nil && *m.Name != "" {
		name = *m.Name
	}
	if m.ToolCallID != nil {
		id = *m.ToolCallID
	}
	at := len(v.blocks)
	content := v.resultContent(i, m) // its media, if any, become blocks of this turn
	if len(content) == 0 {
		content = []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberText{Value: "(empty)"}}
	}
	v.add(nil)
	copy(v.blocks[at+1:], v.blocks[at:])
	v.blocks[at] = resultText(name, id, content)
	v.blocks = append(v.blocks, v.cacheResult(m)...)
	v.turns[len(v.turns)-1].to = len(v.blocks)
}

// results are the result blocks for the calls of one turn, in their order (R-MSG-06, R-MSG-09).
func (v *conversation) results(calls []call) []types.ContentBlock {
	if len(calls) == 0 {
		return nil
	}
	out := make([]types.ContentBlock, 0, len(calls)+1)
	for i := range calls {
		k := &calls[i]
		if k.result == nil {
			v.adjust("messages[].tool_calls", "result_missing")
			k.result = v.resultBlock(k, []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberText{Value: "(no result)"}}, true)
		}
		out = append(append(out, k.result), k.cache...)
	}
	return out
}

// signed is a reasoning block that this family will take back, or nil.
func (c *chat) signed(d *openai.ReasoningDetail) types.ReasoningContentBlock {
	if d.Format != c.out.Format {
		return nil
	}
	switch {
	case d.Type == openai.ReasoningText && d.Signature != "" && !c.caps.Reasoning.Encrypted:
		return &types.ReasoningContentBlockMemberReasoningText{Value: types.ReasoningTextBlock{Text: &d.Text, Signature: &d.Signature}}
	case d.Type == openai.ReasoningEncrypted && d.Data != "":
		if data, err := base64.StdEncoding.DecodeString(d.Data); err == nil {
			return &types.ReasoningContentBlockMemberRedactedContent{Value: data}
		}
	}
	return nil
}
