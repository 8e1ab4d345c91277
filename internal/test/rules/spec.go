package rules

import (
	"regexp"
	"strings"
)

var (
	bullet   = regexp.MustCompile(`^- \*\*(R-[A-Z]+-\d{2})\*\* \(([ML]); ([GXWSF,]+)\)`)
	row      = regexp.MustCompile(`^\| (R-[A-Z]+-\d{2})( \(L\))? \|.*\|`)
	allRows  = regexp.MustCompile(`All rows are \(M(.*)$`)
	oneKind  = regexp.MustCompile(`\b[GXWSF]\b`)
	levelled = regexp.MustCompile(`\| (M|L|M/L) \| ([GXWSF ]+) \|$`)
)

// FromSpecification finds the rules of the specification's text, in its order: a rule is a bullet with level and tests,
// a row of a table whose last two cells say them, or a row of a table whose introduction says them for all rows.
func FromSpecification(text string) []Rule {
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
	return list
}
