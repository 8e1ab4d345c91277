package budgets

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/access/usage"
	"outcrop/internal/store"
	"outcrop/internal/store/memory"
)

// process is a gateway on a store that outlives it. Killed, it does nothing any more.
type process struct {
	budgets *Budgets
	ledger  *usage.Ledger
	usage   *usage.Usage
	kill    context.CancelFunc
}

func startOn(t *testing.T, s *memory.Store) *process {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	l := usage.NewLedger(s, nil)
	leases := NewLeases(s, l)
	go leases.Run(ctx, func(err error) { t.Error(err) })
	synctest.Wait()
	return &process{New(Default(), leases, nil), l, usage.New(usage.Default(), l), cancel}
}

func (p *process) reserve(t *testing.T, who *access.Principal, amount int64) *Hold {
	t.Helper()
	h, err := p.budgets.Reserve(t.Context(), who, access.NanoUSD(amount),
		p.usage.Row(who, "m", nil, usage.Sums{Requests: 1, Estimated: 1, Input: 3, Output: 4, Cost: amount}))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func stands(t *testing.T, s *memory.Store, p *access.Principal) store.Balance {
	t.Helper()
	all, err := s.Balances(t.Context(), []store.Account{{Tenant: p.Home(), ID: "key:" + p.KeyID + ":total"}})
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func usedIn(t *testing.T, s *memory.Store, l *usage.Ledger) (all usage.Sums) {
	t.Helper()
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Usage(t.Context(), 0, 1<<40, func(u store.Usage) error { all.Add(u.UsageSums); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// What a killed process leaves: the call that was sent is charged as it was reckoned, and counted as an estimate; the
// one that waited costs nothing; nobody else's calls are touched.
func TestMendE7HoldsOfAKilledProcessAreSettledByLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New()
		who := spender(access.Budget{Amount: 1000, Period: "total"})
		killed, alive := startOn(t, s), startOn(t, s)
		sent := killed.reserve(t, who, 400_000)
		if err := sent.Send(t.Context()); err != nil {
			t.Fatal(err)
		}
		killed.reserve(t, who, 90_000)
		own := alive.reserve(t, who, 7_000)
		if err := own.Send(t.Context()); err != nil {
			t.Fatal(err)
		}
		killed.kill()
		if b := stands(t, s, who); b != (store.Balance{Held: 497_000}) {
			t.Errorf("%+v", b)
		}
		time.Sleep(2 * leaseFor)
		synctest.Wait()
		if b := stands(t, s, who); b != (store.Balance{Spent: 400_000, Held: 7_000}) {
			t.Errorf("after the lease %+v", b)
		}
		if u := usedIn(t, s, alive.ledger); u != (usage.Sums{Requests: 1, Estimated: 1, Input: 3, Output: 4, Cost: 400_000}) {
			t.Errorf("counted %+v", u)
		}
		// It was not dead after all: what it says now counts, and the guess does not.
		sent.Settle(t.Context(), 150_000)
		if b := stands(t, s, who); b != (store.Balance{Spent: 150_000, Held: 7_000}) {
			t.Errorf("after a late settlement %+v", b)
		}
		usedIn(t, s, killed.ledger)
		if u := usedIn(t, s, alive.ledger); u != (usage.Sums{}) {
			t.Errorf("counted %+v", u)
		}
		time.Sleep(time.Hour) // a call that takes long
		synctest.Wait()
		own.Settle(t.Context(), 1_000)
		if b := stands(t, s, who); b != (store.Balance{Spent: 151_000}) {
			t.Errorf("at the end %+v", b)
		}
		alive.kill()
	})
}
