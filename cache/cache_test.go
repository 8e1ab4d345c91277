package cache

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"outcrop/internal/test/redistest"
)

// What one instance kept, another finds in Redis, and from then on in its own memory, for as long as it may live.
func TestTiers(t *testing.T) {
	ctx := t.Context()
	server := redistest.Start(t)
	one, other := openCache(t, server.URL, Options{}), openCache(t, server.URL, Options{})

	one.SetMany(ctx, []Item{{"a", []byte("A")}, {"c", []byte("C")}}, time.Minute)
	got := other.GetMany(ctx, []string{"a", "b", "c", "a"})
	for i, want := range []string{"A", "", "C", "A"} {
		if string(got[i].Value) != want || got[i].Found() != (want != "") {
			t.Errorf("%d: got %q, %v", i, got[i].Value, got[i].Found())
		}
	}
	first, _ := other.Get(ctx, "a")

	other.Set(ctx, "b", []byte("B"), time.Minute)
	server.Stop()
	for i, e := range other.GetMany(ctx, []string{"a", "b", "c", "d"}) {
		if want := []string{"A", "B", "C", ""}[i]; string(e.Value) != want {
			t.Errorf("without Redis, %d gives %q, want %q", i, e.Value, want)
		}
	}
	if e, ok := other.Get(ctx, "a"); !ok || e.Expires != first.Expires || e.Stored != first.Stored ||
		time.Until(e.Expires) > time.Minute {
		t.Errorf("memory has %+v, Redis had %+v", e, first)
	}
}

// Without Redis a Cache is one in memory.
func TestCacheInMemory(t *testing.T) {
	ctx := t.Context()
	cfg := Default()
	cfg.Memory = Memory{10_000_000}
	cfg.MaxEntryBytes = 1000
	c, err := New(cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	before := time.Now()
	c.Set(ctx, "key", []byte("value"), time.Hour)
	e, ok := c.Get(ctx, "key")
	if !ok || string(e.Value) != "value" || e.Stored.Before(before) || e.Stored.After(time.Now()) ||
		e.Expires.Sub(e.Stored) != time.Hour {
		t.Errorf("got %+v, %v", e, ok)
	}
	c.Set(ctx, "no time", []byte("value"), 0)
	c.Set(ctx, "negative", []byte("value"), -time.Second)
	c.Set(ctx, "large", make([]byte, 1001), time.Hour)
	c.SetMany(ctx, []Item{{"large too", make([]byte, 1001)}, {"small", make([]byte, 1000)}}, time.Hour)
	for i, e := range c.GetMany(ctx, []string{"no time", "negative", "large", "large too", "small"}) {
		if e.Found() != (i == 4) {
			t.Errorf("%d is found: %v", i, e.Found())
		}
	}
}

func TestConfigIsRefused(t *testing.T) {
	cfg := Default()
	cfg.Memory.MaxBytes = 0
	if c, err := New(cfg, Options{Redis: "redis://localhost"}); err == nil {
		c.Close()
		t.Error("a cache without memory was made")
	}
	if faults := Default().Faults(); len(faults) > 0 {
		t.Errorf("the default has faults: %v", faults)
	}
	cfg = Default()
	cfg.MaxEntryBytes = int(cfg.Memory.MaxBytes) + 1
	if faults := cfg.Faults(); faults["max_entry_bytes"] == nil || len(faults) != 1 {
		t.Errorf("an entry larger than the memory for all: %v", faults)
	}
}

// answer is like the JSON of an answer of n bytes, which packs about as well.
func answer(n int) []byte {
	const text = `{"index":%d,"delta":{"content":"The river rises in the hills and runs south, past three mills and a weir, before it meets the sea."}},`
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(strings.Replace(text, "%d", strings.Repeat("7", i%9+1), 1)[i%40:])
	}
	return []byte(b.String()[:n])
}

var sizes = []struct {
	name  string
	bytes int
}{{"2KB", 2 << 10}, {"64KB", 64 << 10}}

func BenchmarkMemoryHit(b *testing.B) {
	c, err := New(Default(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	key := strings.Repeat("k", 64)
	c.Set(b.Context(), key, answer(2<<10), time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := c.Get(b.Context(), key); !ok {
			b.Fatal("miss")
		}
	}
}

func BenchmarkMemorySet(b *testing.B) {
	c, err := New(Default(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	key, value := strings.Repeat("k", 64), answer(2<<10)
	b.ReportAllocs()
	for b.Loop() {
		c.Set(b.Context(), key, value, time.Hour)
	}
}

func BenchmarkRedisHit(b *testing.B) {
	server := redistest.Start(b)
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			s := openRedis(b, server.URL, Options{})
			now, keys := time.Now(), []string{strings.Repeat("k", 64)}
			s.put(b.Context(), []record{{keys[0], Entry{answer(size.bytes), now, now.Add(time.Hour)}}})
			b.ReportAllocs()
			for b.Loop() {
				if !s.get(b.Context(), keys)[0].Found() {
					b.Fatal("miss")
				}
			}
		})
	}
}

func BenchmarkEnvelope(b *testing.B) {
	s := newSealer("secret", 1<<20)
	for _, size := range sizes {
		r := fresh(strings.Repeat("k", 64), string(answer(size.bytes)))
		sealed := s.seal(r)
		b.Run("seal/"+size.name, func(b *testing.B) {
			b.SetBytes(int64(size.bytes))
			b.ReportAllocs()
			for b.Loop() {
				s.seal(r)
			}
			b.ReportMetric(float64(len(sealed))/float64(size.bytes), "ratio")
		})
		b.Run("open/"+size.name, func(b *testing.B) {
			b.SetBytes(int64(size.bytes))
			b.ReportAllocs()
			for b.Loop() {
				if e, err := s.open(r.key, sealed, noon); err != nil || !bytes.Equal(e.Value[:8], r.Value[:8]) {
					b.Fatal(err)
				}
			}
		})
	}
}
