package memory

import (
	"context"
	"slices"

	"outcrop/internal/store"
)

// account is what a sum is kept under.
type account struct {
	name
	from int64
}

func accountOf(a *store.Account) account { return account{name{a.Tenant, a.ID}, a.From} }

// held is a hold and how far its call has come.
type held struct {
	store.Hold
	sent  bool
	ended bool // so has its lease: what was sent counts as spent, and of the others nothing is held
}

type budgets struct {
	sums  map[account]store.Balance
	holds map[name]*held
}

// Reserve holds an amount in every account, or in none when one has nothing left: the first such one is refused, else
// it is -1. What it gives besides is how they stood before.
func (s *Store) Reserve(_ context.Context, h store.Hold) (before []store.Balance, refused int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before = s.balances(h.Accounts)
	for i := range h.Accounts {
		if before[i].Sum() >= h.Accounts[i].Limit {
			return before, i, nil
		}
	}
	s.spend(h.Accounts, 0, h.Amount)
	h.Accounts, h.Note = slices.Clone(h.Accounts), slices.Clone(h.Note)
	if s.budgets.holds == nil {
		s.budgets.holds = map[name]*held{}
	}
	s.budgets.holds[name{h.Tenant, h.ID}] = &held{Hold: h}
	return before, -1, nil
}

// Send says of a hold that its call is on its way, and may cost something from now on.
func (s *Store) Send(_ context.Context, tenant, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.budgets.holds[name{tenant, id}]; h != nil && !h.ended {
		h.sent = true
	}
	return nil
}

// Settle ends a hold: its accounts have spent the cost instead. It tells whether the hold had been charged, as its
// lease had ended. Of a hold that is not there, as it was settled before, it changes nothing.
func (s *Store) Settle(_ context.Context, h store.Hold, cost int64) (charged bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := name{h.Tenant, h.ID}
	kept := s.budgets.holds[at]
	if kept == nil {
		return false, nil
	}
	delete(s.budgets.holds, at)
	charged = kept.ended && kept.sent
	switch {
	case charged:
		s.spend(h.Accounts, cost-kept.Amount, 0)
	case kept.ended:
		s.spend(h.Accounts, cost, 0)
	default:
		s.spend(h.Accounts, cost, -kept.Amount)
	}
	return charged, nil
}

// Renew makes leases end later.
func (s *Store) Renew(_ context.Context, tenant string, ids []string, until int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if h := s.budgets.holds[name{tenant, id}]; h != nil && !h.ended {
			h.Until = until
		}
	}
	return nil
}

// Lapse ends the holds whose leases have ended: those of calls that were sent are charged, and given back; the others
// cost nothing. All of them can still be settled for LapsedFor.
func (s *Store) Lapse(_ context.Context, now int64) (charged []store.Hold, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, h := range s.budgets.holds {
		switch {
		case h.ended && h.Until+store.LapsedFor < now:
			delete(s.budgets.holds, at)
		case h.ended || h.Until >= now:
		case h.sent:
			h.ended = true
			s.spend(h.Accounts, h.Amount, -h.Amount)
			charged = append(charged, h.Hold)
		default:
			h.ended = true
			s.spend(h.Accounts, 0, -h.Amount)
		}
	}
	return charged, nil
}

// Balances tells how accounts stand.
func (s *Store) Balances(_ context.Context, accounts []store.Account) ([]store.Balance, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.balances(accounts), nil
}

func (s *Store) balances(accounts []store.Account) []store.Balance {
	all := make([]store.Balance, len(accounts))
	for i := range accounts {
		all[i] = s.budgets.sums[accountOf(&accounts[i])]
	}
	return all
}

// spend adds to accounts, of which none falls below nothing.
func (s *Store) spend(accounts []store.Account, spent, holds int64) {
	if s.budgets.sums == nil {
		s.budgets.sums = map[account]store.Balance{}
	}
	for i := range accounts {
		at := accountOf(&accounts[i])
		b := s.budgets.sums[at]
		s.budgets.sums[at] = store.Balance{Spent: max(b.Spent+spent, 0), Held: max(b.Held+holds, 0)}
	}
}
