package converse

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/internal/rawjson"
)

// thinking says how Claude was told to think, and what follows from it for other members.
type thinking struct {
	on            bool // this request thinks, by being asked or by the model's own nature
	dropsSampling bool // temperature, top-p and top-k must not be sent
}

// Efforts are OpenAI's values of reasoning_effort, ascending.
var Efforts = [...]string{"none", "minimal", "low", "medium", "high", "xhigh", "max"}

// budgets are the thinking budgets of R-RSN-02.
var budgets = map[string]int64{"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384,
	"xhigh": 32768, "max": 32768}

// reason decides on reasoning (TRANSLATION 1.9) and settles its quarrel with a forced tool choice (R-CHO-05).
func (c *pass) reason() {
	asked := c.req.Effort
	r := &c.caps.Reasoning
	if object, member := c.thinkingObject(); object != nil {
		if asked != "" {
			c.Adjust(c.req.Names.Effort, "overridden")
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

// clamp is the nearest effort that the family knows: minimal becomes low, and what is too high becomes high (R-RSN-05).
func (c *pass) clamp(effort string) string {
	known := c.caps.Reasoning.Efforts
	switch {
	case slices.Contains(known, effort):
		return effort
	case effort == "minimal":
		return "low" // no family of Bedrock's has less
	case len(known) == 0:
		return effort
	case effort == "xhigh" || effort == "max":
		c.Adjust(c.req.Names.Effort, "capped_at_high")
	}
	return "high"
}

// noReasoning is for models that have no switch: a request not to think is kept by those that never do.
func (c *pass) noReasoning(asked string) {
	switch {
	case asked != "none":
		c.Adjust(c.req.Names.Effort, "not_configurable")
	case c.caps.Reasoning.Default == "always":
		c.Adjust(c.req.Names.Effort, "cannot_be_disabled")
	}
}

// namedEffort is for families whose parameter is a word.
func (c *pass) namedEffort(asked string) {
	r := &c.caps.Reasoning
	name := "reasoning_effort"
	if r.Shape == catalog.ReasoningConfig {
		name = "reasoning_config"
	}
	if asked == "none" {
		if r.Default != "always" {
			return
		}
		c.Adjust(c.req.Names.Effort, "cannot_be_disabled")
		if r.Shape == catalog.ReasoningConfig {
			return
		}
		asked = "low" // the least there is
	}
	c.fields.add(name, rawjson.Quote(nil, c.clamp(asked)))
}

// effortObject is for families whose parameter is an object; theirs is the only one in which not to reason is a value.
func (c *pass) effortObject(asked string) {
	if asked != "none" {
		asked = c.clamp(asked)
	}
	c.fields.add("reasoning", append(rawjson.Quote([]byte(`{"effort":`), asked), '}'))
}

// replays tells whether reasoning blocks of the history may go back (R-RSN-09): to a family that signs them while it
// thinks, to one that encrypts them unless it was told not to.
func (c *pass) replays() bool {
	if c.caps.Reasoning.Encrypted {
		return c.req.Effort != "none"
	}
	return c.caps.Reasoning.Signed && c.thinking.on
}

// takesThinking tells whether the model takes Claude's object thinking.
func takesThinking(r *catalog.Reasoning) bool {
	return r.Shape == catalog.ReasoningBudget || r.Shape == catalog.ReasoningAdaptive
}

func (c *pass) novaReasoning(asked string) {
	if asked == "none" {
		return
	}
	effort := c.clamp(asked)
	// high takes no limit, and the limit bounds the cost (R-RSN-04)
	if limit, _ := c.tokenLimit(); effort == "high" && limit > 0 {
		c.Adjust(c.req.Names.Effort, "lowered_to_medium")
		effort = "medium"
	}
	c.thinking.dropsSampling = effort == "high"
	c.fields.add("reasoningConfig", append(rawjson.Quote([]byte(`{"type":"enabled","maxReasoningEffort":`), effort), '}'))
}

// claudeThinking turns an effort into Claude's parameters.
func (c *pass) claudeThinking(asked string) {
	r := &c.caps.Reasoning
	wanted := asked != "" && asked != "none"
	var budget int64
	if wanted && r.Shape == catalog.ReasoningBudget {
		budget = c.budget(asked)
		wanted = budget > 0
	}
	c.thinking.on = wanted || c.thinksUnasked(asked)
	if c.thinking.on && c.choice.forced() && !r.ForcedChoiceAllowed {
		wanted = c.yieldToChoice(wanted)
	}
	c.thinking.dropsSampling = c.thinking.on
	switch {
	case wanted && budget > 0:
		c.fields.add("thinking", []byte(`{"type":"enabled","budget_tokens":`+itoa(budget)+`}`))
	case wanted:
		c.adaptive(asked)
	case asked == "none" && r.Default == "always":
		c.Adjust(c.req.Names.Effort, "cannot_be_disabled")
	case !c.thinking.on && r.Default == "on":
		c.fields.add("thinking", []byte(`{"type":"disabled"}`))
	}
}

// thinksUnasked tells whether Claude thinks by its own nature.
func (c *pass) thinksUnasked(asked string) bool {
	by := c.caps.Reasoning.Default
	return by == "always" || by == "on" && asked != "none"
}

// yieldToChoice settles the quarrel with a forced choice, which a model that always thinks cannot win (R-CHO-05). It
// tells whether thinking is still wanted.
func (c *pass) yieldToChoice(wanted bool) bool {
	if c.caps.Reasoning.Default == "always" {
		c.relax(false)
		return wanted
	}
	if wanted {
		c.Adjust(c.req.Names.Effort, "disabled_by_tool_choice")
	}
	c.thinking.on = false
	return false
}

func (c *pass) adaptive(asked string) {
	object := `{"type":"adaptive"}`
	if c.caps.Reasoning.TextHidden {
		object = `{"type":"adaptive","display":"summarized"}`
	}
	c.fields.add("thinking", []byte(object))
	c.fields.add("output_config", append(rawjson.Quote([]byte(`{"effort":`), c.clamp(asked)), '}'))
}

// budget is the thinking budget for an effort (R-RSN-02), 0 when thinking has to stay off.
func (c *pass) budget(effort string) int64 {
	if c.openLoopUnsigned() {
		c.Adjust(c.req.Names.Effort, "disabled_missing_signature")
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
		c.Adjust(c.req.Names.Effort, "max_tokens_too_small")
		return 0
	}
	return b
}

func (c *pass) limitOrNone() int64 {
	n, _ := c.tokenLimit()
	return n
}

// openLoopUnsigned tells whether the last assistant turn has calls and brings no reasoning that can be sent back;
// Claude then refuses to think (R-RSN-07). Several of the client's turns may make up that turn (R-MSG-05).
func (c *pass) openLoopUnsigned() bool {
	seen, calls, brings := false, false, false
	for i := len(c.req.Turns) - 1; i >= 0; i-- {
		t := &c.req.Turns[i]
		if t.System {
			continue
		}
		if !t.Assistant {
			if seen {
				break
			}
			brings = false // a turn of nothing but reasoning is dropped (R-MSG-12)
			continue
		}
		for j := range t.Blocks {
			b := &t.Blocks[j]
			calls = calls || b.Call != nil
			seen = seen || calls || !Blank(b.Text)
			brings = brings || b.Reasoning != nil && signed(c.row, b.Reasoning) != nil
		}
	}
	return calls && !brings
}

// Returns tells whether a model takes back a piece of reasoning: one that its family has signed or encrypted
// (R-RPL-02, -03).
func Returns(r *Reasoning, row *catalog.Model) bool { return signed(row, r) != nil }

// signed is reasoning as the family takes it back, nil for none.
func signed(row *catalog.Model, r *Reasoning) types.ReasoningContentBlock {
	switch {
	case strings.TrimPrefix(r.Format, formatPrefix) != row.Format || !strings.HasPrefix(r.Format, formatPrefix):
	case r.Data != "":
		if data, err := base64.StdEncoding.DecodeString(r.Data); err == nil {
			return &types.ReasoningContentBlockMemberRedactedContent{Value: data}
		}
	case r.Signature != "" && !row.Caps.Reasoning.Encrypted:
		return &types.ReasoningContentBlockMemberReasoningText{Value: types.ReasoningTextBlock{Text: &r.Text,
			Signature: &r.Signature}}
	}
	return nil
}

// thinkingObject finds Claude's own object, given as an extension or among the additional fields, which win
// (R-RSN-11). A model of which nothing is known gets what the client asked for (R-CAP-06).
func (c *pass) thinkingObject() (object []byte, member string) {
	r := &c.caps.Reasoning
	if c.req.Thinking != nil {
		if takesThinking(r) || r.Supported == catalog.Unknown && r.Shape == catalog.ReasoningNone {
			object, member = c.req.Thinking, "thinking"
		} else {
			c.Adjust("thinking", "unsupported")
		}
	}
	if takesThinking(r) {
		var leaf []byte
		rawjson.Members(c.req.Fields, func(name string, value []byte) bool {
			if name == "thinking" && rawjson.Kind(value) == '{' {
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
	rawjson.Members(object, func(name string, value []byte) bool {
		if name == "type" {
			on = string(value) != `"disabled"`
		}
		return true
	})
	return on
}

// nativeThinking judges by what the client's own object says (R-RSN-11).
func (c *pass) nativeThinking(object []byte, member string) {
	c.thinking.on = takesThinking(&c.caps.Reasoning) && thinks(object)
	if c.thinking.on && c.choice.forced() && !c.caps.Reasoning.ForcedChoiceAllowed {
		if member != "thinking" { // the client's leaf wins, so the choice has to give way
			c.relax(false)
		} else {
			c.Adjust(member, "disabled_by_tool_choice")
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
func (c *pass) additional() {
	c.fields.merge(c.req.Fields)
	if c.opts.MaxTokens > 0 {
		c.capFields()
	}
	if len(c.fields.list) > 0 {
		c.in.AdditionalModelRequestFields = raw(c.fields.json())
	}
}
