// Package cache keeps answers, so that what was asked before need not be asked again: in this process, and behind it in
// a Redis that other instances share.
//
// It knows bytes only: what may be kept, for how long and under which key is for its callers, and so is the tenant,
// which belongs into the key. Whatever it holds may be lost at any time, and a fault of the shared store is a miss and
// never an error: nothing may be kept here that is missed when it is gone. It starts no goroutines but those of the
// libraries that it uses, and they end with Close.
//
// Start at [New]. The engines are ristretto.go and redis.go, what bytes look like in Redis is in envelope.go, and
// contract_test.go says what every engine promises.
package cache

import (
	"context"
	"time"
)

// Entry is what was kept under a key. The zero Entry is a miss. Value belongs to the cache: it is read, never written.
type Entry struct {
	Value   []byte
	Stored  time.Time // when Value was set, by the clock of the instance that set it
	Expires time.Time // from then on the entry is a miss
}

// Found says whether the entry is a hit.
func (e Entry) Found() bool { return !e.Stored.IsZero() }

// Item is a value and the key that it is kept under.
type Item struct {
	Key   string
	Value []byte
}

// record is an entry and its key, as the engines take it.
type record struct {
	key string
	Entry
}

// store is an engine. Everything is in lots, since a lot costs a shared store no more than one; no method fails, and
// what goes wrong is a miss.
type store interface {
	// get gives an entry for each key, in the order of the keys.
	get(ctx context.Context, keys []string) []Entry
	// put keeps records until they expire, or for less long. What is put is found by the gets that follow, unless room was
	// needed meanwhile.
	put(ctx context.Context, records []record)
	close()
}

// inProcess is an engine of this process, which knows how much it holds, administration included.
type inProcess interface {
	store
	bytes() int64
}

// Cache is the memory of this process and, where one is configured, a shared store behind it. It is safe for concurrent
// use.
type Cache struct {
	memory   inProcess
	shared   store // nil for none
	maxEntry int
}

// Options is what a Cache works with.
type Options struct {
	// Redis is the URL of the shared store, "" for none: redis://, rediss:// (TLS) or unix://; with addr= in the query it
	// is a cluster, with master_name= a set of sentinels.
	Redis string
	// Secret seals what is kept in Redis (see envelope.go).
	Secret string
	// OnError is told of every fault of the shared store, which callers see as a miss; nil tells nobody. It is called by
	// many goroutines at once, and for Skipped by every call while Redis is away: it counts, and does not write a log line
	// each time.
	OnError func(op Op, err error)
}

// Op says what went wrong with the shared store. It is the label of a counter.
type Op string

// The faults of a shared store.
const (
	Read    Op = "read"    // Redis was asked, and failed
	Write   Op = "write"   // Redis was told, and failed
	Skipped Op = "skipped" // Redis failed too often just now, and was not asked
	Foreign Op = "foreign" // Redis holds a value that was not sealed for this key by an instance with this secret
)

// New makes the cache that cfg describes, whether or not it is enabled. It fails for a URL that does not parse, and
// does not wait for Redis: one that is away is a miss.
func New(cfg Config, o Options) (*Cache, error) {
	if o.OnError == nil {
		o.OnError = func(Op, error) {}
	}
	c := &Cache{maxEntry: cfg.MaxEntryBytes}
	if o.Redis != "" {
		shared, err := newRedis(cfg, o)
		if err != nil {
			return nil, err
		}
		c.shared = shared
	}
	memory, err := newRistretto(cfg.Memory.MaxBytes)
	if err != nil {
		c.Close()
		return nil, err
	}
	c.memory = memory
	return c, nil
}

// MemoryBytes is how much the memory of this process holds, keys and administration included.
func (c *Cache) MemoryBytes() int64 { return c.memory.bytes() }

// Close ends what New began. Calls that are under way, and later ones, are misses.
func (c *Cache) Close() {
	if c.memory != nil {
		c.memory.close()
	}
	if c.shared != nil {
		c.shared.close()
	}
}

// Get gives what is kept under key, and whether anything is.
func (c *Cache) Get(ctx context.Context, key string) (Entry, bool) {
	e := c.GetMany(ctx, []string{key})[0]
	return e, e.Found()
}

// GetMany gives an entry for each key, in the order of the keys; those that are not Found are misses.
func (c *Cache) GetMany(ctx context.Context, keys []string) []Entry {
	entries := c.memory.get(ctx, keys)
	if c.shared == nil {
		return entries
	}
	var missing []string
	var places []int
	for i, e := range entries {
		if !e.Found() {
			missing, places = append(missing, keys[i]), append(places, i)
		}
	}
	if len(missing) == 0 {
		return entries
	}
	var found []record
	for i, e := range c.shared.get(ctx, missing) {
		if e.Found() {
			entries[places[i]] = e
			found = append(found, record{missing[i], e})
		}
	}
	if len(found) > 0 {
		c.memory.put(ctx, found) // with the time that they have left
	}
	return entries
}

// Set keeps value under key for ttl, in memory and in the shared store. Values above the limit of an entry and a ttl of
// 0 or less are not kept. It goes on when ctx is cancelled, since whoever hangs up behind a complete answer takes
// nothing from it, and returns after Config.Timeout at the latest.
func (c *Cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) {
	c.SetMany(ctx, []Item{{key, value}}, ttl)
}

// SetMany keeps several values as Set keeps one.
func (c *Cache) SetMany(ctx context.Context, items []Item, ttl time.Duration) {
	if ttl <= 0 {
		return
	}
	now := time.Now()
	records := make([]record, 0, len(items))
	for _, item := range items {
		if len(item.Value) <= c.maxEntry {
			records = append(records, record{item.Key, Entry{Value: item.Value, Stored: now, Expires: now.Add(ttl)}})
		}
	}
	if len(records) == 0 {
		return
	}
	c.memory.put(ctx, records)
	if c.shared != nil {
		c.shared.put(ctx, records)
	}
}
