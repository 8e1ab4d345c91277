package router

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// wordSet finds words and phrases in texts: as whole words, in upper or lower case. A space in a phrase stands for any
// white space.
type wordSet struct {
	ascii [utf8.RuneSelf][]string // by the first letter, in lower case
	other []string                // that begin with something else
}

func newWordSet(words ...string) *wordSet {
	s := &wordSet{}
	for _, w := range words {
		w = strings.ToLower(strings.Join(strings.Fields(w), " "))
		switch {
		case w == "":
		case w[0] < utf8.RuneSelf:
			s.ascii[w[0]] = append(s.ascii[w[0]], w)
		default:
			s.other = append(s.other, w)
		}
	}
	return s
}

// in tells whether one of the words stands in the text.
func (s *wordSet) in(text string) bool { return s.count(text, 1) > 0 }

// count gives how many words of the set stand in the text, and stops counting at most.
func (s *wordSet) count(text string, most int) int {
	n, before := 0, ' '
	for i := 0; i < len(text) && n < most; {
		r, size := rune(text[i]), 1
		words := s.other
		if r < utf8.RuneSelf {
			words = s.ascii[lowerASCII(byte(r))]
		} else {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		if words != nil && (!joins(before) || !joins(r)) {
			for _, w := range words {
				if end := matchFold(text[i:], w); end > 0 && !runsOn(text[:i+end], text[i+end:]) {
					n++
					size = max(size, end)
					break
				}
			}
		}
		i += size
		before, _ = utf8.DecodeLastRuneInString(text[:i])
	}
	return n
}

func lowerASCII(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// joins tells a letter or digit that makes one word with its neighbours. Scripts without spaces have no such words:
// there a word is found inside a run too.
func joins(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'
	}
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) && !isDense(r)
}

// runsOn tells whether a word goes on behind its end.
func runsOn(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(after)
	return after != "" && joins(last) && joins(next)
}

// matchFold gives the length of what text begins with when that is word, which is in lower case; 0 when it is not.
func matchFold(text, word string) int {
	i := 0
	for j := 0; j < len(word); {
		w, size := utf8.DecodeRuneInString(word[j:])
		j += size
		if i >= len(text) {
			return 0
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if w == ' ' {
			if !unicode.IsSpace(r) {
				return 0
			}
			for i < len(text) && unicode.IsSpace(r) {
				i += n
				r, n = utf8.DecodeRuneInString(text[i:])
			}
			continue
		}
		if r != w && unicode.ToLower(r) != w {
			return 0
		}
		i += n
	}
	return i
}
