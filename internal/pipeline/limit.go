package pipeline

import (
	"context"

	"outcrop/internal/access/limits"
	"outcrop/openai"
)

// Limit takes what a request asks for from the limits of its key, tenant and end user: tokens by estimate, which the usage of the
// answer corrects, and a slot for each call until the answer has ended. An answer from memory gives the tokens back. With a nil
// limiter nobody is limited; output is what a request without a token limit is reckoned with.
func Limit(l *limits.Limiter, output int64) Stage {
	return func(next Handler) Handler {
		if l == nil {
			return next
		}
		return func(ctx context.Context, c *Call) (Reply, error) {
			asked := c.Request.Facts()
			tokens, anything := l.Limits(&c.Principal, asked.User)
			if !anything {
				return standingAt(c.Standing, next, ctx, c)
			}
			ask := limits.Ask{User: asked.User, Calls: asked.Choices}
			if tokens {
				e := reckon(c, output)
				if ask.Tokens = max(e.total(), 1); e.guessed {
					ask.Guessed = e.allOutput()
				}
			}
			admission, standing, err := l.Admit(ctx, &c.Principal, ask)
			standing = c.Standing.With(standing)
			if err != nil {
				return Reply{Head: Head{Standing: standing}}, err
			}
			return limited(ctx, c, next, admission, standing)
		}
	}
}

func standingAt(s limits.Standing, next Handler, ctx context.Context, c *Call) (Reply, error) { //nolint:revive // the handler's own arguments come last
	reply, err := next(ctx, c)
	reply.Head.Standing = s
	return reply, err
}

// limited is the way of a request that was admitted.
func limited(ctx context.Context, c *Call, next Handler, admission *limits.Admission, standing limits.Standing) (Reply, error) {
	passed := false
	defer func() {
		if !passed { // a panic, which goes on its way; slots must not go with it
			admission.Settle(ctx, 0)
		}
	}()
	reply, err := standingAt(standing, next, ctx, c)
	passed = true
	switch {
	case err != nil:
		admission.Settle(ctx, 0)
		return reply, err
	case admission == nil:
		return reply, nil
	case reply.Head.Cache.State == "hit" && !c.Request.Facts().Stream:
		// It is free and it is all there, so that the headers can still tell.
		reply.Head.Standing = c.Standing.With(admission.Settle(ctx, 0))
		return reply, nil
	}
	var m meter
	reply.Parts = observed(ctx, reply.Parts, m.see, func(error) {
		admission.Settle(ctx, m.used(c, &reply.Head))
	})
	return reply, nil
}

// used is what an answer counts for: a hit is free.
func (m *meter) used(c *Call, head *Head) int64 {
	switch {
	case head.Cache.State == "hit":
		return 0
	case m.usage != nil:
		return m.usage.Total() - head.Cache.Saved
	}
	return sum(reckon(c, 0).allInput(), m.bytesOut())
}

// meter reads what an answer used off its parts.
type meter struct {
	usage *openai.Usage
	bytes int
}

func (m *meter) see(p openai.Part) {
	if u := p.Tokens(); u != nil {
		m.usage = u
		return
	}
	if m.usage == nil {
		for _, text := range p.Texts() {
			m.bytes += len(*text)
		}
	}
}

// bytesOut is the output as tokens, about.
func (m *meter) bytesOut() int64 { return tokensIn(m.bytes) }
