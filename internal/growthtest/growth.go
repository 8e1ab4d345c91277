// Package growthtest holds work to its input: ten times as much may cost at most twelve times the processor's time. It is for tests
// only and ships nothing. Wall-clock time says nothing on a busy machine, so that the time of the process is what counts: a test that
// asks must not be parallel.
//
// The race detector changes what work costs, and so do other tests at the same time. So nothing is measured without the build tag growth:
// `make growth` runs what `make test` leaves out, one package after another. It is for a quiet machine: what no longer fits into a
// processor's cache costs a linear pass up to half as much again, which is no square (that would be a hundred), but more than twelve.
//
// Start at Check.
package growthtest

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

const (
	factor = 10                    // of the sizes
	most   = 12                    // of the times
	rounds = 5                     // of which the best counts
	memory = 2 << 30               // above it the collector runs after all
	least  = 20 * time.Millisecond // of the smaller size, or the clock decides
)

// Check fails the test where work grows faster than its input. prepare makes an input of size n, with nothing measured, and gives the
// work on it, which is done again and again. n should be so large that caches and the collector do the same for both sizes: work of some
// milliseconds.
func Check(t *testing.T, n int, prepare func(n int) func()) {
	t.Helper()
	if !measurable {
		t.Skip("growth is measured by make growth, where a process has a clock of its own")
	}
	small, large := prepare(n), prepare(factor*n)
	// What the collector costs hangs on the heap of everybody, and it would run for the larger size only.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memory))
	large() // so that the memory is there before anything is measured
	times := 1
	for cost(small, times) < least {
		times *= 2
	}
	best := [2]time.Duration{1 << 62, 1 << 62}
	for range rounds {
		best[0], best[1] = min(best[0], cost(small, times)), min(best[1], cost(large, times))
		if best[1] <= most*best[0] {
			return
		}
	}
	t.Errorf("ten times the input costs %.1f times the time: %v at %d, %v at %d",
		float64(best[1])/float64(best[0]), best[0]/time.Duration(times), n, best[1]/time.Duration(times), factor*n)
}

// cost is the processor's time of doing work so many times.
func cost(work func(), times int) time.Duration {
	runtime.GC() // what others have left behind is not part of it
	before := processTime()
	for range times {
		work()
	}
	return processTime() - before
}
