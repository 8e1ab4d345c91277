package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// origin is where a setting was made: a place in the file, or the name of a variable or flag. The zero value is a
// default.
type origin struct {
	file         string
	line, column int
	name         string
}

func (o origin) String() string {
	switch {
	case o.file == "":
		return o.name
	case o.column > 0:
		return fmt.Sprintf("%s:%d:%d", o.file, o.line, o.column)
	case o.line > 0:
		return fmt.Sprintf("%s:%d", o.file, o.line)
	default:
		return o.file
	}
}

// complaint is one thing that is wrong.
type complaint struct {
	origin  origin
	setting string // "server.addr"; "" where no setting is concerned
	text    string
}

var arn = regexp.MustCompile(`arn:[^\s"\]]*`)

// String is the complaint on one line, without ARNs, which hold account numbers: the place tells which one is meant.
func (c complaint) String() string {
	parts := slices.DeleteFunc([]string{c.origin.String(), c.setting, c.text}, func(s string) bool { return s == "" })
	line := arn.ReplaceAllString(strings.Join(parts, ": "), "arn:…")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, line)
}

// complaints is the error of Load: one line each, those of the file first and in its order.
type complaints []complaint

func (cs complaints) Error() string {
	lines := make([]string, len(cs))
	for i, c := range cs {
		lines[i] = c.String()
	}
	return strings.Join(lines, "\n")
}

func (cs complaints) sort() {
	slices.SortStableFunc(cs, func(a, b complaint) int {
		return cmp.Or(
			-cmp.Compare(a.origin.file, b.origin.file), // there is one file; "" comes last
			cmp.Compare(a.origin.line, b.origin.line),
			cmp.Compare(a.origin.column, b.origin.column),
			cmp.Compare(a.origin.name, b.origin.name),
			cmp.Compare(a.setting, b.setting),
		)
	})
}

// about tells whether something is already said of a setting, of a part of it or of its whole section.
func (cs complaints) about(setting string) bool {
	return slices.ContainsFunc(cs, func(c complaint) bool {
		return c.setting == setting || strings.HasPrefix(c.setting, setting+"[") ||
			strings.HasPrefix(c.setting, setting+".") || c.setting != "" && strings.HasPrefix(setting, c.setting+".")
	})
}

// quote shows what was written, cut where it is long.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.Quote(s)
}
