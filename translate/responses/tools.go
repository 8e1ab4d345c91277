package responses

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"outcrop/internal/rawjson"
	"outcrop/openai"
	"outcrop/translate/converse"
)

// hostedTools run at OpenAI. Those that carry the caller's data or server are always refused, the others are left out
// where tools that can be sent stand beside them (R-RSP-64).
var hostedTools = map[string]bool{
	"file_search": true, "code_interpreter": true, "computer": true, "computer_use_preview": true, "mcp": true,
	"local_shell": true, "shell": true, "apply_patch": true,
	"image_generation": false, "programmatic_tool_calling": false, "web_search": false, "web_search_preview": false,
	"web_search_preview_2025_03_11": false, "web_search_2025_08_26": false,
}

// hosted gives the name under which a tool is reported. Dated ones that are not known yet share one: what a client
// writes there must not make the report longer.
func hosted(kind string) (name string, refused, known bool) {
	if refused, known = hostedTools[kind]; !known && strings.HasPrefix(kind, "web_search_") {
		kind, known = "web_search", true
	}
	return kind, refused, known
}

// addTools appends the tools of a list, which stands at that path. Of those that come in items a name that is there
// already is skipped without a word (R-RSP-66).
func (m *maker) addTools(list []openai.ResponsesTool, at string, own bool) {
	for i := range list {
		t := &list[i]
		path := converse.At(at, i, "")
		switch t.Type {
		case "function", "custom":
			m.addTool(t, "", path, own)
		case "namespace":
			m.addNamespace(t, path, own)
		case "tool_search":
			if t.Execution == "client" {
				m.note("tools[].type", "tool_search_dropped")
			}
		case "":
			m.missing(path + ".type")
		default:
			name, refused, known := hosted(t.Type)
			if !known {
				m.refuse(openai.CodeInvalidValue, path+".type", "Invalid value: '%s'.", t.Type)
			} else if refused {
				m.refuse(openai.CodeUnsupportedValue, path+".type",
					"Unsupported value: '%s'. This tool runs at OpenAI and cannot run here.", t.Type)
			}
			m.left = append(m.left, hostedTool{path + ".type", name, t.Type})
		}
	}
}

// hostedTool is one that was left out, and the path of its type.
type hostedTool struct{ path, name, kind string }

// leaveOut judges the hosted tools of all lists, once it is known whether any tool is sent beside them: agents put their
// own tools into items and these into tools.
func (m *maker) leaveOut() {
	for _, t := range m.left {
		if len(m.chat.Tools) == 0 {
			m.refuse(openai.CodeUnsupportedValue, t.path,
				"Unsupported value: '%s'. This tool runs at OpenAI and cannot run here.", t.kind)
		}
		m.note("tools[].type", t.name+"_dropped")
	}
}

func (m *maker) addNamespace(t *openai.ResponsesTool, path string, own bool) {
	if t.Function.Name == "" {
		m.missing(path + ".name")
	}
	for i := range t.Tools {
		inner := t.Tools[i]
		if i == 0 && t.Function.Description != nil && *t.Function.Description != "" {
			said := *t.Function.Description
			if d := inner.Function.Description; d != nil && *d != "" {
				said += "\n\n" + *d
			}
			inner.Function.Description = &said
		}
		at := converse.At(path+".tools", i, "")
		if inner.Type != "function" && inner.Type != "custom" {
			m.refuse(openai.CodeInvalidValue, at+".type", "Invalid value: '%s'. Supported values are: 'function' and "+
				"'custom'.", inner.Type)
		}
		m.addTool(&inner, t.Function.Name, at, own)
	}
}

// customSchema is what a custom tool's function takes (R-RSP-61).
const customSchema = `{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],` +
	`"additionalProperties":false}`

func (m *maker) addTool(t *openai.ResponsesTool, namespace, path string, own bool) {
	f := t.Function
	if f.Name == "" {
		m.missing(path + ".name")
	}
	name := openai.NamespacedTool(namespace, f.Name)
	known, twice := m.tools[name]
	if twice && !own {
		return
	}
	as := toolName{namespace, f.Name, t.Type == "custom"}
	if twice && known != as {
		m.refuse(openai.CodeInvalidValue, path+".name", "Invalid value: two tools are called '%s'.", name)
	}
	m.tools[name] = as
	f.Name = name
	if as.custom {
		f.Parameters, f.Strict = jsontext.Value(customSchema), nil
		m.grammar(t, &f)
	}
	m.chat.Tools = append(m.chat.Tools, openai.Tool{Type: "function", Function: f, CacheControl: t.CacheControl,
		Raw: t.Raw})
	m.where = append(m.where, path)
}

// grammar tells the model of a custom tool's grammar, which nothing enforces.
func (m *maker) grammar(t *openai.ResponsesTool, f *openai.Function) {
	g := t.Format
	if g == nil || g.Type != "grammar" {
		return
	}
	said := "The input must match this " + g.Syntax + " grammar:\n" + g.Definition
	if f.Description != nil && *f.Description != "" {
		said = *f.Description + "\n\n" + said
	}
	f.Description = &said
	m.note("tools[].format", "not_enforced")
}

// choice takes over tool_choice (R-RSP-65).
func (m *maker) choice() {
	c := m.ToolChoice
	if c == nil {
		return
	}
	own := *c
	switch c.Type {
	case "", "allowed_tools":
		if c.Type == "allowed_tools" && c.Allowed == nil {
			m.missing("tool_choice.tools")
		}
	case "function", "custom":
		own.Type, own.Name = "function", openai.NamespacedTool(c.Namespace, c.Name)
		if c.Name == "" {
			m.missing("tool_choice.name")
		}
	default:
		if _, _, known := hosted(c.Type); !known {
			m.refuse(openai.CodeInvalidValue, "tool_choice", "Invalid value: '%s'.", c.Type)
		}
		m.refuse(openai.CodeUnsupportedValue, "tool_choice",
			"Unsupported value: '%s'. This tool runs at OpenAI and cannot run here.", c.Type)
	}
	if own.Mode == "auto" && len(m.chat.Tools) == 0 && own.Allowed == nil {
		return // agents send it beside an empty list
	}
	m.chat.ToolChoice = &own
}

// echo appends a tool in this API's form, a nested function flattened (R-RSP-71).
func echo(b []byte, t *openai.ResponsesTool) []byte {
	if t.Type != "function" || slices.Contains(keys(t.Raw), "name") && slices.Contains(keys(t.Raw), "strict") &&
		slices.Contains(keys(t.Raw), "parameters") {
		return append(b, t.Raw...)
	}
	b = append(b, `{"type":"function","name":`...)
	b = rawjson.Quote(b, t.Function.Name)
	b = append(b, `,"description":`...)
	b = quoteOr(b, t.Function.Description)
	b = append(b, `,"parameters":`...)
	b = rawOr(b, t.Function.Parameters, "null")
	b = append(b, `,"strict":`...)
	b = boolOr(b, t.Function.Strict, "null")
	return append(b, '}')
}

func keys(object []byte) (list []string) {
	rawjson.Members(object, func(name string, _ []byte) bool {
		list = append(list, name)
		return true
	})
	return list
}
