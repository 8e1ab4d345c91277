package config

import "outcrop/internal/nearest"

// didYouMean names the candidate that is nearest to a mistyped name, as the end of a sentence; "" when none is near.
func didYouMean(name string, candidates []string) string {
	if best := nearest.Spelling(name, candidates); best != "" {
		return "; did you mean " + best + "?"
	}
	return ""
}
