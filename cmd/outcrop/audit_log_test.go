package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"outcrop/internal/audit"
)

// TestMendD8RoomIsToldOnce: a warning for each time that records take much room, or that their disk is low.
func TestMendD8RoomIsToldOnce(t *testing.T) {
	var out bytes.Buffer
	w := roomWatch{settings: audit.Default(), log: slog.New(slog.NewTextHandler(&out, nil))}
	const plenty = 1 << 40
	for _, s := range [][2]int64{{9_999_999_999, plenty}, {10_000_000_000, plenty}, {11_000_000_000, plenty}, {0, plenty},
		{10_000_000_000, plenty}, {0, -1}, {0, 1 << 29}, {0, 1 << 20}} {
		w.tell(s[0], s[1])
	}
	if much, low := strings.Count(out.String(), "take much room"), strings.Count(out.String(), "nearly full"); much != 2 ||
		low != 1 {
		t.Errorf("told %d and %d times:\n%s", much, low, out.String())
	}
	w.settings.Retention.Bytes = 20_000_000_000
	out.Reset()
	if w.tell(15_000_000_000, plenty); out.Len() > 0 {
		t.Error("somebody has decided how much is kept")
	}
}

// TestMendE2AnotherSigningKeyIsToldOnce: a key file that was removed or replaced while the gateway runs, and that comes
// back.
func TestMendE2AnotherSigningKeyIsToldOnce(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "signing.key"), filepath.Join(dir, "copy.key")
	keys, err := audit.LoadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := keyWatch{path: path, keys: keys, log: slog.New(slog.NewTextHandler(&out, nil))}
	for i, step := range []struct {
		change func() error
		says   string
	}{
		{func() error { return nil }, ""},
		{func() error { return os.Rename(path, copied) }, "no such file"},
		{func() error { return nil }, ""},
		{func() error { return os.Link(copied, path) }, "there again"},
		{func() error { _, err := audit.LoadKeys(filepath.Join(dir, "other.key")); return err }, ""},
		{func() error { return os.Rename(filepath.Join(dir, "other.key"), path) }, "another key"},
	} {
		out.Reset()
		if err := step.change(); err != nil {
			t.Fatal(err)
		}
		if w.look(); step.says == "" && out.Len() > 0 || !strings.Contains(out.String(), step.says) {
			t.Errorf("step %d: %q, want %q", i, out.String(), step.says)
		}
	}
}
