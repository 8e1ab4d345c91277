package injection

import (
	"slices"
	"strings"
	"unicode/utf8"

	"outcrop/internal/wordlist"
	"outcrop/policy/finding"
)

// class is what a word may mean to a model that reads it as an order; a word may be of several.
type class uint64

// The classes of words. What they are for stands with the rules that use them (rules.go).
const (
	wOverride  class = 1 << iota // ignore, forget
	wDrop                        // skip, delete: what is dropped need not govern
	wBypass                      // bypass, disable
	wPrior                       // previous, above
	wBefore                      // before, until here
	wStart                       // beginning, first
	wAll                         // all, everything
	wThings                      // everything
	wTarget                      // instructions, rules: what governs a model
	wPrompt                      // prompt, instructions: what a model was told
	wSystem                      // system, hidden, initial
	wText                        // text, words, conversation: what stands in its context
	wData                        // data, article: what it was given to work on
	wTask                        // task, job, question
	wJob                         // review, translation, summary
	wNew                         // new, next, other
	wReal                        // actual, real
	wChange                      // void, changed, a mistake
	wNow                         // now, from now on
	wInstead                     // instead, rather
	wEnd                         // end, over, finished
	wThanks                      // thanks, great: closes what went before
	wShow                        // show, print, repeat: copies and does not rework
	wReveal                      // show, and also summarise, translate, describe
	wTell                        // tell, inform, mention
	wSay                         // say, answer, write
	wGiven                       // given, received, told: what a model got
	wStood                       // written, said, stands
	wForgot                      // forgot, remind: a pretext
	wExact                       // verbatim, exactly
	wSecret                      // password, access code
	wYou                         // you
	wSelf                        // your
	wMe                          // I, we, one
	wMy                          // my
	wThis                        // this, that
	wUser                        // user, customer
	wModel                       // assistant, ai, model
	wAct                         // act, pretend, behave
	wBe                          // are, be
	wAs                          // as, like
	wRole                        // role, persona, hacker
	wFree                        // unrestricted, uncensored
	wNot                         // not, never, without
	wLimit                       // restrictions, filters, ethics
	wMode                        // mode
	wModeKind                    // developer, debug, god, admin
	wJailbreak                   // dan, jailbreak
	wHate                        // what a model is wanted to say against its makers' will
	wOnly                        // only, just
	wImportant                   // important, attention, urgent
	wOpinion                     // opinion, choose, decide, admit
	wFollow                      // follow, obey
	wDo                          // call, execute, approve: what an agent can do
	wSend                        // send, forward, upload
	wMust                        // must, should
	wWant                        // want, like you to
	wAsk                         // how, what, why
	wLead                        // words that lead into an order: please, and
	wGreet                       // words that lead into an order at the beginning of a sentence only
	wTalk                        // injection, attack, phrase: talk about such texts
	wFill                        // the, of, that: does not count between two words
	wRead                        // read, see, screen: what a model does to the text that an attack sits in
	wTurned                      // a word that means something once it is read by ROT13 or backwards
)

// lexicon finds the classes of words. Most words of a text are found or turned away with one look at a small table
// each.
type lexicon struct {
	slots  []slot             // of exact, by hash, the next free one where a place is taken
	exact  []entry            // words that must be met as they are
	stems  map[uint32][]entry // by their first four bytes
	begins *[1 << 10]uint64   // bits by hash: what four bytes a stem may begin with
	script map[string]class   // of scripts without spaces
	runes  int                // of the longest entry of script
	near   misspellings
}

type entry struct {
	text  string
	class class
}

// slot points at an entry of exact. Its tag, a piece of the hash, spares comparing most words that are not the entry.
type slot struct{ tag, number uint16 } // number counts from 1; 0 is a free slot

// newLexicon reads the vocabulary: words separated by spaces; a star at the end marks a stem.
func newLexicon() lexicon {
	l := lexicon{stems: map[uint32][]entry{}, script: map[string]class{}, begins: new([1 << 10]uint64)}
	exact, stems := map[string]class{}, map[string]class{}
	for name, words := range wordlist.Parse(vocabularyFile) {
		c := classNames[name]
		for _, w := range words {
			switch stem, isStem := strings.CutSuffix(w, "*"); {
			case finding.Unspaced(firstRune(w)):
				l.script[w] |= c
				l.runes = max(l.runes, utf8.RuneCountInString(w))
			case isStem:
				stems[stem] |= c
			default:
				exact[w] |= c
			}
		}
	}
	for _, w := range lists["triggers"] {
		for _, turned := range []string{rot13(w), reversed(w)} {
			if exact[turned] == 0 {
				exact[turned] = wTurned
			}
		}
	}
	for w, c := range stems {
		first := four(w)
		l.stems[first] = append(l.stems[first], entry{w, c})
		row, bit := beginning(first)
		l.begins[row] |= bit
	}
	l.place(exact)
	for _, w := range lists["misspelt"] {
		l.near.add(w, l.find(w))
	}
	return l
}

