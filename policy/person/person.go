// Package person finds names of people in plain text.
//
// It must not decide. Start at [New]; names holds the lists.
package person

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"outcrop/policy/finding"
)

// persons finds names of people: runs of capitalised words, weighed by what is known of each word and by the words
// around. It is a sum of few, readable weights; they were chosen on the labelled texts in testdata/pii.
type persons struct{ names gazetteer }

// New reads the lists of names.
func New() (finding.Detector, error) {
	g, err := LoadNames()
	if err != nil {
		return nil, err
	}
	return &persons{g}, nil
}

func (*persons) Name() string { return "person" }

// Settled holds back runs of words that may be names, and what follows words that introduce one.
func (*persons) Settled(text string, from int) int {
	return min(finding.Cluster(text, from, leadsToName),
		finding.BehindLeads(text, "ame is ", "ame's ", "call me ", "i'm ", "i am ", "this is "))
}

// leadsToName tells words such as "Mr." and "Dear".
func leadsToName(w string) bool { return beforeWords[strings.ToLower(strings.Trim(w, ",.:"))] >= 0.4 }

func (p *persons) Detect(ctx context.Context, _ finding.Direction, texts []finding.Text) ([]finding.Finding, error) {
	var out []finding.Finding
	for n, t := range texts {
		from := len(out)
		var err error
		if out, err = p.scan(ctx, t.Value, out); err != nil {
			return nil, err
		}
		for i := from; i < len(out); i++ {
			out[i].Text = n
		}
	}
	return out, nil
}

// nameWord is one word of a run.
type nameWord struct {
	start, end int
	flag       nameFlag
	comma      bool // a comma stands behind it
}

// doubt is a single word that is no name by itself; plain tells that it is not also something else.
type doubt struct {
	finding.Finding
	plain bool
}

// personScan is the state of one text.
type personScan struct {
	*persons
	s     string
	run   []nameWord
	out   []finding.Finding
	maybe []doubt  // single words that the rest of the text may confirm
	known []string // words of the full names found

	cue    float64 // what led to the last name found, where that was a greeting or the like
	cueEnd int     // where that name ends
}

func (p *persons) scan(ctx context.Context, s string, out []finding.Finding) ([]finding.Finding, error) {
	c := personScan{persons: p, s: s, out: out}
	from, ask := len(out), 0
	for i := 0; i < len(s); {
		if i >= ask {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			ask = i + finding.Stride
		}
		b := s[i]
		if b < 'A' || b > 'Z' && b < 0xC3 || !c.begins(i) {
			i++
			continue
		}
		if b < 0x80 || upperAt(s, i) {
			i = c.read(i)
			c.weigh()
			continue
		}
		if b >= 0xE3 && b <= 0xED {
			i = c.eastern(i)
			continue
		}
		i++
	}
	c.lower()
	c.confirm()
	// What the lower-case rules add may lie inside what was found.
	return append(c.out[:from:from], finding.Resolve(c.out[from:])...), nil
}

// confirm takes the single words back up that the rest of the text speaks for: a full name with that word, or a name
// beside it in a list.
func (c *personScan) confirm() {
	if len(c.maybe) == 0 {
		return
	}
	sure := map[int]bool{} // where names begin and end
	for _, f := range c.out {
		if f.Kind == finding.KindPerson && f.Score >= 0.8 {
			sure[f.Start], sure[f.End] = true, true
		}
	}
	known := make(map[string]bool, len(c.known))
	for _, word := range c.known {
		known[strings.ToLower(word)] = true
	}
	for _, d := range c.maybe {
		m := d.Finding
		if known[strings.ToLower(c.s[m.Start:m.End])] {
			m.Score = 0.88
		} else if a, b := c.listed(m); d.plain && m.Score >= 0.15 && (sure[a] || sure[b]) {
			m.Score = 0.82
		} else {
			continue
		}
		sure[m.Start], sure[m.End] = true, true
		c.out = append(c.out, m)
	}
}

// listed gives where the neighbours in a list of names end and begin, -1 where there is none.
func (c *personScan) listed(m finding.Finding) (before, behind int) {
	before, behind = -1, -1
	for _, w := range lists["conjunctions"] {
		if before < 0 && strings.HasSuffix(c.s[:m.Start], w) {
			before = m.Start - len(w)
		}
		if behind < 0 && strings.HasPrefix(c.s[m.End:], w) {
			behind = m.End + len(w)
		}
	}
	return before, behind
}

