// Package sqlite keeps state in one SQLite file. Several processes may have it open at the same time: the gateway and the
// commands beside it read and write the same file.
//
// Start at [Open]; the form of the file is in schema.go.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite" // registers itself as a driver too
	sqlite3 "modernc.org/sqlite/lib"
)

// busy is how long a statement waits for another process to end its writing.
const busy = 5 * time.Second

// connections bounds the open ones: SQLite has one writer at a time, and readers are quick.
const connections = 4

// Store is an open file. It is safe for concurrent use.
type Store struct {
	db      *sql.DB
	budgets together
}

// Open opens the file, and makes it and its folder when they are not there, for the eyes of their owner alone. An older form of
// the file is brought up to date; one that a newer version has written is refused.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := prepare(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", address(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	s := &Store{db: db}
	if err := s.ready(ctx); err != nil {
		_ = db.Close() // what went wrong before it says more
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Close closes the file, once what is being written has been.
func (s *Store) Close() error {
	s.budgets.wait()
	return s.db.Close()
}

// prepare makes folder and file with the permissions that they should have: SQLite would ask for those of the process, and gives
// the files beside the first the permissions of that one.
func prepare(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return f.Close()
}

// address is the path as SQLite reads it, with the settings of every connection. A transaction takes the right to write when it
// begins: one that asks for it later fails, instead of waiting, when somebody else has written since.
func address(path string) string {
	settings := url.Values{
		"_txlock": {"immediate"},
		"_pragma": {fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()), "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"},
	}
	// A path as it stands could hold what begins the settings.
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(path))
	return "file:" + escaped + "?" + settings.Encode()
}

// ready brings the schema up to date. Processes that open a new file at the same moment hinder each other in a way that SQLite
// does not wait out by itself, so that is tried again.
func (s *Store) ready(ctx context.Context) error {
	const pause = 20 * time.Millisecond
	for end := time.Now().Add(busy); ; {
		err := s.migrate(ctx)
		if !isBusy(err) || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func isBusy(err error) bool {
	var e *sqlite.Error
	const primary = 0xff // the rest of a code says more about it
	return errors.As(err, &e) && e.Code()&primary == sqlite3.SQLITE_BUSY
}

// change runs work as one transaction.
func (s *Store) change(ctx context.Context, work func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := work(tx); err != nil {
		_ = tx.Rollback() // what went wrong before it says more
		return err
	}
	return tx.Commit()
}
