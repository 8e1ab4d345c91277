package sqlite

import (
	"database/sql"
	"path/filepath"
	"testing"

	"outcrop/internal/store"
)

// TestKeysOfAFormerForm: keys of a file that was made before there were documents of other kinds are documents as they
// were.
func TestKeysOfAFormerForm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outcrop.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range append(schema()[:4:4], `
INSERT INTO keys VALUES ('b', 'two', 1, CAST('older' AS BLOB)), ('a', 'one', 3, CAST('newer' AS BLOB));
UPDATE revisions SET revision = 3;
PRAGMA user_version = 4;`) {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	keys := s.Documents("keys")
	page, next, err := keys.List(t.Context(), store.Query{Everyone: true})
	if err != nil || next != 0 || len(page) != 2 || string(page[0].Body)+string(page[1].Body) != "oldernewer" ||
		page[1].Revision != 3 {
		t.Fatalf("%+v, %d, %v", page, next, err)
	}
	if n, err := s.Changes(t.Context(), "keys"); err != nil || n != 3 {
		t.Errorf("revision %d, %v", n, err)
	}
	if n, err := keys.Put(t.Context(), page[0]); err != nil || n != 4 {
		t.Errorf("it is not at its revision any more: %d, %v", n, err)
	}
}
