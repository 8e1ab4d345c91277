// Package eval measures what the complexity score of the router is worth, on texts of our own with labels of our own
// (router/testdata/eval). It is for tests and for `make eval`; nothing of the gateway imports it.
//
// Start reading at [Read] and [Measure]; the rules that the score is compared with are in rules.go.
package eval

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// Item is one labelled text.
type Item struct {
	// Difficulty is how likely a weak model fails where a strong one does not, 0 to 1: an estimate, written before the
	// score was.
	Difficulty float64  `json:"difficulty"`
	Text       string   `json:"text"`    // the question
	Options    []string `json:"options"` // of a multiple choice
	Turns      []string `json:"turns"`   // in place of Text: what the user says, the oldest first
	Subject    string   `json:"subject"`
	Steps      int      `json:"steps"` // of arithmetic
	Tier       string   `json:"tier"`  // the tier that should serve it
}

// Set is a list of prompts of one kind, as they would be sent.
type Set struct {
	Name    string
	Items   []Item
	Prompts [][]string // the user's turns, one entry an item
}

// layouts are the ways in which multiple choices are written.
var layouts = []struct {
	name  string
	write func(it Item) string
}{
	{"choice, A. on lines", func(it Item) string { return it.Text + lettered(it.Options, "\n%c. %s") }},
	{"choice, (A) inline", func(it Item) string { return it.Text + lettered(it.Options, " (%c) %s") }},
	{"choice, wrapped", func(it Item) string {
		return "Answer the following question with the letter of one option, and nothing else.\n\nQuestion: " + it.Text +
			lettered(it.Options, "\n%c) %s") + "\nAnswer:"
	}},
	{"choice, bare lines", func(it Item) string { return it.Text + "\n" + strings.Join(it.Options, "\n") }},
	{"choice, no options", func(it Item) string { return it.Text }},
}

func lettered(options []string, form string) string {
	var b strings.Builder
	for i, o := range options {
		fmt.Fprintf(&b, form, 'A'+i, o)
	}
	return b.String()
}

// Read gives the sets that stand in a directory of JSON lines.
func Read(dir fs.FS) ([]Set, error) {
	var sets []Set
	maths, err := read(dir, "maths.jsonl")
	choices, err2 := read(dir, "choice.jsonl")
	open, err3 := read(dir, "open.jsonl")
	chat, err4 := read(dir, "chat.jsonl")
	if err := errors.Join(err, err2, err3, err4); err != nil {
		return nil, err
	}
	text := func(it Item) []string { return []string{it.Text} }
	sets = append(sets, newSet("maths", maths, text))
	for _, l := range layouts {
		sets = append(sets, newSet(l.name, choices, func(it Item) []string { return []string{l.write(it)} }))
	}
	return append(sets,
		newSet("open, first turn", open, func(it Item) []string { return it.Turns[:1] }),
		newSet("open, both turns", open, func(it Item) []string { return it.Turns }),
		newSet("chat", chat, text)), nil
}

func newSet(name string, items []Item, prompt func(Item) []string) Set {
	s := Set{Name: name, Items: items}
	for _, it := range items {
		s.Prompts = append(s.Prompts, prompt(it))
	}
	return s
}

func read(dir fs.FS, name string) ([]Item, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var items []Item
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var it Item
		if err := json.Unmarshal(lines.Bytes(), &it); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if it.Text == "" && len(it.Turns) == 0 || it.Difficulty < 0 || it.Difficulty > 1 {
			return nil, fmt.Errorf("%s:%d: needs text or turns, and a difficulty from 0 to 1", name, n)
		}
		items = append(items, it)
	}
	return items, lines.Err()
}
