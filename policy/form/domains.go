package form

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/url"
	"strings"

	"golang.org/x/net/idna"

	"outcrop/policy/finding"
)

// Domains is a list of hosts that may be named.
type Domains struct{ Rules []domainRule }

type domainRule struct {
	scheme, host, port string // "" is any scheme (http and https), and the scheme's own port
	wildcard           bool   // *.example.com: what stands below it, not itself
}

// NewDomains reads "https://example.com", "example.com", "*.example.com", "https://example.com:8443".
func NewDomains(list []string) (*Domains, error) {
	d := &Domains{}
	var bad []error
	for i, entry := range list {
		rest := strings.TrimSuffix(strings.TrimSpace(entry), "/")
		var r domainRule
		if scheme, host, ok := strings.Cut(rest, "://"); ok {
			r.scheme, rest = strings.ToLower(scheme), host
		}
		if host, port, ok := strings.Cut(rest, ":"); ok {
			rest, r.port = host, port
		}
		if below, ok := strings.CutPrefix(rest, "*."); ok {
			r.wildcard, rest = true, below
		}
		host, err := idna.Lookup.ToASCII(rest)
		if err != nil || host == "" || strings.ContainsAny(host, "/*@ \\?#") || r.scheme != "" && r.scheme != "http" &&
			r.scheme != "https" {
			bad = append(bad, fmt.Errorf("allowed_domains[%d]: %q is not a host such as https://example.com or *.example.com", i,
				entry))
			continue
		}
		r.host = strings.TrimSuffix(strings.ToLower(host), ".")
		d.Rules = append(d.Rules, r)
	}
	return d, errors.Join(bad...)
}

