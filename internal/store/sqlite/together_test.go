package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"outcrop/internal/store"
)

// While one transaction is on its way to the disk, nobody waits for his own longer than his context allows, and what he
// has given up is not written afterwards.
func TestMendA6TheWaitForABatchEndsWithItsContext(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "outcrop.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	hold := store.Hold{Tenant: "a", ID: "h", Accounts: []store.Account{{Tenant: "a", ID: "x", Limit: 100}}}
	if _, refused, err := s.Reserve(t.Context(), hold); err != nil || refused >= 0 {
		t.Fatal(refused, err)
	}
	begun, release, first := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		first <- s.budgets.write(context.Background(), s, func(context.Context, *sql.Tx) error {
			close(begun)
			<-release
			return nil
		})
	}()
	<-begun
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Settle(gone, hold, 40); !errors.Is(err, context.Canceled) {
		t.Errorf("the wait ended with %v", err)
	}
	select {
	case err := <-first:
		t.Errorf("it waited for the transaction before it: %v", err)
	default:
	}
	close(release)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if _, err := s.Settle(t.Context(), hold, 2); err != nil {
		t.Error(err)
	}
	if spent, err := s.Balances(t.Context(), hold.Accounts); err != nil || spent[0].Spent != 2 {
		t.Errorf("spent %v, %v: what was given up was written", spent, err)
	}
}

func TestMendA6APanicInABatchIsAnError(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "outcrop.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.budgets.write(t.Context(), s, func(context.Context, *sql.Tx) error { panic("no") }); !errors.Is(err,
		errUnwritten) {
		t.Error(err)
	}
	if _, err := s.Settle(t.Context(), store.Hold{ID: "h", Accounts: []store.Account{{ID: "x"}}}, 2); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}

// Whoever leaves while the batch before is written may find both his context and his own batch ended, and must not take
// that batch for one that has run his job: nothing of it would ever come.
func TestMendA6AJobThatWasLeftOutIsAnErrorWheneverItsCallerLooks(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "outcrop.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	err = s.budgets.write(gone{t.Context()}, s, func(context.Context, *sql.Tx) error {
		t.Error("it was run")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("write gave %v for a job that was not run", err)
	}
}

// gone is a context that has ended, of which whoever waits for it learns too late.
type gone struct{ context.Context }

// Err implements context.Context.
func (gone) Err() error { return context.Canceled }

// Done implements context.Context: nobody is told in time.
func (gone) Done() <-chan struct{} { return nil }
