package policy

import (
	"context"
	"testing"
)

func TestMoved(t *testing.T) {
	s := newPolicy(t, Config{Redaction: Redaction{Enabled: true, Action: Tokenize, Entities: []string{"EMAIL"}}}).Begin()
	if _, err := s.Inspect(context.Background(), Input, []Text{{Value: "bob@example.org and al@b.example.org"}}); err != nil {
		t.Fatal(err)
	}
	text := "ä <EMAIL_1> ö <EMAIL_2> ü <EMAIL_7>"
	restored := []rune(s.Vault().Restore(text))
	for _, word := range []string{"ä", "ö", "ü", "<EMAIL_7>"} {
		at := indexOf([]rune(text), word)
		s.Vault().Moved(text, &at)
		if want := indexOf(restored, word); at != want {
			t.Errorf("%q is said to be at %d, and is at %d of %q", word, at, want, string(restored))
		}
	}
	inside := 5
	if s.Vault().Moved(text, &inside); inside != 2 {
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
