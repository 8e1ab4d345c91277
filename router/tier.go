package router

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/router/score"
)

// tier is a tier of which everything is resolved.
type tier struct {
	name    string
	targets []catalog.Target // by order
	next    *tier            // takes what none of the targets can do; nil is nobody
}

// rule is a compiled rule.
type rule struct {
	name   string
	when   condition
	tier   *tier // nil: by what tells
	header bool  // the tier that the header names
}

// above is what Next means where it is not given.
func above(name, next string) string {
	switch {
	case next != "":
		return next
	case name == TierFast:
		return TierBalanced
	case name == TierBalanced:
		return TierQuality
	}
	return ""
}

// compileRules makes tiers and rule sets of a configuration without faults, and the routes of their names.
func (r *Router) compileRules() {
	cfg := &r.cfg.Rules
	if len(cfg.Tiers) == 0 {
		return
	}
	r.scorer, _ = score.New(cfg.Score)
	r.tiers, r.sets = map[string]*tier{}, map[string][]rule{}
	for name, t := range cfg.Tiers {
		r.tiers[name] = &tier{name: name, targets: r.targets(name, t.Targets)}
	}
	for name, t := range r.tiers {
		t.next = r.tiers[above(name, cfg.Tiers[name].Next)]
		r.routes[name] = route{plan: Plan{Targets: t.targets, Rule: "tier", Tier: name, Home: r.region}, tier: t}
	}
	r.sets[Auto] = r.compileSet(cfg.Rules)
	for name, rules := range cfg.RuleSets {
		r.sets[name] = r.compileSet(rules)
	}
	for name, rules := range r.sets {
		r.routes[name] = route{plan: Plan{Home: r.region}, rules: rules}
	}
}

func (r *Router) targets(tier string, list []Target) []catalog.Target {
	all := make([]catalog.Target, len(list))
	for i, from := range list {
		t, _ := resolveTarget(r.catalog, from, r.region)
		t.Public = cmp.Or(t.Row.ID, tier) // never the profile or ARN that is called (R-RES-02)
		t.Order, t.Weight, t.ServiceTier = cmp.Or(from.Order, i+1), from.Weight, from.ServiceTier
		all[i] = t
	}
	slices.SortStableFunc(all, func(a, b catalog.Target) int { return cmp.Compare(a.Order, b.Order) })
	return all
}

// resolveTarget finds the model of a target in its region; that of an ARN is in the ARN.
func resolveTarget(c *catalog.Catalog, from Target, home string) (catalog.Target, error) {
	t, err := c.Resolve(from.Model, cmp.Or(from.Region, home))
	if err == nil && t.Region == "" {
		t.Region = from.Region
	}
	return t, err
}

// compileSet compiles rules. What none of them decides, the score does.
func (r *Router) compileSet(list []Rule) []rule {
	all := make([]rule, 0, len(list)+1)
	for i := range list {
		from := &list[i]
		when, _ := compile(from)
		all = append(all, rule{name: from.Name, when: when, tier: r.tiers[from.Tier], header: from.Tier == byHeader})
	}
	last := &Rule{Name: byScore, Tier: byScore}
	return append(all, rule{name: last.Name, when: condition{rule: last}})
}

// choose lets the rules choose the tier.
func (r *Router) choose(to route, f *Facts) (Plan, error) {
	plan := to.plan
	for i := range to.rules {
		rule := &to.rules[i]
		if rule.header && f.caller.Tier == "" || !rule.when.holds(f, r.scorer) {
			continue
		}
		plan.Rule = rule.name
		chosen := rule.tier
		switch {
		case chosen != nil:
		case rule.header:
			if chosen = r.tiers[f.caller.Tier]; chosen == nil {
				return Plan{}, openai.Invalidf(openai.CodeInvalidValue, "x-outcrop-tier",
					"The header x-outcrop-tier names no tier. The tiers are: %s.",
					strings.Join(slices.Sorted(maps.Keys(r.tiers)), ", "))
			}
		default:
			f.need(gScore, r.scorer)
		}
		plan.Scored = f.done&gScore != 0
		if plan.Scored {
			plan.Score = f.known.Score
		}
		if chosen == nil {
			return r.scored(plan, f)
		}
		return r.within(chosen, plan, f)
	}
	return Plan{}, openai.ModelNotFound(f.Model) // never: the last rule always fires
}

// scored gives the targets of the tier that the score asks for. The score is a guess: where neither that tier nor those
// above it can do what the request needs, a lower one that can is better than a refusal.
func (r *Router) scored(plan Plan, f *Facts) (Plan, error) {
	asked := r.scorer.Tier(f.known.Score)
	found, err := r.within(r.tiers[asked], plan, f)
	ladder := [...]string{TierQuality, TierBalanced, TierFast}
	for _, lower := range ladder[slices.Index(ladder[:], asked)+1:] {
		if err == nil {
			break
		}
		if below, none := r.within(r.tiers[lower], plan, f); none == nil {
			return below, nil
		}
	}
	return found, err
}

// within gives the targets of a tier that can do what the request needs; where there is none, those of the next tier.
func (r *Router) within(t *tier, plan Plan, f *Facts) (Plan, error) {
	asked := t
	var lacks []string
	for range r.tiers { // at most each once
		targets, lack := candidates(t, f)
		if len(targets) > 0 {
			plan.Tier, plan.Targets = t.name, targets
			return plan, nil
		}
		for _, l := range lack {
			if !slices.Contains(lacks, l) {
				lacks = append(lacks, l)
			}
		}
		if t = t.next; t == nil {
			break
		}
	}
	return Plan{}, nothingFits(f, asked, lacks)
}

// candidates are the targets of a tier that fit the request, in order: mostly the tier's own list.
func candidates(t *tier, f *Facts) (targets []catalog.Target, lacks []string) {
	whole := true
	for i := range t.targets {
		m := t.targets[i].Row
		fits := Check(f, m) == nil
		if fits {
			if l := lack(f, m); l != "" {
				fits, lacks = false, append(lacks, l)
			}
		}
		switch {
		case fits && !whole:
			targets = append(targets, t.targets[i])
		case !fits && whole:
			whole, targets = false, slices.Clone(t.targets[:i])
		}
	}
	if whole {
		return t.targets, nil
	}
	return targets, lacks
}
