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
)

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
		{"heads", isAfter},
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
	for flag, words := range map[nameFlag]string{
		isTitle: `mr mrs ms miss mx dr prof professor doctor sir dame lord lady madam madame mme mlle monsieur maître me herr herrn frau fräulein hr fr sr sra srta
			señor señora señorita don doña dom dona signor signora signorina sig dott dottoressa ing rev reverend father fr pastor rabbi imam sister
			president senator congressman congresswoman governor mayor minister chancellor judge justice captain capt colonel col general gen lieutenant lt
			sergeant sgt major maj officer detective inspector coach king queen prince princess pope emperor meneer mevrouw dhr mevr pan pani gospodin sheikh sheik
			shri smt ustad hon attorney secretary ambassador nurse chef agent uncle aunt auntie grandma grandpa cousin representative commissioner`,
		isSuffix:   `jr sr ii iii iv md phd esq dds cpa mba rn obe cbe mbe dvm jd`,
		isParticle: `van von der den de del della di da dos das do du la le el al bin ibn ben bint ter ten zu zur af av y e st san dela delos vom op 't d' abu abd ould`,
	} {
		for _, w := range strings.Fields(words) {
			g[foldName(w)] |= flag
		}
	}
	for w, f := range g {
		if f&isCommon != 0 && f&(IsFirst|IsLast) != 0 {
			g[w] = f | isAmbiguous
		}
	}
	return g, nil
})

// foldName gives a word in lower case and without accents.
func foldName(s string) string {
	plain := true
	for i := range len(s) {
		plain = plain && s[i] < 0x80 && (s[i] < 'A' || s[i] > 'Z') && s[i] != '\''
	}
	if plain {
		return s
	}
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] < 0x80
	}
	if !ascii {
		s = norm.NFD.String(s)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r), r == '\'', r == '’':
			return -1
		case r == 'ł' || r == 'Ł':
			return 'l'
		case r == 'ø' || r == 'Ø':
			return 'o'
		case r == 'đ' || r == 'Đ' || r == 'ð' || r == 'Ð':
			return 'd'
		case r == 'ı' || r == 'İ':
			return 'i'
		}
		return unicode.ToLower(r)
	}, s)
}

// shapes are endings of surnames; a word that is in no list and ends so is taken for one when something else speaks for
// it.
var shapes = []string{"ski", "sky", "ska", "cki", "wicz", "vich", "vic", "ovic", "enko", "chuk", "yuk", "ov", "ova",
	"ev", "eva", "iev", "kin", "kina", "yan", "ian", "dze", "shvili",
	"oglu", "poulos", "opoulou", "akis", "idis", "iadis", "escu", "eanu", "sson", "sen", "dottir", "strom", "qvist",
	"berg", "stein", "mann", "bauer", "meyer", "ez", "elli",
	"etti", "ini", "ucci", "acci", "aldi", "inho", "eira", "ejo", "inen", "nen", "ssen", "stra", "sma", "ema", "singh",
	"wala", "palli", "murthy", "swamy", "nathan", "ов", "ова", "ев", "ева", "ёв", "ёва", "ский", "ская", "енко", "чук",
	"worth", "ington", "field", "zadeh", "pour"}

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
	var key string
	if !ok {
		key = foldName(w)
		f, ok = g[key]
	}
	if !ok && strings.Contains(w, "-") {
		f = g.joined(key)
		ok = f != 0
	}
	if !ok {
		if strings.HasPrefix(w, "Mc") && len(w) > 4 || strings.HasPrefix(w, "O'") || strings.HasPrefix(w, "O’") ||
			strings.HasPrefix(w, "Mac") && len(w) > 6 && unicode.IsUpper(rune(w[3])) {
			f |= IsLast
		} else if len(key) > 5 {
			for _, end := range shapes {
				if strings.HasSuffix(key, end) {
					f |= isShape
					break
				}
			}
			for _, end := range []string{"ович", "евич", "овна", "евна"} { // patronymics
				if strings.HasSuffix(key, end) {
					f |= IsFirst
				}
			}
		}
	}
	if len(w) > 2 && w[1] < 'a' && w == strings.ToUpper(w) {
		f |= isCaps
	}
	if utf8.RuneCountInString(w) == 1 {
		f = f&^(IsFirst|IsLast) | isInitial
	}
	return f
}
