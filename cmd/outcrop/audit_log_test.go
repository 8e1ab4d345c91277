package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"outcrop/internal/audit"
)

// TestMendD8RoomIsToldOnce: a warning for each time that records take much room, or that their disk is low.
func TestMendD8RoomIsToldOnce(t *testing.T) {
	var out bytes.Buffer
	w := roomWatch{settings: audit.Default(), log: slog.New(slog.NewTextHandler(&out, nil))}
	const plenty = 1 << 40
	for _, s := range [][2]int64{{9_999_999_999, plenty}, {10_000_000_000, plenty}, {11_000_000_000, plenty}, {0, plenty}, {10_000_000_000, plenty}, {0, -1}, {0, 1 << 29}, {0, 1 << 20}} {
		w.tell(s[0], s[1])
	}
	if much, low := strings.Count(out.String(), "take much room"), strings.Count(out.String(), "nearly full"); much != 2 || low != 1 {
		t.Errorf("told %d and %d times:\n%s", much, low, out.String())
	}
	w.settings.Retention.Bytes = 20_000_000_000
	out.Reset()
	if w.tell(15_000_000_000, plenty); out.Len() > 0 {
		t.Error("somebody has decided how much is kept")
	}
}