// Allows tells whether an address may be named or fetched. Addresses that browsers and libraries read differently (a
// user name, a backslash, control characters, a host that is no name) are never allowed. An empty list allows
// everything.
func (d *Domains) Allows(address string) bool {
	if d == nil || len(d.Rules) == 0 {
		return true
	}
	address = strings.TrimSpace(html.UnescapeString(address))
	if strings.HasPrefix(address, "//") {
		address = "https:" + address
	} else if len(address) > 4 && strings.EqualFold(address[:4], "www.") {
		address = "https://" + address
	}
	for i := range len(address) {
		if c := address[i]; c <= ' ' || c == 0x7F || c == '\\' {
			return false
		}
	}
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Host == "" || u.Opaque != "" {
		return false
	}
	host, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil {
		return false
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	scheme := strings.ToLower(u.Scheme)
	for _, r := range d.Rules {
		if r.matches(scheme, host, u.Port()) {
			return true
		}
	}
	return false
}

func (r domainRule) matches(scheme, host, port string) bool {
	standard := map[string]string{"http": "80", "https": "443"}
	own, known := standard[scheme]
	if !known || r.scheme != "" && r.scheme != scheme {
		return false
	}
	if port == "" {
		port = own
	}
	want := r.port
	if want == "" {
		want = own
	}
	return port == want && (!r.wildcard && host == r.host || r.wildcard && strings.HasSuffix(host, "."+r.host))
}

// link is an address in an answer: the bytes of the address, and of the whole construct that shows or follows it.
type link struct{ Start, End, From, To int }

// Links finds the addresses that whoever shows the text would follow: Markdown links, images and references, autolinks,
// attributes of HTML, and bare addresses. The error is the context's.
func Links(ctx context.Context, s string) ([]link, error) {
	var out []link
	for i := 0; i < len(s); i++ {
		if i%finding.Stride == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if len(out) > 0 && i < out[len(out)-1].To {
			continue
		}
		if a, b := linkAt(s, i); a < b {
			out = append(out, link{a, b, a, b})
		}
	}
	return out, nil
}

// linkAt is the address that the mark at i belongs to; it is empty when there is none.
func linkAt(s string, i int) (a, b int) {
	switch s[i] {
	case '(':
		if i > 0 && s[i-1] == ']' {
			return markdownLink(s, i)
		}
	case ':':
		if i > 1 && s[i-1] == ']' {
			return reference(s, i)
		}
		return bareLink(s, i)
	case '=':
		if i > 2 && followed(s[max(0, i-10):i]) {
			return attribute(s, i)
		}
	case '.':
		if i >= 3 && strings.EqualFold(s[i-3:i], "www") && (i == 3 || !finding.IsWordByte(s[i-4]) && s[i-4] != '/') {
			if b := urlEnd(s, i+1); b > i+1 {
				return i - 3, b
			}
		}
	}
	return i, i
}

// reference reads the address behind [name]: with its colon at i.
func reference(s string, i int) (a, b int) {
	a = skip(s, i+1, 7, " \t<\n")
	if !addressLike(s[a:urlEnd(s[:min(len(s), a+longestLead)], a)]) {
		return i, i
	}
	return a, urlEnd(s, a)
}

// bareLink reads an address whose scheme ends at i, with strokes of either sort.
func bareLink(s string, i int) (a, b int) {
	if i+2 >= len(s) || s[i+1] != '/' && s[i+1] != '\\' || s[i+2] != '/' && s[i+2] != '\\' {
		return i, i
	}
	a = i
	for a > 0 && i-a < 12 && finding.IsAlpha(s[a-1]) {
		a--
	}
	if b = urlEnd(s, i+3); a == i || b == i+3 {
		return i, i
	}
	return a, b
}

// followed tells names of attributes whose values browsers follow, at the end of what stands before an equals sign.
func followed(before string) bool {
	name := strings.ToLower(before)
	bare := strings.TrimRight(name, " ")
	return strings.HasSuffix(bare, "src") || strings.HasSuffix(bare, "href") || strings.HasSuffix(name, "srcset") ||
		strings.HasSuffix(name, "action") || strings.HasSuffix(name, "poster") || strings.HasSuffix(name, "background")
}

// attribute reads the address behind the equals sign at i.
func attribute(s string, i int) (a, b int) {
	a = skip(s, i+1, len(s), " \"'")
	if !addressLike(s[a:attributeEnd(s, a, longestLead)]) {
		return i, i
	}
	return a, attributeEnd(s, a, longestURL)
}

// longestLead is how much of an address is read to tell that it is one, entities of HTML included.
const longestLead = 160

// addressLike tells addresses from paths of the same page, which lead nowhere else.
func addressLike(s string) bool {
	s = strings.ToLower(strings.TrimSpace(html.UnescapeString(s)))
	return strings.HasPrefix(s, "//") || strings.HasPrefix(s, `\`) || strings.HasPrefix(s, "/\\") ||
		strings.Contains(s, "://") || strings.Contains(s, `:\`) ||
		strings.HasPrefix(s, "http:") || strings.HasPrefix(s, "https:") || strings.HasPrefix(s, "data:") ||
		strings.HasPrefix(s, "javascript:") || strings.HasPrefix(s, "www.")
}

// markdownLink reads the address of the (address "title") at i.
func markdownLink(s string, i int) (a, b int) {
	a = skip(s, i+1, len(s), " <\n")
	if !addressLike(s[a:markdownEnd(s, a, longestLead)]) {
		return i, i
	}
	return a, markdownEnd(s, a, longestURL)
}

// attributeEnd is where the value of an attribute ends, at most so many bytes behind a.
func attributeEnd(s string, a, most int) int {
	b := a
	for b < len(s) && b-a < most && s[b] != '"' && s[b] != '\'' && s[b] != '>' && s[b] != ' ' {
		b++
	}
	return b
}

// markdownEnd is where the address of a link ends, at most so many bytes behind a.
func markdownEnd(s string, a, most int) int {
	b, depth := a, 0
	for b < len(s) && b-a < most && s[b] != '>' && s[b] != ' ' && s[b] != '\n' && (s[b] != ')' || depth > 0) {
		switch s[b] {
		case '(':
			depth++
		case ')':
			depth--
		}
		b++
	}
	return b
}
