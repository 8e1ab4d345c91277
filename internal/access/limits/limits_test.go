package limits

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/store"
	"outcrop/openai"
)

func limitedKey(l access.Limits) *access.Principal {
	return &access.Principal{KeyID: "k1", Tenant: "acme", Rights: &access.Rights{Limits: l}}
}

func newLimiter(cfg Config) *Limiter { return New(cfg, NewMeters(nil, nil)) }

func refused(t *testing.T, err error, kind openai.Kind) *openai.Error {
	t.Helper()
	var e *openai.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != openai.CodeRateLimited {
		t.Fatalf("got %v, want a refusal of kind %d", err, kind)
	}
	return e
}

func TestRequestsPerMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, p := newLimiter(Config{}), limitedKey(access.Limits{RequestsPerMinute: 3})
		for i := range int64(3) {
			s, err := l.Arrive(t.Context(), p)
			if err != nil || s.Requests.Limit != 3 || s.Requests.Left != 2-i || s.Requests.Reset <= 58*time.Second ||
				s.Requests.Reset > time.Minute {
				t.Fatalf("R-ERR-81 request %d: %+v, %v", i, s, err)
			}
			time.Sleep(10 * time.Second)
		}
		s, err := l.Arrive(t.Context(), p)
		e := refused(t, err, openai.RateLimited)
		if s.Requests.Left != 0 || e.Final || !strings.Contains(e.Message, "Limit 3, Used 3, Requested 1") {
			t.Errorf("R-ERR-67 %+v, %+v", s, e)
		}
		time.Sleep(e.After - time.Millisecond)
		if _, err := l.Arrive(t.Context(), p); err == nil {
			t.Error("R-ERR-67 admitted before retry-after")
		}
		time.Sleep(time.Millisecond)
		if _, err := l.Arrive(t.Context(), p); err != nil {
			t.Errorf("R-ERR-67 refused after retry-after: %v", err)
		}
		s, err = l.Arrive(t.Context(), p)
		_ = refused(t, err, openai.RateLimited)
		time.Sleep(s.Requests.Reset)
		if s, err := l.Arrive(t.Context(), p); err != nil || s.Requests.Left != 2 {
			t.Errorf("R-ERR-81 after reset: %+v, %v", s, err)
		}
	})
}

// TestNoMinuteHoldsMore: 60 seconds of the clock in a row never hold more than the limit, however requests come.
func TestNoMinuteHoldsMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 20
		l, p := newLimiter(Config{}), limitedKey(access.Limits{RequestsPerMinute: limit})
		dice := rand.New(rand.NewPCG(1, 2))
		start := time.Now()
		var admitted []int64 // seconds
		for range 2000 {
			if _, err := l.Arrive(t.Context(), p); err == nil {
				admitted = append(admitted, int64(time.Since(start)/time.Second))
			}
			time.Sleep(time.Duration(dice.IntN(700)) * time.Millisecond)
		}
		for i := range admitted {
			if j := i + limit; j < len(admitted) && admitted[j]-admitted[i] < 60 {
				t.Fatalf("%d requests from second %d to %d", limit+1, admitted[i], admitted[j])
			}
		}
		if len(admitted) < 150 { // ten minutes and more
			t.Errorf("only %d were admitted", len(admitted))
		}
	})
}

func TestTokensAreReservedAndSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, p := newLimiter(Config{}), limitedKey(access.Limits{TokensPerMinute: 1000})
		a, s, err := l.Admit(t.Context(), p, Ask{Calls: 1, Tokens: 700})
		if err != nil || s.Tokens.Left != 300 {
			t.Fatalf("%+v, %v", s, err)
		}
		_, s, err = l.Admit(t.Context(), p, Ask{Calls: 1, Tokens: 301})
		_ = refused(t, err, openai.TokensLimited)
		if s.Tokens.Left != 300 {
			t.Errorf("a refused request took tokens: %+v", s)
		}
		if s := a.Settle(t.Context(), 150); s.Tokens.Left != 850 {
			t.Errorf("after settling %+v", s)
		}
		if s := a.Settle(t.Context(), 900); s != (Standing{}) {
			t.Error("settled twice")
		}
		b, _, err := l.Admit(t.Context(), p, Ask{Calls: 1, Tokens: 850})
		if err != nil {
			t.Fatal(err)
		}
		if s := b.Settle(t.Context(), 2000); s.Tokens.Left != 0 {
			t.Errorf("more was used than there is: %+v", s)
		}
		time.Sleep(time.Minute)
		c, _, err := l.Admit(t.Context(), p, Ask{Calls: 1, Tokens: 1000})
		if err != nil {
			t.Fatalf("a minute later: %v", err)
		}
		time.Sleep(2 * time.Minute)
		if s := c.Settle(t.Context(), 0); s.Tokens.Left != 1000 {
			t.Errorf("what is long past was given back: %+v", s)
		}
	})
}

