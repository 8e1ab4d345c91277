// Package sqlite keeps state in one SQLite file. Several processes may have it open at the same time: the gateway and
// the commands beside it read and write the same file.
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
	"sync"
	"time"

	"modernc.org/sqlite" // registers itself as a driver too
	sqlite3 "modernc.org/sqlite/lib"
)

// busy is how long a statement waits for another process to end its writing.
const busy = 5 * time.Second

// connections bounds the open ones: SQLite has one writer at a time, and readers are quick.
const connections = 4

// Store is an open file. It is safe for concurrent use. When the file is replaced, it goes on with the new one; while
// it is missing, every call fails.
type Store struct {
	path    string
	budgets together

	opening chan struct{} // holds whoever opens the file anew, or has closed it
	closed  bool          // for whoever is in opening
	leaving sync.WaitGroup

	mu    sync.Mutex
	now   *handle // nil while the file is missing
	turns int64   // how often the file was opened anew
}

// Open opens the file, and makes it and its folder when they are not there, for the eyes of their owner alone. An older
// form of the file is brought up to date; one that a newer version has written is refused.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := prepare(path); err != nil {
		return nil, err
	}
	h, err := openHandle(ctx, path, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Store{path: path, now: h, opening: make(chan struct{}, 1)}, nil
}

// Close closes the file, once what is being written has been.
func (s *Store) Close() error {
	s.budgets.wait()
	s.opening <- struct{}{}
	s.closed = true
	<-s.opening
	s.mu.Lock()
	h := s.now
	s.now = nil
	s.mu.Unlock()
	s.leaving.Wait()
	if h == nil {
		return nil
	}
	return h.close()
}

// prepare makes folder and file with the permissions that they should have: SQLite would ask for those of the process,
// and gives the files beside the first the permissions of that one.
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

// address is the path as SQLite reads it, with the settings of every connection. A transaction takes the right to write
// when it begins: one that asks for it later fails, instead of waiting, when somebody else has written since.
func address(path string) string {
	settings := url.Values{
		"_txlock": {"immediate"},
		"mode":    {"rw"}, // a connection never makes a file: it would be another than that of the connections before it
		"_pragma": {fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()), "journal_mode(WAL)", "synchronous(FULL)",
			"foreign_keys(1)"},
	}
	// A path as it stands could hold what begins the settings.
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(path))
	return "file:" + escaped + "?" + settings.Encode()
}

// ready brings the schema up to date. Processes that open a new file at the same moment hinder each other in a way that
// SQLite does not wait out by itself, so that is tried again.
func (h *handle) ready(ctx context.Context, least int) error {
	const pause = 20 * time.Millisecond
	for end := time.Now().Add(busy); ; {
		err := h.migrate(ctx, least)
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

// read runs work on the file that is there.
func (s *Store) read(ctx context.Context, work func(*sql.DB) error) error {
	h, done, err := s.use(ctx)
	if err != nil {
		return err
	}
	defer done()
	return work(h.db)
}

// change runs work as one transaction. That of a file that was replaced before it had ended counts for nothing, and is
// an error.
func (s *Store) change(ctx context.Context, work func(*sql.Tx) error) error {
	h, done, err := s.use(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := h.change(ctx, work); err != nil {
		return err
	}
	return h.same()
}
