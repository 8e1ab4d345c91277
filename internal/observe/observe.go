// Package observe sees what becomes of requests and calls of models, and holds those who are told when they have ended:
// limits, usage, costs, records and metrics.
//
// It changes nothing of an answer but for the manifest that a client asks for. No stage elsewhere wraps an answer only
// to look at it.
//
// Start at Outside and Inside; who is told is listed in pipeline.New.
package observe

import (
	"context"
	"time"

	"outcrop/internal/call"
	"outcrop/internal/telemetry"
	"outcrop/openai"
)

// Outside observes what callers get: the digests of what they ask, and the answer as they read it. redact makes texts
// fit for the record; with nil none is kept.
func Outside(rec *telemetry.Recorder, redact func(string) string, tell ...func(context.Context,
	*call.Served)) call.Stage {
	return func(next call.Handler) call.Handler {
		return func(ctx context.Context, c *call.Call) (call.Reply, error) {
			o := &outside{Served: call.Served{Call: c}, rec: rec, redact: redact, tell: tell, done: rec.Begin()}
			o.ctx, o.by, o.awaited = ctx, o, true
			c.Served = &o.Served
			reply, err := o.observe(c, next)
			if err == nil && o.record != nil {
				reply.Parts = o.record.signed(reply.Parts)
			}
			return reply, err
		}
	}
}

type outside struct {
	observed
	call.Served
	rec    *telemetry.Recorder
	redact func(string) string
	tell   []func(context.Context, *call.Served)
	done   func()     // takes it from the requests in flight
	record *recording // nil: none is kept
}

func (o *outside) begin() {
	arrived(o.rec, o.Call)
	if o.Call.Entry != nil {
		o.record = openRecord(o.Call, o.redact)
	}
}

func (o *outside) head(h *call.Head, answered bool) {
	o.Head, o.Answered = *h, answered
	if answered {
		remembered(o.rec, &o.Served)
	}
	if o.record != nil {
		o.record.head(h, answered)
	}
}

func (o *outside) first() {
	o.rec.FirstPart(o.Call.Endpoint.Name, call.ModelLabel(o.Head.Target), time.Since(o.Call.At))
}

func (o *outside) see(p openai.Part) {
	if o.First.IsZero() {
		o.First = time.Now()
	}
	if u := p.Tokens(); u != nil {
		o.Usage = u
	}
	if o.record != nil {
		o.record.see(p)
	}
}

// end tells everybody, and completes the record last: what goes wrong there costs the caller nothing, whose answer is
// there.
func (o *outside) end(err error) {
	defer o.done()
	o.Err = err
	o.Fault = call.Guarded(func() error {
		if o.record != nil {
			defer o.record.complete(&o.Served)
		}
		tellAll(o.ctx, o.tell, &o.Served)
		return nil
	})
	if o.Fault != nil {
		o.rec.BackgroundFault("outcome")
	}
}

// tellAll tells everybody of the list in its order, also when one of them panics, which then goes on its way.
func tellAll[T any](ctx context.Context, list []func(context.Context, T), what T) {
	if len(list) > 0 {
		defer tellAll(ctx, list[1:], what)
		list[0](ctx, what)
	}
}

// Inside observes what a call of a model does. It stands inside Recall, so that those who share a call share what
// became of it. With estimate it counts the bytes of answers, for those who reckon with them where nobody tells the
// usage.
func Inside(estimate bool, tell ...func(context.Context, *call.Called)) call.Stage {
	return func(next call.Handler) call.Handler {
		return func(ctx context.Context, c *call.Call) (call.Reply, error) {
			o := &inside{Called: call.Called{Call: c}, tell: tell, estimate: estimate}
			o.ctx, o.by = ctx, o
			return o.observe(c, next)
		}
	}
}

type inside struct {
	observed
	call.Called
	tell     []func(context.Context, *call.Called)
	estimate bool
}

func (o *inside) begin() {}
func (o *inside) first() {}

func (o *inside) head(h *call.Head, answered bool) {
	h.Called = &o.Called
	o.Head, o.Answered = *h, answered
}

func (o *inside) see(p openai.Part) {
	if u := p.Tokens(); u != nil {
		o.Usage = u
		return
	}
	if o.Usage != nil || !o.estimate {
		return
	}
	n := 0
	for _, text := range p.Texts() {
		n += len(*text)
	}
	o.Read(n)
}

func (o *inside) end(err error) {
	o.Err = err
	tellAll(o.ctx, o.tell, &o.Called)
}
