package policy

import (
	"bufio"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"outcrop/policy/finding"
)

// labelledText is one line of testdata/pii: offsets are bytes.
type labelledText struct {
	Text     string
	Entities []struct {
		Kind       string
		Start, End int
	}
}

func readPII(t testing.TB, name string) []labelledText {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "pii", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []labelledText
	for s := bufio.NewScanner(f); s.Scan(); {
		var l labelledText
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		out = append(out, l)
	}
	return out
}

// counts are true and false positives, and what was missed.
type counts struct{ tp, fp, fn int }

func (c counts) f1() float64 { return 2 * float64(c.tp) / float64(max(1, 2*c.tp+c.fp+c.fn)) }

// TestEvalPII measures by any overlap and the right kind, and keeps floors on the second half. Mistakes in both halves
// were looked at while the weights were chosen, so that neither tells what unseen text would give.
func TestEvalPII(t *testing.T) {
	p, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	floors := map[string]float64{KindEmail: .97, KindCard: .97, KindIP: .97, KindIBAN: .97, KindPhone: .9, KindSSN: .9,
		KindPerson: .9, KindAddress: .6}
	for _, half := range []string{"dev", "heldout"} {
		byKind := map[string]*counts{}
		at := func(k string) *counts {
			if byKind[k] == nil {
				byKind[k] = &counts{}
			}
			return byKind[k]
		}
		clean := 0
		for _, l := range readPII(t, half) {
			found, err := p.Find(context.Background(), Input, []Text{{Value: l.Text, Role: "user"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range l.Entities {
				if slices.ContainsFunc(found,
					func(f Finding) bool { return f.Kind == e.Kind && f.Start < e.End && e.Start < f.End }) {
					at(e.Kind).tp++
				} else {
					at(e.Kind).fn++
					if os.Getenv("EVAL_CASES") != "" {
						t.Logf("%s: missed %s %q in %q", half, e.Kind, l.Text[e.Start:e.End], l.Text)
					}
				}
			}
			for _, f := range found {
				hit := false
				for _, e := range l.Entities {
					hit = hit || f.Kind == e.Kind && f.Start < e.End && e.Start < f.End
				}
				if !hit {
					at(f.Kind).fp++
					clean += int(finding.B2f(f.Kind == KindPerson && len(l.Entities) == 0))
					if os.Getenv("EVAL_CASES") != "" {
						t.Logf("%s: false %s %q in %q (%.2f)", half, f.Kind, l.Text[f.Start:f.End], l.Text, f.Score)
					}
				}
			}
		}
		for _, k := range slices.Sorted(maps.Keys(byKind)) {
			c := byKind[k]
			precision, recall := float64(c.tp)/float64(max(1, c.tp+c.fp)), float64(c.tp)/float64(max(1, c.tp+c.fn))
			t.Logf("%-8s %-15s n %3d  precision %.3f  recall %.3f  F1 %.3f", half, k, c.tp+c.fn, precision, recall, c.f1())
			if half == "heldout" && c.f1() < floors[k] {
				t.Errorf("F1 of %s is %.3f, the floor is %.2f", k, c.f1(), floors[k])
			}
		}
		t.Logf("%-8s names found in texts without any: %d", half, clean)
		if clean > 4 {
			t.Errorf("%s: %d names found in texts without any", half, clean)
		}
	}
}
