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
			r.lineStart, r.counted = false, false
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
	w := spell(text, start)
	r.words++
	if w.letters == 1 && w.end == start+1 {
		r.letter(text, start, w.end)
		return w.end
	}
	kind := knownWords.find(w.hash * hashMix)
	r.count(kind)
	if w.capitals == w.letters {
		r.capitals(text, start, w.end, kind)
	} else if kind == wNone && roman(text[start:w.end]) && after(text, w.end) == ')' {
		r.romans++
	}
	return w.end
}

// spelling is a word as it is written; its hash is that of its small letters.
type spelling struct {
	end, letters, capitals int
	hash                   uint64
}

// spell reads the word that begins at a place.
func spell(text string, i int) spelling {
	h, letters, capitals := uint64(hashStart), 0, 0
	for ; i < len(text); i++ {
		c := text[i]
		switch classes[c] {
		case cLetter:
			if c <= 'Z' {
				capitals++
			}
			h = (h ^ uint64(c|0x20)) * hashFactor
			letters++
			continue
		case cHigh:
			v, size := utf8.DecodeRuneInString(text[i:])
			if v != '’' && (!unicode.IsLetter(v) || isUnspaced(v)) {
				return spelling{i, letters, capitals, h}
			}
			if v != '’' {
				h = (h ^ uint64(unicode.ToLower(v))) * hashFactor
				letters++
			}
			i += size - 1
			continue
		}
		if c != '\'' && c != '-' || classes[after(text, i+1)] != cLetter {
			return spelling{i, letters, capitals, h}
		}
	}
	return spelling{i, letters, capitals, h}
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
	return s == "II" || s == "III" || s == "IV" || s == "ii" || s == "iii" || s == "iv"
}

func after(text string, i int) byte {
	if i < len(text) {
		return text[i]
	}
	return 0
}

// letter is a letter alone: the label of an option, a variable, or the words a and I.
func (r *reading) letter(text string, start, end int) {
	c, next := text[start], after(text, end)
	switch isLabel := next == '.' || next == ')' || next == ':'; {
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
	case !isWord(c, next) && !abbreviated(text, start, end):
		r.variables++
	}
	r.sentence++
	r.last = wNone
}

// isWord tells letters that are words.
func isWord(c, next byte) bool { return c == 'a' || c == 'A' || c == 'I' || c == 'y' && next == ' ' }

// abbreviated tells letters of e.g. and U.S.
func abbreviated(text string, start, end int) bool {
	return after(text, end) == '.' && classes[after(text, end+1)] == cLetter || start > 0 && text[start-1] == '.'
}

// numeral is a number as it is written.
type numeral struct {
	end, digits      int
	broken, fraction bool // with marks between its digits, and with a slash among them
}

// numeralAt reads the digits from a place on, with what may stand between them.
func numeralAt(text string, start int) numeral {
	n := numeral{end: start}
	for ; ; n.end++ {
		switch c := after(text, n.end); {
		case classes[c] == cDigit:
			n.digits++
		case (c == '.' || c == ',' || c == '/' || c == ':') && classes[after(text, n.end+1)] == cDigit:
			n.broken, n.fraction = true, n.fraction || c == '/'
		default:
			return n
		}
	}
}

// isYear tells whether a number may be a year of these times and not a sum of money.
func (n *numeral) isYear(text string, start int) bool {
	return n.digits == 4 && !n.broken && (text[start] == '1' || text[start] == '2' && text[start+1] == '0') &&
		(start == 0 || text[start-1] != '$')
}

// number reads a number.
func (r *reading) number(text string, start int) int {
	n := numeralAt(text, start)
	r.words++
	next := after(text, n.end)
	switch {
	case r.last == wStatement: // Statement 1
		r.statements++
	case r.lineStart && (next == ')' || next == '.' && after(text, n.end+1) == ' '): // 1. of a list
		r.sentence = 0
		return n.end
	case n.isYear(text, start):
		r.years++
	default:
		r.quantity(&n, next)
	}
	r.sentence++
	r.last, r.counted = wNone, true
	return n.end
}

// quantity counts a number that is none of a year or a list.
func (r *reading) quantity(n *numeral, next byte) {
	r.numbers++
	if n.broken || n.digits > 3 {
		r.heavy++
	}
	if next == '%' || n.fraction {
		r.shares++
	}
	if r.options > 0 || r.lineStart {
		r.optionNumbers++
	}
}
