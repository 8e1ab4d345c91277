package keys

import (
	"container/list"
	"net/netip"
	"sync"
	"time"
)

// mostAddresses bounds the addresses that are remembered; those that failed longest ago are forgotten first.
const mostAddresses = 16_384

// Attempts limits how many wrong keys an address may show. Its memory is bounded; of IPv6 a /64 counts as one address, since that is
// what one caller has at least. It is safe for concurrent use; nil limits nothing.
type Attempts struct {
	every time.Duration // after which one more is allowed
	burst time.Duration // worth of attempts at once
	mu    sync.Mutex
	byNet map[netip.Prefix]*list.Element
	order *list.List // of *failures, the latest first
}

// failures of an address: the time at which it would have none left, were they spent one in every interval (GCRA).
type failures struct {
	from netip.Prefix
	till time.Time
}

// NewAttempts allows so many wrong keys a minute from each address; with 0 any number.
func NewAttempts(perMinute int) *Attempts {
	if perMinute <= 0 {
		return nil
	}
	every := time.Minute / time.Duration(perMinute)
	return &Attempts{every: every, burst: every * time.Duration(perMinute), byNet: map[netip.Prefix]*list.Element{}, order: list.New()}
}

// fail counts a wrong key. When there were too many it gives how long it takes until one more is allowed.
func (a *Attempts) fail(from netip.Addr, now time.Time) (wait time.Duration) {
	if a == nil {
		return 0
	}
	net := network(from)
	a.mu.Lock()
	defer a.mu.Unlock()
	at, seen := a.byNet[net]
	if !seen {
		if a.order.Len() >= mostAddresses {
			oldest := a.order.Back()
			delete(a.byNet, a.order.Remove(oldest).(*failures).from)
		}
		at = a.order.PushFront(&failures{from: net})
		a.byNet[net] = at
	}
	a.order.MoveToFront(at)
	f := at.Value.(*failures)
	till := f.till
	if till.Before(now) {
		till = now
	}
	till = till.Add(a.every)
	if over := till.Sub(now) - a.burst; over > 0 {
		return over
	}
	f.till = till
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
