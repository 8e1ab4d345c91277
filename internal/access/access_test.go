package access

import (
	"errors"
	"strings"
	"testing"

	"outcrop/openai"
)

func TestAdmit(t *testing.T) {
	g := NewGate([]string{"first-key", "second-key"})
	for _, tt := range []struct {
		name, key, code string
		ok              bool
	}{
		{"R-ERR-66 no key", "", "", false},
		{"R-ERR-66 wrong key", "third-key", "invalid_api_key", false},
		{"R-ERR-66 prefix of a key", "first-ke", "invalid_api_key", false},
		{"first", "first-key", "", true},
		{"second", "second-key", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := g.Admit(tt.key)
			if tt.ok {
				if err != nil || p.Key == "" || strings.Contains(tt.key, p.Key) {
					t.Fatalf("Admit = %+v, %v", p, err)
				}
				return
			}
			var e *openai.Error
			if !errors.As(err, &e) || e.Kind != openai.Unauthenticated || e.Code != tt.code {
				t.Fatalf("error = %+v", err)
			}
			if tt.key != "" && strings.Contains(e.Message, tt.key) {
				t.Fatal("the message repeats the key")
			}
		})
	}
}

func TestOpenGate(t *testing.T) {
	if _, err := NewGate(nil).Admit(""); err != nil {
		t.Fatalf("a gate without keys refused: %v", err)
	}
}