// begins tells that a word starts at i.
func (c *personScan) begins(i int) bool {
	if i == 0 {
		return true
	}
	switch b := c.s[i-1]; {
	case b >= utf8.RuneSelf:
		r, _ := utf8.DecodeLastRuneInString(c.s[:i])
		return !unicode.IsLetter(r) || c.s[i] >= 0xE3
	case b == '.':
		return i < 2 || !finding.IsDigit(c.s[i-2])
	case b == '/':
		return i-1 == c.cueEnd && c.cue > 0
	default:
		return !finding.IsAlnum(b) && strings.IndexByte("_@'\\#&$", b) < 0
	}
}

func upperAt(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return unicode.IsUpper(r)
}

// wordEnd is where the word that begins at i ends, inner hyphens and apostrophes included.
func wordEnd(s string, i int) int {
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if unicode.IsLetter(r) || unicode.Is(unicode.Mn, r) {
			i += size
			continue
		}
		if (r == '-' || r == '\'' || r == '’') && i+size < len(s) {
			next, n := utf8.DecodeRuneInString(s[i+size:])
			if unicode.IsLetter(next) {
				// The s of a genitive is no part of a name, the rest of O'Brien is.
				if r != '-' && next == 's' && (i+size+n == len(s) || !finding.IsWordByte(s[i+size+n])) {
					return i
				}
				i += size
				continue
			}
		}
		return i
	}
	return i
}

// longestRun is the most words that a run has.
const longestRun = 12

// read collects the capitalised words from i on and gives the place behind them.
func (c *personScan) read(i int) int {
	c.run = c.run[:0]
	for at := i; ; {
		w, next := c.word(at)
		c.run = append(c.run, w)
		if next > w.end && w.flag.has(isInitial) && upperAt(c.s, next) { // J.R.R. Tolkien
			at = next
			continue
		}
		if w.end == at || len(c.run) >= longestRun {
			return max(next, i+1)
		}
		at = c.following(next, w)
		if at < 0 {
			return next
		}
	}
}

// word reads the word at a place and gives the place behind it and the dot of its abbreviation.
func (c *personScan) word(at int) (w nameWord, next int) {
	s, end := c.s, wordEnd(c.s, at)
	w = nameWord{start: at, end: end, flag: c.names.flags(s[at:end])}
	next = end
	if strings.HasPrefix(s[next:], ".") && (w.flag.has(isInitial|isTitle|isSuffix) || end-at <= 2) {
		next++
	}
	if identifier(s[next:]) {
		w.flag = isCommon
	}
	w.comma = strings.HasPrefix(s[next:], ",")
	return w, next
}

// identifier tells by what stands behind a word that it is part of a file's name, a host's or the like.
func identifier(rest string) bool {
	if rest == "" {
		return false
	}
	return finding.IsDigit(rest[0]) || rest[0] == '_' || rest[0] == '@' ||
		rest[0] == '.' && len(rest) > 1 && finding.IsAlnum(rest[1])
}

// following gives the place of the capital that goes on with a run behind the word w, -1 where the run ends.
func (c *personScan) following(at int, w nameWord) int {
	if w.comma {
		at++
	}
	switch rest := c.s[at:]; {
	case strings.HasPrefix(rest, " "):
		at++
	case strings.HasPrefix(rest, "\u00a0"):
		at += len("\u00a0")
	default:
		return -1
	}
	if !w.comma {
		at = c.particles(at, w.flag)
	}
	if upperAt(c.s, at) && c.s[at] < 0xE3 {
		return at
	}
	for len(c.run) > 1 && c.run[len(c.run)-1].flag == isParticle {
		c.run = c.run[:len(c.run)-1]
	}
	return -1
}

// particles adds up to three particles that stand at step, before the next capital, and gives the place behind them.
func (c *personScan) particles(step int, before nameFlag) int {
	s := c.s
	for range 3 {
		if step >= len(s) || upperAt(s, step) {
			break
		}
		e := wordEnd(s, step)
		if e == step || e >= len(s) || !c.names[s[step:e]].has(isParticle) || s[e] != ' ' ||
			s[step:e] == "y" && !before.has(IsLast) {
			break
		}
		c.run = append(c.run, nameWord{start: step, end: e, flag: isParticle})
		step = e + 1
	}
	return step
}
