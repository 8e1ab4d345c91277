package policy

import (
	"context"
	"unicode"
	"unicode/utf8"

	"outcrop/policy/finding"
)

// spans finds again what detectors elsewhere have found, so that it is resolved together with what is found here, also
// inside of decoded strings. All values are looked for in one pass, whatever their number: by the automaton of Aho and
// Corasick.
type spans struct {
	values  []*spanValue
	known   map[string]*spanValue
	nodes   []spanNode       // of a tree of all values; 0 is its root
	next    map[uint64]int32 // node and byte → node
	first   [256]int32       // the same from the root
	longest int
}

// spanValue is a value with the score of each kind as which it was found.
type spanValue struct {
	text   string
	scores map[string]float64
	node   int32 // while the tree is built: how far it has got
}

// spanNode stands for the beginning of a value.
type spanNode struct {
	value *spanValue // that ends here; nil without one
	back  int32      // its longest proper ending that has a node
	inner int32      // its longest proper ending that is a value and begins a word; 0 without one
}

// mostAtOnePlace bounds how many values that end at one place are told, the longest first: they lie over one another.
const mostAtOnePlace = 8

func (s *spans) add(kind, text string, score float64) {
	v := s.known[text]
	if v == nil {
		if s.known == nil {
			s.known = map[string]*spanValue{}
		}
		v = &spanValue{text: text, scores: map[string]float64{}}
		s.known[text], s.values, s.longest = v, append(s.values, v), max(s.longest, len(text))
	}
	v.scores[kind] = max(v.scores[kind], score)
}

// build makes the tree, level by level: what a node falls back to stands higher.
func (s *spans) build() {
	s.nodes, s.next = make([]spanNode, 1), map[uint64]int32{}
	growing := append([]*spanValue(nil), s.values...)
	for depth := 0; len(growing) > 0; depth++ {
		longer := growing[:0]
		for _, v := range growing {
			v.node = s.child(v.node, v.text[:depth+1])
			if depth+1 < len(v.text) {
				longer = append(longer, v)
			} else {
				s.nodes[v.node].value = v
			}
		}
		growing = longer
	}
}

// child is the node below a parent for a text that is one byte longer.
func (s *spans) child(parent int32, text string) int32 {
	c := text[len(text)-1]
	if at, ok := s.step(parent, c); ok {
		return at
	}
	node := spanNode{}
	if parent != 0 {
		node.back = s.follow(s.nodes[parent].back, c)
	}
	node.inner = s.nodes[node.back].inner
	if v := s.nodes[node.back].value; v != nil && border(text, len(text)-len(v.text)) {
		node.inner = node.back
	}
	at := int32(len(s.nodes)) // as many as the values of one request have bytes
	s.nodes = append(s.nodes, node)
	if parent == 0 {
		s.first[c] = at
	} else {
		s.next[edge(parent, c)] = at
	}
	return at
}

func edge(node int32, c byte) uint64 { return uint64(node)<<8 | uint64(c) }

// step is the node below another, if there is one.
func (s *spans) step(node int32, c byte) (int32, bool) {
	if node == 0 {
		return s.first[c], s.first[c] != 0
	}
	at, ok := s.next[edge(node, c)]
	return at, ok
}

// follow is the node of the longest ending that goes on with c.
func (s *spans) follow(node int32, c byte) int32 {
	for {
		if at, ok := s.step(node, c); ok || node == 0 {
			return at
		}
		node = s.nodes[node].back
	}
}

// Name is "managed".
func (*spans) Name() string { return "managed" }

// Settled holds back as much as the longest has.
func (s *spans) Settled(text string, _ int) int { return len(text) - s.longest }

// Detect finds the values where they stand as words of their own.
func (s *spans) Detect(ctx context.Context, _ Direction, texts []Text) ([]Finding, error) {
	if s.nodes == nil {
		s.build()
	}
	var out []Finding
	for n := range texts {
		text, node := texts[n].Value, int32(0)
		for i := range len(text) {
			if i%finding.Stride == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if node = s.follow(node, text[i]); node != 0 {
				out = s.endingAt(n, text, i+1, node, out)
			}
		}
	}
	return out, nil
}

// endingAt appends the values that end at a place of text n, which node says was read.
func (s *spans) endingAt(n int, text string, end int, node int32, out []Finding) []Finding {
	if s.nodes[node].value == nil {
		node = s.nodes[node].inner
	}
	if node == 0 || !border(text, end) {
		return out
	}
	for left := mostAtOnePlace; node != 0 && left > 0; node, left = s.nodes[node].inner, left-1 {
		v := s.nodes[node].value
		if start := end - len(v.text); border(text, start) {
			for kind, score := range v.scores {
				out = append(out, Finding{Text: n, Kind: kind, Start: start, End: end, Score: score})
			}
		}
	}
	return out
}

// border tells that a place does not stand inside a word.
func border(s string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:at])
	behind, _ := utf8.DecodeRuneInString(s[at:])
	return !inWord(before) || !inWord(behind)
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
