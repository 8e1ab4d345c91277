package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// file lays the YAML file over the defaults. It walks the nodes itself, and does not decode, because only nodes know
// where they stand, and because a decoder stops at what this must go on after.
func (l *loader) file() {
	data, err := l.read(l.path)
	if err != nil {
		l.complain(origin{file: l.path}, "", "cannot be read: %s", reason(err))
		return
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return // nothing but comments
	} else if err != nil {
		l.syntax(err)
		return
	}
	l.section(doc.Content[0], setting{value: reflect.ValueOf(l.cfg).Elem()})
	if err := dec.Decode(&more); err == nil {
		l.complain(l.at(&more), "", "a second document begins here; the file must hold one")
	} else if !errors.Is(err, io.EOF) {
		l.syntax(err)
	}
}

// reason is why a file could not be read, without the path, which stands beside it.
func reason(err error) string {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

var yamlError = regexp.MustCompile(`(?s)^(?:yaml: )?(?:line ([0-9]+): )?(.*)$`)

// syntax passes on what the YAML library says. It knows lines only, and not always.
func (l *loader) syntax(err error) {
	m := yamlError.FindStringSubmatch(err.Error())
	line, _ := strconv.Atoi(m[1])
	l.complain(origin{file: l.path, line: line}, "", "not YAML: %s", m[2])
}

func (l *loader) at(n *yaml.Node) origin { return origin{file: l.path, line: n.Line, column: n.Column} }

func (l *loader) section(n *yaml.Node, s setting) {
	if _, placed := l.origins[s.name]; !placed {
		l.origins[s.name] = l.at(n)
	}
	known := members(s.value, s.name)
	for key, value := range l.pairs(n, s.name) {
		i := slices.IndexFunc(known, func(m setting) bool { return m.key() == key.Value })
		if i < 0 {
			if !l.isRetired(l.at(key), join(s.name, key.Value)) {
				l.complain(l.at(key), join(s.name, key.Value), "unknown key%s", l.nearest(key.Value, known))
			}
			continue
		}
		l.value(value, known[i])
	}
	l.warnOfFormer(s)
}

// nearest suggests a key of the section, or else the setting of that very key in another.
func (l *loader) nearest(key string, known []setting) string {
	keys := make([]string, len(known))
	for i, m := range known {
		keys[i] = m.key()
	}
	if hint := didYouMean(key, keys); hint != "" {
		return hint
	}
	for _, s := range l.cfg.settings() {
		if s.key() == key {
			return "; did you mean " + s.name + "?"
		}
	}
	return ""
}

// pairs are the keys and values of a mapping. What is none, and keys that stand twice, are complained of and left out.
// A key with nothing under it, as remains when all of a section is commented out, is an empty mapping.
func (l *loader) pairs(n *yaml.Node, name string) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(k, v *yaml.Node) bool) {
		n := follow(n)
		if isNull(n) {
			return
		}
		if n.Kind != yaml.MappingNode {
			l.complain(l.at(n), name, "must be a mapping (key: value), not %s", describe(n))
			return
		}
		lines := map[string]int{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := follow(n.Content[i])
			if key.Kind != yaml.ScalarNode {
				l.complain(l.at(key), "", "a key must be a name, not %s", describe(key))
				continue
			}
			if first, twice := lines[key.Value]; twice {
				l.complain(l.at(key), join(name, key.Value), "stands twice, first in line %d", first)
				continue
			}
			lines[key.Value] = key.Line
			if !yield(key, n.Content[i+1]) {
				return
			}
		}
	}
}

func (l *loader) value(n *yaml.Node, s setting) {
	switch {
	case !s.mayStandInFile():
		l.complain(l.at(n), s.name, "secrets do not belong in this file; use %s or a file of their own",
			strings.Join(variables(s), ", "))
	case s.isSection():
		l.section(n, s)
	case s.value.Kind() == reflect.Map:
		l.table(n, s)
	case s.value.Kind() == reflect.Slice:
		l.list(n, s)
	default:
		l.scalar(n, s.name, s.value)
	}
}

// table adds to the default, of which an entry that is a section of its own keeps what the file does not change.
func (l *loader) table(n *yaml.Node, s setting) {
	l.origins[s.name] = l.at(n)
	for key, value := range l.pairs(n, s.name) {
		entry := s.entry(key.Value)
		if !entry.isComposite() {
			if l.scalar(value, entry.name, entry.value) {
				setEntry(s.value, key.Value, entry.value)
			}
			continue
		}
		if entry.isSection() {
			l.origins[entry.name] = l.at(key)
			if old := entryOf(s.value, key.Value); old.IsValid() {
				entry.value.Set(old)
			}
		}
		l.value(value, entry)
		setEntry(s.value, key.Value, entry.value)
	}
}

// list replaces the default, so that entries can be taken away too.
func (l *loader) list(n *yaml.Node, s setting) {
	n = follow(n)
	if isNull(n) {
		return
	}
	if n.Kind == yaml.ScalarNode && s.field.Tag.Get("list") == "or-one" {
		n = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}, Line: n.Line, Column: n.Column}
	}
	if n.Kind != yaml.SequenceNode {
		l.complain(l.at(n), s.name, "must be a list ([a, b]), not %s", describe(n))
		return
	}
	l.origins[s.name] = l.at(n)
	s.value.Set(reflect.MakeSlice(s.value.Type(), 0, len(n.Content))) // an empty list says more than none
	for i, item := range n.Content {
		entry := s.entry(strconv.Itoa(i))
		if entry.isComposite() {
			l.value(item, entry)
		} else {
			l.scalar(item, entry.name, entry.value) // a bad one stays empty, so that the others keep their numbers
		}
		s.value.Set(reflect.Append(s.value, entry.value))
	}
}

func (l *loader) scalar(n *yaml.Node, name string, v reflect.Value) bool {
	n = follow(n)
	var err error
	switch {
	case isNull(n):
		err = errors.New("has no value; leave the key out for the default")
	case n.Kind != yaml.ScalarNode:
		err = fmt.Errorf("must be a single value, not %s", describe(n))
	case v.Kind() == reflect.String && (n.ShortTag() == "!!bool" || n.ShortTag() == "!!binary"):
		err = fmt.Errorf("must be a text, not %s; put it in quotes", n.Value) // version: 1 is a text as well as a number
	default:
		err = setText(v, n.Value)
	}
	if err != nil {
		l.complain(l.at(n), name, "%s", err)
		return false
	}
	l.origins[name] = l.at(n)
	return true
}

// follow goes from *alias to &anchor. An anchor's node is never an alias itself.
func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		return quote(n.Value)
	}
}
