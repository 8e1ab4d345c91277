package storetest

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"outcrop/internal/store"
)

// BudgetStore is access.BudgetStore, with a way to look at it.
type BudgetStore interface {
	Reserve(ctx context.Context, accounts []store.Account, amount int64) (spent []int64, refused int, err error)
	Settle(ctx context.Context, accounts []store.Account, difference int64) error
	Spent(ctx context.Context, accounts []store.Account) ([]int64, error)
}

// later is when the periods of these tests began: engines may forget those that are long past.
const later = 1 << 32

// Budgets runs what is promised of budgets against empty stores that open gives. Stores opened with equal t are one, unless the engine
// keeps nothing.
func Budgets(t *testing.T, open func(t *testing.T) BudgetStore) {
	key := store.Account{Tenant: "a", ID: "key:1:month", From: later, Limit: 100}
	tenant := store.Account{Tenant: "a", ID: "tenant:day", From: later + 1, Limit: 150}
	for name, test := range map[string]func(*testing.T, BudgetStore){
		"what is reserved is spent, until it is settled": func(t *testing.T, s BudgetStore) {
			both := []store.Account{key, tenant}
			wantReserved(t, s, both, 60, []int64{0, 0}, -1)
			wantSpent(t, s, both, 60, 60)
			settle(t, s, both, -45)
			wantSpent(t, s, both, 15, 15)
			wantReserved(t, s, both, 10, []int64{15, 15}, -1)
			settle(t, s, both, 25)
			wantSpent(t, s, both, 50, 50)
		},
		"a budget with something left lets one more through, and no other": func(t *testing.T, s BudgetStore) {
			wantReserved(t, s, []store.Account{key}, 99, []int64{0}, -1)
			wantReserved(t, s, []store.Account{key}, 500, []int64{99}, -1)
			wantReserved(t, s, []store.Account{key}, 0, []int64{599}, 0)
			settle(t, s, []store.Account{key}, -500)
			wantReserved(t, s, []store.Account{key}, 1, []int64{99}, -1)
			wantReserved(t, s, []store.Account{key}, 1, []int64{100}, 0)
		},
		"none is charged when one has nothing left": func(t *testing.T, s BudgetStore) {
			settle(t, s, []store.Account{tenant}, 150)
			wantReserved(t, s, []store.Account{key, tenant}, 5, []int64{0, 150}, 1)
			wantSpent(t, s, []store.Account{key, tenant}, 0, 150)
		},
		"no sum is below nothing": func(t *testing.T, s BudgetStore) {
			settle(t, s, []store.Account{key}, -5)
			wantSpent(t, s, []store.Account{key}, 0)
			settle(t, s, []store.Account{key}, 3)
			settle(t, s, []store.Account{key}, -5)
			wantSpent(t, s, []store.Account{key}, 0)
		},
		"periods, ids and tenants are apart": func(t *testing.T, s BudgetStore) {
			list := []store.Account{
				{Tenant: "a", ID: "b:c", From: later + 1, Limit: 9}, {Tenant: "a:b", ID: "c", From: later + 1, Limit: 9}, {Tenant: "a", ID: "b:c", From: later + 2, Limit: 9},
				{Tenant: "", ID: "b}:c", From: 0, Limit: 9}, {Tenant: "{a", ID: "b:c", From: later + 1, Limit: 9},
			}
			for i, a := range list {
				wantReserved(t, s, []store.Account{a}, int64(i+1), []int64{0}, -1)
			}
			for i, a := range list {
				wantSpent(t, s, []store.Account{a}, int64(i+1))
			}
		},
		"large amounts are exact": func(t *testing.T, s BudgetStore) {
			const much = 1<<52 + 1
			large := []store.Account{{Tenant: "a", ID: "x", Limit: 1 << 53}}
			wantReserved(t, s, large, much, []int64{0}, -1)
			settle(t, s, large, 2)
			wantSpent(t, s, large, much+2)
		},
		"a random life of many calls adds up": randomCalls,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// randomCalls: whatever is reserved and settled at the same time, the sum is that of the settled costs, never below nothing, and never
// above the budget by more than what was reserved at the time.
func randomCalls(t *testing.T, s BudgetStore) {
	const workers, calls, limit, most = 4, 40, 20_000, 500
	account := []store.Account{{Tenant: "a", ID: "x", From: later + 5, Limit: limit}}
	var settled, over atomic.Int64
	var all sync.WaitGroup
	for w := range workers {
		dice := rand.New(rand.NewPCG(7, uint64(w)))
		all.Go(func() {
			for range calls {
				reserved, cost := dice.Int64N(most), dice.Int64N(most)
				spent, refused, err := s.Reserve(t.Context(), account, reserved)
				if err != nil {
					t.Error(err)
					return
				}
				if spent[0] < 0 || spent[0] > limit+workers*most {
					t.Errorf("%d are spent of %d", spent[0], limit)
				}
				if refused >= 0 {
					over.Add(1)
					continue
				}
				if err := s.Settle(t.Context(), account, cost-reserved); err != nil {
					t.Error(err)
				}
				settled.Add(cost)
			}
		})
	}
	all.Wait()
	wantSpent(t, s, account, settled.Load())
	if over.Load() == 0 {
		t.Error("nothing was refused: the test is too small")
	}
}

func wantReserved(t *testing.T, s BudgetStore, accounts []store.Account, amount int64, before []int64, refused int) {
	t.Helper()
	spent, at, err := s.Reserve(t.Context(), accounts, amount)
	if err != nil || at != refused || !slices.Equal(spent, before) {
		t.Errorf("reserving %d: %v, %d, %v; want %v, %d", amount, spent, at, err, before, refused)
	}
}

func wantSpent(t *testing.T, s BudgetStore, accounts []store.Account, want ...int64) {
	t.Helper()
	if got, err := s.Spent(t.Context(), accounts); err != nil || !slices.Equal(got, want) {
		t.Errorf("spent %v, %v; want %v", got, err, want)
	}
}

func settle(t *testing.T, s BudgetStore, accounts []store.Account, difference int64) {
	t.Helper()
	if err := s.Settle(t.Context(), accounts, difference); err != nil {
		t.Error(err)
	}
}
