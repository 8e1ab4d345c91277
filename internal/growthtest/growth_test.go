package growthtest

import "testing"

// TestMendA2GrowthIsNoticed looks at the measure itself: work that grows with the square of its input must not pass.
func TestMendA2GrowthIsNoticed(t *testing.T) {
	sink := 0
	work := func(n, each int) func() {
		return func() {
			for i := range n {
				for range each {
					sink ^= i
				}
			}
		}
	}
	Check(t, 1000, func(n int) func() { return work(n, 3000) })
	if !measurable {
		return
	}
	if a, b := cost(work(1000, 1000), 50), 50*cost(work(10_000, 10_000), 1); b <= most*a {
		t.Errorf("%v against %v: it would not have been noticed", a, b)
	}
}
