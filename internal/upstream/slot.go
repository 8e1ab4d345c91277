package upstream

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// target is the state of one target.
type target struct {
	cfg           *Config
	model, region string // for clients
	label         string // the model for metrics
	breaker       *gobreaker.TwoStepCircuitBreaker[struct{}]
	opened        atomic.Int64 // when the breaker opened last, nanoseconds
	ended         [outcomes]atomic.Uint64
	left          atomic.Uint64 // requests that went on to another target

	mu       sync.Mutex
	inFlight int
	limit    float64   // of calls in flight, as of limitAt; it grows with time, up to the ceiling
	limitAt  time.Time // zero while the limit is the ceiling
	requests bucket
	tokens   bucket
	waiting  queue
	timer    *time.Timer   // the next look at the queue that no release brings about
	lastEnd  time.Time     // of a call
	perEnd   time.Duration // from one end to the next while somebody waits, smoothed
	cutAt    time.Time     // of the limit; calls that began before it say nothing new
}

func newTarget(cfg *Config, of *catalog.Target, region string) *target {
	rate := cfg.Rates[publicID(of)]
	t := &target{cfg: cfg, model: publicID(of), label: label(of), region: region, limit: float64(cfg.Concurrency.Ceiling),
		requests: requestBucket(rate.Requests), tokens: tokenBucket(rate.Tokens)}
	t.breaker = newBreaker(cfg.Breaker, func(_, to gobreaker.State) {
		if to == gobreaker.StateOpen {
			t.opened.Store(time.Now().UnixNano())
		}
	})
	return t
}

// demand is what a request needs of a target.
type demand struct {
	priority Priority
	tokens   float64 // for each slot
	slots    int     // more than one for a request of several choices
}

// idle tells a target that nobody uses or waits for.
func (t *target) idle() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.inFlight == 0 && t.waiting.length == 0
}

// load is the calls in flight and waiting, and whether one more would begin at once.
func (t *target) load(d demand) (calls int, free bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.inFlight + t.waiting.length, t.waiting.length == 0 && t.delay(time.Now(), d) == 0
}

// limitNow is the limit of calls in flight.
func (t *target) limitNow(now time.Time) float64 {
	c := &t.cfg.Concurrency
	if t.limitAt.IsZero() {
		return t.limit
	}
	grown := t.limit + now.Sub(t.limitAt).Seconds()*c.Increase
	if grown < float64(c.Ceiling) {
		return grown
	}
	t.limit, t.limitAt = float64(c.Ceiling), time.Time{}
	return t.limit
}

// onlyRelease is a delay that time alone does not end.
const onlyRelease = time.Duration(1<<63 - 1)

// delay is how long until a demand could be met if no call ended, 0 for now.
func (t *target) delay(now time.Time, d demand) time.Duration {
	wait := time.Duration(0)
	limit := t.limitNow(now)
	if over := float64(t.inFlight+d.slots) - limit; over > 0 && t.inFlight > 0 {
		if t.limitAt.IsZero() {
			return onlyRelease
		}
		wait = time.Duration(over/t.cfg.Concurrency.Increase*float64(time.Second)) + time.Millisecond
	}
	n := float64(d.slots)
	return max(wait, t.requests.wait(now, n), t.tokens.wait(now, n*d.tokens))
}

func (t *target) take(d demand) {
	n := float64(d.slots)
	t.inFlight += d.slots
	t.requests.take(n)
	t.tokens.take(n * d.tokens)
}

// acquire takes a slot, waiting for it in the queue until ctx ends. The error is the context's, or an [*openai.Error]
// when the queue is full (R-ERR-70).
func (t *target) acquire(ctx context.Context, d demand) error {
	t.mu.Lock()
	now := time.Now()
	if t.waiting.length == 0 && t.delay(now, d) == 0 {
		t.take(d)
		t.mu.Unlock()
		return nil
	}
	if t.waiting.length >= t.cfg.Queue.Length {
		out := t.waiting.last(d.priority)
		if out == nil || !t.waiting.remove(out) {
			err := t.overloaded()
			t.mu.Unlock()
			return err
		}
		out.ready <- t.overloaded()
	}
	w := &waiter{want: d, since: now, ready: make(chan error, 1)}
	if t.waiting.length == 0 {
		t.lastEnd = now
	}
	t.waiting.push(w)
	t.dispatch(now)
	t.mu.Unlock()
	select {
	case err := <-w.ready:
		return err
	case <-ctx.Done():
		return t.giveUp(ctx, w)
	}
}

// giveUp takes a waiter out of the queue, or gives the slot back that it got at the same moment.
func (t *target) giveUp(ctx context.Context, w *waiter) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.waiting.remove(w) && len(w.ready) > 0 && <-w.ready == nil {
		t.untake(w.want)
	}
	t.dispatch(time.Now())
	return ctx.Err()
}

// abandon gives a slot back with which nothing was called.
func (t *target) abandon(tokens float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.untake(demand{tokens: tokens, slots: 1})
	t.dispatch(time.Now())
}

func (t *target) untake(d demand) {
	n := float64(d.slots)
	t.inFlight -= d.slots
	t.requests.take(-n)
	t.tokens.take(-n * d.tokens)
}

// join takes a slot without waiting, for a copy of a request that holds one already.
func (t *target) join(d demand) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.take(d)
}

// release gives a slot back. used is what the call took of its demand's tokens beyond the estimate, and may be
// negative.
func (t *target) release(used float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.inFlight--
	t.tokens.take(used)
	if t.waiting.length > 0 {
		const memory = 8 // ends over which the pace is smoothed
		t.perEnd += (now.Sub(t.lastEnd) - t.perEnd) / memory
		t.lastEnd = now
		t.dispatch(now)
	}
}

// dispatch lets in whom there is room for, in turn, and looks again when time alone makes room.
func (t *target) dispatch(now time.Time) {
	for {
		w := t.waiting.head(t.cfg.Queue.Aging)
		if w == nil {
			if t.timer != nil {
				t.timer.Stop()
			}
			return
		}
		if wait := t.delay(now, w.want); wait > 0 {
			t.lookAgain(wait)
			return
		}
		t.waiting.remove(w)
		t.take(w.want)
		w.ready <- nil
	}
}

func (t *target) lookAgain(wait time.Duration) {
	switch {
	case wait == onlyRelease:
		if t.timer != nil {
			t.timer.Stop()
		}
	case t.timer == nil:
		t.timer = time.AfterFunc(wait, func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.dispatch(time.Now())
		})
	default:
		t.timer.Reset(wait)
	}
}

// throttled cuts the limit to a share of the calls in flight. Calls that began before the last cut say nothing new.
func (t *target) throttled(began time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if began.Before(t.cutAt) {
		return
	}
	now := time.Now()
	c := &t.cfg.Concurrency
	t.limit = max(float64(c.Floor), min(t.limitNow(now), float64(t.inFlight))*c.Decrease)
	t.limitAt, t.cutAt = now, now
}

// overloaded is the refusal of a full queue. A retry makes sense when those who wait now will have had their turn.
func (t *target) overloaded() *openai.Error {
	const shortest, longest = time.Second, time.Minute
	after := time.Duration(t.waiting.length+1) * t.perEnd
	return &openai.Error{Kind: openai.Unavailable, Code: openai.CodeOverloaded, After: min(max(after, shortest), longest),
		Message: "The gateway has too many requests waiting for this model. Try again later."}
}
