package pipeline

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/cache"
	"outcrop/internal/call"
	"outcrop/internal/recall"
	"outcrop/internal/telemetry"
)

// slowMemory takes an hour to keep something, or until it is let.
type slowMemory struct {
	*memory
	let chan struct{}
}

func (m *slowMemory) SetMany(ctx context.Context, items []cache.Item, ttl time.Duration) {
	select {
	case <-m.let:
		m.memory.SetMany(ctx, items, ttl)
	case <-ctx.Done():
	}
}

// A miss is answered before the cache has it, and who asks meanwhile joins.
func TestMendA6AnswerGoesOutBeforeItIsKept(t *testing.T) {
	for _, form := range []string{"plain", "streamed"} {
		t.Run(form, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, m, carried := &bed{}, &slowMemory{memory: newMemory(), let: make(chan struct{})},
					recall.NewShared(telemetry.New(), nil)
				h := recall.Recall(recall.DefaultCache(), time.Minute, m, carried)(b.handle)
				change := func(c *call.Call) {
					if form == "streamed" {
						streamedCall(c)
					}
				}
				begun := time.Now()
				for i, want := range []string{"miss", "hit", "hit"} {
					if head, r := answerOf(t, h, exact(change)); head.Cache.State != want || content(r) != "answer 1" {
						t.Errorf("%d: %+v %q", i, head.Cache, content(r))
					}
				}
				if took := time.Since(begun); took > 0 || b.calls.Load() != 1 || m.size() != 0 {
					t.Errorf("Mend A6: answered after %v with %d calls, %d kept", took, b.calls.Load(), m.size())
				}
				close(m.let)
				if err := carried.Drain(t.Context()); err != nil || m.size() != 1 {
					t.Errorf("Mend A6: drained with %d kept, %v", m.size(), err)
				}
				head, _ := answerOf(t, h, exact(change))
				if head.Cache.State != "hit" || b.calls.Load() != 1 {
					t.Errorf("%+v after %d calls", head.Cache, b.calls.Load())
				}
			})
		})
	}
}

// All items, none and some of them: memory is asked once.
func TestMendA6EmbeddingsReadMemoryOnce(t *testing.T) {
	e, m := &embedder{}, newMemory()
	h := e.handler(t, m)
	for _, texts := range [][]string{{"a", "b"}, {"a", "b"}, {"b", "c"}} {
		before := m.reads
		embedded(t, h, embedBody(titan, "", texts...))
		if n := m.reads - before; n != 1 {
			t.Errorf("Mend A6: %d reads of memory for %v", n, texts)
		}
	}
}

// What is under way when the configuration is read anew counts, and is joined, by those that come after.
func TestMendA6CallsUnderWayOutliveAReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, m, carried := &bed{answer: slowly("one answer for both")}, newMemory(), recall.NewShared(telemetry.New(), nil)
		before := recall.Recall(recall.DefaultCache(), time.Minute, m, carried)(b.handle)
		after := recall.Recall(recall.DefaultCache(), time.Minute, m, carried)(b.handle)
		done := make(chan []landed)
		go func() { done <- together(before, contexts(t, 1), []*call.Call{exact()}) }()
		synctest.Wait()
		if head, _ := answerOf(t, after, exact()); head.Cache.State != "hit" || b.calls.Load() != 1 {
			t.Errorf("Mend A6: %+v, %d calls", head.Cache, b.calls.Load())
		}
		<-done
	})
}
