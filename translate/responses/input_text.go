package responses

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// inputText reads the text out of the arguments of a custom tool, {"input":"…"}, while they grow (R-RSP-90).
type inputText struct {
	text   strings.Builder // what was told
	raw    string          // what comes next, not decoded yet
	inside bool            // of the string
	over   bool            // behind it
	odd    bool            // another shape: all of it is told at the end
}

// take gives what a further piece of the arguments adds to the text.
func (t *inputText) take(piece string) string {
	if t.over || t.odd {
		return ""
	}
	t.raw += piece
	if !t.inside {
		rest, fits, enough := opening(t.raw)
		if t.odd = !fits; t.odd || !enough {
			return ""
		}
		t.inside, t.raw = true, rest
	}
	end, closed := whole(t.raw)
	text, err := jsontext.AppendUnquote(nil, `"`+t.raw[:end]+`"`)
	if err != nil {
		return ""
	}
	t.raw, t.over = t.raw[end:], closed
	t.text.Write(text)
	return string(text)
}

// opening cuts {"input":" from the front, whatever white space stands between.
func opening(s string) (rest string, fits, enough bool) {
	for _, token := range [...]string{"{", `"input"`, ":", `"`} {
		s = strings.TrimLeft(s, " \t\r\n")
		if len(s) < len(token) {
			return "", strings.HasPrefix(token, s), false
		}
		if !strings.HasPrefix(s, token) {
			return "", false, false
		}
		s = s[len(token):]
	}
	return s, true, true
}

// whole is how much of a growing JSON string is sure to be decoded right, without half an escape or half a pair of
// surrogates; closed tells that its end is there.
func whole(s string) (end int, closed bool) {
	for i := 0; i < len(s); {
		switch {
		case s[i] == '"':
			return i, true
		case s[i] != '\\':
			i++
		case i+1 == len(s):
			return i, false
		case s[i+1] != 'u':
			i += 2
		case i+6 > len(s):
			return i, false
		default:
			if s[i+2] == 'd' || s[i+2] == 'D' { // perhaps the first of a pair
				if strings.ContainsRune("89abAB", rune(s[i+3])) && i+12 > len(s) {
					return i, false
				}
			}
			i += 6
			if strings.EqualFold(s[i-4:i-3], "d") && strings.ContainsRune("89abAB", rune(s[i-3])) && i+6 <= len(s) &&
				s[i:i+2] == `\u` {
				i += 6
			}
		}
		end = i
	}
	return end, false
}

// rest is what is left to tell at the end of all arguments: all of them where they have another shape.
func (t *inputText) rest(arguments string) string {
	if t.over || t.text.Len() > 0 {
		return ""
	}
	var in struct {
		Input *string `json:"input"`
	}
	text := arguments
	if json.Unmarshal([]byte(arguments), &in) == nil && in.Input != nil {
		text = *in.Input
	}
	t.text.WriteString(text)
	return text
}
