package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"outcrop/internal/store"
	"outcrop/internal/store/sqlite"
)

// bodies are those of the keys that a handle sees.
func bodies(t *testing.T, s *sqlite.Store) string {
	t.Helper()
	all, _, err := s.Documents("keys").List(t.Context(), store.Query{Everyone: true})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b store.Document) int { return strings.Compare(a.ID, b.ID) })
	var list []string
	for _, d := range all {
		list = append(list, string(d.Body))
	}
	return strings.Join(list, " ")
}

func keep(t *testing.T, s *sqlite.Store, id, body string) {
	t.Helper()
	if _, err := s.Documents("keys").Put(t.Context(),
		store.Document{Tenant: "a", ID: id, Body: []byte(body)}); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestMendE2AReplacedFileIsOpenedAnew(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "outcrop.db"), filepath.Join(dir, "other.db")
	running := open(t, path)
	keep(t, running, "one", "old")
	before, err := running.Changes(t.Context(), "keys")
	must(t, err)
	made, err := sqlite.Open(t.Context(), other)
	must(t, err)
	keep(t, made, "one", "new")
	must(t, made.Close())
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		must(t, os.Remove(name))
	}
	must(t, os.Rename(other, path))

	if got := bodies(t, running); got != "new" {
		t.Errorf("the handle sees %q", got)
	}
	if after, err := running.Changes(t.Context(), "keys"); err != nil || after == before {
		t.Errorf("revisions %d and %d, %v: nobody would read the keys again", before, after, err)
	}
	// Both see the same from then on, in both directions.
	beside := open(t, path)
	keep(t, beside, "two", "beside")
	keep(t, running, "three", "running")
	if a, b := bodies(t, running), bodies(t, beside); a != b || a != "new running beside" {
		t.Errorf("one sees %q, the other %q", a, b)
	}
}

// A file that is missing makes every call fail; none makes an empty one, and nothing is half of each. One that is put
// back is used.
func TestMendE2AMissingFileIsNotMadeAnew(t *testing.T) {
	for name, gone := range map[string][]string{"all": {"", "-wal", "-shm"}, "the file": {""},
		"what was changed last": {"-wal"}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "outcrop.db")
			s := open(t, path)
			keep(t, s, "one", "old")
			must(t, os.Mkdir(filepath.Join(dir, "aside"), 0o700))
			for _, n := range gone {
				must(t, os.Rename(path+n, filepath.Join(dir, "aside", "outcrop.db"+n)))
			}
			hold := store.Hold{Tenant: "a", ID: "x", Accounts: []store.Account{{Tenant: "a", ID: "x", Limit: 10}}, Amount: 1}
			if gone[0] == "" {
				var all sync.WaitGroup
				for range 8 { // more than there are connections
					all.Go(func() {
						_, _, listErr := s.Documents("keys").List(t.Context(), everyone)
						_, putErr := s.Documents("keys").Put(t.Context(), store.Document{ID: "x"})
						_, _, reserveErr := s.Reserve(t.Context(), hold)
						for _, err := range []error{listErr, reserveErr, putErr, s.AddUsage(t.Context(), []store.Usage{{}})} {
							if !errors.Is(err, sqlite.ErrReplaced) {
								t.Errorf("got %v", err)
							}
						}
					})
				}
				all.Wait()
				if _, err := os.Stat(path); err == nil {
					t.Error("an empty file was made")
				}
			}
			for _, n := range gone {
				must(t, os.Rename(filepath.Join(dir, "aside", "outcrop.db"+n), path+n))
			}
			if got := bodies(t, s); got != "old" {
				t.Errorf("it sees %q after the file is back", got)
			}
			if _, refused, err := s.Reserve(t.Context(), hold); err != nil || refused != -1 {
				t.Error(refused, err)
			}
		})
	}
}

// What stands in the file's place while a copy is written there is not taken for a store.
func TestMendE2AnEmptyFileInItsPlaceIsNoStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outcrop.db")
	s := open(t, path)
	keep(t, s, "one", "old")
	must(t, os.Remove(path))
	must(t, os.WriteFile(path, nil, 0o600))
	if _, _, err := s.Documents("keys").List(t.Context(), everyone); err == nil || !strings.Contains(err.Error(),
		"no store in it") {
		t.Errorf("got %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("%v, %v", info, err)
	}
}
