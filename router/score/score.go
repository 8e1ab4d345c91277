// Package score tells by its looks how hard a text is, and which language it is in: words are counted by kind, the
// counts become features between 0 and 1, and their weighted sum is bent into a score between 0 and 1
// (docs/scoring.md). It reads a text once, allocates nothing, and must know nothing of requests, targets or rules; what
// a score leads to is the router's.
//
// Start at Scorer.ScoreTurns; words.txt holds the lists, features.go the curves.
package score

import (
	"errors"
	"math"
)

// Config says how much each feature of a text counts for its score, and where the tiers begin (docs/scoring.md).
type Config struct {
	FastBelow     float64 `yaml:"fast_below" validate:"min=0,max=1" help:"score below which the tier is fast"`
	BalancedBelow float64 `yaml:"balanced_below" validate:"min=0,max=1" help:"score below which the tier is balanced; from there it is quality"`
	Weights       Weights `yaml:"weights"`
}

// Weights are added up, each times its feature, and the sum is bent into 0…1. Most features are 0 where there is
// nothing of the kind, and come close to 1 where there is very much of it.
type Weights struct {
	Base        float64 `yaml:"base" validate:"min=-20,max=20" help:"what an empty text starts from"`
	Length      float64 `yaml:"length" validate:"min=-20,max=20" help:"words, on a logarithmic scale"`
	Clauses     float64 `yaml:"clauses" validate:"min=-20,max=20" help:"commas, semicolons and conjunctions"`
	Quantities  float64 `yaml:"quantities" validate:"min=-20,max=20" help:"numbers in digits or words, long and broken ones more; not years"`
	Relations   float64 `yaml:"relations" validate:"min=-20,max=20" help:"shares and comparisons: half, twice, percent, more than, per, each"`
	Changes     float64 `yaml:"changes" validate:"min=-20,max=20" help:"words of a sum with steps: then, after, left, rest, total, difference"`
	Units       float64 `yaml:"units" validate:"min=-20,max=20" help:"money and measures"`
	Maths       float64 `yaml:"maths" validate:"min=-20,max=20" help:"terms of mathematics and statistics, variables, formulas"`
	Calculation float64 `yaml:"calculation" validate:"min=-20,max=20" help:"terms of science, engineering or accounting together with numbers"`
	Code        float64 `yaml:"code" validate:"min=-20,max=20" help:"program text, and words about programming"`
	Logic       float64 `yaml:"logic" validate:"min=-20,max=20" help:"puzzles: if, must, all, none, left of, who, brothers and sisters"`
	Statements  float64 `yaml:"statements" validate:"min=-20,max=20" help:"numbered statements or scenarios to be judged together: I, II and III"`
	Numeric     float64 `yaml:"numeric" validate:"min=-20,max=20" help:"options of a multiple choice that are numbers or formulas"`
	Negation    float64 `yaml:"negation" validate:"min=-20,max=20" help:"NOT, EXCEPT, LEAST; false, incorrect"`
	Cases       float64 `yaml:"cases" validate:"min=-20,max=20" help:"cases of law or medicine told at length"`
	Demands     float64 `yaml:"demands" validate:"min=-20,max=20" help:"demand for work in steps: prove, design, analyse, compare, step by step"`
	Formats     float64 `yaml:"formats" validate:"min=-20,max=20" help:"extraction and formats: JSON, CSV, table, list, classify"`
	Creative    float64 `yaml:"creative" validate:"min=-20,max=20" help:"free writing and roles: story, poem, letter, pretend"`
	Exposition  float64 `yaml:"exposition" validate:"min=-20,max=20" help:"wide questions: explain, describe, discuss, culture, history"`
	Passage     float64 `yaml:"passage" validate:"min=-20,max=20" help:"a quoted text or source that holds its own answer"`
	Smalltalk   float64 `yaml:"smalltalk" validate:"min=-20,max=20" help:"greetings and thanks, in a short text"`
}

