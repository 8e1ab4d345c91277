package pipeline

import (
	"context"
	"slices"

	"outcrop/internal/catalog"
	"outcrop/router"
)

// Route resolves the model that the client named to the ordered list of targets. Where a target is an application inference
// profile, its base model is looked up, since only that tells the capabilities (R-CAP-04).
func Route(r Router, known Catalog, profiles BaseModels) Stage {
	return func(next Handler) Handler {
		return func(ctx context.Context, c *Call) (Reply, error) {
			facts := router.Facts{Model: c.Request.ModelName(), Kind: c.Endpoint.Kind}
			plan, err := r.Plan(facts)
			if err != nil {
				return Reply{}, err
			}
			if plan.Targets, err = withBases(ctx, facts, plan.Targets, known, profiles); err != nil {
				return Reply{}, err
			}
			c.Plan = plan
			return next(ctx, c)
		}
	}
}

// withBases gives the targets with the rows of their base models. A base model that cannot be found out leaves the target's
// capabilities unknown: Bedrock judges the request then (R-CAP-06).
func withBases(ctx context.Context, f router.Facts, targets []catalog.Target, known Catalog, profiles BaseModels) ([]catalog.Target, error) {
	for i, t := range targets {
		if !t.NeedsBase() {
			continue
		}
		base, err := profiles.BaseModel(ctx, t.CalledID)
		if err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			continue
		}
		targets = slices.Clone(targets) // plans are shared
		targets[i] = known.WithBase(t, base)
		if err := router.Check(f, targets[i].Row); err != nil {
			return nil, err
		}
	}
	return targets, nil
}
