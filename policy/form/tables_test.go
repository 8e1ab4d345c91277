package form

import (
	"strings"
	"testing"
)

// TestTables holds that every row of the tables can be used: a misspelt one would find nothing, in silence.
func TestTables(t *testing.T) {
	sorts := map[string]int{"iban": 2, "card": 3, "zero": 2, "token": 2, "name": 1, "blank": 1, "user": 1, "host": 1,
		"scheme": 1, "webhook": 1, "command": 3}
	for line := range strings.Lines(numbersFile + "\n" + secretsFile) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if least, known := sorts[f[0]]; !known || len(f)-1 < least {
			t.Errorf("%q: no row of a known sort", line)
		}
		switch f[0] {
		case "token":
			if strings.IndexAny(f[1], "_-.") < 1 {
				t.Errorf("%q: no mark behind the first byte", line)
			}
		case "card":
			if len(f[1]) != len(f[2]) || len(f[1]) > 4 {
				t.Errorf("%q: up to four digits, as many in both", line)
			}
		case "zero":
			if f[2] != "always" && f[2] != "never" {
				t.Errorf("%q: always or never", line)
			}
		case "command":
			if f[2] != "pair" && f[2] != "plain" {
				t.Errorf("%q: pair or plain", line)
			}
		}
	}
	for country, n := range ibanLengths {
		if len(country) != 2 || n < 15 || n > 34 {
			t.Errorf("accounts of %s have %d letters and digits", country, n)
		}
	}
	for _, list := range []string{"street after", "street before", "street endings", "street small", "street filler",
		"flats", "post boxes", "near phone", "near ssn", "near ip", "near card", "near bank", "near version",
		"near other", "extensions", "schemes"} {
		if len(words[list]) == 0 {
			t.Errorf("the list %q is empty", list)
		}
		for _, w := range words[list] {
			if w != strings.ToLower(w) {
				t.Errorf("%q in %q: small letters", w, list)
			}
		}
	}
}
