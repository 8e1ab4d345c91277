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

const holdsSchema = `
ALTER TABLE budgets ADD COLUMN held INTEGER NOT NULL DEFAULT 0; -- reserved for calls under way
CREATE TABLE holds (
	tenant   TEXT    NOT NULL,
	id       TEXT    NOT NULL,
	accounts BLOB    NOT NULL,
	amount   INTEGER NOT NULL,
	until    INTEGER NOT NULL, -- end of the lease, in seconds since 1970
	state    INTEGER NOT NULL, -- 0: reserved, 1: sent, 2: charged, since its lease had ended
	note     BLOB,
	PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_until ON holds (until);
`

// What a row of holds says of its call.
const (
	stateReserved = iota
	stateSent
	stateCharged // its lease had ended
	stateFreed   // its lease had ended before it was sent: the amount is 0
)

// Reserve holds an amount in every account, or in none when one has nothing left: the first such one is refused, else
// it is -1. What it gives besides is how they stood before. When it returns, the hold is on disk.
func (s *Store) Reserve(ctx context.Context, h store.Hold) (before []store.Balance, refused int, err error) {
	type result struct {
		before  []store.Balance
		refused int
	}
	done := make(chan result, 1) // the caller may have left when it comes
	err = s.budgets.write(ctx, s, func(ctx context.Context, tx *sql.Tx) error {
		before, err := balances(ctx, tx, h.Accounts)
		if err != nil {
			return err
		}
		for i := range h.Accounts {
			if before[i].Sum() >= h.Accounts[i].Limit {
				done <- result{before, i}
				return nil
			}
		}
		done <- result{before, -1}
		_, err = tx.ExecContext(ctx, "INSERT INTO holds VALUES (?, ?, ?, ?, ?, ?, ?)",
			h.Tenant, h.ID, store.EncodeAccounts(h.Accounts), h.Amount, h.Until, stateReserved, h.Note)
		if err != nil {
			return err
		}
		return spend(ctx, tx, h.Accounts, 0, h.Amount)
	})
	if err != nil {
		return nil, -1, err
	}
	r := <-done
	return r.before, r.refused, nil
}

// Send says of a hold that its call is on its way, and may cost something from now on.
func (s *Store) Send(ctx context.Context, tenant, id string) error {
	return s.budgets.write(ctx, s, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE holds SET state = ? WHERE tenant = ? AND id = ? AND state = ?", stateSent,
			tenant, id, stateReserved)
		return err
	})
}

// Settle ends a hold: its accounts have spent the cost instead. It tells whether the hold had been charged, as its
// lease had ended. Of a hold that is not there, as it was settled before, it changes nothing.
func (s *Store) Settle(ctx context.Context, h store.Hold, cost int64) (charged bool, err error) {
	done := make(chan bool, 1)
	err = s.budgets.write(ctx, s, func(ctx context.Context, tx *sql.Tx) error {
		var state, amount int64
		err := tx.QueryRowContext(ctx, "DELETE FROM holds WHERE tenant = ? AND id = ? RETURNING state, amount", h.Tenant,
			h.ID).Scan(&state, &amount)
		if errors.Is(err, sql.ErrNoRows) {
			done <- false
			return nil
		}
		if err != nil {
			return err
		}
		done <- state == stateCharged
		if state == stateCharged {
			return spend(ctx, tx, h.Accounts, cost-amount, 0)
		}
		return spend(ctx, tx, h.Accounts, cost, -amount)
	})
	if err != nil {
		return false, err
	}
	return <-done, nil
}

// Renew makes leases end later.
func (s *Store) Renew(ctx context.Context, tenant string, ids []string, until int64) error {
	return s.budgets.write(ctx, s, func(ctx context.Context, tx *sql.Tx) error {
		for _, id := range ids {
			_, err := tx.ExecContext(ctx, "UPDATE holds SET until = ? WHERE tenant = ? AND id = ? AND state < ?", until, tenant,
				id, stateCharged)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Lapse ends the holds whose leases have ended: those of calls that were sent are charged, and given back; the others
// cost nothing. All of them can still be settled for LapsedFor.
func (s *Store) Lapse(ctx context.Context, now int64) (charged []store.Hold, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM holds WHERE state >= ? AND until < ?", stateCharged,
			now-store.LapsedFor); err != nil {
			return err
		}
		ended, sent, err := overdue(ctx, tx, now)
		if err != nil {
			return err
		}
		for i, h := range ended {
			state, spent := stateFreed, int64(0)
			if sent[i] {
				state, spent = stateCharged, h.Amount
				charged = append(charged, h)
			}
			if _, err := tx.ExecContext(ctx, "UPDATE holds SET state = ?, amount = ? WHERE tenant = ? AND id = ?", state, spent,
				h.Tenant, h.ID); err != nil {
				return err
			}
			if err := spend(ctx, tx, h.Accounts, spent, -h.Amount); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return charged, nil
}

// overdue gives holds whose leases have ended, some at a time.
func overdue(ctx context.Context, tx *sql.Tx, now int64) (all []store.Hold, sent []bool, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT tenant, id, accounts, amount, until, state, note FROM holds WHERE until "+
		"< ? AND state < ? LIMIT 1000", now, stateCharged)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	for rows.Next() {
		var h store.Hold
		var accounts []byte
		var state int
		if err := rows.Scan(&h.Tenant, &h.ID, &accounts, &h.Amount, &h.Until, &state, &h.Note); err != nil {
			return nil, nil, err
		}
		if h.Accounts, err = store.DecodeAccounts(h.Tenant, accounts); err != nil {
			return nil, nil, err
		}
		all, sent = append(all, h), append(sent, state == stateSent)
	}
	return all, sent, rows.Err()
}

// Balances tells how accounts stand.
func (s *Store) Balances(ctx context.Context, accounts []store.Account) (all []store.Balance, err error) {
	err = s.read(ctx, func(db *sql.DB) error {
		all, err = balances(ctx, db, accounts)
		return err
	})
	return all, err
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func balances(ctx context.Context, q querier, accounts []store.Account) ([]store.Balance, error) {
	all := make([]store.Balance, len(accounts))
	for i, a := range accounts {
		err := q.QueryRowContext(ctx, "SELECT spent, held FROM budgets WHERE tenant = ? AND id = ? AND since = ?", a.Tenant,
			a.ID, a.From).Scan(&all[i].Spent, &all[i].Held)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
	}
	return all, nil
}

// spend adds to accounts, of which none falls below nothing.
func spend(ctx context.Context, tx *sql.Tx, accounts []store.Account, spent, held int64) error {
	for _, a := range accounts {
		_, err := tx.ExecContext(ctx, `INSERT INTO budgets (tenant, id, since, spent, held)
			VALUES (?1, ?2, ?3, max(?4, 0), max(?5, 0))
			ON CONFLICT DO UPDATE SET spent = max(spent + ?4, 0), held = max(held + ?5, 0)`,
			a.Tenant, a.ID, a.From, spent, held)
		if err != nil {
			return err
		}
	}
	return nil
}
