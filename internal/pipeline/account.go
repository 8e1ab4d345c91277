package pipeline

import (
	"context"

	"outcrop/internal/access"
	"outcrop/internal/access/budgets"
	"outcrop/internal/access/usage"
	"outcrop/internal/call"
	"outcrop/internal/telemetry"
	"outcrop/openai"
)

// Account holds a call to the budgets of its key and tenant: it reserves what the call may cost, until Costs has
// counted what it did. It stands inside Recall, so that only calls of models cost anything: of equal requests under way
// those of the first caller pay. Nil budgets limit nobody; output is what a request without a token limit is reckoned
// with.
func Account(rec *telemetry.Recorder, held *budgets.Budgets, counts *usage.Usage, output int64) call.Stage {
	return func(next call.Handler) call.Handler {
		if held == nil {
			return next
		}
		return func(ctx context.Context, c *call.Call) (call.Reply, error) {
			if err := reserve(ctx, c, held, counts, output); err != nil {
				return call.Reply{Head: call.Head{Target: call.Planned(c)}}, err
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

// reserve takes what the call may cost at the dearest of its targets, and leaves word of the usage to count should
// nobody settle it.
func reserve(ctx context.Context, c *call.Call, held *budgets.Budgets, counts *usage.Usage, output int64) (err error) {
	if !held.Holds(&c.Principal) {
		return nil
	}
	e := call.Reckon(c, output)
	var most access.NanoUSD
	guess := usage.Sums{Requests: 1, Estimated: 1}
	for i := range c.Plan.Targets {
		t := &c.Plan.Targets[i]
		rates := call.RatesOf(c, t)
		if !rates.Known() && held.UnknownPrice == "refuse" {
			return &openai.Error{Kind: openai.Forbidden, Code: "price_unknown", Param: "model",
				Message: "The price of this model is not known, so that it cannot be used with an API key that has a budget."}
		}
		own := e.Of(t)
		tokens := access.Tokens{Input: own.AllInput(), Output: own.AllOutput()}
		if cost := rates.Cost(tokens); i == 0 || cost > most {
			most, guess.Cost, guess.Input, guess.Output = cost, int64(cost), tokens.Input, tokens.Output
		}
	}
	c.Hold, err = held.Reserve(ctx, &c.Principal, most, counts.Row(&c.Principal, call.ModelLabel(call.Planned(c)),
		c.Request.Facts().Metadata, guess))
	return err
}
