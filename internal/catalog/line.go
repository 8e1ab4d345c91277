package catalog

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// line is a product line: the models of a provider that follow each other, such as Anthropic's claude-opus (R-CAP-05).
type line struct {
	provider   string
	kind       Kind
	words      string
	generation int // 0: of all
}

// word is a word in the names of a provider's models.
type word struct{ provider, word string }

// madeUp makes a row for a model that the catalogue lacks: a copy of the newest row of its product line, of its own
// generation where there is one (R-CAP-09), without what belongs to that model alone (R-CAP-05); without such a row
// everything is unknown. It is passed on and Bedrock judges (R-CAP-02).
func (c *Catalog) madeUp(id, provider, name string) *Model {
	like := c.lines.of(c.words.line(provider, name))
	if like == nil {
		like = c.opaque
	}
	return c.copyOf(like, id, provider)
}

// copyOf makes the row of an unknown model from another's, or from the opaque one.
func (c *Catalog) copyOf(like *Model, id, provider string) *Model {
	row := *like
	m := &row
	m.ID, m.Name, m.Known = id, id, false
	if like == c.opaque {
		m.Provider, m.Format = provider, provider
	}
	m.MaxOutputFirm, m.confirmed, m.Elsewhere = false, false, false
	m.Profiles, m.doubtful, m.ProfileRequired, m.profileInWest2 = nil, nil, Unknown, false
	m.Status, m.EndOfLife = "unknown", ""
	if m.Kind == Chat {
		m.Converse = Unknown
	}
	return m
}

type kindsOfWords map[word]Kind

// kindWords collects the words that tell a kind other than chat: those that, within a provider, stand in models of that
// kind only ("embed", "canvas", "rerank").
func kindWords(models []*Model) kindsOfWords {
	kinds := kindsOfWords{}
	for _, m := range models {
		provider, name, _ := strings.Cut(m.ID, ".")
		for _, w := range words(name) {
			k := word{provider, w}
			if seen, ok := kinds[k]; ok && seen != m.Kind {
				kinds[k] = Chat // tells nothing
			} else {
				kinds[k] = m.Kind
			}
		}
	}
	return kinds
}

// line finds the product line of a name. Models other than chat models are told apart by all the words of their name,
// chat models by the first one, or the first two where a provider has several lines under one name.
func (k kindsOfWords) line(provider, name string) line {
	ws := words(name)
	l := line{provider: provider, kind: Chat}
	for _, w := range ws {
		if kind, ok := k[word{provider, w}]; ok && kind != Chat {
			l.kind = kind
		}
	}
	if l.kind == Chat {
		n := 1
		if provider == "anthropic" || provider == "cohere" || slices.Contains(ws, "oss") {
			n = 2
		}
		ws = ws[:min(n, len(ws))]
	}
	l.words = strings.Join(ws, "-")
	if v := version(provider + "." + name); len(v) > 0 && l.kind == Chat {
		l.generation = v[0]
	}
	return l
}

// newest is the newest confirmed row of each product line, and of each of its generations.
type newest map[line]*Model

func newestOfLines(models []*Model, kinds kindsOfWords) newest {
	lines := newest{}
	for _, m := range models {
		lines.follow(m, kinds)
	}
	return lines
}

// of is the newest row of a line: of its generation, or of all where it would be the first of its own; nil without one.
func (n newest) of(l line) *Model {
	if m := n[l]; m != nil {
		return m
	}
	l.generation = 0
	return n[l]
}

// follow puts the row at the head of its line, unless a newer one is there.
func (n newest) follow(m *Model, kinds kindsOfWords) {
	if !m.confirmed {
		return
	}
	provider, name, _ := strings.Cut(m.ID, ".")
	l := kinds.line(provider, name)
	for _, l.generation = range []int{l.generation, 0} {
		if old := n[l]; old == nil || slices.Compare(version(old.ID), version(m.ID)) <= 0 {
			n[l] = m
		}
	}
}

// words gives the parts of a name that are letters: "claude", "opus" of claude-opus-4-8, "llama", "maverick",
// "instruct" of llama4-maverick-17b-instruct-v1:0. Single letters such as the v of versions do not count, unless there
// is nothing else.
func words(name string) []string {
	var list []string
	all := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) })
	for _, w := range all {
		if len(w) > 1 {
			list = append(list, w)
		}
	}
	if list == nil && len(all) > 0 {
		return all[:1]
	}
	return list
}

// version reads the version out of an id: the numbers that are neither a date nor a size, without the API version at
// the end unless that is the only one. 4, 8 of claude-opus-4-8; 3 of mistral-large-3-675b-instruct; 2 of
// titan-embed-text-v2:0.
func version(id string) []int {
	_, name, _ := strings.Cut(id, ".")
	base, api := name, ""
	if i := strings.LastIndex(name, "-v"); i >= 0 {
		base, api = name[:i], name[i+1:]
	}
	if v := numbers(base); len(v) > 0 {
		return v
	}
	return numbers(api)
}

func numbers(s string) []int {
	var list []int
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '.' || r == ':' }) {
		digits := strings.TrimLeftFunc(part, unicode.IsLetter)
		n, err := strconv.Atoi(digits) // a size such as 17b fails here
		if err == nil && n < 1000 {    // larger ones are dates: 2407, 20250929
			list = append(list, n)
		}
	}
	return list
}
