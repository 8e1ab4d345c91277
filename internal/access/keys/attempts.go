package keys

import (
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// mostAddresses bounds the addresses that are remembered; those that failed longest ago are forgotten first.
const mostAddresses = 16_384

// Attempts limits how many wrong keys an address may show. Its memory is bounded; of IPv6 a /64 counts as one address,
// since that is what one caller has at least. It is safe for concurrent use; nil limits nothing.
type Attempts struct {
	every time.Duration // after which one more is allowed
	burst time.Duration // worth of attempts at once
	mu    sync.Mutex
	// till is the time at which an address would have no attempt left, were they spent one in every interval (GCRA).
	till *simplelru.LRU[netip.Prefix, time.Time]
}

// NewAttempts allows so many wrong keys a minute from each address; with 0 any number.
func NewAttempts(perMinute int) *Attempts {
	if perMinute <= 0 {
		return nil
	}
	every := time.Minute / time.Duration(perMinute)
	till, _ := simplelru.NewLRU[netip.Prefix, time.Time](mostAddresses, nil) // fails for a size below 1 only
	return &Attempts{every: every, burst: every * time.Duration(perMinute), till: till}
}

// fail counts a wrong key. When there were too many it gives how long it takes until one more is allowed.
func (a *Attempts) fail(from netip.Addr, now time.Time) (wait time.Duration) {
	if a == nil {
		return 0
	}
	net := network(from)
	a.mu.Lock()
	defer a.mu.Unlock()
	till, _ := a.till.Get(net)
	if till.Before(now) {
		till = now
	}
	till = till.Add(a.every)
	if over := till.Sub(now) - a.burst; over > 0 {
		return over
	}
	a.till.Add(net, till)
	return 0
}

func network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // fails for the zero address only, which has the zero prefix
	return p
}
