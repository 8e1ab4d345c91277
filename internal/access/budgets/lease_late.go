package budgets

import (
	"context"
	"errors"
	"fmt"
	"time"

	"outcrop/internal/store"
)

// A settlement that failed is tried again for as long as a hold can be settled whose lease has ended; more of them than
// these are not kept. What is given up is charged as it was reckoned when its lease ends, and its guess is counted.
const (
	lateFor  = store.LapsedFor * time.Second
	lateMost = 10_000
	lateRest = time.Second // between trying again when the process ends, as a store that hung is left alone for so long
)

// late is a settlement that the store could not be told.
type late struct {
	hold  store.Hold
	cost  int64
	until time.Time
}

// settle ends a hold. When the store fails, Run tries again.
func (l *Leases) settle(ctx context.Context, h store.Hold, cost int64) error {
	err := l.try(ctx, h, cost)
	if err == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.late) >= lateMost {
		delete(l.open, h.ID)
		return errors.Join(err, givenUp(1))
	}
	l.late[h.ID] = late{h, cost, time.Now().Add(lateFor)}
	return err
}

// try settles a hold. The usage of one that was charged, as its lease had ended, is taken back: its own is counted by
// who made the call.
func (l *Leases) try(ctx context.Context, h store.Hold, cost int64) error {
	charged, err := l.store.Settle(ctx, h, cost)
	if err != nil {
		return err
	}
	if charged {
		l.counted(h, -1)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, h.ID)
	delete(l.late, h.ID)
	return nil
}

// again settles what could not be settled before, in no order, so that none stands in the way of the others for good.
func (l *Leases) again(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, budgetTimeout)
	defer cancel()
	waiting, dropped := l.waiting(now)
	var failed error
	for _, x := range waiting {
		if err := ctx.Err(); err != nil {
			failed = err
			break
		}
		if err := l.try(ctx, x.hold, x.cost); err != nil {
			failed = err
		}
	}
	return errors.Join(dropped, failed)
}

// waiting gives what is to be settled, without what has waited for too long.
func (l *Leases) waiting(now time.Time) (all []late, dropped error) {
	n := 0
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, x := range l.late {
		if now.Before(x.until) {
			all = append(all, x)
			continue
		}
		delete(l.late, id)
		delete(l.open, id)
		n++
	}
	if n > 0 {
		dropped = givenUp(n)
	}
	return all, dropped
}

// last settles what it can, in some seconds, before the process ends.
func (l *Leases) last(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, budgetTimeout)
	defer cancel()
	for {
		err := l.again(ctx, time.Now())
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			l.mu.Lock()
			defer l.mu.Unlock()
			return errors.Join(err, givenUp(len(l.late)))
		case <-time.After(lateRest):
		}
	}
}

// givenUp says of how many calls the settlement is not tried again.
type givenUp int

func (n givenUp) Error() string {
	return fmt.Sprintf("the cost of %d calls was not written: their reservations will be charged as they are", int(n))
}
