package attempt

import (
	"testing"
	"testing/synctest"
)

// The bound on calls of the whole gateway counts those of before the configuration was read anew.
func TestMendA6SlotsOutliveAReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var invokes Slots
		old := invokes.Of(4)
		for range 4 {
			if !old.TryAcquire(1) {
				t.Fatal("no slot")
			}
		}
		few := invokes.Of(2)
		synctest.Wait()
		free := func() int {
			n := 0
			for few.TryAcquire(1) {
				n++
			}
			few.Release(int64(n))
			return n
		}
		for i, want := range []int{0, 0, 1, 2} {
			old.Release(1)
			synctest.Wait()
			if got := free(); got != want {
				t.Errorf("Mend A6: %d slots with %d calls of before under way, want %d", got, 3-i, want)
			}
		}
		if invokes.Of(5); free() != 5 {
			t.Errorf("Mend A6: %d slots of 5", free())
		}
	})
}
