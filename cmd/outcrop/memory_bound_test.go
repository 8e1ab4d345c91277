package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"

	"outcrop/internal/config"
)

func TestMendE8BoundOfBodiesFollowsTheMemoryLimit(t *testing.T) {
	old := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(old)
	cfg := config.Default()
	for _, tt := range []struct{ limit, memory, set, want int64 }{
		{math.MaxInt64, 0, 0, 512 << 20}, {math.MaxInt64, 64 << 30, 0, 512 << 20}, {math.MaxInt64, 1 << 30, 0, 128 << 20},
		{math.MaxInt64, 1 << 30, 200 << 20, 200 << 20},
		{2 << 30, 1 << 30, 0, 256 << 20}, {100 << 20, 0, 0, int64(cfg.Server.BodyLimit)}, {2 << 30, 0, 64 << 20, 64 << 20},
		{2 << 30, 0, 1000, int64(cfg.Server.BodyLimit)},
	} {
		debug.SetMemoryLimit(tt.limit)
		cfg.Server.BodiesInFlight = config.Size(tt.set)
		if got := bodiesInFlight(cfg, tt.memory); got != tt.want {
			t.Errorf("%+v: %d", tt, got)
		}
	}
}

// TestMendE8MemoryIsGivenBack: what a burst has left is the system's again once nothing is going on, and not before.
func TestMendE8MemoryIsGivenBack(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // so that nobody else collects meanwhile
	const burst = 64 << 20
	var q quietness
	q.look()
	b := make([]byte, burst)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	runtime.KeepAlive(b)
	runtime.GC()
	if q.look() {
		t.Error("given back while something is going on")
	}
	_, before := heapNow()
	if !q.look() {
		t.Error("not given back when nothing is going on")
	}
	if _, after := heapNow(); after+burst/2 > before {
		t.Errorf("%d bytes before, %d after", before, after)
	}
	if q.look() {
		t.Error("given back without need")
	}
}
