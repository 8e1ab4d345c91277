package chat

import (
	"slices"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// thinking says how Claude was told to think, and what follows from it for other members.
type thinking struct {
	on            bool // this request thinks, by being asked or by the model's own nature
	dropsSampling bool // temperature, top-p and top-k must not be sent
}

// efforts are OpenAI's values of reasoning_effort, ascending.
var efforts = [...]string{"none", "minimal", "low", "medium", "high", "xhigh", "max"}

// budgets are the thinking budgets of R-RSN-02.
var budgets = map[string]int64{"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768, "max": 32768}

const effortMember = "reasoning_effort"

// reason decides on reasoning (TRANSLATION 1.9) and settles its quarrel with a forced tool choice (R-CHO-05).
func (c *chat) reason() {
	asked := c.effort()
	r := &c.caps.Reasoning
	if object, member := c.thinkingObject(); object != nil {
		if asked != "" {
			c.adjust(effortMember, "overridden")
		}
		c.nativeThinking(object, member)
		return
	}
	if takesThinking(r) {
		c.claudeThinking(asked)
		return
	}
	if asked == "" {
		return
	}
	switch r.Shape {
	case catalog.ReasoningNova:
		c.novaReasoning(asked)
	case catalog.ReasoningEffort, catalog.ReasoningConfig:
		c.namedEffort(asked)
	case catalog.ReasoningObject:
		c.effortObject(asked)
	default:
		c.noReasoning(asked)
	}
}

// effort is the effort that the client asked for, "" without one.
func (c *chat) effort() string {
	e := c.req.ReasoningEffort
	if e == nil {
		return ""
	}
	if !slices.Contains(efforts[:], *e) {
		c.refuse(openai.CodeInvalidValue, effortMember, "Invalid value: '%s'. Supported values are: 'none', 'minimal', 'low', 'medium', 'high', 'xhigh' and 'max'.", *e)
		return ""
	}
	return *e
}

// clamp is the nearest effort that the family knows: minimal becomes low, and what is too high becomes high (R-RSN-05).
func (c *chat) clamp(effort string) string {
	known := c.caps.Reasoning.Efforts
	switch {
	case slices.Contains(known, effort):
		return effort
	case effort == "minimal":
		return "low" // no family of Bedrock's has less
	case len(known) == 0:
		return effort
	case effort == "xhigh" || effort == "max":
		c.adjust(effortMember, "capped_at_high")
	}
	return "high"
}

// noReasoning is for models that have no switch: a request not to think is kept by those that never do.
func (c *chat) noReasoning(asked string) {
	switch {
	case asked != "none":
		c.adjust(effortMember, "not_configurable")
	case c.caps.Reasoning.Default == "always":
		c.adjust(effortMember, "cannot_be_disabled")
	}
}

// namedEffort is for families whose parameter is a word.
func (c *chat) namedEffort(asked string) {
	r := &c.caps.Reasoning
	name := "reasoning_effort"
	if r.Shape == catalog.ReasoningConfig {
		name = "reasoning_config"
	}
	if asked == "none" {
		if r.Default != "always" {
			return
		}
		c.adjust(effortMember, "cannot_be_disabled")
		if r.Shape == catalog.ReasoningConfig {
			return
		}
		asked = "low" // the least there is
	}
	c.fields.add(name, quote(nil, c.clamp(asked)))
}

// effortObject is for families whose parameter is an object; theirs is the only one in which not to reason is a value.
func (c *chat) effortObject(asked string) {
	if asked != "none" {
		asked = c.clamp(asked)
	}
	c.fields.add("reasoning", append(quote([]byte(`{"effort":`), asked), '}'))
}

// replays tells whether reasoning blocks of the history may go back (R-RSN-09): to a family that signs them while it thinks, to one
// that encrypts them unless it was told not to.
func (c *chat) replays() bool {
	if c.caps.Reasoning.Encrypted {
		return c.req.ReasoningEffort == nil || *c.req.ReasoningEffort != "none"
	}
	return c.caps.Reasoning.Signed && c.thinking.on
}

func (c *chat) novaReasoning(asked string) {
	if asked == "none" {
		return
	}
	effort := c.clamp(asked)
	if limit, _ := c.tokenLimit(); effort == "high" && limit > 0 { // high takes no limit, and the limit bounds the cost (R-RSN-04)
		c.adjust(effortMember, "lowered_to_medium")
		effort = "medium"
	}
	c.thinking.dropsSampling = effort == "high"
	c.fields.add("reasoningConfig", append(quote([]byte(`{"type":"enabled","maxReasoningEffort":`), effort), '}'))
}

// claudeThinking turns an effort into Claude's parameters.
func (c *chat) claudeThinking(asked string) {
	r := &c.caps.Reasoning
	wanted := asked != "" && asked != "none"
	var budget int64
	if wanted && r.Shape == catalog.ReasoningBudget {
		if budget = c.budget(asked); budget == 0 {
			wanted = false
		}
	}
	c.thinking.on = wanted || r.Default == "always" || r.Default == "on" && asked != "none"
	if c.thinking.on && c.choice.forced() && !r.ForcedChoiceAllowed {
		if r.Default == "always" {
			c.relax(false)
		} else {
			if wanted {
				c.adjust(effortMember, "disabled_by_tool_choice")
			}
			c.thinking.on, wanted = false, false
		}
	}
	c.thinking.dropsSampling = c.thinking.on
	switch {
	case wanted && r.Shape == catalog.ReasoningBudget:
		c.fields.add("thinking", []byte(`{"type":"enabled","budget_tokens":`+itoa(budget)+`}`))
	case wanted:
		c.adaptive(asked)
	case asked == "none" && r.Default == "always":
		c.adjust(effortMember, "cannot_be_disabled")
	case !c.thinking.on && r.Default == "on":
		c.fields.add("thinking", []byte(`{"type":"disabled"}`))
	}
}

func (c *chat) adaptive(asked string) {
	object := `{"type":"adaptive"}`
	if c.caps.Reasoning.TextHidden {
		object = `{"type":"adaptive","display":"summarized"}`
	}
	c.fields.add("thinking", []byte(object))
	c.fields.add("output_config", append(quote([]byte(`{"effort":`), c.clamp(asked)), '}'))
}

// budget is the thinking budget for an effort (R-RSN-02), 0 when thinking has to stay off.
func (c *chat) budget(effort string) int64 {
	if c.openLoopUnsigned() {
		c.adjust(effortMember, "disabled_missing_signature")
		return 0
	}
	b := budgets[effort]
	least := max(int64(c.caps.Reasoning.MinBudget), 1024)
	for _, limit := range []int64{c.limitOrNone(), int64(c.row.MaxOutput)} {
		if limit > 0 {
			b = min(b, limit/4*3+limit%4*3/4) // three quarters, of any number
		}
	}
	if limit := c.limitOrNone(); limit > 0 && limit < 2048 || b < least {
		c.adjust(effortMember, "max_tokens_too_small")
		return 0
	}
	return b
}

func (c *chat) limitOrNone() int64 {
	n, _ := c.tokenLimit()
	return n
}

// openLoopUnsigned tells whether the last assistant turn has calls and brings no reasoning that can be sent back; Claude
// then refuses to think (R-RSN-07). Several messages may make up that turn (R-MSG-05).
func (c *chat) openLoopUnsigned() bool {
	seen, calls, signed := false, false, false
	for i := len(c.req.Messages) - 1; i >= 0; i-- {
		switch m := &c.req.Messages[i]; m.Role {
		case "assistant":
			signed = signed || c.brings(m)
			calls = calls || len(m.ToolCalls) > 0 || m.FunctionCall != nil
			seen = seen || calls || speaks(m)
		case "system", "developer": // stand elsewhere (R-MSG-02)
		default:
			if seen {
				return calls && !signed
			}
			signed = false // a turn of nothing but reasoning is dropped (R-MSG-12)
		}
	}
	return calls && !signed
}

// brings tells whether a message brings reasoning that this family will take back.
func (c *chat) brings(m *openai.Message) bool {
	list, _ := c.replayable(m)
	return len(list) > 0
}

// thinkingObject finds Claude's own object, given as an extension or among the additional fields, which win (R-RSN-11). A
// model of which nothing is known gets what the client asked for (R-CAP-06).
func (c *chat) thinkingObject() (object []byte, member string) {
	r := &c.caps.Reasoning
	if c.req.Thinking != nil {
		if takesThinking(r) || r.Supported == catalog.Unknown && r.Shape == catalog.ReasoningNone {
			object, member = c.req.Thinking, "thinking"
		} else {
			c.adjust("thinking", "unsupported")
		}
	}
	if takesThinking(r) {
		var leaf []byte
		members(c.req.AdditionalModelRequestFields, func(name string, value []byte) bool {
			if name == "thinking" && kindOf(value) == '{' {
				leaf = value
			}
			return true
		})
		if leaf != nil {
			var both fields // as they will be sent (R-EXT-03)
			both.merge(object)
			both.merge(leaf)
			return both.json(), "additional_model_request_fields.thinking"
		}
	}
	return object, member
}

// thinks tells whether Claude's own object, or the lack of one, leaves thinking on.
func thinks(object []byte) (on bool) {
	members(object, func(name string, value []byte) bool {
		if name == "type" {
			on = string(value) != `"disabled"`
		}
		return true
	})
	return on
}

// nativeThinking judges by what the client's own object says (R-RSN-11).
func (c *chat) nativeThinking(object []byte, member string) {
	c.thinking.on = takesThinking(&c.caps.Reasoning) && thinks(object)
	if c.thinking.on && c.choice.forced() && !c.caps.Reasoning.ForcedChoiceAllowed {
		if member != "thinking" { // the client's leaf wins, so the choice has to give way
			c.relax(false)
		} else {
			c.adjust(member, "disabled_by_tool_choice")
			c.thinking.on, object = false, []byte(`{"type":"disabled"}`)
		}
	}
	c.thinking.dropsSampling = c.thinking.on
	switch {
	case member == "thinking":
		c.fields.add("thinking", object)
	case c.req.Thinking != nil:
		c.fields.add("thinking", c.req.Thinking) // the additional fields go over it
	}
}

// additional sets additionalModelRequestFields: our own, then the client's over them (R-EXT-03).
func (c *chat) additional() {
	c.fields.merge(c.req.AdditionalModelRequestFields)
	if c.opts.MaxTokens > 0 {
		c.capFields()
	}
	if len(c.fields.list) > 0 {
		c.in.AdditionalModelRequestFields = raw(c.fields.json())
	}
}
