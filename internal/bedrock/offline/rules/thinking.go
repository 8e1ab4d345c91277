package rules

import "outcrop/internal/bedrock/offline/wire"

// ThinkingPage ends the texts about extended thinking.
const ThinkingPage = "Please consult our documentation at " +
	"https://docs.claude.com/en/docs/build-with-claude/extended-thinking"

// thinkingRule: Claude's conditions on extended thinking [FACTS 2.2, 2.6, 4.2]. The texts are Anthropic's own
// (unconfirmed for Bedrock).
func thinkingRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	f := t.Model.Traits
	if !f.Claude {
		return nil
	}
	if r.Forced() && f.NoForcedChoice {
		return wire.RefusedByModel("tool_choice: forced tool use is not supported for this model.")
	}
	th := r.Thinking(f)
	if e := thinkingMode(th, r, f); e != nil {
		return e
	}
	if !th.On {
		return nil
	}
	if r.Forced() && (!f.ForcedThinking || th.Mode != "adaptive") {
		return wire.RefusedByModel("Thinking may not be enabled when tool_choice forces tool use.")
	}
	for _, name := range []string{"temperature", "top_p", "top_k"} {
		if name == "temperature" && r.Inference.Temperature != nil && *r.Inference.Temperature == 1 {
			continue // recorded: the default itself passes
		}
		if r.Sampled(name) {
			return wire.RefusedByModel("`%s` must be unset when thinking is enabled. %s", name, ThinkingPage)
		}
	}
	return nil
}

func thinkingMode(th wire.Thinking, r *wire.ConverseRequest, f wire.Family) *wire.Exception {
	if _, set := r.Native["thinking"]; !set {
		return nil
	}
	adaptive := f.Reasoning == wire.ClaudeBoth || f.Reasoning == wire.ClaudeAdaptive ||
		f.Reasoning == wire.ClaudeDefault || f.Reasoning == wire.ClaudeAlways
	switch th.Mode {
	case "enabled":
		if f.Reasoning != wire.ClaudeBudget && f.Reasoning != wire.ClaudeBoth {
			if f.Reasoning == wire.ReasonsNever {
				return wire.RefusedByModel("thinking is not supported for this model.")
			}
			return wire.RefusedByModel("\"thinking.type.enabled\" is not supported for this model. Use " +
				"\"thinking.type.adaptive\" and " +
				"\"output_config.effort\" to control thinking behavior.")
		}
		return thinkingBudget(th, r)
	case "adaptive":
		if !adaptive {
			return wire.RefusedByModel("adaptive thinking is not supported on this model")
		}
	case "disabled":
		config, _ := r.Native["output_config"].(map[string]any)
		effort, _ := config["effort"].(string)
		if f.Reasoning == wire.ClaudeAlways {
			return wire.RefusedByModel("\"thinking.type.disabled\" is not supported for this model.")
		}
		if f.Reasoning == wire.ClaudeDefault && (effort == "xhigh" || effort == "max") {
			return wire.RefusedByModel("output_config.effort: %s is not supported when thinking is disabled", effort)
		}
	default:
		return wire.RefusedByModel("thinking: Input tag '%s' found using 'type' does not match any of the expected tags: "+
			"'disabled', 'enabled', "+
			"'adaptive'", th.Mode)
	}
	return nil
}

