package sqlite

import (
	"context"
	"database/sql"

	"outcrop/internal/store"
)

const keysSchema = `
CREATE TABLE keys (
	tenant   TEXT    NOT NULL,
	id       TEXT    NOT NULL,
	revision INTEGER NOT NULL,
	body     BLOB    NOT NULL,
	PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE revisions (
	name     TEXT    NOT NULL PRIMARY KEY,
	revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO revisions VALUES ('keys', 0);
`

// KeysRevision gives a number that changes whenever a key does, or the whole file; 0 while there never was a key.
func (s *Store) KeysRevision(ctx context.Context) (revision int64, err error) {
	err = s.read(ctx, func(db *sql.DB) error {
		return db.QueryRowContext(ctx, "SELECT revision FROM revisions WHERE name = 'keys'").Scan(&revision)
	})
	const turn = 40 // bits that no revision reaches
	if err == nil && revision != 0 {
		s.mu.Lock()
		revision |= s.turns << turn
		s.mu.Unlock()
	}
	return revision, err
}

// Keys gives all keys, in order of tenant and id.
func (s *Store) Keys(ctx context.Context) (all []store.Document, err error) {
	err = s.read(ctx, func(db *sql.DB) error {
		all, err = readKeys(ctx, db)
		return err
	})
	return all, err
}

func readKeys(ctx context.Context, db *sql.DB) ([]store.Document, error) {
	rows, err := db.QueryContext(ctx, "SELECT tenant, id, revision, body FROM keys ORDER BY tenant, id")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	var all []store.Document
	for rows.Next() {
		var d store.Document
		if err := rows.Scan(&d.Tenant, &d.ID, &d.Revision, &d.Body); err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// PutKey keeps a key that is at the document's revision, 0 for a new one, else it gives store.ErrConflict.
func (s *Store) PutKey(ctx context.Context, d store.Document) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		var next int64
		err := tx.QueryRowContext(ctx, "UPDATE revisions SET revision = revision + 1 WHERE name = 'keys' RETURNING revision").Scan(&next)
		if err != nil {
			return err
		}
		var result sql.Result
		if d.Revision == 0 {
			result, err = tx.ExecContext(ctx, "INSERT INTO keys (tenant, id, revision, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
				d.Tenant, d.ID, next, d.Body)
		} else {
			result, err = tx.ExecContext(ctx, "UPDATE keys SET revision = ?, body = ? WHERE tenant = ? AND id = ? AND revision = ?",
				next, d.Body, d.Tenant, d.ID, d.Revision)
		}
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return store.ErrConflict
	})
}
