package finding

import (
	"slices"
	"testing"
)

// TestMendA2ResolveKeepsWhatItKept compares with the rule in its plainest form.
func TestMendA2ResolveKeepsWhatItKept(t *testing.T) {
	kinds := []string{KindURL, KindEmail, KindPerson, "STAFF_ID"}
	for seed := range 2000 {
		var found []Finding
		x := uint32(seed)*2654435761 + 1
		next := func(n int) int { x = x*1664525 + 1013904223; return int(x>>16) % n }
		for range next(12) {
			start := next(40)
			found = append(found, Finding{Text: next(2), Kind: kinds[next(4)], Start: start, End: start + 1 + next(9),
				Score: float64(next(3)) / 2})
		}
		sorted := slices.Clone(found)
		slices.SortFunc(sorted, func(a, b Finding) int {
			return better(contender{a, Rank(a.Kind)}, contender{b, Rank(b.Kind)})
		})
		var want []Finding
		for _, f := range sorted {
			if !slices.ContainsFunc(want,
				func(k Finding) bool { return k.Text == f.Text && k.Start < f.End && f.Start < k.End }) {
				want = append(want, f)
			}
		}
		slices.SortFunc(want, InText)
		if got := Resolve(slices.Clone(found)); !slices.Equal(got, want) {
			t.Fatalf("of %+v\n%+v\nwant %+v", found, got, want)
		}
	}
}
