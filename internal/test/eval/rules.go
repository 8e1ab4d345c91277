package eval

import (
	"slices"
	"strings"

	"outcrop/router/score"
)

// Rule gives a score to the user's turns of one prompt.
type Rule struct {
	Name  string
	Score func(turns []string) float64
}

// Rules are the score with its default weights, and what it is compared with.
func Rules() ([]Rule, error) {
	s, err := score.New(score.Default())
	if err != nil {
		return nil, err
	}
	return []Rule{
		{"score", s.ScoreTurns},
		{"words", func(turns []string) float64 { return float64(len(strings.Fields(strings.Join(turns, " ")))) }},
		{"usual", usual},
		{"chance", func([]string) float64 { return 0 }},
	}, nil
}

// usual is the rule that proxies often have: under 20 words is simple, under 100 words is ordinary, more or a keyword
// is hard.
func usual(turns []string) float64 {
	words := strings.FieldsFunc(strings.ToLower(turns[len(turns)-1]),
		func(r rune) bool { return strings.ContainsRune(" \t\n.,;:!?\"'()", r) })
	hard := []string{"analyze", "analyse", "explain", "code", "debug", "design", "plan", "reason", "prove", "architecture",
		"implement", "algorithm"}
	switch {
	case slices.ContainsFunc(words, func(w string) bool { return slices.Contains(hard, w) }) || len(words) >= 100:
		return 2
	case len(words) >= 20:
		return 1
	default:
		return 0
	}
}

// Scores are those of a whole set.
func (r Rule) Scores(s Set) []float64 {
	scores := make([]float64, len(s.Prompts))
	for i, turns := range s.Prompts {
		scores[i] = r.Score(turns)
	}
	return scores
}

// Tiers gives the tier of each prompt of a set with the default thresholds.
func Tiers(s Set) ([]string, error) {
	scorer, err := score.New(score.Default())
	if err != nil {
		return nil, err
	}
	tiers := make([]string, len(s.Prompts))
	for i, turns := range s.Prompts {
		tiers[i] = scorer.Tier(scorer.ScoreTurns(turns))
	}
	return tiers, nil
}
