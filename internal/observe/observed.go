package observe

import (
	"context"
	"iter"
	"sync"

	"outcrop/internal/call"
	"outcrop/openai"
)

// observer is told how a call goes: that it begins, what is known when it returns, when there is a first part or an
// error in its place, each part, and once how it has ended.
type observer interface {
	begin()
	head(h *call.Head, answered bool)
	first()
	see(openai.Part)
	end(error)
}

// observed is a call under observation. Its end is told exactly once, whatever happens: with the error that it ended
// with, nil at its own end, context.Canceled when the reader left, the context's error should that end before anybody
// reads, or errPanicked.
type observed struct {
	ctx     context.Context
	by      observer
	once    sync.Once
	parts   iter.Seq2[openai.Part, error]
	awaited bool        // somebody reads the answer, also when the context had ended before it was there
	unwatch func() bool // keeps gone from being called; nil where it never is
}

func (o *observed) observe(c *call.Call, next call.Handler) (reply call.Reply, err error) {
	passed := false
	defer func() {
		if !passed { // a panic, which goes on its way
			o.by.end(call.ErrPanicked)
		}
	}()
	o.by.begin()
	reply, err = next(o.ctx, c)
	passed = true
	o.by.head(&reply.Head, err == nil)
	if err != nil {
		o.by.end(err)
		return reply, err
	}
	if !o.awaited || o.ctx.Err() == nil {
		o.unwatch = context.AfterFunc(o.ctx, o.gone)
	}
	o.parts = reply.Parts
	reply.Parts = o.follow
	return reply, nil
}

func (o *observed) finish(err error) { o.once.Do(func() { o.by.end(err) }) }

// gone is called when the context has ended and nobody has read.
func (o *observed) gone() { _ = call.Guarded(func() error { o.finish(o.ctx.Err()); return nil }) }

func (o *observed) follow(yield func(openai.Part, error) bool) {
	if o.unwatch != nil && !o.unwatch() {
		// is under way, if it is not over: the reader comes late and finds it told, but is shown what there is
		o.finish(o.ctx.Err())
	}
	last, begun := call.ErrPanicked, false
	defer func() { o.finish(last) }()
	for part, err := range o.parts {
		if !begun {
			begun = true
			o.by.first()
		}
		if err != nil {
			last = err
			yield(nil, err)
			return
		}
		o.by.see(part)
		if !yield(part, nil) {
			last = context.Canceled
			return
		}
	}
	last = nil
}
