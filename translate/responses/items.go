package responses

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/converse"
)

// input makes messages of instructions and items (RESPONSES 3).
func (m *maker) input() {
	if s := m.Instructions; s != nil && *s != "" {
		m.message(openai.Message{Role: "system", Content: &openai.Content{Text: *s}}, itemPlace{item: -1})
	}
	in := m.Input
	switch {
	case in == nil:
	case in.Items == nil:
		m.message(openai.Message{Role: "user", Content: &openai.Content{Text: in.Text}}, itemPlace{item: -1})
	default:
		m.chat.Messages = append(m.chat.Messages, []openai.Message{}...)
		for i := range in.Items {
			m.item(i, &in.Items[i])
		}
		m.flush()
	}
	if m.chat.Messages == nil {
		m.chat.Messages = []openai.Message{}
	}
}

func (m *maker) message(msg openai.Message, at itemPlace) {
	m.chat.Messages = append(m.chat.Messages, msg)
	m.at = append(m.at, at)
}

// turn is the assistant's side of a conversation: neighbouring messages, reasoning and calls (R-RSP-43).
type turn struct {
	msg   openai.Message
	at    itemPlace
	runes int // of the content so far
}

func (m *maker) assistant(i int) *turn {
	if m.turn == nil {
		m.turn = &turn{msg: openai.Message{Role: "assistant"}, at: itemPlace{item: i}}
	}
	return m.turn
}

func (m *maker) flush() {
	if m.turn != nil {
		m.message(m.turn.msg, m.turn.at)
		m.turn = nil
	}
}

// leftOut are items that nobody misses: every tool is loaded from the start, so that a search for one says nothing.
var leftOut = map[string]bool{"tool_search_call": true}

// hostedItems are records of tools that ran at OpenAI or at the client, for which Bedrock has no place.
var hostedItems = map[string]bool{
	"web_search_call": true, "file_search_call": true, "code_interpreter_call": true, "image_generation_call": true,
	"computer_call": true, "computer_call_output": true, "mcp_list_tools": true, "mcp_call": true,
	"mcp_approval_request": true, "mcp_approval_response": true, "program": true, "program_output": true,
	"local_shell_call": true, "local_shell_call_output": true, "shell_call": true, "shell_call_output": true,
	"apply_patch_call": true, "apply_patch_call_output": true,
}

func (m *maker) item(i int, it *openai.ResponsesItem) {
	path := converse.At("input", i, "")
	if it.ID != "" && it.Type != "item_reference" {
		if m.seen[it.ID] {
			m.note("input[]", "duplicate_item")
			return
		}
		if m.seen == nil {
			m.seen = map[string]bool{}
		}
		m.seen[it.ID] = true
	}
	switch it.Type {
	case "message":
		m.messageItem(i, it, path)
	case "function_call", "custom_tool_call":
		m.callItem(i, it, path)
	case "function_call_output", "custom_tool_call_output":
		m.outputItem(i, it, path)
	case "reasoning":
		m.reasoningItem(i, it)
	case "additional_tools", "tool_search_output":
		m.addTools(it.Tools, path+".tools", false)
	case "agent_message":
		m.agentItem(i, it)
	case "compaction", "context_compaction":
		m.summaryItem(i, it)
	case "item_reference":
		m.reference(it.ID)
	case "compaction_trigger", "configuration_update":
		m.refuse(openai.CodeUnsupportedValue, path+".type", "Unsupported value: '%s' is not supported here.", it.Type)
	case "":
		m.missing(path + ".type")
	default:
		switch {
		case hostedItems[it.Type]:
			m.note("input[].type", "hosted_item_dropped")
		case !leftOut[it.Type]:
			m.refuse(openai.CodeInvalidValue, path+".type", "Invalid value: '%s'.", it.Type)
		}
	}
}

func (m *maker) reference(id string) {
	if m.err == nil {
		const longest = 200 // an id of anybody's is shorter
		m.err = openai.Invalidf("", "input", "Item with id '%s' not found. Items are not persisted when `store` is set to "+
			"false. Try again with `store` set to true, or remove this item from your input.", translate.Shorten(id, longest))
		m.err.Kind = openai.NotFound
	}
}

