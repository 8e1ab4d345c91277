package form

import (
	"strings"
	"unicode/utf8"

	"outcrop/policy/finding"
)

// email looks at the address around an @.
func (p *Patterns) email(s string, at int, out []finding.Finding) []finding.Finding {
	return mailbox(s, at, at+1, 0.98, out)
}

// disguisedEmail looks at the address around an @ that is written otherwise: full-width, as an entity of HTML,
// percent-encoded, or escaped as in JSON. Models read such addresses as well as people do.
func (p *Patterns) disguisedEmail(s string, i int, out []finding.Finding) []finding.Finding {
	if n := otherAt(s[i:]); n > 0 {
		return mailbox(s, i, i+n, 0.95, out)
	}
	return out
}

// otherAts are the ways to write an @, in small letters; entities with a number are read by otherAt.
var otherAts = []string{"＠", "﹫", "%40", "&commat;", `\u0040`, `\x40`}

// longestAt is the length of the longest spelling: an entity with leading zeros.
const longestAt = 12

// otherAt is how many bytes the @ has with which s begins, written otherwise; 0 for none.
func otherAt(s string) int {
	for _, w := range otherAts {
		if len(s) >= len(w) && s[0] == w[0] && strings.EqualFold(s[:len(w)], w) {
			return len(w)
		}
	}
	rest, ok := strings.CutPrefix(s[:min(len(s), longestAt)], "&#")
	if !ok {
		return 0
	}
	want := "64;"
	if rest != "" && rest[0]|0x20 == 'x' {
		rest, want = rest[1:], "40;"
	}
	if rest = strings.TrimLeft(rest, "0"); strings.HasPrefix(rest, want) {
		return min(len(s), longestAt) - len(rest) + len(want)
	}
	return 0
}

// mailbox looks at the address whose @ stands from at to end.
func mailbox(s string, at, end int, score float64, out []finding.Finding) []finding.Finding {
	a := localPart(s, at)
	if a == at {
		return out
	}
	if end < len(s) && s[end] == '[' {
		return literal(s, a, end, out)
	}
	return finishEmail(s, a, domainEnd(s, end), score, out)
}

// localPart is where the half before the @ begins; at when there is none.
func localPart(s string, at int) int {
	a := at
	for a > 0 && at-a < 64 && localByte(s[a-1]) {
		if s[a-1] < utf8.RuneSelf {
			if s[a-1] == '0' && a > 2 && s[a-3:a] == "%40" {
				break
			}
			a--
			continue
		}
		r, size := utf8.DecodeLastRuneInString(s[:a])
		// Scripts without spaces run on into an address, which itself is hardly ever written in them.
		if !finding.Joined(r) || finding.Unspaced(r) && a < at && s[a] < utf8.RuneSelf {
			break
		}
		a -= size
	}
	for a < at && (s[a] == '.' || s[a] == '\'' || s[a] == '-' || s[a] == '+') {
		a++
	}
	if a == at && at > 2 && s[at-1] == '"' { // "john doe"@example.com
		for q := at - 2; q >= 0 && at-q < 64 && s[q] >= ' '; q-- {
			if s[q] == '"' {
				a = q
				break
			}
		}
	}
	return a
}

// literal reads a domain that is an address in brackets, at b.
func literal(s string, a, b int, out []finding.Finding) []finding.Finding {
	e := b + 1
	for e < len(s) && (finding.IsHex(s[e]) || s[e] == '.' || s[e] == ':') {
		e++
	}
	if e < len(s) && s[e] == ']' && e > b+7 {
		return append(out, finding.Finding{Kind: finding.KindEmail, Start: a, End: e + 1, Score: 0.9})
	}
	return out
}

// domainEnd is where the domain that begins at from ends, 0 when it has no top-level domain.
func domainEnd(s string, from int) int {
	label, dots, alpha, end := from, 0, false, 0
	for b := from; b < len(s) && b-from < 254; {
		c, size := s[b], 1
		if c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(s[b:])
			if r == '．' {
				c = '.'
			} else if !finding.Joined(r) || finding.Unspaced(r) && b > label && s[b-1] < utf8.RuneSelf {
				return end
			}
		}
		b += size
		switch {
		case c == '.':
			if b-size == label {
				return end
			}
			dots++
			label, alpha = b, true
			continue
		case c == '-' && b-size > label:
			continue
		case finding.IsDigit(c):
			alpha = false
			continue
		case finding.IsAlpha(c) || c >= utf8.RuneSelf:
		default:
			return end
		}
		// A top-level domain has two letters or more and no digit, xn-- forms aside.
		if dots > 0 && (alpha || label+4 <= b-size && s[label:label+4] == "xn--") && b-size > label {
			end = b
		}
	}
	return end
}

func finishEmail(s string, a, end int, score float64, out []finding.Finding) []finding.Finding {
	if end == 0 {
		return out
	}
	// user names in web and repository addresses
	if a > 2 && s[a-1] == '/' && s[a-2] == '/' || s[a:min(len(s), a+4)] == "git@" {
		score = 0.6
	} else if a > 3 && s[a-1] == ':' && inAuthority(s, a-1) { // postgres://user:password@host
		score = 0.4
	}
	return append(out, finding.Finding{Kind: finding.KindEmail, Start: a, End: end, Score: score})
}

// inAuthority tells that the colon at i stands between the user and the password of a web address.
func inAuthority(s string, i int) bool {
	for from := i; from > 2 && i-from < 64; from-- {
		switch c := s[from-1]; {
		case c == '/':
			return s[from-2] == '/' && s[from-3] == ':'
		case c <= ' ' || c == ':' || c == '@':
			return false
		}
	}
	return false
}

func localByte(c byte) bool {
	switch c {
	case '.', '!', '#', '$', '%', '\'', '+', '_', '~', '-', '^', '&', '*':
		return true
	}
	return finding.IsAlnum(c) || c >= 0x80
}