func TestTooLargeForAnyMinute(t *testing.T) {
	l, p := newLimiter(Config{}), limitedKey(access.Limits{TokensPerMinute: 1000, Concurrent: 2})
	_, _, err := l.Admit(t.Context(), p, Ask{Calls: 1, Tokens: 1001})
	if e := refused(t, err, openai.TokensLimited); !e.Final || !strings.Contains(e.Message, "Request too large") {
		t.Errorf("%+v", e)
	}
	a, _, err := l.Admit(t.Context(), p, Ask{Calls: 1, Tokens: 5000, Guessed: 4096})
	if err != nil {
		t.Fatalf("nobody asked for so many: %v", err)
	}
	if _, _, err := l.Admit(t.Context(), p, Ask{Calls: 1, Tokens: 5000, Guessed: 4096}); err == nil {
		t.Error("everything is reserved: admitted")
	}
	a.Settle(t.Context(), 10)
	b, _, err := l.Admit(t.Context(), p, Ask{Calls: 1, Tokens: 5000, Guessed: 4096})
	if err != nil {
		t.Fatalf("990 tokens are left, and 904 asked for: %v", err)
	}
	if s := b.Settle(t.Context(), 20); s.Tokens.Left != 970 {
		t.Errorf("%+v", s)
	}
	if _, _, err := l.Admit(t.Context(), p, Ask{Calls: 1, Tokens: 5000, Guessed: 4000}); err == nil {
		t.Error("970 tokens are left, and 1,000 asked for: admitted")
	}
	_, _, err = l.Admit(t.Context(), p, Ask{Calls: 3, Tokens: 30})
	if e := refused(t, err, openai.RateLimited); !e.Final {
		t.Errorf("R-N-05 three calls in two slots: %+v", e)
	}
}

func TestSlots(t *testing.T) {
	l, p := newLimiter(Config{}), limitedKey(access.Limits{Concurrent: 3})
	a, _, err := l.Admit(t.Context(), p, Ask{Calls: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Admit(t.Context(), p, Ask{Calls: 2}); err == nil {
		t.Fatal("R-N-05 n choices take n slots: admitted")
	}
	b, _, err := l.Admit(t.Context(), p, Ask{Calls: 1})
	if err != nil {
		t.Fatal(err)
	}
	a.Settle(t.Context(), 0)
	a.Settle(t.Context(), 0)
	b.Settle(t.Context(), 0)
	if _, _, err := l.Admit(t.Context(), p, Ask{Calls: 3}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Admit(t.Context(), p, Ask{Calls: 1}); err == nil {
		t.Fatal("slots were given back twice")
	}
}

func TestWhoseLimits(t *testing.T) {
	cfg := Config{Tenants: map[string]access.Limits{"acme": {RequestsPerMinute: 3}},
		EndUser: access.Limits{RequestsPerMinute: 1, TokensPerMinute: 50}}
	l := newLimiter(cfg)
	key := func(id, tenant string) *access.Principal { return &access.Principal{KeyID: id, Tenant: tenant} }
	for i, p := range []*access.Principal{key("a", "acme"), key("b", "acme"), key("c", "acme"), key("other", "another"),
		key("none", "")} {
		if _, err := l.Arrive(t.Context(), p); err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
	_, err := l.Arrive(t.Context(), key("d", "acme"))
	if e := refused(t, err, openai.RateLimited); !strings.Contains(e.Message, "organization") {
		t.Error(e.Message)
	}
	user := func(tenant, user string) error {
		_, _, err := l.Admit(t.Context(), key("a", tenant), Ask{User: user, Calls: 1, Tokens: 20})
		return err
	}
	if user("acme", "u1") != nil || user("acme", "u2") != nil || user("another", "u1") != nil || user("acme", "") != nil ||
		user("acme", "") != nil {
		t.Error("end users share a limit, or nobody has one")
	}
	if e := refused(t, user("acme", "u1"), openai.RateLimited); strings.Contains(e.Message, "u1") {
		t.Errorf("the message names the user: %s", e.Message)
	}
}

func TestCallsCountAsRequests(t *testing.T) {
	l, p := newLimiter(Config{}), limitedKey(access.Limits{RequestsPerMinute: 5})
	if _, err := l.Arrive(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	_, s, err := l.Admit(t.Context(), p, Ask{Calls: 4})
	if err != nil || s.Requests.Left != 1 {
		t.Errorf("R-N-05 limits count n calls: %+v, %v", s, err)
	}
}

func TestUnlimited(t *testing.T) {
	l := newLimiter(Config{EndUser: access.Limits{Concurrent: 1}})
	p := &access.Principal{KeyID: "k"}
	if s, err := l.Arrive(t.Context(), p); err != nil || s != (Standing{}) {
		t.Error(s, err)
	}
	if tokens, anything := l.Limits(p, ""); tokens || anything {
		t.Error("there is no limit")
	}
	if a, _, err := l.Admit(t.Context(), p, Ask{Calls: 9, Tokens: 1e9}); a != nil || err != nil {
		t.Error(a, err)
	}
}

func TestManyAtTheSameMoment(t *testing.T) {
	const limit = 100
	l, p := newLimiter(Config{}), limitedKey(access.Limits{RequestsPerMinute: limit, Concurrent: 5})
	var admitted, held, most atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if _, err := l.Arrive(t.Context(), p); err == nil {
					admitted.Add(1)
				}
				a, _, err := l.Admit(t.Context(), p, Ask{Calls: 1})
				if err != nil {
					continue
				}
				for n := held.Add(1); ; {
					if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
						break
					}
				}
				held.Add(-1)
				a.Settle(t.Context(), 0)
			}
		})
	}
	all.Wait()
	if admitted.Load() != limit || most.Load() > 5 {
		t.Errorf("%d admitted, %d at the same time", admitted.Load(), most.Load())
	}
}

