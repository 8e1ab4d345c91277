package pipeline

import (
	"context"
	"errors"

	"outcrop/internal/access"
	"outcrop/internal/access/budgets"
	"outcrop/internal/access/usage"
	"outcrop/internal/catalog"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
	"outcrop/openai"
)

// Account holds a call to the budgets of its key and tenant, and counts what it has used and cost. It stands inside Recall, so that
// only calls of models cost anything: of equal requests under way those of the first caller pay. Nil budgets limit nobody, a nil
// usage counts nothing.
func Account(rec *telemetry.Recorder, budgets *budgets.Budgets, usage *usage.Usage, output int64) Stage {
	return func(next Handler) Handler {
		if budgets == nil && usage == nil {
			return next
		}
		return func(ctx context.Context, c *Call) (Reply, error) {
			a := &account{call: c, rec: rec, usage: usage, output: output}
			if err := a.reserve(ctx, budgets); err != nil {
				return Reply{Head: Head{Target: planned(c)}}, err
			}
			passed := false
			defer func() {
				if !passed { // a panic: nobody knows what became of the call
					a.settle(ctx, Head{}, context.Canceled)
				}
			}()
			reply, err := next(ctx, c)
			passed = true
			reply.Head.Bill = &a.bill
			if a.hold != nil && a.hold.Warning != "" {
				reply.Head.Warning = a.hold.Warning
				rec.BudgetWarned()
			}
			if err != nil {
				a.settle(ctx, reply.Head, err)
				return reply, err
			}
			a.answered = true
			head := reply.Head
			reply.Parts = observed(ctx, reply.Parts, a.see, func(err error) { a.settle(ctx, head, err) })
			return reply, nil
		}
	}
}

// account is one call and what it costs.
type account struct {
	meter
	call     *Call
	rec      *telemetry.Recorder
	usage    *usage.Usage
	output   int64
	hold     *budgets.Hold
	bill     Bill
	answered bool // there are parts
}

// reserve takes what the call may cost at the dearest of its targets, and leaves word of the usage to count should nobody settle it.
func (a *account) reserve(ctx context.Context, budgets *budgets.Budgets) (err error) {
	c := a.call
	if !budgets.Holds(&c.Principal) {
		return nil
	}
	e := reckon(c, a.output)
	var most access.NanoUSD
	guess := usage.Sums{Requests: 1, Estimated: 1}
	for i := range c.Plan.Targets {
		t := &c.Plan.Targets[i]
		rates := ratesOf(c, t)
		if !rates.Known() && budgets.UnknownPrice == "refuse" {
			return &openai.Error{Kind: openai.Forbidden, Code: "price_unknown", Param: "model",
				Message: "The price of this model is not known, so that it cannot be used with an API key that has a budget."}
		}
		own := e.of(t)
		tokens := access.Tokens{Input: own.allInput(), Output: own.allOutput()}
		if cost := rates.Cost(tokens); i == 0 || cost > most {
			most, guess.Cost, guess.Input, guess.Output = cost, int64(cost), tokens.Input, tokens.Output
		}
	}
	a.hold, err = budgets.Reserve(ctx, &c.Principal, most, a.usage.Row(&c.Principal, modelLabel(planned(c)), c.Request.Facts().Metadata, guess))
	if a.hold != nil {
		c.Sending = a.hold.Send
	}
	return err
}

