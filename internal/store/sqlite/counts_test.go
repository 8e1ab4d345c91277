package sqlite_test

import (
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"outcrop/internal/store"
	"outcrop/internal/store/sqlite"
	"outcrop/internal/test/storetest"
)

func TestBudgets(t *testing.T) {
	storetest.Budgets(t, func(t *testing.T) storetest.BudgetStore {
		return open(t,
			filepath.Join(t.TempDir(), "outcrop.db"))
	})
}

func TestUsage(t *testing.T) {
	storetest.Usage(t, func(t *testing.T) storetest.UsageStore {
		return open(t,
			filepath.Join(t.TempDir(), "outcrop.db"))
	})
}

// TestReservationSurvivesACrash: what was reserved is there when the file is opened again, though nobody has closed it
// or settled.
func TestReservationSurvivesACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outcrop.db")
	account := []store.Account{{Tenant: "a", ID: "key", From: 1, Limit: 100}}
	crashed, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = crashed.Close() }) // only now: the process was killed, the files stay as they were
	for i, id := range []string{"sent", "waiting"} {
		if _, _, err := crashed.Reserve(t.Context(), store.Hold{Tenant: "a", ID: id, Accounts: account, Amount: 20,
			Until: 1000}); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := crashed.Send(t.Context(), "a", "sent"); err != nil {
		t.Fatal(err)
	}
	after := open(t, path)
	stands := func(spent, held int64) {
		t.Helper()
		if all, err := after.Balances(t.Context(), account); err != nil ||
			all[0] != (store.Balance{Spent: spent, Held: held}) {
			t.Fatal(all, err)
		}
	}
	stands(0, 40)
	if charged, err := after.Lapse(t.Context(), 1001); err != nil || len(charged) != 1 || charged[0].ID != "sent" {
		t.Fatal(charged, err)
	}
	stands(20, 0)
}

func BenchmarkReserveSettle(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "outcrop.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	account := []store.Account{{Tenant: "a", ID: "key", From: 1, Limit: 1 << 60}}
	var ids atomic.Int64
	b.SetParallelism(16) // calls under way
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			h := store.Hold{Tenant: "a", ID: strconv.FormatInt(ids.Add(1), 10), Accounts: account, Amount: 40, Until: 1 << 40}
			if _, _, err := s.Reserve(b.Context(), h); err != nil {
				b.Error(err)
			}
			if err := s.Send(b.Context(), "a", h.ID); err != nil {
				b.Error(err)
			}
			if _, err := s.Settle(b.Context(), h, 39); err != nil {
				b.Error(err)
			}
		}
	})
}
