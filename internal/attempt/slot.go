package attempt

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/upstream"
	"outcrop/openai"
)

var errSilent = errors.New("the target stayed silent")

// attempt is one call of a target inside the slot that the search has taken. A target that stays silent for too long is
// left. The slot of a stream is held until the stream ends.
func (r *run) attempt(ctx context.Context, t *catalog.Target) (reply call.Reply, err error) {
	settled := false
	defer func() {
		if !settled { // a panic, which goes on its way; the slot must not go with it
			r.search.Failed(upstream.ServerError, true)
		}
	}()
	ctx = r.retries.Watch(ctx)
	streamed := r.call.Request.Facts().Stream
	patience := r.upstream.Config().Attempt.Patience(streamed, r.search.Others())
	if patience == 0 {
		reply, err = r.try(ctx, r.call, t)
	} else {
		var cancel context.CancelCauseFunc
		ctx, cancel = context.WithCancelCause(ctx)
		timer := time.AfterFunc(patience, func() { cancel(errSilent) })
		reply, err = r.try(ctx, r.call, t)
		if !timer.Stop() && errors.Is(context.Cause(ctx), errSilent) {
			// a stream that has just opened closes, as its context has ended
			reply, err = call.Reply{Head: reply.Head}, silent(err)
		}
		if err == nil && streamed {
			r.stream.cancel = cancel
		} else {
			cancel(nil)
		}
	}
	settled = true
	if err != nil {
		return reply, err
	}
	r.search.Begun()
	if !streamed {
		r.search.Release(upstream.OK, r.used(reply))
		return reply, nil
	}
	r.stream.ctx, r.stream.parts = ctx, reply.Parts
	if n := len(reply.Head.Upstream); n > 0 {
		r.stream.id = reply.Head.Upstream[n-1]
	}
	r.stream.counts = len(r.upstream.Config().Rates) > 0
	r.stream.unwatch = context.AfterFunc(ctx, r.gone)
	reply.Parts = r.hold
	return reply, nil
}

// silent is the error of a target that was left.
func silent(err error) error {
	e := &openai.Error{Kind: openai.Timeout, Code: openai.CodeTimeout,
		Message: "The model did not begin its answer in time.", Err: errSilent}
	var oe *openai.Error
	if errors.As(err, &oe) {
		e.UpstreamID, e.Unsent = oe.UpstreamID, oe.Unsent
	}
	return e
}

// used is the tokens of a plain answer, which only the answer itself tells; 0 where nobody counts them.
func (r *run) used(reply call.Reply) int64 {
	if len(r.upstream.Config().Rates) == 0 {
		return 0
	}
	var used int64
	for part, err := range reply.Parts { // plain answers are values, which can be ranged over again
		if err == nil {
			used = total(part)
		}
	}
	return used
}

func total(p openai.Part) int64 {
	if p == nil {
		return 0
	}
	if u := p.Tokens(); u != nil {
		return u.Prompt + u.Completion
	}
	return 0
}

// stream is what a run keeps of an answer that is streamed. Its slot is held until it ends, or until the request has
// ended, should nobody range over it.
type stream struct {
	ctx     context.Context // of the attempt
	cancel  context.CancelCauseFunc
	parts   iter.Seq2[openai.Part, error]
	id      string      // AWS's, of the request
	counts  bool        // somebody counts its tokens
	unwatch func() bool // keeps gone from being called
	once    sync.Once   // for the slot
}

// gone frees the slot when the request has ended.
func (r *run) gone() { r.release(upstream.Canceled, 0) }

func (r *run) release(o upstream.Outcome, used int64) {
	r.stream.once.Do(func() { r.search.Release(o, used) })
}

// hold is the sequence of a stream that frees the slot at its end, and puts AWS's request id into the error that ends
// it.
func (r *run) hold(yield func(openai.Part, error) bool) {
	s := &r.stream
	o, used := upstream.Canceled, int64(0) // unless the end is reached, the reader has left
	defer func() {
		s.unwatch()
		r.release(o, used)
		if s.cancel != nil {
			s.cancel(nil)
		}
	}()
	for part, err := range s.parts {
		if err != nil {
			if o = upstream.OutcomeOf(err); s.ctx.Err() != nil {
				o = upstream.Canceled
			}
			yield(nil, withUpstream(err, s.id))
			return
		}
		if s.counts {
			used = max(used, total(part))
		}
		if !yield(part, nil) {
			return
		}
	}
	o = upstream.OK
}
