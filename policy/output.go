package policy

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"unicode"
	"unicode/utf8"

	"outcrop/policy/form"
)

// outputRules are the limits of answers, compiled.
type outputRules struct {
	cfg       OutputRules
	forbidden []expression
	canaries  []string // in lower case
	longest   int      // of the canaries
}

func newOutputRules(cfg OutputRules) (*outputRules, error) {
	o := &outputRules{cfg: cfg}
	var bad []error
	for i, f := range cfg.Forbidden {
		expr, err := compile(f)
		if err != nil {
			bad = append(bad, fmt.Errorf("output.forbidden[%d]: %w", i, err))
			continue
		}
		o.forbidden = append(o.forbidden, expr)
	}
	for i, c := range cfg.Canaries {
		if len(c) < 6 {
			bad = append(bad, fmt.Errorf("output.canaries[%d]: shorter than 6 bytes, it would be found by accident", i))
			continue
		}
		o.canaries = append(o.canaries, strings.ToLower(c))
		o.longest = max(o.longest, len(c))
	}
	return o, errors.Join(bad...)
}

// settled is how far a text is decided, as a Detector says; leaks tells that there is a prompt that may leak.
func (o *outputRules) settled(text string, leaks bool) int {
	longest := o.longest
	if len(o.forbidden) > 0 {
		longest = max(longest, longestMatch)
	}
	if leaks {
		longest = max(longest, o.cfg.LeakWords*12)
	}
	return len(text) - longest
}

// outputFindings applies the rules of answers to a text. The error is the context's.
func (p *Policy) outputFindings(ctx context.Context, s string, system map[uint64]bool) ([]Finding, error) {
	var out []Finding
	if len(p.domains.Rules) > 0 {
		all, err := form.Links(ctx, s)
		if err != nil {
			return nil, err
		}
		for _, l := range all {
			if !p.domains.Allows(s[l.Start:l.End]) {
				out = append(out, Finding{Kind: KindDomain, Start: l.From, End: l.To, Score: 1})
			}
		}
	}
	for i := range p.output.forbidden {
		matches, err := p.output.forbidden[i].each(ctx, s)
		if err != nil {
			return nil, err
		}
		for _, m := range matches {
			out = append(out, Finding{Kind: KindForbidden, Start: m[0], End: m[1], Score: 1})
		}
	}
	if len(p.output.canaries) > 0 {
		low := strings.ToLower(s)
		for _, c := range p.output.canaries {
			if i := strings.Index(low, c); i >= 0 && len(low) == len(s) {
				out = append(out, Finding{Kind: KindCanary, Start: i, End: i + len(c), Score: 1})
			} else if i >= 0 {
				out = append(out, Finding{Kind: KindCanary, Start: 0, End: len(s), Score: 1})
			}
		}
	}
	if len(system) > 0 {
		err := eachRun(ctx, s, p.cfg.Output.LeakWords, func(h uint64, a, b int) bool {
			if system[h] {
				out = append(out, Finding{Kind: KindLeak, Start: a, End: b, Score: 1})
				return false
			}
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	if n := p.cfg.Output.MaxLength; n > 0 && utf8.RuneCountInString(s) > n {
		at := 0
		for range n {
			_, size := utf8.DecodeRuneInString(s[at:])
			at += size
		}
		out = append(out, Finding{Kind: KindLength, Start: at, End: len(s), Score: 1})
	}
	return out, nil
}

var runSeed = maphash.MakeSeed()

// wordRuns gives the runs of n words of system prompts. The error is the context's.
func wordRuns(ctx context.Context, texts []Text, n int) (map[uint64]bool, error) {
	runs := map[uint64]bool{}
	for _, t := range texts {
		if t.Role == "system" || t.Role == "developer" {
			err := eachRun(ctx, t.Value, n, func(h uint64, _, _ int) bool {
				runs[h] = true
				return len(runs) < 100_000
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return runs, nil
}

// eachRun calls f with a hash of each run of n words in lower case, and where it stands, until f gives false. The error
// is the context's.
func eachRun(ctx context.Context, s string, n int, f func(h uint64, a, b int) bool) error {
	var words [][2]int
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			i += size
			continue
		}
		a := i
		for i < len(s) {
			r, size := utf8.DecodeRuneInString(s[i:])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				break
			}
			i += size
		}
		words = append(words, [2]int{a, i})
		if len(words)%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if len(words) < n {
			continue
		}
		var h maphash.Hash
		h.SetSeed(runSeed)
		for _, w := range words[len(words)-n:] {
			_, _ = h.WriteString(strings.ToLower(s[w[0]:w[1]]))
			_ = h.WriteByte(' ')
		}
		if !f(h.Sum64(), words[len(words)-n][0], i) {
			return nil
		}
	}
	return nil
}
