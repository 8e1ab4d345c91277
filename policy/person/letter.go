package person

import (
	"slices"
	"strings"
)

// Closings end letters. Where nothing but the end of a line follows, they are no names, though some are surnames as
// well.
var Closings = lists.Set("closings")

// closes tells that the single word from a to b ends a letter: it stands alone at the end of its line, and no greeting
// or title leads to it in that line.
func (c *personScan) closes(a, b int, f nameFlag) bool {
	if !Closings[strings.ToLower(c.s[a:b])] {
		return false
	}
	rest := strings.TrimLeft(c.s[b:min(len(c.s), b+4)], " ,.!")
	if rest != "" && rest[0] != '\n' && rest[0] != '\r' {
		return false
	}
	line := c.s[max(0, a-24):a]
	if n := strings.LastIndexByte(line, '\n'); n >= 0 {
		line = line[n+1:]
	}
	// "Dear Mr. Best," and "Hi Love," address somebody; "…, Best" does not.
	return !f.has(IsFirst|IsLast) || strings.TrimSpace(line) == "" ||
		strings.HasSuffix(strings.TrimRight(line, " "), ",") || strings.HasSuffix(line, ". ")
}

// greeted is what the greeting in front of the name before counts for the word at i, 0 where it stands beside no such
// name.
func (c *personScan) greeted(i int) float64 {
	if c.cue == 0 || i < c.cueEnd || i-c.cueEnd > 5 {
		return 0
	}
	between := c.s[c.cueEnd:i]
	if slices.Contains(lists["together"], between) {
		return c.cue
	}
	if between == ", " { // "Dear Mark, Will and Amber"; "Hi Anna, Hope you are well" greets one
		rest := c.s[wordEnd(c.s, i):]
		for _, w := range lists["together"] {
			if after, ok := strings.CutPrefix(rest, w); ok && after != "" && upperAt(after, 0) {
				return c.cue
			}
		}
	}
	return 0
}

// addressed tells that names joined by & are those of people who are addressed: "Hello Priya & Arjun,".
func (c *personScan) addressed(a, b int, cue float64) bool {
	if cue < 0.5 {
		return false
	}
	if c.greeted(a) > 0 {
		return true
	}
	rest, ok := strings.CutPrefix(c.s[b:], " & ")
	if !ok {
		return false
	}
	e := wordEnd(rest[:min(len(rest), 40)], 0)
	return e > 0 && (e == len(rest) || strings.IndexByte(",!:.\n", rest[e]) >= 0)
}
