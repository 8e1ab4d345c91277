package config

import (
	"slices"
	"strings"

	"outcrop/internal/catalog"
)

// catalog lets the catalogue judge each row of the settings, each base model and the aliases by themselves, so that the complaint
// can say where it stands.
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
	l.aliases(c)
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

func (l *loader) aliases(c *catalog.Catalog) {
	const setting = "models.aliases"
	aliases := l.cfg.Models.Aliases
	for alias, err := range c.AliasFaults(aliases) {
		name, target := entryName(setting, alias), aliases[alias]
		if !l.complaints.about(name) && !l.complaints.about(entryName(setting, target)) && !l.mayBeRow(target) {
			l.complain(l.origin(name), name, "%s", err)
		}
	}
}

// mayBeRow tells whether a name may be meant for a row of the settings that is at fault: it is shaped like the id of a model, and
// some row is. Once that is mended, the name may be right.
func (l *loader) mayBeRow(name string) bool {
	return strings.Contains(name, ".") && l.complaints.about("models.catalog")
}
