package chat

import (
	"outcrop/openai"
	"outcrop/translate/converse"
)

// readChoice reads tool_choice, or function_call of the legacy form (TRANSLATION 1.7).
func (r *reader) readChoice() {
	asked, member := r.req.ToolChoice, "tool_choice"
	if r.req.FunctionCall != nil {
		if asked != nil {
			r.Refuse(openai.CodeInvalidValue, "function_call",
				"'function_call' and 'tool_choice' cannot be given together; 'function_call' is the older form of "+
					"'tool_choice'.")
		} else {
			asked, member = r.req.FunctionCall, "function_call"
		}
	}
	r.Choice.Member = member
	if asked == nil {
		return
	}
	switch asked.Type {
	case "", "function", "allowed_tools":
	default:
		r.Refuse(openai.CodeInvalidValue, member,
			"Invalid value: '%s'. Only tools of type 'function' can be chosen.", asked.Type)
		return
	}
	switch {
	case asked.Name != "":
		r.Choice.Kind, r.Choice.Name = converse.One, asked.Name
	case asked.Type == "function":
		r.Missing(member + ".function.name")
	case asked.Allowed != nil && len(asked.Allowed) == 0:
		r.Refuse(openai.CodeEmptyArray, "tool_choice.allowed_tools.tools",
			"Invalid 'tool_choice.allowed_tools.tools': empty array. Expected an array with minimum length 1, but got an "+
				"empty array instead.")
	default:
		r.readMode(asked)
	}
}

func (r *reader) readMode(asked *openai.ToolChoice) {
	h := &r.Choice
	h.Allowed = asked.Allowed
	switch mode := asked.Mode; {
	case mode == "auto":
	case mode == "required" && h.Member == "tool_choice":
		h.Kind = converse.Any
	case mode == "none" && asked.Allowed == nil:
		h.Kind = converse.None
	default:
		supported := "'none', 'auto' and 'required'"
		if asked.Allowed != nil {
			supported = "'auto' and 'required'"
		} else if h.Member == "function_call" {
			supported = "'none' and 'auto'"
		}
		r.Refuse(openai.CodeInvalidValue, h.Member, "Invalid value: '%s'. Supported values are: %s.", mode, supported)
	}
}
