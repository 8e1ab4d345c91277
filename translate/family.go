package translate

import "outcrop/internal/catalog"

// nativeClaude tells whether additionalModelRequestFields reach Anthropic's own Messages API, which has members of its own
// for parallel calls (R-CHO-08) and refuses stop sequences of white space (R-LIM-04).
func nativeClaude(m *catalog.Model) bool { return m.Format == "claude" }

// takesThinking tells whether the model takes Claude's object thinking.
func takesThinking(r *catalog.Reasoning) bool {
	return r.Shape == catalog.ReasoningBudget || r.Shape == catalog.ReasoningAdaptive
}
