// Package form finds things of fixed form: addresses of e-mail and streets, numbers with checks, links and secrets.
//
// It must not decide, and knows no names of people. Start at [New]; forms.go lists what is found, one row each.
package form

import (
	"context"
	"strings"

	"outcrop/policy/finding"
)

// cue is a set of bytes that can begin, or stand in, something with a fixed form. One pass over a text looks at nothing
// else, so that clean text costs one table look-up a byte.
type cue uint8

const (
	cueDigit  cue = 1 << iota // the first digit of a run
	cueAt                     // @
	cueColon                  // :
	cueMark                   // _ - = . which stand in secrets and web addresses
	cueLetter                 // A and e, with which keys of fixed forms begin
	cueEscape                 // & % \ and the first byte of ＠, with which an @ is written otherwise
)

var cues = func() (t [256]cue) {
	for c := '0'; c <= '9'; c++ {
		t[c] = cueDigit
	}
	t['@'], t[':'] = cueAt, cueColon
	t['_'], t['-'], t['='], t['.'] = cueMark, cueMark, cueMark, cueMark
	t['A'], t['e'] = cueLetter, cueLetter
	t['&'], t['%'], t['\\'], t[0xEF] = cueEscape, cueEscape, cueEscape, cueEscape
	return t
}()

// Form is something with a fixed form: find looks at the candidate around byte i and appends what it is.
type Form struct {
	Name  string
	kinds []string
	Cue   cue
	find  func(p *Patterns, s string, i int, out []finding.Finding) []finding.Finding
}

// Patterns finds everything with a fixed form in one pass.
type Patterns struct {
	ByCue   [8][]Form
	Regions []string
}

// New takes the kinds to look for; regions are those whose local phone numbers are known.
func New(wanted func(kind string) bool, regions []string) *Patterns {
	p := &Patterns{Regions: regions}
	for _, f := range Forms {
		for _, k := range f.kinds {
			if wanted(k) {
				for bit := range 8 {
					if f.Cue&(1<<bit) != 0 {
						p.ByCue[bit] = append(p.ByCue[bit], f)
					}
				}
				break
			}
		}
	}
	return p
}

// Name is the detector's.
func (*Patterns) Name() string { return "patterns" }

// Settled holds back what follows the word for a secret, and a private key that is still open or has just been closed;
// numbers and addresses are runs of words, which a stream holds back for everybody.
func (*Patterns) Settled(text string, from int) int {
	at := finding.BehindLeads(text, "assword", "ecret")
	begin := strings.LastIndex(text, "-----BEGIN ")
	if begin < from || len(text)-begin >= longestSecret {
		return at
	}
	if end := strings.Index(text[begin:], "-----END "); end < 0 || len(text)-begin-end < 48 {
		return min(at, begin)
	}
	return at
}

// Detect implements Detector.
func (p *Patterns) Detect(ctx context.Context, _ finding.Direction, texts []finding.Text) ([]finding.Finding, error) {
	var out []finding.Finding
	for n, t := range texts {
		from := len(out)
		for at := 0; at < len(t.Value); at += finding.Stride {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			out = p.scan(t.Value, at, min(at+finding.Stride, len(t.Value)), out)
		}
		for i := from; i < len(out); i++ {
			out[i].Text = n
		}
	}
	return out, nil
}

// scan looks at candidates from one place of a text to another.
func (p *Patterns) scan(s string, from, to int, out []finding.Finding) []finding.Finding {
	for i := from; i < to; i++ {
		c := cues[s[i]]
		if c == 0 {
			continue
		}
		bit := 0
		switch c {
		case cueDigit:
			if i > 0 && finding.IsDigit(s[i-1]) {
				continue
			}
		case cueAt:
			bit = 1
		case cueColon:
			bit = 2
		case cueMark:
			bit = 3
		case cueLetter:
			if i+2 >= len(s) || s[i] == 'e' && s[i+1] != 'y' ||
				s[i] == 'A' && (s[i+1] < 'A' || s[i+1] > 'Z' || i > 0 && finding.IsWordByte(s[i-1])) {
				continue
			}
			bit = 4
		case cueEscape:
			bit = 5
		}
		for _, f := range p.ByCue[bit] {
			out = f.find(p, s, i, out)
		}
	}
	return out
}
