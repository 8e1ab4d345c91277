package form

import (
	"bytes"
	"encoding/base64"
	"math"
	"slices"
	"strings"

	"outcrop/policy/finding"
)

// longestSecret bounds what is read of a key or token.
const longestSecret = 8192

// tokenForm is a secret with a prefix of its own; the mark that the scan stops at stands inside the prefix. least is
// how many bytes follow at least.
type tokenForm struct {
	prefix string
	least  int
}

// tokensAt are the forms by the first mark of their prefix and the byte before it, which turn most marks of a text
// away.
var tokensAt = func() map[[2]byte][]tokenForm {
	m := map[[2]byte][]tokenForm{}
	for row := range rows(secretsFile, "token") {
		at := strings.IndexAny(row[0], "_-.")
		key := [2]byte{row[0][at-1], row[0][at]}
		m[key] = append(m[key], tokenForm{row[0], number(row[1])})
	}
	return m
}()

// token looks at secrets with known prefixes, and at private keys, around a mark.
func (p *Patterns) token(s string, i int, out []finding.Finding) []finding.Finding {
	if s[i] == '-' && strings.HasPrefix(s[i:], "-----BEGIN ") && (i == 0 || s[i-1] != '-') {
		return pem(s, i, out)
	}
	if i == 0 {
		return out
	}
	for _, f := range tokensAt[[2]byte{s[i-1], s[i]}] {
		at := strings.IndexByte(f.prefix, s[i])
		if i < at || !strings.HasPrefix(s[i-at:], f.prefix) {
			continue
		}
		a, b := i-at, i-at+len(f.prefix)
		for b < len(s) && b-a < 512 && (finding.IsAlnum(s[b]) || s[b] == '_' || s[b] == '-' || s[b] == '.') {
			b++
		}
		for b > a && (s[b-1] == '.' || s[b-1] == '-') {
			b--
		}
		if a > 0 && (finding.IsWordByte(s[a-1]) || s[a-1] == '-') || b-a-len(f.prefix) < f.least ||
			entropy(s[a+len(f.prefix):b]) < 2.5 {
			continue
		}
		if f.least < 30 && !mixed(s[a+len(f.prefix):b]) {
			continue
		}
		return append(out, finding.Finding{Kind: finding.KindSecret, Start: a, End: b, Score: 0.97})
	}
	return out
}

func pem(s string, i int, out []finding.Finding) []finding.Finding {
	head, _, ok := strings.Cut(s[i:min(len(s), i+64)], "PRIVATE KEY")
	if !ok || strings.Contains(head, "\n") {
		return out
	}
	end := min(len(s), i+longestSecret)
	if e := strings.Index(s[i+11:end], "-----END "); e >= 0 {
		if dashes := strings.Index(s[i+11+e+9:min(len(s), i+11+e+70)], "-----"); dashes >= 0 {
			end = i + 11 + e + 9 + dashes + 5
		}
	}
	return append(out, finding.Finding{Kind: finding.KindSecret, Start: i, End: end, Score: 0.99})
}

// key looks at keys of AWS and Google, and at JSON web tokens, which begin at i.
func (p *Patterns) key(s string, i int, out []finding.Finding) []finding.Finding {
	if i > 0 && keyByte(s[i-1]) {
		return out
	}
	switch rest := s[i:]; {
	case strings.HasPrefix(rest, "AKIA") || strings.HasPrefix(rest, "ASIA") || strings.HasPrefix(rest, "ABIA") ||
		strings.HasPrefix(rest, "ACCA"):
		b := i
		for b < len(s) && (s[b] >= 'A' && s[b] <= 'Z' || finding.IsDigit(s[b])) {
			b++
		}
		if b-i == 20 && finding.Borders(s, i, b) {
			return append(out, finding.Finding{Kind: finding.KindAWSKey, Start: i, End: b, Score: 0.97})
		}
	case strings.HasPrefix(rest, "AIza"):
		b := i
		for b < len(s) && keyByte(s[b]) {
			b++
		}
		if b-i >= 39 && b-i <= 40 {
			return append(out, finding.Finding{Kind: finding.KindSecret, Start: i, End: b, Score: 0.97})
		}
	case strings.HasPrefix(rest, "eyJ"):
		return webToken(s, i, out)
	}
	return out
}

func keyByte(c byte) bool { return finding.IsAlnum(c) || c == '_' || c == '-' }

// webToken looks at a JSON web token: three to five parts in base64url with dots between them.
func webToken(s string, i int, out []finding.Finding) []finding.Finding {
	b, dots := i, 0
	for b < len(s) && b-i < longestSecret && (keyByte(s[b]) || s[b] == '.' && b+1 < len(s) && finding.IsAlnum(s[b+1])) {
		if s[b] == '.' {
			if dots++; dots > 4 {
				return out
			}
		}
		b++
	}
	if dots < 2 || dots > 4 || b-i <= 40 {
		return out
	}
	return append(out, finding.Finding{Kind: finding.KindSecret, Start: i, End: b, Score: 0.97})
}

// secretNames are what members and variables that hold secrets are called; the value behind = or : is looked at.
var secretNames = column(secretsFile, "name")

