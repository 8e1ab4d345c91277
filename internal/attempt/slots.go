package attempt

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"outcrop/internal/call"
)

// Slots is a number of slots that may be changed while some are taken: with fewer of them than are taken, nobody gets
// one until enough were given back.
type Slots struct {
	mu    sync.Mutex
	slots *semaphore.Weighted
	size  int64
}

// mostSlots is the weight of the semaphore; what is beyond the size is taken by Slots itself.
const mostSlots = 1 << 40

// Of gives them as so many.
func (b *Slots) Of(size int) *semaphore.Weighted {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.slots == nil {
		b.slots = semaphore.NewWeighted(mostSlots)
		b.slots.TryAcquire(mostSlots)
	}
	switch more := int64(size) - b.size; {
	case more > 0:
		b.slots.Release(more)
	case more < 0:
		go func() { // ends with the calls under way
			_ = call.Guarded(func() error { return b.slots.Acquire(context.Background(), -more) })
		}()
	}
	b.size = int64(size)
	return b.slots
}
