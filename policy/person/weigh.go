package person

import (
	"strings"

	"outcrop/policy/finding"
)

var (
	nameSuffixes = lists.Set("name suffixes")
	weakTitles   = lists.Set("weak titles")
	placeWords   = lists.Set("place words")
)

// weigh cuts the run where words stand that are no names, and judges each piece.
func (c *personScan) weigh() {
	for i := 0; i < len(c.run); {
		if c.besideName(i) {
			i++
			continue
		}
		j := c.pieceEnd(i)
		c.piece(i, j)
		i = j
	}
}

// besideName tells that no name begins with the word i: it is none, or the title of the next, or begins the sentence.
func (c *personScan) besideName(i int) bool {
	run, f := c.run, c.run[i].flag
	if !f.has(IsFirst|IsLast) && f.has(isCommon|isSuffix|isTitle) || f == isParticle {
		return true
	}
	if i+1 == len(run) {
		return false
	}
	next := run[i+1].flag
	return f.has(isTitle) && f.has(isAmbiguous) && !run[i].comma && !next.has(isCommon|isAfter) ||
		i == 0 && f.has(isCommon) && !f.has(isAfter) && next.has(IsFirst) && !next.has(isAmbiguous)
}

// pieceEnd gives the end of the piece that begins with the word i: behind a comma, or before a word that is no name.
func (c *personScan) pieceEnd(i int) int {
	for j := i; j < len(c.run); j++ {
		f := c.run[j].flag
		if j > i && (!f.has(IsFirst|IsLast) && f.has(isCommon) || f.has(isSuffix)) {
			return j
		}
		if c.run[j].comma {
			return j + 1
		}
	}
	return len(c.run)
}

// piece judges the words i to j of the run, unless something else bears the name, and keeps what led to a name.
func (c *personScan) piece(i, j int) {
	cue, titled := c.lead(i, j)
	if !titled {
		cue = max(cue, c.greeted(c.run[i].start))
	}
	if c.named(i, j, cue, titled) || c.lastFirst(i, j, cue) {
		return
	}
	before := len(c.out)
	c.judge(i, j, cue, titled)
	if cue >= 0.5 && len(c.out) > before {
		c.cue, c.cueEnd = cue, c.out[len(c.out)-1].End
	}
}

// judge adds up what the words i to j and those around them say, and notes a name or a doubt.
func (c *personScan) judge(i, j int, cue float64, titled bool) {
	run := c.run
	cue += c.behind(run[j-1].end, run[i].flag)
	for j-i >= 3 && !run[i].flag.has(IsFirst|IsLast|isInitial|isTitle) && clean(run[i+1].flag) &&
		run[i+1].flag.has(IsFirst) {
		i++
	}
	j = min(j, i+5)
	score, least := c.words(i, j), 0.5
	if j-i >= 2 {
		score += cue * 0.8
	} else {
		score, least = score+c.damped(i, j, cue, titled), 0.8
	}
	switch first := run[i]; {
	case score >= least:
		c.found(i, j, min(score, 0.99))
	case j-i == 1 && !first.flag.has(isCommon) && first.end-first.start > 2:
		f := finding.Finding{Kind: finding.KindPerson, Start: first.start, End: first.end, Score: score}
		c.maybe = append(c.maybe, doubt{f, !first.flag.has(isAmbiguous | isAfter | isCaps)})
	}
}

// lowered gives the words i to j as they stand in the text, in small letters.
func (c *personScan) lowered(i, j int) string {
	return strings.ToLower(c.s[c.run[i].start:c.run[j-1].end])
}

// lead is what stands before the piece, or at its end, as a title does: "Dear", "Mr", "Jr.".
func (c *personScan) lead(i, j int) (cue float64, titled bool) {
	run := c.run
	titled = i > 0 && run[i-1].flag.has(isTitle) && !run[i-1].comma
	if titled {
		cue = 0.75
	} else {
		cue = c.before(run[i].start, run[i].flag)
	}
	if j < len(run) && run[j].flag.has(isSuffix) && run[j-1].end+4 > run[j].start {
		cue = max(cue, 0.4)
		if !run[j-1].comma && nameSuffixes[c.lowered(j, j+1)] {
			cue = max(cue, 0.65)
		}
	}
	return cue, titled
}