func thinkingBudget(th wire.Thinking, r *wire.ConverseRequest) *wire.Exception {
	switch {
	case r.Native["thinking"].(map[string]any)["budget_tokens"] == nil:
		return wire.RefusedByModel("thinking.enabled.budget_tokens: Field required")
	case th.Budget < 1024:
		return wire.RefusedByModel("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
	case r.Inference.MaxTokens != nil && float64(*r.Inference.MaxTokens) <= th.Budget:
		return wire.RefusedByModel("`max_tokens` must be greater than `thinking.budget_tokens`. "+
			"%s#max-tokens-and-context-window-size", ThinkingPage)
	}
	return nil
}

// replayRule: reasoning blocks in history [FACTS 2.6]: signed and unchanged on Claude, only in assistant turns, and
// first in the turn whose calls are being answered while a budget is set.
func replayRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	f := t.Model.Traits
	for i, m := range r.Messages {
		thoughts := 0
		for j, b := range m.Content {
			if b.Reasoning == nil {
				continue
			}
			if thoughts++; f.Claude && thoughts == len(m.Content) { // FACTS 2.10
				return wire.RefusedByModel("messages.%d: The final block in an assistant message cannot be `thinking`.", i)
			}
			if m.Role != "assistant" { // text unconfirmed
				return wire.Invalid("The reasoningContent block at messages.%d.content.%d can only be used in a message with "+
					"the assistant role.", i, j)
			}
			if e := encryptedRule(b.Reasoning, f, i, j); e != nil {
				return e
			}
			if !f.Claude {
				continue
			}
			switch b := b.Reasoning; {
			case b.Text != nil && b.Text.Signature == "":
				return wire.RefusedByModel("messages.%d.content.%d.thinking.signature: Field required", i, j)
			case b.Text != nil && !wire.Verify(b.Text.Text, b.Text.Signature):
				return wire.RefusedByModel("messages.%d.content.%d: Invalid `signature` in `thinking` block", i, j)
			case b.Text == nil && !wire.VerifyRedacted(b.Redacted):
				return wire.RefusedByModel("messages.%d.content.%d: Invalid `data` in `redacted_thinking` block", i, j)
			}
		}
	}
	if e := unmovedRule(r, f); e != nil {
		return e
	}
	return openLoopRule(r, t)
}

// unmovedRule: the thinking of the latest assistant turn stands where it stood [FACTS 2.10]; the text goes on as
// Anthropic writes it.
func unmovedRule(r *wire.ConverseRequest, f wire.Family) *wire.Exception {
	i := len(r.Messages) - 1
	for i >= 0 && r.Messages[i].Role != "assistant" {
		i--
	}
	if i < 0 || !f.Claude {
		return nil
	}
	content := r.Messages[i].Content
	for j, b := range content {
		if b.Reasoning == nil || b.Reasoning.Text == nil {
			continue
		}
		shape := wire.ShapeOf(j, func(k int) string { return content[k].Letter() })
		if !wire.VerifyAt(b.Reasoning.Text.Text, b.Reasoning.Text.Signature, shape) {
			return wire.RefusedByModel("messages.%d.content.%d: `thinking` or `redacted_thinking` blocks in the latest "+
				"assistant message cannot be "+
				"modified. These blocks must remain as they were in the original response.", i, j)
		}
	}
	return nil
}

// encryptedRule: families that encrypt their reasoning take nothing else back. Texts unconfirmed.
func encryptedRule(b *wire.ReasoningBlock, f wire.Family, message, block int) *wire.Exception {
	switch {
	case f.Reasoning != wire.ObjectEffort && f.Reasoning != wire.Encrypts:
		return nil
	case b.Text != nil:
		return wire.RefusedByModel("messages.%d.content.%d: reasoningText is not supported for this model.", message, block)
	case !wire.VerifyRedacted(b.Redacted):
		return wire.RefusedByModel("messages.%d.content.%d: The encrypted content could not be verified.", message, block)
	}
	return nil
}

func openLoopRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	th := r.Thinking(t.Model.Traits)
	if !t.Model.Traits.Claude || th.Mode != "enabled" || len(r.Messages) == 0 {
		return nil
	}
	i := len(r.Messages) - 1
	if r.Messages[i].Role == "user" {
		if len(r.Results()) == 0 || i == 0 {
			return nil
		}
		i--
	}
	if m := r.Messages[i]; m.Role == "assistant" {
		if first := m.Content[0]; first.Reasoning == nil {
			sort := "text"
			if first.ToolUse != nil {
				sort = "tool_use"
			}
			return wire.RefusedByModel("messages.%d.content.0.type: Expected `thinking` or `redacted_thinking`, but found "+
				"`%s`. When `thinking` is "+
				"enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of "+
				"`tool_use` and "+
				"`tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this "+
				"requirement, disable "+
				"`thinking`. %s", i, sort, ThinkingPage)
		}
	}
	return nil
}
