package budgets

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/store"
	"outcrop/internal/store/memory"
	"outcrop/openai"
)

func spender(b access.Budget) *access.Principal {
	return &access.Principal{KeyID: "k1", Rights: &access.Rights{Budget: &b}}
}

func spentOf(t *testing.T, s *memory.Store, p *access.Principal, kind string) int64 {
	t.Helper()
	from, _ := period(kind, time.Now().UTC())
	sums, err := s.Balances(t.Context(),
		[]store.Account{{Tenant: p.Home(), ID: "key:" + p.KeyID + ":" + kind, From: from}})
	if err != nil {
		t.Fatal(err)
	}
	return sums[0].Sum()
}

// Settings that are read anew do not make an old warning a new one.
func TestMendA6BudgetWarningOutlivesAReload(t *testing.T) {
	events := 0
	b := New(Default(), NewLeases(memory.New(), nil), func(Event) { events++ })
	p := spender(access.Budget{Amount: 1000, Period: "total", SoftPercent: 10})
	spent, err := b.Reserve(t.Context(), p, 500_000, nil)
	if err != nil {
		t.Fatal(err)
	}
	spent.Settle(t.Context(), 500_000)
	for range 3 {
		cfg := Default()
		cfg.OutputTokens = 1
		b = b.With(cfg)
		if h, err := b.Reserve(t.Context(), p, 1, nil); err != nil || h.Warning == "" || b.OutputTokens != 1 {
			t.Fatalf("%+v %v", h, err)
		}
	}
	if events != 1 {
		t.Errorf("Mend A6: reported %d times", events)
	}
}

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which begins on 2000-01-01, a Saturday
		s := memory.New()
		var events []Event
		b := New(Default(), NewLeases(s, nil), func(e Event) { events = append(events, e) })
		p := spender(access.Budget{Amount: 1000, Period: "day", SoftPercent: 50}) // a million billionths
		first, err := b.Reserve(t.Context(), p, 700_000, nil)
		if err != nil || first.Warning != "" {
			t.Fatal(first, err)
		}
		second, err := b.Reserve(t.Context(), p, 700_000, nil)
		if err != nil || second.Warning != "" {
			t.Fatal(second, err)
		}
		first.Settle(t.Context(), 200_000)
		first.Settle(t.Context(), 0)
		second.Settle(t.Context(), 400_000)
		if n := spentOf(t, s, p, "day"); n != 600_000 {
			t.Errorf("%d are spent", n)
		}
		third, err := b.Reserve(t.Context(), p, 0, nil)
		if err != nil || third.Warning != "key; spent=60%; amount=0.001; period=day" {
			t.Errorf("%+v, %v", third, err)
		}
		third.Settle(t.Context(), 900_000) // more than was reserved
		_, err = b.Reserve(t.Context(), p, 1, nil)
		var e *openai.Error
		if !errors.As(err, &e) || e.Kind != openai.QuotaExceeded || e.Code != openai.CodeQuota || !e.Final ||
			e.After != 24*time.Hour || !strings.Contains(e.Message, "0.001 USD a day") {
			t.Fatalf("R-ERR-68 %+v", e)
		}
		time.Sleep(24 * time.Hour)
		if _, err := b.Reserve(t.Context(), p, 1, nil); err != nil {
			t.Errorf("the next day: %v", err)
		}
		if len(events) != 1 || events[0].Warning == "" {
			t.Errorf("events %+v", events)
		}
	})
}

