package openai

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// decoder reads one JSON object member by member. The first fault sticks, with its path; every later read is a no-op,
// so that the code which names the members needs no error handling. Null reads as absent everywhere.
type decoder struct {
	dec     *jsontext.Decoder
	err     *Error
	unknown Unknown
	top     forgotten
	nested  forgotten
	outer   *decoder // which has just read the value that dec reads; nil at the root
	entries *int     // of all lists and maps of the request
}

// A client pays two bytes for an entry of a list, and what is made of it takes a hundred times that. So entries are
// counted before anything is made of them: in one list, and in all lists and maps of a request together.
const (
	mostInList  = 16_384
	mostInLists = 524_288
)

// within reads the members of an object whose bytes were kept by raw; it does nothing for nil.
func (d *decoder) within(raw jsontext.Value, member func(d *decoder, name string)) {
	if raw == nil || d.err != nil {
		return
	}
	inner := decoder{
		dec:     jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true)),
		unknown: d.unknown, nested: d.nested, outer: d, entries: d.entries,
	}
	inner.object(func(name string) { member(&inner, name) })
	d.err, d.unknown, d.nested = inner.err, inner.unknown, inner.nested
}

// decodeObject reads body, which must be exactly one JSON object in UTF-8 (R-REQ-01), and calls member for each of its
// members. Raw values that member keeps are slices of body.
func decodeObject(body []byte, member func(d *decoder, name string)) (Unknown, *Error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if i := invalidUTF8(body); i >= 0 {
		return Unknown{}, malformed(int64(i), "invalid UTF-8")
	}
	body = replaceLoneSurrogates(body)
	d := decoder{dec: jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true)), entries: new(int)}
	switch d.dec.PeekKind() {
	case '{':
	case 0:
		_, err := d.dec.ReadToken()
		d.syntax(err)
		return Unknown{}, d.err
	default:
		return Unknown{}, malformed(d.dec.InputOffset(), "the body must be a JSON object")
	}
	d.object(func(name string) { member(&d, name) })
	if d.err == nil {
		if _, err := d.dec.ReadToken(); err == nil {
			d.err = malformed(d.dec.InputOffset(), "text after the JSON object")
		} else if !errors.Is(err, io.EOF) {
			d.syntax(err)
		}
	}
	return Unknown{Top: d.top.settle(d.unknown.Top), Nested: d.nested.settle(d.unknown.Nested)}, d.err
}

// object reads an object and calls member with each name; member must read or skip the value. It tells whether there
// was an object.
func (d *decoder) object(member func(name string)) bool {
	if !d.open('{', "an object") {
		return false
	}
	for d.err == nil && d.dec.PeekKind() != '}' {
		tok, err := d.dec.ReadToken()
		if err != nil {
			d.syntax(err)
			return false
		}
		member(tok.String())
	}
	d.close()
	return d.err == nil
}

// array reads an array and calls item for each element; item must read it. It tells whether there was an array.
func (d *decoder) array(item func()) bool { return d.arrayOf(mostInList, item) }

// arrayOf is array for lists of so many entries at most.
func (d *decoder) arrayOf(most int, item func()) bool {
	if !d.open('[', "an array") {
		return false
	}
	for n := 0; d.err == nil && d.dec.PeekKind() != ']'; n++ {
		if n == most {
			d.tooLong(most)
			return false
		}
		if !d.entry() {
			return false
		}
		item()
	}
	d.close()
	return d.err == nil
}

// entry counts one more entry of a list or map, and refuses a request of too many.
func (d *decoder) entry() bool {
	if *d.entries++; *d.entries > mostInLists {
		path := d.listPath()
		d.err = Invalidf(CodeArrayAboveMax, path, "Invalid '%s': too many entries. All lists of a request together have "+
			"at most %d.", path, mostInLists)
	}
	return d.err == nil
}

// tooLong refuses the array that is being read, of which so many entries were read; it counts the others.
func (d *decoder) tooLong(most int) {
	n := most
	for ; d.err == nil && d.dec.PeekKind() != ']'; n++ {
		d.skip()
	}
	if d.err == nil {
		path := d.listPath()
		d.err = Invalidf(CodeArrayAboveMax, path, "Invalid '%s': array too long. Expected an array with maximum length "+
			"%d, but got an array with length %d instead.", path, most, n)
	}
}

// listPath is the path of the list that is being read, before or behind one of its entries.
func (d *decoder) listPath() string {
	path := d.path()
	if i := strings.LastIndexByte(path, '['); i >= 0 && strings.HasSuffix(path, "]") {
		return path[:i]
	}
	return path
}

