package policy

import (
	"strings"
	"unicode/utf8"

	"outcrop/policy/finding"
)

// redacted is the placeholder of a kind: <EMAIL>.
func redacted(kind string) string { return "<" + kind + ">" }

// masked hides most of a value, and leaves what people need to recognise their own: the last digits, the first letter.
func masked(kind, v string) string {
	switch kind {
	case KindEmail:
		local, domain, ok := strings.Cut(v, "@")
		if !ok {
			break
		}
		tld := ""
		if dot := strings.LastIndexByte(domain, '.'); dot > 0 {
			domain, tld = domain[:dot], domain[dot:]
		}
		return firstOf(local) + "***@" + firstOf(domain) + "***" + tld
	case KindCard, KindIBAN, KindPhone, KindSSN:
		return keepLast(v, 4)
	case KindIP:
		if dot := strings.IndexByte(v, '.'); dot > 0 {
			return v[:dot] + ".*.*.*"
		}
		head, _, _ := strings.Cut(v, ":")
		return head + ":****"
	case KindPerson:
		words := strings.Fields(v)
		for i, w := range words {
			words[i] = firstOf(w) + "***"
		}
		return strings.Join(words, " ")
	case KindURL:
		if scheme, _, ok := strings.Cut(v, "://"); ok {
			return scheme + "://***"
		}
	}
	return "***"
}

func firstOf(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}

// keepLast turns all letters and digits but the last n into stars.
func keepLast(v string, n int) string {
	b := []byte(v)
	for i := len(b) - 1; i >= 0; i-- {
		if !finding.IsAlnum(b[i]) {
			continue
		}
		if n > 0 {
			n--
		} else {
			b[i] = '*'
		}
	}
	return string(b)
}

// edit is a finding with what becomes of it.
type edit struct {
	Finding
	action Action
}

// rewrite applies edits, which stand in order and do not touch, to a text. A text without any stays as it is.
func rewrite(s string, edits []edit, v *Vault) (string, Moves) {
	var b strings.Builder
	var moves Moves
	at := 0
	for _, e := range edits {
		var with string
		switch e.action {
		case Redact:
			with = redacted(e.Kind)
			if e.Kind == KindDomain {
				with = "#link-removed" // leads nowhere, in Markdown and HTML too
			}
			if e.Kind == KindLength {
				with = ""
			}
		case Mask:
			with = masked(e.Kind, s[e.Start:e.End])
		case Tokenize:
			if v == nil {
				with = redacted(e.Kind)
			} else {
				with = v.placeholder(e.Kind, s[e.Start:e.End])
			}
		default:
			continue
		}
		if at == 0 {
			b.Grow(len(s))
		}
		b.WriteString(s[at:e.Start])
		b.WriteString(with)
		moves.kept(points(s[at:e.Start]))
		moves.replaced(points(s[e.Start:e.End]), points(with))
		at = e.End
	}
	if at == 0 {
		return s, moves
	}
	b.WriteString(s[at:])
	moves.kept(points(s[at:]))
	return b.String(), moves
}
