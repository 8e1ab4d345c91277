package policy

import (
	"context"
	"maps"
	"os"
	"slices"
	"testing"
)

// TestEvalMention measures on texts of which some mention what others are: an eponym and a person, the form of a
// connection URL and one with a password, a text about attacks and an attack. Both halves were written before the
// detectors knew any of it; mistakes in "dev" were read, of "test" only the totals. Spans count by overlap, save
// secrets and addresses, which must be found from their first byte to their last.
func TestEvalMention(t *testing.T) {
	p := newPolicy(t, Default())
	floors := map[string]float64{KindEmail: .97, KindSecret: .97, KindIP: .97, KindPerson: .95}
	for _, half := range []string{"dev", "test"} {
		byKind := map[string]*counts{}
		for _, l := range readPII(t, "mention-"+half) {
			found, err := p.Find(context.Background(), Input, []Text{{Value: l.Text, Role: "user"}})
			if err != nil {
				t.Fatal(err)
			}
			for kind, c := range compare(l, found) {
				if byKind[kind] == nil {
					byKind[kind] = &counts{}
				}
				byKind[kind].tp, byKind[kind].fp, byKind[kind].fn = byKind[kind].tp+c.tp, byKind[kind].fp+c.fp, byKind[kind].fn+c.fn
				if c.fp+c.fn > 0 && half == "dev" && os.Getenv("EVAL_CASES") != "" {
					t.Logf("%s: %d wrong, %d missed in %q: %+v", kind, c.fp, c.fn, l.Text, found)
				}
			}
		}
		for _, k := range slices.Sorted(maps.Keys(byKind)) {
			c := byKind[k]
			t.Logf("mention-%-5s %-15s n %3d  missed %d  wrong %d  F1 %.3f", half, k, c.tp+c.fn, c.fn, c.fp, c.f1())
			if c.f1() < floors[k] {
				t.Errorf("mention-%s: F1 of %s is %.3f, the floor is %.2f", half, k, c.f1(), floors[k])
			}
		}
	}
}

// compare counts by kind what was found in a text against its labels. Web addresses are not labelled.
func compare(l labelledText, found []Finding) map[string]counts {
	out := map[string]counts{}
	same := func(kind string, a, b, c, d int) bool {
		if kind == KindSecret || kind == KindEmail {
			return a == c && b == d
		}
		return a < d && c < b
	}
	for _, e := range l.Entities {
		c := out[e.Kind]
		if slices.ContainsFunc(found,
			func(f Finding) bool { return f.Kind == e.Kind && same(f.Kind, f.Start, f.End, e.Start, e.End) }) {
			c.tp++
		} else {
			c.fn++
		}
		out[e.Kind] = c
	}
	for _, f := range found {
		hit := f.Kind == KindURL
		for _, e := range l.Entities {
			hit = hit || f.Kind == e.Kind && same(f.Kind, f.Start, f.End, e.Start, e.End)
		}
		if !hit {
			c := out[f.Kind]
			c.fp++
			out[f.Kind] = c
		}
	}
	return out
}
