package router

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"

	"outcrop/router/score"
)

// condition is what a rule says, compiled.
type condition struct {
	rule    *Rule
	words   *wordSet       // nil: none
	pattern *regexp.Regexp // nil: none
	when    *expression    // nil: none
}

// compile makes the condition of a rule; the faults are by the member that has to change.
func compile(r *Rule) (condition, map[string]error) {
	c, faults := condition{rule: r}, map[string]error{}
	if len(r.Keywords) > 0 {
		c.words = newWordSet(r.Keywords...)
	}
	if r.Pattern != "" {
		var err error
		if c.pattern, err = regexp.Compile(r.Pattern); err != nil {
			faults["pattern"] = patternFault(err)
		}
	}
	if r.When != "" {
		var err error
		if c.when, err = compileExpression(r.When); err != nil {
			faults["when"] = err
		}
	}
	for name, pair := range map[string][2]*int{
		"words": {r.MinWords, r.MaxWords}, "tokens": {r.MinTokens, r.MaxTokens}, "turns": {r.MinTurns, r.MaxTurns}, "tools": {r.MinTools, r.MaxTools},
		"prompt_words": {r.MinPromptWords, r.MaxPromptWords}, "prompt_tokens": {r.MinPromptTokens, r.MaxPromptTokens}, "output": {r.MinOutput, r.MaxOutput},
	} {
		crossed(faults, name, pair[0], pair[1])
	}
	crossed(faults, "score", r.MinScore, r.MaxScore)
	crossed(faults, "time_budget", r.MinTimeBudget, r.MaxTimeBudget)
	return c, faults
}

func crossed[T cmp.Ordered](faults map[string]error, name string, least, most *T) {
	if least != nil && most != nil && *least > *most {
		faults["min_"+name] = fmt.Errorf("is %v and max_%s %v, so that the rule never fires", *least, name, *most)
	}
}

func patternFault(err error) error {
	if s := (*syntax.Error)(nil); errors.As(err, &s) {
		return fmt.Errorf("is no regular expression (RE2): %s: %q", s.Code, s.Expr)
	}
	return fmt.Errorf("is no regular expression (RE2): %w", err)
}

// holds tells whether everything that the rule says is so. What is cheap to find out is asked first.
func (c *condition) holds(f *Facts, s *score.Scorer) bool {
	f.need(gShape, s)
	if !c.callerHolds(f) || !c.shapeHolds(f) {
		return false
	}
	r, e := c.rule, &f.known
	if r.asksSizes() {
		if f.need(gMeasure, s); !c.sizesHold(f) {
			return false
		}
	}
	if c.words != nil || c.pattern != nil {
		f.need(gLast, s)
		if c.words != nil && !c.words.in(e.Last.Text) || c.pattern != nil && !c.pattern.MatchString(e.Last.Text) {
			return false
		}
	}
	return c.natureHolds(f, s) && (c.when == nil || c.when.holds(f, s))
}

func (c *condition) callerHolds(f *Facts) bool {
	r, e := c.rule, &f.known
	for name, want := range r.Metadata {
		if got, ok := e.Metadata[name]; !ok || got != want {
			return false
		}
	}
	if r.MinTimeBudget != nil && e.TimeBudget == 0 || r.MaxTimeBudget != nil && e.TimeBudget == 0 {
		return false
	}
	return oneOf(r.Tenant, e.Tenant) && oneOf(r.Key, e.Key) && oneOf(r.User, e.User) && oneOf(r.HeaderTier, e.HeaderTier) &&
		oneOf(r.Effort, e.Effort) && between(e.TimeBudget, r.MinTimeBudget, r.MaxTimeBudget)
}

func (c *condition) shapeHolds(f *Facts) bool {
	r, e := c.rule, &f.known
	if (r.MinOutput != nil || r.MaxOutput != nil) && e.MaxOutput == 0 {
		return false
	}
	return is(r.HasImage, e.Images > 0) && is(r.HasVideo, e.Videos > 0) && is(r.HasDocument, e.Documents > 0) && is(r.HasTools, e.Tools > 0) && is(r.ToolResults, e.ToolResults > 0) &&
		is(r.StructuredOutput, e.StructuredOutput) && is(r.Stream, e.Stream) && between(e.Turns, r.MinTurns, r.MaxTurns) &&
		between(e.Tools, r.MinTools, r.MaxTools) && between(e.MaxOutput, r.MinOutput, r.MaxOutput) && between(e.Choices, r.MinChoices, nil)
}

func (r *Rule) asksSizes() bool {
	return r.MinWords != nil || r.MaxWords != nil || r.MinTokens != nil || r.MaxTokens != nil ||
		r.MinPromptWords != nil || r.MaxPromptWords != nil || r.MinPromptTokens != nil || r.MaxPromptTokens != nil
}

func (c *condition) sizesHold(f *Facts) bool {
	r, e := c.rule, &f.known
	return between(e.Last.Words, r.MinWords, r.MaxWords) && between(e.Last.Tokens, r.MinTokens, r.MaxTokens) &&
		between(e.Prompt.Words, r.MinPromptWords, r.MaxPromptWords) && between(e.Prompt.Tokens, r.MinPromptTokens, r.MaxPromptTokens)
}

func (c *condition) natureHolds(f *Facts, s *score.Scorer) bool {
	r, e := c.rule, &f.known
	var want group
	if r.Code != nil {
		want |= gCode
	}
	if r.Math != nil {
		want |= gMath
	}
	if r.Language != nil {
		want |= gLanguage
	}
	if r.MinScore != nil || r.MaxScore != nil {
		want |= gScore
	}
	f.need(want, s)
	return is(r.Code, e.Code) && is(r.Math, e.Math) && oneOf(r.Language, e.Language) && between(e.Score, r.MinScore, r.MaxScore)
}

// is tells whether a fact is as a rule wants it; nil wants nothing.
func is(want *bool, fact bool) bool { return want == nil || *want == fact }

func oneOf(want []string, fact string) bool { return len(want) == 0 || slices.Contains(want, fact) }

func between[T cmp.Ordered](fact T, least, most *T) bool {
	return (least == nil || fact >= *least) && (most == nil || fact <= *most)
}
