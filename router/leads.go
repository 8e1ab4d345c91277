package router

import "outcrop/internal/catalog"

// Leads gives the plans that a name can lead to, as far as tier and targets go: one for a model, an alias or a tier,
// one for each tier for a set of rules, none for a name that leads nowhere. What a request needs does not count here.
func (r *Router) Leads(name string) []Plan {
	to, known := r.routes[name]
	switch {
	case !known:
		t, err := r.resolve(name)
		if err != nil {
			return nil
		}
		return []Plan{{Targets: []catalog.Target{t}}}
	case to.rules != nil:
		plans := make([]Plan, 0, len(r.tiers))
		for _, t := range r.tiers {
			plans = append(plans, Plan{Targets: t.targets, Tier: t.name})
		}
		return plans
	}
	return []Plan{to.plan}
}

// Leads is [Router.Leads].
func (l *Live) Leads(name string) []Plan { return l.router.Load().Leads(name) }
