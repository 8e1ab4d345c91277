package converse

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
	"outcrop/translate"
)

func (h *Choice) forced() bool { return h.Kind == Any || h.Kind == One }

func (c *pass) toolChoice() types.ToolChoice {
	switch c.choice.Kind {
	case Any:
		return &types.ToolChoiceMemberAny{}
	case One:
		return &types.ToolChoiceMemberTool{Value: types.SpecificToolChoice{Name: ptr(c.names.bedrock(c.choice.Name))}}
	}
	return nil
}

// chooseTool judges the choice of a request against its tools (TRANSLATION 1.7).
func (c *pass) chooseTool() {
	asked := c.req.Choice
	c.choice.Member = asked.Member
	if asked.Kind == One && !c.declared(asked.Name) || asked.Allowed != nil && !c.allow(asked.Allowed) {
		return
	}
	c.choice = asked
	if c.choice.forced() && len(c.tools) == 0 {
		c.Refuse(openai.CodeInvalidValue, asked.Member,
			"Invalid value: '%s' demands a call, but no tools are given.", asked.Member)
		c.choice.Kind = Auto
	}
	c.stepDown()
}

// declared tells whether the client defined a tool of this name; it is asked before any is left out again.
func (c *pass) declared(name string) bool {
	_, there := c.toolAt[name]
	if !there {
		c.Refuse(openai.CodeInvalidValue, c.choice.Member, "Invalid value: '%s' is not among the tools given.", name)
	}
	return there
}

// allow keeps only the listed tools, in the order of tools (R-CHO-06).
func (c *pass) allow(list []string) bool {
	listed := make(map[string]bool, len(list))
	for _, name := range list {
		if !c.declared(name) {
			return false
		}
		listed[name] = true
	}
	c.tools = slices.DeleteFunc(c.tools, func(t tool) bool { return !listed[t.Name] })
	return true
}

// stepDown replaces a kind of choice that the model is known to refuse by the nearest that it takes (R-CHO-04).
func (c *pass) stepDown() {
	can, h := &c.caps.ToolChoice, &c.choice
	if !can.Known || !h.forced() || h.Kind == Any && can.Any || h.Kind == One && can.Tool {
		return
	}
	c.relax(can.Any)
}

// relax takes a forced choice back as far as it must: to any tool with only the wanted one sent, or to no choice at
// all.
func (c *pass) relax(toAny bool) {
	h := &c.choice
	if h.Kind == One {
		c.tools = slices.DeleteFunc(c.tools, func(t tool) bool { return t.Name != h.Name })
	}
	if toAny && h.Kind == One {
		h.Kind = Any
	} else {
		h.Kind = Auto
	}
	c.Adjust(h.Member, "downgraded")
}

// oneCall arranges for parallel_tool_calls: false (R-CHO-08). Two choices in one request are refused by the service, so
// Claude's own switch goes only where no toolChoice is sent.
func (c *pass) oneCall() {
	if !c.req.OneCall || c.out.DiscardCalls {
		return
	}
	c.out.OneCall = true
	if c.in.ToolConfig.ToolChoice == nil && c.caps.DisableParallel && c.may(translate.SingleCall) {
		c.add(translate.SingleCall)
		c.fields.add("tool_choice", []byte(`{"type":"auto","disable_parallel_tool_use":true}`))
	}
}
