package sqlite

import (
	"context"
	"database/sql"

	"outcrop/internal/store"
)

const usageSchema = `
CREATE TABLE usage (
	hour        INTEGER NOT NULL, -- since 1970
	tenant      TEXT    NOT NULL,
	key         TEXT    NOT NULL,
	model       TEXT    NOT NULL,
	tags        TEXT    NOT NULL,
	requests    INTEGER NOT NULL,
	cached      INTEGER NOT NULL,
	errors      INTEGER NOT NULL,
	input       INTEGER NOT NULL, -- tokens
	output      INTEGER NOT NULL,
	cache_read  INTEGER NOT NULL,
	cache_write INTEGER NOT NULL,
	cost        INTEGER NOT NULL, -- billionths of a USD
	estimated   INTEGER NOT NULL,
	unpriced    INTEGER NOT NULL,
	PRIMARY KEY (hour, tenant, key, model, tags)
) STRICT, WITHOUT ROWID;
`

const addUsage = `
INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, cached = cached + excluded.cached,
	errors = errors + excluded.errors,
	input = input + excluded.input, output = output + excluded.output, cache_read = cache_read + excluded.cache_read,
	cache_write = cache_write + excluded.cache_write, cost = cost + excluded.cost,
	estimated = estimated + excluded.estimated,
	unpriced = unpriced + excluded.unpriced`

// AddUsage adds to the sums of rows, as one transaction.
func (s *Store) AddUsage(ctx context.Context, rows []store.Usage) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		add, err := tx.PrepareContext(ctx, addUsage)
		if err != nil {
			return err
		}
		defer func() { _ = add.Close() }() // the transaction ends it anyway
		for i := range rows {
			r := &rows[i]
			args := []any{r.Hour, r.Tenant, r.Key, r.Model, r.Tags}
			for _, v := range r.Values() {
				args = append(args, *v)
			}
			if _, err := add.ExecContext(ctx, args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// ForgetUsage deletes the rows of hours before one.
func (s *Store) ForgetUsage(ctx context.Context, before int64) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM usage WHERE hour < ?", before)
		return err
	})
}

// Usage gives the rows of hours from one up to, and without, another.
func (s *Store) Usage(ctx context.Context, from, to int64, each func(store.Usage) error) error {
	return s.read(ctx, func(db *sql.DB) error { return readUsage(ctx, db, from, to, each) })
}

func readUsage(ctx context.Context, db *sql.DB, from, to int64, each func(store.Usage) error) error {
	rows, err := db.QueryContext(ctx, "SELECT * FROM usage WHERE hour >= ? AND hour < ?", from, to)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	for rows.Next() {
		var r store.Usage
		into := []any{&r.Hour, &r.Tenant, &r.Key, &r.Model, &r.Tags}
		for _, v := range r.Values() {
			into = append(into, v)
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := each(r); err != nil {
			return err
		}
	}
	return rows.Err()
}
