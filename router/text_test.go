package router

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCount(t *testing.T) {
	for text, want := range map[string][2]int{
		"": {0, 0}, " \n\t": {0, 1}, "a": {1, 1}, "two  words": {2, 3}, "über alles": {2, 3}, "a\u00a0b": {2, 1},
		"東京に行く": {3, 5}, "한국어": {2, 3}, "GPT は 良い": {3, 5}, "don't stop-gap": {2, 4}, "Привет мир": {2, 5},
		"\xff\xfe": {1, 1},
	} {
		if words, tokens := count(text); words != want[0] || tokens != want[1] {
			t.Errorf("%q: %d words, %d tokens, want %v", text, words, tokens, want)
		}
	}
}

func TestCodeAndMath(t *testing.T) {
	for text, want := range map[string]string{
		"":                                          "",
		"Tell me about the history of Rome.":        "",
		"I have 2 dogs.":                            "",
		"It happened between 1914 and 1918.":        "",
		"Write a Python function to sort a list":    "code",
		"```\nx\n```":                               "code",
		"def f(x):\n    return x + 1":               "code",
		"SELECT name FROM users;\nWhy is it slow?":  "code",
		"Fix this: if (a == b && c != d) { go(); }": "code",
		"Java is an island; it is in Indonesia.":    "",
		"Solve 3x + 5 = 20":                         "math",
		"What is 12 * 7?":                           "math",
		"Compute $$\\int_0^1 x dx$$":                "math",
		"A baker sells 12 loaves at 3 dollars each. How much does he earn?": "math",
		"What is the derivative of x²?":                                     "math",
	} {
		got := ""
		if isCode(text) {
			got = "code"
		}
		if isMath(text) {
			got += "math"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzText: facts of a text never fail, and a word that stands alone in a text is found.
func FuzzText(f *testing.F) {
	f.Add("step by step", "do it Step  by\nstep!")
	f.Add("c++", "c+++")
	f.Add("é", "É\xff")
	f.Fuzz(func(t *testing.T, word, text string) {
		words, tokens := count(text)
		if words < 0 || tokens < 0 || tokens > len(text)+1 || words > len(text) {
			t.Errorf("%d words, %d tokens", words, tokens)
		}
		isCode(text)
		isMath(text)
		set := newWordSet(word)
		set.in(text)
		if utf8.ValidString(word) && strings.TrimSpace(word) != "" && strings.ToLower(word) == word &&
			!set.in(text+" "+word+" ") && !strings.ContainsRune(word, utf8.RuneError) {
			t.Errorf("%q is not found", word)
		}
	})
}
