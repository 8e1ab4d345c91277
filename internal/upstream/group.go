package upstream

import (
	"context"
	"sync"
	"sync/atomic"
)

// Group is the copies of one request of several choices (R-N-05). The first copy waits for slots for all of them; the
// others wait for it and then have theirs at once, since copies that hold slots while others wait for some would wait
// for each other for ever.
type Group struct {
	n     int
	led   atomic.Bool
	ready chan struct{} // closed when the first copy has its slots

	mu      sync.Mutex
	at      *target // where the others' slots are
	reserve int     // how many nobody has taken up
	tokens  float64 // of each
}

// NewGroup is for n copies. Whoever made it calls Close when every copy has begun or failed.
func NewGroup(n int) *Group { return &Group{n: n, ready: make(chan struct{})} }

// Close gives back the slots of copies that did not get so far.
func (g *Group) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for ; g.reserve > 0; g.reserve-- {
		g.at.abandon(g.tokens)
	}
}

// acquire is that of the target, for one copy; leader is whether this copy leads.
func (g *Group) acquire(ctx context.Context, t *target, d demand, leader bool) error {
	select {
	case <-g.ready:
		g.claim(t, d)
		return nil
	default:
	}
	if leader {
		return g.lead(ctx, t, d)
	}
	select {
	case <-g.ready:
		g.claim(t, d)
		return nil
	case <-ctx.Done(): // also when the leader has failed, since that ends all copies
		return ctx.Err()
	}
}

func (g *Group) lead(ctx context.Context, t *target, d demand) error {
	d.slots = g.n
	if err := t.acquire(ctx, d); err != nil {
		return err
	}
	g.mu.Lock()
	g.at, g.reserve, g.tokens = t, g.n-1, d.tokens
	g.mu.Unlock()
	close(g.ready)
	return nil
}

// claim takes up a slot that the leader has taken, or one of another target without waiting in its place.
func (g *Group) claim(t *target, d demand) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reserve > 0 {
		g.reserve--
		if g.at == t {
			return
		}
		g.at.abandon(g.tokens)
	}
	t.join(d)
}
