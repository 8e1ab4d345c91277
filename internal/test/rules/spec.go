package rules

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	bullet  = regexp.MustCompile(`^- \*\*(R-[A-Z]+-\d{2,3})\*\* \(([ML]); ([GXWSF,]+)\)`)
	row     = regexp.MustCompile(`^\| (R-[A-Z]+-\d{2,3})( \(L\))? \|.*\|`)
	allRows = regexp.MustCompile(`All rows are \(M(.*)$`)
	oneKind = regexp.MustCompile(`\b[GXWSF]\b`)
	// whatever looks like a rule: a number in bold with level and tests, or one that is the first cell of a row
	looks    = regexp.MustCompile(`^- \*\*R-[A-Z]+-\d+\*\* \(|^\| R-[A-Z]+-\d+( \(L\))? \|`)
	levelled = regexp.MustCompile(`\| (M|L|M/L) \| ([GXWSF ]+) \|$`)
)

// FromSpecification finds the rules of the specification's text, in its order: a rule is a bullet with level and tests,
// a row of a table whose last two cells say them, or a row of a table whose introduction says them for all rows.
//
// The error names a line that looks like a rule and is none that can be read.
func FromSpecification(text string) ([]Rule, error) {
	var list []Rule
	kinds := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := allRows.FindStringSubmatch(line); m != nil {
			kinds = strings.Join(oneKind.FindAllString(m[1], -1), "")
		}
		if m := bullet.FindStringSubmatch(line); m != nil {
			list = append(list, Rule{ID: m[1], Level: m[2], Kinds: strings.ReplaceAll(m[3], ",", "")})
			continue
		}
		m := row.FindStringSubmatch(line)
		if m == nil {
			if looks.MatchString(line) {
				return nil, fmt.Errorf("not a rule that can be read: %.80s", line)
			}
			continue
		}
		r := Rule{ID: m[1], Level: "M", Kinds: kinds}
		if c := levelled.FindStringSubmatch(line); c != nil {
			r.Level, r.Kinds = c[1], strings.ReplaceAll(c[2], " ", "")
		} else if m[2] != "" {
			r.Level = "L"
		}
		list = append(list, r)
	}
	return list, nil
}
