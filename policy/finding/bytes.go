package finding

import "unicode"

// IsDigit tells ASCII digits.
func IsDigit(c byte) bool { return c-'0' < 10 }

// IsAlpha tells ASCII letters.
func IsAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// IsAlnum tells ASCII letters and digits.
func IsAlnum(c byte) bool { return IsDigit(c) || IsAlpha(c) }

// IsHex tells hexadecimal digits.
func IsHex(c byte) bool { return IsDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// IsWordByte counts bytes of letters outside ASCII as letters.
func IsWordByte(c byte) bool { return IsAlnum(c) || c == '_' || c >= 0x80 }

// Borders tells that neither neighbour of s[a:b] is a letter or digit.
func Borders(s string, a, b int) bool {
	return (a == 0 || !IsWordByte(s[a-1])) && (b == len(s) || !IsWordByte(s[b]))
}

// B2f is 1 for true.
func B2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Joined tells signs that words are made of.
func Joined(c rune) bool {
	return unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c)
}

// Unspaced are the scripts that put no space between words.
func Unspaced(c rune) bool {
	return c >= 0x0E00 && unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Hangul)
}

// Stride is how many bytes of a long text a detector reads before it asks whether anybody still waits.
const Stride = 64 << 10