// Default gives the weights and thresholds of a gateway that is told nothing. docs/scoring.md tells why they are as
// they are.
func Default() Config {
	return Config{
		FastBelow:     0.15,
		BalancedBelow: 0.50,
		Weights: Weights{
			Base: -2.8, Length: 3.0, Clauses: 0.5,
			Quantities: 1.8, Relations: 1.2, Changes: 0.6, Units: 0.3,
			Maths: 2.2, Calculation: 1.6, Code: 2.4, Logic: 1.2,
			Statements: 2.0, Numeric: 0.9, Negation: 0.4, Cases: 1.8,
			Demands: 2.0, Formats: -0.4,
			Creative: -2.2, Exposition: -0.6, Passage: -2.0, Smalltalk: -1.5,
		},
	}
}

// list gives the weights in the order of the features, the base apart.
func (w *Weights) list() features {
	return features{
		fLength: w.Length, fClauses: w.Clauses, fQuantities: w.Quantities, fRelations: w.Relations, fChanges: w.Changes,
		fUnits: w.Units,
		fMaths: w.Maths, fCalculation: w.Calculation, fCode: w.Code, fLogic: w.Logic, fStatements: w.Statements,
		fNumeric:  w.Numeric,
		fNegation: w.Negation, fCases: w.Cases, fDemands: w.Demands, fFormats: w.Formats, fCreative: w.Creative,
		fExposition: w.Exposition, fPassage: w.Passage, fSmalltalk: w.Smalltalk,
	}
}

// Scorer tells how hard a text is, by its looks. It never changes and is safe for concurrent use.
type Scorer struct {
	fast, balanced float64
	base           float64
	weights        features
}

// New refuses thresholds and weights that make no sense.
func New(cfg Config) (*Scorer, error) {
	if !(cfg.FastBelow >= 0 && cfg.FastBelow <= cfg.BalancedBelow && cfg.BalancedBelow <= 1) {
		return nil, errors.New("fast_below and balanced_below must be between 0 and 1, " +
			"and balanced_below at least fast_below")
	}
	s := &Scorer{fast: cfg.FastBelow, balanced: cfg.BalancedBelow, base: cfg.Weights.Base, weights: cfg.Weights.list()}
	sum := s.base
	for _, w := range s.weights {
		sum += math.Abs(w)
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return nil, errors.New("the weights of the score must be numbers")
	}
	return s, nil
}

// The names of the tiers that a score asks for.
const (
	Fast     = "fast"
	Balanced = "balanced"
	Quality  = "quality"
)

// Tier is the default tier for a score.
func (s *Scorer) Tier(score float64) string {
	switch {
	case score < s.fast:
		return Fast
	case score < s.balanced:
		return Balanced
	default:
		return Quality
	}
}

// Score gives the complexity of one text, 0 to 1. It reads the text once and allocates nothing.
func (s *Scorer) Score(text string) float64 {
	var r reading
	r.read(text)
	return bend(s.sum(&r))
}

// turnsRead is how many of the last turns count; what was said before has faded.
const turnsRead = 4

// ScoreTurns gives the complexity of a conversation: that of its last user turn, raised towards what was asked before
// when the turn is short or refers back ("Now do it in Python"). Turns are the user's, the oldest first. Thanks inherit
// nothing.
func (s *Scorer) ScoreTurns(turns []string) float64 {
	turns = turns[max(0, len(turns)-turnsRead):]
	carried, last := math.Inf(-1), s.base
	for _, text := range turns {
		var r reading
		r.read(text)
		last = s.sum(&r)
		if r.isSmalltalk() {
			continue // what it follows is still there for the next turn
		}
		if before := carried - last; before > 0 && !math.IsInf(before, 0) {
			last += r.follows() * before
		}
		carried = last
	}
	return bend(last)
}

func (s *Scorer) sum(r *reading) float64 {
	values := r.features()
	sum := s.base
	for i, w := range s.weights {
		sum += w * values[i]
	}
	return sum
}

// bend maps any number to 0…1, keeping the order.
func bend(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// Feature is one part of a score.
type Feature struct {
	Name   string  // as in router.score.weights
	Value  float64 // how much of it there is
	Weight float64
}

// Explain gives the parts of a text's score that are not 0, for people who tune weights.
func (s *Scorer) Explain(text string) []Feature {
	var r reading
	r.read(text)
	values := r.features()
	parts := []Feature{{"base", 1, s.base}}
	for i, v := range values {
		if v != 0 {
			parts = append(parts, Feature{featureNames[i], v, s.weights[i]})
		}
	}
	return parts
}
