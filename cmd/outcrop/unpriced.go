package main

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"outcrop/internal/access/keys"
	"outcrop/internal/catalog"
	"outcrop/internal/config"
	"outcrop/router"
)

// warnUnpriced tells at the start whose budgets do not hold: keys and tenants with a budget, while calls of models that
// the settings lead to have no price and count nothing. Keys of the store that cannot be read now are told of
// elsewhere.
func warnUnpriced(ctx context.Context, cfg *config.Config, keys keys.Store,
	leads func(string) []router.Plan, log *slog.Logger) {
	if cfg.Budgets.UnknownPrice != "allow" {
		return
	}
	budgeted := budgeted(ctx, cfg, keys)
	models := unpriced(cfg, leads)
	if len(budgeted) > 0 && len(models) > 0 {
		log.Warn("budgets do not hold for models without a price: their calls count nothing (budgets.unknown_price: "+
			"refuse keeps them from keys with "+
			"a budget, models.catalog gives them a price)", "budgets_of", short(budgeted), "models", short(models))
	}
}

// budgeted are the keys and tenants that have a budget.
func budgeted(ctx context.Context, cfg *config.Config, s keys.Store) []string {
	names := map[string]bool{}
	for _, k := range cfg.Access.Keys {
		if k.Budget.Amount > 0 {
			names[k.Name] = true
		}
	}
	for tenant := range cfg.Budgets.Tenants {
		names["tenant "+tenant] = true
	}
	stored, _ := keys.NewRegistry(s).List(ctx)
	for i := range stored {
		if k := &stored[i]; k.Budget != nil && k.Revoked.IsZero() {
			names[k.ID] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// unpriced are the models without a price that names of the settings lead to.
func unpriced(cfg *config.Config, leads func(string) []router.Plan) []string {
	models := map[string]bool{}
	names := append(slices.Collect(maps.Keys(cfg.Models.Aliases)), slices.Collect(maps.Keys(cfg.Router.Tiers))...)
	for _, name := range names {
		for _, plan := range leads(name) {
			for _, t := range plan.Targets {
				if t.Row != nil && t.Row.PriceFor(t.CalledID) == (catalog.Price{}) {
					models[t.Row.ID] = true
				}
			}
		}
	}
	delete(models, "") // the base of an inference profile that AWS has not been asked for yet
	return slices.Sorted(maps.Keys(models))
}

// short leaves of a long list so much as a line of the log should hold.
func short(list []string) []string {
	const most = 20
	if len(list) > most {
		return append(slices.Clone(list[:most]), "…")
	}
	return list
}
