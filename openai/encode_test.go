package openai

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzAppendString: any Go string becomes a JSON string that reads back the same, but for invalid UTF-8, and is one
// line.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "a", "\"\\\b\f\n\r\t\x00\x7f", "<&>\u2028", "é😀", "\xff\xc0a", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := appendString([]byte("["), s)
		var got []string
		if err := json.Unmarshal(append(b, ']'), &got); err != nil {
			t.Fatalf("%v: %s", err, b)
		}
		var want string
		for _, r := range s { // each invalid byte gives U+FFFD
			want += string(r)
		}
		if got[0] != want {
			t.Errorf("%q came back as %q", s, got[0])
		}
		if strings.ContainsAny(string(b), "\r\n") {
			t.Errorf("%q is not one line of a stream", b)
		}
	})
}
