package openai

import "github.com/go-json-experiment/json/jsontext"

// Tool is one entry of tools.
type Tool struct {
	Type         string
	Function     Function
	CacheControl *CacheControl  // extension R-EXT-08
	Raw          jsontext.Value // the entry as sent: R-TOOL-07 compares definitions byte for byte
}

// Function defines a function tool; Parameters holds the client's bytes (R-GEN-07), nil when absent or null.
type Function struct {
	Name        string
	Description *string
	Parameters  jsontext.Value
	Strict      *bool
	Raw         jsontext.Value // the definition as sent
}

// ToolChoice is tool_choice, or function_call of the legacy form.
type ToolChoice struct {
	Mode      string   // "none", "auto", "required"; "" when a function is named
	Name      string   // the named function
	Namespace string   // of it, which only the Responses API has
	Type      string   // "function", "custom", "allowed_tools" or "" (string and legacy forms)
	Allowed   []string // names of allowed_tools, whose mode is in Mode
}

func decodeTool(d *decoder) Tool {
	raw := d.rawObject()
	if raw == nil {
		if d.err == nil {
			d.wrongType("an object", 'n')
		}
		return Tool{}
	}
	t := Tool{Raw: raw}
	d.within(raw, func(d *decoder, name string) {
		switch name {
		case "type":
			t.Type = d.text()
		case "function":
			t.Function = decodeFunction(d)
		case "cache_control":
			t.CacheControl = decodeCacheControl(d)
		case "custom":
			d.skip() // refused as a whole by its type (R-TOOL-08)
		default:
			d.other(name)
		}
	})
	return t
}

func decodeFunction(d *decoder) Function {
	raw := d.rawObject()
	f := Function{Raw: raw}
	d.within(raw, func(d *decoder, name string) {
		switch name {
		case "name":
			f.Name = d.text()
		case "description":
			f.Description = d.string()
		case "parameters":
			f.Parameters = d.raw()
		case "strict":
			f.Strict = d.boolean()
		default:
			d.other(name)
		}
	})
	return f
}

// decodeLegacyFunction reads an entry of functions, which unlike a tool's function is never null.
func decodeLegacyFunction(d *decoder) Function {
	f := decodeFunction(d)
	if f.Raw == nil && d.err == nil {
		d.wrongType("an object", 'n')
	}
	return f
}

func decodeToolChoice(d *decoder) *ToolChoice {
	if d.kind() == '"' {
		return &ToolChoice{Mode: d.text()}
	}
	var c ToolChoice
	if !d.object(func(name string) {
		switch name {
		case "type":
			c.Type = d.text()
		case "name": // legacy function_call, and the flat form of the Responses API
			c.Name = d.text()
		case "function", "custom":
			c.Name = decodeNamed(d, c.Name)
		case "allowed_tools":
			c.allowed(d)
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	return &c
}

func (c *ToolChoice) allowed(d *decoder) {
	c.Allowed = []string{}
	d.object(func(name string) {
		switch name {
		case "mode":
			c.Mode = d.text()
		case "tools":
			d.array(func() {
				c.Allowed = append(c.Allowed, decodeAllowedTool(d)...)
			})
		default:
			d.other(name)
		}
	})
}

// decodeAllowedTool reads the name of one tool that is allowed; nothing for null. A list inside it means nothing: were
// it read, a list in a list in a list would have paths as long as the body.
func decodeAllowedTool(d *decoder) []string {
	var tool string
	if !d.object(func(name string) {
		switch name {
		case "type":
			d.text()
		case "name":
			tool = d.text()
		case "function", "custom":
			tool = decodeNamed(d, tool)
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	return []string{tool}
}

// decodeNamed reads an object that has only a name, or gives back the name known before.
func decodeNamed(d *decoder, tool string) string {
	d.object(func(name string) {
		if name != "name" {
			d.other(name)
			return
		}
		tool = d.text()
	})
	return tool
}
