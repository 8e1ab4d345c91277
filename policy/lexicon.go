package policy

import (
	"strings"
	"unicode/utf8"
)

// class is what a word may mean to a model that reads it as an order; a word may be of several.
type class uint64

// The classes of words. What they are for stands with the rules that use them (injection_rules.go).
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

// lexicon finds the classes of words.
type lexicon struct {
	exact  map[string]class
	stems  map[string]class
	script map[string]class // of scripts without spaces
	runes  int              // of the longest entry of script
	maybe  *[1 << 12]uint64 // bits by hash: what may begin a stem or be a word, so that most words cost no look-up
	near   []nearly
}

// newLexicon reads the vocabulary: words separated by spaces; a star at the end marks a stem.
func newLexicon() lexicon {
	l := lexicon{exact: map[string]class{}, stems: map[string]class{}, script: map[string]class{}, maybe: new([1 << 12]uint64)}
	for c, words := range vocabulary {
		for w := range strings.FieldsSeq(words) {
			l.add(w, c)
		}
	}
	for w := range strings.FieldsSeq(misspelt) {
		l.near = append(l.near, nearly{w, letterSet(w), l.find(w)})
	}
	for w := range strings.FieldsSeq(triggers) {
		for _, turned := range []string{rot13(w), reversed(w)} {
			if l.exact[turned] == 0 {
				l.add(turned, wTurned)
			}
		}
	}
	return l
}

func (l *lexicon) add(w string, c class) {
	stem, isStem := strings.CutSuffix(w, "*")
	switch {
	case unspaced(firstRune(w)):
		l.script[w] |= c
		l.runes = max(l.runes, utf8.RuneCountInString(w))
		return
	case isStem:
		l.stems[stem] |= c
	default:
		l.exact[w] |= c
	}
	h := uint32(hashStart)
	for i := range len(stem) {
		h = hashByte(h, stem[i])
	}
	l.maybe[h>>6&(1<<12-1)] |= 1 << (h & 63)
}

// FNV-1a over the bytes of a word, as far as it has been read.
const hashStart = 2166136261

func hashByte(h uint32, b byte) uint32 { return (h ^ uint32(b)) * 16777619 }

func (l *lexicon) possible(h uint32) bool { return l.maybe[h>>6&(1<<12-1)]&(1<<(h&63)) != 0 }

// Stems are of at least four letters and at most so many bytes.
const (
	shortestStem = 4
	longestStem  = 24
)

// find gives the classes of a folded word, 0 for one that means nothing here.
func (l *lexicon) find(w string) class {
	if w == "" || len(w) > 64 {
		return 0
	}
	if w[0] >= utf8.RuneSelf && unspaced(firstRune(w)) {
		return l.script[w]
	}
	var c class
	h := uint32(hashStart)
	for i := range len(w) {
		h = hashByte(h, w[i])
		if i+1 >= shortestStem && i < longestStem && l.possible(h) {
			c |= l.stems[w[:i+1]]
		}
	}
	if l.possible(h) {
		c |= l.exact[w]
	}
	return c
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
			if l.exact[rest[:end]] != 0 || l.stems[rest[:end]] != 0 {
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
