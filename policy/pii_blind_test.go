package policy

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"outcrop/policy/finding"
)

// TestEvalBlind measures on texts written by someone who had not read the detectors: sentences, forms, logs, mails and
// notes in the manner of public sets, with names of 26 countries, and as many texts without anybody's name. Templates
// and names of the two halves differ. Mistakes in "dev" were read; of "test" only the totals.
func TestEvalBlind(t *testing.T) {
	p, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	floors := map[string]float64{KindEmail: .97, KindCard: .97, KindIP: .97, KindIBAN: .97, KindPhone: .97, KindSSN: .97,
		KindPerson: .92}
	for _, half := range []string{"dev", "test"} {
		byKind := map[string]*counts{}
		at := func(k string) *counts {
			if byKind[k] == nil {
				byKind[k] = &counts{}
			}
			return byKind[k]
		}
		show := os.Getenv("EVAL_CASES") != "" && half == "dev"
		words, texts, wrong, marked := 0, 0, 0, 0
		for _, part := range []string{"pii", "plain"} {
			for _, l := range readPII(t, "blind-"+part+"-"+half) {
				found, err := p.Find(context.Background(), Input, []Text{{Value: l.Text, Role: "user"}})
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range l.Entities {
					if slices.ContainsFunc(found,
						func(f Finding) bool { return f.Kind == e.Kind && f.Start < e.End && e.Start < f.End }) {
						at(e.Kind).tp++
						continue
					}
					at(e.Kind).fn++
					if show {
						t.Logf("missed %s %q in %q", e.Kind, l.Text[e.Start:e.End], l.Text)
					}
				}
				names := 0
				for _, f := range found {
					hit := false
					for _, e := range l.Entities {
						hit = hit || f.Kind == e.Kind && f.Start < e.End && e.Start < f.End
					}
					if hit {
						continue
					}
					at(f.Kind).fp++
					names += int(finding.B2f(f.Kind == KindPerson))
					if show && f.Kind != KindAddress && f.Kind != KindURL {
						t.Logf("false %s %q in %q (%.2f)", f.Kind, l.Text[f.Start:f.End], l.Text, f.Score)
					}
				}
				if part == "plain" {
					texts++
					words += len(strings.Fields(l.Text))
					wrong += names
					marked += min(1, names)
				}
			}
		}
		for _, k := range slices.Sorted(maps.Keys(byKind)) {
			c := byKind[k]
			precision, recall := float64(c.tp)/float64(max(1, c.tp+c.fp)), float64(c.tp)/float64(max(1, c.tp+c.fn))
			t.Logf("%-8s %-15s n %3d  precision %.3f  recall %.3f  F1 %.3f", half, k, c.tp+c.fn, precision, recall, c.f1())
			if c.f1() < floors[k] {
				t.Errorf("%s: F1 of %s is %.3f, the floor is %.2f", half, k, c.f1(), floors[k])
			}
		}
		t.Logf("%-8s names in %d texts without any: %d, %.2f in 1,000 words, in %.1f %% of the texts", half, texts, wrong,
			1000*float64(wrong)/float64(words), 100*float64(marked)/float64(texts))
		if 10*marked > texts {
			t.Errorf("%s: names are found in %d of %d texts without any", half, marked, texts)
		}
	}
}
