package cache

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"outcrop/internal/test/redistest"
)

// TestContract runs one suite against every engine, and against a Cache that has two of them.
func TestContract(t *testing.T) {
	engines := map[string]func(*testing.T) store{
		"ristretto": func(t *testing.T) store { return openRistretto(t, 64<<20) },
		"redis":     func(t *testing.T) store { return openRedis(t, redistest.Start(t).URL, Options{}) },
		"both":      func(t *testing.T) store { return tiers{openCache(t, redistest.Start(t).URL, Options{})} },
	}
	for name, open := range engines {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			defer s.close()
			contract(t, s)
		})
	}
}

// contract is what every engine promises. It shares one store, as callers do, and closes it at the end.
func contract(t *testing.T, s store) {
	ctx := t.Context()
	put := func(key, value string, ttl time.Duration) {
		now := time.Now()
		s.put(ctx, []record{{key, Entry{Value: []byte(value), Stored: now, Expires: now.Add(ttl)}}})
	}
	get := func(key string) (string, bool) {
		e := s.get(ctx, []string{key})[0]
		return string(e.Value), e.Found()
	}
	want := func(t *testing.T, key, value string) {
		t.Helper()
		if got, ok := get(key); !ok || got != value {
			t.Errorf("%.40q gives %.40q, %v; want %.40q", key, got, ok, value)
		}
	}

	t.Run("what nobody put is a miss", func(t *testing.T) {
		if e := s.get(ctx, []string{"nobody"})[0]; e.Found() || e.Value != nil || !e.Expires.IsZero() {
			t.Errorf("got %+v", e)
		}
		if got := s.get(ctx, nil); len(got) != 0 {
			t.Errorf("no keys give %v", got)
		}
		s.put(ctx, nil)
	})
	t.Run("what is put is found, and when it was stored", func(t *testing.T) {
		stored := time.Now().Add(-3 * time.Second)
		in := Entry{Value: []byte("value"), Stored: stored, Expires: stored.Add(time.Hour)}
		s.put(ctx, []record{{"times", in}})
		got := s.get(ctx, []string{"times"})[0]
		near := func(a, b time.Time) bool { return a.Sub(b).Abs() <= time.Millisecond }
		if string(got.Value) != "value" || !near(got.Stored, in.Stored) || !near(got.Expires, in.Expires) {
			t.Errorf("got %+v, want %+v", got, in)
		}
	})
	t.Run("an empty value is a hit", func(t *testing.T) {
		put("empty", "", time.Hour)
		want(t, "empty", "")
	})
	t.Run("the last value counts", func(t *testing.T) {
		put("twice", "first", time.Hour)
		put("twice", "second", time.Hour)
		want(t, "twice", "second")
	})
	t.Run("keys are bytes", func(t *testing.T) {
		keys := []string{"", " ", "a b", "a\r\nb", "a\x00b", "\xff\xfe", "key", "KEY", "key ", "*", strings.Repeat("k", 5000)}
		for i, key := range keys {
			put(key, fmt.Sprint(i), time.Hour)
		}
		for i, key := range keys {
			want(t, key, fmt.Sprint(i))
		}
	})
	t.Run("values are bytes of any size", func(t *testing.T) {
		for _, n := range []int{1, 1023, 1024, 65_537, 900_000} {
			text := strings.Repeat("what repeats is packed. ", n/24+1)[:n]
			noise := make([]byte, n)
			random := rand.NewChaCha8([32]byte{byte(n)})
			_, _ = random.Read(noise)
			put("text", text, time.Hour)
			want(t, "text", text)
			put("noise", string(noise), time.Hour)
			want(t, "noise", string(noise))
		}
	})
	t.Run("a lot keeps its order", func(t *testing.T) {
		const n = 3*lotCommands + 1
		var keys []string
		var records []record
		now := time.Now()
		for i := range n {
			key := fmt.Sprint("lot ", i)
			keys = append(keys, key, "not "+key, key) // hit, miss, and the hit again
			records = append(records, record{key, Entry{bytes.Repeat([]byte{byte(i)}, 10_000), now, now.Add(time.Hour)}})
		}
		s.put(ctx, records)
		for i, e := range s.get(ctx, keys) {
			if hit := i%3 != 1; e.Found() != hit || hit && !bytes.Equal(e.Value, records[i/3].Value) {
				t.Fatalf("%q: found is %v, %d bytes", keys[i], e.Found(), len(e.Value))
			}
		}
	})
	t.Run("what expired is a miss", func(t *testing.T) {
		put("stays", "here", time.Hour)
		put("was", "over before", -time.Second)
		if _, ok := get("was"); ok {
			t.Error("an entry was found that had expired before it was put")
		}
		put("goes", "soon", 30*time.Millisecond)
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			if _, ok := get("goes"); !ok {
				break
			}
			if time.Now().After(end) {
				t.Fatal("an entry of 30 ms is there after 10 s")
			}
		}
		want(t, "stays", "here")
	})
	t.Run("whoever hangs up has still put", func(t *testing.T) {
		gone, cancel := context.WithCancel(ctx)
		cancel()
		now := time.Now()
		s.put(gone, []record{{"gone", Entry{[]byte("kept"), now, now.Add(time.Hour)}}})
		want(t, "gone", "kept")
	})
	t.Run("many at once", func(t *testing.T) {
		var all sync.WaitGroup
		for worker := range 8 {
			all.Go(func() {
				for i := range 100 {
					own, shared := fmt.Sprint("own ", worker), fmt.Sprint("shared ", i%10)
					put(own, fmt.Sprint(i), time.Hour)
					want(t, own, fmt.Sprint(i))
					put(shared, shared, time.Hour)
					want(t, shared, shared)
				}
			})
		}
		all.Wait()
	})
	t.Run("closed, everything is a miss", func(t *testing.T) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 100 {
					put("late", "value", time.Hour)
					get("late")
				}
			})
		}
		s.close()
		s.close()
		all.Wait()
		put("late", "value", time.Hour)
		if _, ok := get("late"); ok {
			t.Error("a closed store has an entry")
		}
	})
}

