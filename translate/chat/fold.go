package chat

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"outcrop/openai"
)

// Fold joins the chunks of a whole stream, of any number of choices, into the plain answer that they make up
// (R-STR-17). A plain answer is folded already. It fails for a stream that has not ended: a part of an answer must
// not pass for all of it.
func Fold(parts []openai.Part) (openai.Part, error) {
	if len(parts) == 1 {
		if whole, ok := parts[0].(*openai.ChatResponse); ok {
			return whole, nil
		}
	}
	var whole openai.ChatResponse
	var folds []*choiceFold
	for _, p := range parts {
		c, ok := p.(*openai.ChatChunk)
		if !ok {
			return nil, fmt.Errorf("a stream of chunks holds a %T", p)
		}
		whole.Head = *c.Head
		whole.ServiceTier = cmp.Or(c.ServiceTier, whole.ServiceTier)
		whole.Outcrop = merge(whole.Outcrop, c.Outcrop)
		if c.Usage != nil {
			whole.Usage = c.Usage
		}
		for i := range c.Choices {
			n := c.Choices[i].Index
			if n < 0 || n > len(folds)+maxGap {
				return nil, fmt.Errorf("choice %d does not follow %d others", n, len(folds))
			}
			for len(folds) <= n {
				folds = append(folds, &choiceFold{})
			}
			folds[n].add(c.Choices[i].Delta)
			folds[n].finish = cmp.Or(c.Choices[i].FinishReason, folds[n].finish)
		}
	}
	if len(folds) == 0 {
		return nil, errors.New("a stream without choices")
	}
	for i, f := range folds {
		if f.finish == "" {
			return nil, fmt.Errorf("choice %d has no end", i)
		}
		whole.Choices = append(whole.Choices, f.choice(i))
	}
	return &whole, nil
}

// maxGap is how far ahead of those seen so far a choice may start: n is at most a few dozen, and the parallel calls
// behind it start in any order.
const maxGap = 128

// merge joins the extensions of several choices.
func merge(x, y *openai.Extension) *openai.Extension {
	if x == nil || y == nil {
		return cmp.Or(x, y)
	}
	m := *x
	m.StopReason = cmp.Or(x.StopReason, y.StopReason)
	m.Cache = cmp.Or(x.Cache, y.Cache)
	if m.Guardrail == nil || y.Guardrail != nil && y.Guardrail.Action == openai.GuardrailBlocked {
		m.Guardrail = y.Guardrail
	}
	if m.AdditionalFields == nil {
		m.AdditionalFields = y.AdditionalFields
	}
	m.ServerTools = union(x.ServerTools, y.ServerTools)
	m.Adjusted = union(x.Adjusted, y.Adjusted)
	return &m
}

func union(x, y []string) []string {
	list := slices.Clone(x)
	for _, s := range y {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// choiceFold joins the deltas of one choice.
type choiceFold struct {
	content, reasoning strings.Builder
	runes              int // of content
	details            []openai.ReasoningDetail
	annotations        []openai.Annotation
	citations          []openai.Citation
	calls              []*callFold
	function           *callFold
	finish             string
}

type callFold struct {
	id, name  string
	after     openai.Position
	arguments strings.Builder
}

func (f *choiceFold) add(d openai.Delta) {
	f.content.WriteString(d.Content)
	f.runes += utf8.RuneCountInString(d.Content)
	f.reasoning.WriteString(d.Reasoning)
	f.details = append(f.details, d.ReasoningDetails...)
	f.annotations = append(f.annotations, d.Annotations...)
	f.citations = append(f.citations, d.Citations...)
	for i := range d.ToolCalls {
		t := &d.ToolCalls[i]
		if t.Index >= len(f.calls) { // calls are numbered in order (R-STR-12)
			f.calls = append(f.calls, &callFold{id: t.ID, name: t.Name,
				after: openai.Position{Known: true, Content: f.runes, ToolCalls: len(f.calls)}})
		}
		f.calls[min(t.Index, len(f.calls)-1)].arguments.WriteString(t.Arguments)
	}
	if c := d.FunctionCall; c != nil {
		if f.function == nil {
			f.function = &callFold{name: c.Name}
		}
		f.function.arguments.WriteString(c.Arguments)
	}
}

func (f *choiceFold) choice(index int) openai.Choice {
	m := openai.ReplyMessage{
		Reasoning:        f.reasoning.String(),
		ReasoningDetails: f.details,
		Annotations:      f.annotations,
		Citations:        f.citations,
	}
	if content := f.content.String(); content != "" || len(f.calls) == 0 && f.function == nil { // R-RES-06
		m.Content = &content
	}
	for _, c := range f.calls {
		m.ToolCalls = append(m.ToolCalls, openai.ToolCall{ID: c.id, Type: "function", Function: c.call(),
			After: c.after})
	}
	if f.function != nil {
		call := f.function.call()
		m.FunctionCall = &call
	}
	return openai.Choice{Index: index, Message: m, FinishReason: f.finish}
}

func (c *callFold) call() openai.FunctionCall {
	arguments := c.arguments.String()
	return openai.FunctionCall{Name: c.name, Arguments: &arguments}
}
