package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// together writes what several callers want at the same moment in one transaction. The disk is what takes time: while one transaction is
// on its way to it, the next gathers.
type together struct {
	mu      sync.Mutex
	next    *batch     // that gathers; nil when none does
	writing sync.Mutex // one batch at a time
}

// errUnwritten is the error of a batch that a panic has ended.
var errUnwritten = errors.New("the transaction was not written")

type batch struct {
	jobs []func(context.Context, *sql.Tx) error
	done chan struct{}
	err  error
}

// write runs a job in a transaction with others, and gives the error of all of it: a job whose statements fail makes the others fail too. A
// job must not wait for anything but the database.
func (w *together) write(ctx context.Context, s *Store, job func(context.Context, *sql.Tx) error) error {
	w.mu.Lock()
	b := w.next
	leads := b == nil
	if leads {
		b = &batch{done: make(chan struct{}), err: errUnwritten}
		w.next = b
	}
	b.jobs = append(b.jobs, job)
	w.mu.Unlock()
	if leads {
		w.lead(ctx, s, b)
	}
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lead writes the batch once the one before has been written. It does not end with its leader's context, since it is for others too.
func (w *together) lead(ctx context.Context, s *Store, b *batch) {
	w.writing.Lock()
	defer w.writing.Unlock()
	defer close(b.done)
	w.mu.Lock()
	w.next = nil
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*busy)
	defer cancel()
	b.err = s.change(ctx, func(tx *sql.Tx) error {
		for _, job := range b.jobs {
			if err := job(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}
