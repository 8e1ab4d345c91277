package score

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"

	"outcrop/internal/wordlist"
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
		i := scriptOf(r)
		if i >= 0 {
			signs[i]++
			if t, ok := tells[scripts[i].language]; ok && strings.ContainsRune(t.letters, r) {
				special++
			}
		} else if r < scripts[0].from && unicode.IsLetter(r) {
			latin++
		}
	}
	const kana, han = 6, 7
	if signs[kana] > 0 && signs[kana]*4 >= signs[han] { // Japanese is written with both
		signs[kana] += signs[han]
	}
	most := mostOf(signs[:])
	if signs[most]*3 <= latin { // a sign says as much as several Latin letters, and foreign names stand among them
		return ""
	}
	language := scripts[most].language
	if t := tells[language]; special*max(1, t.oneIn) >= signs[most] && t.language != "" {
		return t.language
	}
	return language
}

// scriptOf gives the index of the script that a sign is of, -1 for none of scripts.
func scriptOf(r rune) int {
	for i := 0; i < len(scripts) && r >= scripts[i].from; i++ {
		if r < scripts[i].to {
			return i
		}
	}
	return -1
}

// mostOf gives the index of the greatest count, the first of several.
func mostOf(counts []int) int {
	most := 0
	for i := range counts {
		if counts[i] > counts[most] {
			most = i
		}
	}
	return most
}

//go:embed languages.txt
var languageFile string

// common are frequent short words, each with a bit for every one of languages that has it.
var common = languagesOf(wordlist.Parse(languageFile))

// languages are those of common, in the order in which ties are decided.
var languages = [...]string{"en", "de", "fr", "es", "pt", "it", "nl", "sv", "pl", "tr"}

func languagesOf(words wordlist.Lists) map[string]uint16 {
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
	best := mostOf(votes[:])
	if votes[best] == 0 || letters == 0 {
		return ""
	}
	return languages[best]
}
