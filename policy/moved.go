package policy

import (
	"sort"
	"unicode/utf8"
)

// Moves tell where places in a text, in code points, lie once pieces of the text were replaced. A place inside of what
// was replaced moves to its beginning. The zero value moves nothing.
type Moves struct {
	list     []stretch
	from, to int    // how long the text is so far, before and after
	then     *Moves // those of a second pass over the text that the first one led to
}

// stretch is a part of the text: kept, replaced, or moved inside.
type stretch struct {
	from, to int // where it begins, before and after
	replaced bool
	inner    *Moves
}

// Add appends a piece of text, and the moves inside of it.
func (m *Moves) Add(piece string, inner Moves) {
	n := points(piece)
	if len(inner.list) == 0 && inner.then == nil {
		m.kept(n)
		return
	}
	m.list = append(m.list, stretch{from: m.from, to: m.to, inner: &inner})
	m.from += n
	m.to += inner.Place(n)
}

// kept appends code points that stay as they are.
func (m *Moves) kept(n int) {
	if k := len(m.list); k > 0 && (m.list[k-1].replaced || m.list[k-1].inner != nil) {
		m.list = append(m.list, stretch{from: m.from, to: m.to})
	}
	m.from += n
	m.to += n
}

// replaced appends code points in whose place others stand.
func (m *Moves) replaced(n, with int) {
	m.list = append(m.list, stretch{from: m.from, to: m.to, replaced: true})
	m.from += n
	m.to += with
}

// Place is where a place lies afterwards.
func (m *Moves) Place(p int) int {
	moved := m.first(p)
	if m.then != nil {
		return m.then.Place(moved)
	}
	return moved
}

// Known tells that what was added reaches as far as a place.
func (m *Moves) Known(p int) bool { return p <= m.from }

func (m *Moves) first(p int) int {
	if p >= m.from {
		return m.to + p - m.from
	}
	k := sort.Search(len(m.list), func(k int) bool { return m.list[k].from > p }) - 1
	if k < 0 {
		return p
	}
	s := &m.list[k]
	switch {
	case s.replaced:
		return s.to
	case s.inner != nil:
		return s.to + s.inner.Place(p-s.from)
	}
	return s.to + p - s.from
}

// apart are the moves between two texts of which nothing else is known: what they share at both ends is kept.
func apart(before, after string) (m Moves) {
	head := 0
	for head < min(len(before), len(after)) && before[head] == after[head] {
		head++
	}
	for head > 0 && head < len(before) && !utf8.RuneStart(before[head]) {
		head--
	}
	tail := 0
	for tail < min(len(before), len(after))-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
		tail++
	}
	for tail > 0 && !utf8.RuneStart(before[len(before)-tail]) {
		tail--
	}
	m.kept(points(before[:head]))
	m.replaced(points(before[head:len(before)-tail]), points(after[head:len(after)-tail]))
	m.kept(points(before[len(before)-tail:]))
	return m
}

// points counts code points, also of a piece that begins or ends inside of one: it belongs to the piece in which it
// begins.
func points(s string) (n int) {
	for i := range len(s) {
		if utf8.RuneStart(s[i]) {
			n++
		}
	}
	return n
}
