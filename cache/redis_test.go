package cache

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"outcrop/internal/redis"
	"outcrop/internal/test/redistest"
)

// faults counts what OnError is told.
type faults struct {
	mu    sync.Mutex
	count map[Op]int
}

func (f *faults) on(op Op, _ error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count == nil {
		f.count = map[Op]int{}
	}
	f.count[op]++
}

func (f *faults) of(op Op) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count[op]
}

// What somebody else wrote to Redis is a miss, and never an answer.
func TestForeignValues(t *testing.T) {
	server := redistest.Start(t)
	raw, err := redis.Connect(server.URL, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	ctx := t.Context()
	ours := openRedis(t, server.URL, Options{Secret: "ours"})
	theirs := openRedis(t, server.URL, Options{Secret: "theirs"})
	now := time.Now()
	ours.put(ctx, []record{{"other", Entry{[]byte("of another key"), now, now.Add(time.Hour)}}})
	theirs.put(ctx, []record{{"secret", Entry{[]byte("of another secret"), now, now.Add(time.Hour)}}})

	set := func(key string, value any) {
		t.Helper()
		if err := raw.Set(ctx, keyPrefix+key, value, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	copied, err := raw.Get(ctx, keyPrefix+"other").Bytes()
	if err != nil {
		t.Fatal(err)
	}
	set("copied", copied)
	set("poison", `{"choices":[{"message":{"content":"poison"}}]}`)
	set("cut", copied[:len(copied)-5])
	set("huge", strings.Repeat("x", 5_000_000))
	if err := raw.LPush(ctx, keyPrefix+"list", "a", "b").Err(); err != nil {
		t.Fatal(err)
	}

	var faults faults
	s := openRedis(t, server.URL, Options{Secret: "ours", OnError: faults.on})
	keys := []string{"secret", "copied", "poison", "cut", "huge", "list"}
	for round := 1; round <= 2; round++ { // and more often than the breaker would bear, were they faults of Redis
		for i, e := range s.get(ctx, slices.Concat(keys, []string{"other"})) {
			if i < len(keys) && (e.Found() || e.Value != nil) {
				t.Errorf("%s: got %q", keys[i], e.Value)
			}
			if i == len(keys) && string(e.Value) != "of another key" {
				t.Errorf("beside foreign values, our own gives %q", e.Value)
			}
		}
		if got := faults.of(Foreign); got != round*len(keys) {
			t.Errorf("round %d: %d values were counted as foreign, want %d", round, got, round*len(keys))
		}
	}
	if faults.of(Read)+faults.of(Skipped) > 0 {
		t.Error("foreign values were taken for faults of Redis")
	}
}

// A Redis that takes no more writes still answers reads.
func TestFullRedis(t *testing.T) {
	server := redistest.Start(t)
	var faults faults
	s := openRedis(t, server.URL, Options{OnError: faults.on})
	now := time.Now()
	r := record{"kept", Entry{[]byte("value"), now, now.Add(time.Hour)}}
	s.put(t.Context(), []record{r})
	if err := s.client.ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	for range 2 * failuresInRow {
		s.put(t.Context(), []record{r})
	}
	if got := faults.of(Write); got != 2*failuresInRow {
		t.Errorf("%d writes were refused, want all %d", got, 2*failuresInRow)
	}
	if e := s.get(t.Context(), []string{"kept"})[0]; string(e.Value) != "value" {
		t.Errorf("the entry that was kept before gives %q", e.Value)
	}
}

// A Redis that hangs costs those calls their time limit that wait for it already, and no other, however many there are.
func TestMendE6HangingRedis(t *testing.T) {
	const workers, calls = 32, 100
	server := redistest.Start(t)
	var faults faults
	cfg := Default()
	s, err := newRedis(cfg, Options{Redis: server.URL, OnError: faults.on})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	s.breaker = s.newBreaker(time.Hour) // no probes: they would be one more call each coolDown
	server.Freeze()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := range calls {
				if s.get(t.Context(), []string{fmt.Sprint(i)})[0].Found() {
					t.Error("a frozen Redis gives an answer")
				}
			}
		})
	}
	all.Wait()
	waited, skipped := faults.of(Read), faults.of(Skipped)
	t.Logf("of %d calls by %d workers %d waited, each for at most %v", workers*calls, workers, waited, cfg.Timeout)
	if waited < 1 || waited > workers {
		t.Errorf("%d calls waited, want no more than %d", waited, workers)
	}
	if waited+skipped != workers*calls {
		t.Errorf("%d waited and %d were spared, of %d", waited, skipped, workers*calls)
	}
}

