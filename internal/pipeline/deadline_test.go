package pipeline

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/call"
)

// TestTimed shows that a deadline whose timer is made late ends contexts as any other does.
func TestTimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, wait := range map[string]func(*timed) context.Context{
			"itself":      func(c *timed) context.Context { return c },
			"a child":     func(c *timed) context.Context { return context.WithValue(c, mark{}, "a child") },
			"a waiter":    func(c *timed) context.Context { return waiter(c, t) },
			"after a nap": func(c *timed) context.Context { time.Sleep(2 * time.Minute); return c },
		} {
			c := &timed{Context: t.Context(), at: time.Now().Add(time.Minute)}
			if c.Value("nothing") != nil || c.run != nil {
				t.Errorf("%s: the timer runs before anybody waits", name)
			}
			ctx := wait(c)
			<-ctx.Done()
			if late := time.Since(c.at); late < 0 || !errors.Is(ctx.Err(), context.DeadlineExceeded) ||
				!errors.Is(context.Cause(ctx), call.ErrDeadline) {
				t.Errorf("%s: ended %v behind the deadline with %v, %v", name, late, ctx.Err(), context.Cause(ctx))
			}
			c.end()
		}
	})
}

func waiter(c context.Context, t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(c)
	t.Cleanup(cancel)
	return ctx
}

// TestTimedEnds shows that nothing can begin to wait on a context whose request is over.
func TestTimedEnds(t *testing.T) {
	for name, use := range map[string]func(*timed){"waited for": func(c *timed) { c.Done() },
		"not waited for": func(*timed) {}} {
		c := &timed{Context: t.Context(), at: time.Now().Add(time.Hour)}
		use(c)
		c.end()
		select {
		case <-c.Done():
		default:
			t.Errorf("%s: goes on behind its end", name)
		}
		if !errors.Is(c.Err(), context.Canceled) {
			t.Errorf("%s: %v", name, c.Err())
		}
	}
}

// mark is a key of contexts.
type mark struct{}
