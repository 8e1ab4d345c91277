// Package rawjson cuts JSON that is known to be valid into pieces without decoding it, so that bytes stay bytes.
//
// It judges nothing: what it is given must have been read by a decoder before. Start at Members.
package rawjson

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Span is where a member of an object stands in the object's bytes.
type Span struct{ Name, Value, End int }

// MembersAt calls yield with the place of each member of an object until it returns false.
func MembersAt(object []byte, yield func(Span) bool) {
	i := SkipSpace(object, 0)
	if i >= len(object) || object[i] != '{' {
		return
	}
	for i = SkipSpace(object, i+1); i < len(object) && object[i] == '"'; i = SkipSpace(object, i+1) {
		m := Span{Name: i}
		m.Value = SkipSpace(object, SkipSpace(object, SkipValue(object, i))+1) // past the colon
		m.End = SkipValue(object, m.Value)
		if !yield(m) {
			return
		}
		if i = SkipSpace(object, m.End); i >= len(object) || object[i] != ',' {
			return
		}
	}
}

// Members calls yield with each member of an object until it returns false; name is decoded, value are the bytes.
func Members(object []byte, yield func(name string, value []byte) bool) {
	MembersAt(object, func(m Span) bool {
		return yield(NameOf(object, m), object[m.Value:m.End])
	})
}

// NameOf is the decoded name of a member.
func NameOf(object []byte, m Span) string {
	return Unquote(object[m.Name:SkipValue(object, m.Name)])
}

// Elements calls yield with each element of an array.
func Elements(array []byte, yield func(value []byte)) {
	i := SkipSpace(array, 0)
	if i >= len(array) || array[i] != '[' {
		return
	}
	for i = SkipSpace(array, i+1); i < len(array) && array[i] != ']'; i = SkipSpace(array, i+1) {
		end := SkipValue(array, i)
		yield(array[i:end])
		if i = SkipSpace(array, end); i >= len(array) || array[i] != ',' {
			return
		}
	}
}

// Kind is the first byte of a JSON value.
func Kind(value []byte) byte {
	if i := SkipSpace(value, 0); i < len(value) {
		return value[i]
	}
	return 0
}

// IsEmptyObject tells whether a value is an object without members.
func IsEmptyObject(value []byte) bool {
	i := SkipSpace(value, 0)
	if i >= len(value) || value[i] != '{' {
		return false
	}
	i = SkipSpace(value, i+1)
	return i < len(value) && value[i] == '}'
}

// SkipSpace is the index of the first byte from i on that is no white space.
func SkipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// SkipValue is the index after the value that starts at i.
func SkipValue(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = ClosingQuote(b, i)
			if depth == 0 {
				return min(i+1, len(b))
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i // the end of what the scalar stands in
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ' ', '\n', '\t', '\r', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

// ClosingQuote is the index of the quote that ends the string which begins at i.
func ClosingQuote(b []byte, i int) int {
	for i++; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i
}

// Unquote decodes a JSON string; what is none is given back as it is.
func Unquote(quoted []byte) string {
	if len(quoted) >= 2 && bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	text, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return string(quoted)
	}
	return string(text)
}

// Quote appends s as a JSON string.
func Quote(b []byte, s string) []byte {
	out, err := jsontext.AppendQuote(b, s)
	if out == nil && err != nil {
		return append(b, `""`...)
	}
	return out
}

// IsObject tells whether text is one JSON object.
func IsObject(b []byte) bool {
	return Kind(b) == '{' && jsontext.Value(b).IsValid(jsontext.AllowDuplicateNames(true))
}
