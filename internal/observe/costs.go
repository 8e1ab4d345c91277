package observe

import (
	"context"
	"errors"

	"outcrop/internal/access"
	"outcrop/internal/access/usage"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
	"outcrop/openai"
)

// Limits gives back what Limit has taken: the slots, and the tokens that were not used.
func Limits(ctx context.Context, s *call.Served) {
	if admission := s.Call.Admission; admission != nil {
		admission.Settle(ctx, tokens(s))
	}
}

// tokens is what a request counts for. A hit is free.
func tokens(s *call.Served) int64 {
	switch {
	case !s.Answered || s.Head.Cache.State == "hit":
		return 0
	case s.Usage != nil:
		return s.Usage.Total() - s.Head.Cache.Saved
	}
	return call.Sum(call.Reckon(s.Call, 0).AllInput(), call.TokensIn(s.Head.Called.Bytes()))
}

// Costs counts what a call has used and cost: of the answer what it says, else by estimate what it was asked and what
// was produced, and the same of attempts that have failed although the model was at work. A nil usage counts nothing.
func Costs(rec *telemetry.Recorder, counts *usage.Usage) func(context.Context, *call.Called) {
	return func(ctx context.Context, k *call.Called) {
		c := k.Call
		sums := sumsOf(k)
		c.Hold.Settle(ctx, access.NanoUSD(sums.Cost))
		k.SetCost(sums.Cost, sums.Estimated > 0)
		if sums != (usage.Sums{}) {
			t := k.Head.Target
			if t.Row == nil {
				t = call.Planned(c)
			}
			counts.Count(&c.Principal, call.ModelLabel(t), c.Request.Facts().Metadata, sums)
			rec.Cost(call.ModelLabel(t), sums.Cost, sums.Estimated > 0, sums.Unpriced > 0)
		}
	}
}

func sumsOf(k *call.Called) (sums usage.Sums) {
	var e call.Reckoning
	failed := failedOf(k)
	if len(failed) > 0 || k.Answered && k.Usage == nil {
		e = call.Reckon(k.Call, 0)
	}
	add := func(t *catalog.Target, used access.Tokens) {
		rates := call.RatesOf(k.Call, t)
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
		add(f.target, access.Tokens{Input: (e.Input + f.part - 1) / f.part})
		sums.Estimated = 1
	}
	switch u := k.Usage; {
	case u != nil:
		add(&k.Head.Target, access.Tokens{Input: u.Prompt, Output: u.Completion, CacheRead: u.CacheRead,
			CacheWrite: u.CacheWrite})
	case k.Answered:
		add(&k.Head.Target, access.Tokens{Input: e.AllInput(), Output: call.TokensIn(k.Bytes())})
		sums.Estimated = 1
	}
	return sums
}

// unanswered is a try that has brought no answer, for one of so many parts of the request.
type unanswered struct {
	target *catalog.Target
	part   int64
}

// failedOf are the tries that may have been billed although they have brought no answer, those that the SDK made again
// among them: Bedrock was reached, and the model was at work when its time was up or the caller left, or its reply
// could not be read. What Bedrock refuses costs nothing, and neither does what never got there.
func failedOf(k *call.Called) (list []unanswered) {
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

// Tally counts every request for charge-back: how many there were, those that were answered from memory, and those that
// failed; tokens and cost are for Costs to count. A nil usage counts nothing.
func Tally(counts *usage.Usage) func(context.Context, *call.Served) {
	return func(_ context.Context, s *call.Served) {
		sums := usage.Sums{Requests: 1}
		if s.Head.Cache.State == "hit" {
			sums.Cached = 1
		}
		if s.Err != nil && !errors.Is(s.Err, context.Canceled) {
			sums.Errors = 1
		}
		t := s.Head.Target
		if t.Row == nil && call.OutcomeOf(s.Err) != "panic" {
			t = call.Planned(s.Call)
		}
		counts.Count(&s.Call.Principal, call.ModelLabel(t), s.Call.Request.Facts().Metadata, sums)
	}
}
