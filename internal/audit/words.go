package audit

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// String says in a line how a chain stands.
func (r *Report) String() string {
	b := fmt.Sprintf("chain %s: %s in %s, sealed up to line %d by key %s",
		r.Chain, count(r.Records, "record"), count(r.Files, "file"), r.Sealed, r.Key)
	if r.First > 1 {
		b += fmt.Sprintf(", begins with file %d", r.First)
	}
	if r.Pruned > 0 {
		b += fmt.Sprintf(", %s removed by the settings", count(r.Pruned, "file"))
	}
	if r.Vouched > r.Sealed {
		b += fmt.Sprintf(", not closed, as a killed process leaves it: the next chain vouches up to line %d", r.Vouched)
	}
	if r.Unsealed > 0 {
		b += fmt.Sprintf(", %s not sealed yet", count(r.Unsealed, "line"))
	}
	if r.Followed != "" {
		b += ", although chain " + r.Followed + " follows: its process runs beside that one, was killed, or its end was " +
			"removed"
	}
	if r.Torn {
		b += ", the last line is not whole"
	}
	if r.Missing > 0 {
		b += fmt.Sprintf(", %s could not be kept", count(int(r.Missing), "record"))
	}
	if r.OK() {
		return b + ": holds"
	}
	return b + ": BROKEN"
}

// String says what is proven.
func (p *Proof) String() string {
	which := strings.Trim(strings.ReplaceAll(fmt.Sprint(p.Choices), " ", ", "), "[]")
	choices := "choice " + which
	if len(p.Choices) > 1 {
		choices = "choices " + which
	}
	by := p.Served
	if p.Asked != "" && p.Asked != p.Served {
		by += " (asked for as " + p.Asked + ")"
	}
	return fmt.Sprintf("the %s is %s of %d of the answer of %s by %s", p.Form, choices, p.Of, p.At, by)
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// ReadManifest finds a manifest in its own file or in an answer; nil is none.
func ReadManifest(text []byte) *Manifest {
	for _, s := range ReadAnswer(text) {
		if s.Manifest != nil {
			return s.Manifest
		}
	}
	m := new(Manifest)
	if json.Unmarshal(text, m) != nil || m.ID == "" {
		return nil
	}
	return m
}
