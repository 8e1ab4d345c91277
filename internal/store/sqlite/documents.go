package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"outcrop/internal/store"
)

// keysSchema is how keys were kept before there were documents of other kinds.
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

// documentsSchema keeps documents of all kinds; place is their order.
const documentsSchema = `
CREATE TABLE documents (
	kind     TEXT    NOT NULL,
	tenant   TEXT    NOT NULL,
	id       TEXT    NOT NULL,
	revision INTEGER NOT NULL,
	place    INTEGER NOT NULL,
	expires  INTEGER NOT NULL,
	body     BLOB    NOT NULL,
	PRIMARY KEY (kind, tenant, id)
) STRICT;
CREATE UNIQUE INDEX documents_in_order ON documents (kind, place);
CREATE INDEX documents_of_tenant ON documents (kind, tenant, place);
CREATE INDEX documents_expire ON documents (kind, expires) WHERE expires > 0;
INSERT INTO documents SELECT 'keys', tenant, id, revision, revision, 0, body FROM keys;
DROP TABLE keys;
`

// documents are those of one kind.
type documents struct {
	s    *Store
	kind string
}

// Documents gives the documents of a kind.
func (s *Store) Documents(kind string) store.Documents { return documents{s, kind} }

// Changes gives a number that changes whenever a document of a kind does, or the whole file; 0 while there never was
// one.
func (s *Store) Changes(ctx context.Context, kind string) (revision int64, err error) {
	err = s.read(ctx, func(db *sql.DB) error {
		err := db.QueryRowContext(ctx, "SELECT revision FROM revisions WHERE name = ?", kind).Scan(&revision)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	const turn = 40 // bits that no revision reaches
	if err == nil && revision != 0 {
		s.mu.Lock()
		revision |= s.turns << turn
		s.mu.Unlock()
	}
	return revision, err
}

// Put keeps a document.
func (k documents) Put(ctx context.Context, d store.Document) (next int64, err error) {
	if err := d.Check(); err != nil {
		return 0, err
	}
	now := time.Now().UnixMilli()
	err = k.s.change(ctx, func(tx *sql.Tx) error {
		if err := k.sweep(ctx, tx, now); err != nil {
			return err
		}
		if next, err = k.advance(ctx, tx); err != nil {
			return err
		}
		var result sql.Result
		if d.Revision == 0 {
			// One that has expired is not there.
			result, err = tx.ExecContext(ctx, `INSERT INTO documents
				(kind, tenant, id, revision, place, expires, body) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (kind, tenant, id) DO UPDATE SET revision = excluded.revision, place = excluded.place,
				expires = excluded.expires, body = excluded.body WHERE documents.expires BETWEEN 1 AND ?`,
				k.kind, d.Tenant, d.ID, next, next, d.Millis(), filled(d.Body), now)
		} else {
			result, err = tx.ExecContext(ctx, `UPDATE documents SET revision = ?, expires = ?, body = ?
				WHERE kind = ? AND tenant = ? AND id = ? AND revision = ? AND NOT expires BETWEEN 1 AND ?`,
				next, d.Millis(), filled(d.Body), k.kind, d.Tenant, d.ID, d.Revision, now)
		}
		return one(result, err, store.ErrConflict)
	})
	return next, err
}

// filled is a body that SQLite does not take for a missing one.
func filled(body []byte) []byte {
	if body == nil {
		return []byte{}
	}
	return body
}

// one gives otherwise where a statement has changed nothing.
func one(result sql.Result, err, otherwise error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return otherwise
}

// advance gives the next revision of the kind.
func (k documents) advance(ctx context.Context, tx *sql.Tx) (next int64, err error) {
	err = tx.QueryRowContext(ctx, "INSERT INTO revisions VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET revision = "+
		"revision + 1 RETURNING revision",
		k.kind).Scan(&next)
	return next, err
}

func (k documents) sweep(ctx context.Context, tx *sql.Tx, now int64) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM documents WHERE rowid IN
		(SELECT rowid FROM documents WHERE kind = ? AND expires > 0 AND expires <= ? LIMIT ?)`,
		k.kind, now, store.SweepAtOnce)
	return err
}

// Get gives a document.
func (k documents) Get(ctx context.Context, tenant, id string) (d store.Document, err error) {
	err = k.s.read(ctx, func(db *sql.DB) error {
		row := db.QueryRowContext(ctx, `SELECT tenant, id, revision, place, expires, body FROM documents
			WHERE kind = ? AND tenant = ? AND id = ? AND NOT expires BETWEEN 1 AND ?`,
			k.kind, tenant, id, time.Now().UnixMilli())
		d, err = scan(row)
		if errors.Is(err, sql.ErrNoRows) {
			return store.ErrNotFound
		}
		return err
	})
	return d, err
}

func scan(row interface{ Scan(to ...any) error }) (d store.Document, err error) {
	var expires int64
	err = row.Scan(&d.Tenant, &d.ID, &d.Revision, &d.Order, &expires, &d.Body)
	d.Expires = store.ExpiresAt(expires)
	return d, err
}

// Delete makes a document be no more.
func (k documents) Delete(ctx context.Context, tenant, id string) error {
	return k.s.change(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, "DELETE FROM documents WHERE kind = ? AND tenant = ? AND id = ? AND NOT "+
			"expires BETWEEN 1 AND ?",
			k.kind, tenant, id, time.Now().UnixMilli())
		if err := one(result, err, store.ErrNotFound); err != nil {
			return err
		}
		_, err = k.advance(ctx, tx)
		return err
	})
}

// List gives a page of documents.
func (k documents) List(ctx context.Context, q store.Query) (page []store.Document, next int64, err error) {
	where, order := "place > ?2", "place"
	if q.Newest {
		where, order = "(place < ?2 OR ?2 = 0)", "place DESC"
	}
	if !q.Everyone {
		where += " AND tenant = ?4"
	}
	err = k.s.read(ctx, func(db *sql.DB) error {
		rows, err := db.QueryContext(ctx, "SELECT tenant, id, revision, place, expires, body FROM documents WHERE kind = "+
			"?1 AND "+where+
			" AND NOT expires BETWEEN 1 AND ?3 ORDER BY "+order, k.kind, q.After, time.Now().UnixMilli(), q.Tenant)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // its error is that of rows.Err
		size := 0
		for rows.Next() {
			d, err := scan(rows)
			if err != nil {
				return err
			}
			if size += len(d.Body); len(page) == q.Most() || len(page) > 0 && size > store.PageBytes {
				next = page[len(page)-1].Order
				return nil
			}
			page = append(page, d)
		}
		return rows.Err()
	})
	return page, next, err
}
