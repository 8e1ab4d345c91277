package chat

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// The functions here cut JSON that is known to be valid into pieces without decoding it, so that bytes stay bytes.

// span is where a member of an object stands in the object's bytes.
type span struct{ name, value, end int }

// membersAt calls yield with the place of each member of an object until it returns false.
func membersAt(object []byte, yield func(span) bool) {
	i := skipSpace(object, 0)
	if i >= len(object) || object[i] != '{' {
		return
	}
	for i = skipSpace(object, i+1); i < len(object) && object[i] == '"'; i = skipSpace(object, i+1) {
		m := span{name: i}
		m.value = skipSpace(object, skipSpace(object, skipValue(object, i))+1) // past the colon
		m.end = skipValue(object, m.value)
		if !yield(m) {
			return
		}
		if i = skipSpace(object, m.end); i >= len(object) || object[i] != ',' {
			return
		}
	}
}

// members calls yield with each member of an object until it returns false; name is decoded, value are the bytes.
func members(object []byte, yield func(name string, value []byte) bool) {
	membersAt(object, func(m span) bool {
		return yield(memberName(object, m), object[m.value:m.end])
	})
}

func memberName(object []byte, m span) string {
	return unquote(object[m.name:skipValue(object, m.name)])
}

// elements calls yield with each element of an array.
func elements(array []byte, yield func(value []byte)) {
	i := skipSpace(array, 0)
	if i >= len(array) || array[i] != '[' {
		return
	}
	for i = skipSpace(array, i+1); i < len(array) && array[i] != ']'; i = skipSpace(array, i+1) {
		end := skipValue(array, i)
		yield(array[i:end])
		if i = skipSpace(array, end); i >= len(array) || array[i] != ',' {
			return
		}
	}
}

// kindOf is the first byte of a JSON value.
func kindOf(value []byte) byte {
	if i := skipSpace(value, 0); i < len(value) {
		return value[i]
	}
	return 0
}

func emptyObject(value []byte) bool {
	i := skipSpace(value, 0)
	if i >= len(value) || value[i] != '{' {
		return false
	}
	i = skipSpace(value, i+1)
	return i < len(value) && value[i] == '}'
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipValue is the index after the value that starts at i.
func skipValue(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = closingQuote(b, i)
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

func closingQuote(b []byte, i int) int {
	for i++; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i
}

func unquote(quoted []byte) string {
	if len(quoted) >= 2 && bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	text, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return string(quoted)
	}
	return string(text)
}

// quote appends s as a JSON string.
func quote(b []byte, s string) []byte {
	out, err := jsontext.AppendQuote(b, s)
	if out == nil && err != nil {
		return append(b, `""`...)
	}
	return out
}

// isObject tells whether text is one JSON object.
func isObject(b []byte) bool {
	return kindOf(b) == '{' && jsontext.Value(b).IsValid(jsontext.AllowDuplicateNames(true))
}

// fields is a JSON object in the making, in the order in which its members were added.
type fields struct{ list []field }

type field struct {
	name  string
	value []byte
}

func (f *fields) add(name string, value []byte) { f.list = append(f.list, field{name, value}) }

func (f *fields) json() []byte {
	b := []byte{'{'}
	for i, x := range f.list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(quote(b, x.name), ':')
		b = append(b, x.value...)
	}
	return append(b, '}')
}

// merge lays the members of an object over f: objects are merged, of other values the new one wins, and lists named
// anthropic_beta are united in first-seen order (R-EXT-03).
func (f *fields) merge(object []byte) {
	places := make(map[string]int, len(f.list))
	for i, x := range f.list {
		places[x.name] = i
	}
	for _, x := range distinct(object) {
		i, there := places[x.name]
		switch {
		case !there:
			f.add(x.name, x.value)
		case kindOf(f.list[i].value) == '{' && kindOf(x.value) == '{':
			var inner fields
			inner.merge(f.list[i].value)
			inner.merge(x.value)
			f.list[i].value = inner.json()
		case x.name == "anthropic_beta" && kindOf(f.list[i].value) == '[' && kindOf(x.value) == '[':
			f.list[i].value = unite(f.list[i].value, x.value)
		default:
			f.list[i].value = x.value
		}
	}
}

// distinct are the members of an object; of duplicates the last counts (R-REQ-01).
func distinct(object []byte) (list []field) {
	places := map[string]int{}
	members(object, func(name string, value []byte) bool {
		if i, there := places[name]; there {
			list[i].value = value
			return true
		}
		places[name] = len(list)
		list = append(list, field{name, value})
		return true
	})
	return list
}

func unite(a, b []byte) []byte {
	out := []byte{'['}
	seen := map[string]bool{}
	each := func(value []byte) {
		if seen[string(value)] {
			return
		}
		if len(seen) > 0 {
			out = append(out, ',')
		}
		seen[string(value)] = true
		out = append(out, value...)
	}
	elements(a, each)
	elements(b, each)
	return append(out, ']')
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func ptr[T any](v T) *T { return &v }