// TestMetersAreBounded: end users are made up at will; keys keep their counts.
func TestMetersAreBounded(t *testing.T) {
	l := newLimiter(Config{EndUser: access.Limits{RequestsPerMinute: 10}})
	p := limitedKey(access.Limits{RequestsPerMinute: 1})
	if _, err := l.Arrive(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	for i := range 3 * metersPerShard {
		if _, _, err := l.Admit(t.Context(), p, Ask{User: fmt.Sprint(i), Calls: 1}); err != nil {
			t.Fatal(err)
		}
	}
	s := l.meters.process.shard(p.Home())
	if n := len(s.meters); n > metersPerShard {
		t.Errorf("%d meters", n)
	}
	if _, err := l.Arrive(t.Context(), p); err == nil {
		t.Error("the key's count was forgotten")
	}
}

// awayStore fails, or is slow.
type awayStore struct {
	calls atomic.Int64
	hang  bool
}

func (s *awayStore) fail(ctx context.Context) error {
	s.calls.Add(1)
	if s.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return errors.New("connection refused")
}

func (s *awayStore) TakeLimits(ctx context.Context, _, _ string, _ []store.Demand) (store.Verdict, error) {
	return store.Verdict{}, s.fail(ctx)
}

func (s *awayStore) SettleLimits(ctx context.Context, _, _ string, _, _ int64,
	_ []store.Demand) (store.Verdict, error) {
	return store.Verdict{}, s.fail(ctx)
}

func (s *awayStore) RenewLimits(ctx context.Context, _, _ string, _ []store.Demand) error {
	return s.fail(ctx)
}

func TestStoreAway(t *testing.T) {
	for _, hang := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := &awayStore{hang: hang}
			reports := 0
			m := NewMeters(s, func(error) { reports++ })
			local, strict := New(Config{WhenStoreIsAway: "local"}, m), New(Config{WhenStoreIsAway: "refuse"}, m)
			p := limitedKey(access.Limits{RequestsPerMinute: 2})
			start := time.Now()
			for range 2 {
				if _, err := local.Arrive(t.Context(), p); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := local.Arrive(t.Context(), p); err == nil {
				t.Error("no local limit holds")
			}
			_, err := strict.Arrive(t.Context(), p)
			var e *openai.Error
			if !errors.As(err, &e) || e.Kind != openai.Unavailable || e.After == 0 {
				t.Errorf("got %v", err)
			}
			if took := time.Since(start); s.calls.Load() != 1 || took > limitTimeout {
				t.Errorf("%d calls in %s", s.calls.Load(), took)
			}
			time.Sleep(limitPause)
			_, _ = local.Arrive(t.Context(), p)
			if s.calls.Load() != 2 || reports != 1 {
				t.Errorf("%d calls, %d reports", s.calls.Load(), reports)
			}
		})
	}
}

func BenchmarkArrive(b *testing.B) {
	l, p := newLimiter(Config{Tenants: map[string]access.Limits{"acme": {RequestsPerMinute: 1 << 40}}}),
		limitedKey(access.Limits{RequestsPerMinute: 1 << 40})
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Arrive(ctx, p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAdmitSettle(b *testing.B) {
	l, p := newLimiter(Config{}), limitedKey(access.Limits{TokensPerMinute: 1 << 40, Concurrent: 100})
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		a, _, err := l.Admit(ctx, p, Ask{Calls: 1, Tokens: 500})
		if err != nil {
			b.Fatal(err)
		}
		a.Settle(ctx, 100)
	}
}
