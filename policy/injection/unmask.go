package injection

import (
	"html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// tricks are ways of hiding words that reading a text has found.
type tricks struct {
	zeroWidth  int    // invisible characters inside words
	bidi       int    // characters that change the order in which text is shown
	tags       string // what characters of the tag block spell
	confusable int    // letters of another script inside Latin words
	stacked    int    // accents upon accents
	spaced     bool   // words written as single letters
}

// unmasked gives a text as it reads: without markup, in small letters, in one form of each letter, without what is
// invisible.
func (r *reading) unmasked(text string) string {
	if strings.IndexByte(text, '&') >= 0 || marked(text) {
		text = unmark(text)
	}
	if plain, ok := r.western(text); ok {
		return plain
	}
	return unmaskedUnicode(text, &r.tricks)
}

// marked tells whether a text may have marks of HTML or Markdown.
func marked(text string) bool {
	return strings.IndexByte(text, '<') >= 0 || strings.IndexByte(text, '*') >= 0 ||
		strings.IndexByte(text, '_') >= 0 && (strings.Contains(text, "__") || strings.Contains(text, "-->"))
}

// western unmasks a text of nothing but ASCII, accented letters of western Europe and their punctuation, as most texts
// are. Such characters have one form only, so that all there is to do is to make them small. It gives false for any
// other text.
func (r *reading) western(text string) (string, bool) {
	b := slices.Grow(r.buffer[:0], len(text))[:len(text)]
	r.buffer = b
	n := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c < utf8.RuneSelf {
			b[n] = smallLetters[c]
			n++
			continue
		}
		if c == 0xC3 && i+1 < len(text) && text[i+1]&0xC0 == 0x80 { // À to ÿ, of which × is no letter
			i++
			small := text[i]
			if small <= 0x9E && small != 0x97 {
				small += 0x20
			}
			b[n], b[n+1] = c, small
			n += 2
			continue
		}
		mark, size := utf8.DecodeRuneInString(text[i:])
		switch mark {
		case '’':
			b[n] = '\''
			n++
		case '‘', '“', '”', '„', '–', '—', '•', '€', '«', '»', '§', '°':
			n += copy(b[n:], text[i:i+size])
		default:
			return "", false
		}
		i += size - 1
	}
	return string(b[:n]), true
}

// smallLetters has the small letter for each capital of ASCII, and every other byte as it is.
var smallLetters = func() (table [256]byte) {
	for c := range table {
		table[c] = byte(c)
		if c >= 'A' && c <= 'Z' {
			table[c] += 'a' - 'A'
		}
	}
	return table
}()

func unmaskedUnicode(text string, t *tricks) string {
	var hidden, b strings.Builder
	b.Grow(len(text))
	if !norm.NFKC.IsNormalString(text) {
		text = norm.NFKC.String(text)
	}
	marks := 0
	for _, c := range text {
		if c < utf8.RuneSelf {
			marks = 0
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			b.WriteByte(byte(c))
			continue
		}
		switch invisible(c) {
		case tagCharacter:
			if c >= 0xE0020 && c <= 0xE007E {
				hidden.WriteRune(c - 0xE0000)
			}
		case zeroWidth:
			t.zeroWidth++
		case bidiControl:
			t.bidi++
		case joiner, selector: // also part of emoji and of some scripts
		default:
			if unicode.Is(unicode.Mn, c) {
				if marks++; marks > 1 {
					t.stacked++
					continue
				}
			} else {
				marks = 0
			}
			switch c {
			case '’', 'ʼ':
				c = '\''
			}
			b.WriteRune(unicode.ToLower(c))
		}
	}
	t.tags = hidden.String()
	return b.String()
}

// inlineTags change how words look and not where they end.
var inlineTags = map[string]bool{
	"b": true, "i": true, "em": true, "strong": true, "span": true, "a": true, "u": true, "s": true, "font": true,
	"code": true, "mark": true,
	"sub": true, "sup": true, "small": true, "wbr": true, "q": true,
}

