package form

import (
	"strings"

	"outcrop/policy/finding"
)

// url looks at a web address whose scheme ends at i, and at the password in an address of any scheme.
func (p *Patterns) url(s string, i int, out []finding.Finding) []finding.Finding {
	if i+4 > len(s) || s[i+1] != '/' || s[i+2] != '/' {
		return out
	}
	a := i
	for a > 0 && i-a < 20 && (finding.IsAlnum(s[a-1]) || s[a-1] == '+' || s[a-1] == '.' || s[a-1] == '-') {
		a--
	}
	for a < i && !finding.IsAlpha(s[a]) {
		a++
	}
	if a == i {
		return out
	}
	from, to, host := userinfo(s, i)
	if host > 0 {
		out = append(out, finding.Finding{Kind: finding.KindSecret, Start: from, End: to, Score: 0.96})
	}
	if !schemes[strings.ToLower(s[a:i])] || within(out, i, finding.KindURL) {
		return out // it would lose against the longer one
	}
	b := urlEnd(s, i+3)
	if b <= i+4 {
		return out
	}
	for _, hook := range webhooks { // whoever knows such an address may post there
		if strings.HasPrefix(s[i+3:b], hook) && b-i > len(hook)+20 {
			out = append(out, finding.Finding{Kind: finding.KindSecret, Start: a, End: b, Score: 0.97})
		}
	}
	if host > 0 {
		a = host // what stands behind the password
	}
	if b > a {
		out = append(out, finding.Finding{Kind: finding.KindURL, Start: a, End: b, Score: 0.95})
	}
	return out
}

// www looks at an address that begins with www and a dot.
func (p *Patterns) www(s string, i int, out []finding.Finding) []finding.Finding {
	if s[i] != '.' || i < 3 || !strings.EqualFold(s[i-3:i], "www") ||
		i > 3 && (finding.IsWordByte(s[i-4]) || s[i-4] == '/' || s[i-4] == '.') {
		return out
	}
	if within(out, i, finding.KindURL) {
		return out
	}
	if b := urlEnd(s, i+1); b > i+3 && strings.Contains(s[i+1:b], ".") {
		return append(out, finding.Finding{Kind: finding.KindURL, Start: i - 3, End: b, Score: 0.9})
	}
	return out
}

// within tells that byte i lies in one of the last findings, which is of the kind.
func within(out []finding.Finding, i int, kind string) bool {
	for k := len(out) - 1; k >= max(0, len(out)-8); k-- {
		if out[k].Kind == kind && out[k].Start <= i && i < out[k].End {
			return true
		}
	}
	return false
}

// urlEnd is where an address ends: before white space, quotes and angle brackets, without the punctuation of the
// sentence.
func urlEnd(s string, b int) int {
	from, open, square := b, 0, false
scan:
	for ; b < len(s) && b-from < longestURL; b++ {
		switch c := s[b]; {
		case c <= ' ' || c == 0x7F || c == '<' || c == '>' || c == '"' || c == '`' || c == '{' || c == '}' || c == '|' || c == '^':
			break scan
		case c == '(':
			open++
		case c == ')':
			if open--; open < 0 {
				break scan
			}
		case c == '[':
			square = true
		case c == ']':
			if !square {
				break scan
			}
		}
	}
	for b > from && strings.IndexByte(".,;:!?'*_", s[b-1]) >= 0 {
		b--
	}
	return b
}

const longestURL = 2048

// webhooks are addresses that are secrets by themselves.
var webhooks = column(secretsFile, "webhook")

// schemes are those of addresses that are findings.
var schemes = words.Set("schemes")
