package answer

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"outcrop/internal/bedrock/offline/wire"
)

// filler makes a value that fits a JSON schema, from a text where strings are asked for. The same schema and text
// always make the same value.
type filler struct {
	root  map[string]any
	words []string // candidates for strings: names first, then numbers and the rest
	text  string
	used  int
}

// Fill returns a JSON value that fits the schema; a schema that is no object makes {}.
func Fill(schema []byte, text string) json.RawMessage {
	var root map[string]any
	if json.Unmarshal(schema, &root) != nil || root == nil {
		return json.RawMessage(`{}`)
	}
	f := &filler{root: root, words: candidates(text), text: text}
	b, err := json.Marshal(f.value(root, "", 0))
	if err != nil {
		return json.RawMessage(`{}`)
	}
	return b
}

// candidates lists what a string argument may be filled with: words that begin with a capital inside a sentence, such
// as names of places, neighbours joined ("San Francisco").
func candidates(text string) []string {
	var found []string
	start, run := true, []string{}
	flush := func() {
		if len(run) > 0 {
			found = append(found, strings.Join(run, " "))
			run = nil
		}
	}
	for _, word := range strings.Fields(text) {
		bare := strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		first, _ := utf8.DecodeRuneInString(bare)
		if bare != "" && unicode.IsUpper(first) && !start && bare != "I" {
			run = append(run, bare)
		} else {
			flush()
		}
		if !strings.HasSuffix(word, bare) {
			flush()
		}
		start = strings.ContainsAny(word[len(word)-1:], ".!?:")
	}
	flush()
	return found
}

// maxDepth bounds recursive schemas: below it only what is required is filled, and nothing far below.
const maxDepth = 6

func (f *filler) value(s map[string]any, name string, depth int) any {
	if depth > 4*maxDepth {
		return nil
	}
	if v, ok := s["const"]; ok {
		return v
	}
	if list := wire.AsList(s["enum"]); len(list) > 0 {
		return f.choose(list)
	}
	if v, ok := s["default"]; ok && v != nil {
		return v
	}
	if ref, ok := s["$ref"].(string); ok {
		return f.value(wire.Lookup(f.root, ref), name, depth+1)
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if list := wire.AsList(s[key]); len(list) > 0 {
			return f.value(firstUseful(list), name, depth+1)
		}
	}
	if list := wire.AsList(s["allOf"]); len(list) > 0 {
		return f.value(merged(s, list, f.root), name, depth+1)
	}
	switch typeOf(s) {
	case "object":
		return f.object(s, depth)
	case "array":
		return f.array(s, name, depth)
	case "integer", "number":
		return f.number(s)
	case "boolean":
		return true
	case "null":
		return nil
	}
	return f.string(s, name)
}

// choose takes the enum value that the text names, else the first.
func (f *filler) choose(list []any) any {
	for _, v := range list {
		if t, ok := v.(string); ok && t != "" && strings.Contains(strings.ToLower(f.text), strings.ToLower(t)) {
			return v
		}
	}
	return list[0]
}

func typeOf(s map[string]any) string {
	switch t := s["type"].(type) {
	case string:
		return t
	case []any:
		for _, v := range t {
			if v, ok := v.(string); ok && v != "null" {
				return v
			}
		}
		return "null"
	}
	switch {
	case s["properties"] != nil:
		return "object"
	case s["items"] != nil || s["prefixItems"] != nil:
		return "array"
	}
	return "string"
}

func firstUseful(list []any) map[string]any {
	for _, v := range list {
		if m, ok := v.(map[string]any); ok && m["type"] != "null" {
			return m
		}
	}
	m, _ := list[0].(map[string]any)
	return m
}

