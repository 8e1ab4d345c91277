package memory

import (
	"context"

	"outcrop/internal/store"
)

// account is what a sum is kept under.
type account struct {
	name
	from int64
}

func accountOf(a *store.Account) account { return account{name{a.Tenant, a.ID}, a.From} }

// Reserve adds an amount to every account, or to none when one has nothing left: the first such one is refused, else it is -1.
// What it gives besides are the sums before.
func (s *Store) Reserve(_ context.Context, accounts []store.Account, amount int64) (spent []int64, refused int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	spent, refused = s.sums(accounts), -1
	for i := range accounts {
		if spent[i] >= accounts[i].Limit {
			return spent, i, nil
		}
	}
	s.spend(accounts, amount)
	return spent, refused, nil
}

// Settle adds a difference, which may be negative, to every account. No sum falls below 0.
func (s *Store) Settle(_ context.Context, accounts []store.Account, difference int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spend(accounts, difference)
	return nil
}

// Spent gives the sums of accounts.
func (s *Store) Spent(_ context.Context, accounts []store.Account) ([]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sums(accounts), nil
}

func (s *Store) sums(accounts []store.Account) []int64 {
	sums := make([]int64, len(accounts))
	for i := range accounts {
		sums[i] = s.budgets[accountOf(&accounts[i])]
	}
	return sums
}

func (s *Store) spend(accounts []store.Account, amount int64) {
	if s.budgets == nil {
		s.budgets = map[account]int64{}
	}
	for i := range accounts {
		at := accountOf(&accounts[i])
		s.budgets[at] = max(s.budgets[at]+amount, 0)
	}
}
