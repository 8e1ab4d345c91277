// Package shape holds the forms of the bodies that Bedrock takes, as its service model gives them, and checks values
// against them.
//
// It must not know what a request means: that is for rules. Start at [Check]; converse.go has the forms.
package shape

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

// Shape is one shape of a service model: what JSON must look like at one place. The zero limits mean "no limit".
type Shape struct {
	kind     kind
	members  map[string]*Shape
	required []string
	item     *Shape // of a list or a map
	key      *Shape // of a map
	min, max float64
	hasMin   bool
	hasMax   bool
	pattern  *regexp.Regexp
	shown    string // the pattern as the service prints it
	enum     []string
	private  bool // a sensitive member: its value is not printed in errors
}

// Violation is one fault that check found. Each rule carries the words of its constraint after "Member must".
type Violation struct {
	Path  []string // members by name, items as numbers from 0
	Kind  string   // required, unknown, type, length, items, range, enum, pattern, union, key
	Text  string   // "have length less than or equal to 64"
	Value string
	Hide  bool
	Bound float64
	Got   float64
	Upper bool
}

type checker struct{ found []Violation }

// Check compares a decoded JSON value (numbers as json.Number) with its shape and returns every fault, in order of the
// members' names.
func Check(s *Shape, v any) []Violation {
	c := &checker{}
	c.value(s, v, nil, false)
	return c.found
}

func (c *checker) add(v Violation, path []string, hide bool) {
	v.Path, v.Hide = slices.Clone(path), hide
	c.found = append(c.found, v)
}

func (c *checker) value(s *Shape, v any, path []string, hide bool) {
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

func (c *checker) object(s *Shape, v any, path []string, hide bool) {
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
			c.add(Violation{Kind: "unknown", Text: "be one of: " + names, Value: name}, append(path, name), hide)
		case m[name] == nil:
			// null is the same as absent in REST JSON
		default:
			set++
			c.value(member, m[name], append(path, name), hide)
		}
	}
	for _, name := range s.required {
		if m[name] == nil {
			c.add(Violation{Kind: "required", Text: "not be null", Value: name}, append(path, name), hide)
		}
	}
	if s.kind == kUnion && set != 1 {
		names := strings.Join(slices.Sorted(maps.Keys(s.members)), ", ")
		c.add(Violation{Kind: "union", Text: "have exactly one member set of: " + names, Got: float64(set)}, path, hide)
	}
}

func (c *checker) list(s *Shape, v any, path []string, hide bool) {
	items, ok := v.([]any)
	if !ok {
		c.wrongType(v, "list", path, hide)
		return
	}
	before := len(c.found)
	c.length(s, len(items), fmt.Sprint(items), path, hide)
	for i := range c.found[before:] {
		c.found[before+i].Kind = "items"
	}
	for i, item := range items {
		c.value(s.item, item, append(path, strconv.Itoa(i)), hide)
	}
}

func (c *checker) mapping(s *Shape, v any, path []string, hide bool) {
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
			c.add(Violation{Kind: "key", Text: f.Text, Value: k}, path, hide)
		}
		c.value(s.item, m[k], append(path, k), hide)
	}
}

func (c *checker) text(s *Shape, v any, path []string, hide bool) {
	t, ok := v.(string)
	if !ok {
		c.wrongType(v, "String", path, hide)
		return
	}
	c.length(s, utf8.RuneCountInString(t), t, path, hide)
	if s.pattern != nil && !s.pattern.MatchString(t) {
		c.add(Violation{Kind: "pattern", Text: "satisfy regular expression pattern: " + s.shown, Value: t}, path, hide)
	}
	if s.enum != nil && !slices.Contains(s.enum, t) {
		c.add(Violation{Kind: "enum", Text: "satisfy enum value set: [" + strings.Join(s.enum, ", ") + "]", Value: t}, path,
			hide)
	}
}

func (c *checker) blob(s *Shape, v any, path []string, hide bool) {
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

func (c *checker) length(s *Shape, n int, value string, path []string, hide bool) {
	if s.hasMax && float64(n) > s.max {
		c.add(Violation{Kind: "length", Text: fmt.Sprintf("have length less than or equal to %v", s.max), Value: value,
			Bound: s.max, Got: float64(n), Upper: true}, path, hide)
	}
	if s.hasMin && float64(n) < s.min {
		c.add(Violation{Kind: "length", Text: fmt.Sprintf("have length greater than or equal to %v", s.min), Value: value,
			Bound: s.min, Got: float64(n)}, path, hide)
	}
}

func (c *checker) number(s *Shape, v any, path []string, hide bool) {
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
		c.add(Violation{Kind: "range", Text: fmt.Sprintf("have value less than or equal to %v", s.max), Value: n.String(),
			Bound: s.max, Got: f, Upper: true}, path, hide)
	}
	if s.hasMin && f < s.min {
		c.add(Violation{Kind: "range", Text: fmt.Sprintf("have value greater than or equal to %v", s.min), Value: n.String(),
			Bound: s.min, Got: f}, path, hide)
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
	c.add(Violation{Kind: "type", Text: text, Value: want}, path, hide)
}

// Constraint is the violation in the words of AWS's request validation.
func (v Violation) Constraint() string {
	shown := "Value"
	switch {
	case v.Hide:
	case v.Kind == "required":
		shown = "Value null"
	case v.Value != "":
		shown = "Value '" + v.Value + "'"
	}
	where := modelPath(v.Path)
	if v.Kind == "key" {
		return fmt.Sprintf("%s at '%s' failed to satisfy constraint: Map keys must satisfy constraint: [Member must %s]",
			shown, where, v.Text)
	}
	return fmt.Sprintf("%s at '%s' failed to satisfy constraint: Member must %s", shown, where, v.Text)
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
