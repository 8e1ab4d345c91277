package pipeline

import (
	"context"
	"errors"
	"sync"
	"time"

	"outcrop/internal/call"
	"outcrop/openai"
)

// Deadline bounds plain requests as a whole and streams until their first event, whatever they wait for: a queue, a
// target or another one. A request may ask for less by its header x-outcrop-timeout. What comes too late is a 504
// (R-ERR-71).
func Deadline(limit time.Duration) call.Stage {
	return func(next call.Handler) call.Handler {
		return func(ctx context.Context, c *call.Call) (call.Reply, error) {
			own := limit
			if t := c.Tune.Timeout; t > 0 {
				own = min(own, t)
			}
			if c.Request.Facts().Stream {
				return begunWithin(ctx, own, c, next)
			}
			timed := &timed{Context: ctx, at: time.Now().Add(own)}
			reply, err := next(timed, c)
			if err != nil {
				defer timed.end()
				return reply, call.Late(timed, err)
			}
			parts := reply.Parts
			reply.Parts = func(yield func(openai.Part, error) bool) {
				defer timed.end()
				for part, err := range parts {
					if !yield(part, call.Late(timed, err)) {
						return
					}
				}
			}
			return reply, nil
		}
	}
}

// timed is a context with a deadline, whose timer is made when somebody first waits for it: an answer from memory waits
// for nothing.
type timed struct {
	context.Context
	at    time.Time
	mu    sync.Mutex
	run   context.Context // nil until then
	stop  context.CancelFunc
	ended bool
}

// running gives the context that the deadline ends.
func (t *timed) running() context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.run == nil {
		t.run, t.stop = context.WithDeadlineCause(t.Context, t.at, call.ErrDeadline)
		if t.ended {
			t.stop()
		}
	}
	return t.run
}

// end releases what belongs to the context, as a CancelFunc does.
func (t *timed) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended = true; t.stop != nil {
		t.stop()
	}
}

func (t *timed) Done() <-chan struct{} { return t.running().Done() }
func (t *timed) Err() error            { return t.running().Err() }

func (t *timed) Deadline() (time.Time, bool) {
	if d, ok := t.Context.Deadline(); ok && d.Before(t.at) {
		return d, true
	}
	return t.at, true
}

// Value is also how the package context finds the cause of an end, and the context whose children others become: both
// are those of the running one, once there is one.
func (t *timed) Value(key any) any {
	t.mu.Lock()
	within := t.run
	t.mu.Unlock()
	if within == nil {
		within = t.Context
	}
	return within.Value(key)
}

// begunWithin bounds a stream's opening; once it has begun there is no total limit (R-STR-19).
func begunWithin(ctx context.Context, limit time.Duration, c *call.Call, next call.Handler) (call.Reply, error) {
	timed, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(limit, func() { cancel(call.ErrDeadline) })
	reply, err := next(timed, c)
	if !timer.Stop() && err == nil && errors.Is(context.Cause(timed), call.ErrDeadline) {
		err = context.Cause(timed) // it began at the very moment; its context has ended, which closes it
	}
	if err != nil {
		defer cancel(nil)
		return reply, call.Late(timed, err)
	}
	parts := reply.Parts
	reply.Parts = func(yield func(openai.Part, error) bool) { // should nobody read, the context ends with the request's
		defer cancel(nil)
		parts(yield)
	}
	return reply, nil
}
