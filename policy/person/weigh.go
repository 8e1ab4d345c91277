package person

import (
	"strings"

	"outcrop/policy/finding"
)

// weigh cuts the run where words stand that are no names, and judges each piece.
func (c *personScan) weigh() {
	run := c.run
	for i := 0; i < len(run); {
		f := run[i].flag
		if f&(IsFirst|IsLast) == 0 && f&(isCommon|isSuffix) != 0 || f&isTitle != 0 && f&(IsFirst|IsLast) == 0 ||
			f == isParticle ||
			f&isTitle != 0 && i+1 < len(run) && !run[i].comma && f&isAmbiguous != 0 && c.titleAt(i) ||
			f&isCommon != 0 && i == 0 && len(run) > 1 && f&isAfter == 0 &&
				(run[1].flag&IsFirst != 0 && run[1].flag&isAmbiguous == 0) {
			i++
			continue
		}
		j := i
		for j < len(run) {
			f := run[j].flag
			if j > i && (f&(IsFirst|IsLast) == 0 && f&isCommon != 0 || f&isSuffix != 0) {
				break
			}
			j++
			if run[j-1].comma {
				break
			}
		}
		c.piece(i, j)
		i = j
	}
}

// titleAt tells that the word is followed by something that may be a name, so that it is the title of it.
func (c *personScan) titleAt(i int) bool { return c.run[i+1].flag&(isCommon|isAfter) == 0 }

// piece judges the words i to j of the run.
func (c *personScan) piece(i, j int) {
	for i < j && c.run[i].flag == isParticle {
		i++
	}
	cue, titled := c.lead(i, j)
	run := c.run
	if led := c.greeted(run[i].start); !titled && led > cue {
		cue = led
	}
	if c.named(i, j, cue, titled) || c.lastFirst(i, j, cue) {
		return
	}
	if from := len(c.out); cue >= 0.5 {
		defer func(cue float64) {
			if len(c.out) > from {
				c.cue, c.cueEnd = cue, c.out[len(c.out)-1].End
			}
		}(cue)
	}
	cue += c.behind(run[j-1].end, run[i].flag)
	for j-i >= 3 && run[i].flag&(IsFirst|IsLast|isInitial|isTitle) == 0 && clean(run[i+1].flag) &&
		run[i+1].flag&IsFirst != 0 {
		i++
	}
	j = min(j, i+5)
	score := c.words(i, j)
	if j-i >= 2 {
		score += cue * 0.8
		if score >= 0.5 {
			c.found(i, j, min(score, 0.99))
		}
		return
	}
	score += c.damped(i, j, cue, titled)
	if score >= 0.8 {
		c.found(i, j, min(score, 0.99))
	} else if run[i].flag&isCommon == 0 && run[i].end-run[i].start > 2 {
		c.maybe = append(c.maybe,
			doubt{finding.Finding{Kind: finding.KindPerson, Start: run[i].start, End: run[i].end, Score: score},
				run[i].flag&(isAmbiguous|isAfter|isCaps) == 0})
	}
}

// lead is what stands before the piece, or at its end, as a title does: "Dear", "Mr", "Jr.".
func (c *personScan) lead(i, j int) (cue float64, titled bool) {
	run := c.run
	titled = i > 0 && run[i-1].flag&isTitle != 0 && !run[i-1].comma
	if titled {
		cue = 0.75
	} else {
		cue = c.before(run[i].start, run[i].flag)
	}
	if j < len(run) && run[j].flag&isSuffix != 0 && run[j-1].end+4 > run[j].start {
		cue = max(cue, 0.4)
		switch strings.ToLower(c.s[run[j].start:run[j].end]) {
		case "phd", "md", "dds", "dvm", "jr", "esq":
			if !run[j-1].comma {
				cue = max(cue, 0.65)
			}
		}
	}
	return cue, titled
}

