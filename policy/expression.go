package policy

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"outcrop/policy/finding"
)

// expression is one of the user's own (RE2). Nobody knows what it costs, some read on to the end of the text from each
// place: so a long text is read rune by rune, and reading ends when nobody waits.
type expression struct {
	*regexp.Regexp
	later *regexp.Regexp // finds the next match behind the first rune, which is there for \b and ^ to look at
}

// compile refuses expressions that match where nothing is.
func compile(pattern string) (e expression, err error) {
	if e.Regexp, err = regexp.Compile(pattern); err != nil {
		return e, err
	}
	if e.MatchString("") {
		return e, errors.New("the pattern matches the empty text")
	}
	e.later, err = regexp.Compile(`\A(?s:..*?)(` + pattern + `)`)
	return e, err
}

// each gives the matches in a text as FindAllStringSubmatchIndex does. The error is the context's.
func (e *expression) each(ctx context.Context, s string) (all [][]int, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(s) <= finding.Stride {
		return e.FindAllStringSubmatchIndex(s, -1), nil
	}
	if begin, _ := e.LiteralPrefix(); !strings.Contains(s, begin) {
		return nil, nil
	}
	for m := e.FindReaderSubmatchIndex(&runes{ctx: ctx, rest: s}); m != nil && ctx.Err() == nil; {
		all = append(all, m)
		_, size := utf8.DecodeLastRuneInString(s[:m[1]])
		from := m[1] - size
		if m = e.later.FindReaderSubmatchIndex(&runes{ctx: ctx, rest: s[from:]}); m == nil {
			break
		}
		m = m[2:]
		for i := range m {
			if m[i] >= 0 {
				m[i] += from
			}
		}
	}
	return all, ctx.Err()
}

// runes reads a text until it ends or nobody waits.
type runes struct {
	ctx  context.Context
	rest string
	read int
}

func (r *runes) ReadRune() (rune, int, error) {
	if r.read++; len(r.rest) == 0 || r.read%4096 == 0 && r.ctx.Err() != nil {
		return 0, 0, io.EOF
	}
	c, size := utf8.DecodeRuneInString(r.rest)
	r.rest = r.rest[size:]
	return c, size, nil
}
