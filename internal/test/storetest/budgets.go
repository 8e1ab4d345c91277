package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"outcrop/internal/store"
)

// BudgetStore is budgets.Store, with a way to look at it.
type BudgetStore interface {
	Reserve(ctx context.Context, h store.Hold) (before []store.Balance, refused int, err error)
	Send(ctx context.Context, tenant, id string) error
	Settle(ctx context.Context, h store.Hold, cost int64) (charged bool, err error)
	Renew(ctx context.Context, tenant string, ids []string, until int64) error
	Lapse(ctx context.Context, now int64) (charged []store.Hold, err error)
	Balances(ctx context.Context, accounts []store.Account) ([]store.Balance, error)
}

// later is when the periods of these tests began: engines may forget those that are long past.
const later = 1 << 32

var holds atomic.Int64

// hold is one of accounts of the same tenant.
func hold(amount int64, accounts ...store.Account) store.Hold {
	return store.Hold{Tenant: accounts[0].Tenant, ID: fmt.Sprint("hold", holds.Add(1)), Accounts: accounts, Amount: amount,
		Until: later, Note: []byte("note\n\nof \x00 it")}
}

// Budgets runs what is promised of budgets against empty stores that open gives. Stores opened with equal t are one,
// unless the engine keeps nothing.
func Budgets(t *testing.T, open func(t *testing.T) BudgetStore) {
	key := store.Account{Tenant: "a", ID: "key:1:month", From: later, Limit: 100}
	tenant := store.Account{Tenant: "a", ID: "tenant:day", From: later + 1, Limit: 150}
	for name, test := range map[string]func(*testing.T, BudgetStore){
		"what is reserved is held, until it is settled": func(t *testing.T, s BudgetStore) {
			one := reserve(t, s, hold(60, key, tenant), -1, 0, 0, 0, 0)
			want(t, s, one, 0, 60, 0, 60)
			two := reserve(t, s, hold(10, key, tenant), -1, 0, 60, 0, 60)
			settle(t, s, one, 15, false)
			want(t, s, one, 15, 10, 15, 10)
			settle(t, s, two, 35, false)
			want(t, s, one, 50, 0, 50, 0)
		},
		"a budget with something left lets one more through, and no other": func(t *testing.T, s BudgetStore) {
			reserve(t, s, hold(99, key), -1, 0, 0)
			much := reserve(t, s, hold(500, key), -1, 0, 99)
			reserve(t, s, hold(0, key), 0, 0, 599)
			settle(t, s, much, 0, false)
			settle(t, s, reserve(t, s, hold(1, key), -1, 0, 99), 1, false)
			reserve(t, s, hold(1, key), 0, 1, 99)
		},
		"none is charged when one has nothing left": func(t *testing.T, s BudgetStore) {
			settle(t, s, reserve(t, s, hold(0, tenant), -1, 0, 0), 150, false)
			refused := reserve(t, s, hold(5, key, tenant), 1, 0, 0, 150, 0)
			want(t, s, refused, 0, 0, 150, 0)
			if charged := lapse(t, s, later+1); len(charged) != 0 {
				t.Errorf("what was refused is charged: %v", charged)
			}
		},
		"Mend D2: what is spent and what is held are told apart, of every account, of the refused too": func(t *testing.T,
			s BudgetStore) {
			settle(t, s, reserve(t, s, hold(0, tenant), -1, 0, 0), 150, false)
			settle(t, s, reserve(t, s, hold(0, key), -1, 0, 0), 30, false)
			under := reserve(t, s, hold(70, key), -1, 30, 0)
			reserve(t, s, hold(5, key), 0, 30, 70)
			reserve(t, s, hold(5, key, tenant), 0, 30, 70, 150, 0)
			settle(t, s, under, 70, false)
			reserve(t, s, hold(5, key), 0, 100, 0)
		},
		"periods, ids and tenants are apart": func(t *testing.T, s BudgetStore) {
			list := []store.Account{
				{Tenant: "a", ID: "b:c", From: later + 1, Limit: 9}, {Tenant: "a:b", ID: "c", From: later + 1, Limit: 9},
				{Tenant: "a", ID: "b:c", From: later + 2, Limit: 9},
				{Tenant: "", ID: "b}:c", From: 0, Limit: 9}, {Tenant: "{a", ID: "b:c", From: later + 1, Limit: 9},
			}
			var all []store.Hold
			for i, a := range list {
				all = append(all, reserve(t, s, hold(int64(i+1), a), -1, 0, 0))
			}
			for i, h := range all {
				want(t, s, h, 0, int64(i+1))
			}
		},
		"large amounts are exact": func(t *testing.T, s BudgetStore) {
			const much = 1<<52 + 1
			h := reserve(t, s, hold(much, store.Account{Tenant: "a", ID: "x", Limit: 1 << 53}), -1, 0, 0)
			settle(t, s, h, much+2, false)
			want(t, s, h, much+2, 0)
		},
		"a lease that has ended: what was sent is charged, what was not costs nothing": func(t *testing.T, s BudgetStore) {
			sent := reserve(t, s, hold(20, key, tenant), -1, 0, 0, 0, 0)
			waiting := reserve(t, s, hold(30, key, tenant), -1, 0, 20, 0, 20)
			other := reserve(t, s, hold(5, store.Account{Tenant: "b", ID: "x", Limit: 10}), -1, 0, 0)
			send(t, s, sent)
			send(t, s, sent) // says it again
			if charged := lapse(t, s, later); len(charged) != 0 {
				t.Errorf("the leases have not ended: %v", charged)
			}
			charged := lapse(t, s, later+1)
			if len(charged) != 1 || charged[0].ID != sent.ID || charged[0].Tenant != "a" ||
				string(charged[0].Note) != string(sent.Note) {
				t.Errorf("charged %+v", charged)
			}
			want(t, s, sent, 20, 0, 20, 0)
			want(t, s, other, 0, 0)
			if again := lapse(t, s, later+2); len(again) != 0 {
				t.Errorf("charged again: %+v", again)
			}
			settle(t, s, waiting, 3, false)
			want(t, s, sent, 23, 0, 23, 0)
		},
		"a settlement that comes late corrects what was charged": func(t *testing.T, s BudgetStore) {
			h := reserve(t, s, hold(20, key), -1, 0, 0)
			send(t, s, h)
			lapse(t, s, later+1)
			settle(t, s, h, 7, true)
			want(t, s, h, 7, 0)
			if charged := lapse(t, s, later+3*store.LapsedFor); len(charged) != 0 {
				t.Error(charged)
			}
			want(t, s, h, 7, 0)
		},
		"Mend E7: what is settled already, or was never reserved, is not settled again": func(t *testing.T, s BudgetStore) {
			plain := reserve(t, s, hold(20, key), -1, 0, 0)
			settle(t, s, plain, 7, false)
			settle(t, s, plain, 7, false) // the answer of the first was lost
			other := reserve(t, s, hold(20, key), -1, 7, 0)
			settle(t, s, plain, 7, false)
			settle(t, s, hold(5, key), 30, false)
			want(t, s, plain, 7, 20)
			send(t, s, other)
			lapse(t, s, later+1)
			settle(t, s, other, 3, true)
			settle(t, s, other, 3, false)
			want(t, s, plain, 10, 0)
		},
		"Mend E7: a call that was not sent when its lease ended is settled once, for as long as one that was": func(
			t *testing.T, s BudgetStore) {
			h, forgotten := reserve(t, s, hold(20, key, tenant), -1, 0, 0, 0, 0), reserve(t, s, hold(1, key), -1, 0, 20)
			for range 2 {
				if charged := lapse(t, s, later+1); len(charged) != 0 {
					t.Errorf("charged %+v", charged)
				}
				want(t, s, h, 0, 0, 0, 0)
				send(t, s, h)
				if err := s.Renew(t.Context(), "a", []string{h.ID}, later+90); err != nil {
					t.Error(err)
				}
			}
			settle(t, s, h, 6, false)
			settle(t, s, h, 6, false)
			want(t, s, h, 6, 0, 6, 0)
			lapse(t, s, later+2+2*store.LapsedFor)
			settle(t, s, forgotten, 9, false)
			want(t, s, h, 6, 0, 6, 0)
		},
		"what was charged stays so, and is forgotten": func(t *testing.T, s BudgetStore) {
			h := reserve(t, s, hold(20, key), -1, 0, 0)
			send(t, s, h)
			lapse(t, s, later+1)
			lapse(t, s, later+2+2*store.LapsedFor)
			want(t, s, h, 20, 0)
		},
		"a lease that is renewed goes on": func(t *testing.T, s BudgetStore) {
			h, other := reserve(t, s, hold(20, key), -1, 0, 0), reserve(t, s, hold(1, key), -1, 0, 20)
			send(t, s, h)
			if err := s.Renew(t.Context(), "a", []string{h.ID, "never"}, later+50); err != nil {
				t.Error(err)
			}
			lapse(t, s, later+50)
			want(t, s, h, 0, 20)
			lapse(t, s, later+51)
			want(t, s, h, 20, 0)
			if err := s.Renew(t.Context(), "a", []string{h.ID, other.ID}, later+90); err != nil {
				t.Error(err)
			}
			settle(t, s, h, 5, true) // what was charged cannot be held again
			want(t, s, h, 5, 0)
		},
		"a random life of many calls adds up": randomCalls,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// randomCalls: whatever is reserved, settled, charged and corrected at the same time, the sum is that of the settled
// costs, never below nothing, and never above the budget by more than what was reserved at the time.
func randomCalls(t *testing.T, s BudgetStore) {
	const workers, calls, limit, most = 4, 40, 20_000, 500
	account := store.Account{Tenant: "a", ID: "x", From: later + 5, Limit: limit}
	var settled, over atomic.Int64
	var all sync.WaitGroup
	for w := range workers {
		dice := rand.New(rand.NewPCG(7, uint64(w)))
		all.Go(func() {
			for range calls {
				h, cost := hold(dice.Int64N(most), account), dice.Int64N(most)
				before, refused, err := s.Reserve(t.Context(), h)
				if err != nil {
					t.Error(err)
					return
				}
				if sum := before[0].Sum(); sum < 0 || sum > limit+workers*most {
					t.Errorf("%d are spent of %d", sum, limit)
				}
				if refused >= 0 != (before[0].Sum() >= limit) {
					t.Errorf("refused %d, although it stood at %+v", refused, before[0])
				}
				if refused >= 0 {
					over.Add(1)
					continue
				}
				if dice.IntN(4) > 0 {
					send(t, s, h)
				}
				if dice.IntN(4) == 0 {
					lapse(t, s, later+1)
				}
				if _, err := s.Settle(t.Context(), h, cost); err != nil {
					t.Error(err)
				}
				settled.Add(cost)
			}
		})
	}
	all.Wait()
	want(t, s, hold(0, account), settled.Load(), 0)
	if over.Load() == 0 {
		t.Error("nothing was refused: the test is too small")
	}
}

// reserve wants the first refused account, and what was spent and held before in each.
func reserve(t *testing.T, s BudgetStore, h store.Hold, refused int, before ...int64) store.Hold {
	t.Helper()
	got, at, err := s.Reserve(t.Context(), h)
	if err != nil || at != refused || !slices.Equal(flat(got), before) {
		t.Errorf("reserving %d: %v, %d, %v; want %v, %d", h.Amount, got, at, err, before, refused)
	}
	return h
}

// want looks at what is spent and held in each account of a hold.
func want(t *testing.T, s BudgetStore, h store.Hold, want ...int64) {
	t.Helper()
	if got, err := s.Balances(t.Context(), h.Accounts); err != nil || !slices.Equal(flat(got), want) {
		t.Errorf("spent and held %v, %v; want %v", got, err, want)
	}
}

func flat(all []store.Balance) (list []int64) {
	for _, b := range all {
		list = append(list, b.Spent, b.Held)
	}
	return list
}

func settle(t *testing.T, s BudgetStore, h store.Hold, cost int64, late bool) {
	t.Helper()
	if charged, err := s.Settle(t.Context(), h, cost); err != nil || charged != late {
		t.Errorf("settling: charged %v, %v; want %v", charged, err, late)
	}
}

func send(t *testing.T, s BudgetStore, h store.Hold) {
	t.Helper()
	if err := s.Send(t.Context(), h.Tenant, h.ID); err != nil {
		t.Error(err)
	}
}

func lapse(t *testing.T, s BudgetStore, now int64) []store.Hold {
	t.Helper()
	charged, err := s.Lapse(t.Context(), now)
	if err != nil {
		t.Error(err)
	}
	return charged
}