// named tells that something else bears the name, a place, a firm, a work: University of …, Smith Street, Johnson &
// Johnson.
func (c *personScan) named(i, j int, cue float64, titled bool) bool {
	run, s := c.run, c.s
	after := j < len(run) && run[j].flag&isAfter != 0 && !run[j-1].comma
	for k := i + 1; k < j; k++ {
		after = after || run[k].flag&isAfter != 0 && (run[k].flag&IsLast == 0 || run[k].flag&IsFirst == 0 && k < j-1 ||
			c.placeWord(k))
	}
	if titled && after && c.weakTitle(i-1) {
		return true // Prince Edward Island, General Assembly Hall
	}
	if j-i == 1 && !titled && (c.eponym(run[i].start, run[i].end, run[i].flag) ||
		c.closes(run[i].start, run[i].end, run[i].flag)) {
		return true
	}
	if (after || c.firm(run[i].start, run[j-1].end) && !c.addressed(run[i].start, run[j-1].end, cue)) && !titled ||
		firms[strings.ToLower(s[run[i].start:run[j-1].end])] {
		return true
	}
	if !titled && c.numbered(i, j) {
		return true
	}
	// Lake Victoria
	return i > 0 && !titled && run[i-1].flag&isAfter != 0 && run[i-1].flag&isTitle == 0 && cue < 0.5 &&
		strings.IndexByte(s[run[i-1].end:run[i].start], ',') < 0
}

// weakTitle tells titles that stand in names of places and works as well.
func (c *personScan) weakTitle(k int) bool {
	switch strings.ToLower(c.s[c.run[k].start:c.run[k].end]) {
	case "prince", "princess", "king", "queen", "general", "father", "mother", "sister", "lady", "lord", "pope", "emperor",
		"chef", "agent", "judge", "justice", "captain", "major", "president", "saint":
		return true
	}
	return false
}

// numbered tells streets by the house number before them: 12 Michael Ridge.
func (c *personScan) numbered(i, j int) bool {
	at := c.run[i].start - 1
	if j-i < 2 || at < 1 || c.s[at] != ' ' || !finding.IsDigit(c.s[at-1]) || c.run[j-1].flag&isAfter == 0 {
		return false
	}
	from := at
	for from > 0 && finding.IsDigit(c.s[from-1]) {
		from--
	}
	return at-from <= 5 && (from == 0 || c.s[from-1] != '.' && c.s[from-1] != '/' && c.s[from-1] != '-')
}

