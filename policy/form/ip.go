package form

import (
	"net/netip"
	"strings"

	"outcrop/policy/finding"
)

// ip4 looks at four numbers of 0 to 255 with dots between them, which are no version.
func (p *Patterns) ip4(s string, i int, out []finding.Finding) []finding.Finding {
	if i > 0 && (s[i-1] == '.' || finding.IsWordByte(s[i-1])) {
		return out
	}
	at, small, ok := quad(s, i)
	if !ok {
		return out
	}
	if at < len(s) && (finding.IsWordByte(s[at]) || s[at] == '.' && at+1 < len(s) && finding.IsDigit(s[at+1]) ||
		s[at] == '-' && at+1 < len(s) && finding.IsAlpha(s[at+1])) {
		return out
	}
	score, near := 0.95, lookIn(s[max(0, i-24):i])
	if near&aroundVersion != 0 && near&aroundIP == 0 {
		score = 0.4
	} else if small && near&aroundIP == 0 && i > 0 && (s[i-1] == '=' || s[i-1] == '-' || s[i-1] == '~' || s[i-1] == '^') {
		score = 0.5 // package==1.2.3.4
	}
	return append(out, finding.Finding{Kind: finding.KindIP, Start: i, End: at, Score: score})
}

// quad reads four numbers from i on and gives the place behind them; small tells that all are below 30, as in versions.
func quad(s string, i int) (at int, small, ok bool) {
	at, small = i, true
	for part := range 4 {
		from, n := at, 0
		for at < len(s) && finding.IsDigit(s[at]) && at-from < 4 {
			n = n*10 + int(s[at]-'0')
			at++
		}
		if at == from || at-from > 3 || n > 255 {
			return at, small, false
		}
		small = small && n < 30
		if part < 3 {
			if at >= len(s) || s[at] != '.' {
				return at, small, false
			}
			at++
		}
	}
	return at, small, true
}

// ip6 looks at the address that the first colon of a run stands in.
func (p *Patterns) ip6(s string, i int, out []finding.Finding) []finding.Finding {
	a, b := hexRun(s, i)
	raw := strings.TrimRight(s[a:b], ".")
	colons := strings.Count(raw, ":")
	if colons < 2 || b-a < 3 || b < len(s) && finding.IsWordByte(s[b]) {
		return out
	}
	if !strings.HasSuffix(raw, "::") {
		raw = strings.TrimRight(raw, ":")
	}
	if strings.Count(raw, ":") == 8 && !strings.Contains(raw, "::") {
		raw = raw[:strings.LastIndexByte(raw, ':')] // what follows eight groups is a port
	}
	addr, err := netip.ParseAddr(raw)
	if err != nil {
		return out
	}
	end, score := a+len(raw), 0.95
	if end < len(s) && s[end] == '%' { // a zone
		for end++; end < len(s) && finding.IsAlnum(s[end]); end++ {
		}
	}
	// a::b is a name in some languages, and :: is anything
	if !strings.ContainsAny(raw, "0123456789") && colons < 5 || addr.IsUnspecified() {
		score = 0.4
		if look(s, a, end)&aroundIP != 0 && !addr.IsUnspecified() {
			score = 0.85
		}
	}
	return append(out, finding.Finding{Kind: finding.KindIP, Start: a, End: end, Score: score})
}

// hexRun is the run of hexadecimal digits, colons and dots whose first colon stands at i; it is empty when the colon is
// not the first one or something else begins before it.
func hexRun(s string, i int) (a, b int) {
	a = i
	for a > 0 && i-a < 5 && finding.IsHex(s[a-1]) {
		a--
	}
	if a > 0 && (finding.IsWordByte(s[a-1]) || s[a-1] == ':' || s[a-1] == '.') || i-a > 4 {
		return i, i
	}
	b = i
	for b < len(s) && b-a < 46 && (finding.IsHex(s[b]) || s[b] == ':' || s[b] == '.') {
		b++
	}
	return a, b
}
