package chat

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"outcrop/openai"
	"outcrop/translate/converse"
)

// readMessages makes turns of the messages: one of each, but of system messages.
func (r *reader) readMessages() {
	r.countNames()
	for i := range r.req.Messages {
		r.readMessage(i, &r.req.Messages[i])
	}
}

func (r *reader) readMessage(i int, m *openai.Message) {
	r.from = len(r.blocks)
	switch m.Role {
	case "system", "developer":
		r.systemMessage(i, m)
	case "user":
		r.userMessage(i, m)
	case "assistant":
		r.assistantMessage(i, m)
	case "tool", "function":
		r.resultMessage(i, m)
	case "":
		r.Missing(converse.At("messages", i, ".role"))
	default:
		r.Refuse(openai.CodeInvalidValue, converse.At("messages", i, ".role"),
			"Invalid value: '%s'. Supported values are: 'system', 'developer', 'user', 'assistant', 'tool' and "+
				"'function'.", m.Role)
	}
}

// taken are the blocks of the message so far; the next ones are another list.
func (r *reader) taken() []converse.Block {
	list := r.blocks[r.from:len(r.blocks):len(r.blocks)]
	r.from = len(r.blocks)
	return list
}

func (r *reader) end(t converse.Turn) {
	t.Blocks = r.taken()
	r.Turns = append(r.Turns, t)
}

func (r *reader) add(b converse.Block) { r.blocks = append(r.blocks, b) }

// found is where something was found of the message that is being read: it stands among its blocks, since results may
// not count, and adjustments are told in the order in which the passes find their own.
func (r *reader) found() *converse.Findings {
	f := &converse.Findings{}
	r.add(converse.Block{Found: f})
	return f
}

func (r *reader) systemMessage(i int, m *openai.Message) {
	defer r.end(converse.Turn{System: true})
	r.ignoreName(m)
	if m.Content == nil {
		return
	}
	if m.Content.Parts == nil {
		r.add(converse.Block{Text: m.Content.Text})
	}
	for j := range m.Content.Parts {
		if p := &m.Content.Parts[j]; r.allowed(i, j, p, inSystem) {
			r.add(converse.Block{Text: *p.Text})
			r.addPoint(r.control(p))
		}
	}
	r.addPoint(m.CacheControl)
}

func (r *reader) userMessage(i int, m *openai.Message) {
	defer r.end(converse.Turn{})
	if m.Content == nil {
		r.found().Refuse(openai.CodeInvalidType, converse.At("messages", i, ".content"),
			"Invalid type for '%s': expected a string or an array of content parts, but got null "+
				"instead.", converse.At("messages", i, ".content"))
		return
	}
	prefix := r.speaker(m)
	say := func(s string) {
		if prefix != "" && !converse.Blank(s) {
			s, prefix = prefix+s, ""
		}
		r.add(converse.Block{Text: s})
	}
	if m.Content.Parts == nil {
		say(m.Content.Text)
	} else if len(m.Content.Parts) == 0 {
		r.found().Refuse(openai.CodeEmptyArray, converse.At("messages", i, ".content"),
			"Invalid '%s': empty array. Expected an array with minimum length 1, but got an empty array "+
				"instead.", converse.At("messages", i, ".content"))
	}
	for j := range m.Content.Parts {
		p := &m.Content.Parts[j]
		if !r.allowed(i, j, p, inUser) {
			continue
		}
		if p.Type == "text" {
			say(*p.Text)
		} else {
			r.addMedia(i, j, p)
		}
		r.addPoint(r.control(p))
	}
	if prefix != "" {
		r.found().Adjust("messages[].name", "ignored") // there was no text to put it before
	}
	r.addPoint(m.CacheControl)
}

// speaker is what stands before the first text of a named user message (R-MSG-18).
func (r *reader) speaker(m *openai.Message) string {
	if r.many && m.Name != nil && *m.Name != "" {
		return *m.Name + ": "
	}
	r.ignoreName(m)
	return ""
}

func (r *reader) ignoreName(m *openai.Message) {
	if m.Name != nil && *m.Name != "" {
		r.found().Adjust("messages[].name", "ignored")
	}
}

func (r *reader) countNames() {
	name := ""
	for i := range r.req.Messages {
		m := &r.req.Messages[i]
		if m.Role != "user" || m.Name == nil || *m.Name == "" {
			continue
		}
		if name != "" && name != *m.Name {
			r.many = true
			return
		}
		name = *m.Name
	}
}

func (r *reader) assistantMessage(i int, m *openai.Message) {
	if m.FunctionCall != nil {
		r.functions++
	}
	t := converse.Turn{Assistant: true}
	list, lost := r.replayable(m)
	if len(list) > 0 || lost {
		r.retell(i, m, nil, false)
		t.Plain = r.taken()
	}
	r.retell(i, m, list, lost)
	r.end(t)
}

// resultMessage reads a message of role tool or function.
func (r *reader) resultMessage(i int, m *openai.Message) {
	if m.Role == "tool" && m.ToolCallID == nil {
		r.Missing(converse.At("messages", i, ".tool_call_id"))
		return
	}
	r.results = append(r.results, converse.Result{
		ID: aws.ToString(m.ToolCallID), Name: aws.ToString(m.Name), ByName: m.Role == "function",
		Failed: m.IsError != nil && *m.IsError, Point: pointOf(m.CacheControl),
	})
	result := &r.results[len(r.results)-1]
	if m.Content != nil {
		r.resultContent(i, m.Content, result)
	}
	r.add(converse.Block{Result: result})
	r.end(converse.Turn{})
}

func (r *reader) resultContent(i int, content *openai.Content, result *converse.Result) {
	if content.Parts == nil {
		r.add(converse.Block{Text: content.Text})
	}
	for j := range content.Parts {
		p := &content.Parts[j]
		if !r.allowed(i, j, p, inTool) {
			continue
		}
		if p.Type == "text" {
			r.add(converse.Block{Text: *p.Text})
		} else {
			r.addMedia(i, j, p)
		}
		if k := r.control(p); k != nil {
			result.Point = pointOf(k)
		}
	}
	result.Content = r.taken()
}

// addPoint appends the cache point that a part or a message asks for.
func (r *reader) addPoint(c *openai.CacheControl) {
	if c != nil {
		r.add(converse.Block{Point: pointOf(c)})
	}
}

// control is what a part says of caching; OpenAI's breakpoint inherits the request's time to live (R-CACHE-05).
func (r *reader) control(p *openai.ContentPart) *openai.CacheControl {
	b := p.CacheBreakpoint
	if b == nil {
		return p.CacheControl
	}
	if ttl := r.Cache.Lifetime(); b.TTL == nil && ttl != "" {
		return &openai.CacheControl{Type: b.Type, TTL: &ttl}
	}
	return b
}