// A caller that hangs up says nothing about Redis.
func TestCallersThatHangUp(t *testing.T) {
	server := redistest.Start(t)
	var faults faults
	s := openRedis(t, server.URL, Options{OnError: faults.on})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 * failuresInRow {
		s.get(gone, []string{"key"})
	}
	now := time.Now()
	s.put(t.Context(), []record{{"key", Entry{[]byte("value"), now, now.Add(time.Hour)}}})
	if e := s.get(t.Context(), []string{"key"})[0]; !e.Found() || len(faults.count) > 0 {
		t.Errorf("found is %v, faults %v", e.Found(), faults.count)
	}
}

// A Redis that is killed under load costs nothing but misses: every call returns, nothing wrong is returned, and when
// it is back, hits are.
func TestKilledRedis(t *testing.T) {
	const workers = 16
	server := redistest.Start(t)
	var faults faults
	c := openCache(t, server.URL, Options{OnError: faults.on})
	shared := c.shared.(*remote)
	shared.breaker = shared.newBreaker(20 * time.Millisecond)
	c.memory.close() // so that every call is for Redis

	var hits, misses, wrong atomic.Int64
	until := func(what string, done func() bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: not within 30 s; %d hits, %d misses, faults %v", what, hits.Load(), misses.Load(), faults.count)
			}
		}
	}
	load, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	for worker := range workers {
		all.Go(func() {
			for i := worker; load.Err() == nil; i++ {
				key := fmt.Sprint(i % 100)
				value := strings.Repeat(key+" ", 500)
				e, ok := c.Get(context.Background(), key)
				switch {
				case !ok:
					misses.Add(1)
					c.Set(context.Background(), key, []byte(value), time.Hour)
				case string(e.Value) == value:
					hits.Add(1)
				default:
					wrong.Add(1)
				}
			}
		})
	}
	for round := range 3 {
		before := hits.Load()
		until("hits", func() bool { return hits.Load() > before+1000 })
		server.Stop()
		missed, skipped := misses.Load(), faults.of(Skipped)
		until("misses", func() bool { return misses.Load() > missed+5000 && faults.of(Skipped) > skipped+5000 })
		if round < 2 {
			server.Restart()
		}
	}
	stop()
	all.Wait()
	t.Logf("%d hits, %d misses, faults %v", hits.Load(), misses.Load(), faults.count)
	if wrong.Load() > 0 {
		t.Errorf("%d wrong values", wrong.Load())
	}
}

// An entry lives in Redis for as long as it may, and no longer.
func TestTimeToLiveInRedis(t *testing.T) {
	server := redistest.Start(t)
	s := openRedis(t, server.URL, Options{})
	now := time.Now()
	s.put(t.Context(), []record{{"key", Entry{[]byte("value"), now.Add(-time.Hour), now.Add(time.Minute)}}})
	left, err := s.client.PTTL(t.Context(), keyPrefix+"key").Result()
	if err != nil || left <= 30*time.Second || left > time.Minute {
		t.Errorf("%v left, %v", left, err)
	}
	if got := s.client.Keys(t.Context(), "*").Val(); !slices.Equal(got, []string{"outcrop:c1:key"}) {
		t.Errorf("keys are %q", got)
	}
}
