package form

import (
	"strings"

	"outcrop/policy/finding"
)

// digitRun is a run of digits in groups, with what stands between them.
type digitRun struct {
	start  int
	plus   bool
	paren  bool // some group stood in parentheses
	digits [24]byte
	n      int
	groups [10]group
	g      int
}

// group is one unbroken run of digits: where it ends in the text, how many digits the run has then, and the byte behind
// it.
type group struct {
	end, n, size int
	sep          byte // what stands between this group and the next
}

// readRun reads digits and what may stand between the groups of a card or phone number. It begins at the first digit; a
// plus, a parenthesis or both before it belong to the run.
func readRun(s string, i int) (r digitRun) { //nolint:gocyclo // a recogniser by hand: one pass, many small conditions
	r.start = i
	if i > 0 && s[i-1] == '(' {
		r.start, r.paren = i-1, true
	}
	if r.start > 0 && s[r.start-1] == '+' {
		r.start, r.plus = r.start-1, true
	} else if r.start > 1 && r.paren && s[r.start-1] == ' ' && s[r.start-2] == '+' {
		r.start, r.plus = r.start-2, true
	}
	if r.plus && r.start > 0 && s[r.start-1] == '(' { // (+44) 20 …
		r.start, r.paren = r.start-1, true
	}
	for at := i; at < len(s) && r.g < len(r.groups); {
		from := at
		for at < len(s) && finding.IsDigit(s[at]) && r.n < len(r.digits) {
			r.digits[r.n] = s[at]
			r.n++
			at++
		}
		if at == from || at < len(s) && finding.IsDigit(s[at]) {
			return r
		}
		r.groups[r.g] = group{end: at, n: r.n, size: at - from}
		r.g++
		var sep byte
		next := at
	separators:
		for next < len(s) && next-at < 4 {
			switch c := s[next]; {
			case c == ' ' || c == '-' || c == '.' || c == '/':
				if sep != 0 && sep != ' ' && c != ' ' {
					return r
				}
				if sep == 0 || sep == ' ' {
					sep = c
				}
				next++
			case c == '(' || c == ')':
				r.paren = true
				sep = c
				next++
			case strings.HasPrefix(s[next:], "\u00a0") || strings.HasPrefix(s[next:], "\u202f"):
				sep = ' '
				next += len("\u00a0")
				if s[next-1] == 0x80 {
					next++
				}
			case strings.HasPrefix(s[next:], "\u2011") || strings.HasPrefix(s[next:], "\u2013"):
				sep = '-'
				next += 3
			default:
				break separators
			}
		}
		if sep == 0 || next >= len(s) || !finding.IsDigit(s[next]) {
			if sep == ')' && r.groups[r.g-1].end < len(s) && s[r.groups[r.g-1].end] == ')' && r.g == 1 {
				r.groups[0].sep = ')'
			}
			return r
		}
		r.groups[r.g-1].sep = sep
		at = next
	}
	return r
}

// numbers looks at a run of digits as a card, a social security number and a phone number.
func (p *Patterns) numbers(s string, i int, out []finding.Finding) []finding.Finding {
	if i > 0 && (finding.IsWordByte(s[i-1]) && s[i-1] != '_') {
		return out
	}
	r := readRun(s, i)
	if r.n < 7 {
		return out
	}
	if proven(out, i, finding.KindCard) {
		return out
	}
	out = card(s, i, &r, out)
	out = ssn(s, i, &r, out)
	if proven(out, i, finding.KindPhone) {
		return out // a phone number would only lose against it, and is dear to find
	}
	return p.phone(s, i, &r, out)
}

// proven tells that one of the last findings lies over byte i and wins against the kind.
func proven(out []finding.Finding, i int, kind string) bool {
	for k := len(out) - 1; k >= max(0, len(out)-3); k-- {
		if f := out[k]; f.Start <= i && i < f.End && f.Score >= 0.9 && finding.Rank(f.Kind) > finding.Priority[kind] {
			return true
		}
	}
	return false
}

