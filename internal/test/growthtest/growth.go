// Package growthtest holds work to its input: ten times as much may cost at most twelve times the processor's time. It
// is for tests only and ships nothing. Wall-clock time says nothing on a busy machine, so that the time of the process
// is what counts: a test that asks must not be parallel.
//
// The race detector changes what work costs, and so do other tests at the same time. So nothing is measured without the
// build tag growth: `make growth`, a part of `make check`, runs what `make test` leaves out, one package after another.
// Other people's work on the machine may double what the same work costs, for seconds: both sizes are worked on for as
// long, one right after the other, and the median of such pairs counts. A square is a hundred times, and no luck of a
// pair hides that.
//
// What no longer fits into a processor's cache is dearer to reach: a list of a million findings costs half as much
// again for each of them as one of a thousand. Choose n so that this counts for both sizes, or for neither.
//
// Start at Check.
package growthtest

import (
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"
)

const (
	factor = 10                    // of the sizes
	most   = 12                    // of the times
	pairs  = 25                    // at most, until their median is good
	memory = 2 << 30               // above it the collector runs after all
	least  = 20 * time.Millisecond // of either size, or the clock decides
)

// Check fails the test where work grows faster than its input. prepare makes an input of size n, with nothing measured,
// and gives the work on it, which is done again and again. n should be so large that what is the same for any input
// does not count, and the work on 10 n should not take much longer than 20 ms. It gives what that work costs.
func Check(t testing.TB, n int, prepare func(n int) func()) time.Duration {
	t.Helper()
	if !measurable {
		t.Skip("growth is measured by make growth, where a process has a clock of its own")
	}
	small, large := prepare(n), prepare(factor*n)
	// What the collector costs hangs on the heap of everybody. Without it both sizes take as much memory in the time that
	// is measured.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memory))
	small() // so that the memory is there before anything is measured
	times := 1
	for cost(large, times) < least {
		times *= 2
	}
	var ratios []float64
	var best time.Duration
	for range pairs {
		// As much input in all, in ten times as many pieces.
		many, few := cost(small, factor*times), cost(large, times)
		if each := few / time.Duration(times); best == 0 || each < best {
			best = each
		}
		ratios = append(ratios, factor*float64(few)/float64(many))
		slices.Sort(ratios)
		if ratios[len(ratios)/2] <= most {
			break
		}
	}
	ratio := ratios[len(ratios)/2]
	t.Logf("%.1f times: %v at %d, in %d pairs", ratio, best, factor*n, len(ratios))
	if ratio > most {
		t.Errorf("ten times the input costs %.1f times the time", ratio)
	}
	return best
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
