package pipeline

import (
	"math"
	"testing"
)

func TestMendA1ProductsSaturate(t *testing.T) {
	for _, e := range []reckoning{
		{calls: 4_500_000_000, input: 1, output: math.MaxInt32},
		{calls: math.MaxInt64, input: math.MaxInt64, output: math.MaxInt64},
		{calls: 1 << 32, input: 1 << 32, output: 0},
		{calls: 2, input: 0, output: math.MaxInt64/2 + 1},
		{calls: 1, input: math.MaxInt64, output: math.MaxInt64},
	} {
		if n := e.total(); n != mostTokens {
			t.Errorf("%+v: %d", e, n)
		}
	}
	for _, e := range []reckoning{{calls: -3, input: 5, output: 5}, {calls: 3, input: -1, output: -5}, {calls: 0, input: math.MaxInt64}} {
		if n := e.total(); n != 0 {
			t.Errorf("%+v: %d", e, n)
		}
	}
	if n := (reckoning{calls: 128, input: 8_000_000, output: math.MaxInt32}).total(); n != 128*(8_000_000+math.MaxInt32) {
		t.Errorf("what may be asked for is counted exactly, not as %d", n)
	}
}
