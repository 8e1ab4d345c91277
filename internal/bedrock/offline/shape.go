package offline

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

type kind int

const (
	kStruct kind = iota
	kUnion       // a structure with exactly one member
	kList
	kMap
	kString
	kBlob // base64 text
	kInt
	kFloat
	kBool
	kDocument // any JSON
	kEmpty    // an object whose members are not looked at
)

// shape is one shape of a service model: what JSON must look like at one place. The zero limits mean "no limit".
type shape struct {
	kind     kind
	members  map[string]*shape
	required []string
	item     *shape // of a list or a map
	key      *shape // of a map
	min, max float64
	hasMin   bool
	hasMax   bool
	pattern  *regexp.Regexp
	shown    string // the pattern as the service prints it
	enum     []string
	private  bool // a sensitive member: its value is not printed in errors
}

// violation is one fault that check found. Each rule carries the words of its constraint after "Member must".
type violation struct {
	path  []string // members by name, items as numbers from 0
	kind  string   // required, unknown, type, length, items, range, enum, pattern, union, key
	text  string   // "have length less than or equal to 64"
	value string
	hide  bool
	bound float64
	got   float64
	upper bool
}

type checker struct{ found []violation }

// check compares a decoded JSON value (numbers as json.Number) with its shape and returns every fault, in order of the members'
// names.
func check(s *shape, v any) []violation {
	c := &checker{}
	c.value(s, v, nil, false)
	return c.found
}

func (c *checker) add(v violation, path []string, hide bool) {
	v.path, v.hide = slices.Clone(path), hide
	c.found = append(c.found, v)
}

func (c *checker) value(s *shape, v any, path []string, hide bool) {
	hide = hide || s.private
	switch s.kind {
	case kStruct, kUnion:
		c.object(s, v, path, hide)
	case kEmpty:
		if _, ok := v.(map[string]any); !ok {
			c.wrongType(v, "object", path, hide)
		}
	case kList:
		c.list(s, v, path, hide)
	case kMap:
		c.mapping(s, v, path, hide)
	case kString:
		c.text(s, v, path, hide)
	case kBlob:
		c.blob(s, v, path, hide)
	case kInt, kFloat:
		c.number(s, v, path, hide)
	case kBool:
		if _, ok := v.(bool); !ok {
			c.wrongType(v, "Boolean", path, hide)
		}
	case kDocument:
	}
}

func (c *checker) object(s *shape, v any, path []string, hide bool) {
	m, ok := v.(map[string]any)
	if !ok {
		c.wrongType(v, "object", path, hide)
		return
	}
	set := 0
	for _, name := range slices.Sorted(maps.Keys(m)) {
		member, known := s.members[name]
		switch {
		case !known:
			names := strings.Join(slices.Sorted(maps.Keys(s.members)), ", ")
			c.add(violation{kind: "unknown", text: "be one of: " + names, value: name}, append(path, name), hide)
		case m[name] == nil:
			// null is the same as absent in REST JSON
		default:
			set++
			c.value(member, m[name], append(path, name), hide)
		}
	}
	for _, name := range s.required {
		if m[name] == nil {
			c.add(violation{kind: "required", text: "not be null", value: name}, append(path, name), hide)
		}
	}
	if s.kind == kUnion && set != 1 {
		names := strings.Join(slices.Sorted(maps.Keys(s.members)), ", ")
		c.add(violation{kind: "union", text: "have exactly one member set of: " + names, got: float64(set)}, path, hide)
	}
}

func (c *checker) list(s *shape, v any, path []string, hide bool) {
	items, ok := v.([]any)
	if !ok {
		c.wrongType(v, "list", path, hide)
		return
	}
	before := len(c.found)
	c.length(s, len(items), fmt.Sprint(items), path, hide)
	for i := range c.found[before:] {
		c.found[before+i].kind = "items"
	}
	for i, item := range items {
		c.value(s.item, item, append(path, strconv.Itoa(i)), hide)
	}
}

func (c *checker) mapping(s *shape, v any, path []string, hide bool) {
	m, ok := v.(map[string]any)
	if !ok {
		c.wrongType(v, "object", path, hide)
		return
	}
	c.length(s, len(m), "", path, true)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		sub := &checker{}
		if s.key != nil {
			sub.text(s.key, k, nil, false)
		}
		for _, f := range sub.found {
			c.add(violation{kind: "key", text: f.text, value: k}, path, hide)
		}
		c.value(s.item, m[k], append(path, k), hide)
	}
}

