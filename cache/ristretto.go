package cache

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/dgraph-io/ristretto/v2"
)

// entryOverhead is what an entry costs beside its key and its value: its record, and its places in maps and lists.
const entryOverhead = 200

func (r *record) cost() int64 { return int64(len(r.key)+len(r.Value)) + entryOverhead }

// usualEntry is the size that ristretto's table of frequencies is laid out for, of which it wants ten counters an
// entry.
const usualEntry = 2000

// frequent keeps what is asked for often, in ristretto.
//
// By itself ristretto takes writes up later, and drops them under pressure, so that the request behind an answer could
// miss it. So put waits until its records are taken up, which costs a microsecond or two after the answer has gone out.
// What remains is its policy: while the cache is full, a new entry that was asked for less often than those it would
// displace is turned down.
type frequent struct {
	// mu keeps calls out of a cache that is closed, which ristretto does not: it may hang or panic then.
	mu     sync.RWMutex
	closed bool
	cache  *ristretto.Cache[string, *record]
}

func newRistretto(maxBytes int64) (*frequent, error) {
	c, err := ristretto.NewCache(&ristretto.Config[string, *record]{
		NumCounters:        max(maxBytes/usualEntry*10, 1000),
		MaxCost:            maxBytes,
		BufferItems:        64,
		IgnoreInternalCost: true, // entryOverhead has it
	})
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	return &frequent{cache: c}, nil
}

func (m *frequent) get(_ context.Context, keys []string) []Entry {
	entries := make([]Entry, len(keys))
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return entries
	}
	for i, key := range keys {
		// Ristretto tells keys apart by two fast hashes, which somebody could make collide.
		if r, ok := m.cache.Get(key); ok && r.key == key && time.Now().Before(r.Expires) {
			entries[i] = r.Entry
		}
	}
	return entries
}

func (m *frequent) put(_ context.Context, records []record) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return
	}
	for i := range records {
		r := records[i] // a copy, so that one entry does not keep the whole lot in memory
		if ttl := time.Until(r.Expires); ttl > 0 {
			m.cache.SetWithTTL(r.key, &r, r.cost(), ttl)
		}
	}
	m.cache.Wait()
}

func (m *frequent) bytes() int64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return 0
	}
	return m.cache.MaxCost() - m.cache.RemainingCost()
}

func (m *frequent) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.closed = true
		m.cache.Close()
	}
}
