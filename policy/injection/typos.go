package injection

import "math/bits"

// misspellings finds the words of the list misspelt behind their misspellings.
type misspellings struct {
	words []nearly
	last  [256]uint32 // by a word's first byte: the letters a to z with which such words end
}

// nearly is a word of misspelt with the set of its letters, by which most comparisons end at once.
type nearly struct {
	text    string
	letters uint32
	class   class
}

func (m *misspellings) add(w string, c class) {
	m.words = append(m.words, nearly{w, letterSet(w), c})
	m.last[w[0]] |= letterSet(w[len(w)-1:])
}

// letterSet has a bit for each of the letters a to z in a word.
func letterSet(w string) uint32 {
	var set uint32
	for i := range len(w) {
		if c := w[i] - 'a'; c < 26 {
			set |= 1 << c
		}
	}
	return set
}

// find gives the class of the word that w misspells, or 0. Only letters left out, doubled, added or swapped count:
// another letter in place of one makes other words ("forged", "forgot"), and so does another end ("ignores").
func (m *misspellings) find(w string) class {
	if len(w) < 5 || len(w) > 14 || m.last[w[0]]&letterSet(w[len(w)-1:]) == 0 {
		return 0
	}
	set := letterSet(w)
	for i := range m.words {
		n := &m.words[i]
		if n.text[0] != w[0] || n.text[len(n.text)-1] != w[len(w)-1] || bits.OnesCount32(n.letters^set) > 2 {
			continue
		}
		slips := 1
		if len(n.text) >= 9 {
			slips = 2
		}
		if len(w)+slips >= len(n.text) && len(n.text)+slips >= len(w) && slipped(n.text, w, slips) {
			return n.class
		}
	}
	return 0
}

// slipped tells whether w is the word with at most so many letters left out, added or swapped with their neighbour.
func slipped(word, w string, slips int) bool {
	for len(word) > 0 && len(w) > 0 && word[0] == w[0] {
		word, w = word[1:], w[1:]
	}
	switch {
	case len(word) == 0 && len(w) == 0:
		return true
	case slips == 0:
		return false
	case len(word) > 1 && len(w) > 1 && word[0] == w[1] && word[1] == w[0] && slipped(word[2:], w[2:], slips-1):
		return true
	case len(word) > 0 && slipped(word[1:], w, slips-1):
		return true
	}
	return len(w) > 0 && slipped(word, w[1:], slips-1)
}
