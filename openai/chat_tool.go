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
	Mode    string   // "none", "auto", "required"; "" when a function is named
	Name    string   // the named function
	Type    string   // "function", "custom", "allowed_tools" or "" (string and legacy forms)
	Allowed []string // names of allowed_tools, whose mode is in Mode
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
			d.object(func(name string) {
				if name != "name" {
					d.other(name)
					return
				}
				c.Name = d.text()
			})
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
				if t := decodeToolChoice(d); t != nil {
					c.Allowed = append(c.Allowed, t.Name)
				}
			})
		default:
			d.other(name)
		}
	})
}
