package offline

import "strings"

// turnRule: order of turns [FACTS 2.1]. Whether a family merges neighbours of equal role was observed for few; the older, stricter
// behaviour holds for the others.
func turnRule(r *converseRequest, t target) *exception {
	if len(r.Messages) == 0 {
		if t.prompt {
			return nil
		}
		return invalid("A conversation must start with a user message. Try again with a conversation that starts with a user message.")
	}
	for i, m := range r.Messages {
		if m.Role == "system" { // only for changes of tools in mid-conversation; text unconfirmed
			return invalid("This model doesn't support the system role at messages.%d. Update the role and try again.", i)
		}
	}
	if r.Messages[0].Role == "assistant" && !affirms(t.model.LeadingAssistantOK) && !t.prompt {
		return invalid("A conversation must start with a user message. Try again with a conversation that starts with a user message.")
	}
	for i := 1; i < len(r.Messages); i++ {
		if r.Messages[i].Role == r.Messages[i-1].Role && !t.model.family.mergesTurns {
			return invalid("A conversation must alternate between user and assistant roles. Make sure the conversation alternates between " +
				"user and assistant roles and try again.")
		}
	}
	return nil
}

// emptyRule: the text was seen in issues of client libraries, FACTS 2.3 calls it unconfirmed.
func emptyRule(r *converseRequest, _ target) *exception {
	for i, m := range r.Messages {
		if len(m.Content) == 0 {
			return invalid("The content field in the Message object at messages.%d is empty. Add a ContentBlock object to the content field "+
				"and try again.", i)
		}
	}
	return nil
}

// blankRule: blank texts [FACTS 2.3]. White space alone is refused too, except beside other content: a recorded request with
// a document and the text "\n" passed on Claude.
func blankRule(r *converseRequest, t target) *exception {
	for i, m := range r.Messages {
		company := false
		for _, b := range m.Content {
			company = company || b.Text == nil && b.CachePoint == nil || b.Text != nil && strings.TrimSpace(*b.Text) != ""
		}
		for j, b := range m.Content {
			switch {
			case b.Text == nil || strings.TrimSpace(*b.Text) != "":
			case *b.Text == "", !t.model.family.claude:
				return invalid("The text field in the ContentBlock object at messages.%d.content.%d is blank. Add text to the text field, and "+
					"try again.", i, j)
			case !company || m.Role == "assistant":
				return refusedByModel("messages: text content blocks must contain non-whitespace text")
			}
		}
	}
	return nil
}

// prefillRule: a final assistant turn [FACTS 2.1, 2.3].
func prefillRule(r *converseRequest, t target) *exception {
	if len(r.Messages) == 0 || r.Messages[len(r.Messages)-1].Role != "assistant" {
		return nil
	}
	if denies(t.model.AssistantPrefill) {
		return invalid("This model does not support assistant message prefill. The conversation must end with a user message.")
	}
	content := r.Messages[len(r.Messages)-1].Content
	last := content[len(content)-1]
	if t.model.family.claude && last.Text != nil && strings.TrimRight(*last.Text, " \t\r\n") != *last.Text {
		return refusedByModel("messages: final assistant content cannot end with trailing whitespace")
	}
	return nil
}
