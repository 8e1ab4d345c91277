// Package upstream knows how each target of Bedrock (a model in a region, under a role) is doing, and decides from that
// which target a request goes to, when, and whether it may try again: circuit breakers, calls in flight, a limit on
// them that follows throttling, the queue in front of it, token buckets under known quotas, the retry budget, and the
// choice among equals.
//
// It must not call Bedrock, know requests or answers, or decide what an error means to a client. All of its state is in
// memory, of this process alone and bounded.
//
// Start at [Targets.Search]: one request looking for a target. Then search.go (which target), slot.go and queue.go
// (when), breaker.go (health), budget.go (how often again) and outcome.go (the words for what went wrong).
package upstream

import (
	"cmp"
	"strings"
	"sync"

	"outcrop/internal/catalog"
)

// Targets is the state of every target that was asked for. It is safe for concurrent use.
type Targets struct {
	cfg    Config
	home   string // region of targets that name none
	on     [outcomes]bool
	budget budget

	mu  sync.RWMutex
	all map[key]*target
}

// key tells targets apart. Ids and regions may come from clients, so the number of targets is bounded.
type key struct{ id, region, role string }

const maxTargets = 1024

// New gives the state of targets that nobody has called yet; home is the gateway's own region.
func New(cfg Config, home string) *Targets {
	u := &Targets{cfg: cfg, home: home, all: map[key]*target{}}
	u.budget = budget{share: cfg.RetryBudget.Share, floor: float64(cfg.RetryBudget.Floor)}
	for _, name := range cfg.Fallback.On {
		u.on[outcomeNamed(name)] = true
	}
	u.on[Overloaded] = true // nothing was called: another target costs nobody anything
	return u
}

// Config gives the settings.
func (u *Targets) Config() Config { return u.cfg }

// GoesOn tells whether a request that ended so at one target may go to another.
func (u *Targets) GoesOn(o Outcome) bool { return u.on[o] }

// of gives the state of a target, making it at the first call.
func (u *Targets) of(t *catalog.Target, home string) *target {
	region := cmp.Or(t.Region, home, u.home) // one target is one, whether or not its region is spelled out
	k := key{t.CalledID, region, t.Role}
	u.mu.RLock()
	found := u.all[k]
	u.mu.RUnlock()
	if found != nil {
		return found
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if found := u.all[k]; found != nil {
		return found
	}
	if len(u.all) >= maxTargets {
		u.forgetOne()
	}
	found = newTarget(&u.cfg, t, plainRegion(region))
	u.all[k] = found
	return found
}

// forgetOne makes room, if it can by dropping a target that nobody uses. Whoever still holds one may go on using it.
func (u *Targets) forgetOne() {
	var last key
	for k, t := range u.all {
		last = k
		if t.idle() {
			break
		}
	}
	delete(u.all, last)
}

// publicID names a target's model for clients and settings: never an ARN or profile.
func publicID(t *catalog.Target) string {
	if t.Row == nil || t.Row.ID == "" {
		return "unknown"
	}
	return t.Row.ID
}

// label names it for metrics and lists, from the closed list of the catalogue: clients can make up models.
func label(t *catalog.Target) string {
	if t.Row == nil || !t.Row.Known {
		return "other"
	}
	return t.Row.ID
}

// plainRegion keeps what comes out of a client's ARN from being anything but a short word.
func plainRegion(region string) string {
	odd := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	if region == "" || len(region) > 40 || strings.ContainsFunc(region, odd) {
		return "unknown"
	}
	return region
}