// place puts the words into slots, at most half of which are taken.
func (l *lexicon) place(exact map[string]class) {
	size := 2
	for size < 2*len(exact) {
		size *= 2
	}
	l.slots = make([]slot, size)
	for w, c := range exact {
		l.exact = append(l.exact, entry{w, c})
		tag, at := l.home(w)
		for l.slots[at].number != 0 {
			at = (at + 1) & (size - 1)
		}
		l.slots[at] = slot{tag, uint16(len(l.exact))}
	}
}

// home gives the tag of a word and the slot in which the search for it begins.
func (l *lexicon) home(w string) (tag uint16, at int) {
	h := hash(w)
	return uint16(h >> 48), int(h>>20) & (len(l.slots) - 1)
}

// hash mixes a word's length with its first and last eight bytes, which nearly always tell words apart.
func hash(w string) uint64 {
	var first, last uint64
	switch n := len(w); {
	case n >= 8:
		first, last = eight(w), eight(w[n-8:])
	case n >= 4:
		first, last = uint64(four(w)), uint64(four(w[n-4:]))
	case n > 0:
		first = uint64(w[0]) | uint64(w[n/2])<<8 | uint64(w[n-1])<<16
	}
	h := (first ^ uint64(len(w))<<56) * 0x9E3779B97F4A7C15
	h = (h ^ h>>32 ^ last) * 0xD6E8FEB86659FD93
	return h ^ h>>32
}

func eight(w string) uint64 {
	_ = w[7]
	return uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 | uint64(w[4])<<32 | uint64(
		w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
}

func four(w string) uint32 {
	_ = w[3]
	return uint32(w[0]) | uint32(w[1])<<8 | uint32(w[2])<<16 | uint32(w[3])<<24
}

// beginning gives the place of the bit for the first four bytes of a stem.
func beginning(first uint32) (row uint32, bit uint64) {
	h := first * 0x9E3779B1 >> 16
	return h >> 6, 1 << (h & 63)
}

// Stems are of at least four bytes, and at most so many.
const (
	shortestStem = 4
	longestStem  = 24
)

// find gives the classes of a folded word, 0 for one that means nothing here.
func (l *lexicon) find(w string) class {
	if w == "" || len(w) > 64 {
		return 0
	}
	if w[0] >= utf8.RuneSelf && finding.Unspaced(firstRune(w)) {
		return l.script[w]
	}
	c := l.word(w)
	if len(w) < shortestStem {
		return c
	}
	first := four(w)
	if row, bit := beginning(first); l.begins[row]&bit != 0 {
		for i, stems := 0, l.stems[first]; i < len(stems); i++ {
			if strings.HasPrefix(w, stems[i].text) {
				c |= stems[i].class
			}
		}
	}
	return c
}

// word gives the classes of a word of the vocabulary, met as it is.
func (l *lexicon) word(w string) class {
	tag, at := l.home(w)
	for {
		s := l.slots[at]
		if s.number == 0 {
			return 0
		}
		if s.tag == tag {
			if e := &l.exact[s.number-1]; e.text == w {
				return e.class
			}
		}
		at = (at + 1) & (len(l.slots) - 1)
	}
}

// entire tells whether letters are a word or a stem of the vocabulary, without anything behind it.
func (l *lexicon) entire(w string) bool {
	if l.word(w) != 0 {
		return true
	}
	return len(w) >= shortestStem && slices.ContainsFunc(l.stems[four(w)], func(e entry) bool { return e.text == w })
}

// longest is the length in bytes of the longest entry that s begins with, in a script without spaces.
func (l *lexicon) longest(s string) int {
	best, n := 0, 0
	for i, c := range s {
		if n++; n > l.runes {
			break
		}
		if end := i + utf8.RuneLen(c); l.script[s[:end]] != 0 {
			best = end
		}
	}
	return best
}

// split cuts letters that ran together into words, where that gives known ones: "ignoreallrules".
func (l *lexicon) split(s string) []string {
	if l.find(s) != 0 || len(s) > 200 {
		return []string{s}
	}
	var words []string
	for rest := s; rest != ""; {
		n := 0
		for end := min(len(rest), 14); end >= 3; end-- {
			if l.entire(rest[:end]) {
				n = end
				break
			}
		}
		if n == 0 {
			return append(words, rest)
		}
		words, rest = append(words, rest[:n]), rest[n:]
	}
	return words
}