// merged joins the branches of allOf into one schema.
func merged(s map[string]any, list []any, root map[string]any) map[string]any {
	out := maps.Clone(s)
	delete(out, "allOf")
	props, required := map[string]any{}, wire.AsList(out["required"])
	if p, ok := out["properties"].(map[string]any); ok {
		maps.Copy(props, p)
	}
	for _, v := range list {
		m, _ := v.(map[string]any)
		if ref, ok := m["$ref"].(string); ok {
			m = wire.Lookup(root, ref)
		}
		for k, member := range m {
			if k != "properties" && k != "required" && out[k] == nil {
				out[k] = member
			}
		}
		if p, ok := m["properties"].(map[string]any); ok {
			maps.Copy(props, p)
		}
		required = append(slices.Clone(required), wire.AsList(m["required"])...)
	}
	if len(props) > 0 {
		out["properties"], out["required"] = props, required
	}
	return out
}

func (f *filler) object(s map[string]any, depth int) any {
	props, _ := s["properties"].(map[string]any)
	var required []string
	for _, v := range wire.AsList(s["required"]) {
		if name, ok := v.(string); ok {
			required = append(required, name)
		}
	}
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(props)) {
		if depth >= maxDepth && !slices.Contains(required, name) {
			continue
		}
		if m, ok := props[name].(map[string]any); ok {
			out[name] = f.value(m, name, depth+1)
		} else if props[name] == true {
			out[name] = "value"
		}
	}
	for _, name := range required {
		if _, set := out[name]; !set {
			out[name] = "value"
		}
	}
	return out
}

func (f *filler) array(s map[string]any, name string, depth int) any {
	out := []any{}
	for _, v := range wire.AsList(s["prefixItems"]) {
		if m, ok := v.(map[string]any); ok {
			out = append(out, f.value(m, name, depth+1))
		}
	}
	item, _ := s["items"].(map[string]any)
	least, _ := s["minItems"].(float64)
	want := max(int(least), 1)
	if most, ok := s["maxItems"].(float64); ok {
		want = min(want, int(most))
	}
	if depth >= maxDepth {
		want = int(least)
	}
	if item == nil {
		item = map[string]any{"type": "string"}
	}
	for len(out) < want && len(out) < 100 {
		out = append(out, f.value(item, name, depth+1))
	}
	return out
}

func (f *filler) number(s map[string]any) any {
	low, high := math.Inf(-1), math.Inf(1)
	if v, ok := s["minimum"].(float64); ok {
		low = v
	}
	if v, ok := s["exclusiveMinimum"].(float64); ok {
		low = max(low, v+1)
	}
	if v, ok := s["maximum"].(float64); ok {
		high = v
	}
	if v, ok := s["exclusiveMaximum"].(float64); ok {
		high = min(high, v-1)
	}
	n := min(max(1, low), high)
	if of, ok := s["multipleOf"].(float64); ok && of > 0 {
		n = math.Ceil(n/of) * of
	}
	if typeOf(s) == "integer" {
		return int64(math.Ceil(n))
	}
	return n
}

// formats are values for the string formats of JSON Schema.
var formats = map[string]string{
	"date": "2026-01-31", "date-time": "2026-01-31T12:00:00Z", "time": "12:00:00Z", "duration": "PT1H",
	"email":    "someone@example.com",
	"hostname": "example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "uri": "https://example.com/",
	"url":  "https://example.com/",
	"uuid": "123e4567-e89b-42d3-a456-426614174000", "regex": ".*", "json-pointer": "/a",
}

func (f *filler) string(s map[string]any, name string) string {
	if format, ok := s["format"].(string); ok && formats[format] != "" {
		return formats[format]
	}
	out := name
	switch {
	case f.used < len(f.words):
		out = f.words[f.used]
		f.used++
	case slices.ContainsFunc([]string{"query", "text", "prompt", "question", "message", "input"}, func(w string) bool {
		return strings.Contains(strings.ToLower(name), w)
	}) && f.text != "":
		out = f.text
	case len(f.words) > 0:
		out = f.words[len(f.words)-1]
	}
	if out == "" {
		out = "value"
	}
	if most, ok := s["maxLength"].(float64); ok && utf8.RuneCountInString(out) > int(most) {
		out = string([]rune(out)[:int(most)])
	}
	if least, ok := s["minLength"].(float64); ok {
		for utf8.RuneCountInString(out) < int(least) && utf8.RuneCountInString(out) < 10_000 {
			out += "x"
		}
	}
	return out
}
