package call

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"outcrop/openai"
)

// Panic is a fault of our own: a panic that was recovered from, so that one bad call does not end the process
// (R-ERR-08). It is the cause inside of an *openai.Error.
type Panic struct {
	Value any
	Stack []byte
	told  atomic.Bool
}

// Recovered makes the error of what recover gave. It is called in the deferred function itself, which is where the
// stack still shows the place of the panic.
func Recovered(value any) error {
	return &openai.Error{Kind: openai.Internal, Err: &Panic{Value: value, Stack: debug.Stack()}}
}

func (p *Panic) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// First tells whether nobody has asked before. One panic may end many requests, and its stack belongs in the log once.
func (p *Panic) First() bool { return !p.told.Swap(true) }

// ErrPanicked is how a sequence ends that neither came to its end nor was left by its reader: a panic is on its way
// through.
var ErrPanicked error = &Panic{}

// panicked tells whether an error is a panic.
func panicked(err error) bool {
	var p *Panic
	return errors.As(err, &p)
}

// Guarded turns a panic in one of our own goroutines into an error, as the server does in its own.
func Guarded(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = Recovered(r)
		}
	}()
	return do()
}

// FanOut runs do for every index below n, at most limit at a time, each inside a slot of the shared slots, and joins
// them all before it returns. The first error cancels the context of the others and is the result.
func FanOut(ctx context.Context, n, limit int, slots *semaphore.Weighted,
	do func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(limit)
	for i := range n {
		g.Go(func() error {
			if err := slots.Acquire(ctx, 1); err != nil {
				return err
			}
			defer slots.Release(1)
			return Guarded(func() error { return do(ctx, i) })
		})
	}
	return g.Wait()
}

// ErrDeadline is the cause of a context whose deadline was the gateway's own.
var ErrDeadline = errors.New("the gateway's deadline has passed")

// Late gives an error as what it is, when it came of that: a 504 (R-ERR-71).
func Late(ctx context.Context, err error) error {
	if err == nil || !errors.Is(context.Cause(ctx), ErrDeadline) {
		return err
	}
	return &openai.Error{Kind: openai.Timeout, Code: openai.CodeTimeout,
		Message: "The request took too long and was given up.", Err: err}
}
