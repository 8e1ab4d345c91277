package form

import "outcrop/policy/finding"

// ibanLengths are the lengths of account numbers by country.
var ibanLengths = func() map[string]int {
	m := map[string]int{}
	for row := range rows(numbersFile, "iban") {
		m[row[0]] = number(row[1])
	}
	return m
}()

// iban looks at an account number whose check digits begin at i: country before them, groups of any size behind.
func (p *Patterns) iban(s string, i int, out []finding.Finding) []finding.Finding {
	a := i - 2
	if a >= 0 && s[i-1] == ' ' && i >= 3 { // "DE 89 …"
		a = i - 3
	}
	if a < 0 || !finding.IsAlpha(s[a]) || !finding.IsAlpha(s[a+1]) || a > 0 && finding.IsWordByte(s[a-1]) ||
		i+1 >= len(s) || !finding.IsDigit(s[i+1]) {
		return out
	}
	want, ok := ibanLengths[string([]byte{s[a] &^ 0x20, s[a+1] &^ 0x20})]
	if !ok {
		return out
	}
	var digits [34]byte
	n, b := 2, i
	digits[0], digits[1] = s[a]&^0x20, s[a+1]&^0x20
	for ; b < len(s) && n < want; b++ {
		c := s[b]
		switch {
		case finding.IsDigit(c):
			digits[n] = c
			n++
		case finding.IsAlpha(c):
			digits[n] = c &^ 0x20
			n++
		case (c == ' ' || c == '-' || c == '.' || c == 0xC2 || c == 0xA0) && s[b-1] != '-':
		default:
			return out
		}
	}
	if n < want || b < len(s) && finding.IsWordByte(s[b]) || !Mod97(digits[:n]) {
		return out
	}
	return append(out, finding.Finding{Kind: finding.KindIBAN, Start: a, End: b, Score: 0.99})
}

// Mod97 checks digits and capital letters as ISO 7064 does, the first four moved to the end.
func Mod97(b []byte) bool {
	if len(b) < 5 {
		return false
	}
	rest := 0
	for k := range b {
		c := b[(k+4)%len(b)]
		if finding.IsDigit(c) {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return rest == 1
}
