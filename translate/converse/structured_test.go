package converse

import (
	"strings"
	"testing"
)

// FuzzJSONText cuts a text into pieces: what comes out piece by piece is what the whole text gives. Of what is not JSON
// a stream may lose no more than white space and the fence at its beginning.
func FuzzJSONText(f *testing.F) {
	f.Add("```json\n{\"a\": \"`x`\"}\n```\n", byte(3))
	f.Add(" [1, 2]  ", byte(1))
	f.Add("```{\"a\":\n1}```", byte(2))
	f.Add("I cannot do that. ```", byte(4))
	f.Add("```json\n{\"a\": 1", byte(5))
	f.Fuzz(func(t *testing.T, text string, size byte) {
		n := int(size)%16 + 1
		var j jsonText
		var got string
		for rest := text; rest != ""; {
			k := min(n, len(rest))
			got += j.push(rest[:k])
			rest = rest[k:]
		}
		rest, ok := j.end()
		got += rest
		whole, valid := (&jsonText{raw: []byte(text)}).end()
		switch {
		case ok != valid:
			t.Errorf("%v and %v for %q", ok, valid, text)
		case ok && got != whole:
			t.Errorf("%q and %q for %q", got, whole, text)
		case !ok && whole != text:
			t.Errorf("%q was changed to %q", text, whole)
		case !ok && !strings.HasSuffix(text, got):
			t.Errorf("%q came out as %q", text, got)
		}
	})
}
