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
	next := after(text, run)
	switch c {
	case '.', '!':
		r.sentence = 0
	case '?':
		r.questions++
		r.sentence = 0
	case ',':
		r.commas++
	case ';':
		r.commas++
		if next == '\n' || next == 0 {
			r.punctuation++
		}
	case ':':
		r.sentence = 0
	case '"':
		r.quotes += 0.5
		r.sentence = 0
	case '`':
		if run-i >= 3 {
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
	case '=', '^', '+', '<', '>', '_', '\\', '~', '/', '*', '&', '|':
		r.operator(text, i, run)
	}
	return run
}

// operator tells notation of mathematics from that of programs and from ornaments.
func (r *reading) operator(text string, i, run int) {
	c, next := text[i], after(text, run)
	before := byte(' ')
	if i > 0 {
		before = text[i-1]
	}
	if run-i > 1 { // a line drawn of them, a blank to fill in, or == and the like
		if run-i == 2 && strings.IndexByte("=&|/+", c) >= 0 {
			r.punctuation++
		}
		return
	}
	switch c {
	case '&', '|':
	case '/':
		if before == ')' || classes[next] == cDigit || next == '(' {
			r.operators++
		} else if before == '<' {
			r.punctuation++
		}
	case '_':
		if i > 1 && classes[before] == cLetter && classes[text[i-2]] == cLetter {
			r.punctuation++ // a name of two words
		} else if classes[before] == cLetter {
			r.operators++
		}
	case '<':
		r.either(before != ' ' && (classes[next] == cLetter || next == '/')) // a tag
	case '>':
		r.either(before == '-' || before == '=') // an arrow
	case '*':
		bullet, emphasis := next == ' ' && r.lineStart, classes[next] == cLetter && before == ' '
		if !bullet && !emphasis {
			r.operators++
		}
	default:
		r.operators++
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
		return r.word(text, i)
	case v == '？':
		r.questions++
	case v == '，' || v == '、' || v == '；' || v == '،':
		r.commas++
	case v == '“' || v == '”' || v == '„' || v == '«' || v == '»':
		r.quotes += 0.5
	case v == '€' || v == '£' || v == '¥':
		r.money++
	case v == '×' || v == '÷' || v == '±' || v == '·' || v == '•' || v >= 0x2200 && v <= 0x22FF || v >= 0x2190 && v <= 0x21FF || v >= 0x2070 && v <= 0x209F || v == '²' || v == '³':
		r.operators++
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

// isUnspaced tells Chinese, Japanese, Thai, Lao, Burmese and Khmer.
func isUnspaced(v rune) bool {
	return v >= 0x2E80 && v <= 0x9FFF && v != '、' && v != '。' || v >= 0x0E00 && v <= 0x0EFF || v >= 0x1000 && v <= 0x109F ||
		v >= 0x1780 && v <= 0x17FF || v >= 0xF900 && v <= 0xFAFF || v >= 0x20000 && v <= 0x3FFFF
}
