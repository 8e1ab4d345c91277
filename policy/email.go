package policy

// email looks at the address around an @.
func (p *patterns) email(s string, at int, out []Finding) []Finding {
	a := localPart(s, at)
	if a == at {
		return out
	}
	if at+1 < len(s) && s[at+1] == '[' {
		return literal(s, a, at+1, out)
	}
	return finishEmail(s, a, domainEnd(s, at), out)
}

// localPart is where the half before the @ begins; at when there is none.
func localPart(s string, at int) int {
	a := at
	for a > 0 && at-a < 64 && localByte(s[a-1]) {
		a--
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
func literal(s string, a, b int, out []Finding) []Finding {
	e := b + 1
	for e < len(s) && (isHex(s[e]) || s[e] == '.' || s[e] == ':') {
		e++
	}
	if e < len(s) && s[e] == ']' && e > b+7 {
		return append(out, Finding{Kind: KindEmail, Start: a, End: e + 1, Score: 0.9})
	}
	return out
}

// domainEnd is where the domain behind the @ ends, 0 when it has no top-level domain.
func domainEnd(s string, at int) int {
	b, label, dots, alpha, end := at+1, at+1, 0, false, 0
	for ; b < len(s) && b-at < 254; b++ {
		c := s[b]
		switch {
		case c == '.':
			if b == label {
				return end
			}
			dots++
			label, alpha = b+1, true
			continue
		case c == '-' && b > label:
			continue
		case isDigit(c):
			alpha = false
			continue
		case isAlpha(c) || c >= 0xC3:
		case c >= 0x80:
		default:
			return end
		}
		// A top-level domain has two letters or more and no digit, xn-- forms aside.
		if dots > 0 && (alpha || label+4 <= b && s[label:label+4] == "xn--") && b-label >= 1 {
			end = b + 1
		}
	}
	return end
}

func finishEmail(s string, a, end int, out []Finding) []Finding {
	if end == 0 {
		return out
	}
	score := 0.98
	if a > 2 && s[a-1] == '/' && s[a-2] == '/' || s[a:min(len(s), a+4)] == "git@" { // user names in web and repository addresses
		score = 0.6
	}
	return append(out, Finding{Kind: KindEmail, Start: a, End: end, Score: score})
}

func localByte(c byte) bool {
	switch c {
	case '.', '!', '#', '$', '%', '\'', '+', '_', '~', '-', '^', '&', '*':
		return true
	}
	return isAlnum(c) || c >= 0x80
}
