package openai

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// replaceLoneSurrogates turns each \uD800…\uDFFF escape that has no partner into \ufffd, which has the same length
// (R-PART-18). The bytes of everything else stay as they are.
func replaceLoneSurrogates(b []byte) []byte {
	if !bytes.Contains(b, []byte(`\ud`)) && !bytes.Contains(b, []byte(`\uD`)) {
		return b
	}
	b = bytes.Clone(b)
	for i := 0; i+1 < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		first, ok := unicodeEscape(b[i:])
		if !ok {
			i++ // an escape of two bytes, perhaps an escaped backslash
			continue
		}
		if first >= 0xdc00 && first < 0xe000 {
			copy(b[i:], `\ufffd`)
		} else if first >= 0xd800 && first < 0xdc00 {
			if second, ok := unicodeEscape(b[i+6:]); ok && second >= 0xdc00 && second < 0xe000 {
				i += 6
			} else {
				copy(b[i:], `\ufffd`)
			}
		}
		i += 5
	}
	return b
}

func unicodeEscape(b []byte) (uint64, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return n, err == nil
}
