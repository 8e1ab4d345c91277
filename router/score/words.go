package score

import (
	_ "embed"

	"outcrop/internal/wordlist"
)

// wordKind is what a word says about the task.
type wordKind uint8

const (
	wNone wordKind = iota
	wNumber
	wRelation
	wRate
	wChange
	wUnit
	wMaths
	wMathsToo // counts only beside surer signs of mathematics
	wProof
	wScience
	wCode
	wCodeToo // counts only beside surer signs of a program
	wLogic
	wPuzzle
	wStatement // counts only before a number
	wNegation
	wNot // counts only in capitals
	wCase
	wDemand
	wFormat
	wWrite
	wCreative
	wExposition
	wSource
	wSmalltalk
	wConjunction
	wReference
	wYou // counts only before wAre: "You are a pirate"
	wAre
	wHow // counts only before wMany: "how many"
	wMany

	numKinds
)

// kindNames are the names of the kinds in words.txt and signs.txt.
var kindNames = [numKinds]string{
	wNumber: "number", wRelation: "relation", wRate: "rate", wChange: "change", wUnit: "unit", wMaths: "maths",
	wMathsToo: "maths too", wProof: "proof", wScience: "science", wCode: "code", wCodeToo: "code too",
	wLogic: "logic", wPuzzle: "puzzle", wStatement: "statement", wNegation: "negation", wNot: "not", wCase: "case",
	wDemand: "demand", wFormat: "format", wWrite: "write", wCreative: "creative", wExposition: "exposition",
	wSource: "source", wSmalltalk: "smalltalk", wConjunction: "conjunction", wYou: "you", wHow: "how", wMany: "many",
	wAre: "are", wReference: "reference",
}

var (
	//go:embed words.txt
	wordFile string
	//go:embed signs.txt
	signFile string
)

// lexicon finds the kind of a word by its hash. Words of one hash would share a kind, which with 64 bits does not
// happen.
type lexicon [1 << 13]entry

type entry struct {
	hash uint64
	kind wordKind // wNone where the place is free
}

var knownWords = newLexicon()

func newLexicon() *lexicon {
	var l lexicon
	words, signs := wordlist.Parse(wordFile), wordlist.Parse(signFile)
	// A word that stands in several lists is of the kind that comes first.
	for kind, name := range kindNames {
		for _, word := range words[name] {
			l.add(hashOf(word), wordKind(kind))
		}
	}
	for kind, name := range kindNames {
		for _, word := range words[name] {
			if len(word) > 2 && word[len(word)-1] != 's' {
				l.add(hashOf(word+"s"), wordKind(kind))
			}
		}
		for _, pair := range signs[name] {
			l.add(hashOf(pair), wordKind(kind))
		}
	}
	return &l
}

func (l *lexicon) add(hash uint64, kind wordKind) {
	if e := l.place(hash); e.kind == wNone {
		*e = entry{hash, kind}
	}
}

// find gives the kind of a word, wNone if it is none of ours.
func (l *lexicon) find(hash uint64) wordKind { return l.place(hash).kind }

// place gives the place of a word, or the free one where it would be.
func (l *lexicon) place(hash uint64) *entry {
	i := hash >> 51
	for l[i].kind != wNone && l[i].hash != hash {
		i = (i + 1) % uint64(len(l))
	}
	return &l[i]
}

// The hash of a word is FNV-1a over its characters, mixed so that its upper bits serve as a place in the table.
const (
	hashStart  = 14695981039346656037
	hashFactor = 1099511628211
	hashMix    = 0x9E3779B97F4A7C15
)

func hashOf(word string) uint64 {
	h := uint64(hashStart)
	for _, c := range word {
		if c != '-' && c != '\'' {
			h = (h ^ uint64(c)) * hashFactor
		}
	}
	return h * hashMix
}
