// Package wordlist reads the plain files in which words stand that code looks for.
//
// It must know nothing of what the words mean. Start at [Parse].
package wordlist

import "strings"

// Lists are the lists of a file, by name.
type Lists map[string][]string

// Parse reads a file. A line with a name in brackets begins a list; the lines below it hold its entries, parted by
// spaces; an underscore stands for a space within an entry. A line that begins with # is a comment.
func Parse(file string) Lists {
	lists, name := Lists{}, ""
	for line := range strings.Lines(file) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			name = strings.Trim(line, "[]")
		default:
			for entry := range strings.FieldsSeq(line) {
				lists[name] = append(lists[name], strings.ReplaceAll(entry, "_", " "))
			}
		}
	}
	return lists
}

// Set gives the entries of a list as a set.
func (l Lists) Set(name string) map[string]bool {
	set := make(map[string]bool, len(l[name]))
	for _, entry := range l[name] {
		set[entry] = true
	}
	return set
}
