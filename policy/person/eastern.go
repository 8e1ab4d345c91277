package person

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"outcrop/policy/finding"
)

// eastern reads names in Chinese, Japanese and Korean script, which only a title or a lead shows. It gives the place to
// go on at.
func (c *personScan) eastern(i int) int {
	for _, lead := range lists["eastern leads"] {
		if strings.HasPrefix(c.s[i:], lead) {
			at := i + len(lead)
			if end, n := eastEnd(c.s, at); n >= 2 {
				c.out = append(c.out, finding.Finding{Kind: finding.KindPerson, Start: at, End: end, Score: 0.85})
				return end
			}
		}
	}
	for _, title := range lists["eastern titles"] {
		if i > 0 && strings.HasPrefix(c.s[i:], title) {
			if from, n := eastStart(c.s, i); n > 1 || n == 1 && (title == "さん" || title == "様") {
				c.out = append(c.out, finding.Finding{Kind: finding.KindPerson, Start: from, End: i, Score: 0.82})
			}
			return i + len(title)
		}
	}
	_, size := utf8.DecodeRuneInString(c.s[i:])
	return i + size
}

// eastEnd gives the end of the name that begins at a place, and of how many letters it is.
func eastEnd(s string, at int) (end, letters int) {
	for end = at; end < len(s) && letters < 5; letters++ {
		r, size := utf8.DecodeRuneInString(s[end:])
		if !unicode.IsLetter(r) || strings.ContainsRune("，。、です입니의", r) {
			break
		}
		end += size
	}
	return end, letters
}

// eastStart gives the start of the name that ends at a place, and of how many letters it is.
func eastStart(s string, at int) (start, letters int) {
	for start = at; start > 0 && letters < 4; letters++ {
		r, size := utf8.DecodeLastRuneInString(s[:start])
		if !unicode.In(r, unicode.Han, unicode.Hangul) || strings.ContainsRune("是的和在请給给与與", r) {
			break
		}
		start -= size
	}
	return start, letters
}
