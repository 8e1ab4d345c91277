package redis_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/access/limits"
	"outcrop/internal/store"
	"outcrop/internal/store/redis"
	"outcrop/internal/test/redistest"
	"outcrop/openai"
)

// limiters are gateways that share a Redis.
func limiters(t *testing.T, url, whenAway string, n int) []*limits.Limiter {
	t.Helper()
	var all []*limits.Limiter
	for range n {
		all = append(all, limits.New(limits.Config{WhenStoreIsAway: whenAway},
			limits.NewMeters(open(t, url), func(error) {})))
	}
	return all
}

func caller(l access.Limits) *access.Principal {
	return &access.Principal{KeyID: "k", Tenant: "a}b{c", Rights: &access.Rights{Limits: l}}
}

func TestLimitsAreExactAcrossGateways(t *testing.T) {
	server := redistest.Start(t)
	const limit, tokens = 150, 10_000
	gateways := limiters(t, server.URL, "refuse", 2)
	p := caller(access.Limits{RequestsPerMinute: limit, TokensPerMinute: tokens, Concurrent: 7})
	var requests, taken, held, most atomic.Int64
	var all sync.WaitGroup
	for _, l := range gateways {
		for range 4 {
			all.Go(func() {
				for range 50 {
					if _, err := l.Arrive(t.Context(), p); err == nil {
						requests.Add(1)
					}
					a, _, err := l.Admit(t.Context(), p, limits.Ask{Calls: 2, Tokens: 100})
					if err != nil {
						continue
					}
					n := held.Add(2)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					taken.Add(80)
					held.Add(-2)
					a.Settle(t.Context(), 80)
				}
			})
		}
	}
	all.Wait()
	// R-N-05: two calls count as two requests, so that each admission takes another one than the first.
	if n := requests.Load() + taken.Load()/80; n != limit {
		t.Errorf("%d requests of %d were admitted", n, limit)
	}
	if taken.Load() > tokens || most.Load() > 7 {
		t.Errorf("%d tokens, %d calls at a time", taken.Load(), most.Load())
	}
	for i, l := range gateways {
		s, err := l.Arrive(t.Context(), p)
		if err == nil || s.Requests.Limit != limit || s.Requests.Left != 0 || s.Requests.Reset <= 0 ||
			s.Requests.Reset > time.Minute {
			t.Errorf("gateway %d: %+v, %v", i, s, err)
		}
	}
}

func TestSettlingIsSharedToo(t *testing.T) {
	server := redistest.Start(t)
	gateways := limiters(t, server.URL, "refuse", 2)
	p := caller(access.Limits{TokensPerMinute: 1000, Concurrent: 2})
	a, s, err := gateways[0].Admit(t.Context(), p, limits.Ask{Calls: 2, Tokens: 900})
	if err != nil || s.Tokens.Left != 100 {
		t.Fatal(s, err)
	}
	if _, _, err := gateways[1].Admit(t.Context(), p, limits.Ask{Calls: 1, Tokens: 10}); err == nil {
		t.Error("no slot was left")
	}
	if s := a.Settle(t.Context(), 250); s.Tokens.Left != 750 {
		t.Errorf("settled: %+v", s)
	}
	if _, s, err := gateways[1].Admit(t.Context(), p, limits.Ask{Calls: 2, Tokens: 750}); err != nil ||
		s.Tokens.Left != 0 {
		t.Error(s, err)
	}
}

func TestDemandsAreGrantedTogether(t *testing.T) {
	s := open(t, redistest.Start(t).URL)
	one := store.Owner{Kind: 'k', ID: "1"}
	list := []store.Demand{{Of: one, What: store.Tokens, Limit: 10, Take: 5},
		{Of: one, What: store.Slots, Limit: 1, Take: 1}}
	if v, err := s.TakeLimits(t.Context(), "t", "a", list); err != nil || v.Refused != -1 || v.Stands[0].Left != 5 {
		t.Fatal(v, err)
	}
	v, err := s.TakeLimits(t.Context(), "t", "b", list)
	if err != nil || v.Refused != 1 || v.Stands[0].Left != 5 {
		t.Errorf("%+v, %v", v, err)
	}
	if err := s.RenewLimits(t.Context(), "t", "a", list); err != nil {
		t.Error(err)
	}
	if err := s.RenewLimits(t.Context(), "t", "c", list); err != nil { // who holds nothing gets nothing
		t.Error(err)
	}
	if v, err := s.SettleLimits(t.Context(), "t", "a", 1, -5, list); err != nil || v.Stands[1].Left != 1 ||
		v.Stands[0].Left != 5 {
		t.Errorf("of another second: %+v, %v", v, err)
	}
	if v, err := s.TakeLimits(t.Context(), "other", "b", list); err != nil || v.Refused != -1 {
		t.Errorf("another tenant: %+v, %v", v, err)
	}
}

func TestRedisStoppedInTheMiddle(t *testing.T) {
	server := redistest.Start(t)
	local, strict := limiters(t, server.URL, "local", 1)[0], limiters(t, server.URL, "refuse", 1)[0]
	p := caller(access.Limits{RequestsPerMinute: 4})
	for range 2 {
		if _, err := local.Arrive(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	held, _, err := strict.Admit(t.Context(), caller(access.Limits{Concurrent: 1}), limits.Ask{Calls: 1})
	if err != nil {
		t.Fatal(err)
	}
	server.Stop()
	admitted := 0
	for range 5 {
		if _, err := local.Arrive(t.Context(), p); err == nil {
			admitted++
		}
	}
	if admitted != 2 { // it remembers those that it let through before
		t.Errorf("%d admitted while Redis is away", admitted)
	}
	var e *openai.Error
	if _, err := strict.Arrive(t.Context(), p); !errors.As(err, &e) || e.Kind != openai.Unavailable {
		t.Errorf("got %v", err)
	}
	held.Settle(t.Context(), 0) // nobody is there to be told
	server.Restart()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if _, err := strict.Arrive(t.Context(), p); err == nil {
			break
		} else if time.Now().After(end) {
			t.Fatalf("Redis is back, and not asked: %v", err)
		}
	}
}

func TestFrozenRedisCostsOneTimeLimit(t *testing.T) {
	server := redistest.Start(t)
	local := limiters(t, server.URL, "local", 1)[0]
	p := caller(access.Limits{RequestsPerMinute: 1000})
	if _, err := local.Arrive(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	server.Freeze()
	start := time.Now()
	for range 100 {
		if _, err := local.Arrive(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("100 requests took %s", took)
	}
}

var _ limits.Store = (*redis.Store)(nil)
