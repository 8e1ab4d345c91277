package config

import (
	"fmt"
	"slices"
	"strings"

	"outcrop/internal/catalog"
	"outcrop/router"
)

// catalog lets the catalogue judge each row of the settings, each base model and the aliases by themselves, so that the
// complaint can say where it stands.
func (l *loader) catalog() {
	const setting = "models.catalog"
	rows := map[string]catalog.Override{}
	for id, row := range l.cfg.Models.Catalog {
		name := entryName(setting, id)
		if slices.ContainsFunc(l.complaints, func(c complaint) bool { return strings.HasPrefix(c.setting, name) }) {
			continue
		}
		if _, err := catalog.Default().With(catalog.Options{Rows: map[string]catalog.Override{id: row}}); err != nil {
			l.complain(l.origin(name), name, "%s", err)
			continue
		}
		rows[id] = row
	}
	c, err := catalog.Default().With(catalog.Options{Rows: rows})
	if err != nil {
		l.complain(l.origin(setting), setting, "%s", err)
		return
	}
	l.baseModels(c)
	l.routes(c)
}

func (l *loader) baseModels(c *catalog.Catalog) {
	for arn, base := range l.cfg.Models.BaseModels {
		name := entryName("models.base_models", arn)
		if l.complaints.about(name) || l.mayBeRow(base) {
			continue
		}
		if _, err := c.With(catalog.Options{BaseModels: map[string]string{arn: base}}); err != nil {
			l.complain(l.origin(name), name, "%s", strings.TrimPrefix(err.Error(), "base models: "))
		}
	}
}

// routes lets the router judge where names lead: aliases, and the models of tiers.
func (l *loader) routes(c *catalog.Catalog) {
	aliases := l.cfg.Models.Aliases
	faults := router.Faults(router.Config{Aliases: aliases, Rules: l.cfg.Router}, c)
	for alias, target := range aliases {
		if l.complaints.about(entryName("models.aliases", target)) || l.mayBeRow(target) {
			delete(faults, entryName("models.aliases", alias))
		}
	}
	for name, tier := range l.cfg.Router.Tiers {
		for i, target := range tier.Targets {
			if l.mayBeRow(target.Model) {
				delete(faults, fmt.Sprintf("router.tiers[%s].targets[%d].model", name, i))
			}
		}
	}
	l.report("", faults)
}

// mayBeRow tells whether a name may be meant for a row of the settings that is at fault: it is shaped like the id of a
// model, and some row is. Once that is mended, the name may be right.
func (l *loader) mayBeRow(name string) bool {
	return strings.Contains(name, ".") && l.complaints.about("models.catalog")
}