// settle counts what the call has used: of the answer what it says, else by estimate what it was asked and what was produced, and
// the same of attempts that have failed although the model was at work.
func (a *account) settle(ctx context.Context, head Head, err error) {
	var sums usage.Sums
	var e reckoning
	failed := a.failed(head, err)
	if len(failed) > 0 || a.answered && a.meter.usage == nil {
		e = reckon(a.call, 0)
	}
	add := func(t *catalog.Target, used access.Tokens) {
		rates := ratesOf(a.call, t)
		if !rates.Known() {
			sums.Unpriced = 1
		}
		sums.Cost += int64(rates.Cost(used))
		sums.Input += used.Input
		sums.Output += used.Output
		sums.CacheRead += used.CacheRead
		sums.CacheWrite += used.CacheWrite
	}
	for _, f := range failed {
		add(f.target, access.Tokens{Input: (e.input + f.part - 1) / f.part})
		sums.Estimated = 1
	}
	switch u := a.meter.usage; {
	case u != nil:
		add(&head.Target, access.Tokens{Input: u.Prompt, Output: u.Completion, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite})
	case a.answered:
		add(&head.Target, access.Tokens{Input: e.allInput(), Output: a.bytesOut()})
		sums.Estimated = 1
	}
	a.hold.Settle(ctx, access.NanoUSD(sums.Cost))
	a.bill.Set(sums.Cost, sums.Estimated > 0)
	if sums != (usage.Sums{}) {
		t := head.Target
		if t.Row == nil {
			t = planned(a.call)
		}
		a.usage.Count(&a.call.Principal, modelLabel(t), a.call.Request.Facts().Metadata, sums)
		a.rec.Cost(modelLabel(t), sums.Cost, sums.Estimated > 0, sums.Unpriced > 0)
	}
}

// unanswered is a try that has brought no answer, for one of so many parts of the request.
type unanswered struct {
	target *catalog.Target
	part   int64
}

// failed are the tries that may have been billed although they have brought no answer, those that the SDK made again among them:
// Bedrock was reached, and the model was at work when its time was up or the caller left, or its reply could not be read. What Bedrock
// refuses costs nothing, and neither does what never got there.
func (a *account) failed(head Head, err error) []unanswered {
	var list []unanswered
	if a.hold.Unsent() {
		return nil
	}
	for i := range head.Tries {
		try := &head.Tries[i]
		billed := try.Outcome == upstream.Timeout || try.Outcome == upstream.Canceled || try.Kind == openai.BadUpstream
		if !billed || try.Outcome == upstream.OK || try.Unsent {
			continue
		}
		for j := range a.call.Plan.Targets {
			if t := &a.call.Plan.Targets[j]; t.Row.ID == try.Model {
				list = append(list, unanswered{t, int64(max(try.Part, 1))})
				break
			}
		}
	}
	if !a.answered && len(head.Tries) == 0 && errors.Is(err, context.Canceled) && head.Target.Row != nil {
		list = append(list, unanswered{&head.Target, 1})
	}
	return list
}

// ratesOf is what a target charges.
func ratesOf(c *Call, t *catalog.Target) access.Rates {
	if t.Row == nil {
		return access.Rates{}
	}
	p := t.Row.PriceFor(t.CalledID)
	write := p.CacheWrite5m
	if p.CacheWrite1h > 0 && c.Request.Facts().CacheHour {
		write = p.CacheWrite1h
	}
	return access.RatesOf(p.Input, p.Output, p.CacheRead, write)
}

// Tally counts every request for charge-back: how many there were, those that were answered from memory, and those that failed. It
// stands outside of what refuses and of Recall; tokens and cost are Account's.
func Tally(counts *usage.Usage) Stage {
	return func(next Handler) Handler {
		if counts == nil {
			return next
		}
		return func(ctx context.Context, c *Call) (Reply, error) {
			var target catalog.Target
			var hit bool
			end := func(err error) {
				sums := usage.Sums{Requests: 1}
				if hit {
					sums.Cached = 1
				}
				if err != nil && !errors.Is(err, context.Canceled) {
					sums.Errors = 1
				}
				counts.Count(&c.Principal, modelLabel(target), c.Request.Facts().Metadata, sums)
			}
			returned := false
			defer func() {
				if !returned {
					end(errPanicked)
				}
			}()
			reply, err := next(ctx, c)
			returned = true
			target, hit = reply.Head.Target, reply.Head.Cache.State == "hit"
			if target.Row == nil {
				target = planned(c)
			}
			if err != nil {
				end(err)
				return reply, err
			}
			reply.Parts = observed(ctx, reply.Parts, func(openai.Part) {}, end)
			return reply, nil
		}
	}
}