// issuer is a range of first digits that a card network uses, and a set of the lengths of its numbers.
type issuer struct {
	low, high, digits int // of the prefix
	lengths           uint32
}

var issuers = func() (list []issuer) {
	for row := range rows(numbersFile, "card") {
		r := issuer{low: number(row[0]), high: number(row[1]), digits: len(row[0])}
		for _, n := range row[2:] {
			r.lengths |= 1 << number(n)
		}
		list = append(list, r)
	}
	return list
}()

// card takes the longest groups that make a number of a card network with a good Luhn digit.
func card(s string, i int, r *digitRun, out []finding.Finding) []finding.Finding {
	if i > 1 && finding.IsDigit(s[i-2]) && (s[i-1] == '-' || s[i-1] == '.') || i > 0 && s[i-1] == '.' {
		return out
	}
	for g := r.g - 1; g >= 0; g-- {
		n, end := r.groups[g].n, r.groups[g].end
		if n < 12 || n > 19 || end < len(s) && finding.IsWordByte(s[end]) || !evenSeparators(r, g) || !issued(r.digits[:n]) ||
			!Luhn(r.digits[:n]) {
			continue
		}
		score, near := 0.92, look(s, i, end)
		switch {
		case near&aroundCard != 0:
			score = 1
		case near&aroundOther != 0 && g == 0:
			score = 0.5
		case g == 0 && n != 16:
			score = 0.82
		}
		return append(out, finding.Finding{Kind: finding.KindCard, Start: i, End: end, Score: score})
	}
	return out
}

// evenSeparators tells that the groups up to g are set apart by one sort of byte, as people write cards.
func evenSeparators(r *digitRun, g int) bool {
	for k := range g {
		if r.groups[k].sep != r.groups[0].sep || r.groups[k].size < 2 || r.groups[k].sep == '/' || r.groups[k].sep == ')' {
			return false
		}
	}
	return true
}

func issued(d []byte) bool {
	prefix := [5]int{}
	for k := 1; k < 5; k++ {
		prefix[k] = prefix[k-1]*10 + int(d[k-1]-'0')
	}
	for _, r := range issuers {
		if v := prefix[r.digits]; v >= r.low && v <= r.high && r.lengths>>len(d)&1 == 1 {
			return true
		}
	}
	return false
}

// Luhn checks the last digit of a card number.
func Luhn(d []byte) bool {
	sum, same := 0, true
	for k := range d {
		v := int(d[len(d)-1-k] - '0')
		if k%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
		same = same && d[k] == d[0]
	}
	return sum%10 == 0 && !same
}

// ssn takes nine digits as 3-2-4, or unbroken where the words around speak of social security.
func ssn(s string, i int, r *digitRun, out []finding.Finding) []finding.Finding {
	if r.plus || r.paren || r.n < 9 || i > 0 && (s[i-1] == '.' || s[i-1] == '-' || s[i-1] == '$') {
		return out
	}
	var end int
	var score float64
	switch g := r.groups; {
	case r.g >= 3 && g[0].size == 3 && g[1].size == 2 && g[2].size == 4 && g[0].sep == g[1].sep:
		if r.g > 3 && g[2].sep != ' ' {
			return out
		}
		end = g[2].end
		score = map[byte]float64{'-': 0.9, ' ': 0.82, '.': 0.75}[g[0].sep]
	case r.g >= 1 && g[0].size == 9:
		end, score = g[0].end, 0.4
	default:
		return out
	}
	d := r.digits[:9]
	area, serial := string(d[:3]), string(d[5:9])
	if area == "000" || area == "666" || d[0] == '9' || string(d[3:5]) == "00" || serial == "0000" ||
		end < len(s) && (finding.IsWordByte(s[end]) || s[end] == '-') {
		return out
	}
	near := look(s, i, end)
	if near&aroundSSN != 0 {
		score += 0.5
	} else if near&aroundOther != 0 {
		score -= 0.2
	}
	if score < 0.3 {
		return out
	}
	return append(out, finding.Finding{Kind: finding.KindSSN, Start: i, End: end, Score: min(score, 1)})
}
