package limits

import (
	"time"

	"outcrop/internal/store"
)

// window counts what came in the last minute, by seconds of the meters' clock.
type window struct {
	counts [store.MinuteSeconds]int64 // by second, modulo their number
	sum    int64                      // of counts
	last   int64                      // the second that the window has come to
}

// at brings the window up to a second.
func (w *window) at(second int64) {
	if second <= w.last {
		return
	}
	if w.sum != 0 {
		for s := max(w.last+1, second-store.MinuteSeconds+1); s <= second; s++ {
			c := &w.counts[s%store.MinuteSeconds]
			w.sum -= *c
			*c = 0
		}
	}
	w.last = second
}

// add counts at a second that may be past, where what is counted never falls below 0.
func (w *window) add(second, n int64) {
	if second <= w.last-store.MinuteSeconds || second > w.last {
		return
	}
	c := &w.counts[second%store.MinuteSeconds]
	n = max(n, -*c)
	*c += n
	w.sum += n
}

// leaves is when what was counted at a second counts no more.
func leaves(second int64) time.Duration {
	return time.Duration(second+store.MinuteSeconds) * time.Second
}

// reset is how long it takes until nothing is counted any more.
func (w *window) reset(now time.Duration) time.Duration {
	if w.sum == 0 {
		return 0
	}
	for s := w.last; ; s-- {
		if w.counts[s%store.MinuteSeconds] != 0 {
			return leaves(s) - now
		}
	}
}

// wait is how long it takes until so much counts no more.
func (w *window) wait(now time.Duration, much int64) time.Duration {
	for s := max(w.last-store.MinuteSeconds+1, 0); s <= w.last; s++ {
		if much -= w.counts[s%store.MinuteSeconds]; much <= 0 {
			return leaves(s) - now
		}
	}
	return 0
}
