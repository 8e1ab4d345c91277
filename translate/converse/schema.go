package converse

import (
	"slices"
	"strings"

	"outcrop/internal/rawjson"
)

// nativeSchema rewrites a JSON Schema for Bedrock's constrained decoding (R-FMT-03): objects are closed, and bounds
// that it does not know move into the description. Nothing else changes, neither order nor white space. size is what
// its grammar costs. ok is false for a schema that cannot be said: open objects, recursion, references to anything
// but a definition of its own root, words that the service does not compile, more than deepestSchema schemas inside
// each other.
func nativeSchema(schema []byte) (out []byte, size grammar, ok bool) {
	r := rewriter{uses: map[string][]string{}, state: map[string]visit{"": unseen}}
	out = r.node(schema)
	return out, r.size, !r.bad && r.finite("")
}

// deepestSchema bounds the work: what stands inside is read once more for each schema around it. People and
// generators stay far below it.
const deepestSchema = 32

type rewriter struct {
	bad   bool
	size  grammar
	depth int                 // of the node that is being read; the root has 1
	at    string              // the definition whose inside is being read, "" outside all
	uses  map[string][]string // which definitions a definition refers to
	state map[string]visit    // of the root's definitions
}

// visit is how far the search for circles has come with a definition.
type visit uint8

const (
	unseen visit = iota
	entered
	left
)

// unknownBounds are the members that constrained decoding does not take.
var unknownBounds = []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
	"minItems", "maxItems"}

// piece is one member of a node: what stands before it, its name with the colon, and its value.
type piece struct {
	before, head, value []byte
	name                string
}

// node rewrites one schema.
func (r *rewriter) node(node []byte) []byte {
	if rawjson.Kind(node) != '{' {
		return node
	}
	if r.bad = r.bad || r.depth >= deepestSchema; r.bad {
		return node
	}
	r.depth++
	defer func() { r.depth-- }()
	pieces, tail := split(node)
	open := r.measure(pieces)
	changed := open
	var bounds []string
	kept := pieces[:0]
	for _, p := range pieces {
		if bound(&p) {
			bounds = append(bounds, p.name+"="+string(p.value))
			changed = true
			continue
		}
		value := r.value(p.name, p.value)
		changed = changed || !untouched(value, p.value)
		p.value = value
		kept = append(kept, p)
	}
	if len(bounds) > 0 {
		kept = describe(kept, "("+strings.Join(bounds, ", ")+")")
	}
	if open {
		kept = append(kept, piece{head: []byte(`"additionalProperties":`), value: []byte("false")})
	}
	if !changed {
		return node
	}
	return join(kept, tail)
}

// untouched tells whether a rewrite gave back the very bytes that it was given; a rewritten node may have the same
// length.
func untouched(after, before []byte) bool {
	return len(after) == len(before) && (len(after) == 0 || &after[0] == &before[0])
}

// bound tells whether a member has to go; a number of items of 0 or 1 may stay.
func bound(p *piece) bool {
	if p.name == "minItems" && (string(p.value) == "0" || string(p.value) == "1") {
		return false
	}
	return slices.Contains(unknownBounds, p.name) && rawjson.Kind(p.value) != '{'
}

// value rewrites the schemas inside a member.
func (r *rewriter) value(name string, value []byte) []byte {
	switch name {
	case "properties", "patternProperties":
		return r.each(value, func(string) {})
	case "$defs", "definitions":
		return r.definitions(name, value)
	case "items", "not", "if", "then", "else", "contains", "propertyNames":
		if rawjson.Kind(value) == '{' {
			return r.node(value)
		}
		return r.list(value)
	case "anyOf", "oneOf", "allOf", "prefixItems":
		return r.list(value)
	case "$ref":
		r.reference(rawjson.Unquote(value))
	}
	return value
}

// definitions rewrites each definition, remembering in which one it is.
func (r *rewriter) definitions(name string, object []byte) []byte {
	outside := r.at
	defer func() { r.at = outside }()
	return r.each(object, func(definition string) {
		r.at = "#/" + name + "/" + definition
		if r.depth == 1 {
			r.state[r.at] = unseen
		}
	})
}

// each rewrites the schemas that are the members of an object, after telling the name of each.
func (r *rewriter) each(object []byte, enter func(name string)) []byte {
	pieces, tail := split(object)
	changed := false
	for i := range pieces {
		p := &pieces[i]
		enter(p.name)
		value := r.node(p.value)
		changed = changed || !untouched(value, p.value)
		p.value = value
	}
	if !changed {
		return object
	}
	return join(pieces, tail)
}

func (r *rewriter) list(array []byte) []byte {
	var out []byte
	from, changed := 0, false
	rawjson.Elements(array, func(value []byte) {
		start := cap(array) - cap(value) // value is a slice of array
		node := r.node(value)
		changed = changed || !untouched(node, value)
		out = append(append(out, array[from:start]...), node...)
		from = start + len(value)
	})
	if !changed {
		return array
	}
	return append(out, array[from:]...)
}

// reference notes where a $ref points to.
func (r *rewriter) reference(to string) { r.uses[r.at] = append(r.uses[r.at], to) }

// finite tells whether all references from a definition on lead to definitions, and none of them back to itself.
func (r *rewriter) finite(at string) bool {
	state, defined := r.state[at]
	if !defined || state != unseen {
		return state == left
	}
	r.state[at] = entered
	for _, to := range r.uses[at] {
		if !r.finite(to) {
			return false
		}
	}
	r.state[at] = left
	return true
}

// split cuts an object into its members and what stands after the last.
func split(object []byte) (pieces []piece, tail []byte) {
	end := 0
	rawjson.MembersAt(object, func(m rawjson.Span) bool {
		pieces = append(pieces, piece{
			before: object[end:m.Name], head: object[m.Name:m.Value], value: object[m.Value:m.End:m.End],
			name: rawjson.NameOf(object, m),
		})
		end = m.End
		return true
	})
	if end == 0 {
		return nil, object[rawjson.SkipSpace(object, 0)+1:]
	}
	return pieces, object[end:]
}

// join puts the pieces together again, each with what stood before it; a new one gets a plain comma.
func join(pieces []piece, tail []byte) []byte {
	out := []byte{}
	for i, p := range pieces {
		switch {
		case i == 0:
			out = append(out, '{')
			out = append(out, afterMark(p.before)...)
		case len(p.before) == 0 || p.before[0] != ',':
			out = append(out, ',')
		default:
			out = append(out, p.before...)
		}
		out = append(append(out, p.head...), p.value...)
	}
	if len(pieces) == 0 {
		out = append(out, '{')
	}
	return append(out, tail...)
}

// afterMark is the white space after the brace or the comma that stood before a member.
func afterMark(before []byte) []byte {
	for i, b := range before {
		if b == '{' || b == ',' {
			return before[i+1:]
		}
	}
	return nil
}

// describe appends words to the node's description.
func describe(pieces []piece, words string) []piece {
	for i := range pieces {
		if p := &pieces[i]; p.name == "description" && rawjson.Kind(p.value) == '"' {
			text := rawjson.Unquote(p.value)
			if text != "" {
				text += " "
			}
			p.value = rawjson.Quote(nil, text+words)
			return pieces
		}
	}
	return append(pieces, piece{head: []byte(`"description":`), value: rawjson.Quote(nil, words), name: "description"})
}
