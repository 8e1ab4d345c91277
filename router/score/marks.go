package score

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// mark reads one mark of ASCII, or several that belong together.
func (r *reading) mark(text string, i int) int {
	r.counted = false
	c := text[i]
	run := i + 1
	for run < len(text) && text[run] == c {
		run++
	}
	switch c {
	case '.', '!', ':':
		r.sentence = 0
	case '?':
		r.questions++
		r.sentence = 0
	case ',':
		r.commas++
	case '"':
		r.quotes += 0.5
		r.sentence = 0
	case '=', '^', '+', '<', '>', '_', '\\', '~', '/', '*', '&', '|':
		if run-i == 1 {
			r.operator(text, i)
		} else if run-i == 2 && strings.IndexByte("=&|/+", c) >= 0 { // more are a line drawn of them, or a blank to fill in
			r.punctuation++
		}
	default:
		r.bracket(c, run-i, after(text, run))
	}
	return run
}

// bracket reads marks of programs and of money: so many of c, and what stands behind them.
func (r *reading) bracket(c byte, many int, next byte) {
	switch c {
	case ';':
		r.commas++
		if next == '\n' || next == 0 {
			r.punctuation++
		}
	case '`':
		if many >= 3 {
			r.fences++
		} else {
			r.punctuation += 0.5
		}
	case '$':
		if classes[next] == cDigit {
			r.money++
		} else {
			r.operators += 0.5
		}
	case '{', '}', '[', ']':
		r.punctuation += 0.7
	case '(':
		if next == ')' {
			r.punctuation++
		}
	}
}

// operator tells notation of mathematics from that of programs and from ornaments, where one mark stands alone.
func (r *reading) operator(text string, i int) {
	c, before, next := text[i], byte(' '), after(text, i+1)
	if i > 0 {
		before = text[i-1]
	}
	switch c {
	case '&', '|':
	case '/':
		r.slash(before, next)
	case '_':
		r.underscore(before, i > 1 && classes[text[i-2]] == cLetter)
	case '<':
		r.either(before != ' ' && (classes[next] == cLetter || next == '/')) // a tag
	case '>':
		r.either(before == '-' || before == '=') // an arrow
	case '*':
		r.star(before, next)
	default:
		r.operators++
	}
}

func (r *reading) star(before, next byte) {
	bullet, emphasis := next == ' ' && r.lineStart, classes[next] == cLetter && before == ' '
	if !bullet && !emphasis {
		r.operators++
	}
}

func (r *reading) slash(before, next byte) {
	if before == ')' || classes[next] == cDigit || next == '(' {
		r.operators++
	} else if before == '<' {
		r.punctuation++
	}
}

// underscore tells a name of two words from an index; word says that more than one letter stands before.
func (r *reading) underscore(before byte, word bool) {
	if classes[before] == cLetter {
		r.either(word)
	}
}

// either counts a mark that belongs to a program or to a formula.
func (r *reading) either(program bool) {
	if program {
		r.punctuation++
	} else {
		r.operators++
	}
}

// high reads a character beyond ASCII: the start of a word, a sign of a text without spaces, or a mark.
func (r *reading) high(text string, i int) int {
	v, size := utf8.DecodeRuneInString(text[i:])
	switch {
	case isUnspaced(v):
		r.unspaced(v)
		return i + size
	case unicode.IsLetter(v):
		r.counted = false
		return r.word(text, i)
	}
	switch v {
	case '？':
		r.questions++
	case '，', '、', '；', '،':
		r.commas++
	case '“', '”', '„', '«', '»':
		r.quotes += 0.5
	case '€', '£', '¥':
		r.money++
	default:
		if isAmong(v, operatorSigns) {
			r.operators++
		}
	}
	r.sign = 0
	return i + size
}

// unspaced counts a sign of a script that puts no spaces between words.
func (r *reading) unspaced(v rune) {
	if v >= 0x0E00 && v <= 0x0EFF {
		r.words += 0.22 // Thai and Lao write some letters a syllable
		return
	}
	r.words += 0.6
	if r.sign != 0 {
		h := (uint64(hashStart) ^ uint64(r.sign)) * hashFactor
		h = (h ^ uint64(v)) * hashFactor
		if kind := knownWords.find(h * hashMix); kind != wNone {
			r.count(kind)
		}
	}
	r.sign = v
}

// span is a range of characters, both ends included.
type span struct{ from, to rune }

// operatorSigns are signs of mathematics, arrows, and raised and lowered digits, the highest first.
var operatorSigns = []span{
	{0x2190, 0x22FF}, {0x2070, 0x209F}, {'•', '•'}, {'÷', '÷'}, {'×', '×'}, {'·', '·'}, {'±', '³'},
}

// unspacedSigns are, beside most of those of Chinese and Japanese, the rest of these apart from the comma and the full
// stop, and those of Khmer, Burmese, Lao and Thai, the highest first.
var unspacedSigns = []span{
	{0x20000, 0x3FFFF}, {0xF900, 0xFAFF}, {0x2E80, 0x3000}, {0x1780, 0x17FF}, {0x1000, 0x109F}, {0x0E00, 0x0EFF},
}

// isAmong tells whether a character is in one of the spans, of which the highest comes first.
func isAmong(v rune, spans []span) bool {
	for i := 0; i < len(spans) && v <= spans[i].to; i++ {
		if v >= spans[i].from {
			return true
		}
	}
	return false
}

// isUnspaced tells signs of a script that puts no spaces between words.
func isUnspaced(v rune) bool {
	return v >= 0x3003 && v <= 0x9FFF || v >= 0x0E00 && isAmong(v, unspacedSigns)
}
