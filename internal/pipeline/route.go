package pipeline

import (
	"context"

	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/router"
)

// Route resolves the model that the client named to the ordered list of targets. Where a target is an application
// inference profile, its base model is looked up, since only that tells the capabilities (R-CAP-04).
func Route(r Router, known Catalog, profiles BaseModels) call.Stage {
	return func(next call.Handler) call.Handler {
		return func(ctx context.Context, c *call.Call) (call.Reply, error) {
			facts := FactsOf(c)
			plan, err := r.Plan(facts)
			if err != nil {
				return call.Reply{}, err
			}
			if plan.Targets, err = withBases(ctx, facts, plan, known, profiles); err != nil {
				return call.Reply{}, err
			}
			c.Plan = plan
			return next(ctx, c)
		}
	}
}

// FactsOf are the facts of a call for the router.
func FactsOf(c *call.Call) *router.Facts {
	return router.FactsOf(c.Request, c.Endpoint.Kind, router.Caller{
		Key: c.Principal.Key, Tenant: c.Principal.Tenant, Tier: c.Tune.Tier, TimeBudget: c.Tune.Timeout,
	})
}

// withBases gives the targets with the rows of their base models. A base model that cannot be found out leaves the
// target's capabilities unknown: Bedrock judges the request then (R-CAP-06). Targets of a tier that turn out not to fit
// the request are left out; that nothing is left is the last one's error.
func withBases(ctx context.Context, f *router.Facts, plan router.Plan, known Catalog,
	profiles BaseModels) ([]catalog.Target, error) {
	fits := router.Check
	if plan.Tier != "" {
		fits = router.Fits
	}
	var kept []catalog.Target // plans are shared
	var last error
	for i, t := range plan.Targets {
		if !t.NeedsBase() {
			if kept != nil {
				kept = append(kept, t)
			}
			continue
		}
		if kept == nil {
			kept = append(make([]catalog.Target, 0, len(plan.Targets)), plan.Targets[:i]...)
		}
		base, err := profiles.BaseModel(ctx, t.CalledID)
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		if err == nil {
			t = known.WithBase(t, base)
			if last = fits(f, t.Row); last != nil {
				continue
			}
		}
		kept = append(kept, t)
	}
	switch {
	case kept == nil:
		return plan.Targets, nil
	case len(kept) == 0 && last != nil:
		return nil, last
	case len(kept) == 0:
		return nil, openai.ModelNotFound(f.Model)
	}
	return kept, nil
}
