package chat

import "outcrop/internal/catalog"

// takesThinking tells whether the model takes Claude's object thinking.
func takesThinking(r *catalog.Reasoning) bool {
	return r.Shape == catalog.ReasoningBudget || r.Shape == catalog.ReasoningAdaptive
}
