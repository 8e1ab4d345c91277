package policy

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"outcrop/policy/finding"
)

// Vault keeps what was taken out of one request, so that it can be put back into the answer. Placeholders are numbered
// by first appearance, so that the same history gives the same prompt. A Vault belongs to one request: fill it before
// the answer is read; restoring is then safe from several goroutines.
type Vault struct {
	values  map[string]string // placeholder → value
	numbers map[string]string // kind and value → placeholder
	next    map[string]int    // kind → last number
	taken   map[string]bool   // placeholders that the texts held before
	longest int
	sorted  func() []string // placeholders in order, once the vault is filled
}

// NewVault gives a vault that avoids the placeholders which stand in texts already.
func NewVault(texts []Text) *Vault {
	v := &Vault{values: map[string]string{}, numbers: map[string]string{}, next: map[string]int{},
		taken: map[string]bool{}}
	v.sorted = sync.OnceValue(func() []string { return slices.Sorted(maps.Keys(v.values)) })
	for _, t := range texts {
		for s := t.Value; ; {
			i := strings.IndexByte(s, '<')
			if i < 0 {
				break
			}
			s = s[i:]
			if n := placeholderLen(s); n > 0 {
				v.taken[s[:n]] = true
			}
			s = s[1:]
		}
	}
	return v
}

// Empty tells that nothing was taken out.
func (v *Vault) Empty() bool { return v == nil || len(v.values) == 0 }

// placeholder gives the placeholder of a value: the same value of a kind has the same.
func (v *Vault) placeholder(kind, value string) string {
	key := kind + "\x00" + value
	if p, ok := v.numbers[key]; ok {
		return p
	}
	for {
		v.next[kind]++
		p := "<" + kind + "_" + strconv.Itoa(v.next[kind]) + ">"
		if v.taken[p] {
			continue
		}
		v.numbers[key], v.values[p] = p, value
		v.longest = max(v.longest, len(p))
		return p
	}
}

// placeholderLen is the length of the placeholder that s begins with, or 0.
func placeholderLen(s string) int {
	for i := 1; i < len(s) && i < 80; i++ {
		switch c := s[i]; {
		case c == '>':
			if i > 1 && finding.IsDigit(s[i-1]) {
				return i + 1
			}
			return 0
		case c >= 'A' && c <= 'Z' || c == '_' || finding.IsDigit(c):
		default:
			return 0
		}
	}
	return 0
}

// Restore puts the values back into a whole text, and tells where the places of the text lie then. In the text of a
// JSON value they are escaped as strings need it, and the < and > of a placeholder may be written as \u003c and \u003e.
func (v *Vault) Restore(s string, inJSON bool) (string, Moves) {
	if v.Empty() || !inJSON && !strings.Contains(s, "<") {
		return s, Moves{}
	}
	r := v.Stream(inJSON)
	return r.Feed(s) + r.Flush(), r.moves
}

// Restorer puts values back into a text that comes in pieces. It holds back only what may yet become a placeholder.
type Restorer struct {
	vault *Vault
	json  bool
	held  string
	moves Moves
}

// Stream gives a restorer of one text of the answer; inJSON says that the text is that of a JSON value (arguments of a
// tool call).
func (v *Vault) Stream(inJSON bool) *Restorer { return &Restorer{vault: v, json: inJSON} }

// Feed takes the next piece and gives what can go out.
func (r *Restorer) Feed(piece string) string {
	if r.vault.Empty() {
		return piece
	}
	s := r.held + piece
	r.held = ""
	var b strings.Builder
	at := 0
	for i := 0; i < len(s); {
		if s[i] != '<' && (!r.json || s[i] != '\\') {
			i++
			continue
		}
		n, value, grows := r.match(s[i:])
		switch {
		case n > 0:
			b.WriteString(s[at:i])
			b.WriteString(value)
			r.moves.kept(points(s[at:i]))
			r.moves.replaced(points(s[i:i+n]), points(value))
			i += n
			at = i
		case grows:
			b.WriteString(s[at:i])
			r.moves.kept(points(s[at:i]))
			r.held = s[i:]
			return b.String()
		case s[i] == '\\' && i+1 < len(s):
			i += 2 // an escaped backslash begins nothing
		default:
			i++
		}
	}
	b.WriteString(s[at:])
	r.moves.kept(points(s[at:]))
	return b.String()
}

