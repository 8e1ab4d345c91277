package policy

// email looks at the address around an @.
func (p *patterns) email(s string, at int, out []Finding) []Finding { //nolint:gocyclo // a recogniser by hand: one pass, many small conditions
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
	if a == at {
		return out
	}
	b, label, dots, alpha := at+1, at+1, 0, false
	if b < len(s) && s[b] == '[' { // a literal address
		if e := b + 1; e < len(s) {
			for e < len(s) && (isHex(s[e]) || s[e] == '.' || s[e] == ':') {
				e++
			}
			if e < len(s) && s[e] == ']' && e > b+7 {
				return append(out, Finding{Kind: KindEmail, Start: a, End: e + 1, Score: 0.9})
			}
		}
		return out
	}
	end := 0
	for ; b < len(s) && b-at < 254; b++ {
		c := s[b]
		switch {
		case c == '.':
			if b == label {
				return finishEmail(s, a, end, out)
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
			return finishEmail(s, a, end, out)
		}
		// A top-level domain has two letters or more and no digit, xn-- forms aside.
		if dots > 0 && (alpha || label+4 <= b && s[label:label+4] == "xn--") && b-label >= 1 {
			end = b + 1
		}
	}
	return finishEmail(s, a, end, out)
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
