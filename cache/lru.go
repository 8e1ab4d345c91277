package cache

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// recent keeps what was asked for last: a map, a list in the order of use, and one lock. It takes every entry that it has room
// for at all, and forgets those that were not asked for the longest.
type recent struct {
	mu      sync.Mutex
	most    int64
	held    int64
	order   *list.List // of *record, the last used at the front
	entries map[string]*list.Element
}

func newLRU(maxBytes int64) *recent {
	return &recent{most: maxBytes, order: list.New(), entries: map[string]*list.Element{}}
}

func (m *recent) get(_ context.Context, keys []string) []Entry {
	entries := make([]Entry, len(keys))
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, key := range keys {
		at, ok := m.entries[key]
		if !ok {
			continue
		}
		if r := at.Value.(*record); time.Now().Before(r.Expires) {
			entries[i] = r.Entry
			m.order.MoveToFront(at)
		} else {
			m.drop(at)
		}
	}
	return entries
}

func (m *recent) put(_ context.Context, records []record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range records {
		r := records[i] // a copy, so that one entry does not keep the whole lot in memory
		if at, ok := m.entries[r.key]; ok {
			m.drop(at)
		}
		if r.cost() > m.most || !time.Now().Before(r.Expires) {
			continue
		}
		m.entries[r.key] = m.order.PushFront(&r)
		for m.held += r.cost(); m.held > m.most; {
			m.drop(m.order.Back())
		}
	}
}

func (m *recent) drop(at *list.Element) {
	r := m.order.Remove(at).(*record)
	delete(m.entries, r.key)
	m.held -= r.cost()
}

func (m *recent) bytes() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.held
}

// close forgets everything and takes nothing more.
func (m *recent) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.most, m.held = 0, 0
	m.order.Init()
	clear(m.entries)
}
