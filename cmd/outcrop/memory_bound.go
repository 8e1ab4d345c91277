package main

import (
	"context"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"outcrop/internal/config"
)

// bodiesInFlight is how many bytes of bodies may be held at a time, never less than one body. While it is answered, a
// request costs several times its body: as it came, decoded, and as it goes to Bedrock. Memory is the machine's, in
// bytes; 0 where nobody knows.
func bodiesInFlight(cfg *config.Config, memory int64) int64 {
	const share, unlimited = 8, 512 << 20
	most := int64(cfg.Server.BodiesInFlight)
	if most == 0 {
		most = unlimited
		if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
			most = limit / share
		} else if memory > 0 {
			most = min(most, memory/share)
		}
	}
	return max(most, int64(cfg.Server.BodyLimit))
}

// giveBackEvery is how often a process that has become quiet looks whether it holds memory that it does not need.
const giveBackEvery = 30 * time.Second

// giveBack returns memory to the system after a burst, until ctx ends. Go itself collects a quiet process every two
// minutes only, and returns what is free little by little.
func giveBack(ctx context.Context) {
	tick := time.NewTicker(giveBackEvery)
	defer tick.Stop()
	var q quietness
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			q.look()
		}
	}
}

// quietness is what was seen at the last look.
type quietness struct {
	cycles uint64 // of the collector
	heap   uint64 // bytes that the heap held when memory was last given back; 0 is never
}

// look gives memory back when nothing was collected since the last look, so that little is going on, and the heap has
// grown meanwhile. It tells whether it did.
func (q *quietness) look() bool {
	const much = 8 << 20
	cycles, heap := heapNow()
	quiet := cycles == q.cycles
	q.cycles = cycles
	if !quiet || heap < q.heap+q.heap/4+much {
		return false
	}
	runtime.GC() // pools keep what they hold through one collection, and lose it in the next
	debug.FreeOSMemory()
	q.cycles, q.heap = heapNow()
	return true
}

// heapNow gives the cycles of the collector and the bytes of memory that the heap holds, used or not.
func heapNow() (cycles, heap uint64) {
	s := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64(), s[1].Value.Uint64() + s[2].Value.Uint64() + s[3].Value.Uint64()
}