// What calls under way hold is not spent: nobody is told that a quota is used up, warned of it, or sent away for good.
func TestMendD2WhatIsOnlyReservedIsNotSpent(t *testing.T) {
	s := memory.New()
	cfg := Default()
	cfg.Tenants = map[string]access.Budget{"acme": {Amount: 1000, Period: "total"}}
	b := New(cfg, NewLeases(s, nil), func(e Event) { t.Errorf("reported %+v", e) })
	p := &access.Principal{KeyID: "1", Tenant: "acme",
		Rights: &access.Rights{Budget: &access.Budget{Amount: 1000, Period: "day", SoftPercent: 10}}}
	other := &access.Principal{KeyID: "2", Tenant: "acme"}
	refused := func(who *access.Principal) *openai.Error {
		t.Helper()
		_, err := b.Reserve(t.Context(), who, 1, nil)
		var e *openai.Error
		if !errors.As(err, &e) {
			t.Fatalf("got %v", err)
		}
		return e
	}
	one, err := b.Reserve(t.Context(), p, 900_000, nil)
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.Reserve(t.Context(), p, 900_000, nil)
	if err != nil || two.Warning != "" {
		t.Fatalf("%+v, %v", two, err)
	}
	for _, who := range []*access.Principal{p, other} {
		e := refused(who)
		if e.Kind != openai.RateLimited || e.Code != openai.CodeRateLimited || e.Final || e.After <= 0 ||
			e.After > time.Minute || strings.Contains(e.Message, "quota") ||
			!strings.Contains(e.Message, "0.0018 USD are reserved") {
			t.Errorf("%+v", e)
		}
	}
	one.Settle(t.Context(), 10)
	if _, err := b.Reserve(t.Context(), p, 50_000, nil); err != nil {
		t.Fatalf("something was given back: %v", err)
	}
	two.Settle(t.Context(), 990)
	// Of the key's budget the rest is held, but the tenant's is spent: another try is no use.
	four, err := b.Reserve(t.Context(), other, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Reserve(t.Context(), p, 5_000_000, nil); err != nil {
		t.Fatal(err)
	}
	four.Settle(t.Context(), 1_000_000)
	if e := refused(p); e.Kind != openai.QuotaExceeded || !e.Final || !strings.Contains(e.Message, "your organization") {
		t.Errorf("%+v", e)
	}
}

func TestSettlingWorksOnItsOwnTime(t *testing.T) {
	s := memory.New()
	b := New(Default(), NewLeases(s, nil), nil)
	p := spender(access.Budget{Amount: 10, Period: "total"})
	ctx, cancel := context.WithCancel(t.Context())
	h, err := b.Reserve(ctx, p, 5000, nil)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	h.Settle(ctx, 1)
	if _, err := b.Reserve(ctx, p, 5000, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := spentOf(t, s, p, "total"); n != 1 {
		t.Errorf("%d are spent", n)
	}
}

// TestCrash: a process that ends between reserving and settling leaves the reservation behind, and no more.
func TestCrash(t *testing.T) {
	s := memory.New() // which outlives the process, as a file does
	p := spender(access.Budget{Amount: 1000, Period: "total"})
	before := New(Default(), NewLeases(s, nil), nil)
	if _, err := before.Reserve(t.Context(), p, 400_000, nil); err != nil {
		t.Fatal(err)
	}
	after := New(Default(), NewLeases(s, nil), nil)
	h, err := after.Reserve(t.Context(), p, 10_000, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.Settle(t.Context(), 5_000)
	if n := spentOf(t, s, p, "total"); n != 405_000 {
		t.Errorf("%d are spent", n)
	}
}

func TestBudgetOfATenant(t *testing.T) {
	s := memory.New()
	cfg := Default()
	cfg.Tenants = map[string]access.Budget{"acme": {Amount: 1}}
	b := New(cfg, NewLeases(s, nil), nil)
	one, two := &access.Principal{KeyID: "1", Tenant: "acme"},
		&access.Principal{KeyID: "2", Tenant: "acme",
			Rights: &access.Rights{Budget: &access.Budget{Amount: 50, Period: "week"}}}
	if !b.Holds(one) || b.Holds(&access.Principal{KeyID: "1"}) || b.Holds(&access.Principal{Tenant: "other"}) {
		t.Error("who has a budget?")
	}
	if _, err := b.Reserve(t.Context(), one, 1000, nil); err != nil {
		t.Fatal(err)
	}
	_, err := b.Reserve(t.Context(), two, 1000, nil)
	if err == nil || !strings.Contains(err.Error(), "your organization") {
		t.Errorf("got %v", err)
	}
	if n := spentOf(t, s, two, "week"); n != 0 {
		t.Errorf("the key was charged %d", n)
	}
	if h, err := b.Reserve(t.Context(), &access.Principal{KeyID: "1"}, 1, nil); h != nil || err != nil {
		t.Error(h, err)
	}
}

type brokenBudgets struct{ reserve, settle error }

func (s brokenBudgets) Reserve(context.Context, store.Hold) ([]store.Balance, int, error) {
	return []store.Balance{{}}, -1, s.reserve
}
func (s brokenBudgets) Send(context.Context, string, string) error { return s.settle }
func (s brokenBudgets) Settle(context.Context, store.Hold, int64) (bool, error) {
	return false, s.settle
}
func (s brokenBudgets) Renew(context.Context, string, []string, int64) error { return s.settle }
func (s brokenBudgets) Lapse(context.Context, int64) ([]store.Hold, error)   { return nil, s.settle }

func TestBudgetStoreFails(t *testing.T) {
	var events []Event
	report := func(e Event) { events = append(events, e) }
	p := spender(access.Budget{Amount: 50, Period: "week"})
	_, err := New(Default(), NewLeases(brokenBudgets{reserve: errors.New("disk")}, nil), report).Reserve(t.Context(), p, 1,
		nil)
	var e *openai.Error
	if !errors.As(err, &e) || e.Kind != openai.Unavailable || strings.Contains(e.Message, "disk") {
		t.Errorf("got %v", err)
	}
	h, err := New(Default(), NewLeases(brokenBudgets{settle: errors.New("disk")}, nil), report).Reserve(t.Context(), p, 1,
		nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Send(t.Context()); !errors.As(err, &e) || e.Kind != openai.Unavailable {
		t.Errorf("a call goes out that nobody could charge after a crash: %v", err)
	}
	events = events[:1]
	h.Settle(t.Context(), 9)
	if len(events) != 2 || events[0].Err == nil || events[1].Err == nil {
		t.Errorf("events %+v", events)
	}
}

// TestManyCalls: whatever happens at the same time, the sum is that of what was settled, and passes the budget by no
// more than what was reserved at the time.
func TestManyCalls(t *testing.T) {
	s := memory.New()
	b := New(Default(), NewLeases(s, nil), nil)
	const most, workers = 100_000, 8
	p := spender(access.Budget{Amount: 5000, Period: "total"})
	var mu sync.Mutex
	var sum access.NanoUSD
	var all sync.WaitGroup
	for w := range workers {
		dice := rand.New(rand.NewPCG(3, uint64(w)))
		all.Go(func() {
			for range 200 {
				reserved := access.NanoUSD(dice.Int64N(most))
				h, err := b.Reserve(t.Context(), p, reserved, nil)
				if err != nil {
					continue
				}
				cost := access.NanoUSD(dice.Int64N(int64(reserved) + 1))
				mu.Lock()
				sum += cost
				mu.Unlock()
				h.Settle(t.Context(), cost)
			}
		})
	}
	all.Wait()
	if n := access.NanoUSD(spentOf(t, s, p, "total")); n != sum || n < 5_000_000 || n > 5_000_000+workers*most {
		t.Errorf("%d are spent, %d were settled", n, sum)
	}
}

func TestPeriods(t *testing.T) {
	at := func(s string) time.Time {
		when, err := time.Parse(time.DateTime, s)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, tt := range []struct{ name, now, from, end string }{
		{"day", "2028-02-29 23:59:59", "2028-02-29 00:00:00", "2028-03-01 00:00:00"},
		{"week", "2026-11-22 23:00:00", "2026-11-16 00:00:00", "2026-11-23 00:00:00"}, // a Sunday
		{"week", "2026-11-23 00:00:00", "2026-11-23 00:00:00", "2026-11-30 00:00:00"},
		{"month", "2026-12-31 12:00:00", "2026-12-01 00:00:00", "2027-01-01 00:00:00"},
	} {
		if from, end := period(tt.name, at(tt.now)); from != at(tt.from).Unix() || !end.Equal(at(tt.end)) {
			t.Errorf("%s of %s: %s to %s", tt.name, tt.now, time.Unix(from, 0).UTC(), end)
		}
	}
	if from, end := period("total", time.Now()); from != 0 || !end.IsZero() {
		t.Error(from, end)
	}
}
