// Package limits holds callers to requests and tokens a minute and to requests under way, counted in this process, or
// in a store that gateways share.
//
// It must not know money, nor what a request holds beyond the tokens it is asked for. Start at [Limiter.Admit], which
// hands back what must be settled; [Meters] do the counting.
package limits

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"sync"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/store"
)

// Limiter says how often a caller may ask, for how many tokens, and how much at the same time. A request shows itself
// twice: with Arrive before its body is read, with Admit when it is known what it asks for. What it counts is with
// Meters, so that a limiter with other settings goes on where the one before was.
type Limiter struct {
	cfg    Config
	meters *Meters
}

// New limits by the settings.
func New(cfg Config, meters *Meters) *Limiter { return &Limiter{cfg, meters} }

// Ask is what a request asks for.
type Ask struct {
	User   string // end user; "" is none
	Calls  int64  // calls of a model, 1 or more (R-N-05)
	Tokens int64  // about
	// Guessed is the part of Tokens that nobody asked for: it alone never makes a request too large.
	Guessed int64
}

// Window is how a limit stands; the zero value is no limit.
type Window struct {
	Limit, Left int64
	Reset       time.Duration // until all of it is there again
}

// Standing is how the limits of a request stand, of several of one sort the one with the least left.
type Standing struct{ Requests, Tokens Window }

// With is the standing with what others stand for.
func (s Standing) With(o Standing) Standing {
	return Standing{tighter(s.Requests, o.Requests), tighter(s.Tokens, o.Tokens)}
}

func tighter(a, b Window) Window {
	if a.Limit == 0 || b.Limit != 0 && (b.Left < a.Left || b.Left == a.Left && b.Reset > a.Reset) {
		return b
	}
	return a
}

// demands are what a request demands of limits.
type demands struct {
	list [store.MostDemands]store.Demand
	n    int
}

func (d *demands) add(of store.Owner, what store.Counted, limit, take int64) {
	if limit > 0 && take > 0 {
		d.list[d.n] = store.Demand{Of: of, What: what, Limit: limit, Take: take}
		d.n++
	}
}

func (d *demands) all() []store.Demand { return d.list[:d.n] }

// limits of the principal's key and tenant.
func (l *Limiter) limits(p *access.Principal) (key, tenant access.Limits) {
	if p.Rights != nil {
		key = p.Rights.Limits
	}
	if p.Tenant != "" {
		tenant = l.cfg.Tenants[p.Tenant]
	}
	return key, tenant
}

// Arrive counts a request that begins. The error is a 429, or a 503 when nobody can count.
func (l *Limiter) Arrive(ctx context.Context, p *access.Principal) (Standing, error) {
	key, tenant := l.limits(p)
	var d demands
	d.add(store.Owner{Kind: 'k', ID: p.KeyID}, store.Requests, key.RequestsPerMinute, 1)
	d.add(store.Owner{Kind: 't'}, store.Requests, tenant.RequestsPerMinute, 1)
	if d.n == 0 {
		return Standing{}, nil
	}
	home := p.Home()
	v, _, err := l.meters.take(ctx, home, "", d.all(), l.cfg.WhenStoreIsAway == "refuse")
	if err != nil {
		return Standing{}, err
	}
	return standing(d.all(), v.Stands[:]), refusal(d.all(), v)
}

// Limits tells whether anything of what Admit counts is limited for a principal; of an end user only where there is
// one.
func (l *Limiter) Limits(p *access.Principal, user string) (tokens, anything bool) {
	key, tenant := l.limits(p)
	var own access.Limits
	if user != "" {
		own = l.cfg.EndUser
	}
	tokens = key.TokensPerMinute+tenant.TokensPerMinute+own.TokensPerMinute > 0
	return tokens, tokens || key != access.Limits{} || tenant != access.Limits{} || own != access.Limits{}
}

