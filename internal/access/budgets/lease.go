package budgets

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"outcrop/internal/access/usage"
	"outcrop/internal/store"
)

// A hold is for a call of a process that is alive: its lease is renewed as long as the call is under way. The lease of
// a process that was killed ends, and whichever gateway notices first settles the hold.
const (
	leaseFor   = time.Minute
	leaseEvery = 15 * time.Second // renewing, and looking for leases that have ended
	leaseBatch = 500              // holds that are renewed with one command
)

// Leases look after the holds of a process, whatever the settings of its budgets. Run keeps them.
type Leases struct {
	store Store
	count func(store.Usage)

	mu   sync.Mutex
	open map[string]store.Hold // that this process will settle
	late map[string]late       // of those in open, whose leases are renewed all the same
}

// NewLeases works on a store. The usage of calls whose end nobody knows is counted into a ledger; nil counts nothing.
func NewLeases(s Store, l *usage.Ledger) *Leases {
	count := func(store.Usage) {}
	if l != nil {
		count = l.Add
	}
	return &Leases{store: s, count: count, open: map[string]store.Hold{}, late: map[string]late{}}
}

// hold makes a hold, whose accounts are still to be named. guess is the usage that is counted when nobody settles it.
func (l *Leases) hold(tenant string, amount int64, guess *store.Usage, now time.Time) store.Hold {
	h := store.Hold{Tenant: tenant, ID: rand.Text(), Amount: amount, Until: now.Add(leaseFor).Unix()}
	if guess != nil {
		h.Note, _ = json.Marshal(guess) // strings and numbers always can be written
	}
	return h
}

func (l *Leases) reserve(ctx context.Context, h store.Hold) (before []store.Balance, refused int, err error) {
	before, refused, err = l.store.Reserve(ctx, h)
	if err == nil && refused < 0 {
		l.mu.Lock()
		l.open[h.ID] = h
		l.mu.Unlock()
	}
	return before, refused, err
}

func (l *Leases) counted(h store.Hold, sign int64) {
	var u store.Usage
	if len(h.Note) == 0 || json.Unmarshal(h.Note, &u) != nil {
		return
	}
	for _, v := range u.Values() {
		*v *= sign
	}
	l.count(u)
}

// Run renews and settles leases until ctx ends, and then settles what is left. Whenever that begins to fail, and when
// it works again, it is reported: an error, or nil; and what is given up is, each time.
func (l *Leases) Run(ctx context.Context, report func(error)) {
	tick := time.NewTicker(leaseEvery)
	defer tick.Stop()
	failing := false
	for {
		err := l.tend(ctx, time.Now())
		var dropped givenUp
		if ctx.Err() == nil && (err != nil) != failing || errors.As(err, &dropped) {
			failing = err != nil
			report(err)
		}
		select {
		case <-ctx.Done():
			if err := l.last(context.WithoutCancel(ctx)); err != nil {
				report(err)
			}
			return
		case <-tick.C:
		}
	}
}

func (l *Leases) tend(ctx context.Context, now time.Time) error {
	late := l.again(ctx, now)
	ctx, cancel := context.WithTimeout(ctx, budgetTimeout)
	defer cancel()
	err := l.renew(ctx, now)
	charged, lapsing := l.store.Lapse(ctx, now.Unix())
	for _, h := range charged {
		l.counted(h, 1)
	}
	return errors.Join(late, err, lapsing)
}

// renew makes those leases end later that would before the next turns.
func (l *Leases) renew(ctx context.Context, now time.Time) error {
	due := map[string][]string{} // by tenant
	until := now.Add(leaseFor).Unix()
	l.mu.Lock()
	for id, h := range l.open {
		if h.Until < now.Add(leaseFor-leaseEvery).Unix() {
			due[h.Tenant] = append(due[h.Tenant], id)
		}
	}
	l.mu.Unlock()
	for tenant, ids := range due {
		for len(ids) > 0 {
			some := ids[:min(len(ids), leaseBatch)]
			ids = ids[len(some):]
			if err := l.store.Renew(ctx, tenant, some, until); err != nil {
				return err
			}
			l.renewed(some, until)
		}
	}
	return nil
}

func (l *Leases) renewed(ids []string, until int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		if h, open := l.open[id]; open {
			h.Until = until
			l.open[id] = h
		}
	}
}
