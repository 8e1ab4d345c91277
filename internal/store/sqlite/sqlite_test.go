package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"outcrop/internal/store"
	"outcrop/internal/store/sqlite"
	"outcrop/internal/test/storetest"
)

// everyone asks for all documents of a kind.
var everyone = store.Query{Everyone: true}

func open(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestDocuments(t *testing.T) {
	paths := map[*testing.T]string{}
	handle := func(t *testing.T) storetest.DocumentStore {
		if paths[t] == "" {
			paths[t] = filepath.Join(t.TempDir(), "outcrop.db")
		}
		return open(t, paths[t])
	}
	storetest.Documents(t, handle)
	storetest.Handles(t, handle)
}

func TestStateSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd ?name#%20;", "outcrop.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Documents("keys").Put(t.Context(),
		store.Document{Tenant: "a", ID: "one", Body: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	all, _, err := open(t, path).Documents("keys").List(t.Context(), everyone)
	if err != nil || len(all) != 1 || string(all[0].Body) != "1" {
		t.Fatalf("%v, %v", all, err)
	}
}

func TestOnlyTheOwnerReadsTheFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "outcrop")
	s := open(t, filepath.Join(dir, "outcrop.db"))
	// now there is a log beside the file
	if _, err := s.Documents("keys").Put(t.Context(), store.Document{ID: "one", Body: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(dir); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", st.Mode(), err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		if st, err := f.Info(); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f.Name(), st.Mode(), err)
		}
	}
}

func TestManyOpenANewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outcrop.db")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			s, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			if _, _, err := s.Documents("keys").List(t.Context(), everyone); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	newer := filepath.Join(dir, "newer.db")
	db, err := sql.Open("sqlite", newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA user_version = 1000"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ path, says string }{
		"what is no database":      {write("text.db", strings.Repeat("this is no database ", 100)), "not a database"},
		"a file of a newer form":   {newer, "newer outcrop"},
		"a folder":                 {dir, dir},
		"a path through a file":    {filepath.Join(write("file", ""), "outcrop.db"), "file"},
		"a folder without a right": {"/proc/outcrop/outcrop.db", "/proc/outcrop"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := sqlite.Open(t.Context(), tt.path)
			if err == nil {
				_ = s.Close()
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %q, which does not say %q", err, tt.says)
			}
		})
	}
}