func (c *checker) text(s *shape, v any, path []string, hide bool) {
	t, ok := v.(string)
	if !ok {
		c.wrongType(v, "String", path, hide)
		return
	}
	c.length(s, utf8.RuneCountInString(t), t, path, hide)
	if s.pattern != nil && !s.pattern.MatchString(t) {
		c.add(violation{kind: "pattern", text: "satisfy regular expression pattern: " + s.shown, value: t}, path, hide)
	}
	if s.enum != nil && !slices.Contains(s.enum, t) {
		c.add(violation{kind: "enum", text: "satisfy enum value set: [" + strings.Join(s.enum, ", ") + "]", value: t}, path, hide)
	}
}

func (c *checker) blob(s *shape, v any, path []string, hide bool) {
	t, ok := v.(string)
	if !ok {
		c.wrongType(v, "blob", path, hide)
		return
	}
	b, err := base64.StdEncoding.DecodeString(t)
	if err != nil {
		c.wrongType(v, "blob", path, hide)
		return
	}
	c.length(s, len(b), "", path, true)
}

func (c *checker) length(s *shape, n int, value string, path []string, hide bool) {
	if s.hasMax && float64(n) > s.max {
		c.add(violation{kind: "length", text: fmt.Sprintf("have length less than or equal to %v", s.max), value: value, bound: s.max, got: float64(n), upper: true}, path, hide)
	}
	if s.hasMin && float64(n) < s.min {
		c.add(violation{kind: "length", text: fmt.Sprintf("have length greater than or equal to %v", s.min), value: value, bound: s.min, got: float64(n)}, path, hide)
	}
}

func (c *checker) number(s *shape, v any, path []string, hide bool) {
	n, ok := v.(json.Number)
	if !ok {
		c.wrongType(v, "Number", path, hide)
		return
	}
	f, err := n.Float64()
	if err != nil || s.kind == kInt && f != float64(int64(f)) {
		c.wrongType(v, "Integer", path, hide)
		return
	}
	if s.hasMax && f > s.max {
		c.add(violation{kind: "range", text: fmt.Sprintf("have value less than or equal to %v", s.max), value: n.String(), bound: s.max, got: f, upper: true}, path, hide)
	}
	if s.hasMin && f < s.min {
		c.add(violation{kind: "range", text: fmt.Sprintf("have value greater than or equal to %v", s.min), value: n.String(), bound: s.min, got: f}, path, hide)
	}
}

func (c *checker) wrongType(v any, want string, path []string, hide bool) {
	got := "NULL_VALUE"
	switch v.(type) {
	case string:
		got = "STRING_VALUE"
	case json.Number:
		got = "NUMBER_VALUE"
	case bool:
		got = "TRUE_VALUE"
	case []any:
		got = "Start of list"
	case map[string]any:
		got = "Start of structure or map"
	}
	text := got + " can not be converted to a " + want
	if strings.HasPrefix(got, "Start") {
		text = got + " found where not expected."
	}
	c.add(violation{kind: "type", text: text, value: want}, path, hide)
}

func (v violation) constraint() string {
	shown := "Value"
	switch {
	case v.hide:
	case v.kind == "required":
		shown = "Value null"
	case v.value != "":
		shown = "Value '" + v.value + "'"
	}
	where := modelPath(v.path)
	if v.kind == "key" {
		return fmt.Sprintf("%s at '%s' failed to satisfy constraint: Map keys must satisfy constraint: [Member must %s]", shown, where, v.text)
	}
	return fmt.Sprintf("%s at '%s' failed to satisfy constraint: Member must %s", shown, where, v.text)
}

// modelPath writes a path as AWS's validation does: list items are counted from 1 and followed by ".member".
func modelPath(path []string) string {
	var b strings.Builder
	for i, p := range path {
		if i > 0 {
			b.WriteByte('.')
		}
		if n, err := strconv.Atoi(p); err == nil {
			fmt.Fprintf(&b, "%d.member", n+1)
			continue
		}
		b.WriteString(p)
	}
	return b.String()
}
