// Package nearest finds the name that somebody has meant who has written another one. It must not know what the names
// are of.
//
// Start at [Spelling]; [Part] is for names of which people write a part.
package nearest

import "strings"

// longest is the length beyond which no name is near any of ours, whatever it holds: the work grows with the product of
// the lengths.
const longest = 100

// Spelling gives the candidate that is nearest to a mistyped name by letters to insert, remove or replace; "" when none
// is near.
func Spelling(name string, candidates []string) string {
	best, least := "", 2+len(name)/5
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// Part gives the candidate that differs in a letter, else the shortest one that holds the name, else that of
// [Spelling].
func Part(name string, candidates []string) string {
	const short = 4
	spelled := Spelling(name, candidates)
	if spelled != "" && distance(strings.ToLower(name), strings.ToLower(spelled)) <= 1 || len(name) < short ||
		len(name) > longest {
		return spelled
	}
	best := ""
	for _, c := range candidates {
		if strings.Contains(strings.ToLower(c), strings.ToLower(name)) && (best == "" || len(c) < len(best)) {
			best = c
		}
	}
	if best != "" {
		return best
	}
	return spelled
}

// distance is the number of letters to insert, remove or replace to make a into b.
func distance(a, b string) int {
	if len(a) > longest {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