// Flush gives what is still held back.
func (r *Restorer) Flush() string {
	held := r.held
	r.held = ""
	r.moves.kept(points(held))
	return held
}

// Place is where a place of the text lies in what came out; known is false while that is held back.
func (r *Restorer) Place(p int) (moved int, known bool) {
	return r.moves.Place(p), r.vault.Empty() || r.moves.Known(p)
}

// match reads a placeholder at the beginning of s: its length there and the value, or that it may yet become one.
func (r *Restorer) match(s string) (n int, value string, grows bool) {
	var name [96]byte
	k, at := 0, 0
	for k < len(name) && k < r.vault.longest {
		if at >= len(s) {
			return 0, "", r.prefix(string(name[:k]))
		}
		c, size := s[at], 1
		if r.json && c == '\\' {
			var more bool
			if c, size, more = unescape(s[at:]); more {
				return 0, "", k == 0 || r.prefix(string(name[:k]))
			}
			if size == 0 {
				return 0, "", false
			}
		}
		if k == 0 && c != '<' {
			return 0, "", false
		}
		name[k] = c
		k++
		at += size
		if c == '>' {
			v, ok := r.vault.values[string(name[:k])]
			if !ok {
				return 0, "", false
			}
			if r.json {
				v = escape(v)
			}
			return at, v, false
		}
	}
	return 0, "", false
}

// prefix tells that some placeholder begins so.
func (r *Restorer) prefix(p string) bool {
	names := r.vault.sorted()
	i, _ := slices.BinarySearch(names, p) // what begins with p follows it
	return i < len(names) && strings.HasPrefix(names[i], p)
}

// unescape reads one \uXXXX of ASCII; more says that s ends inside of it.
func unescape(s string) (c byte, size int, more bool) {
	const form = `\u00`
	for i := range min(len(s), 4) {
		if s[i] != form[i] {
			return 0, 0, false
		}
	}
	if len(s) < 6 {
		return 0, 0, true
	}
	n, err := strconv.ParseUint(s[4:6], 16, 8)
	if err != nil || n >= 0x80 {
		return 0, 0, false
	}
	return byte(n), 6, false
}

// escape writes a value as the inside of a JSON string.
func escape(v string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(b.String(), "\n"), `"`), `"`)
}

// jsonStrings calls f with each string of a JSON text, decoded, and puts what it gives back in its place, escaped. What
// is no JSON goes to f as it is.
func jsonStrings(s string, f func(string) (string, Moves)) (string, Moves) {
	if !json.Valid([]byte(s)) {
		return f(s)
	}
	var b strings.Builder
	var moves Moves
	at := 0
	for i := 0; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		e := i + 1
		for s[e] != '"' {
			if s[e] == '\\' {
				e++
			}
			e++
		}
		decoded := decodeString(s[i+1 : e])
		if out, inner := f(decoded); out != decoded {
			escaped := escape(out)
			b.WriteString(s[at : i+1])
			b.WriteString(escaped)
			moves.kept(points(s[at : i+1]))
			if decoded == s[i+1:e] && escaped == out {
				moves.Add(decoded, inner)
			} else {
				moves.replaced(points(s[i+1:e]), points(escaped))
			}
			at = e
		}
		i = e
	}
	if at == 0 {
		return s, moves
	}
	b.WriteString(s[at:])
	moves.kept(points(s[at:]))
	return b.String(), moves
}

// decodeString undoes the escapes of a JSON string that is known to be valid.
func decodeString(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'u':
			r := hexRune(s[i+1 : i+5])
			i += 4
			if utf16.IsSurrogate(r) {
				low := rune(utf8.RuneError)
				if i+6 < len(s) && s[i+1] == '\\' && s[i+2] == 'u' {
					low = hexRune(s[i+3 : i+7])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			b.WriteRune(r)
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func hexRune(s string) rune {
	n, _ := strconv.ParseUint(s, 16, 16) // checked by json.Valid
	return rune(n)
}
