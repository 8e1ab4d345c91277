package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// together writes what several callers want at the same moment in one transaction. The disk is what takes time: while
// one transaction is on its way to it, the next gathers. A job of a batch that is not begun yet leaves it when its
// caller's context ends.
type together struct {
	mu      sync.Mutex
	next    *batch // that gathers; nil when none does
	writing bool   // a goroutine writes batches, one after the other
	writer  sync.WaitGroup
}

// wait ends when no batch waits or is being written.
func (w *together) wait() { w.writer.Wait() }

// errUnwritten is the error of a batch that a panic has ended.
var errUnwritten = errors.New("the transaction was not written")

type batch struct {
	jobs []*job
	done chan struct{}
	err  error
}

type job struct {
	ctx  context.Context //nolint:containedctx // of the caller who waits for the batch
	work func(context.Context, *sql.Tx) error
	left bool // its caller had left before its turn: it was not run
}

// write runs a job in a transaction with others, and gives the error of all of it: a job whose statements fail makes
// the others fail too. A job must not wait for anything but the database. Nobody waits longer than the context allows;
// a batch that was begun by then may still be written.
func (w *together) write(ctx context.Context, s *Store, work func(context.Context, *sql.Tx) error) error {
	w.mu.Lock()
	b := w.next
	if b == nil {
		b = &batch{done: make(chan struct{}), err: errUnwritten}
		w.next = b
	}
	own := &job{ctx: ctx, work: work}
	b.jobs = append(b.jobs, own)
	if !w.writing {
		w.writing = true
		w.writer.Go(func() { w.run(s) })
	}
	w.mu.Unlock()
	select {
	case <-b.done:
		if own.left {
			return ctx.Err()
		}
		return b.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run writes batches until none waits.
func (w *together) run(s *Store) {
	for {
		w.mu.Lock()
		b := w.next
		w.next = nil
		if b == nil {
			w.writing = false
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		b.write(s)
	}
}

// write does not end with the context of a caller, since it is for all of them.
func (b *batch) write(s *Store) {
	defer close(b.done)
	defer func() {
		if v := recover(); v != nil {
			b.err = fmt.Errorf("%w: %v", errUnwritten, v)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 2*busy)
	defer cancel()
	b.err = s.change(ctx, func(tx *sql.Tx) error {
		for _, j := range b.jobs {
			if j.left = j.ctx.Err() != nil; j.left {
				continue // its caller has left, and believes that nothing was written
			}
			if err := j.work(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}
