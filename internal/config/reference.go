package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Setting describes a setting to people.
type Setting struct {
	// "server.addr": section and key in the file; "router.rules[].name" of the entries of a list, [NAME] of a table
	Name string
	Env  []string // variables that set it, the strongest first
	// "" where it is empty; of tables and lists of sections the names of the entries, or how many there are
	Default string
	Help    string
}

// Reference describes every setting, in the order of Config. The members of a table's or list's entries follow it.
func Reference() []Setting {
	var all []Setting
	described := map[reflect.Type]bool{}
	for _, s := range Default().settings() {
		all = append(all, describeSetting(s, described)...)
	}
	return all
}

// describeSetting describes a setting and the members of its entries, once each kind of entry.
func describeSetting(s setting, described map[reflect.Type]bool) []Setting {
	env := append(variables(s), slices.Sorted(maps.Keys(entryVariables(s)))...)
	all := []Setting{{s.name, env, shown(s), s.field.Tag.Get("help")}}
	if !s.inFileOnly() {
		return all
	}
	entry := s.entry("")
	if s.value.Kind() == reflect.Map {
		entry = s.entry("NAME")
	}
	for entry.value.Kind() == reflect.Slice { // a table of lists
		entry = entry.entry("")
	}
	if t := entry.value.Type(); entry.isSection() && !described[t] {
		described[t] = true
		for _, member := range settings(entry.value, entry.name) {
			if member.field.Tag.Get("help") != "" { // else the table's own help says where they are described
				all = append(all, describeSetting(member, described)...)
			}
		}
	}
	return all
}

// shown is the value of a default.
func shown(s setting) string {
	switch {
	case s.value.IsZero():
		return ""
	case s.value.Kind() == reflect.Map:
		var keys []string
		for _, k := range s.value.MapKeys() {
			keys = append(keys, k.String())
		}
		slices.Sort(keys)
		return strings.Join(keys, " ")
	case s.inFileOnly():
		return fmt.Sprintf("%d entries", s.value.Len())
	default:
		return strings.Trim(fmt.Sprint(s.value.Interface()), "[]")
	}
}
