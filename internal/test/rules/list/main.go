// Command list prints which test shows which rule of the translation (`make rules`). It runs in the root of the
// project, and ends with status 1 when a rule that must have a test has none.
package main

import (
	"fmt"
	"os"
	"strings"

	"outcrop/internal/test/rules"
)

func main() {
	list, err := rules.Read(rules.List)
	if err == nil {
		var tests map[string][]string
		if tests, err = rules.Citations("."); err == nil && show(list, tests) > 0 {
			err = fmt.Errorf("rules of level M without a test")
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// show prints a line a rule and the totals, and gives the number of rules that must have a test and have none.
func show(list []rules.Rule, tests map[string][]string) (missing int) {
	type count struct{ covered, all int }
	total := map[string]*count{"M": {}, "M/L": {}, "L": {}}
	waiting := 0
	for _, r := range list {
		total[r.Level].all++
		by := strings.Join(tests[r.ID], ", ")
		switch {
		case by != "":
			total[r.Level].covered++
			if r.WaitsFor != "" {
				by += " (in part; waits for: " + r.WaitsFor + ")"
			}
		case r.Due():
			missing++
			by = "NOT COVERED"
		case r.WaitsFor != "":
			waiting++
			by = "waits for: " + r.WaitsFor
		default:
			by = "not covered"
		}
		fmt.Printf("%-10s %-3s %-5s %s\n", r.ID, r.Level, r.Kinds, by)
	}
	fmt.Println()
	for _, level := range []string{"M", "M/L", "L"} {
		fmt.Printf("level %-3s %3d of %3d covered\n", level, total[level].covered, total[level].all)
	}
	fmt.Printf("%d wait for something that does not exist yet, %d lack a test\n", waiting, missing)
	return missing
}
