package budgets

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/access/usage"
	"outcrop/internal/store"
	"outcrop/internal/store/memory"
)

// unreached is a store that is away at times: settlements are lost on their way there, or their answers on the way
// back.
type unreached struct {
	*memory.Store
	away, deaf atomic.Bool
}

var errUnreached = errors.New("away")

func (s *unreached) Settle(ctx context.Context, h store.Hold, cost int64) (charged bool, err error) {
	if s.away.Load() {
		return false, errUnreached
	}
	charged, err = s.Store.Settle(ctx, h, cost)
	if s.deaf.Load() {
		return false, errUnreached
	}
	return charged, err
}

func (s *unreached) Renew(ctx context.Context, tenant string, ids []string, until int64) error {
	if s.away.Load() {
		return errUnreached
	}
	return s.Store.Renew(ctx, tenant, ids, until)
}

func (s *unreached) Lapse(ctx context.Context, now int64) ([]store.Hold, error) {
	if s.away.Load() {
		return nil, errUnreached
	}
	return s.Store.Lapse(ctx, now)
}

// A settlement that the store was not told, or whose answer was lost, is made up for: the call costs what it has cost,
// once, and is counted once.
func TestMendE7ASettlementThatFailedIsTriedAgain(t *testing.T) {
	who := spender(access.Budget{Amount: 1000, Period: "total"})
	for name, tt := range map[string]struct {
		fail  func(*unreached)
		heals time.Duration // 0: only when the process ends
		other bool          // another gateway, which the store answers, looks for leases that have ended
	}{
		"the store is away for a moment": {fail: func(s *unreached) { s.away.Store(true) }, heals: time.Second},
		"the answer is lost":             {fail: func(s *unreached) { s.deaf.Store(true) }, heals: time.Second},
		"away until the lease has ended": {fail: func(s *unreached) { s.away.Store(true) }, heals: 10 * leaseFor},
		"another gateway has charged it meanwhile": {fail: func(s *unreached) { s.away.Store(true) },
			heals: 10 * leaseFor, other: true},
		"the process ends while the store is away":  {fail: func(s *unreached) { s.away.Store(true) }},
		"the process ends after an answer was lost": {fail: func(s *unreached) { s.deaf.Store(true) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &unreached{Store: memory.New()}
				l := usage.NewLedger(s.Store, nil)
				leases := NewLeases(s, l)
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					leases.Run(ctx, func(error) {})
				}()
				all := []*usage.Ledger{l}
				if tt.other {
					other := startOn(t, s.Store)
					defer other.kill()
					all = append(all, other.ledger)
				}
				one := &process{New(Default(), leases, func(Event) {}), l, usage.New(usage.Default(), l), stop}
				h := one.reserve(t, who, 400_000)
				if err := h.Send(t.Context()); err != nil {
					t.Fatal(err)
				}
				used := usage.Sums{Requests: 1, Input: 3, Output: 1, Cost: 70_000}
				one.usage.Count(who, "m", nil, used)
				tt.fail(s)
				h.Settle(t.Context(), 70_000)
				time.Sleep(tt.heals)
				synctest.Wait()
				if tt.heals == 0 {
					stop()
					time.Sleep(time.Second)
					synctest.Wait()
				}
				s.away.Store(false)
				s.deaf.Store(false)
				if tt.heals != 0 {
					time.Sleep(4 * leaseFor)
					synctest.Wait()
					stop()
				}
				<-ended
				if _, err := s.Lapse(t.Context(), time.Now().Add(time.Hour).Unix()); err != nil {
					t.Fatal(err)
				}
				if b := stands(t, s.Store, who); b != (store.Balance{Spent: 70_000}) {
					t.Errorf("it stands at %+v", b)
				}
				if len(leases.open)+len(leases.late) != 0 {
					t.Errorf("%d are open and %d late at the end", len(leases.open), len(leases.late))
				}
				for _, l := range all {
					if err := l.Flush(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if u := usedIn(t, s.Store, l); u != used {
					t.Errorf("counted %+v", u)
				}
			})
		})
	}
}

// However long a store is away, what waits for it is bounded, and so is the end of the process.
func TestMendE7WhatCannotBeSettledIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &unreached{Store: memory.New()}
		leases := NewLeases(s, nil)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var reports []error
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			leases.Run(ctx, func(err error) { reports = append(reports, err) })
		}()
		var events []Event
		b := New(Default(), leases, func(e Event) { events = append(events, e) })
		who := spender(access.Budget{Amount: 1000, Period: "total"})
		call := func() {
			h, err := b.Reserve(t.Context(), who, 1, nil)
			if err != nil {
				t.Fatal(err)
			}
			h.Settle(t.Context(), 1)
		}
		s.away.Store(true)
		for range lateMost + 1 {
			call()
		}
		if len(leases.late) != lateMost || len(leases.open) != lateMost || len(events) != lateMost+1 {
			t.Errorf("%d wait, %d are renewed, %d were reported", len(leases.late), len(leases.open), len(events))
		}
		s.away.Store(false)
		time.Sleep(leaseEvery)
		synctest.Wait()
		if b := stands(t, s.Store, who); len(leases.late)+len(leases.open) != 0 ||
			b != (store.Balance{Spent: lateMost, Held: 1}) {
			t.Errorf("%d wait, %d are renewed, it stands at %+v", len(leases.late), len(leases.open), b)
		}
		s.away.Store(true)
		call()
		time.Sleep(lateFor + leaseEvery)
		synctest.Wait()
		if len(leases.late)+len(leases.open) != 0 || len(reports) != 4 || !strings.Contains(reports[3].Error(),
			"the cost of 1 calls") {
			t.Errorf("%d wait, %d are renewed after a day; reported %v", len(leases.late), len(leases.open), reports)
		}
		call()
		stop()
		begun := time.Now()
		<-ended
		if took := time.Since(begun); took > budgetTimeout {
			t.Errorf("the end took %s", took)
		}
		if last := reports[len(reports)-1]; len(reports) != 5 || !strings.Contains(last.Error(), "the cost of 1 calls") {
			t.Errorf("reported %v", reports)
		}
	})
}
