package converse

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// This file reads structured answers (TRANSLATION 1.8): the input of the forced tool as content, JSON out of a Markdown
// fence, a root out of its wrapper. What is held back is told by Finish at the latest.

// structured takes text of an answer that is to be JSON and gives what may be sent of it now.
func (r *Reader) structured(s string) string {
	if r.asked {
		return "" // text beside the forced call (R-FMT-05)
	}
	if r.Context.Answer.Tool == "" && !r.Context.Answer.Unwrap && !r.whole {
		return r.json.push(s)
	}
	r.json.add(s)
	return ""
}

// askedCall makes a call of the forced tool the answer. Any call counts: no other tool was sent.
func (r *Reader) askedCall(b *Content) {
	if r.asked {
		b.ignored = true
		r.Adjusted.Add(r.Names.Parallel, "extra_calls_dropped")
		return
	}
	r.asked = true
	r.json = jsonText{}
	b.content, b.blank = true, true
}

// contentInput takes a fragment of the forced tool's input. It is held while it may turn out to be wrapped.
func (r *Reader) contentInput(b *Content, fragment string) {
	how := &r.Context.Answer
	if b.sent {
		r.say(b, fragment)
		return
	}
	b.held = append(b.held, fragment...)
	if how.Unwrap || !how.Properties && mayWrap(b.held, "properties") {
		return
	}
	b.sent = true
	r.say(b, string(b.held))
}

// closeContent ends the forced tool's input.
func (r *Reader) closeContent(b *Content) {
	switch {
	case b.blank:
		r.say(b, "{}")
	case !b.sent:
		r.say(b, r.unwrapped(string(b.held)))
	}
}

// unwrapped takes a value out of what it stands in.
func (r *Reader) unwrapped(s string) string {
	if !r.Context.Answer.Properties && r.Context.Answer.Tool != "" {
		s = unwrap(s, "properties") // R-FMT-09
	}
	if r.Context.Answer.Unwrap {
		s = unwrap(s, "value") // R-FMT-08
	}
	return s
}

// flushJSON tells the text that was held back.
func (r *Reader) flushJSON() {
	how := &r.Context.Answer
	if len(r.json.raw) == 0 {
		return
	}
	var rest string
	if how.Clean {
		var ok bool
		if rest, ok = r.json.end(); !ok && r.Calls == 0 { // beside calls the text is not the answer yet
			r.Adjusted.Add(r.Names.Format, "not_json")
		}
	} else {
		rest = string(r.json.raw)
	}
	if how.Unwrap {
		rest = unwrap(rest, "value")
	}
	r.json = jsonText{}
	r.say(r.spoken, rest)
}

// jsonText cleans a text that should be one JSON value (R-FMT-07). Pushed piece by piece it gives out the value as it
// comes: held are the opening fence, white space, and what may be the closing fence. Of a fenced text that turns out
// not to be JSON after its value has begun, only the opening fence is gone; told whole, such a text stays unchanged.
type jsonText struct {
	raw    []byte
	points int // code points of raw
	lead   int // bytes of raw before the value
	sent   int // bytes of raw that were given out or left out
	mode   jsonMode
}

type jsonMode uint8

const (
	undecided jsonMode = iota
	bareValue
	fencedValue
	prose // not JSON: given out as it is
)

func (j *jsonText) add(s string) {
	j.raw = append(j.raw, s...)
	j.points += utf8.RuneCountInString(s)
}

// size is how many code points of the value are there so far, given out or held. It decides on a copy: only the text
// that is told in pieces is decided before its end.
func (j jsonText) size() int {
	if j.mode == undecided {
		j.decide()
	}
	if j.mode == undecided {
		return 0
	}
	return j.points - utf8.RuneCount(j.raw[:j.lead])
}

