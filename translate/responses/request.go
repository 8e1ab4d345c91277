package responses

import (
	"cmp"
	"slices"
	"strings"

	"outcrop/openai"
	"outcrop/translate/converse"
)

// Request is a Responses request and what the way back must know of it.
type Request struct {
	*openai.ResponsesRequest
	tools map[string]toolName // by the name that chat knows
	at    []itemPlace         // of the messages of the chat
	first int                 // tools of the chat that stand in tools; the others came in items
	where []string            // paths of the tools of the chat
}

// toolName is what the client calls a tool.
type toolName struct {
	namespace, name string
	custom          bool
}

// itemPlace says which items a message of the chat comes from.
type itemPlace struct {
	item  int   // -1 is the instructions, or an input that is a text
	parts []int // of each content part: the item; nil where all are those of item
	inner []int // of each content part: its place in the item's content, -1 where that is a text
	calls []int // of each call: the item
}

// maker makes a chat of a request.
type maker struct {
	*Request
	chat  *openai.ChatRequest
	notes []openai.SpellingNote
	turn  *turn // the assistant's side that is being gathered
	seen  map[string]bool
	left  []hostedTool
	err   *openai.Error
}

// Chat makes the chat of a decoded request (R-RSP-01). The error is a 400 that names the member.
func Chat(r *openai.ResponsesRequest) (*openai.ChatRequest, *openai.Error) {
	req := &Request{ResponsesRequest: r, tools: map[string]toolName{}}
	chat := r.Chat
	m := &maker{Request: req, chat: &chat}
	m.members()
	m.addTools(r.Tools, "tools", true)
	m.first = len(chat.Tools)
	m.input()
	m.leaveOut()
	m.choice()
	if m.err != nil {
		return nil, m.err
	}
	chat.Spelling = &openai.Spelling{Of: req, Notes: m.notes, Param: req.Param, Order: memberOrder}
	return &chat, nil
}

// memberOrder is the order of the table of members (RESPONSES 2).
var memberOrder = []string{
	"model", "input", "instructions", "stream", "stream_options", "max_output_tokens", "temperature", "top_p", "tools",
	"tool_choice", "parallel_tool_calls", "max_tool_calls", "text", "reasoning", "include", "store",
	"previous_response_id", "conversation", "background", "metadata", "service_tier", "prompt_cache_key",
	"prompt_cache_retention", "prompt_cache_options", "safety_identifier", "user", "truncation", "top_logprobs", "prompt",
	"moderation", "context_management", "image", "access_programs",
}

// Of is the request that a chat was made of.
func Of(r openai.Request) *Request { return r.(*openai.ChatRequest).Spelling.Of.(*Request) }

func (m *maker) refuse(code, param, format string, args ...any) {
	if m.err == nil {
		m.err = openai.Invalidf(code, param, format, args...)
	}
}

func (m *maker) missing(param string) {
	m.refuse(openai.CodeMissing, param, "Missing required parameter: '%s'.", param)
}

func (m *maker) note(param, reason string) {
	if n := (openai.SpellingNote{Param: param, Reason: reason}); !slices.Contains(m.notes, n) {
		m.notes = append(m.notes, n)
	}
}

// members judges the members beside input and tools (RESPONSES 2).
func (m *maker) members() {
	r := m.ResponsesRequest
	m.needed()
	m.sampling()
	m.format()
	m.reasoning()
	m.included()
	for _, name := range r.Steering {
		m.note(name, "unsupported")
	}
	if r.Compactions > 0 {
		m.note("context_management", "unsupported")
	}
	if r.Store != nil && *r.Store {
		m.note("store", "unsupported")
	}
}

// needed refuses what cannot be left out without another answer.
func (m *maker) needed() {
	r := m.ResponsesRequest
	if r.Input == nil {
		if m.missing("input"); r.Messages {
			m.err.Message = "Missing required parameter: 'input'. 'messages' is the member of POST /v1/chat/completions."
		}
	} else if r.Input.Items == nil && r.Input.Text == "" {
		m.refuse(openai.CodeInvalidValue, "input", "Invalid 'input': the text is empty.")
	}
	for _, member := range []struct {
		name  string
		given bool
	}{
		{"conversation", r.Conversation}, {"background", r.Background != nil && *r.Background},
		{"top_logprobs", r.TopLogprobs != nil && *r.TopLogprobs > 0}, {"prompt", r.Prompt}, {"moderation", r.Moderation},
	} {
		if member.given {
			m.refuse(openai.CodeUnsupported, member.name, "Unsupported parameter: '%s' is not supported here.", member.name)
		}
	}
	if r.StreamOptions && !r.Chat.Stream {
		m.refuse(openai.CodeUnsupported, "stream_options",
			"Unsupported parameter: 'stream_options' is only allowed when 'stream' is true.")
	}
	if r.Obfuscation != nil && *r.Obfuscation {
		m.note("stream_options.include_obfuscation", "unsupported")
	}
	if id := r.Previous; id != nil {
		m.refuse("previous_response_not_found", "previous_response_id", "Previous response with id '%s' not found.", *id)
	}
}