// lastFirst finds names in the order of lists: Last, First.
func (c *personScan) lastFirst(i, j int, cue float64) bool {
	run := c.run
	if i+1 != j || !run[i].comma || j >= len(run) || run[j].flag&IsFirst == 0 || run[i].flag&(IsLast|isShape) == 0 ||
		run[i].flag&IsFirst != 0 {
		return false
	}
	e := j + 1
	for e < len(run) && run[e].flag&isInitial != 0 {
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
	switch {
	case f&(IsFirst|IsLast) != 0 && !clean(f) && cue < 0.46:
		return min(cue, 0.25)
	case f&(IsFirst|IsLast) == 0 && j < len(c.run) && c.run[j].flag&isCommon != 0 && !c.run[i].comma && !titled:
		return 0 // Dear Hiring Team
	case f&(IsFirst|IsLast|isTitle) == 0 && f&(isCommon|isAfter) != 0:
		return cue / 2
	}
	return cue
}

func (c *personScan) found(i, j int, score float64) {
	c.out = append(c.out, finding.Finding{Kind: finding.KindPerson, Start: c.run[i].start, End: c.run[j-1].end,
		Score: score})
	if score >= 0.8 && j-i >= 2 {
		for _, w := range c.run[i:j] {
			if w.end-w.start > 2 && w.flag&isParticle == 0 {
				c.known = append(c.known, c.s[w.start:w.end])
			}
		}
	}
}

func clean(f nameFlag) bool { return f&(IsFirst|IsLast) != 0 && f&(isAmbiguous|isCommon) == 0 }

// placeWord tells words that end the names of places rather than those of people.
func (c *personScan) placeWord(k int) bool {
	switch strings.ToLower(c.s[c.run[k].start:c.run[k].end]) {
	case "street", "lane", "park", "lake", "church", "hall", "house", "castle", "bridge", "bay", "beach", "island",
		"college", "hill", "bank", "prize", "award", "act", "group", "cup", "press", "post", "times":
		return c.run[k].flag&IsLast == 0 || k > 0 && c.run[k-1].flag&isAmbiguous != 0 || c.run[k-1].flag&IsFirst == 0
	}
	return false
}

// words weighs what is known of the words alone.
func (c *personScan) words(i, j int) float64 { //nolint:gocyclo // a recogniser by hand: one pass, many small conditions
	var w [6]nameFlag
	n, initials, particles := 0, 0, 0
	for _, x := range c.run[i:j] {
		switch {
		case x.flag&isInitial != 0:
			initials++
		case x.flag == isParticle || n > 0 && x.flag&isParticle != 0 && x.flag&(IsFirst|IsLast) == 0:
			particles++
		case n < len(w):
			w[n] = x.flag
			n++
		}
	}
	if n == 0 {
		return 0
	}
	a, z := w[0], w[n-1]
	if n == 1 {
		if initials > 0 {
			if a&IsLast != 0 {
				return 0.68 + 0.2*finding.B2f(clean(a))
			}
			if a&IsFirst != 0 {
				return 0.5 + 0.3*finding.B2f(clean(a))
			}
			return 0.6
		}
		return c.single(i, a)
	}
	score := 0.3
	switch {
	case a&IsFirst != 0 && clean(a) && z&IsLast != 0:
		score = 0.97
	case a&IsFirst != 0 && clean(a) && z&IsFirst != 0:
		score = 0.92
	case a&IsFirst != 0 && clean(a) && z&(isCommon|isAfter) == 0:
		score = 0.88
	case a&IsLast != 0 && z&IsFirst != 0 && clean(a) && clean(z):
		score = 0.92
	case a&IsFirst != 0 && z&IsLast != 0 && clean(z):
		score = 0.9
	case a&IsFirst != 0 && z&IsLast != 0 && z&(isCommon|isAfter) == 0:
		score = 0.8
	case a&IsFirst != 0 && z&IsLast != 0:
		score = 0.66
	case a&IsLast != 0 && clean(z) && z&IsFirst != 0 && strings.Contains(c.s[c.run[j-1].start:c.run[j-1].end], "-"):
		score = 0.86 // Park Ji-sung
	case a&(IsLast|isShape) != 0 && clean(z) && a&(isCommon|isAmbiguous) == 0:
		score = 0.84
	case z&IsLast != 0 && clean(z) && a&(isCommon|isAfter) == 0:
		score = 0.8 - 0.1*finding.B2f(c.sentenceStart(c.run[i].start)) - 0.1*finding.B2f(a&isAmbiguous != 0)
	case clean(z) && a&(isCommon|isAfter) == 0:
		score = 0.78
	case a&(IsFirst|IsLast) != 0 && z&isShape != 0:
		score = 0.84
	case z&isShape != 0 && a&(isCommon|isAmbiguous|isAfter) == 0:
		score = 0.62
	case a&IsFirst != 0 && z&(isCommon|isAfter) == 0:
		score = 0.62
	}
	if initials > 0 {
		score += 0.15
	}
	if particles > 0 {
		score += 0.1
	}
	if n >= 3 {
		for _, f := range w[1 : n-1] {
			if f&(IsFirst|IsLast) == 0 {
				score -= 0.08
			} else {
				score += 0.03
			}
		}
	}
	return score
}

// single weighs a word that stands alone.
func (c *personScan) single(i int, f nameFlag) float64 {
	length := c.run[i].end - c.run[i].start
	score := 0.15
	switch {
	case f&IsFirst == 0 && f&(isAfter|isCommon) != 0:
		return 0.05
	case f&IsFirst != 0 && f&isCommon != 0:
		score = 0.2
	case f&IsFirst != 0 && clean(f):
		score = 0.84
	case f&IsFirst != 0:
		score = 0.42
	case f&IsLast != 0 && clean(f):
		score = 0.7
	case f&IsLast != 0:
		score = 0.35
	case f&isShape != 0:
		score = 0.3
	}
	if at := c.run[i].start; score == 0.7 && !c.sentenceStart(at) && !strings.HasSuffix(c.s[:at], " of ") &&
		!strings.HasSuffix(c.s[:at], " the ") && !strings.HasSuffix(c.s[:at], " in ") {
		score = 0.8
	}
	if f&isCaps != 0 {
		score -= 0.3
	}
	if length <= 3 && score > 0.5 {
		score -= 0.2
	}
	return score
}

func (c *personScan) sentenceStart(i int) bool {
	for i > 0 && (c.s[i-1] == ' ' || c.s[i-1] == '"') {
		i--
	}
	return i == 0 || strings.IndexByte(".!?\n:;-", c.s[i-1]) >= 0
}
