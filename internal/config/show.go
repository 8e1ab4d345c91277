package config

import (
	"bytes"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Effective writes the settings of s as a configuration file, each with the place where it was made: file:line:column,
// the name of a variable or flag, or "default". What is secret, or not set, is a comment. The error is that of [Load].
func Effective(s Source) ([]byte, error) {
	l, err := load(s)
	if err != nil {
		return nil, err
	}
	p := &printer{remark: func(s setting) string { return l.made(s.name, "default") }, within: l.made}
	p.members(reflect.ValueOf(l.cfg).Elem(), "", 0)
	return p.out.Bytes(), nil
}

// Defaults writes the settings of a gateway that is told nothing as a configuration file, each below what it is for.
func Defaults() []byte {
	p := &printer{help: true, within: func(string, string) string { return "" }}
	p.members(reflect.ValueOf(Default()).Elem(), "", 0)
	return p.out.Bytes()
}

// made is where a setting was made, or what counts when nothing is known of it itself.
func (l *loader) made(name, otherwise string) string {
	if o, ok := l.origins[name]; ok {
		return o.String()
	}
	return otherwise
}

// printer writes settings as YAML, one line each but for tables and lists of sections.
type printer struct {
	out    bytes.Buffer
	help   bool                                // what a setting is for stands above it
	remark func(s setting) string              // stands behind it; nil for nothing
	within func(name, otherwise string) string // the same of an entry of a table or list
}

func (p *printer) members(section reflect.Value, name string, depth int) {
	for _, s := range members(section, name) {
		if s.isSection() {
			p.line(depth, s.key()+":")
			p.members(s.value, s.name, depth+1)
			continue
		}
		p.setting(s, depth)
	}
}

func (p *printer) setting(s setting, depth int) {
	if p.help {
		for _, line := range wrapped(s.field.Tag.Get("help"), 110-2*depth) {
			p.line(depth, "# "+line)
		}
	}
	remark := ""
	if p.remark != nil {
		remark = p.remark(s)
	}
	switch {
	case s.isSecret():
		p.line(depth, "# "+s.key()+": "+concealed(s.value), remark)
	case s.value.IsZero() && s.value.Kind() != reflect.Bool && p.within(s.name, "") == "":
		shown := ""
		if isNumber(s.value) {
			shown = " " + scalar(s.value).Value
		}
		p.line(depth, "# "+s.key()+":"+shown, remark)
	default:
		p.value(s, depth, remark)
	}
}

// value writes a setting that has one, on a line of its own where that is possible.
func (p *printer) value(s setting, depth int, remark string) {
	n := p.node(s, remark)
	if n.Kind == yaml.ScalarNode || len(n.Content) == 0 || !s.inFileOnly() {
		n.Style |= yaml.FlowStyle
		p.line(depth, s.key()+": "+marshal(n), remark)
		return
	}
	p.line(depth, s.key()+":")
	for line := range strings.Lines(marshal(n)) {
		p.line(depth+1, strings.TrimRight(line, "\n"))
	}
}

// node is a value as YAML; what was made is what counts of entries that do not say themselves where they come from.
func (p *printer) node(s setting, made string) *yaml.Node {
	v := s.value
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case s.isSecret():
		return text(concealed(v))
	case s.isSection():
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, m := range members(v, s.name) {
			if !m.value.IsZero() {
				at := p.within(m.name, made)
				n.Content = append(n.Content, text(m.key()), p.remarked(p.node(m, at), at))
			}
		}
		return n
	case v.Kind() == reflect.Map:
		n := &yaml.Node{Kind: yaml.MappingNode}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			e := s.entry(k.String())
			e.value.Set(v.MapIndex(k))
			at := p.within(e.name, p.unmade())
			n.Content = append(n.Content, text(k.String()), p.remarked(p.node(e, at), at))
		}
		return n
	case v.Kind() == reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			e := s.entry(strconv.Itoa(i))
			e.value.Set(v.Index(i))
			n.Content = append(n.Content, p.node(e, p.within(e.name, made)))
		}
		return n
	}
	return scalar(v)
}

// unmade is what stands behind the entry of a table that nobody has made.
func (p *printer) unmade() string {
	if p.remark == nil {
		return ""
	}
	return "default"
}

// remarked puts the place of a single value behind it; those of longer ones stand at their parts.
func (p *printer) remarked(n *yaml.Node, at string) *yaml.Node {
	if n.Kind == yaml.SequenceNode &&
		!slices.ContainsFunc(n.Content, func(e *yaml.Node) bool { return e.Kind != yaml.ScalarNode }) {
		n.Style |= yaml.FlowStyle
	}
	if p.remark != nil && (n.Kind == yaml.ScalarNode || n.Style&yaml.FlowStyle != 0) {
		n.LineComment = at
	}
	return n
}

func (p *printer) line(depth int, words string, remark ...string) {
	p.out.WriteString(strings.Repeat("  ", depth))
	p.out.WriteString(words)
	if len(remark) > 0 && remark[0] != "" {
		p.out.WriteString(" # " + remark[0])
	}
	p.out.WriteByte('\n')
}

// scalar writes a single value as the file would.
func scalar(v reflect.Value) *yaml.Node {
	if d, ok := v.Interface().(time.Duration); ok {
		return &yaml.Node{Kind: yaml.ScalarNode, Value: d.String()}
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		if b, err := m.MarshalText(); err == nil {
			return &yaml.Node{Kind: yaml.ScalarNode, Value: string(b)}
		}
	}
	switch v.Kind() {
	case reflect.Float64:
		// the file takes no exponent
		return &yaml.Node{Kind: yaml.ScalarNode, Value: strconv.FormatFloat(v.Float(), 'f', -1, 64)}
	case reflect.Bool, reflect.Int, reflect.Int64:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(v.Interface())}
	}
	return text(fmt.Sprint(v.Interface()))
}

// text is a node that reads back as a text, quoted where it has to be.
func text(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	return n
}

// marshal writes a node made here, which cannot fail.
func marshal(n *yaml.Node) string {
	var b strings.Builder
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(n); err != nil {
		return "# " + err.Error()
	}
	return strings.TrimRight(b.String(), "\n")
}

func concealed(v reflect.Value) string {
	switch {
	case v.IsZero():
		return ""
	case v.Kind() == reflect.Slice:
		return fmt.Sprintf("(%d, hidden)", v.Len())
	}
	return "(hidden)"
}

func isNumber(v reflect.Value) bool { return v.CanInt() || v.CanFloat() }

// wrapped breaks a text into lines of about the width.
func wrapped(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}
