package limits

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"outcrop/internal/store"
)

// Store counts limits for many gateways, each call in one round trip. internal/store/redis is one.
type Store interface {
	// TakeLimits grants demands of a tenant, all or none, by the store's own clock. id names the slots that are taken.
	TakeLimits(ctx context.Context, tenant, id string, demands []store.Demand) (store.Verdict, error)
	// SettleLimits changes the tokens that were taken at a second by so many, and frees the slots of id.
	SettleLimits(ctx context.Context, tenant, id string, second, tokens int64, demands []store.Demand) (store.Verdict,
		error)
	// RenewLimits keeps the slots of id for another store.Lease.
	RenewLimits(ctx context.Context, tenant, id string, demands []store.Demand) error
}

const (
	limitTimeout = 250 * time.Millisecond // of one round trip
	limitPause   = time.Second            // for which a store that has failed is left alone
	renewEvery   = store.Lease / 3
)

// Meters hold what limits have counted: in the process, and in the store that gateways share if there is one. The
// process counts along with the store, so that it knows what it has let through when the store goes away.
type Meters struct {
	process *counters
	shared  Store // nil: none
	report  func(error)
	resume  atomic.Int64 // when the store may be asked again, in nanoseconds; 0 while it answers
	mu      sync.Mutex
	held    map[*Admission]struct{} // those with slots in the store
}

// sharedTake is what was taken in the store.
type sharedTake struct {
	id     string
	second int64
}

// NewMeters counts in the process, and in a store unless it is nil. Whenever the store goes away or comes back that is
// reported: an error, or nil.
func NewMeters(shared Store, report func(error)) *Meters {
	return &Meters{process: newCounters(), shared: shared, report: report, held: map[*Admission]struct{}{}}
}

// Run keeps slots in the store from being given to others, until ctx ends.
func (m *Meters) Run(ctx context.Context) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			m.renew(ctx)
		}
	}
}

func (m *Meters) renew(ctx context.Context) {
	m.mu.Lock()
	var list []*Admission
	for a := range m.held {
		list = append(list, a)
	}
	m.mu.Unlock()
	for _, a := range list {
		m.mu.Lock()
		_, still := m.held[a]
		m.mu.Unlock()
		if !still {
			continue
		}
		err := m.ask(ctx, func(ctx context.Context) error { return m.shared.RenewLimits(ctx, a.home, a.shared.id, a.all()) })
		if err != nil {
			return // the next round may have more luck; a lease outlives two of them
		}
	}
}

// hold notes an admission with slots in the store.
func (m *Meters) hold(a *Admission) {
	if a.shared != nil && a.shared.id != "" {
		m.mu.Lock()
		m.held[a] = struct{}{}
		m.mu.Unlock()
	}
}

// take grants demands: by the store, or by the process where there is none or it is away, unless strict asks for a
// refusal then. What was taken in the store is told, for settling.
func (m *Meters) take(ctx context.Context, tenant, id string, list []store.Demand,
	strict bool) (store.Verdict, *sharedTake, error) {
	if m.shared == nil {
		return m.process.take(tenant, list, false), nil, nil
	}
	var v store.Verdict
	own := slices.Clone(list) // what goes through an interface goes to the heap: not the caller's
	err := m.ask(ctx, func(ctx context.Context) (err error) {
		v, err = m.shared.TakeLimits(ctx, tenant, id, own)
		return err
	})
	switch {
	case err == nil && v.Refused >= 0:
		return v, nil, nil
	case err == nil:
		taken := &sharedTake{id, v.Second}
		v.Second = m.process.take(tenant, list, true).Second
		return v, taken, nil
	case ctx.Err() != nil:
		return v, nil, ctx.Err()
	case strict:
		return v, nil, away(err)
	}
	return m.process.take(tenant, list, false), nil, nil
}

func (m *Meters) settle(ctx context.Context, a *Admission, tokens int64) Standing {
	stands := m.process.settle(a.home, a.all(), a.local, tokens)
	if a.shared == nil {
		return standing(a.all(), stands[:])
	}
	m.mu.Lock()
	delete(m.held, a)
	m.mu.Unlock()
	var v store.Verdict
	err := m.ask(context.WithoutCancel(ctx), func(ctx context.Context) (err error) {
		v, err = m.shared.SettleLimits(ctx, a.home, a.shared.id, a.shared.second, tokens, a.all())
		return err
	})
	if err != nil { // the window passes in a minute, and so does the lease of slots
		return standing(a.all(), stands[:])
	}
	return standing(a.all(), v.Stands[:])
}

// ask asks the store, unless it has failed a moment ago: a store that hangs must not cost every request its time limit.
// After the pause one request tries again, for all.
func (m *Meters) ask(ctx context.Context, do func(context.Context) error) error {
	resume := m.resume.Load()
	if resume != 0 {
		now := time.Now().UnixNano()
		if now < resume || !m.resume.CompareAndSwap(resume, now+int64(limitPause)) {
			return errAway
		}
	}
	own, cancel := context.WithTimeout(ctx, limitTimeout)
	defer cancel()
	err := do(own)
	switch {
	case err == nil && resume != 0:
		m.resume.Store(0)
		m.report(nil)
	case err != nil && ctx.Err() == nil:
		if m.resume.Swap(time.Now().Add(limitPause).UnixNano()) == 0 {
			m.report(err)
		}
	}
	return err
}

var errAway = errors.New("the store of limits has not answered a moment ago")