// assigned looks at the value behind an = or : whose name says that it is secret.
func (p *Patterns) assigned(s string, i int, out []finding.Finding) []finding.Finding {
	if s[i] != '=' && s[i] != ':' {
		return out
	}
	if within(out, i, finding.KindSecret) {
		return out // it would lose against the longer one
	}
	name := strings.ToLower(nameBefore(s, i))
	if name == "" {
		return out
	}
	a, b, quoted := valueBehind(s, i)
	if at := i - len(name) - 1; s[i] == '=' && at >= 0 && (s[at] == '?' || s[at] == '&') { // of the query of an address
		one, _, _ := strings.Cut(s[a:b], "&")
		b = a + len(one)
	}
	value := s[a:b]
	if strings.HasSuffix(name, "authorization") {
		return authorization(s, i, out)
	}
	switch {
	case awsSecret(name, value):
		return append(out, finding.Finding{Kind: finding.KindAWSSecret, Start: a, End: b, Score: 0.97})
	case len(value) < 6 || strings.HasPrefix(value, "$") || strings.HasPrefix(value, "<") ||
		strings.HasPrefix(value, "//"):
		return out
	case !secretName(name) && (s[i] == '=' || !strings.HasSuffix(name, "webhook")):
		return out
	}
	password := strings.Contains(name, "pass") || strings.HasSuffix(name, "pwd") || strings.Contains(name, "wort")
	e := entropy(value)
	switch {
	case password && (mixed(value) || quoted && e > 2.4) && e > 2:
		return append(out, finding.Finding{Kind: finding.KindSecret, Start: a, End: b, Score: 0.88})
	case !password && len(value) >= 12 && mixed(value) && e > 3:
		return append(out, finding.Finding{Kind: finding.KindSecret, Start: a, End: b, Score: 0.9})
	}
	return out
}

// awsSecret tells the secret half of an AWS access key.
func awsSecret(name, value string) bool {
	return len(value) == 40 && strings.Contains(name, "secret") && (strings.Contains(name, "access") ||
		strings.Contains(name, "aws")) &&
		entropy(value) > 3.5
}

// authSchemes are what stands in a header before the credentials.
var authSchemes = column(secretsFile, "scheme")

// authorization looks at what follows a header's name and colon at i: "Basic" or "Bearer" and what nobody else may
// know.
func authorization(s string, i int, out []finding.Finding) []finding.Finding {
	a, _ := argument(s, i+1)
	e := a
	for e < len(s) && finding.IsAlpha(s[e]) {
		e++
	}
	if !slices.Contains(authSchemes, strings.ToLower(s[a:e])) {
		return out
	}
	a, b := argument(s, e)
	if a == e || b-a < 8 || variable(s[a:b]) || !mixed(s[a:b]) && entropy(s[a:b]) < 3.5 && !pair(s[a:b]) {
		return out
	}
	return append(out, finding.Finding{Kind: finding.KindSecret, Start: a, End: b, Score: 0.95})
}

// pair tells base64 of "user:password".
func pair(v string) bool {
	plain, err := base64.StdEncoding.DecodeString(v)
	return err == nil && bytes.IndexByte(plain, ':') > 0
}

// nameBefore is the name in front of the = or : at i; "" is none, or one of less than three bytes.
func nameBefore(s string, i int) string {
	n := i
	for n > 0 && i-n < 3 && (s[n-1] == ' ' || s[n-1] == '"' || s[n-1] == '\'') {
		n--
	}
	from := n
	for from > 0 && n-from < 40 && (finding.IsWordByte(s[from-1]) || s[from-1] == '-') {
		from--
	}
	if n-from < 3 {
		return ""
	}
	return s[from:n]
}

// valueBehind is where the value behind the = or : at i stands.
func valueBehind(s string, i int) (a, b int, quoted bool) {
	a = i + 1
	for a < len(s) && a-i < 4 && (s[a] == ' ' || s[a] == '=' || s[a] == '>') {
		a++
	}
	quoted = a < len(s) && (s[a] == '"' || s[a] == '\'' || s[a] == '`')
	if quoted {
		a++
	}
	b = a
	for b < len(s) && b-a < 512 && s[b] > ' ' && strings.IndexByte("\"'`,;<>(){}[]", s[b]) < 0 {
		b++
	}
	for !quoted && b > a && (s[b-1] == '.' || s[b-1] == '!' || s[b-1] == '?') {
		b--
	}
	return a, b, quoted
}

func secretName(name string) bool {
	for _, w := range secretNames {
		if strings.HasSuffix(name, w) || strings.HasSuffix(name, w+"s") && w != "token" {
			return true
		}
	}
	return false
}

// mixed tells letters together with digits or signs, which words do not have.
func mixed(s string) bool {
	letters, others := false, false
	for i := range len(s) {
		if finding.IsAlpha(s[i]) {
			letters = true
		} else if s[i] != '-' && s[i] != '_' && s[i] != '.' && s[i] < 0x80 {
			others = true
		}
	}
	return letters && others
}

// nLogN has n times the logarithm of n, so that entropy costs one look at a table a letter.
var nLogN = func() (t [1024]float64) {
	for n := 1; n < len(t); n++ {
		t[n] = float64(n) * math.Log2(float64(n))
	}
	return t
}()

// entropy is Shannon's, in bits a byte, of no more than a kilobyte.
func entropy(s string) float64 {
	var count [256]uint16
	s = s[:min(len(s), len(nLogN)-1)]
	if s == "" {
		return 0
	}
	for i := range len(s) {
		count[s[i]]++
	}
	sum := 0.0
	for _, n := range count {
		sum += nLogN[n]
	}
	return math.Log2(float64(len(s))) - sum/float64(len(s))
}