// Admit takes what a request asks for: tokens, slots, requests of the end user, and those beyond the first that its
// calls count for. Without an error the admission must be settled.
func (l *Limiter) Admit(ctx context.Context, p *access.Principal, ask Ask) (*Admission, Standing, error) {
	key, tenant := l.limits(p)
	own := l.cfg.EndUser
	if ask.User == "" {
		own = access.Limits{}
	}
	a := &Admission{meters: l.meters, home: p.Home()}
	calls := max(ask.Calls, 1)
	for _, o := range []struct {
		owner    store.Owner
		limits   access.Limits
		requests int64
	}{
		{store.Owner{Kind: 'k', ID: p.KeyID}, key, calls - 1},
		{store.Owner{Kind: 't'}, tenant, calls - 1},
		{store.Owner{Kind: 'u', ID: userID(ask.User)}, own, calls},
	} {
		a.add(o.owner, store.Requests, o.limits.RequestsPerMinute, o.requests)
		a.add(o.owner, store.Tokens, o.limits.TokensPerMinute, ask.Tokens)
		a.add(o.owner, store.Slots, o.limits.Concurrent, calls)
	}
	if a.n == 0 {
		return nil, Standing{}, nil
	}
	a.tokens = a.fit(ask)
	refuse := l.cfg.WhenStoreIsAway == "refuse"
	v, shared, err := l.meters.take(ctx, a.home, a.id(), a.all(), refuse)
	if err == nil && a.shrink(ask, v) { // what was guessed may well be more than what is used
		v, shared, err = l.meters.take(ctx, a.home, a.id(), a.all(), refuse)
	}
	if err != nil {
		return nil, Standing{}, err
	}
	if v.Refused >= 0 {
		return nil, standing(a.all(), v.Stands[:]), refusal(a.all(), v)
	}
	a.local, a.shared = v.Second, shared
	l.meters.hold(a)
	return a, standing(a.all(), v.Stands[:]), nil
}

// fit lowers the demands of tokens to the smallest limit, as far as they were guessed.
func (a *Admission) fit(ask Ask) int64 {
	tokens := ask.Tokens
	for _, d := range a.all() {
		if d.What == store.Tokens {
			tokens = max(min(tokens, d.Limit), ask.Tokens-ask.Guessed)
		}
	}
	a.setTokens(tokens)
	return tokens
}

// shrink lowers refused demands of tokens to what is left, as far as they were guessed, and tells whether they are
// worth another try.
func (a *Admission) shrink(ask Ask, v store.Verdict) bool {
	if v.Refused < 0 || a.list[v.Refused].What != store.Tokens {
		return false
	}
	left := a.tokens
	for i, d := range a.all() {
		if d.What == store.Tokens {
			left = min(left, v.Stands[i].Left)
		}
	}
	if left <= 0 || left == a.tokens || left < ask.Tokens-ask.Guessed {
		return false
	}
	a.tokens = left
	a.setTokens(left)
	return true
}

func (a *Admission) setTokens(n int64) {
	for i := range a.all() {
		if a.list[i].What == store.Tokens {
			a.list[i].Take = n
		}
	}
}

// userID is a short name of fixed length for what clients may choose at will, which may be a person's address too.
func userID(user string) string {
	if user == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(user))
	return hex.EncodeToString(sum[:16])
}

// standing gives the tightest of the limits.
func standing(list []store.Demand, stands []store.Stand) (s Standing) {
	for i := range list {
		w := Window{list[i].Limit, stands[i].Left, stands[i].Reset}
		switch list[i].What {
		case store.Requests:
			s.Requests = tighter(s.Requests, w)
		case store.Tokens:
			s.Tokens = tighter(s.Tokens, w)
		case store.Slots:
		}
	}
	return s
}

// Admission is what a request has taken.
type Admission struct {
	demands
	meters *Meters
	home   string
	tokens int64       // taken
	local  int64       // second of the process's counters
	shared *sharedTake // nil when it was counted by the process alone
	once   sync.Once
}

// Settle gives the slots back and counts the tokens that were used instead of those that were taken. What it gives is
// the standing after it. Only the first call does anything.
func (a *Admission) Settle(ctx context.Context, used int64) (s Standing) {
	if a == nil {
		return s
	}
	a.once.Do(func() {
		used = min(max(used, 0), math.MaxInt64/4)
		s = a.meters.settle(ctx, a, used-a.tokens)
	})
	return s
}

// id names the slots of the request among those of other gateways; "" when it takes none.
func (a *Admission) id() string {
	for _, d := range a.all() {
		if d.What == store.Slots && a.meters.shared != nil {
			return rand.Text()
		}
	}
	return ""
}
