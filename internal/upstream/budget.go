package upstream

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// budget bounds retries to a share of the requests of the last seconds, with a floor so that a quiet gateway may retry
// at all. A retry of the SDK, which goes to a target that has just failed, is charged when it is made. A try at another
// target is charged when it fails: when it is answered, it was a detour and no part of a storm, and a whole wave of
// requests whose region has just gone down must find its way at once.
type budget struct {
	share, floor float64 // floor in retries a second
	seconds      [budgetWindow]second
	taking       sync.Mutex // by the SDK's retries, which are rare; first tries never wait for it
	refused      atomic.Uint64
	granted      atomic.Uint64
}

const budgetWindow = 10

// second is what happened in one second of the clock.
type second struct{ at, firsts, retries atomic.Int64 }

// now gives the counters of this second, emptied when they are those of an earlier round. A count that falls between
// the two steps of that is lost, which does not matter.
func (b *budget) now(at int64) *second {
	s := &b.seconds[at%budgetWindow]
	if old := s.at.Load(); old != at && s.at.CompareAndSwap(old, at) {
		s.firsts.Store(0)
		s.retries.Store(0)
	}
	return s
}

// first counts calls that are no retries.
func (b *budget) first(n int) { b.now(time.Now().Unix()).firsts.Add(int64(n)) }

// allows tells whether one more retry is within the budget.
func (b *budget) allows() bool {
	at := time.Now().Unix()
	var firsts, retries int64
	for i := range b.seconds {
		if s := &b.seconds[i]; s.at.Load() > at-budgetWindow {
			firsts += s.firsts.Load()
			retries += s.retries.Load()
		}
	}
	if float64(retries+1) > b.share*float64(firsts)+b.floor*budgetWindow {
		b.refused.Add(1)
		return false
	}
	b.granted.Add(1)
	return true
}

// charge counts a retry.
func (b *budget) charge() { b.now(time.Now().Unix()).retries.Add(1) }

// take is both at once.
func (b *budget) take() bool {
	b.taking.Lock()
	defer b.taking.Unlock()
	if !b.allows() {
		return false
	}
	b.charge()
	return true
}

// elsewhere marks the context of a call that another target could take over.
type elsewhere struct{}

// MayRetry tells whether the SDK may call the same target again after err: not where another healthy target will be
// asked instead, and never beyond the retry budget.
func (u *Targets) MayRetry(ctx context.Context, err error) bool {
	if ctx.Value(elsewhere{}) != nil && u.GoesOn(OutcomeOf(err)) {
		return false
	}
	if !u.budget.take() {
		return false
	}
	Again(ctx, err)
	return true
}

// Retries are the tries of one attempt that failed and that were made again at the same target, by the SDK or without
// what the target had refused, so that the attempt's own result does not show them. The zero value is ready for use, by
// many goroutines.
type Retries struct {
	mu    sync.Mutex
	tries []Retried
	parts int
}

// Retried is a try that failed and was made again.
type Retried struct {
	Err  error // an *openai.Error
	Part int   // it was one of so many calls of the attempt, each for a part of the request; 0 is 1
}

type retriesKey struct{}

// Watch has the tries under ctx told.
func (r *Retries) Watch(ctx context.Context) context.Context {
	return context.WithValue(ctx, retriesKey{}, r)
}

func (r *Retries) add(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries = append(r.tries, Retried{Err: err, Part: r.parts})
}

// Again says that a try of the attempt under ctx failed with err and is made again at the same target.
func Again(ctx context.Context, err error) {
	if r, ok := ctx.Value(retriesKey{}).(*Retries); ok {
		r.add(err)
	}
}

// Split says that the attempt under ctx makes n calls, each for a part of the request.
func Split(ctx context.Context, n int) {
	if r, ok := ctx.Value(retriesKey{}).(*Retries); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.parts = n
	}
}

// Take gives what was told since it was last asked.
func (r *Retries) Take() []Retried {
	r.mu.Lock()
	defer r.mu.Unlock()
	tries := r.tries
	r.tries = nil
	return tries
}

// Traffic counts n calls of Bedrock beyond the one of each search: retries are bounded by a share of all of them.
func (u *Targets) Traffic(n int) {
	if n > 0 {
		u.budget.first(n)
	}
}
