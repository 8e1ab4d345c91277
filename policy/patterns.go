package policy

import "context"

// cue is a set of bytes that can begin, or stand in, something with a fixed form. One pass over a text looks at nothing else,
// so that clean text costs one table look-up a byte.
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

// form is something with a fixed form: find looks at the candidate around byte i and appends what it is.
type form struct {
	name  string
	kinds []string
	cue   cue
	find  func(p *patterns, s string, i int, out []Finding) []Finding
}

// patterns finds everything with a fixed form in one pass.
type patterns struct {
	byCue   [8][]form
	regions []string
}

// newPatterns takes the kinds to look for; regions are those whose local phone numbers are known.
func newPatterns(wanted func(kind string) bool, regions []string) *patterns {
	p := &patterns{regions: regions}
	for _, f := range forms {
		for _, k := range f.kinds {
			if wanted(k) {
				for bit := range 8 {
					if f.cue&(1<<bit) != 0 {
						p.byCue[bit] = append(p.byCue[bit], f)
					}
				}
				break
			}
		}
	}
	return p
}

func (*patterns) Name() string { return "patterns" }

// Reach is the length of the longest private key or token that is looked for.
func (*patterns) Reach() int { return longestSecret }

// Detect implements Detector.
func (p *patterns) Detect(ctx context.Context, _ Direction, texts []Text) ([]Finding, error) {
	var out []Finding
	for n, t := range texts {
		from := len(out)
		for at := 0; at < len(t.Value); at += stride {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			out = p.scan(t.Value, at, min(at+stride, len(t.Value)), out)
		}
		for i := from; i < len(out); i++ {
			out[i].Text = n
		}
	}
	return out, nil
}

// scan looks at candidates from one place of a text to another.
func (p *patterns) scan(s string, from, to int, out []Finding) []Finding {
	for i := from; i < to; i++ {
		c := cues[s[i]]
		if c == 0 {
			continue
		}
		bit := 0
		switch c {
		case cueDigit:
			if i > 0 && isDigit(s[i-1]) {
				continue
			}
		case cueAt:
			bit = 1
		case cueColon:
			bit = 2
		case cueMark:
			bit = 3
		case cueLetter:
			if i+2 >= len(s) || s[i] == 'e' && s[i+1] != 'y' || s[i] == 'A' && (s[i+1] < 'A' || s[i+1] > 'Z' || i > 0 && isWordByte(s[i-1])) {
				continue
			}
			bit = 4
		case cueEscape:
			bit = 5
		}
		for _, f := range p.byCue[bit] {
			out = f.find(p, s, i, out)
		}
	}
	return out
}
