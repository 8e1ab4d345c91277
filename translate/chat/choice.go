package chat

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
	"outcrop/translate"
)

// choiceKind is what the model is told to do with the tools.
type choiceKind uint8

const (
	chooseAuto choiceKind = iota // toolChoice is omitted: the service's default (R-CHO-01)
	chooseNone
	chooseAny
	chooseTool
)

// choice is the tool choice that is sent.
type choice struct {
	kind   choiceKind
	name   string // of chooseTool, the client's
	member string // "tool_choice" or "function_call", whichever the client used
}

func (h *choice) forced() bool { return h.kind == chooseAny || h.kind == chooseTool }

func (h *choice) wire(n *names) types.ToolChoice {
	switch h.kind {
	case chooseAny:
		return &types.ToolChoiceMemberAny{}
	case chooseTool:
		return &types.ToolChoiceMemberTool{Value: types.SpecificToolChoice{Name: ptr(n.bedrock(h.name))}}
	}
	return nil
}

// chooseTool reads tool_choice, or function_call of the legacy form (TRANSLATION 1.7).
func (c *chat) chooseTool() {
	asked := c.req.ToolChoice
	c.choice.member = "tool_choice"
	if c.req.FunctionCall != nil {
		if asked != nil {
			c.refuse(openai.CodeInvalidValue, "function_call", "'function_call' and 'tool_choice' cannot be given together; 'function_call' is the older form of 'tool_choice'.")
		} else {
			asked, c.choice.member = c.req.FunctionCall, "function_call"
		}
	}
	if asked == nil || !c.readChoice(asked) {
		return
	}
	if c.choice.forced() && len(c.tools) == 0 {
		c.refuse(openai.CodeInvalidValue, c.choice.member, "Invalid value: '%s' demands a call, but no tools are given.", c.choice.member)
		c.choice.kind = chooseAuto
	}
	c.stepDown()
}

// readChoice tells whether the choice makes sense.
func (c *chat) readChoice(asked *openai.ToolChoice) bool {
	member := c.choice.member
	switch asked.Type {
	case "", "function", "allowed_tools":
	default:
		c.refuse(openai.CodeInvalidValue, member, "Invalid value: '%s'. Only tools of type 'function' can be chosen.", asked.Type)
		return false
	}
	if asked.Name != "" {
		if !c.declared(asked.Name) {
			c.refuse(openai.CodeInvalidValue, member, "Invalid value: '%s' is not among the tools given.", asked.Name)
			return false
		}
		c.choice.kind, c.choice.name = chooseTool, asked.Name
		return true
	}
	if asked.Type == "function" {
		c.missing(member + ".function.name")
		return false
	}
	if asked.Allowed != nil && !c.allow(asked.Allowed) {
		return false
	}
	return c.readMode(asked)
}

func (c *chat) readMode(asked *openai.ToolChoice) bool {
	switch mode := asked.Mode; {
	case mode == "auto":
	case mode == "required" && c.choice.member == "tool_choice":
		c.choice.kind = chooseAny
	case mode == "none" && asked.Allowed == nil:
		c.choice.kind = chooseNone
	default:
		supported := "'none', 'auto' and 'required'"
		if asked.Allowed != nil {
			supported = "'auto' and 'required'"
		} else if c.choice.member == "function_call" {
			supported = "'none' and 'auto'"
		}
		c.refuse(openai.CodeInvalidValue, c.choice.member, "Invalid value: '%s'. Supported values are: %s.", mode, supported)
		return false
	}
	return true
}

// declared tells whether the client defined a tool of this name; it is asked before any is left out again.
func (c *chat) declared(name string) bool {
	_, there := c.toolAt[name]
	return there
}

// allow keeps only the listed tools, in the order of tools (R-CHO-06).
func (c *chat) allow(list []string) bool {
	if len(list) == 0 {
		c.refuse(openai.CodeEmptyArray, "tool_choice.allowed_tools.tools", "Invalid 'tool_choice.allowed_tools.tools': empty array. Expected an array with minimum length 1, but got an empty array instead.")
		return false
	}
	for _, name := range list {
		if !c.declared(name) {
			c.refuse(openai.CodeInvalidValue, "tool_choice", "Invalid value: '%s' is not among the tools given.", name)
			return false
		}
	}
	listed := make(map[string]bool, len(list))
	for _, name := range list {
		listed[name] = true
	}
	c.tools = slices.DeleteFunc(c.tools, func(t tool) bool { return !listed[t.def.Name] })
	return true
}

// stepDown replaces a kind of choice that the model is known to refuse by the nearest that it takes (R-CHO-04).
func (c *chat) stepDown() {
	can, h := &c.caps.ToolChoice, &c.choice
	if !can.Known || !h.forced() || h.kind == chooseAny && can.Any || h.kind == chooseTool && can.Tool {
		return
	}
	c.relax(can.Any)
}

// relax takes a forced choice back as far as it must: to any tool with only the wanted one sent, or to no choice at all.
func (c *chat) relax(toAny bool) {
	h := &c.choice
	if h.kind == chooseTool {
		c.tools = slices.DeleteFunc(c.tools, func(t tool) bool { return t.def.Name != h.name })
	}
	if toAny && h.kind == chooseTool {
		h.kind = chooseAny
	} else {
		h.kind = chooseAuto
	}
	c.adjust(h.member, "downgraded")
}

// oneCall arranges for parallel_tool_calls: false (R-CHO-08). Two choices in one request are refused by the service, so
// Claude's own switch goes only where no toolChoice is sent.
func (c *chat) oneCall() {
	if p := c.req.ParallelToolCalls; p == nil || *p || c.out.DiscardCalls {
		return
	}
	c.out.OneCall = true
	if c.in.ToolConfig.ToolChoice == nil && c.caps.DisableParallel && c.may(translate.SingleCall) {
		c.add(translate.SingleCall)
		c.fields.add("tool_choice", []byte(`{"type":"auto","disable_parallel_tool_use":true}`))
	}
}