// unmark takes HTML and Markdown marks out of a text. What a comment hides stays, as a clause of its own.
func unmark(text string) string {
	if strings.IndexByte(text, '&') >= 0 && strings.IndexByte(text, ';') > 0 {
		text = html.UnescapeString(text)
	}
	if !marked(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		from := i
		for i < len(text) && !marks[text[i]] {
			i++
		}
		b.WriteString(text[from:i])
		if i == len(text) {
			break
		}
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], "<!--"):
			b.WriteByte('\n')
			i += 4
		case strings.HasPrefix(text[i:], "-->"):
			b.WriteByte('\n')
			i += 3
		case c == '<':
			n, between := tag(text[i:])
			b.WriteString(between)
			i += n
		case c == '*' || c == '_' && strings.HasPrefix(text[i:], "__"):
			i++ // emphasis; the second of __ goes with the first
			if c == '_' {
				i++
			}
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

// marks are the bytes with which marks begin.
var marks = [256]bool{'<': true, '-': true, '*': true, '_': true}

// tag gives the length of the HTML tag that s begins with and what stands in its place, or one byte as it is.
func tag(s string) (int, string) {
	const longest = 400
	end := strings.IndexByte(s[:min(len(s), longest)], '>')
	if end < 2 {
		return 1, s[:1]
	}
	name := strings.ToLower(strings.TrimLeft(s[1:end], "/"))
	n := 0
	for n < len(name) && name[n] >= 'a' && name[n] <= 'z' {
		n++
	}
	switch {
	case n == 0:
		return 1, s[:1]
	case inlineTags[name[:n]]:
		return end + 1, ""
	}
	return end + 1, "\n"
}

// lookalikes are letters of other scripts that look like Latin ones.
var lookalikes = func() map[rune]rune {
	all := map[rune]rune{}
	for _, pair := range lists["lookalikes"] {
		latin, others := rune(pair[0]), pair[2:]
		for _, other := range others {
			all[other] = latin
		}
	}
	return all
}()

// plainLetters rewrites a word that mixes Latin letters with lookalikes, consists of small capitals, or carries accents
// that its letters do not have in a language of the vocabulary.
func plainLetters(s string, t *tricks) (string, bool) {
	if plain, ok := withoutAccents(s); ok {
		return plain, true
	}
	mixed, accents := scriptsOf(s)
	if mixed {
		t.confusable++
	} else if !accents {
		return s, false
	}
	if accents {
		s = norm.NFD.String(s)
	}
	return strings.Map(func(c rune) rune {
		if l := lookalikes[c]; l != 0 && mixed {
			return l
		}
		if unicode.Is(unicode.Mn, c) {
			return -1
		}
		return c
	}, s), true
}

// scriptsOf tells whether a word mixes Latin letters with lookalikes of them, and whether it has accents or other
// letters of the Latin script.
func scriptsOf(s string) (mixed, accents bool) {
	var latin, other bool
	for _, c := range s {
		switch {
		case c < utf8.RuneSelf:
			latin = true
		case lookalikes[c] != 0:
			other = true
			// Small capitals are no script of their own.
			latin = latin || c >= 0x1D00 || unicode.Is(unicode.Latin, c) && c != 'ı'
		case unicode.Is(unicode.Mn, c) || unicode.Is(unicode.Latin, c):
			accents = true
		}
	}
	return other && latin, accents
}

// withoutAccents rewrites a word of small letters of western Europe; it gives false for a word that has other letters.
func withoutAccents(s string) (string, bool) {
	var plain [64]byte
	if len(s) > len(plain) {
		return s, false
	}
	n := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			if c != 0xC3 || i+1 == len(s) || s[i+1] < 0x9F || s[i+1] > 0xBF {
				return s, false
			}
			i++
			if bare := unaccented[s[i]-0x80]; bare != ' ' {
				plain[n] = bare
				n++
				continue
			}
			plain[n], c = c, s[i]
			n++
		}
		plain[n] = c
		n++
	}
	return string(plain[:n]), true
}

// unaccented are the letters U+00C0 to U+00FF without their accents; a space is a letter without any, or not a small
// one.
const unaccented = "                                " + "aaaaaa ceeeeiiii nooooo  uuuuy y"

var leetLetters = [256]byte{'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', '$': 's'}

// unleet rewrites a word that has digits or signs among its letters.
func unleet(s string) (string, bool) {
	letters, signs := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z':
			letters++
		case leetLetters[c] != 0:
			signs++
		default:
			return s, false
		}
	}
	if signs == 0 || letters == 0 || len(s) < 4 || len(s) > longestStem {
		return s, false
	}
	b := []byte(s)
	for i, c := range b {
		if l := leetLetters[c]; l != 0 {
			b[i] = l
		}
	}
	return string(b), true
}
