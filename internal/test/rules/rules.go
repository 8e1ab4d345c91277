// Package rules tells which test shows which rule of the translation. The rules are listed in docs/rules.tsv; a test
// shows a rule by carrying its number in a string (see Citations).
//
// Only `make rules` and tests use it. It must not be imported by the gateway. Start at Read and Citations.
package rules

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// List is where the rules are listed, from the root of the project.
const List = "docs/rules.tsv"

// Rule is one row of the list.
type Rule struct {
	ID       string // "R-STR-08"
	Level    string // "M" must, "L" later, "M/L" must in part
	Kinds    string // letters of the tests that the specification asks for: G golden, X recorded, W wire, S SDK, F fuzz
	WaitsFor string // what has to exist before the rule can be true; "" for most
}

// Due tells whether the rule must have a test by now.
func (r *Rule) Due() bool { return strings.HasPrefix(r.Level, "M") && r.WaitsFor == "" }

var idForm = regexp.MustCompile(`^R-[A-Z]+-\d{2,3}$`)

// Read reads the list of rules: a heading, then one row of four cells a rule.
func Read(path string) ([]Rule, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list []Rule
	seen := map[string]bool{}
	for i, line := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")[1:] {
		c := strings.Split(line, "\t")
		if len(c) != 4 || !idForm.MatchString(c[0]) || seen[c[0]] || c[1] != "M" && c[1] != "L" && c[1] != "M/L" ||
			strings.Trim(c[2], "GXWSF") != "" {
			return nil, fmt.Errorf("%s:%d: not a row of rule, level, tests, waits-for: %q", path, i+2, line)
		}
		seen[c[0]] = true
		list = append(list, Rule{c[0], c[1], c[2], c[3]})
	}
	return list, nil
}
