package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"outcrop/policy/finding"
	"outcrop/policy/form"
)

// Custom is a kind of the user's own: an expression (RE2), an optional checksum over its digits and letters, and words
// that must stand near when given. The expression's first group, if it has one, is the finding.
type Custom struct {
	Kind     string   `yaml:"kind"`
	Pattern  string   `yaml:"pattern"`
	Checksum string   `yaml:"checksum"` // "", luhn, mod97 or mod11
	Score    float64  `yaml:"score"`    // 0 is 0.9
	Context  []string `yaml:"context"`  // words near it; without one of them the score is halved
}

type customRule struct {
	Custom
	expr  expression
	check func([]byte) bool
}

type custom struct{ rules []customRule }

var checksums = map[string]func([]byte) bool{"": nil, "luhn": form.Luhn, "mod97": form.Mod97, "mod11": mod11}

func newCustom(rules []Custom) (Detector, error) {
	if len(rules) == 0 {
		return nil, nil
	}
	c := &custom{}
	var complaints []error
	for i, r := range rules {
		check, ok := checksums[r.Checksum]
		expr, err := compile(r.Pattern)
		switch {
		case r.Kind == "" || r.Pattern == "":
			err = errors.New("kind and pattern are needed")
		case !ok:
			err = fmt.Errorf("no checksum is called %q: use luhn, mod97 or mod11", r.Checksum)
		}
		if err != nil {
			complaints = append(complaints, fmt.Errorf("custom[%d]: %w", i, err))
			continue
		}
		if r.Score == 0 {
			r.Score = 0.9
		}
		c.rules = append(c.rules, customRule{r, expr, check})
	}
	return c, errors.Join(complaints...)
}

func (*custom) Name() string { return "custom" }

// longestMatch is what is held back for expressions, the length of whose matches nobody can tell.
const longestMatch = 256

// Settled implements Detector.
func (*custom) Settled(text string, _ int) int { return len(text) - longestMatch }

func (c *custom) Detect(ctx context.Context, _ Direction, texts []Text) ([]Finding, error) {
	var out []Finding
	for n, t := range texts {
		for _, r := range c.rules {
			matches, err := r.expr.each(ctx, t.Value)
			if err != nil {
				return nil, err
			}
			out = r.findings(n, t.Value, matches, out)
		}
	}
	return out, nil
}

// findings are those of the matches in text n that pass the checksum.
func (r *customRule) findings(n int, s string, matches [][]int, out []Finding) []Finding {
	for _, m := range matches {
		a, b := m[0], m[1]
		if len(m) > 3 && m[2] >= 0 {
			a, b = m[2], m[3]
		}
		if r.check != nil && !r.check(bare(s[a:b])) {
			continue
		}
		score := r.Score
		if len(r.Context) > 0 {
			near := strings.ToLower(s[max(0, a-60):min(len(s), b+30)])
			known := false
			for _, w := range r.Context {
				known = known || strings.Contains(near, strings.ToLower(w))
			}
			if !known {
				score /= 2
			}
		}
		out = append(out, Finding{Text: n, Kind: r.Kind, Start: a, End: b, Score: score})
	}
	return out
}

// bare leaves digits and capital letters.
func bare(s string) []byte {
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if finding.IsDigit(s[i]) {
			b = append(b, s[i])
		} else if finding.IsAlpha(s[i]) {
			b = append(b, s[i]&^0x20)
		}
	}
	return b
}

// mod11 checks ISBN-like numbers: weights fall from the number of digits to 1.
func mod11(d []byte) bool {
	sum := 0
	for i, c := range d {
		v := int(c - '0')
		if c == 'X' {
			v = 10
		} else if v > 9 {
			return false
		}
		sum += v * (len(d) - i)
	}
	return len(d) > 1 && sum%11 == 0
}
