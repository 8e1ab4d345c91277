package upstream

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// small gives targets of one slot.
func small(change ...func(*Config)) *Targets {
	cfg := Default()
	cfg.Concurrency.Floor, cfg.Concurrency.Ceiling = 1, 1
	for _, c := range change {
		c(&cfg)
	}
	return New(cfg, "")
}

// call takes a slot, holds it and gives it back.
func call(ctx context.Context, u *Targets, w Want, hold time.Duration) error {
	s := search(u, []catalog.Target{at("a")}, w)
	if _, _, _, err := s.Next(ctx); err != nil {
		return err
	}
	time.Sleep(hold)
	s.Begun()
	s.Release(OK, 0)
	return nil
}

func TestQueueIsByPriorityAndAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := small(func(c *Config) { c.Queue.Aging = 10 * time.Second })
		var mu sync.Mutex
		var got []string
		var wg sync.WaitGroup
		ask := func(name string, p Priority) {
			wg.Go(func() {
				err := call(t.Context(), u, Want{Priority: p}, 4*time.Second)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					name += " " + err.Error()
				}
				got = append(got, name)
			})
			synctest.Wait()
		}
		ask("first", Normal)
		ask("batch", Batch)
		ask("normal 1", Normal)
		ask("normal 2", Normal)
		ask("interactive", Interactive)
		time.Sleep(21 * time.Second) // by then all but the last have had their turn
		ask("late interactive", Interactive)
		wg.Wait()
		if want := []string{"first", "interactive", "normal 1", "normal 2", "batch", "late interactive"}; !slices.Equal(got,
			want) {
			t.Errorf("order %q, want %q", got, want)
		}
	})
}

func TestNobodyStarves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := small(func(c *Config) { c.Queue.Aging = 5 * time.Second })
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 3 { // there is always an interactive request waiting
			wg.Go(func() {
				for call(ctx, u, Want{Priority: Interactive}, time.Second) == nil && ctx.Err() == nil {
				}
			})
		}
		synctest.Wait()
		begin := time.Now()
		if err := call(t.Context(), u, Want{Priority: Batch}, 0); err != nil {
			t.Error(err)
		}
		if waited := time.Since(begin); waited < 8*time.Second || waited > 15*time.Second {
			t.Errorf("a batch request waited %v, want about two steps of aging", waited)
		}
		stop()
		wg.Wait()
	})
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := small(func(c *Config) { c.Queue.Length = 3 })
		var wg sync.WaitGroup
		var pushedOut atomic.Int32
		for i := range 4 {
			p := Normal
			if i == 3 {
				p = Batch
			}
			wg.Go(func() {
				var oe *openai.Error
				if err := call(t.Context(), u, Want{Priority: p}, 4*time.Second); errors.As(err, &oe) &&
					oe.Code == openai.CodeOverloaded && p == Batch {
					pushedOut.Add(1)
				} else if err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		var oe *openai.Error
		err := call(t.Context(), u, Want{Priority: Batch}, 0)
		if !errors.As(err, &oe) || oe.Kind != openai.Unavailable || oe.Code != "overloaded" || oe.After < time.Second {
			t.Errorf("R-ERR-70: a full queue: %v", err)
		}
		wg.Go(func() {
			if err := call(t.Context(), u, Want{Priority: Normal}, 0); err != nil {
				t.Errorf("a better request takes the place of a batch one: %v", err)
			}
		})
		synctest.Wait()
		if pushedOut.Load() != 1 {
			t.Errorf("%d batch requests have made room", pushedOut.Load())
		}
		time.Sleep(9 * time.Second) // two calls of four seconds have ended
		search(u, []catalog.Target{at("a")}, Want{})
		target := u.of(new(at("a")), "")
		target.mu.Lock()
		after := target.overloaded().After
		target.mu.Unlock()
		if after < time.Second || after > 4*time.Second {
			t.Errorf("R-ERR-70: retry after %v, with one of four seconds waiting", after)
		}
		wg.Wait()
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := small()
		s := search(u, []catalog.Target{at("a")}, Want{})
		next(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		if err := call(ctx, u, Want{}, 0); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		s.Begun()
		s.Release(OK, 0)
		if r := u.Report().Targets[0]; r.Waiting != 0 || r.InFlight != 0 {
			t.Errorf("%+v", r)
		}
		if err := call(t.Context(), u, Want{}, 0); err != nil {
			t.Errorf("the slot is free: %v", err)
		}
	})
}

func TestNoSlotIsEverLost(t *testing.T) {
	u := small(func(c *Config) { c.Concurrency.Ceiling = 3 })
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for j := range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				if (i+j)%3 == 0 {
					go cancel()
				}
				_ = call(ctx, u, Want{Priority: Priority(j % 3)}, 0)
				cancel()
			}
		})
	}
	wg.Wait()
	if r := u.Report().Targets[0]; r.Waiting != 0 || r.InFlight != 0 {
		t.Errorf("%+v", r)
	}
}

func TestLimitFollowsThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Default()
		cfg.Concurrency = Concurrency{Floor: 4, Ceiling: 100, Increase: 2, Decrease: 0.5}
		u := New(cfg, "")
		plan := []catalog.Target{at("a")}
		limit := func() int { return u.Report().Targets[0].Limit }
		var calls []*Search
		for range 40 {
			s := search(u, plan, Want{})
			next(t, s)
			calls = append(calls, s)
		}
		time.Sleep(time.Second)
		for _, s := range calls[:20] { // all began before the first of them was throttled
			s.Failed(Throttled, true)
		}
		if limit() != 20 {
			t.Errorf("limit %d, want half of 40 in flight: one wave is one cut", limit())
		}
		time.Sleep(5 * time.Second)
		if limit() != 30 {
			t.Errorf("limit %d after five seconds of two each", limit())
		}
		for _, s := range calls[20:] {
			s.Begun()
			s.Release(OK, 0)
		}
		for range 5 {
			fail(t, u, plan, Capacity, 1)
			time.Sleep(time.Millisecond)
		}
		if limit() != 4 {
			t.Errorf("limit %d, want the floor", limit())
		}
		time.Sleep(time.Hour)
		if limit() != 100 {
			t.Errorf("limit %d, want the ceiling", limit())
		}
	})
}

// A limit that grows lets in who waits, although no call ends.
func TestGrowthWakesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Default()
		cfg.Concurrency = Concurrency{Floor: 1, Ceiling: 100, Increase: 1, Decrease: 0.5}
		u := New(cfg, "")
		plan := []catalog.Target{at("a")}
		fail(t, u, plan, Throttled, 1)
		hanging := search(u, plan, Want{})
		next(t, hanging)
		begin := time.Now()
		if err := call(t.Context(), u, Want{}, 0); err != nil {
			t.Error(err)
		}
		if waited := time.Since(begin).Round(100 * time.Millisecond); waited != time.Second {
			t.Errorf("waited %v for a limit that grows by one a second", waited)
		}
		hanging.Begun()
		hanging.Release(OK, 0)
	})
}

func TestChoicesCountTheirSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := small(func(c *Config) { c.Concurrency.Ceiling = 4 })
		var wg sync.WaitGroup
		var most atomic.Int32
		request := func(n int) {
			g := NewGroup(n)
			var open sync.WaitGroup // streams of all copies open before any ends
			open.Add(n)
			for range n {
				wg.Go(func() {
					s := search(u, []catalog.Target{at("a")}, Want{Group: g})
					if _, _, _, err := s.Next(t.Context()); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Second)
					most.Store(max(most.Load(), int32(u.Report().Targets[0].InFlight)))
					open.Done()
					open.Wait()
					s.Begun()
					s.Release(OK, 0)
				})
			}
		}
		for range 5 {
			request(3)
		}
		request(9) // more than there will ever be: it waits for an empty target
		wg.Wait()  // and no two of them wait for each other, else the bubble is stuck
		if most.Load() != 9 {
			t.Errorf("R-N-05: %d slots at most", most.Load())
		}
	})
}

func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Default()
		cfg.Rates = map[string]Rate{"model": {Requests: 60, Tokens: 6000}}
		u := New(cfg, "")
		minute := func(tokens float64) (n int) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute-time.Millisecond)
			defer cancel()
			for call(ctx, u, Want{Tokens: tokens}, 0) == nil {
				n++
			}
			return n
		}
		if n := minute(0); n < 58 || n > 60 {
			t.Errorf("%d requests in a minute that may have 60", n)
		}
		time.Sleep(time.Hour)
		if n := minute(600); n < 9 || n > 10 {
			t.Errorf("%d requests of 600 tokens in a minute that may have 6,000", n)
		}
		time.Sleep(time.Hour)
		s := search(u, []catalog.Target{at("a"), at("b", order(1))}, Want{Tokens: 1500})
		next(t, s)
		s.Begun()
		s.Release(OK, 0)
		if i := next(t, search(u, []catalog.Target{at("a"), at("b", order(1))}, Want{Tokens: 1500})); i != 1 {
			t.Error("a request does not wait for tokens while another target has some")
		}
		time.Sleep(time.Hour)
		s = search(u, []catalog.Target{at("a")}, Want{Tokens: 100})
		next(t, s)
		s.Begun()
		s.Release(OK, 1600) // the answer was longer than the estimate
		begin := time.Now()
		if err := call(t.Context(), u, Want{Tokens: 100}, 0); err != nil || time.Since(begin) < 2*time.Second {
			t.Errorf("%v after %v: what was really used counts", err, time.Since(begin))
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	u := New(Default(), "")
	for name, plan := range map[string][]catalog.Target{
		"one":   {at("a")},
		"two":   {at("a"), at("b", order(1))},
		"equal": {at("a"), at("b"), at("c")},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			ctx := context.Background()
			b.RunParallel(func(pb *testing.PB) {
				s := new(Search)
				for pb.Next() {
					u.Search(s, plan, Want{Priority: Normal})
					if _, i, _, err := s.Next(ctx); err != nil || i < 0 {
						b.Error(i, err)
						return
					}
					s.Begun()
					s.Release(OK, 0)
				}
			})
		})
	}
}
