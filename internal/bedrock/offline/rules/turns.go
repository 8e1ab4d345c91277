package rules

import (
	"strings"

	"outcrop/internal/bedrock/offline/wire"
)

// TurnRule is a rule: order of turns [FACTS 2.1]. Whether a family merges neighbours of equal role was observed for
// few; the older, stricter behaviour holds for the others.
func TurnRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	if len(r.Messages) == 0 {
		if t.Prompt {
			return nil
		}
		return wire.Invalid("A conversation must start with a user message. Try again with a conversation that starts " +
			"with a user message.")
	}
	for i, m := range r.Messages {
		if m.Role == "system" { // only for changes of tools in mid-conversation; text unconfirmed
			return wire.Invalid("This model doesn't support the system role at messages.%d. Update the role and try again.", i)
		}
	}
	if r.Messages[0].Role == "assistant" && !wire.Affirms(t.Model.LeadingAssistantOK) && !t.Prompt {
		return wire.Invalid("A conversation must start with a user message. Try again with a conversation that starts " +
			"with a user message.")
	}
	for i := 1; i < len(r.Messages); i++ {
		if r.Messages[i].Role == r.Messages[i-1].Role && !t.Model.Traits.MergesTurns {
			return wire.Invalid("A conversation must alternate between user and assistant roles. Make sure the conversation " +
				"alternates between " +
				"user and assistant roles and try again.")
		}
	}
	return nil
}

// EmptyRule is a rule: the text was seen in issues of client libraries, FACTS 2.3 calls it unconfirmed.
func EmptyRule(r *wire.ConverseRequest, _ wire.Target) *wire.Exception {
	for i, m := range r.Messages {
		if len(m.Content) == 0 {
			return wire.Invalid("The content field in the Message object at messages.%d is empty. Add a ContentBlock object "+
				"to the content field "+
				"and try again.", i)
		}
	}
	return nil
}

// BlankRule is a rule: blank texts [FACTS 2.3]. White space alone is refused too, except beside other content: a
// recorded request with a document and the text "\n" passed on Claude.
func BlankRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	for i, m := range r.Messages {
		company := false
		for _, b := range m.Content {
			company = company || b.Text == nil && b.CachePoint == nil || b.Text != nil && strings.TrimSpace(*b.Text) != ""
		}
		for j, b := range m.Content {
			switch {
			case b.Text == nil || strings.TrimSpace(*b.Text) != "":
			case *b.Text == "", !t.Model.Traits.Claude:
				return wire.Invalid("The text field in the ContentBlock object at messages.%d.content.%d is blank. Add text to "+
					"the text field, and "+
					"try again.", i, j)
			case !company || m.Role == "assistant":
				return wire.RefusedByModel("messages: text content blocks must contain non-whitespace text")
			}
		}
	}
	return nil
}

// prefillRule: a final assistant turn [FACTS 2.1, 2.3].
func prefillRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	if len(r.Messages) == 0 || r.Messages[len(r.Messages)-1].Role != "assistant" {
		return nil
	}
	if wire.Denies(t.Model.AssistantPrefill) {
		return wire.Invalid("This model does not support assistant message prefill. The conversation must end with a user " +
			"message.")
	}
	content := r.Messages[len(r.Messages)-1].Content
	last := content[len(content)-1]
	if t.Model.Traits.Claude && last.Text != nil && strings.TrimRight(*last.Text, " \t\r\n") != *last.Text {
		return wire.RefusedByModel("messages: final assistant content cannot end with trailing whitespace")
	}
	return nil
}