func (d *decoder) open(kind jsontext.Kind, want string) bool {
	if !d.is(kind, want) {
		return false
	}
	if _, err := d.dec.ReadToken(); err != nil {
		d.syntax(err)
	}
	return d.err == nil
}

func (d *decoder) close() {
	if d.err != nil {
		return
	}
	if _, err := d.dec.ReadToken(); err != nil {
		d.syntax(err)
	}
}

// is tells whether the next value is of the kind. A null is consumed without complaint, any other kind is a fault.
func (d *decoder) is(kind jsontext.Kind, want string) bool {
	if d.err != nil {
		return false
	}
	got := d.dec.PeekKind()
	if got == kind {
		return true
	}
	if err := d.dec.SkipValue(); err != nil {
		d.syntax(err)
	} else if got != 'n' {
		d.wrongType(want, got)
	}
	return false
}

// skip reads past a member that is known and means nothing here.
func (d *decoder) skip() {
	if d.err != nil {
		return
	}
	if err := d.dec.SkipValue(); err != nil {
		d.syntax(err)
	}
}

// other records a member below the top level that nobody knows, unless it is null (R-GEN-02), and reads past it.
func (d *decoder) other(string) {
	switch d.kind() {
	case 'n':
		d.nested.forget(d.path, len(d.unknown.Nested))
	default:
		d.unknown.Nested = append(d.unknown.Nested, d.path())
	}
	d.skip()
}

// otherTop is other for a member at the top level.
func (d *decoder) otherTop(name string) {
	switch d.kind() {
	case 'n':
		d.top.forget(func() string { return name }, len(d.unknown.Top))
	default:
		d.unknown.Top = append(d.unknown.Top, name)
	}
	d.skip()
}

// forgotten says of an unknown member that was null how many had been recorded by then: one of its name among these
// does not count (R-REQ-01). To look for it right away would take minutes for a body that was made to that end.
type forgotten map[string]int

func (f *forgotten) forget(name func() string, recorded int) {
	if recorded == 0 {
		return
	}
	if *f == nil {
		*f = forgotten{}
	}
	(*f)[name()] = recorded
}

// settle is the list without those that do not count.
func (f forgotten) settle(list []string) []string {
	if f == nil {
		return list
	}
	kept := list[:0]
	for i, name := range list {
		if i >= f[name] {
			kept = append(kept, name)
		}
	}
	return kept
}

// kind is the kind of the next value: '{', '[', '"', '0', 't', 'f' or 'n'.
func (d *decoder) kind() jsontext.Kind {
	if d.err != nil {
		return 0
	}
	return d.dec.PeekKind()
}

// path is the JSON path of the value read last, in OpenAI's form: messages[2].content[0].text (R-REQ-04).
func (d *decoder) path() string {
	path := pathOf(d.dec.StackPointer())
	if d.outer == nil {
		return path
	}
	prefix := d.outer.path()
	if prefix != "" && path != "" && path[0] != '[' {
		return prefix + "." + path
	}
	return prefix + path
}

func pathOf(p jsontext.Pointer) string {
	var b strings.Builder
	for tok := range p.Tokens() {
		if tok != "" && strings.Trim(tok, "0123456789") == "" {
			b.WriteString("[" + tok + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(tok)
	}
	return b.String()
}

// wrongType reports the value read last.
func (d *decoder) wrongType(want string, got jsontext.Kind) {
	d.fail(CodeInvalidType, "expected "+want+", but got "+kindName(got)+" instead")
}

// fail reports the value read last.
func (d *decoder) fail(code, what string) {
	if d.err == nil {
		path := d.path()
		d.err = Invalidf(code, path, "Invalid %s for '%s': %s.", strings.TrimPrefix(code, "invalid_"), path, what)
		if code != CodeInvalidType && code != CodeInvalidValue {
			d.err.Message = fmt.Sprintf("Invalid value for '%s': %s.", path, what)
		}
	}
}

func (d *decoder) syntax(err error) {
	if d.err != nil {
		return
	}
	var syn *jsontext.SyntacticError
	switch {
	case errors.As(err, &syn):
		what := "the JSON is malformed"
		if syn.Err != nil {
			what = syn.Err.Error()
		}
		d.err = malformed(syn.ByteOffset, what)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		d.err = malformed(d.dec.InputOffset(), "the JSON ends too early")
	default:
		d.err = malformed(d.dec.InputOffset(), "the JSON is malformed")
		d.err.Err = err
	}
}

func malformed(offset int64, what string) *Error {
	return Invalidf(CodeInvalidJSON, "", "We could not parse the JSON body of your request: %s (at byte %d).", what,
		offset)
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a boolean"
	}
	return "null"
}
