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
func readRun(s string, i int) (r digitRun) {
	r.readLead(s, i)
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
		last := &r.groups[r.g]
		*last = group{end: at, n: r.n, size: at - from}
		r.g++
		next, sep, ok := r.readSeparator(s, at)
		if !ok {
			return r
		}
		if sep == 0 || next >= len(s) || !finding.IsDigit(s[next]) {
			if sep == ')' && s[at] == ')' && r.g == 1 {
				last.sep = ')'
			}
			return r
		}
		last.sep = sep
		at = next
	}
	return r
}

// readLead steps back over what belongs to a run before its first digit at i: ( and + and +( and (+44) 20.
func (r *digitRun) readLead(s string, i int) {
	r.start = i
	if i > 0 && s[i-1] == '(' {
		r.start, r.paren = i-1, true
	}
	if strings.HasSuffix(s[:r.start], "+") {
		r.start, r.plus = r.start-1, true
	} else if r.paren && strings.HasSuffix(s[:r.start], "+ ") {
		r.start, r.plus = r.start-2, true
	}
	if r.plus && strings.HasSuffix(s[:r.start], "(") {
		r.start, r.paren = r.start-1, true
	}
}

// longestSeparator is how many bytes may stand between two groups.
const longestSeparator = 4

// readSeparator reads what stands behind a group: sep is what counts of it, 0 for nothing. Two signs other than spaces
// are no separator, and then ok is false.
func (r *digitRun) readSeparator(s string, at int) (next int, sep byte, ok bool) {
	for next = at; next < len(s) && next-at < longestSeparator; {
		c, size := separatorAt(s[next:])
		switch {
		case size == 0:
			return next, sep, true
		case c == '(' || c == ')':
			r.paren = true
			sep = c
		case size > 1 || sep == 0 || sep == ' ':
			sep = c
		case c != ' ':
			return next, sep, false
		}
		next += size
	}
	return next, sep, true
}

// separatorAt is the separator that s begins with, as a byte of ASCII, and how long it is there; 0 for none.
func separatorAt(s string) (c byte, size int) {
	switch c = s[0]; c {
	case ' ', '-', '.', '/', '(', ')':
		return c, 1
	case "\u00a0"[0], "\u202f"[0]:
		for _, space := range []string{"\u00a0", "\u202f"} {
			if strings.HasPrefix(s, space) {
				return ' ', len(space)
			}
		}
		if strings.HasPrefix(s, "\u2011") || strings.HasPrefix(s, "\u2013") {
			return '-', len("\u2011")
		}
	}
	return 0, 0
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
	end, score, ok := ssnForm(r)
	if !ok || !ssnIssued(r.digits[:9]) || end < len(s) && (finding.IsWordByte(s[end]) || s[end] == '-') {
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

// ssnForm is where nine digits end in groups of 3, 2 and 4 or in one, and what the form is worth; other separators count for
// nothing by themselves.
func ssnForm(r *digitRun) (end int, score float64, ok bool) {
	if r.g >= 1 && r.groups[0].size == 9 {
		return r.groups[0].end, 0.4, true
	}
	sep := r.groups[0].sep
	if r.g < 3 || !sized(r.groups[:3], 3, 2, 4) || r.groups[1].sep != sep || r.g > 3 && r.groups[2].sep != ' ' {
		return 0, 0, false
	}
	return r.groups[2].end, map[byte]float64{'-': 0.9, ' ': 0.82, '.': 0.75}[sep], true
}

// ssnIssued tells the numbers that the Social Security Administration may give out.
func ssnIssued(d []byte) bool {
	area := string(d[:3])
	return area != "000" && area != "666" && d[0] != '9' && string(d[3:5]) != "00" && string(d[5:9]) != "0000"
}
