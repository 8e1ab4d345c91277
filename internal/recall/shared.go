package recall

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"outcrop/internal/call"
	"outcrop/internal/telemetry"
)

// Shared is what calls under way share with those that come after the configuration was read anew.
type Shared struct {
	rec     *telemetry.Recorder
	log     *slog.Logger
	flights *flights
	writes  lateWrites
}

// NewShared begins with nothing under way. A nil log is none.
func NewShared(rec *telemetry.Recorder, log *slog.Logger) *Shared {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Shared{rec: rec, log: log, flights: newFlights()}
}

// Drain settles, and from then on nothing is kept any more. It is called when no call is under way; the error is the
// context's.
func (c *Shared) Drain(ctx context.Context) error {
	c.writes.close()
	return c.Settle(ctx)
}

// Settle waits until what answers have left to be kept is kept or given up: an answer that was read before is in memory
// then, if ever. The error is the context's.
func (c *Shared) Settle(ctx context.Context) error {
	select {
	case <-c.writes.settled():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unheard logs and counts a panic that no request is left to tell of.
func (c *Shared) unheard(err error) {
	var p *call.Panic
	if errors.As(err, &p) && p.First() {
		c.rec.BackgroundFault("flight")
		c.log.Error("panic", "panic", p.Error(), "stack", string(p.Stack))
	}
}

// What may wait to be kept at a time, all answers together: room for a moment in which the shared cache is slow. Beyond
// it answers are not kept.
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
