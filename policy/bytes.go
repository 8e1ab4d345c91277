package policy

import (
	"strings"
	"unicode"
)

func isDigit(c byte) bool { return c-'0' < 10 }

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isAlnum(c byte) bool { return isDigit(c) || isAlpha(c) }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// isWordByte counts bytes of letters outside ASCII as letters.
func isWordByte(c byte) bool { return isAlnum(c) || c == '_' || c >= 0x80 }

// borders tells that neither neighbour of s[a:b] is a letter or digit.
func borders(s string, a, b int) bool {
	return (a == 0 || !isWordByte(s[a-1])) && (b == len(s) || !isWordByte(s[b]))
}

func wordSet(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func joined(c rune) bool {
	return unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c)
}

// unspaced are the scripts that put no space between words.
func unspaced(c rune) bool {
	return c >= 0x0E00 && unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Hangul)
}

// stride is how many bytes of a long text a detector reads before it asks whether anybody still waits.
const stride = 64 << 10
