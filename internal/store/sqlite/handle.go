package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"sync"

	"modernc.org/sqlite"
)

// ErrReplaced says that the file is not, or no longer, the one that was opened.
var ErrReplaced = errors.New("the file of the store was removed or replaced")

var errNoStore = errors.New("there is a file, but no store in it (yet)")

var errClosed = errors.New("the store is closed")

// handle is one file, however its name is used later. SQLite keeps what was changed last in a second file, and readers
// meet in a third; all three must be the ones that every other process finds under their names, or each would see a
// state of its own.
type handle struct {
	db    *sql.DB
	files []found
	uses  sync.WaitGroup
	keeps *sql.Conn // keeps the files beside the first from being removed by whoever closes last
}

type found struct {
	path string
	info os.FileInfo
}

// openHandle opens the file and brings it up to date, if it is at least of a form. A file that comes in another's place
// may be half copied: an empty one is no store.
func openHandle(ctx context.Context, path string, least int) (*handle, error) {
	first, err := find(path)
	if err != nil {
		return nil, err
	}
	if least > 0 && first.info.Size() == 0 {
		return nil, errNoStore // to look closer would write into it
	}
	h := &handle{files: []found{first}}
	h.db = sql.OpenDB(connector{h, address(path)})
	h.db.SetMaxOpenConns(connections + 1)
	if err := h.open(ctx, path, least); err != nil {
		_ = h.close() // what went wrong before it says more
		return nil, err
	}
	return h, nil
}

func (h *handle) open(ctx context.Context, path string, least int) (err error) {
	if h.keeps, err = h.db.Conn(ctx); err != nil {
		return err
	}
	if err := h.ready(ctx, least); err != nil {
		return err
	}
	// Something must be read for the files beside the first to be open.
	var form int
	if err := h.keeps.QueryRowContext(ctx, "SELECT count(*) FROM revisions").Scan(&form); err != nil {
		return err
	}
	for _, beside := range []string{"-wal", "-shm"} {
		f, err := find(path + beside)
		if err != nil {
			return err
		}
		h.files = append(h.files, f)
	}
	return nil
}

func find(path string) (found, error) {
	info, err := os.Stat(path)
	if err != nil {
		return found{}, fmt.Errorf("%w: %w", ErrReplaced, err)
	}
	return found{path, info}, nil
}

// same tells whether the files are still found under their names.
func (h *handle) same() error {
	for _, f := range h.files {
		info, err := os.Stat(f.path)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrReplaced, err)
		}
		if !os.SameFile(info, f.info) {
			return fmt.Errorf("%w: %s is another file", ErrReplaced, f.path)
		}
	}
	return nil
}

// close waits for those who use the handle.
func (h *handle) close() (err error) {
	h.uses.Wait()
	if h.keeps != nil {
		err = h.keeps.Close()
	}
	return errors.Join(err, h.db.Close())
}

// change runs work as one transaction.
func (h *handle) change(ctx context.Context, work func(*sql.Tx) error) error {
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := work(tx); err != nil {
		_ = tx.Rollback() // what went wrong before it says more
		return err
	}
	return tx.Commit()
}

// connector opens connections to the file that the handle is of, and to no other under its name.
type connector struct {
	of      *handle
	address string
}

// Connect implements driver.Connector.
func (c connector) Connect(context.Context) (driver.Conn, error) {
	if err := c.of.same(); err != nil {
		return nil, err
	}
	conn, err := c.Driver().Open(c.address)
	if err != nil {
		return nil, err
	}
	if err := c.of.same(); err != nil {
		_ = conn.Close() // nobody has used it
		return nil, err
	}
	return conn, nil
}

// Driver implements driver.Connector.
func (connector) Driver() driver.Driver { return &sqlite.Driver{} }

// use gives the handle of the file that is there, which is opened anew when it was replaced, until done is called. A
// missing file is not made: a store that is empty all of a sudden would answer wrongly, and whoever puts a copy back is
// not hindered.
func (s *Store) use(ctx context.Context) (h *handle, done func(), err error) {
	if h = s.take(); h != nil {
		if h.same() == nil {
			return h, h.uses.Done, nil
		}
		h.uses.Done()
	}
	if err := s.turn(ctx); err != nil {
		return nil, nil, err
	}
	if h = s.take(); h == nil {
		return nil, nil, ErrReplaced
	}
	return h, h.uses.Done, nil
}

func (s *Store) take() *handle {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil {
		s.now.uses.Add(1)
	}
	return s.now
}

// put makes a handle the present one, and closes the one before when nobody uses it any more. SQLite leaves alone what
// has taken the place of its files.
func (s *Store) put(h *handle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.now; old != nil {
		s.leaving.Go(func() { _ = old.close() }) // nothing in it is found by anybody
	}
	s.now = h
	if h != nil {
		s.turns++
	}
}

// turn lets go of a file that was replaced, and opens the one in its place.
func (s *Store) turn(ctx context.Context) error {
	select {
	case s.opening <- struct{}{}:
		defer func() { <-s.opening }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.closed {
		return errClosed
	}
	if h := s.take(); h != nil {
		defer h.uses.Done()
		if h.same() == nil {
			return nil // somebody else was quicker
		}
		s.put(nil)
	}
	h, err := openHandle(ctx, s.path, 1)
	if err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	s.put(h)
	return nil
}
