package redis

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// pauseFor is how long a Redis that has let a command time out is left alone.
const pauseFor = time.Second

var errPaused = errors.New("redis has not answered a moment ago")

// pause keeps a Redis that hangs from costing everybody the time limit: after the first command that times out all
// others fail at once, and after pauseFor one is let through to see, for all. It is a hook of the client. A Redis that
// refuses connections costs nothing.
type pause struct {
	hangs time.Duration // a time-out tells of Redis from here on; before, of a caller who had little time left
	until atomic.Int64  // in nanoseconds; 0 while Redis answers
}

// DialHook leaves dialing as it is.
func (p *pause) DialHook(next goredis.DialHook) goredis.DialHook { return next }

// ProcessHook guards single commands.
func (p *pause) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		err := p.guard(ctx, func(ctx context.Context) error { return next(ctx, cmd) })
		if errors.Is(err, errPaused) {
			cmd.SetErr(err)
		}
		return err
	}
}

// ProcessPipelineHook guards pipelines.
func (p *pause) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		err := p.guard(ctx, func(ctx context.Context) error { return next(ctx, cmds) })
		if errors.Is(err, errPaused) {
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
		}
		return err
	}
}

// inside marks the context of a command that was let through: what the client sends to set a connection up belongs to
// it.
type inside struct{}

func (p *pause) guard(ctx context.Context, do func(context.Context) error) error {
	if ctx.Value(inside{}) != nil {
		return do(ctx)
	}
	begun := time.Now()
	until := p.until.Load()
	if until != 0 && (begun.UnixNano() < until || !p.until.CompareAndSwap(until, begun.Add(pauseFor).UnixNano())) {
		return errPaused
	}
	err := do(context.WithValue(ctx, inside{}, true))
	switch now := time.Now(); {
	case timedOut(err) && now.Sub(begun) >= p.hangs:
		p.until.Store(now.Add(pauseFor).UnixNano())
	case !errors.Is(err, context.Canceled) && !timedOut(err):
		p.until.Store(0) // it answers, or its connections fail at once
	}
	return err
}

func timedOut(err error) bool {
	var fault net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &fault) && fault.Timeout()
}
