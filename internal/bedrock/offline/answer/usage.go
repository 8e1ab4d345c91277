package answer

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"outcrop/internal/bedrock/offline/wire"
)

// Usage is what an answer cost. input excludes cached tokens, so that total = input + read + write + output [FACTS
// 1.3].
type Usage struct {
	Input, Output, Read, Write int
	Written                    map[string]int // by TTL
	Points                     bool           // the request had cache points
}

func (u Usage) json(f wire.Family, stream bool) map[string]any {
	m := map[string]any{"inputTokens": u.Input, "outputTokens": u.Output, "totalTokens": u.Input + u.Read +
		u.Write + u.Output}
	if f.ServerUsage {
		m["serverToolUsage"] = map[string]any{}
	}
	if u.Points || f.CacheNumbers && !stream {
		m["cacheReadInputTokens"], m["cacheWriteInputTokens"] = u.Read, u.Write
		// Duplicates that the wire has beside the modelled members [FACTS 1.3].
		m["cacheReadInputTokenCount"], m["cacheWriteInputTokenCount"] = u.Read, u.Write
	}
	if u.Write > 0 {
		var details []any
		for _, ttl := range []string{"1h", "5m"} {
			if n := u.Written[ttl]; n > 0 {
				details = append(details, map[string]any{"ttl": ttl, "inputTokens": n})
			}
		}
		m["cacheDetails"] = details
	}
	return m
}

// Prefixes remembers which prompt prefixes were written to the cache, for as long as their TTL says and in bounded
// memory. It is safe for concurrent use.
type Prefixes struct {
	mu    sync.Mutex // over a whole request
	Until *simplelru.LRU[[32]byte, time.Time]
}

// MaxPrefixes bounds the cached beginnings that are remembered.
const MaxPrefixes = 4096

// NewPrefixes remembers none.
func NewPrefixes() *Prefixes {
	until, _ := simplelru.NewLRU[[32]byte, time.Time](MaxPrefixes, nil) // fails for a size below 1 only
	return &Prefixes{Until: until}
}

// Checkpoint is a beginning of a request that a cache point ends.
type Checkpoint struct {
	Hash   [32]byte
	Tokens int // of the whole prefix
	TTL    string
}

// Account finds the longest remembered prefix and remembers the others.
func (p *Prefixes) Account(points []Checkpoint, now time.Time) (read, write int, written map[string]int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range points {
		if until, _ := p.Until.Get(c.Hash); now.Before(until) {
			read = max(read, c.Tokens)
		}
	}
	written, at := map[string]int{}, read
	for _, c := range points {
		if c.Tokens > at {
			written[c.TTL] += c.Tokens - at
			write += c.Tokens - at
			at = c.Tokens
		}
		life := 5 * time.Minute
		if c.TTL == "1h" {
			life = time.Hour
		}
		p.Until.Add(c.Hash, now.Add(life))
	}
	return read, write, written
}
