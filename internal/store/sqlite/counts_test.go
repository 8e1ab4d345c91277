package sqlite_test

import (
	"path/filepath"
	"testing"

	"outcrop/internal/store"
	"outcrop/internal/store/sqlite"
	"outcrop/internal/store/storetest"
)

func TestBudgets(t *testing.T) {
	storetest.Budgets(t, func(t *testing.T) storetest.BudgetStore { return open(t, filepath.Join(t.TempDir(), "outcrop.db")) })
}

func TestUsage(t *testing.T) {
	storetest.Usage(t, func(t *testing.T) storetest.UsageStore { return open(t, filepath.Join(t.TempDir(), "outcrop.db")) })
}

// TestReservationSurvivesACrash: what was reserved is there when the file is opened again, though nobody has closed it or settled.
func TestReservationSurvivesACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outcrop.db")
	account := []store.Account{{Tenant: "a", ID: "key", From: 1, Limit: 100}}
	crashed, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = crashed.Close() }) // only now: the process was killed, the files stay as they were
	if _, _, err := crashed.Reserve(t.Context(), account, 40); err != nil {
		t.Fatal(err)
	}
	after := open(t, path)
	if spent, err := after.Spent(t.Context(), account); err != nil || spent[0] != 40 {
		t.Fatal(spent, err)
	}
	if spent, refused, err := after.Reserve(t.Context(), account, 70); err != nil || refused != -1 || spent[0] != 40 {
		t.Fatal(spent, refused, err)
	}
	if _, refused, err := after.Reserve(t.Context(), account, 1); err != nil || refused != 0 {
		t.Fatal(refused, err)
	}
}

func BenchmarkReserveSettle(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "outcrop.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	account := []store.Account{{Tenant: "a", ID: "key", From: 1, Limit: 1 << 60}}
	b.SetParallelism(16) // calls under way
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, _, err := s.Reserve(b.Context(), account, 40); err != nil {
				b.Error(err)
			}
			if err := s.Settle(b.Context(), account, -1); err != nil {
				b.Error(err)
			}
		}
	})
}
