package pipeline

import (
	"context"

	"outcrop/internal/access/limits"
	"outcrop/internal/call"
)

// Limit takes what a request asks for from the limits of its key, tenant and end user: tokens by estimate, which the
// usage of the answer corrects, and a slot for each call until the answer has ended (Limits). An answer from memory
// gives the tokens back. With a nil limiter nobody is limited; output is what a request without a token limit is
// reckoned with.
func Limit(l *limits.Limiter, output int64) call.Stage {
	return func(next call.Handler) call.Handler {
		if l == nil {
			return next
		}
		return func(ctx context.Context, c *call.Call) (call.Reply, error) {
			asked := c.Request.Facts()
			tokens, anything := l.Limits(&c.Principal, asked.User)
			if !anything {
				reply, err := next(ctx, c)
				reply.Head.Standing = c.Standing
				return reply, err
			}
			ask := limits.Ask{User: asked.User, Calls: asked.Choices}
			if tokens {
				e := call.Reckon(c, output)
				if ask.Tokens = max(e.Total(), 1); e.Guessed {
					ask.Guessed = e.AllOutput()
				}
			}
			admission, standing, err := l.Admit(ctx, &c.Principal, ask)
			standing = c.Standing.With(standing)
			if err != nil {
				return call.Reply{Head: call.Head{Standing: standing}}, err
			}
			c.Admission = admission
			reply, err := next(ctx, c)
			if reply.Head.Standing = standing; err == nil && reply.Head.Cache.State == "hit" && !asked.Stream {
				// It is free and it is all there, so that the headers can still tell.
				reply.Head.Standing = c.Standing.With(admission.Settle(ctx, 0))
			}
			return reply, err
		}
	}
}
