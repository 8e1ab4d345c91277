package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"golang.org/x/sync/semaphore"

	"outcrop/internal/telemetry"
)

// Carried is what calls under way share with those that come after the configuration was read anew: whoever builds the way of
// requests more than once makes it once and hands it to every [New].
type Carried struct {
	rec     *telemetry.Recorder
	log     *slog.Logger
	flights *flights
	writes  lateWrites
	invokes bound // InvokeModel calls of the whole gateway (R-EMB-05)
}

// NewCarried begins with nothing under way. A nil log is none.
func NewCarried(rec *telemetry.Recorder, log *slog.Logger) *Carried {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Carried{rec: rec, log: log, flights: newFlights()}
}

// Drain settles, and from then on nothing is kept any more. It is called when no call is under way; the error is the context's.
func (c *Carried) Drain(ctx context.Context) error {
	c.writes.close()
	return c.Settle(ctx)
}

// Settle waits until what answers have left to be kept is kept or given up: an answer that was read before is in memory then, if ever.
// The error is the context's.
func (c *Carried) Settle(ctx context.Context) error {
	select {
	case <-c.writes.settled():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unheard logs and counts a panic that no request is left to tell of.
func (c *Carried) unheard(err error) {
	var p *Panic
	if errors.As(err, &p) && p.First() {
		c.rec.BackgroundFault("flight")
		c.log.Error("panic", "panic", p.Error(), "stack", string(p.Stack))
	}
}

// bound is a number of slots that may be changed while some are taken: with fewer of them than are taken, nobody gets one until
// enough were given back.
type bound struct {
	mu    sync.Mutex
	slots *semaphore.Weighted
	size  int64
}

// mostSlots is the weight of the semaphore; what is beyond the size is taken by the bound itself.
const mostSlots = 1 << 40

func (b *bound) of(size int) *semaphore.Weighted {
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
			_ = guarded(func() error { return b.slots.Acquire(context.Background(), -more) })
		}()
	}
	b.size = int64(size)
	return b.slots
}

// What may wait to be kept at a time, all answers together: room for a moment in which the shared cache is slow. Beyond it answers
// are not kept.
const (
	mostWrites     = 1024
	mostWriteBytes = 64 << 20
)

// lateWrites counts what is kept after its answer has gone out.
type lateWrites struct {
	mu     sync.Mutex
	n      int
	bytes  int
	closed bool
	idle   chan struct{} // closed when n is 0; nil while nobody waits
}

// begin takes a place, which end gives back; it is false when there is none left.
func (w *lateWrites) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.n == mostWrites {
		return false
	}
	w.n++
	return true
}

// grow takes room for a value, which end gives back; it is false when there is none left.
func (w *lateWrites) grow(bytes int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bytes+bytes > mostWriteBytes {
		return false
	}
	w.bytes += bytes
	return true
}

func (w *lateWrites) end(bytes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n--
	w.bytes -= bytes
	w.wake()
}

// wake tells who waits that nothing is left. The lock is held.
func (w *lateWrites) wake() {
	if w.n == 0 && w.idle != nil {
		close(w.idle)
		w.idle = nil
	}
}

// close refuses new places.
func (w *lateWrites) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

// settled is closed when nothing is left.
func (w *lateWrites) settled() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.idle == nil {
		w.idle = make(chan struct{})
	}
	idle := w.idle
	w.wake()
	return idle
}