func (m *maker) messageItem(i int, it *openai.ResponsesItem, path string) {
	content, inner := m.content(it.Content, path+".content", it.Role)
	switch it.Role {
	case "user", "system", "developer":
		if it.Role == "user" {
			m.flush()
		}
		at := itemPlace{item: i, inner: inner}
		at.parts = repeat(i, len(inner))
		msg := openai.Message{Role: it.Role, Content: content, CacheControl: it.CacheControl}
		if it.Role == "user" || m.turn == nil {
			m.message(msg, at)
			return
		}
		held := m.turn // what the system says in between does not part a turn: it is moved to the front anyway
		m.turn = nil
		m.message(msg, at)
		m.turn = held
	case "assistant":
		m.said(i, content, inner, it.CacheControl)
	default:
		m.refuse(openai.CodeInvalidValue, path+".role",
			"Invalid value: '%s'. Supported values are: 'assistant', 'system', 'developer', and 'user'.", it.Role)
	}
}

func repeat(n, times int) []int {
	list := make([]int, times)
	for i := range list {
		list[i] = n
	}
	return list
}

// said appends what the assistant has said.
func (m *maker) said(i int, content *openai.Content, inner []int, point *openai.CacheControl) {
	if content == nil {
		return
	}
	t := m.assistant(i)
	if t.msg.Content == nil {
		t.msg.Content = &openai.Content{Parts: []openai.ContentPart{}}
	}
	parts := content.Parts
	if parts == nil {
		parts, inner = []openai.ContentPart{{Type: "text", Text: &content.Text}}, []int{-1}
	}
	for j := range parts {
		p := parts[j]
		if p.Text != nil {
			t.runes += utf8.RuneCountInString(*p.Text)
		}
		if j == len(parts)-1 && p.CacheControl == nil {
			p.CacheControl = point
		}
		t.msg.Content.Parts = append(t.msg.Content.Parts, p)
		t.at.parts, t.at.inner = append(t.at.parts, i), append(t.at.inner, inner[j])
	}
}

// content gives parts chat's types; inner is the place of each.
func (m *maker) content(c *openai.Content, path, role string) (*openai.Content, []int) {
	if c == nil || c.Parts == nil {
		return c, nil
	}
	own := &openai.Content{Parts: make([]openai.ContentPart, 0, len(c.Parts))}
	var inner []int
	for j := range c.Parts {
		p, at := c.Parts[j], converse.At(path, j, "")
		switch p.Type {
		case "input_text", "output_text", "text", "summary_text":
			p.Type = "text"
			if p.Text == nil {
				m.missing(at + ".text")
			}
		case "refusal":
			if role != "assistant" {
				text := p.Refusal
				p.Type, p.Text, p.Refusal = "text", text, nil
			}
		case "input_image", "input_file", "input_audio":
			if role == "assistant" || role == "system" || role == "developer" {
				m.refuse(openai.CodeInvalidValue, at+".type", "Invalid value: '%s'. A part of this type cannot stand in a "+
					"message of this role.", p.Type)
				continue
			}
			m.mediaPart(&p, at)
		case "":
			m.missing(at + ".type")
		default:
			m.refuse(openai.CodeInvalidValue, at+".type", "Invalid value: '%s'.", p.Type)
		}
		own.Parts, inner = append(own.Parts, p), append(inner, j)
	}
	return own, inner
}

func (m *maker) mediaPart(p *openai.ContentPart, at string) {
	switch p.Type {
	case "input_image":
		p.Type = "image_url"
		if p.ImageURL.URL == "" {
			if p.File != nil && p.File.ID != nil {
				m.noFiles(at)
			}
			m.missing(at + ".image_url")
		}
		p.File = nil
	case "input_file":
		p.Type = "file"
		switch f := p.File; {
		case f.Data != nil || f.URL != nil:
			f.ID = nil // the bytes are here
			if f.URL != nil && !converse.IsLink(*f.URL) {
				m.refuse(openai.CodeInvalidFileURL, at+".file_url", "Invalid file URL: expected a URL that starts with http:// or "+
					"https://.")
			}
		case f.ID != nil:
			m.noFiles(at)
		default:
			m.missing(at + ".file_data")
		}
	case "input_audio":
		if p.InputAudio == nil {
			m.missing(at + ".input_audio")
		}
	}
}

func (m *maker) noFiles(at string) {
	m.refuse(openai.CodeUnsupported, at+".file_id", "Unsupported parameter: '%s'. Send the file itself.", at+".file_id")
}

