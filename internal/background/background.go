// Package background runs the work that goes on beside requests: following the store of keys, writing usage, asking AWS
// for its models, reading files again. A fault in such work must not end the process, which serves everybody: it is
// logged with its stack, counted, and the work is begun again.
//
// It knows none of that work, and must not be used for the goroutines of a request: these hand their faults to the
// request. Start at Runner.Go.
package background

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// How long work that has failed rests before it is begun again: twice as long each time, from the first to the longest.
// Work that has gone well for longer than the longest rest begins at the first again.
const (
	firstRest   = time.Second
	longestRest = time.Minute
)

// Runner runs work in the background.
type Runner struct {
	Log   *slog.Logger
	Count func(task string) // told of every fault; may be nil
}

// Go runs work until it returns, which it does when ctx ends or stop is called; stop waits for it, and may be called
// more than once. Work that panics is run again after a rest. When its context ends meanwhile it is run this once more,
// so that what it does last, such as writing what it holds, is done.
func (r Runner) Go(ctx context.Context, task string, work func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.keep(ctx, task, work)
	}()
	return func() {
		cancel()
		<-done
	}
}

func (r Runner) keep(ctx context.Context, task string, work func(context.Context)) {
	for rest := firstRest; ; rest = min(2*rest, longestRest) {
		begun, last := time.Now(), ctx.Err() != nil
		if r.try(ctx, task, work) || last {
			return
		}
		if time.Since(begun) > longestRest {
			rest = firstRest
		}
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
	}
}

// try runs work once, and tells whether it returned by itself.
func (r Runner) try(ctx context.Context, task string, work func(context.Context)) (well bool) {
	defer func() {
		if fault := recover(); fault != nil {
			r.Log.Error("work in the background has failed; it is begun again",
				"task", task, "panic", fmt.Sprint(fault), "stack", string(debug.Stack()))
			if r.Count != nil {
				r.Count(task)
			}
		}
	}()
	work(ctx)
	return true
}