// sampling takes over what chat says under another name.
func (m *maker) sampling() {
	r := m.ResponsesRequest
	m.chat.MaxCompletionTokens, m.chat.Verbosity = r.MaxOutputTokens, r.Verbosity
	if n := r.MaxToolCalls; n != nil && *n < 1 {
		m.refuse(openai.CodeIntegerBelowMin, "max_tool_calls",
			"Invalid 'max_tool_calls': integer below minimum value. Expected a value >= 1, but got %d instead.", *n)
	}
	if s := m.chat.ServiceTier; s != nil && *s == "ultrafast" {
		priority := "priority"
		m.chat.ServiceTier = &priority
	}
	switch t := r.Truncation; {
	case t == nil || *t == "disabled":
	case *t == "auto":
		m.note("truncation", "unsupported")
	default:
		m.refuse(openai.CodeInvalidValue, "truncation",
			"Invalid value: '%s'. Supported values are: 'auto' and 'disabled'.", *t)
	}
}

func (m *maker) format() {
	f := m.Format
	if f == nil {
		return
	}
	switch f.Type {
	case "text", "json_object", "json_schema":
		m.chat.ResponseFormat = &openai.ResponseFormat{Type: f.Type, Schema: f.Schema}
	case "":
		m.missing("text.format.type")
	default:
		m.refuse(openai.CodeInvalidValue, "text.format.type",
			"Invalid value: '%s'. Supported values are: 'text', 'json_schema' and 'json_object'.", f.Type)
	}
}

func (m *maker) reasoning() {
	g := m.Reasoning
	if g == nil {
		return
	}
	m.chat.ReasoningEffort = g.Effort
	switch s := g.Summary; {
	case s == nil || *s == "auto":
	case *s == "concise" || *s == "detailed":
		m.note("reasoning.summary", "served_as_auto")
	default:
		m.refuse(openai.CodeInvalidValue, "reasoning.summary",
			"Invalid value: '%s'. Supported values are: 'auto', 'concise' and 'detailed'.", *s)
	}
	if g.Context != nil && *g.Context != "auto" {
		m.note("reasoning.context", "unsupported")
	}
	if g.Mode != nil {
		m.note("reasoning.mode", "unsupported")
	}
}

const sealed = "reasoning.encrypted_content"

func (m *maker) included() {
	for i, name := range m.Include {
		switch name {
		case sealed, "message.input_image.image_url", "file_search_call.results", "web_search_call.results",
			"web_search_call.action.sources", "code_interpreter_call.outputs", "computer_call_output.output.image_url":
		case "message.output_text.logprobs":
			m.refuse(openai.CodeUnsupportedValue, converse.At("include", i, ""),
				"Unsupported value: '%s' is not supported here.", name)
		default:
			m.refuse(openai.CodeInvalidValue, converse.At("include", i, ""), "Invalid value: '%s'.", name)
		}
	}
}

// summarised tells whether the client wants to see reasoning, sealed whether it is to be handed out for the way back.
func (r *Request) summarised() bool { return r.Reasoning != nil && r.Reasoning.Summary != nil }

// param names of chat and of this API; the longest prefix counts. Those of messages and tools are told by their place.
var paramNames = [...][2]string{
	{"max_completion_tokens", "max_output_tokens"}, {"max_tokens", "max_output_tokens"},
	{"reasoning_effort", "reasoning.effort"}, {"verbosity", "text.verbosity"},
	{"response_format.json_schema", "text.format"}, {"response_format", "text.format"},
	{"messages[].content[].image_url.detail", "input[].content[].detail"},
	{"messages[].role", "input[].role"}, {"messages[].tool_calls[].function.arguments", "input[].arguments"},
	{"messages[].tool_calls", "input[]"}, {"messages[].tool_call_id", "input[].call_id"},
	{"messages[].reasoning_details", "input[]"}, {"messages[]", "input[]"},
	{"tools[].function.strict", "tools[].strict"},
}

// Param is what this API calls a path of the chat (R-RSP-02).
func (r *Request) Param(path string) string {
	for _, n := range paramNames {
		if rest, ok := strings.CutPrefix(path, n[0]); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return n[1] + rest
		}
	}
	if i, rest, ok := indexed(path, "messages"); ok {
		return r.messageParam(i, rest)
	}
	if i, rest, ok := indexed(path, "tools"); ok && i < len(r.where) {
		return r.where[i] + strings.TrimPrefix(rest, ".function")
	}
	if path == "messages" {
		return "input"
	}
	return path
}

func (r *Request) messageParam(i int, rest string) string {
	if i >= len(r.at) {
		return "input"
	}
	p := r.at[i]
	item := p.item
	var inner string
	if j, more, ok := indexed(rest, ".content"); ok && j < len(p.inner) {
		item = p.parts[j]
		if p.inner[j] >= 0 {
			inner = converse.At(".content", p.inner[j], partMember(more))
		} else {
			inner = ".content"
		}
	} else if j, more, ok := indexed(rest, ".tool_calls"); ok && j < len(p.calls) {
		item = p.calls[j]
		inner = cmp.Or(map[string]string{".id": ".call_id", ".function.name": ".name",
			".function.arguments": ".arguments", ".custom.input": ".input"}[more], more)
	} else {
		inner = cmp.Or(map[string]string{".tool_call_id": ".call_id"}[rest], rest)
	}
	if item < 0 {
		return "input"
	}
	return converse.At("input", item, inner)
}

// partMember is what this API calls the member of a part.
func partMember(rest string) string {
	switch rest {
	case ".image_url.url":
		return ".image_url"
	case ".file":
		return ""
	}
	return strings.TrimPrefix(rest, ".file")
}

// indexed cuts name[i] from the front of a path.
func indexed(path, name string) (i int, rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, name+"[")
	if !ok {
		return 0, "", false
	}
	digits, rest, ok := strings.Cut(rest, "]")
	if !ok || digits == "" || len(digits) > 9 {
		return 0, "", false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, "", false
		}
		i = i*10 + int(c-'0')
	}
	return i, rest, true
}
