package converse

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/internal/rawjson"
)

// call is one tool call of history with its result.
type call struct {
	*Call
	id     string // at Bedrock
	answer int    // the result that counts, -1 without one
	result types.ContentBlock
	cache  []types.ContentBlock // a cache point after the result, or nothing
}

// given is a result of the request, and the call that it answers; -1 for none.
type given struct {
	*Result
	call int
}

// pair finds the calls of history and the result of each (R-MSG-06, -08 to -11, -19).
func (v *conversation) pair() {
	calls, results := 0, 0
	for i := range v.req.Turns {
		for j := range v.req.Turns[i].Blocks {
			switch b := &v.req.Turns[i].Blocks[j]; {
			case b.Call != nil:
				calls++
			case b.Result != nil:
				results++
			}
		}
	}
	n := calls + results
	if n == 0 {
		return
	}
	p := pairing{conversation: v, latest: make(map[callKey]int, n), groups: make([]namesakes, 0, n), taken: make(taken, n)}
	v.calls = make([]call, 0, calls)
	v.given = make([]given, 0, results)
	for i := range v.req.Turns {
		t := &v.req.Turns[i]
		if t.System {
			continue
		}
		if len(t.Blocks) == 0 && !t.Assistant {
			p.turn++
		}
		for j := range t.Blocks {
			switch b := &t.Blocks[j]; {
			case b.Call != nil:
				p.announce(b.Call)
			case b.Result != nil:
				p.answer(b.Result)
			case !t.Assistant:
				p.turn++
			}
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
	latest map[callKey]int // the latest group of an id, or of a function's name
	groups []namesakes
	taken  taken // ids at Bedrock
	turn   int   // number of the assistant's turn that a call would belong to
}

// callKey is what a result names its call by.
type callKey struct {
	byName bool
	key    string
}

func keyOf(byName bool, id, name string) callKey {
	if byName {
		return callKey{true, name}
	}
	return callKey{false, id}
}

// namesakes are the calls of one turn that carry one id. Nearly always that is one call, whose answer is noted at
// once; of several, the results that answer them are collected (R-MSG-11).
type namesakes struct {
	turn    int
	call    int
	more    []int // further calls
	answers []int // results
}

func (p *pairing) announce(c *Call) {
	key := keyOf(c.ByName, c.ID, c.Name)
	if g, ok := p.latest[key]; ok && p.groups[g].turn == p.turn {
		p.groups[g].more = append(p.groups[g].more, len(p.calls))
	} else {
		p.latest[key] = len(p.groups)
		p.groups = append(p.groups, namesakes{turn: p.turn, call: len(p.calls)})
	}
	p.calls = append(p.calls, call{Call: c, id: p.unique(c.ID), answer: -1})
}

func (p *pairing) answer(r *Result) {
	i := len(p.given)
	p.given = append(p.given, given{r, -1})
	n, ok := p.latest[keyOf(r.ByName, r.ID, r.Name)]
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

// give makes i the result of call k. Of several the last counts (R-MSG-10).
func (p *pairing) give(k, i int) {
	if p.calls[k].answer >= 0 {
		p.Adjust(p.req.Names.Result, "duplicate_result")
	}
	p.given[i].call, p.calls[k].answer = k, i
}

// share gives the results of an id to its calls: by name where a result tells one, the others in order (R-MSG-11).
func (p *pairing) share(g *namesakes) {
	calls := append([]int{g.call}, g.more...)
	// the calls of a name that have no result yet; the last one stays, for what comes too often
	named := map[string][]int{}
	for _, k := range calls {
		named[p.calls[k].Name] = append(named[p.calls[k].Name], k)
	}
	var rest []int
	for _, i := range g.answers {
		name := p.given[i].Name
		same := named[name]
		if name == "" || len(same) == 0 {
			rest = append(rest, i)
			continue
		}
		p.give(same[0], i)
		if len(same) > 1 {
			named[name] = same[1:]
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

// taken holds the names that are in use, and behind each the last number that was tried to make another of it: a
// thousand calls of one id must not try a thousand numbers each.
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
func (c *pass) fitID(id string) string {
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

// takeCall appends a call to its turn, as a block or as text (R-TOOL-14).
func (v *conversation) takeCall(c *Call, k *call) {
	if c.Custom {
		v.addCall(k, wrap("input", c.Input), c.Input)
		return
	}
	sent := c.Input
	if trimmed := strings.TrimSpace(sent); trimmed == "" || trimmed == "null" {
		sent = "{}"
	}
	input := []byte(sent)
	if !rawjson.IsObject(input) {
		input = wrap("arguments", sent)
		if !v.flat {
			v.Adjust(c.Member, "wrapped")
		}
	}
	v.addCall(k, input, sent)
}

func (v *conversation) addCall(k *call, input []byte, asText string) {
	if v.flat {
		v.Adjust(v.req.Names.Calls, "flattened")
		v.add(text("[called tool " + cmp.Or(k.Name, "unnamed_tool") + withID(k.ID) + "]\n" + asText))
		return
	}
	v.add(&types.ContentBlockMemberToolUse{Value: types.ToolUseBlock{
		ToolUseId: &k.id, Name: ptr(v.names.bedrock(k.Name)), Input: raw(input),
	}})
}

// wrap is an object of one string.
func wrap(name, text string) []byte {
	b := make([]byte, 0, len(name)+len(text)+8)
	b = append(b, `{"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	return append(rawjson.Quote(b, text), '}')
}

// takeResult reads a result.
func (v *conversation) takeResult(b *Block) {
	n, r := v.nextResult, b.Result
	v.nextResult++
	k := v.given[n].call
	if k < 0 {
		v.orphan(r)
		return
	}
	own := &v.calls[k]
	if !r.ByName && r.Name != "" && r.Name != own.Name {
		v.Adjust(v.req.Names.Name, "ignored") // a name that only repeats the call's says nothing new
	}
	if own.answer != n {
		return // a later result counts (R-MSG-10)
	}
	if last := len(v.turns) - 1; last >= 0 && v.turns[last].assistant && k >= v.turns[last].firstCall &&
		k < v.turns[last].lastOf {
		v.turn(false) // ends the turn that called
	}
	own.result = v.resultBlock(own, v.resultContent(r, true), r.Failed)
	own.cache = v.cacheResult(r.Point)
}

// resultBlock is a result for the wire, or as text (R-TOOL-11, R-TOOL-14).
func (v *conversation) resultBlock(k *call, content []types.ToolResultContentBlock, failed bool) types.ContentBlock {
	if len(content) == 0 {
		content = []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberText{Value: "(empty)"}}
	}
	if v.flat {
		v.Adjust(v.req.Names.Calls, "flattened")
		return resultText(cmp.Or(k.Name, "unnamed_tool"), k.ID, content)
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
func (v *conversation) orphan(r *Result) {
	v.Adjust(v.req.Names.Result, "orphan")
	v.turn(false)
	at := len(v.blocks)
	content := v.resultContent(r, false) // its media, if any, become blocks of this turn
	if len(content) == 0 {
		content = []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberText{Value: "(empty)"}}
	}
	v.add(nil)
	copy(v.blocks[at+1:], v.blocks[at:])
	v.blocks[at] = resultText(cmp.Or(r.Name, "unknown"), r.ID, content)
	v.blocks = append(v.blocks, v.cacheResult(r.Point)...)
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
			v.Adjust(v.req.Names.Calls, "result_missing")
			k.result = v.resultBlock(k,
				[]types.ToolResultContentBlock{&types.ToolResultContentBlockMemberText{Value: "(no result)"}}, true)
		}
		out = append(append(out, k.result), k.cache...)
	}
	return out
}

// resultContent is the content of a result. Media that the family does not take inside a result are appended to the
// last turn, and a text says so (R-TOOL-13).
func (v *conversation) resultContent(r *Result, paired bool) []types.ToolResultContentBlock {
	out := make([]types.ToolResultContentBlock, 0, len(r.Content))
	for i := range r.Content {
		switch b := &r.Content[i]; {
		case b.Found != nil:
			v.take(b)
		case b.Media != nil:
			out = v.resultMedia(out, b, paired)
		case !Blank(b.Text):
			out = append(out, v.resultPiece(b.Text, len(r.Content) == 1))
		}
	}
	return out
}

// resultPiece is a text of a result; where the family prefers it, a text that is alone and a JSON object goes as such
// (R-TOOL-12).
func (v *conversation) resultPiece(s string, alone bool) types.ToolResultContentBlock {
	if alone && v.caps.ToolResultJSON && !v.flat {
		if b := []byte(s); rawjson.IsObject(b) {
			return &types.ToolResultContentBlockMemberJson{Value: raw(b)}
		}
	}
	return &types.ToolResultContentBlockMemberText{Value: s}
}

func (v *conversation) resultMedia(out []types.ToolResultContentBlock, b *Block,
	paired bool) []types.ToolResultContentBlock {
	block := v.mediaBlock(b)
	inside := func(kind string) bool {
		return !v.flat && paired && slices.Contains(v.caps.ToolResultMedia, kind)
	}
	switch x := block.(type) {
	case nil:
		return out // refused
	case *types.ContentBlockMemberText:
		return append(out, &types.ToolResultContentBlockMemberText{Value: x.Value})
	case *types.ContentBlockMemberImage:
		if inside("image") {
			return append(out, &types.ToolResultContentBlockMemberImage{Value: x.Value})
		}
	case *types.ContentBlockMemberDocument:
		if inside("document") {
			return append(out, &types.ToolResultContentBlockMemberDocument{Value: x.Value})
		}
	}
	v.media.attachments++
	n := itoa(int64(v.media.attachments))
	v.turn(false)
	v.add(text("Attachment " + n + ":"))
	v.add(block)
	return append(out, &types.ToolResultContentBlockMemberText{Value: "See attachment " + n + "."})
}
