package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"outcrop/internal/store"
)

const budgetsSchema = `
CREATE TABLE budgets (
	tenant TEXT    NOT NULL,
	id     TEXT    NOT NULL,
	since  INTEGER NOT NULL, -- when the period began
	spent  INTEGER NOT NULL, -- billionths of a USD
	PRIMARY KEY (tenant, id, since)
) STRICT, WITHOUT ROWID;
`

// Reserve adds an amount to every account, or to none when one has nothing left: the first such one is refused, else it is -1.
// What it gives besides are the sums before. When it returns, the amount is on disk.
func (s *Store) Reserve(ctx context.Context, accounts []store.Account, amount int64) (spent []int64, refused int, err error) {
	type result struct {
		spent   []int64
		refused int
	}
	done := make(chan result, 1) // the caller may have left when it comes
	err = s.budgets.write(ctx, s, func(ctx context.Context, tx *sql.Tx) error {
		before, err := sums(ctx, tx, accounts)
		if err != nil {
			return err
		}
		for i := range accounts {
			if before[i] >= accounts[i].Limit {
				done <- result{before, i}
				return nil
			}
		}
		done <- result{before, -1}
		return spend(ctx, tx, accounts, amount)
	})
	if err != nil {
		return nil, -1, err
	}
	r := <-done
	return r.spent, r.refused, nil
}

// Settle adds a difference, which may be negative, to every account. No sum falls below 0.
func (s *Store) Settle(ctx context.Context, accounts []store.Account, difference int64) error {
	return s.budgets.write(ctx, s, func(ctx context.Context, tx *sql.Tx) error { return spend(ctx, tx, accounts, difference) })
}

// Spent gives the sums of accounts.
func (s *Store) Spent(ctx context.Context, accounts []store.Account) (spent []int64, err error) {
	err = s.read(ctx, func(db *sql.DB) error {
		spent, err = sums(ctx, db, accounts)
		return err
	})
	return spent, err
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func sums(ctx context.Context, q querier, accounts []store.Account) ([]int64, error) {
	list := make([]int64, len(accounts))
	for i, a := range accounts {
		err := q.QueryRowContext(ctx, "SELECT spent FROM budgets WHERE tenant = ? AND id = ? AND since = ?", a.Tenant, a.ID, a.From).Scan(&list[i])
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
	}
	return list, nil
}

func spend(ctx context.Context, tx *sql.Tx, accounts []store.Account, amount int64) error {
	for _, a := range accounts {
		_, err := tx.ExecContext(ctx, `INSERT INTO budgets (tenant, id, since, spent) VALUES (?1, ?2, ?3, max(?4, 0))
			ON CONFLICT DO UPDATE SET spent = max(spent + ?4, 0)`, a.Tenant, a.ID, a.From, amount)
		if err != nil {
			return err
		}
	}
	return nil
}