// named tells that something else bears the name, a place, a firm, a work: University of …, Smith Street, Johnson &
// Johnson.
func (c *personScan) named(i, j int, cue float64, titled bool) bool {
	a, b := c.run[i].start, c.run[j-1].end
	if titled {
		// Prince Edward Island, General Assembly Hall
		return c.endsThing(i, j) && weakTitles[c.lowered(i-1, i)] || firms[c.lowered(i, j)]
	}
	if j-i == 1 && (c.eponym(a, b, c.run[i].flag) || c.closes(a, b, c.run[i].flag)) {
		return true
	}
	return c.endsThing(i, j) || c.firm(a, b) && !c.addressed(a, b, cue) || firms[c.lowered(i, j)] ||
		c.numbered(i, j) || cue < 0.5 && c.ledByThing(i)
}

// endsThing tells that the words end, or go on, as the names of things do: Street, Inc.
func (c *personScan) endsThing(i, j int) bool {
	run := c.run
	if j < len(run) && run[j].flag.has(isAfter) && !run[j-1].comma {
		return true
	}
	for k := i + 1; k < j; k++ {
		f := run[k].flag
		if f.has(isAfter) && (!f.has(IsLast) || !f.has(IsFirst) && k < j-1 || c.placeWord(k)) {
			return true
		}
	}
	return false
}

// placeWord tells surnames that here end the name of a place rather than that of a person.
func (c *personScan) placeWord(k int) bool {
	before := c.run[k-1].flag
	return (before.has(isAmbiguous) || !before.has(IsFirst)) && placeWords[c.lowered(k, k+1)]
}

// ledByThing tells names of places that begin with what they are: Lake Victoria.
func (c *personScan) ledByThing(i int) bool {
	if i == 0 {
		return false
	}
	before := c.run[i-1]
	return before.flag.has(isAfter) && !before.flag.has(isTitle) &&
		strings.IndexByte(c.s[before.end:c.run[i].start], ',') < 0
}

// numbered tells streets by the house number before them: 12 Michael Ridge.
func (c *personScan) numbered(i, j int) bool {
	at := c.run[i].start - 1
	if j-i < 2 || at < 1 || c.s[at] != ' ' || !finding.IsDigit(c.s[at-1]) || !c.run[j-1].flag.has(isAfter) {
		return false
	}
	from := at
	for from > 0 && finding.IsDigit(c.s[from-1]) {
		from--
	}
	return at-from <= 5 && (from == 0 || strings.IndexByte("./-", c.s[from-1]) < 0)
}

// lastFirst finds names in the order of lists: Last, First.
func (c *personScan) lastFirst(i, j int, cue float64) bool {
	run := c.run
	if i+1 != j || !run[i].comma || j >= len(run) || !run[j].flag.has(IsFirst) || !run[i].flag.has(IsLast|isShape) ||
		run[i].flag.has(IsFirst) {
		return false
	}
	e := j + 1
	for e < len(run) && run[e].flag.has(isInitial) {
		e++
	}
	sure := clean(run[j].flag) && (clean(run[i].flag) || c.sentenceStart(run[i].start))
	if !sure && cue <= 0.2 {
		return false
	}
	c.found(i, e, 0.86)
	return true
}

// damped is what the words around add to a word that stands alone: less where they would fit a place or a firm, too.
func (c *personScan) damped(i, j int, cue float64, titled bool) float64 {
	f := c.run[i].flag
	switch name := f.has(IsFirst | IsLast); {
	case name && !clean(f) && cue < 0.46:
		return min(cue, 0.25)
	case !name && j < len(c.run) && c.run[j].flag.has(isCommon) && !c.run[i].comma && !titled:
		return 0 // Dear Hiring Team
	case !name && !f.has(isTitle) && f.has(isCommon|isAfter):
		return cue / 2
	}
	return cue
}

func (c *personScan) found(i, j int, score float64) {
	c.out = append(c.out, finding.Finding{Kind: finding.KindPerson, Start: c.run[i].start, End: c.run[j-1].end,
		Score: score})
	if score >= 0.8 && j-i >= 2 {
		for _, w := range c.run[i:j] {
			if w.end-w.start > 2 && !w.flag.has(isParticle) {
				c.known = append(c.known, c.s[w.start:w.end])
			}
		}
	}
}

func (c *personScan) sentenceStart(i int) bool {
	for i > 0 && (c.s[i-1] == ' ' || c.s[i-1] == '"') {
		i--
	}
	return i == 0 || strings.IndexByte(".!?\n:;-", c.s[i-1]) >= 0
}
