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

// Account holds a call to the budgets of its key and tenant: it reserves what the call may cost, until Costs has counted what it did. It
// stands inside Recall, so that only calls of models cost anything: of equal requests under way those of the first caller pay. Nil
// budgets limit nobody; output is what a request without a token limit is reckoned with.
func Account(rec *telemetry.Recorder, held *budgets.Budgets, counts *usage.Usage, output int64) Stage {
	return func(next Handler) Handler {
		if held == nil {
			return next
		}
		return func(ctx context.Context, c *Call) (Reply, error) {
			if err := reserve(ctx, c, held, counts, output); err != nil {
				return Reply{Head: Head{Target: planned(c)}}, err
			}
			reply, err := next(ctx, c)
			if c.Hold != nil && c.Hold.Warning != "" {
				reply.Head.Warning = c.Hold.Warning
				rec.BudgetWarned()
			}
			return reply, err
		}
	}
}

// reserve takes what the call may cost at the dearest of its targets, and leaves word of the usage to count should nobody settle it.
func reserve(ctx context.Context, c *Call, held *budgets.Budgets, counts *usage.Usage, output int64) (err error) {
	if !held.Holds(&c.Principal) {
		return nil
	}
	e := reckon(c, output)
	var most access.NanoUSD
	guess := usage.Sums{Requests: 1, Estimated: 1}
	for i := range c.Plan.Targets {
		t := &c.Plan.Targets[i]
		rates := ratesOf(c, t)
		if !rates.Known() && held.UnknownPrice == "refuse" {
			return &openai.Error{Kind: openai.Forbidden, Code: "price_unknown", Param: "model",
				Message: "The price of this model is not known, so that it cannot be used with an API key that has a budget."}
		}
		own := e.of(t)
		tokens := access.Tokens{Input: own.allInput(), Output: own.allOutput()}
		if cost := rates.Cost(tokens); i == 0 || cost > most {
			most, guess.Cost, guess.Input, guess.Output = cost, int64(cost), tokens.Input, tokens.Output
		}
	}
	c.Hold, err = held.Reserve(ctx, &c.Principal, most, counts.Row(&c.Principal, modelLabel(planned(c)), c.Request.Facts().Metadata, guess))
	return err
}

// Costs counts what a call has used and cost: of the answer what it says, else by estimate what it was asked and what was produced, and
// the same of attempts that have failed although the model was at work. A nil usage counts nothing.
func Costs(rec *telemetry.Recorder, counts *usage.Usage) func(context.Context, *Called) {
	return func(ctx context.Context, k *Called) {
		c := k.Call
		sums := k.sums()
		c.Hold.Settle(ctx, access.NanoUSD(sums.Cost))
		k.SetCost(sums.Cost, sums.Estimated > 0)
		if sums != (usage.Sums{}) {
			t := k.Head.Target
			if t.Row == nil {
				t = planned(c)
			}
			counts.Count(&c.Principal, modelLabel(t), c.Request.Facts().Metadata, sums)
			rec.Cost(modelLabel(t), sums.Cost, sums.Estimated > 0, sums.Unpriced > 0)
		}
	}
}

func (k *Called) sums() (sums usage.Sums) {
	var e reckoning
	failed := k.failed()
	if len(failed) > 0 || k.Answered && k.Usage == nil {
		e = reckon(k.Call, 0)
	}
	add := func(t *catalog.Target, used access.Tokens) {
		rates := ratesOf(k.Call, t)
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
	switch u := k.Usage; {
	case u != nil:
		add(&k.Head.Target, access.Tokens{Input: u.Prompt, Output: u.Completion, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite})
	case k.Answered:
		add(&k.Head.Target, access.Tokens{Input: e.allInput(), Output: tokensIn(k.Bytes())})
		sums.Estimated = 1
	}
	return sums
}

// unanswered is a try that has brought no answer, for one of so many parts of the request.
type unanswered struct {
	target *catalog.Target
	part   int64
}

// failed are the tries that may have been billed although they have brought no answer, those that the SDK made again among them:
// Bedrock was reached, and the model was at work when its time was up or the caller left, or its reply could not be read. What Bedrock
// refuses costs nothing, and neither does what never got there.
func (k *Called) failed() (list []unanswered) {
	if k.Call.Hold.Unsent() {
		return nil
	}
	for i := range k.Head.Tries {
		try := &k.Head.Tries[i]
		billed := try.Outcome == upstream.Timeout || try.Outcome == upstream.Canceled || try.Kind == openai.BadUpstream
		if !billed || try.Outcome == upstream.OK || try.Unsent {
			continue
		}
		for j := range k.Call.Plan.Targets {
			if t := &k.Call.Plan.Targets[j]; t.Row.ID == try.Model {
				list = append(list, unanswered{t, int64(max(try.Part, 1))})
				break
			}
		}
	}
	if !k.Answered && len(k.Head.Tries) == 0 && errors.Is(k.Err, context.Canceled) && k.Head.Target.Row != nil {
		list = append(list, unanswered{&k.Head.Target, 1})
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

// Tally counts every request for charge-back: how many there were, those that were answered from memory, and those that failed; tokens
// and cost are for Costs to count. A nil usage counts nothing.
func Tally(counts *usage.Usage) func(context.Context, *Served) {
	return func(_ context.Context, s *Served) {
		sums := usage.Sums{Requests: 1}
		if s.Head.Cache.State == "hit" {
			sums.Cached = 1
		}
		if s.Err != nil && !errors.Is(s.Err, context.Canceled) {
			sums.Errors = 1
		}
		t := s.Head.Target
		if t.Row == nil {
			t = planned(s.Call)
		}
		counts.Count(&s.Call.Principal, modelLabel(t), s.Call.Request.Facts().Metadata, sums)
	}
}
