package inspect

import (
	"strings"
	"testing"
)

// A string ends at the first quote that no backslash takes the meaning of, wherever the pieces of a stream are cut.
func TestLiteralInPieces(t *testing.T) {
	for _, whole := range []string{`""`, `"a"`, `"a\"b"`, `"a\\"`, `"\\\""`, `"\u0022x"`} {
		for cut := 1; cut <= len(whole); cut++ {
			var l literal
			rest, done := l.take(whole[:cut] + strings.Repeat(", 1", cut/len(whole)))
			if cut < len(whole) {
				if done || rest != "" {
					t.Fatalf("%s ends within %s, before %s", whole, whole[:cut], rest)
				}
				rest, done = l.take(whole[cut:] + ", 1")
			}
			if got := l.end(); !done || got != whole || rest != ", 1" {
				t.Errorf("%s cut at %d: %s, then %q, whole %v", whole, cut, got, rest, done)
			}
			if l.Len() != 0 || l.escaped {
				t.Errorf("%s leaves something to the next string", whole)
			}
		}
	}
}

// Between strings only marks, and numbers and names that are whole, go out; anything else is no JSON.
func TestBetweenStrings(t *testing.T) {
	for text, want := range map[string]int{
		"{x": 1, " 1": 1, ",": 1, "12,": 2, "-1.5e+3}": 7, "true]": 4, "null,": 4, "false}": 5,
		"12": 0, "tru": 0, "nul": 0, strings.Repeat("1", longestBare): 0,
		strings.Repeat("1", longestBare+1): -1, "words and": -1, "True,": -1, "nil,": -1, "falsch}": -1,
	} {
		if got := bareLen(text); got != want {
			t.Errorf("%.20q: %d, want %d", text, got, want)
		}
	}
}
