package guardrail

import (
	"cmp"
	"regexp"
	"slices"
	"unicode/utf8"
)

type wantedCategories struct {
	Categories []struct {
		Category string `json:"category"`
	} `json:"categories"`
}

// ChecksRequest is the body of InvokeGuardrailChecks.
type ChecksRequest struct {
	Messages []struct {
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	} `json:"messages"`
	Checks struct {
		Filter    *wantedCategories `json:"contentFilter"`
		Attack    *wantedCategories `json:"promptAttack"`
		Sensitive *struct {
			Entities []struct {
				Type string `json:"type"`
			} `json:"entities"`
		} `json:"sensitiveInformation"`
	} `json:"checks"`
}

// filter is what one category is found by: words, or expressions.
type filter struct {
	name string
	expr *regexp.Regexp
}

// score is 0.9 for a text that holds what the category looks for.
func (f filter) score(text string) float64 {
	if f.expr.MatchString(text) {
		return 0.9
	}
	return 0
}

// What the checks know is little, but enough to see them work.
var (
	Categories = []filter{
		{"VIOLENCE", regexp.MustCompile(`(?i)\b(kill|murder|stab|shoot) (him|her|them|you|everyone|people)\b`)},
		{"HATE", regexp.MustCompile(`(?i)\bhate (all|those) [a-z]+s\b|\bsubhuman\b`)},
		{"SEXUAL", regexp.MustCompile(`(?i)\bexplicit sex\b|\bpornograph`)},
		{"MISCONDUCT", regexp.MustCompile(`(?i)\b(build|make) a (pipe )?bomb\b|\bsteal (a )?credit cards?\b`)},
		{"INSULTS", regexp.MustCompile(`(?i)\byou('re| are)? (an? )?(stupid|complete |worthless )*(idiot|moron|loser)\b`)},
	}
	Attacks = []filter{
		{"JAILBREAK", regexp.MustCompile(`(?i)\b(you are now dan|do anything now|without any (rules|restrictions))\b`)},
		{"PROMPT_INJECTION", regexp.MustCompile(
			`(?i)\b(ignore|disregard|forget) (all |any )?(the |your )?(previous|prior|above|earlier) ` +
				`(instructions|rules|prompts?)\b`)},
		{"PROMPT_LEAKAGE", regexp.MustCompile(`(?i)\b(reveal|print|repeat|show)( me)? (your|the) system prompt\b`)},
	}
	personalForms = []filter{
		{"EMAIL", regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`)},
		{"US_SOCIAL_SECURITY_NUMBER", regexp.MustCompile(`\b\d{3}-\d{2}-\d{4}\b`)},
		{"NAME", regexp.MustCompile(`\b` + maskWord + `\b`)},
	}
)

// bit is a piece of a text, in bytes.
type bit struct {
	kind       string
	start, end int
}

// personal finds what is personal in a text, in order.
func personal(text string) []bit {
	var all []bit
	for _, f := range personalForms {
		for _, m := range f.expr.FindAllStringIndex(text, -1) {
			all = append(all, bit{f.name, m[0], m[1]})
		}
	}
	slices.SortFunc(all, func(a, b bit) int { return cmp.Compare(a.start, b.start) })
	return all
}

func (w *wantedCategories) Scores(by []filter, text string) []any {
	var out []any
	for _, c := range w.Categories {
		for _, f := range by {
			if f.name == c.Category {
				out = append(out, map[string]any{"category": f.name, "severityScore": f.score(text)})
			}
		}
	}
	return out
}

// Entities are the results for sensitive information.
func (r *ChecksRequest) Entities() []any {
	out := []any{}
	for i, m := range r.Messages {
		for j, c := range m.Content {
			for _, f := range personal(c.Text) {
				wanted := slices.ContainsFunc(r.Checks.Sensitive.Entities, func(e struct {
					Type string `json:"type"`
				}) bool {
					return e.Type == f.kind
				})
				if !wanted {
					continue
				}
				start := utf8.RuneCountInString(c.Text[:f.start])
				out = append(out, map[string]any{"type": f.kind, "confidenceScore": 0.95, "messageIndex": i, "contentIndex": j,
					"beginOffset": start, "endOffset": start + utf8.RuneCountInString(c.Text[f.start:f.end])})
			}
		}
	}
	return out
}