// tiers shows a Cache to the suite as one more engine.
type tiers struct{ *Cache }

func (c tiers) get(ctx context.Context, keys []string) []Entry { return c.GetMany(ctx, keys) }

func (c tiers) put(ctx context.Context, records []record) {
	c.memory.put(ctx, records)
	c.shared.put(ctx, records)
}

func (c tiers) close() { c.Close() }

// Memory holds no more than it is given room for.
func TestRoom(t *testing.T) {
	const room, size, n = 1 << 20, 10_000, 500
	s := openRistretto(t, room)
	defer s.close()
	now := time.Now()
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprint(i))
		s.put(t.Context(), []record{{keys[i], Entry{make([]byte, size), now, now.Add(time.Hour)}}})
	}
	hits := len(slices.DeleteFunc(s.get(t.Context(), keys), func(e Entry) bool { return !e.Found() }))
	if held := hits * (size + entryOverhead); held > room || held < room/2 {
		t.Errorf("%d entries of %d bytes in %d", hits, size, room)
	}
	s.put(t.Context(), []record{{"huge", Entry{make([]byte, room+1), now, now.Add(time.Hour)}}})
	if s.get(t.Context(), []string{"huge"})[0].Found() {
		t.Error("an entry is held that has no room")
	}
}

func openRistretto(t testing.TB, room int64) *frequent {
	t.Helper()
	s, err := newRistretto(room)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// patient is a configuration whose time limit a busy machine does not reach.
func patient() Config {
	cfg := Default()
	cfg.Timeout = 10 * time.Second
	return cfg
}

func openRedis(t testing.TB, url string, o Options) *remote {
	t.Helper()
	o.Redis = url
	if o.OnError == nil {
		o.OnError = func(Op, error) {}
	}
	s, err := newRedis(patient(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

func openCache(t testing.TB, url string, o Options) *Cache {
	t.Helper()
	o.Redis = url
	c, err := New(patient(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
