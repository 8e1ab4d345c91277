package form

import (
	_ "embed"
	"iter"
	"strconv"
	"strings"

	"outcrop/internal/wordlist"
)

// The tables say what forms look like; each explains itself.
var (
	//go:embed tables/words.txt
	wordsFile string
	//go:embed tables/numbers.txt
	numbersFile string
	//go:embed tables/secrets.txt
	secretsFile string
)

var words = wordlist.Parse(wordsFile)

// rows gives the fields behind the first word of those lines of a table that begin with it.
func rows(table, sort string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(table) {
			if f := strings.Fields(line); len(f) > 1 && f[0] == sort && !yield(f[1:]) {
				return
			}
		}
	}
}

// column gives the first fields of such rows.
func column(table, sort string) (list []string) {
	for row := range rows(table, sort) {
		list = append(list, row[0])
	}
	return list
}

// number reads a field. A table with anything else is a fault of the build.
func number(field string) int {
	n, err := strconv.Atoi(field)
	if err != nil {
		panic(err)
	}
	return n
}
