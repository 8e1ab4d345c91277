package background

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestMendD1AFileThatWasRewrittenReplacedOrIsGoneIsNoticedOnce(t *testing.T) {
	dir := t.TempDir()
	a, b, link := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "link")
	write := func(path, text string, at int64) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Unix(at, 0), time.Unix(at, 0)); err != nil {
			t.Fatal(err)
		}
	}
	to := func(target string) {
		t.Helper()
		_ = os.Remove(link)
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	write(a, "1", 1)
	write(b, "1", 1)
	to(a)
	var f Files
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"the first look", func() {}, nil},
		{"nothing", func() {}, nil},
		{"rewritten", func() { write(a, "2", 2) }, []string{a, link}},
		{"rewritten, of the same length and time", func() { write(b+".new", "3", 1); _ = os.Rename(b+".new", b) },
			[]string{b}},
		{"a link that leads elsewhere", func() { to(b) }, []string{link}},
		{"gone", func() { _ = os.Remove(a) }, []string{a}},
		{"still gone", func() {}, nil},
		{"come", func() { write(a, "2", 2) }, []string{a}},
	} {
		step.do()
		if got := f.Changed(a, "", b, link); !slices.Equal(got, step.want) {
			t.Errorf("%s: %q, want %q", step.name, got, step.want)
		}
	}
}
