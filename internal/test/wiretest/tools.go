package wiretest

import "encoding/json"

type toolConfig struct {
	Tools      []block
	ToolChoice block
}

// addTo gives a request the tools and the choice among them.
func (c *toolConfig) addTo(req tree) error {
	var tools []tree
	for _, b := range c.Tools {
		switch {
		case b.is("cachePoint") && len(tools) > 0:
			tools[len(tools)-1]["cache_control"] = cacheControl(b["cachePoint"])
		case b.is("toolSpec"):
			var spec struct {
				Name        string
				Description string
				Strict      *bool
				InputSchema struct{ JSON json.RawMessage }
			}
			if err := json.Unmarshal(b["toolSpec"], &spec); err != nil {
				return err
			}
			f := tree{"name": spec.Name, "parameters": spec.InputSchema.JSON}
			if spec.Description != "" {
				f["description"] = spec.Description
			}
			if spec.Strict != nil {
				f["strict"] = *spec.Strict
			}
			tools = append(tools, tree{"type": "function", "function": f})
		default:
			return NoForm("a system tool (R-EXT-11)")
		}
	}
	if len(tools) > 0 {
		req["tools"] = tools
	}
	switch choice := c.ToolChoice; {
	case choice.is("auto"):
		req["tool_choice"] = "auto"
	case choice.is("any"):
		req["tool_choice"] = "required"
	case choice.is("tool"):
		req["tool_choice"] = tree{"type": "function", "function": choice["tool"]}
	}
	return nil
}
