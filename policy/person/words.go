package person

import (
	"strings"

	"outcrop/policy/finding"
)

// looksLike is a condition on what is known of a word.
type looksLike struct {
	any  nameFlag // at least one of these, unless it is 0
	none nameFlag // and none of these
}

func (l looksLike) fits(f nameFlag) bool { return (l.any == 0 || f.has(l.any)) && !f.has(l.none) }

// unclear is what makes a word of the lists of names no sure one.
const unclear = isAmbiguous | isCommon

// clean tells a word that is a name and nothing else.
func clean(f nameFlag) bool { return f.has(IsFirst|IsLast) && !f.has(unclear) }

// pairs say what the first and the last word of a name weigh together. The first row that fits counts.
var pairs = []struct {
	first, last looksLike
	score       float64
	capital     bool // less where the first word may owe its capital to the sentence, or is ambiguous
}{
	{looksLike{IsFirst, unclear}, looksLike{any: IsLast}, 0.97, false},
	{looksLike{IsFirst, unclear}, looksLike{any: IsFirst}, 0.92, false},
	{looksLike{IsFirst, unclear}, looksLike{none: isCommon | isAfter}, 0.88, false},
	{looksLike{IsLast, unclear}, looksLike{IsFirst, unclear}, 0.92, false},
	{looksLike{any: IsFirst}, looksLike{IsLast, unclear}, 0.9, false},
	{looksLike{any: IsFirst}, looksLike{IsLast, isCommon | isAfter}, 0.8, false},
	{looksLike{any: IsFirst}, looksLike{any: IsLast}, 0.66, false},
	{looksLike{any: IsLast}, looksLike{IsFirst, unclear | isWhole}, 0.86, false}, // Park Ji-sung
	{looksLike{IsLast | isShape, unclear}, looksLike{IsFirst | IsLast, unclear}, 0.84, false},
	{looksLike{none: isCommon | isAfter}, looksLike{IsLast, unclear}, 0.8, true},
	{looksLike{none: isCommon | isAfter}, looksLike{IsFirst | IsLast, unclear}, 0.78, false},
	{looksLike{any: IsFirst | IsLast}, looksLike{any: isShape}, 0.84, false},
	{looksLike{none: unclear | isAfter}, looksLike{any: isShape}, 0.62, false},
	{looksLike{any: IsFirst}, looksLike{none: isCommon | isAfter}, 0.62, false},
	{score: 0.3},
}

// Weights of a single word that are told apart further.
const (
	noName  = 0.05
	surname = 0.7 // more inside a sentence, where no article or place leads to it
)

// singles say what a word that stands alone weighs, likewise.
var singles = []struct {
	word  looksLike
	score float64
}{
	{looksLike{isAfter | isCommon, IsFirst}, noName},
	{looksLike{isCommon, 0}, 0.2},
	{looksLike{IsFirst, unclear}, 0.84},
	{looksLike{IsFirst, 0}, 0.42},
	{looksLike{IsLast, unclear}, surname},
	{looksLike{IsLast, 0}, 0.35},
	{looksLike{isShape, 0}, 0.3},
	{looksLike{}, 0.15},
}

// parts are the words of a piece by what they are.
type parts struct {
	words               []nameFlag // apart from initials and particles
	initials, particles int
}

// parts sorts the words i to j of the run; room is where those go that count.
func (c *personScan) parts(i, j int, room []nameFlag) (p parts) {
	p.words = room[:0]
	for _, x := range c.run[i:j] {
		switch {
		case x.flag.has(isInitial):
			p.initials++
		case x.flag == isParticle || len(p.words) > 0 && x.flag.has(isParticle) && !x.flag.has(IsFirst|IsLast):
			p.particles++
		case len(p.words) < cap(p.words):
			p.words = append(p.words, x.flag)
		}
	}
	return p
}

// words weighs what is known of the words alone.
func (c *personScan) words(i, j int) float64 {
	var room [6]nameFlag
	p := c.parts(i, j, room[:])
	switch n := len(p.words); {
	case n == 0:
		return 0
	case n == 1 && p.initials > 0:
		return withInitials(p.words[0])
	case n == 1:
		return c.single(i, p.words[0])
	}
	score := c.pair(i, j, p.words[0], p.words[len(p.words)-1])
	if p.initials > 0 {
		score += 0.15
	}
	if p.particles > 0 {
		score += 0.1
	}
	for _, f := range p.words[1 : len(p.words)-1] {
		if f.has(IsFirst | IsLast) {
			score += 0.03
		} else {
			score -= 0.08
		}
	}
	return score
}

// withInitials weighs a word beside initials.
func withInitials(f nameFlag) float64 {
	switch {
	case f.has(IsLast):
		return 0.68 + 0.2*finding.B2f(clean(f))
	case f.has(IsFirst):
		return 0.5 + 0.3*finding.B2f(clean(f))
	}
	return 0.6
}

// pair weighs the first and the last word of those from i to j.
func (c *personScan) pair(i, j int, first, last nameFlag) float64 {
	if end := c.run[j-1]; strings.IndexByte(c.s[end.start:end.end], '-') < 0 {
		last |= isWhole
	}
	k := 0
	for !pairs[k].first.fits(first) || !pairs[k].last.fits(last) {
		k++
	}
	score := pairs[k].score
	if pairs[k].capital {
		score = score - 0.1*finding.B2f(c.sentenceStart(c.run[i].start)) - 0.1*finding.B2f(first.has(isAmbiguous))
	}
	return score
}

// single weighs a word that stands alone.
func (c *personScan) single(i int, f nameFlag) float64 {
	w := c.run[i]
	k := 0
	for !singles[k].word.fits(f) {
		k++
	}
	score := singles[k].score
	switch score {
	case noName:
		return score
	case surname:
		if !c.sentenceStart(w.start) && !endsInAny(c.s[:w.start], lists["thing leads"]) {
			score = 0.8
		}
	}
	if f.has(isCaps) {
		score -= 0.3
	}
	if w.end-w.start <= 3 && score > 0.5 {
		score -= 0.2
	}
	return score
}
