package upstream

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/sony/gobreaker/v2"

	"outcrop/internal/catalog"
)

// Want is what is known of a request that looks for a target.
type Want struct {
	Priority Priority
	// requests with the same go to the same of equal targets (R-CACHE-12); "" goes where there is least to do
	Affinity string
	Tokens   float64 // estimate of what the call will use, prompt and answer
	Home     string  // region of targets that name none; "" is that of the gateway
	Group    *Group  // of a request of several choices, nil otherwise
}

// Search is one request looking for a target, and the calls that it makes one after the other: Next takes a slot of a
// target, Begun or Failed tells how the call went, Release gives the slot of a call that has begun back. It is for one
// goroutine, but for Release.
type Search struct {
	targets *Targets
	plan    []catalog.Target
	want    Want
	leader  bool

	list  []candidate
	space [4]candidate
	// What the failures so far say about where there is no point in going.
	window int    // a larger one is needed
	model  string // cannot do what the request asks for
	anyway bool   // nothing healthy is left: broken targets are tried
	round  int    // how often every target was tried
	calls  int

	current *candidate
	slot    slot
}

// candidate is one target of the plan.
type candidate struct {
	*target
	state candidacy
	again bool // it failed in passing, and the SDK was kept from calling it again
}

type candidacy uint8

const (
	fresh    candidacy = iota
	avoided            // its breaker did not let this request through
	finished           // it was tried
)

// slot is a place among the calls in flight of a target.
type slot struct {
	of     *target
	began  time.Time
	report func(error) // to the breaker; nil when a broken target is called for want of a better one
	probe  bool        // the breaker was half-open
	more   bool        // another target could have taken over
	tokens float64
}

// Search begins the search of one request, in s: it is part of what its caller keeps of the request, which saves an
// allocation.
func (u *Targets) Search(s *Search, plan []catalog.Target, want Want) {
	*s = Search{targets: u, plan: plan, want: want}
	s.leader = want.Group != nil && want.Group.led.CompareAndSwap(false, true)
	s.list = s.space[:0]
	for i := range plan {
		s.list = append(s.list, candidate{target: u.of(&plan[i], want.Home)})
	}
}

// Next takes a slot of the best target that is left and gives its place in the plan, -1 when there is none left or no
// retry is allowed. more tells whether another target could take over should this one fail; ctx of the call then says
// so to [Targets.MayRetry].
//
// Targets of the lowest order come first; those without a free slot are passed over while another has one. Broken ones
// are skipped. When all others have failed, those that failed in passing have the further tries, after short pauses,
// that the SDK was kept from while others could take over; and the last resort are the broken ones, once each, but none
// in whose queue the request would wait. The error is the context's, or an [*openai.Error] of a full queue; after the
// latter the search may go on.
func (s *Search) Next(ctx context.Context) (callCtx context.Context, index int, more bool, err error) {
	for {
		i := s.pick()
		if i < 0 && s.nextRound() {
			i = s.pick()
		}
		if i < 0 {
			i = s.lastResort()
		}
		if i < 0 || s.calls > 0 && !s.targets.budget.allows() {
			return ctx, -1, false, nil
		}
		c := &s.list[i]
		if s.round > 0 && c.again {
			if err := breathe(ctx); err != nil {
				return ctx, i, false, err
			}
		}
		if err := s.acquire(ctx, c); err != nil {
			c.state = finished
			if ctx.Err() == nil {
				c.ended[Overloaded].Add(1)
			}
			return ctx, i, s.more(), err
		}
		report, refused := c.breaker.Allow()
		if refused != nil && !s.anyway {
			c.state = avoided
			c.abandon(s.want.Tokens)
			continue
		}
		s.begin(c, report)
		if more = s.more(); more {
			s.slot.more = true
			ctx = context.WithValue(ctx, elsewhere{}, true)
		}
		return ctx, i, more, nil
	}
}

// lastRound makes three tries at a target, as many as the SDK makes where there is only one.
const lastRound = 2

// nextRound makes targets fresh that deserve another try, and tells whether there are any.
func (s *Search) nextRound() (found bool) {
	if s.round == lastRound {
		return false
	}
	s.round++
	for i := range s.list {
		if c := &s.list[i]; c.again {
			c.state, found = fresh, true
		}
	}
	return found
}

// breathe is the pause before a further try.
func breathe(ctx context.Context) error {
	timer := time.NewTimer(100*time.Millisecond + rand.N(300*time.Millisecond)) //nolint:gosec // jitter
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Search) acquire(ctx context.Context, c *candidate) error {
	if s.want.Group != nil {
		return s.want.Group.acquire(ctx, c.target, s.demand(), s.leader)
	}
	return c.acquire(ctx, s.demand())
}

func (s *Search) demand() demand {
	return demand{priority: s.want.Priority, tokens: s.want.Tokens, slots: 1}
}

func (s *Search) begin(c *candidate, report func(error)) {
	if s.calls == 0 {
		s.targets.budget.first(1)
	}
	s.calls++
	s.finish(c)
	s.current = c
	s.slot = slot{of: c.target, began: time.Now(), report: report, tokens: s.want.Tokens,
		probe: c.opened.Load() != 0 && c.breaker.State() == gobreaker.StateHalfOpen}
}

