package config

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Schema describes the configuration file as a JSON Schema (draft 2020-12), for editors: names, help, defaults, allowed
// words and ranges of single values. It is no stricter than the loader, which alone knows what settings must not be
// together.
func Schema() []byte {
	root := sectionSchema(reflect.ValueOf(Default()).Elem())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Configuration of Outcrop"
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		panic(err) // maps of texts and numbers
	}
	return b.Bytes()
}

type schema map[string]any

func sectionSchema(section reflect.Value) schema {
	properties := schema{}
	for _, s := range members(section, "") {
		if !s.mayStandInFile() {
			continue
		}
		properties[s.key()] = settingSchema(s)
	}
	// A key with nothing under it is an empty section.
	return schema{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
}

func settingSchema(s setting) schema {
	is := typeSchema(s.value, s.field.Tag.Get("validate"))
	if s.field.Tag.Get("list") == "or-one" {
		is = schema{"anyOf": []schema{is, is["items"].(schema)}}
	}
	if s.field.Tag.Get("when") != "" { // see retired.go
		is["deprecated"] = true
	}
	if help := s.field.Tag.Get("help"); help != "" {
		is["description"] = help
	}
	if d := shown(s); d != "" && !s.isComposite() {
		is["default"] = plain(d)
	}
	return is
}

// typeSchema is what may stand for a value of this type; rules are its validate tag.
func typeSchema(v reflect.Value, rules string) schema {
	own, inner, _ := strings.Cut(rules, "dive")
	inner = strings.TrimPrefix(inner, ",")
	entry := func() reflect.Value { return reflect.New(v.Type().Elem()).Elem() }
	switch {
	case (setting{value: v}).isSection():
		return sectionSchema(v)
	case v.Kind() == reflect.Pointer:
		return typeSchema(entry(), rules)
	case v.Kind() == reflect.Map:
		if _, values, keyed := strings.Cut(inner, "endkeys"); keyed {
			inner = strings.TrimPrefix(values, ",")
		}
		return schema{"type": []string{"object", "null"}, "additionalProperties": typeSchema(entry(), inner)}
	case v.Kind() == reflect.Slice:
		return schema{"type": []string{"array", "null"}, "items": typeSchema(entry(), inner)}
	}
	is := scalarSchema(v)
	for rule := range strings.SplitSeq(own, ",") {
		name, parameter, _ := strings.Cut(rule, "=")
		is.constrain(name, parameter)
	}
	return is
}

func scalarSchema(v reflect.Value) schema {
	if v.Type() == reflect.TypeFor[time.Duration]() {
		return schema{"type": "string", "pattern": `^[-+]?([0-9]*\.?[0-9]+(ns|us|µs|ms|s|m|h))+$|^0$`}
	}
	if v.CanAddr() {
		if _, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
			return schema{"type": []string{"string", "number"}}
		}
	}
	switch v.Kind() {
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return schema{"type": "integer"}
	case reflect.Float64:
		return schema{"type": "number"}
	}
	return schema{"type": []string{"string", "number"}} // version: 1 is a text too
}

// constrain adds what a rule of validator/v10 says of a single value, where JSON Schema can say it too.
func (is schema) constrain(rule, parameter string) {
	n, err := strconv.ParseFloat(parameter, 64)
	number := err == nil && (is["type"] == "integer" || is["type"] == "number")
	switch {
	case rule == "oneof":
		is["enum"] = strings.Fields(parameter)
		delete(is, "type")
	case number && (rule == "min" || rule == "gte"):
		is["minimum"] = n
	case number && (rule == "max" || rule == "lte"):
		is["maximum"] = n
	case number && rule == "gt":
		is["exclusiveMinimum"] = n
	}
}

// plain is a default as JSON would write it.
func plain(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err == nil {
		if _, isText := v.(string); !isText {
			return v
		}
	}
	return fmt.Sprint(text)
}
