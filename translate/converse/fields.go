package converse

import (
	"strconv"

	"outcrop/internal/rawjson"
)

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
		b = append(rawjson.Quote(b, x.name), ':')
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
		case rawjson.Kind(f.list[i].value) == '{' && rawjson.Kind(x.value) == '{':
			var inner fields
			inner.merge(f.list[i].value)
			inner.merge(x.value)
			f.list[i].value = inner.json()
		case x.name == "anthropic_beta" && rawjson.Kind(f.list[i].value) == '[' && rawjson.Kind(x.value) == '[':
			f.list[i].value = unite(f.list[i].value, x.value)
		default:
			f.list[i].value = x.value
		}
	}
}

// distinct are the members of an object; of duplicates the last counts (R-REQ-01).
func distinct(object []byte) (list []field) {
	places := map[string]int{}
	rawjson.Members(object, func(name string, value []byte) bool {
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
	rawjson.Elements(a, each)
	rawjson.Elements(b, each)
	return append(out, ']')
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func ptr[T any](v T) *T { return &v }
