package router

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
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
	whens   []*expression
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
	for _, said := range append(r.Former(), [2]string{"when", r.When}) {
		member, text := said[0], said[1]
		if text == "" {
			continue
		}
		e, err := compileExpression(text)
		if err != nil {
			faults[member] = err
		}
		c.whens = append(c.whens, e)
	}
	if least, most := r.MinWords, r.MaxWords; least != nil && most != nil && *least > *most {
		faults["min_words"] = fmt.Errorf("is %v and max_words %v, so that the rule never fires", *least, *most)
	}
	return c, faults
}

// Former gives what a rule says in members that are gone: each with the condition that it stands for.
func (r *Rule) Former() [][2]string {
	var said [][2]string
	for field, value := range reflect.ValueOf(r).Elem().Fields() {
		if form := field.Tag.Get("when"); form != "" && !value.IsNil() {
			said = append(said, [2]string{field.Tag.Get("yaml"), fmt.Sprintf(form, value.Elem())})
		}
	}
	return said
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
	if r.MinWords != nil || r.MaxWords != nil {
		f.need(gMeasure, s)
	}
	if !between(e.Last.Words, r.MinWords, r.MaxWords) {
		return false
	}
	if c.words != nil || c.pattern != nil {
		f.need(gLast, s)
		if c.words != nil && !c.words.in(e.Last.Text) || c.pattern != nil && !c.pattern.MatchString(e.Last.Text) {
			return false
		}
	}
	return c.natureHolds(f, s) && !slices.ContainsFunc(c.whens, func(e *expression) bool { return !e.holds(f, s) })
}

func (c *condition) callerHolds(f *Facts) bool {
	r, e := c.rule, &f.known
	for name, want := range r.Metadata {
		if got, ok := e.Metadata[name]; !ok || got != want {
			return false
		}
	}
	if r.MaxTimeBudget != nil && e.TimeBudget == 0 {
		return false
	}
	return oneOf(r.Tenant, e.Tenant) && oneOf(r.Key, e.Key) && oneOf(r.User, e.User) &&
		oneOf(r.HeaderTier, e.HeaderTier) &&
		oneOf(r.Effort, e.Effort) && between(e.TimeBudget, nil, r.MaxTimeBudget)
}

func (c *condition) shapeHolds(f *Facts) bool {
	r, e := c.rule, &f.known
	return is(r.HasImage, e.Images > 0) && is(r.HasVideo, e.Videos > 0) && is(r.HasDocument, e.Documents > 0) &&
		is(r.HasTools, e.Tools > 0) && between(e.Tools, r.MinTools, nil)
}

func (c *condition) natureHolds(f *Facts, s *score.Scorer) bool {
	r, e := c.rule, &f.known
	var want group
	if r.Code != nil {
		want |= gCode
	}
	if r.Language != nil {
		want |= gLanguage
	}
	f.need(want, s)
	return is(r.Code, e.Code) && oneOf(r.Language, e.Language)
}

// is tells whether a fact is as a rule wants it; nil wants nothing.
func is(want *bool, fact bool) bool { return want == nil || *want == fact }

func oneOf(want []string, fact string) bool { return len(want) == 0 || slices.Contains(want, fact) }

func between[T cmp.Ordered](fact T, least, most *T) bool {
	return (least == nil || fact >= *least) && (most == nil || fact <= *most)
}
