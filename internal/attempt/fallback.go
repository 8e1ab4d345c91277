package attempt

import (
	"context"
	"errors"
	"slices"

	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/upstream"
	"outcrop/openai"
)

// fallback is the end of the chain: it goes to the plan's targets, best first as package upstream judges, with the
// endpoint's Attempt. The next target gets its turn while the failure is one that another target may not share and
// nothing was sent to the client yet.
func (e *engine) fallback(ctx context.Context, c *call.Call) (call.Reply, error) {
	if len(c.Plan.Targets) == 0 {
		return call.Reply{}, openai.ModelNotFound(c.Request.Facts().Model)
	}
	r := &run{engine: e, call: c, plan: interchangeable(c)}
	r.tries = r.firstTry[:0]
	e.upstream.Search(&r.search, r.plan, e.want(c))
	for {
		callCtx, i, more, err := r.search.Next(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return r.answer(err)
		case err != nil:
			r.failed(i, call.Head{}, err)
			continue
		case i < 0:
			return r.answer(r.err)
		}
		reply, err := r.attempt(callCtx, &r.plan[i])
		for _, again := range r.retries.Take() {
			r.failed(i, call.Head{}, again.Err)
			r.tries[len(r.tries)-1].Part = again.Part
		}
		if err == nil {
			return r.answered(i, reply), nil
		}
		if !r.goesOn(ctx, i, reply.Head, err) {
			if errors.Is(err, errSilent) {
				err = r.err // what the target had said before it fell silent may be of more use
			}
			return r.answer(err)
		}
		if more {
			r.search.Left()
		}
	}
}

// interchangeable are the targets that may stand in for each other. Vectors of two embedding models cannot be compared,
// so that such a request stays with the model of its first target, in whatever region.
func interchangeable(c *call.Call) []catalog.Target {
	plan := c.Plan.Targets
	if kind := catalog.Kinds[c.Endpoint.Kind]; kind == nil || !kind.Alone {
		return plan
	}
	other := func(t catalog.Target) bool {
		return t.Row.ID != plan[0].Row.ID || t.Row.ID == "" && t.CalledID != plan[0].CalledID
	}
	if !slices.ContainsFunc(plan, other) {
		return plan
	}
	return slices.DeleteFunc(slices.Clone(plan), other) // plans are shared
}

// run is one request on its way from target to target.
type run struct {
	*engine
	call     *call.Call
	plan     []catalog.Target
	search   upstream.Search
	tries    []call.Try
	firstTry [1]call.Try // for the ordinary case
	calls    int         // tries that were more than waiting
	ids      []string    // AWS's, of failures
	last     call.Head   // of the last failure
	err      error       // of all failures the one of most use to the client
	why      upstream.Outcome

	retries upstream.Retries // of the attempt under way

	stream stream // once it has begun
}

func (r *run) tried(i int, o upstream.Outcome, kind openai.Kind, unsent bool) {
	model, region := r.search.Where(i)
	r.tries = append(r.tries, call.Try{Model: model, Region: region, Outcome: o, Kind: kind, Unsent: unsent})
	if o != upstream.Overloaded {
		r.calls++
		r.last.Target = r.plan[i]
	}
}

func (r *run) answered(i int, reply call.Reply) call.Reply {
	r.tried(i, upstream.OK, 0, false)
	reply.Head.Target, reply.Head.Attempts, reply.Head.Tries = r.last.Target, r.calls, r.tries
	if len(r.ids) > 0 {
		reply.Head.Upstream = append(r.ids, reply.Head.Upstream...)
	}
	return reply
}

// answer is the end without an answer.
func (r *run) answer(err error) (call.Reply, error) {
	head := r.last
	head.Attempts, head.Tries, head.Upstream = r.calls, r.tries, r.ids
	return call.Reply{Head: head}, err
}

// goesOn takes note of a failed attempt and tells whether another target may have its turn.
func (r *run) goesOn(ctx context.Context, i int, head call.Head, err error) bool {
	var oe *openai.Error
	ours := errors.As(err, &oe)
	o := r.failed(i, head, err)
	r.search.Failed(r.blamed(ctx, o), called(o, oe))
	return ours && ctx.Err() == nil && r.upstream.GoesOn(o)
}

// failed takes note of a failure and keeps the error that is of most use: by its rank, and of equals that of the target
// which the plan likes best.
func (r *run) failed(i int, head call.Head, err error) upstream.Outcome {
	o := upstream.OutcomeOf(err)
	var oe *openai.Error
	if errors.As(err, &oe) {
		if oe.UpstreamID != "" {
			r.ids = append(r.ids, oe.UpstreamID)
		}
		r.tried(i, o, oe.Kind, oe.Unsent)
	} else {
		r.tried(i, o, openai.Internal, false)
	}
	if o != upstream.Overloaded {
		if code := call.UpstreamCode(err); code != "" {
			r.recorder.UpstreamError(call.ModelLabel(r.plan[i]), code)
		}
		r.last.Adjusted = head.Adjusted
	}
	if r.err == nil || o.Beats(r.why) {
		r.err, r.why = err, o
	}
	return o
}

// blamed is what a failure says of the target. That the request's own time was up says something only when the target
// has had the time that another one would have had.
func (r *run) blamed(ctx context.Context, o upstream.Outcome) upstream.Outcome {
	if ctx.Err() == nil {
		return o
	}
	patience := r.upstream.Config().Attempt.Patience(r.call.Request.Facts().Stream, true)
	if errors.Is(ctx.Err(), context.Canceled) && !errors.Is(context.Cause(ctx), call.ErrDeadline) ||
		r.search.Took() < patience {
		return upstream.Canceled
	}
	return upstream.Timeout
}

// called tells whether Bedrock was, or our own translation has refused the request for this target.
func called(o upstream.Outcome, e *openai.Error) bool {
	if e == nil || e.UpstreamID != "" {
		return true
	}
	return o != upstream.Invalid && o != upstream.Unsupported && o != upstream.ContextLength && o != upstream.NotFound
}

func (e *engine) try(ctx context.Context, c *call.Call, t *catalog.Target) (call.Reply, error) {
	service, err := e.services(*t)
	if err != nil {
		return call.Reply{}, err
	}
	if err := c.Hold.Send(ctx); err != nil {
		return call.Reply{}, err
	}
	return e.attempts[c.Endpoint.Kind](ctx, e, service, c, *t)
}
