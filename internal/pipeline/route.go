package pipeline

import (
	"context"

	"outcrop/internal/catalog"
	"outcrop/router"
)

// Route resolves the model that the client named to the ordered list of targets. Where a target is an application inference
// profile, its base model is looked up, since only that tells the capabilities (R-CAP-04).
func Route(r *router.Router, known *catalog.Catalog, profiles BaseModels) Stage {
	return func(next Handler) Handler {
		return func(ctx context.Context, c *Call) (Reply, error) {
			plan, err := r.Plan(router.Facts{Model: c.Request.ModelName(), Kind: c.Endpoint.Kind})
			if err != nil {
				return Reply{}, err
			}
			c.Plan = plan
			return next(ctx, c)
		}
	}
}
