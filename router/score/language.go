package score

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Language tells the language of a text by its script, or by its commonest words: two letters (ISO 639-1), "" when it
// is not clear. It reads the beginning only.
func Language(s string) string {
	const enough = 2000
	if len(s) > enough {
		s = s[:enough]
	}
	if l := byScript(s); l != "" {
		return l
	}
	return byWords(s)
}

// script is a range of signs that few languages are written with.
type script struct {
	from, to rune
	language string
}

// scripts are in order of their signs. Letters that only one of two languages has stand in tells.
var scripts = [...]script{
	{0x0370, 0x0400, "el"}, {0x0400, 0x0530, "ru"}, {0x0590, 0x0600, "he"}, {0x0600, 0x0780, "ar"}, {0x0900, 0x0980, "hi"},
	{0x0E00, 0x0E80, "th"}, {0x3040, 0x3100, "ja"}, {0x3400, 0xA000, "zh"}, {0xAC00, 0xD7A4, "ko"},
}

// tells are the letters that tell a language from the one that its script stands for, and how many of all letters they
// must be.
var tells = map[string]struct {
	letters, language string
	oneIn             int
}{
	"ru": {"іїєґ", "uk", 30}, "ar": {"پچژگیک", "fa", 20},
}

// byScript decides where most letters are of a script that few languages have.
func byScript(s string) string {
	var signs [len(scripts)]int
	latin, special := 0, 0
	for _, r := range s {
		if r < scripts[0].from {
			if unicode.IsLetter(r) {
				latin++
			}
			continue
		}
		for i := range scripts {
			if r >= scripts[i].from && r < scripts[i].to {
				signs[i]++
				if t, ok := tells[scripts[i].language]; ok && strings.ContainsRune(t.letters, r) {
					special++
				}
				break
			}
		}
	}
	const kana, han = 6, 7
	if signs[kana] > 0 && signs[kana]*4 >= signs[han] { // Japanese is written with both
		signs[kana] += signs[han]
	}
	most := 0
	for i := range signs {
		if signs[i] > signs[most] {
			most = i
		}
	}
	if signs[most]*3 <= latin { // a sign says as much as several Latin letters, and foreign names stand among them
		return ""
	}
	language := scripts[most].language
	if t := tells[language]; special*max(1, t.oneIn) >= signs[most] && t.language != "" {
		return t.language
	}
	return language
}

// common are frequent short words by language. A word of several languages counts for each.
var common = languagesOf(map[string][]string{
	"en": {"the", "and", "of", "to", "is", "are", "what", "how", "why", "in", "that", "it", "for", "with", "this", "you",
		"my", "please", "from", "if", "can", "does", "write", "explain", "a", "i"},
	"de": {"der", "die", "das", "und", "ist", "nicht", "ein", "eine", "wie", "was", "warum", "mit", "für", "auf", "den",
		"dem", "im", "zu", "ich", "du", "bitte", "sind", "von", "es", "mir"},
	"fr": {"le", "la", "les", "des", "et", "est", "un", "une", "que", "qui", "pour", "dans", "avec", "pourquoi", "comment",
		"je", "vous", "du", "au", "ce", "sont", "pas", "moi", "de", "quel", "quelle"},
	"es": {"el", "la", "los", "las", "y", "es", "un", "una", "que", "por", "para", "con", "qué", "cómo", "del", "en", "no",
		"se", "su", "son", "de", "cuál", "puedes", "mi", "lo"},
	"pt": {"o", "os", "as", "e", "é", "um", "uma", "que", "por", "para", "com", "não", "do", "da", "em", "como", "se",
		"são", "de", "qual", "você", "ao", "na", "no", "isso"},
	"it": {"il", "lo", "gli", "e", "è", "un", "una", "che", "per", "con", "non", "di", "del", "della", "come", "sono",
		"perché", "nel", "mi", "si", "da", "quale", "cosa", "la", "alla"},
	"nl": {"de", "het", "een", "en", "is", "niet", "van", "wat", "hoe", "waarom", "met", "voor", "op", "ik", "je", "zijn",
		"dat", "te", "aan", "deze", "kun", "mijn"},
	"sv": {"och", "är", "att", "en", "ett", "det", "som", "på", "för", "inte", "med", "hur", "vad", "varför", "jag", "du",
		"av", "till", "den"},
	"pl": {"i", "jest", "w", "na", "nie", "to", "z", "się", "jak", "co", "dlaczego", "dla", "że", "do", "czy", "są",
		"od", "proszę"},
	"tr": {"ve", "bir", "bu", "için", "ne", "nasıl", "neden", "ile", "mi", "mı", "da", "de", "çok", "olan", "var",
		"nedir", "lütfen"},
})

// languages are those of common, in the order in which ties are decided.
var languages = [...]string{"en", "de", "fr", "es", "pt", "it", "nl", "sv", "pl", "tr"}

func languagesOf(words map[string][]string) map[string]uint16 {
	all := map[string]uint16{}
	for i, language := range languages {
		for _, w := range words[language] {
			all[w] |= 1 << i
		}
	}
	return all
}

// byWords decides where words of one language stand out.
func byWords(s string) string {
	var votes [len(languages)]int
	var buf [32]byte
	word, letters := buf[:0], 0
	end := func() {
		if mask := common[string(word)]; mask != 0 { // no string is made for a look-up
			for i := range votes {
				votes[i] += int(mask>>i) & 1
			}
		}
		word = buf[:0]
	}
	for _, r := range s {
		if !unicode.IsLetter(r) {
			end()
			continue
		}
		letters++
		if len(word) < len(buf)-utf8.UTFMax {
			word = utf8.AppendRune(word, unicode.ToLower(r))
		}
	}
	end()
	best := 0
	for i := range votes {
		if votes[i] > votes[best] {
			best = i
		}
	}
	if votes[best] == 0 || letters == 0 {
		return ""
	}
	return languages[best]
}
