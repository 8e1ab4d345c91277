package growthtest

import (
	"math/bits"
	"testing"
)

// TestMendA2GrowthIsNoticed looks at the measure itself: what grows with its input passes, also by the logarithm of it,
// and a square does not, also where it is a quarter of the work on the smaller input.
func TestMendA2GrowthIsNoticed(t *testing.T) {
	const n = 600_000
	sink := 0
	work := func(steps int) func() {
		return func() {
			for i := range steps {
				sink ^= i
			}
		}
	}
	for name, c := range map[string]struct {
		steps func(n int) int
		fails bool
	}{
		"linear":            {func(n int) int { return 20 * n }, false},
		"n log n":           {func(n int) int { return n * bits.Len(uint(n)) }, false},
		"square":            {func(m int) int { return m * m / n }, true},
		"square, a quarter": {func(m int) int { return 3*m + m*m/n }, true},
	} {
		t.Run(name, func(t *testing.T) {
			verdict := &verdict{TB: t}
			Check(verdict, n, func(n int) func() { return work(c.steps(n) / 16) })
			if verdict.failed != c.fails {
				t.Errorf("failed: %v", verdict.failed)
			}
		})
	}
}

// verdict keeps a failure to itself.
type verdict struct {
	testing.TB
	failed bool
}

func (v *verdict) Errorf(string, ...any) { v.failed = true }
