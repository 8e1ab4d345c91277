package main

import (
	"log/slog"
	"maps"
	"slices"
	"time"

	"outcrop/internal/config"
	"outcrop/internal/nearest"
	"outcrop/router"
)

// warnAliases tells at the start which aliases lead to models that the catalogue does not know: they may be new, or
// mistyped.
func warnAliases(cfg *config.Config, models *router.Live, log *slog.Logger) {
	var known []string
	for _, m := range models.Models(time.Now()) {
		if _, alias := cfg.Models.Aliases[m.ID]; !alias {
			known = append(known, m.ID)
		}
	}
	for _, alias := range slices.Sorted(maps.Keys(cfg.Models.Aliases)) {
		for _, plan := range models.Leads(alias) {
			for _, t := range plan.Targets {
				if t.Row.Known || t.Row.ID == "" { // the model behind an ARN is AWS's to know
					continue
				}
				log.Warn("an alias leads to a model that is not in the catalogue", "alias", alias,
					"target", cfg.Models.Aliases[alias],
					"nearest", nearest.Part(t.Row.ID, known))
			}
		}
	}
}
