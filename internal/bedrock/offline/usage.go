package offline

import (
	"sync"
	"time"
)

// usage is what an answer cost. input excludes cached tokens, so that total = input + read + write + output [FACTS 1.3].
type usage struct {
	input, output, read, write int
	written                    map[string]int // by TTL
	points                     bool           // the request had cache points
}

func (u usage) json(f family, stream bool) map[string]any {
	m := map[string]any{"inputTokens": u.input, "outputTokens": u.output, "totalTokens": u.input + u.read + u.write + u.output}
	if f.serverUsage {
		m["serverToolUsage"] = map[string]any{}
	}
	if u.points || f.cacheNumbers && !stream {
		m["cacheReadInputTokens"], m["cacheWriteInputTokens"] = u.read, u.write
		// Duplicates that the wire has beside the modelled members [FACTS 1.3].
		m["cacheReadInputTokenCount"], m["cacheWriteInputTokenCount"] = u.read, u.write
	}
	if u.write > 0 {
		var details []any
		for _, ttl := range []string{"1h", "5m"} {
			if n := u.written[ttl]; n > 0 {
				details = append(details, map[string]any{"ttl": ttl, "inputTokens": n})
			}
		}
		m["cacheDetails"] = details
	}
	return m
}

// prefixes remembers which prompt prefixes were written to the cache, for as long as their TTL says and in bounded memory.
type prefixes struct {
	mu    sync.Mutex
	until map[[32]byte]time.Time
	order [][32]byte
}

const maxPrefixes = 4096

func newPrefixes() *prefixes { return &prefixes{until: map[[32]byte]time.Time{}} }

type checkpoint struct {
	hash   [32]byte
	tokens int // of the whole prefix
	ttl    string
}

// account finds the longest remembered prefix and remembers the others.
func (p *prefixes) account(points []checkpoint, now time.Time) (read, write int, written map[string]int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range points {
		if now.Before(p.until[c.hash]) {
			read = max(read, c.tokens)
		}
	}
	written, at := map[string]int{}, read
	for _, c := range points {
		if c.tokens > at {
			written[c.ttl] += c.tokens - at
			write += c.tokens - at
			at = c.tokens
		}
		life := 5 * time.Minute
		if c.ttl == "1h" {
			life = time.Hour
		}
		p.remember(c.hash, now.Add(life))
	}
	return read, write, written
}

func (p *prefixes) remember(hash [32]byte, until time.Time) {
	if _, known := p.until[hash]; !known {
		if len(p.order) >= maxPrefixes {
			delete(p.until, p.order[0])
			p.order = p.order[1:]
		}
		p.order = append(p.order, hash)
	}
	p.until[hash] = until
}