func (j *jsonText) push(s string) string {
	j.add(s)
	if j.mode == undecided {
		j.decide()
	}
	end := len(j.raw)
	switch j.mode {
	case undecided:
		return ""
	case bareValue:
		end = len(bytes.TrimRight(j.raw, jsonSpace))
	case fencedValue:
		end = len(bytes.TrimRight(j.raw, jsonSpace+"`"))
	}
	if end <= j.sent {
		return ""
	}
	out := string(j.raw[j.sent:end])
	j.sent = end
	return out
}

// decide looks at the beginning, once enough of it is there.
func (j *jsonText) decide() {
	text := bytes.TrimLeft(j.raw, jsonSpace)
	mode := bareValue
	if bytes.HasPrefix(text, []byte(fence)) {
		info, body, ok := bytes.Cut(text, []byte("\n"))
		if !ok || bytes.ContainsAny(info, valueMarks) {
			return // too early to tell, or so odd that only the whole tells
		}
		text, mode = bytes.TrimLeft(body, jsonSpace), fencedValue
	} else if strings.HasPrefix(fence, string(text)) {
		return
	}
	if len(text) == 0 {
		return
	}
	if strings.IndexByte(`{["-0123456789tfn`, text[0]) < 0 {
		j.mode = prose
		return
	}
	j.lead = len(j.raw) - len(text)
	j.mode, j.sent = mode, j.lead
}

// end gives the rest, and whether the whole is one JSON value.
func (j *jsonText) end() (rest string, ok bool) {
	from, to, ok := jsonIn(j.raw)
	switch {
	case !ok:
		return string(j.raw[j.sent:]), false
	case j.sent > from:
		from = j.sent
	}
	return string(j.raw[from:to]), true
}

const (
	fence      = "```"
	valueMarks = `{["` // no info string of a fence has them, so a value begins on the fence's own line
)

// jsonIn finds the one JSON value of a text, within white space and at most one fence.
func jsonIn(text []byte) (from, to int, ok bool) {
	value := bytes.Trim(text, jsonSpace)
	if inner, fenced := bytes.CutPrefix(value, []byte(fence)); fenced {
		inner, fenced = bytes.CutSuffix(inner, []byte(fence))
		if !fenced {
			return 0, 0, false
		}
		if info, body, lines := bytes.Cut(inner, []byte("\n")); lines && !bytes.ContainsAny(info, valueMarks) {
			inner = body
		}
		value = bytes.Trim(inner, jsonSpace)
	}
	if !jsontext.Value(value).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
		return 0, 0, false
	}
	from = cap(text) - cap(value) // value is a piece of text, and the capacity of a slice counts from its start
	return from, from + len(value), true
}

// mayWrap tells whether a JSON text that has begun like this may be an object whose first member has that name.
func mayWrap(begun []byte, name string) bool {
	want := `{"` + name + `":`
	seen := strings.Map(func(r rune) rune {
		if strings.ContainsRune(jsonSpace, r) {
			return -1
		}
		return r
	}, string(begun[:min(len(begun), 256)]))
	return strings.HasPrefix(want, seen) || strings.HasPrefix(seen, want)
}

// unwrap gives the value of an object's only member, if it has that name, else the text as it is.
func unwrap(text, name string) string {
	var inner string
	n := 0
	if ok := eachMember(text, func(member string, value jsontext.Value) {
		n++
		if member == name {
			inner = string(value)
		}
	}); !ok || n != 1 || inner == "" {
		return text
	}
	return inner
}

// eachMember tells the members of a JSON object, and whether the text is one.
func eachMember(text string, member func(name string, value jsontext.Value)) bool {
	d := jsontext.NewDecoder(strings.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return false
	}
	for d.PeekKind() == '"' {
		t, err := d.ReadToken()
		if err != nil {
			return false
		}
		name := t.String()
		value, err := d.ReadValue()
		if err != nil {
			return false
		}
		member(name, value)
	}
	if t, err := d.ReadToken(); err != nil || t.Kind() != '}' {
		return false
	}
	return d.PeekKind() == 0
}
