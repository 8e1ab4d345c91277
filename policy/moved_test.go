package policy

import (
	"context"
	"testing"
)

func TestMoved(t *testing.T) {
	s := newPolicy(t, Config{Redaction: Redaction{Enabled: true, Action: Tokenize, Entities: []string{"EMAIL"}}}).Begin()
	if _, err := s.Inspect(context.Background(), Input,
		[]Text{{Value: "bob@example.org and al@b.example.org"}}); err != nil {
		t.Fatal(err)
	}
	text := "ä <EMAIL_1> ö <EMAIL_2> ü <EMAIL_7>"
	whole, moves := s.Vault().Restore(text, false)
	restored := []rune(whole)
	for _, word := range []string{"ä", "ö", "ü", "<EMAIL_7>"} {
		at := moves.Place(indexOf([]rune(text), word))
		if want := indexOf(restored, word); at != want {
			t.Errorf("%q is said to be at %d, and is at %d of %q", word, at, want, string(restored))
		}
	}
	if inside := moves.Place(5); inside != 2 {
		t.Errorf("inside of a placeholder: %d", inside)
	}
}

func indexOf(text []rune, word string) int {
	w := []rune(word)
	for i := range text {
		if i+len(w) <= len(text) && string(text[i:i+len(w)]) == word {
			return i
		}
	}
	return -1
}
