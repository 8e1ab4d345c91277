package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Setting describes a setting to people.
type Setting struct {
	Name    string   // "server.addr": section and key in the file
	Env     []string // variables that set it, the strongest first
	Default string   // "" where it is empty
	Help    string
}

// Reference describes every setting, in the order of Config.
func Reference() []Setting {
	var all []Setting
	for _, s := range Default().settings() {
		value := ""
		if !s.value.IsZero() {
			value = strings.Trim(fmt.Sprint(s.value.Interface()), "[]")
		}
		env := append(variables(s), slices.Sorted(maps.Keys(entryVariables(s)))...)
		all = append(all, Setting{s.name, env, value, s.field.Tag.Get("help")})
	}
	return all
}
