package person

import "strings"

var (
	concepts    = lists.Set("concepts")
	acts        = lists.Set("acts")
	objects     = lists.Set("objects")
	smallVerbs  = lists.Set("small verbs")
	determiners = lists.Set("determiners")
)

// eponym tells that the single word from a to b names a thing behind it, or stands behind an "a" as things do.
func (c *personScan) eponym(a, b int, f nameFlag) bool {
	word, rest := nounBehind(c.s[b:])
	if word == "" {
		return false
	}
	led, one := c.article(a)
	noun := strings.ToLower(word)
	thing := noun
	if !concepts[thing] {
		thing = strings.TrimSuffix(noun, "s")
	}
	surname := !f.has(IsFirst) || f.has(IsLast)
	switch {
	case !concepts[thing]:
		// "a Picasso painting": things, unless what follows says what people do.
		return one && word[0] >= 'a' && word[0] <= 'z' && !f.has(IsFirst) && !behindWords[noun] && !smallVerbs[noun]
	case led:
		return true
	case acts[thing]:
		return surname && !objects[nextWord(rest)]
	}
	return surname || thing != noun
}

// nounBehind gives the word behind a name and another that a dash joins to it, and what follows that word.
func nounBehind(s string) (noun, rest string) {
	if joined, ok := strings.CutPrefix(s, "–"); ok { // Cauchy–Schwarz inequality
		s = joined[wordEnd(joined, 0):]
	}
	s, ok := strings.CutPrefix(s, " ")
	if !ok {
		return "", ""
	}
	end := wordEnd(s, 0)
	return s[:end], s[end:]
}

// nextWord is the word behind one space, in small letters.
func nextWord(s string) string {
	rest, ok := strings.CutPrefix(s, " ")
	if !ok {
		return ""
	}
	return strings.ToLower(rest[:wordEnd(rest, 0)])
}

// article tells that an article or a word of its kind leads to the word at a, and whether it is "a" or "an".
func (c *personScan) article(a int) (found, one bool) {
	head, ok := strings.CutSuffix(c.s[max(0, a-8):a], " ")
	if !ok {
		return false, false
	}
	word := strings.ToLower(head[strings.LastIndexAny(head, " \n\"'(*_")+1:])
	one = word == "a" || word == "an"
	return one || determiners[word], one
}