// finish marks what was tried, also where the plan has it a second time under another spelling.
func (s *Search) finish(c *candidate) {
	c.state = finished
	tier := ""
	for i := range s.list {
		if &s.list[i] == c {
			tier = s.plan[i].ServiceTier
		}
	}
	for i := range s.list {
		if s.list[i].target == c.target && s.plan[i].ServiceTier == tier {
			s.list[i].state = finished
		}
	}
}

// pick chooses the target to go to next, -1 without one.
func (s *Search) pick() int {
	if i := s.best(true); i >= 0 {
		return i
	}
	if i := s.best(false); i >= 0 {
		return i
	}
	if s.calls == 0 && s.round == 0 {
		s.anyway = true // nothing is healthy: the request waits its turn
		return s.leastBad(false)
	}
	return -1
}

// lastResort is a broken target for a request that every other has failed.
func (s *Search) lastResort() int {
	s.anyway = true
	return s.leastBad(s.calls > 0)
}

// Others tells whether the request has other targets than that of the current call, healthy or not, tried or not.
func (s *Search) Others() bool {
	for i := range s.list {
		if s.list[i].target != s.slot.of {
			return true
		}
	}
	return false
}

// more tells whether another healthy target could take over, now or in another round.
func (s *Search) more() bool {
	for i := range s.list {
		if (s.suits(i) || s.round < lastRound && s.list[i].again) && s.list[i].healthy() {
			return true
		}
	}
	return false
}

// suits tells whether a target has not been tried, and is not known to fail as another one did.
func (s *Search) suits(i int) bool {
	row := s.plan[i].Row
	return s.list[i].state == fresh && (s.window == 0 || row.Context > s.window) && (s.model == "" || row.ID != s.model)
}

func (t *target) healthy() bool { return t.breaker.State() != gobreaker.StateOpen }

// best chooses among the healthy targets of the lowest order, -1 without one. free asks for those with a slot.
func (s *Search) best(free bool) int {
	if len(s.list) == 1 { // nothing to choose: whether it is healthy is asked when its slot is there
		if s.suits(0) {
			return 0
		}
		return -1
	}
	var choice choice
	for i := range s.list {
		if choice.some && s.plan[i].Order > choice.order || !s.suits(i) || !s.list[i].healthy() {
			continue
		}
		calls, now := s.list[i].load(s.demand())
		if free && !now {
			continue
		}
		if !choice.some || s.plan[i].Order < choice.order {
			choice.reset(s.plan[i].Order)
		}
		choice.offer(i, weight(&s.plan[i]), calls, s.affinity(i))
	}
	return choice.result(s.want.Affinity != "")
}

func weight(t *catalog.Target) float64 { return float64(max(1, t.Weight)) }

// affinity is the rank of a target for the key of a request: weighted rendezvous hashing, so that each key has an order
// of preference of its own, and a target that comes or goes moves only the keys that were or will be its own.
func (s *Search) affinity(i int) float64 {
	if s.want.Affinity == "" {
		return 0
	}
	c := &s.list[i]
	h := hash(s.want.Affinity, c.model, c.region, s.plan[i].CalledID)
	const bits = 1 << 53
	uniform := (float64(h>>11) + 0.5) / bits
	return -weight(&s.plan[i]) / math.Log(uniform)
}

// hash is FNV-1a with a final mix: the same in every process, so that the instances of a gateway agree.
func hash(parts ...string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for _, p := range parts {
		for i := range len(p) {
			h = (h ^ uint64(p[i])) * prime
		}
		h = (h ^ 0xff) * prime
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// leastBad is the broken target whose breaker opened first, since it has had the longest time to recover; of those with
// a free slot where the request is not to wait for one.
func (s *Search) leastBad(free bool) int {
	best := -1
	for i := range s.list {
		c := &s.list[i]
		if c.state == avoided {
			c.state = fresh // it is only now that the search takes what it can get
		}
		if !s.suits(i) || best >= 0 && c.opened.Load() >= s.list[best].opened.Load() {
			continue
		}
		if _, now := c.load(s.demand()); now || !free {
			best = i
		}
	}
	return best
}

// choice keeps two candidates of one order, drawn at random by weight, and the one that affinity prefers.
type choice struct {
	some        bool
	order       int
	two         [2]draw
	favourite   int
	preferences float64
}

// draw is one candidate: of exponentially distributed keys with rate weight, the smallest are a weighted sample.
type draw struct {
	index     int
	key, load float64
}

func (c *choice) reset(order int) {
	*c = choice{some: true, order: order, two: [2]draw{{index: -1}, {index: -1}}, preferences: -1}
}

func (c *choice) offer(i int, weight float64, calls int, affinity float64) {
	if affinity > c.preferences {
		c.favourite, c.preferences = i, affinity
	}
	d := draw{i, rand.ExpFloat64() / weight, float64(calls) / weight} //nolint:gosec // spreads load
	switch {
	case c.two[0].index < 0 || d.key < c.two[0].key:
		c.two[0], c.two[1] = d, c.two[0]
	case c.two[1].index < 0 || d.key < c.two[1].key:
		c.two[1] = d
	}
}

// result is the favourite, or the one of the two with less to do.
func (c *choice) result(loyal bool) int {
	switch {
	case !c.some:
		return -1
	case loyal:
		return c.favourite
	case c.two[1].index >= 0 && c.two[1].load < c.two[0].load:
		return c.two[1].index
	}
	return c.two[0].index
}
