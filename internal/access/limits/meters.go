package limits

import (
	"hash/maphash"
	"sync"
	"time"

	"outcrop/internal/store"
)

// The meters of a process are bounded: each shard holds so many, and forgets first those that count nothing.
const (
	shards         = 64
	metersPerShard = 1024
)

// counters are the limits of this process. All meters of a tenant are in one shard, so that demands on its keys, itself
// and its end users are granted together under one lock.
type counters struct {
	seed   maphash.Seed
	start  time.Time // the clock's zero
	shards [shards]shard
}

type shard struct {
	mu     sync.Mutex
	meters map[subject]*meter
	swept  time.Duration
}

type subject struct {
	tenant string
	of     store.Owner
}

// meter is what one subject has used.
type meter struct {
	windows [store.Slots]*window // by what they count; nil until something is counted
	slots   int64
}

func newCounters() *counters {
	// The clock begins where every second of a window exists.
	c := &counters{seed: maphash.MakeSeed(), start: time.Now().Add(-store.MinuteSeconds * time.Second)}
	for i := range c.shards {
		c.shards[i].meters = map[subject]*meter{}
	}
	return c
}

func (c *counters) shard(tenant string) *shard {
	return &c.shards[maphash.String(c.seed, tenant)%shards]
}

// take grants demands, all or none. Forced demands are granted whatever the limits say: another counter has decided.
func (c *counters) take(tenant string, demands []store.Demand, force bool) (v store.Verdict) {
	now := time.Since(c.start)
	v.Second, v.Refused = int64(now/time.Second), -1
	var meters [store.MostDemands]*meter
	s := c.shard(tenant)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.meters) > metersPerShard-len(demands) {
		s.forget(now)
	}
	for i := range demands {
		d := &demands[i]
		m := s.meter(subject{tenant, d.Of})
		meters[i] = m
		if v.Refused >= 0 || force {
			continue
		}
		if d.What == store.Slots {
			if m.slots+d.Take > d.Limit {
				v.Refused = i
			}
		} else if w := m.window(d.What, v.Second); w.sum+d.Take > d.Limit {
			v.Refused, v.Wait = i, w.wait(now, w.sum+d.Take-d.Limit)
		}
	}
	for i := range demands {
		d, m := &demands[i], meters[i]
		if d.What == store.Slots {
			if v.Refused < 0 {
				m.slots += d.Take
			}
			v.Stands[i].Left = max(d.Limit-m.slots, 0)
			continue
		}
		w := m.window(d.What, v.Second)
		if v.Refused < 0 {
			w.add(v.Second, d.Take)
		}
		v.Stands[i] = store.Stand{Left: max(d.Limit-w.sum, 0), Reset: w.reset(now)}
	}
	return v
}

// settle changes what was taken of tokens at a second by so many, and gives the slots back. It gives how the limits
// stand then.
func (c *counters) settle(tenant string, demands []store.Demand, second,
	tokens int64) (stands [store.MostDemands]store.Stand) {
	now := time.Since(c.start)
	s := c.shard(tenant)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range demands {
		d := &demands[i]
		m := s.meters[subject{tenant, d.Of}]
		if m == nil {
			stands[i].Left = d.Limit
			continue
		}
		if d.What == store.Slots {
			m.slots = max(m.slots-d.Take, 0)
			stands[i].Left = max(d.Limit-m.slots, 0)
			continue
		}
		w := m.window(d.What, int64(now/time.Second))
		if d.What == store.Tokens {
			w.add(second, tokens)
		}
		stands[i] = store.Stand{Left: max(d.Limit-w.sum, 0), Reset: w.reset(now)}
	}
	return stands
}

func (s *shard) meter(of subject) *meter {
	m := s.meters[of]
	if m == nil {
		m = &meter{}
		s.meters[of] = m
	}
	return m
}

// forget makes room: what counts nothing goes, looked for once a second at most; else some end user, whose number
// callers choose.
func (s *shard) forget(now time.Duration) {
	if now-s.swept >= time.Second {
		s.swept = now
		for of, m := range s.meters {
			if m.idle(int64(now / time.Second)) {
				delete(s.meters, of)
			}
		}
	}
	for of, m := range s.meters {
		if len(s.meters) <= metersPerShard-store.MostDemands {
			return
		}
		if of.of.Kind == 'u' && m.slots == 0 {
			delete(s.meters, of)
		}
	}
}

func (m *meter) idle(second int64) bool {
	for what, w := range m.windows {
		if w != nil && m.window(store.Counted(what), second).sum != 0 {
			return false
		}
	}
	return m.slots == 0
}

// window gives the window of what is counted, brought up to a second.
func (m *meter) window(what store.Counted, second int64) *window {
	w := m.windows[what]
	if w == nil {
		w = &window{last: second}
		m.windows[what] = w
	}
	w.at(second)
	return w
}
