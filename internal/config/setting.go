package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// setting is one member of Config or of a section: its name ("server.addr"), its tags and its place in memory.
type setting struct {
	name  string
	field reflect.StructField
	value reflect.Value
	late  bool // only a start reads it: its field, or one around it, is tagged reload:"no"
}

// members are the settings and sections right under a section.
func members(section reflect.Value, name string) []setting {
	var all []setting
	for i := range section.NumField() {
		f := section.Type().Field(i)
		key, late := f.Tag.Get("yaml"), f.Tag.Get("reload") == "no"
		switch {
		case f.Anonymous && key == "": // the section is made of several packages' settings
			all = append(all, within(members(section.Field(i), name), late)...)
			continue
		case key == "":
			continue // not for users to set
		}
		all = append(all, setting{join(name, key), f, section.Field(i), late})
	}
	return all
}

// within gives the settings of a field that may be tagged itself.
func within(all []setting, late bool) []setting {
	for i := range all {
		all[i].late = all[i].late || late
	}
	return all
}

func join(section, key string) string {
	if section == "" {
		return key
	}
	return section + "." + key
}

// settings are all settings below a section, in the order of their declaration.
func settings(section reflect.Value, name string) []setting {
	var all []setting
	for _, s := range members(section, name) {
		if s.isSection() {
			all = append(all, within(settings(s.value, s.name), s.late)...)
		} else {
			all = append(all, s)
		}
	}
	return all
}

func (c *Config) settings() []setting { return settings(reflect.ValueOf(c).Elem(), "") }

// key is the last word of the name, as it stands in the file.
func (s setting) key() string { return s.name[strings.LastIndexByte(s.name, '.')+1:] }

func (s setting) isSection() bool {
	return s.value.Kind() == reflect.Struct &&
		!s.value.Addr().Type().Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// isSecret tells a text, or a list of texts, of a type that hides them: Secret, or a package's own type of that kind.
func (s setting) isSecret() bool {
	t := s.value.Type()
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Kind() == reflect.String && t.Implements(reflect.TypeFor[interface{ Reveal() string }]())
}

// mayStandInFile is false for secrets, but for those tagged file:"allowed".
func (s setting) mayStandInFile() bool { return !s.isSecret() || s.field.Tag.Get("file") == "allowed" }

// isComposite tells a setting of several nodes from a single value.
func (s setting) isComposite() bool {
	k := s.value.Kind()
	return k == reflect.Map || k == reflect.Slice || s.isSection()
}

// entry is a new entry of a list or table, whose name stands in brackets.
func (s setting) entry(name string) setting {
	return setting{name: entryName(s.name, name), value: reflect.New(s.value.Type().Elem()).Elem()}
}

// inFileOnly tells tables, and lists of anything but single values: no variable could hold them.
func (s setting) inFileOnly() bool {
	k := s.value.Kind()
	return k == reflect.Map || k == reflect.Slice && s.entry("").isComposite()
}

// setText gives v the value that text stands for. The error says what it must be, as the rest of a sentence.
func setText(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d, err := duration(text)
		v.SetInt(int64(d))
		return err
	}
	switch v.Kind() {
	case reflect.Pointer: // a value that may be left out
		value := reflect.New(v.Type().Elem())
		v.Set(value)
		return setText(value.Elem(), text)
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("must be true or false, not %s", quote(text))
		}
		v.SetBool(text == "true")
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if errors.Is(err, strconv.ErrRange) {
			return fmt.Errorf("%s is out of range", quote(text))
		}
		if err != nil {
			return fmt.Errorf("must be a whole number, not %s", quote(text))
		}
		v.SetInt(n)
	case reflect.Float64:
		if !number.MatchString(text) {
			return fmt.Errorf("must be a number, not %s", quote(text))
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("%s is out of range", quote(text))
		}
		v.SetFloat(f)
	default:
		return errors.New("cannot be set")
	}
	return nil
}

var number = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]*)?$`)

func duration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	switch {
	case err == nil:
		return d, nil
	case number.MatchString(text):
		return 0, fmt.Errorf("%s has no unit, write %ss or %[2]sms", quote(text), text)
	default:
		return 0, fmt.Errorf("must be a duration such as 30s or 1m30s, not %s", quote(text))
	}
}
