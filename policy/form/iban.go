package form

import "outcrop/policy/finding"

// ibanLengths are the lengths of the register that SWIFT keeps, by country.
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
	"BY": 28, "CH": 21,
	"CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
	"FK": 18, "FO": 18,
	"FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28, "IE": 22,
	"IL": 23, "IQ": 23,
	"IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21,
	"LY": 25, "MC": 27,
	"MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23,
	"PK": 24, "PL": 28,
	"PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19,
	"SK": 24, "SM": 27,
	"SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
	"DZ": 26, "AO": 25, "BJ": 28, "BF": 28, "CM": 27, "CV": 25, "CI": 28, "GA": 27, "IR": 26, "MA": 28, "MG": 27,
	"ML": 28, "MZ": 25,
	"SN": 28, "TG": 28, "TD": 27, "KM": 27, "CG": 27, "CF": 27, "GQ": 27, "GW": 25, "NE": 28,
}

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
