package person

import (
	"embed"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"outcrop/policy/finding"
)

//go:embed names/*.txt
var nameFiles embed.FS

// nameFlag says what is known of a word.
type nameFlag uint16

// What can be known of a word.
const (
	IsFirst     nameFlag = 1 << iota // a given name somewhere
	IsLast                           // a surname somewhere
	isAmbiguous                      // and as often an ordinary word, a place or a firm
	isCommon                         // no name
	isAfter                          // follows names in places, firms, works: Street, Inc, Award
	isTitle                          // stands before names of people
	isSuffix                         // Jr., PhD
	isParticle                       // van, de, bin
	isInitial                        // J.
	isShape                          // unknown, but ends as surnames do
	isCaps                           // written in capitals throughout
	isWhole                          // written without a hyphen; told of the last word of a name only
)

// has tells that at least one of some things is known of a word.
func (f nameFlag) has(some nameFlag) bool { return f&some != 0 }

// gazetteer knows words by their folded form: lower case, without accents.
type gazetteer map[string]nameFlag

// LoadNames reads the embedded lists once: 27,000 words take a few milliseconds.
var LoadNames = sync.OnceValues(func() (gazetteer, error) {
	g := make(gazetteer, 32_000)
	for _, f := range []struct {
		file string
		flag nameFlag
	}{
		{"first_en", IsFirst}, {"first_world", IsFirst}, {"first_more", IsFirst}, {"last_en", IsLast}, {"last_world", IsLast},
		{"last_more", IsLast}, {"ambiguous", isAmbiguous}, {"common", isCommon}, {"places", isCommon}, {"words", isCommon},
		{"heads", isAfter}, {"titles", isTitle}, {"suffixes", isSuffix}, {"particles", isParticle},
	} {
		text, err := nameFiles.ReadFile("names/" + f.file + ".txt")
		if err != nil {
			return nil, fmt.Errorf("names: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			for _, w := range strings.Fields(line) {
				g[foldName(w)] |= f.flag
				if f.flag&(IsFirst|IsLast) != 0 && strings.Contains(w, "-") {
					g[foldName(strings.ReplaceAll(w, "-", ""))] |= f.flag
				}
			}
		}
	}
	for w, f := range g {
		if f&isCommon != 0 && f&(IsFirst|IsLast) != 0 {
			g[w] = f | isAmbiguous
		}
	}
	return g, nil
})

// bareLetters are letters that no decomposition parts from their strokes, and what they are without them.
var bareLetters = map[rune]rune{
	'ł': 'l', 'Ł': 'l', 'ø': 'o', 'Ø': 'o', 'đ': 'd', 'Đ': 'd', 'ð': 'd', 'Ð': 'd', 'ı': 'i', 'İ': 'i',
}

// foldName gives a word in lower case and without accents.
func foldName(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf || r >= 'A' && r <= 'Z' || r == '\'' }) < 0 {
		return s
	}
	return strings.Map(foldLetter, norm.NFD.String(s))
}

func foldLetter(r rune) rune {
	switch {
	case r == '\'' || r == '’':
		return -1
	case r < utf8.RuneSelf:
		return unicode.ToLower(r)
	case unicode.Is(unicode.Mn, r):
		return -1
	case bareLetters[r] != 0:
		return bareLetters[r]
	}
	return unicode.ToLower(r)
}

// quick looks a plain word up without making its folded form.
func (g gazetteer) quick(w string) (nameFlag, bool) {
	var low [24]byte
	if len(w) > len(low) {
		return 0, false
	}
	for i := range len(w) {
		c := w[i]
		if !finding.IsAlpha(c) {
			return 0, false
		}
		low[i] = c | 0x20
	}
	f, ok := g[string(low[:len(w)])]
	return f, ok
}

// joined says what is known of a word with hyphens by its parts: Heinz-Peter, Abu-Zayd.
func (g gazetteer) joined(key string) nameFlag {
	if strings.HasPrefix(key, "saint-") || strings.HasPrefix(key, "sainte-") {
		return isCommon // a place
	}
	all, some := IsFirst|IsLast, nameFlag(0)
	for part := range strings.SplitSeq(key, "-") {
		p := g[part]
		some |= p & (IsFirst | IsLast | isCommon | isAmbiguous)
		all &= p
	}
	if all != 0 {
		return all // two names in a row are no other word
	}
	if some&(IsFirst|IsLast) == 0 || some&isCommon != 0 {
		return 0
	}
	return some
}

// flags says what is known of a word as it is written.
func (g gazetteer) flags(w string) nameFlag {
	f, ok := g.quick(w)
	if !ok {
		f = g.folded(w)
	}
	if len(w) > 2 && w[1] < 'a' && w == strings.ToUpper(w) {
		f |= isCaps
	}
	if utf8.RuneCountInString(w) == 1 {
		f = f&^(IsFirst|IsLast) | isInitial
	}
	return f
}

// folded says what is known of a word by its folded form, its parts or its looks.
func (g gazetteer) folded(w string) nameFlag {
	key := foldName(w)
	if f, ok := g[key]; ok {
		return f
	}
	if strings.Contains(w, "-") {
		if f := g.joined(key); f != 0 {
			return f
		}
	}
	return looks(w, key)
}

// looks says what the looks of a word that is in no list tell of it; key is its folded form.
func looks(w, key string) (f nameFlag) {
	if strings.HasPrefix(w, "Mc") && len(w) > 4 || strings.HasPrefix(w, "O'") || strings.HasPrefix(w, "O’") ||
		strings.HasPrefix(w, "Mac") && len(w) > 6 && unicode.IsUpper(rune(w[3])) {
		return IsLast
	}
	if len(key) <= 5 {
		return 0
	}
	if endsInAny(key, lists["surname endings"]) {
		f |= isShape
	}
	if endsInAny(key, lists["patronymic endings"]) {
		f |= IsFirst
	}
	return f
}
