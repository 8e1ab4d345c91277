package recall

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/call"
	"outcrop/internal/telemetry"
	"outcrop/openai"
)

// A memory that hangs costs neither answers nor ever more room: what it does not take in time is given up, and the next
// of the same lookup makes a call of its own.
func TestMendA6LateWritesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &slowMemory{memory: newMemory(), let: make(chan struct{})}
		carried := NewShared(telemetry.New(), nil)
		h := Recall(DefaultCache(), time.Minute, m, carried)(answer)
		for i := range mostWrites + 10 {
			ask(t, h, exact(func(c *call.Call) { c.Request.(*openai.ChatRequest).Messages[0].Content.Text = fmt.Sprint(i) }))
		}
		synctest.Wait()
		carried.flights.mu.Lock()
		flights := len(carried.flights.byKey)
		carried.flights.mu.Unlock()
		if carried.writes.n != mostWrites || flights != mostWrites {
			t.Errorf("Mend A6: %d wait to be kept, %d flights", carried.writes.n, flights)
		}
		drained := make(chan error, 1)
		go func() { drained <- carried.Drain(t.Context()) }()
		synctest.Wait()
		if len(drained) > 0 {
			t.Error("Mend A6: drained while something waits to be kept")
		}
		err := <-drained
		synctest.Wait()
		if err != nil || carried.writes.n != 0 || carried.writes.bytes != 0 || len(carried.flights.byKey) != 0 {
			t.Errorf("Mend A6: %v, %d and %d bytes left", err, carried.writes.n, carried.writes.bytes)
		}
		ask(t, h, exact())
		synctest.Wait()
		if m.size() != 0 || carried.writes.n != 0 {
			t.Error("Mend A6: kept after the end")
		}
	})
	w := lateWrites{}
	if !w.begin() || !w.grow(mostWriteBytes) || w.grow(1) {
		t.Error("Mend A6: bytes are not bounded")
	}
}