func (m *maker) callItem(i int, it *openai.ResponsesItem, path string) {
	if it.CallID == nil || *it.CallID == "" {
		m.missing(path + ".call_id")
		return
	}
	if it.Name == "" {
		m.missing(path + ".name")
	}
	t := m.assistant(i)
	call := openai.ToolCall{ID: *it.CallID, Type: "function",
		Function: openai.FunctionCall{Name: openai.NamespacedTool(it.Namespace, it.Name), Arguments: it.Arguments},
		After:    openai.Position{Known: true, Content: t.runes, ToolCalls: len(t.msg.ToolCalls)}}
	if it.Type == "custom_tool_call" {
		input := ""
		if it.Input != nil {
			input = *it.Input
		}
		call.Type, call.Custom = "custom", &openai.CustomCall{Name: call.Function.Name, Input: input}
	}
	t.msg.ToolCalls = append(t.msg.ToolCalls, call)
	t.at.calls = append(t.at.calls, i)
}

func (m *maker) outputItem(i int, it *openai.ResponsesItem, path string) {
	if it.CallID == nil || *it.CallID == "" {
		m.missing(path + ".call_id")
		return
	}
	m.flush()
	output := it.Output
	if output == nil {
		output = &openai.Content{}
	}
	content, inner := m.content(output, path+".output", "tool")
	m.message(openai.Message{Role: "tool", ToolCallID: it.CallID, Content: content, IsError: it.IsError,
		CacheControl: it.CacheControl}, itemPlace{item: i, parts: repeat(i, len(inner)), inner: inner})
}

// agentItem tells the model what another agent said.
func (m *maker) agentItem(i int, it *openai.ResponsesItem) {
	m.flush()
	text := "Message from " + it.Author + " to " + it.Recipient + ":\n"
	if c := it.Content; c != nil {
		text += c.Text
		for j := range c.Parts {
			if p := &c.Parts[j]; p.Text != nil && p.Type != "encrypted_content" {
				text += *p.Text
			} else if p.Type != "encrypted_content" {
				m.note("input[].content[].type", "dropped")
			}
		}
	}
	m.message(openai.Message{Role: "user", Content: &openai.Content{Text: text}}, itemPlace{item: i})
}

// envelope is what encrypted_content holds behind its mark (R-RSP-51, R-RSP-103). It is no secret: what it holds was
// given to this client, or is sealed by the model's maker.
type envelope struct {
	Family string  `json:"f"`
	Blocks []block `json:"b,omitempty"`
	Text   string  `json:"s,omitempty"`
}

type block struct {
	Text      *string `json:"t,omitempty"`
	Signature string  `json:"s,omitempty"`
	Redacted  string  `json:"r,omitempty"`
}

const envelopeMark = "oc1."

func openEnvelope(s *string) (e envelope, ok bool) {
	if s == nil {
		return e, false
	}
	text, ours := strings.CutPrefix(*s, envelopeMark)
	if !ours {
		return e, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(raw, &e) != nil {
		return envelope{}, false
	}
	return e, true
}

func (e *envelope) seal(b []byte) []byte {
	var raw bytes.Buffer
	if err := json.MarshalWrite(&raw, e); err != nil {
		return append(b, `""`...)
	}
	b = append(b, '"')
	b = append(b, envelopeMark...)
	b = base64.RawURLEncoding.AppendEncode(b, raw.Bytes())
	return append(b, '"')
}

// reasoningItem puts the reasoning back that an earlier answer handed out. What is of foreign make, broken or a summary
// alone is never sent (R-RSP-54).
func (m *maker) reasoningItem(i int, it *openai.ResponsesItem) {
	e, ok := openEnvelope(it.Encrypted)
	if !ok || len(e.Blocks) == 0 {
		return
	}
	t := m.assistant(i)
	for _, b := range e.Blocks {
		d := openai.ReasoningDetail{Index: len(t.msg.ReasoningDetails), Format: e.Family, Type: openai.ReasoningText,
			Signature: b.Signature,
			After:     openai.Position{Known: true, Content: t.runes, ToolCalls: len(t.msg.ToolCalls)}}
		if b.Text != nil {
			d.Text = *b.Text
		}
		if b.Redacted != "" {
			d.Type, d.Data = openai.ReasoningEncrypted, b.Redacted
		}
		t.msg.ReasoningDetails = append(t.msg.ReasoningDetails, d)
	}
}

func (m *maker) summaryItem(i int, it *openai.ResponsesItem) {
	e, ok := openEnvelope(it.Encrypted)
	if !ok || e.Family != "summary" {
		m.note("input[]", "foreign_compaction_dropped")
		return
	}
	m.flush()
	m.message(openai.Message{Role: "user",
		Content: &openai.Content{Text: "Summary of the conversation so far:\n" + e.Text}}, itemPlace{item: i})
}
