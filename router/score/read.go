package score

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// reading is what one pass over a text counts.
type reading struct {
	words         float64 // of text without spaces an estimate
	bytes         float64
	kinds         [numKinds]uint32
	opening       [numKinds]float64 // kinds of words that begin a sentence
	numbers       float64           // years and labels of options apart
	heavy         float64           // numbers that are long, broken or with decimals
	years         float64
	shares        float64 // percent signs and fractions
	money         float64
	operators     float64
	variables     float64
	punctuation   float64 // of program text
	fences        float64
	commas        float64
	questions     float64
	asked         float64 // how many, how much
	quotes        float64
	statements    float64
	shouted       float64
	options       float64
	optionNumbers float64

	last      wordKind // of the word before
	counted   bool     // whether a number stands right before
	sentence  int      // words since a sentence began
	lineStart bool
	romans    int
	label     byte // letter of the option that would come next
	sign      rune // sign before, in a text without spaces
}

// Classes of bytes.
const (
	cOther = iota
	cSpace
	cLetter
	cDigit
	cHigh // part of a character beyond ASCII
)

var classes = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= utf8.RuneSelf:
			t[c] = cHigh
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			t[c] = cLetter
		case c >= '0' && c <= '9':
			t[c] = cDigit
		case c <= ' ':
			t[c] = cSpace
		}
	}
	return t
}()

func (r *reading) read(text string) {
	r.label, r.lineStart, r.bytes = 'A', true, float64(len(text))
	for i := 0; i < len(text); {
		switch classes[text[i]] {
		case cSpace:
			if text[i] == '\n' {
				r.lineStart, r.sentence = true, 0
			}
			i++
		case cLetter:
			i = r.word(text, i)
			r.lineStart = false
		case cDigit:
			i = r.number(text, i)
			r.lineStart = false
		case cHigh:
			i = r.high(text, i)
			r.lineStart = false
		default:
			i = r.mark(text, i)
		}
	}
	if r.romans > 1 {
		r.statements += 0.5 * float64(r.romans-1)
	}
}

// word reads letters; an apostrophe or hyphen between letters is part of the word.
func (r *reading) word(text string, start int) int {
	h, capitals, letters := uint64(hashStart), 0, 0
	i := start
loop:
	for ; i < len(text); i++ {
		c := text[i]
		switch classes[c] {
		case cLetter:
			if c <= 'Z' {
				capitals++
			}
			h = (h ^ uint64(c|0x20)) * hashFactor
		case cHigh:
			v, size := utf8.DecodeRuneInString(text[i:])
			if v == '’' {
				i += size - 1
				continue
			}
			if !unicode.IsLetter(v) || isUnspaced(v) {
				break loop
			}
			h = (h ^ uint64(unicode.ToLower(v))) * hashFactor
			i += size - 1
		default:
			if (c == '\'' || c == '-') && i+1 < len(text) && classes[text[i+1]] == cLetter {
				continue
			}
			break loop
		}
		letters++
	}
	r.words++
	if letters == 1 && i == start+1 {
		r.letter(text, start, i)
		r.counted = false
		return i
	}
	r.counted = false
	kind := knownWords.find(h * hashMix)
	r.count(kind)
	if capitals == letters {
		r.capitals(text, start, i, kind)
	} else if kind == wNone && roman(text[start:i]) && after(text, i) == ')' {
		r.romans++
	}
	return i
}

func (r *reading) count(kind wordKind) {
	r.kinds[kind]++
	switch {
	case kind == wAre && r.last == wYou && r.sentence < 8:
		r.opening[wCreative] += 0.5 // "You are a pirate": a role
	case kind == wMany && r.last == wHow:
		r.asked++
	}
	if r.sentence < 3 {
		r.opening[kind]++
	}
	r.sentence++
	r.last = kind
}

// capitals is a word without small letters: a negation that is meant, or a Roman number before statements.
func (r *reading) capitals(text string, start, end int, kind wordKind) {
	switch {
	case kind == wNegation || kind == wNot:
		r.shouted++
	case roman(text[start:end]):
		if c := after(text, end); c == '.' || c == ')' || c == ',' || strings.HasPrefix(text[end:], " and") ||
			strings.HasPrefix(text[end:], " only") {
			r.romans++
		}
	}
}

func roman(s string) bool {
	switch s {
	case "II", "III", "IV", "ii", "iii", "iv":
		return true
	}
	return false
}

func after(text string, i int) byte {
	if i < len(text) {
		return text[i]
	}
	return 0
}

// letter is a letter alone: the label of an option, a variable, or the words a and I.
func (r *reading) letter(text string, start, end int) {
	c := text[start]
	next := after(text, end)
	isLabel := next == '.' || next == ')' || next == ':'
	switch {
	case isLabel && (c == r.label || c == r.label|0x20):
		r.options++
		r.label++
		r.sentence = 0
		return
	case isLabel && c == 'A':
		r.label, r.options, r.optionNumbers = 'B', 1, 0 // another list of options
		return
	case r.counted && text[start-1] == ' ' && next != '^' && next != '_': // 12 V
		r.kinds[wUnit]++
	case c == 'a' || c == 'A' || c == 'I' || c == 'y' && next == ' ':
	case next == '.' && classes[after(text, end+1)] == cLetter || start > 0 && text[start-1] == '.': // e.g., U.S.
	default:
		r.variables++
	}
	r.sentence++
	r.last = wNone
}

// number reads digits with what may stand between them.
func (r *reading) number(text string, start int) int {
	i, digits, broken, fraction := start, 0, false, false
	for ; i < len(text); i++ {
		c := text[i]
		if classes[c] == cDigit {
			digits++
			continue
		}
		if (c == '.' || c == ',' || c == '/' || c == ':') && i+1 < len(text) && classes[text[i+1]] == cDigit {
			broken, fraction = true, fraction || c == '/'
			continue
		}
		break
	}
	r.words++
	next := after(text, i)
	switch {
	case r.last == wStatement: // Statement 1
		r.statements++
	case r.lineStart && (next == ')' || next == '.' && after(text, i+1) == ' '): // 1. of a list
		r.sentence = 0
		return i
	case digits == 4 && !broken && (text[start] == '1' || text[start] == '2' && text[start+1] == '0') &&
		(start == 0 || text[start-1] != '$'):
		r.years++
	default:
		r.numbers++
		if broken || digits > 3 {
			r.heavy++
		}
		if next == '%' || fraction {
			r.shares++
		}
		if r.options > 0 || r.lineStart {
			r.optionNumbers++
		}
	}
	r.sentence++
	r.last, r.counted = wNone, true
	return i
}
