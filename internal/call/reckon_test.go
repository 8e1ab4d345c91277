package call

import (
	"math"
	"testing"
)

func TestMendA1ProductsSaturate(t *testing.T) {
	for _, e := range []Reckoning{
		{calls: 4_500_000_000, Input: 1, Output: math.MaxInt32},
		{calls: math.MaxInt64, Input: math.MaxInt64, Output: math.MaxInt64},
		{calls: 1 << 32, Input: 1 << 32, Output: 0},
		{calls: 2, Input: 0, Output: math.MaxInt64/2 + 1},
		{calls: 1, Input: math.MaxInt64, Output: math.MaxInt64},
	} {
		if n := e.Total(); n != mostTokens {
			t.Errorf("%+v: %d", e, n)
		}
	}
	for _, e := range []Reckoning{{calls: -3, Input: 5, Output: 5}, {calls: 3, Input: -1, Output: -5},
		{calls: 0, Input: math.MaxInt64}} {
		if n := e.Total(); n != 0 {
			t.Errorf("%+v: %d", e, n)
		}
	}
	if n := (Reckoning{calls: 128, Input: 8_000_000, Output: math.MaxInt32}).Total(); n != 128*(8_000_000+math.MaxInt32) {
		t.Errorf("what may be asked for is counted exactly, not as %d", n)
	}
}
