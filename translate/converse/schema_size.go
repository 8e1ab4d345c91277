package converse

import (
	"slices"
	"strings"

	"outcrop/internal/rawjson"
)

// grammar is what the schemas of a request cost the service that compiles them.
type grammar struct {
	optional int // members that objects need not have
	unions   int // schemas of several types
}

// The service compiles no more than this for one request (R-FMT-03).
const (
	mostOptional = 24
	mostUnions   = 16
)

// take adds a schema's size to what the request holds already, unless that would be too much.
func (g *grammar) take(more grammar) bool {
	sum := grammar{g.optional + more.optional, g.unions + more.unions}
	if sum.optional > mostOptional || sum.unions > mostUnions {
		return false
	}
	*g = sum
	return true
}

// uncompiled are the members of a schema that constrained decoding refuses and that no description can stand in for.
var uncompiled = []string{
	"oneOf", "not", "if", "then", "else", "dependentSchemas", "prefixItems", "patternProperties", "propertyNames",
	"uniqueItems",
	"contains", "minProperties", "maxProperties", "$dynamicRef", "$recursiveRef",
}

// measure counts what one schema costs, notes what in it cannot be said, and tells whether it is an object that has to
// be closed.
func (r *rewriter) measure(pieces []piece) (open bool) {
	var properties, required []byte
	union, closed := false, false
	for i := range pieces {
		p := &pieces[i]
		switch p.name {
		case "properties":
			properties, open = p.value, true
		case "required":
			required = p.value
		case "type":
			union = union || length(p.value) > 1
			open = open || strings.Contains(string(p.value), `"object"`)
		case "additionalProperties":
			closed = true
			r.bad = r.bad || string(p.value) != "false"
		case "anyOf":
			union = true
		case "nullable":
			union = union || string(p.value) == "true"
		case "enum":
			rawjson.Elements(p.value, r.plainValue)
		case "const":
			r.plainValue(p.value)
		default:
			r.bad = r.bad || slices.Contains(uncompiled, p.name)
		}
	}
	if union {
		r.size.unions++
	}
	r.countOptional(properties, required)
	return open && !closed
}

func (r *rewriter) countOptional(properties, required []byte) {
	must := map[string]bool{}
	rawjson.Elements(required, func(v []byte) { must[rawjson.Unquote(v)] = true })
	rawjson.Members(properties, func(name string, _ []byte) bool {
		if !must[name] {
			r.size.optional++
		}
		return true
	})
}

// plainValue notes a value of an enumeration that is an object or a list.
func (r *rewriter) plainValue(v []byte) {
	k := rawjson.Kind(v)
	r.bad = r.bad || k == '{' || k == '['
}

// length is the number of elements of a list, 0 of anything else.
func length(array []byte) (n int) {
	rawjson.Elements(array, func([]byte) { n++ })
	return n
}
