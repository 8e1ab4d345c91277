package router

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"outcrop/internal/catalog"
	"outcrop/router/score"
)

// Faults judges what rules say by themselves: expressions and patterns that do not compile, tiers that do not exist,
// names that stand twice. They are by the member that has to change: "rules[2].when", "tiers[fast].next", "score".
func (c Rules) Faults() map[string]error {
	faults := map[string]error{}
	if len(c.Tiers) == 0 {
		if len(c.Rules)+len(c.RuleSets) > 0 {
			faults["tiers"] = errors.New("are needed by rules")
		}
		return faults
	}
	c.tierFaults(faults)
	if _, err := score.New(c.Score); err != nil {
		faults["score.fast_below"] = err
	}
	c.ruleFaults(faults, "rules", c.Rules)
	for name, rules := range c.RuleSets {
		member := "rule_sets[" + name + "]"
		if _, tier := c.Tiers[name]; tier || reserved(name) {
			faults[member] = fmt.Errorf("%q means something else already; give the rule set another name", name)
		}
		c.ruleFaults(faults, member, rules)
	}
	return faults
}

// reserved tells whether a name means something besides tiers and rule sets.
func reserved(name string) bool { return name == Auto || name == byScore || name == byHeader }

func (c Rules) tierFaults(faults map[string]error) {
	for name, t := range c.Tiers {
		member := "tiers[" + name + "]"
		switch {
		case reserved(name):
			faults[member] = fmt.Errorf("%q means something else already; give the tier another name", name)
		case len(t.Targets) == 0:
			faults[member+".targets"] = errors.New("a tier needs at least one target")
		}
		if _, ok := c.Tiers[t.Next]; t.Next != "" && !ok {
			faults[member+".next"] = c.noTier(t.Next)
		} else if chain := c.chainFrom(name); chain != nil && name == slices.Min(chain) {
			faults[member+".next"] = fmt.Errorf("%s is a circle", strings.Join(append(chain, name), " → "))
		}
	}
	for _, name := range []string{TierFast, TierBalanced, TierQuality} {
		if _, ok := c.Tiers[name]; !ok {
			faults["tiers"] = fmt.Errorf("lack %s, which the score chooses", name)
		}
	}
}

func (c Rules) ruleFaults(faults map[string]error, list string, rules []Rule) {
	seen := map[string]int{}
	for i := range rules {
		r, member := &rules[i], fmt.Sprintf("%s[%d]", list, i)
		if first, twice := seen[r.Name]; twice {
			faults[member+".name"] = fmt.Errorf("%q is the name of rule %d already", r.Name, first+1)
		} else {
			seen[r.Name] = i
		}
		if _, ok := c.Tiers[r.Tier]; !ok && r.Tier != byScore && r.Tier != byHeader {
			faults[member+".tier"] = c.noTier(r.Tier)
		}
		_, own := compile(r)
		for name, err := range own {
			faults[member+"."+name] = err
		}
	}
}

func (c Rules) noTier(name string) error {
	return fmt.Errorf("%q is no tier; there are %s", name, strings.Join(slices.Sorted(maps.Keys(c.Tiers)), ", "))
}

// chainFrom gives the tiers of the circle that a tier is part of by way of next, from itself; nil when it is part of
// none.
func (c Rules) chainFrom(name string) []string {
	chain := []string{name}
	for next := above(name, c.Tiers[name].Next); next != "" && len(chain) <= len(c.Tiers); next = above(next,
		c.Tiers[next].Next) {
		if next == name {
			return chain
		}
		chain = append(chain, next)
	}
	return nil
}

// Faults judges the names of a configuration against each other and against a catalogue, which has the configured rows
// and base models already. It gives what is wrong by setting: "models.aliases[gpt-4o]",
// "router.tiers[fast].targets[0].model".
func Faults(cfg Config, c *catalog.Catalog) map[string]error {
	faults := map[string]error{}
	for alias, err := range c.AliasFaults(cfg.Aliases) {
		target := cfg.Aliases[alias]
		if _, more := cfg.Aliases[target]; more || cfg.Rules.what(target) == "" {
			faults["models.aliases["+alias+"]"] = err
		}
	}
	for alias := range cfg.Aliases {
		if what := cfg.Rules.what(alias); what != "" {
			faults["models.aliases["+alias+"]"] = fmt.Errorf("%q is the name of %s already; give one of the two another name",
				alias, what)
		}
	}
	for name, t := range cfg.Rules.Tiers {
		clash(faults, "router.tiers["+name+"]", name, c)
		for i, target := range t.Targets {
			if err := targetFault(target, c, cfg.Aliases); err != nil {
				faults[fmt.Sprintf("router.tiers[%s].targets[%d].model", name, i)] = err
			}
		}
	}
	for name := range cfg.Rules.RuleSets {
		clash(faults, "router.rule_sets["+name+"]", name, c)
	}
	return faults
}

// what says what a name of the rules is; "" when it is none.
func (c Rules) what(name string) string {
	if len(c.Tiers) == 0 {
		return ""
	}
	if _, ok := c.Tiers[name]; ok {
		return "a tier"
	}
	if _, ok := c.RuleSets[name]; ok || name == Auto {
		return "a rule set"
	}
	return ""
}

func clash(faults map[string]error, member, name string, c *catalog.Catalog) {
	if _, err := c.Resolve(name, ""); err == nil {
		faults[member] = fmt.Errorf("%q is the name of a model; give it another name", name)
	}
}

// targetFault judges one target of a tier. Unlike a client, a tier may not name what merely looks like a model: a
// mistake would show only when a call fails.
func targetFault(from Target, c *catalog.Catalog, aliases map[string]string) error {
	t, err := resolveTarget(c, from, "us-east-1") // which names lead somewhere does not depend on the region
	_, alias := aliases[from.Model]
	switch {
	case err != nil && alias:
		return fmt.Errorf("%q is an alias; name the model, profile or ARN", from.Model)
	case err != nil:
		return fmt.Errorf("unknown model: %w", err)
	case !t.Row.Known && t.Row.ID != "":
		return fmt.Errorf("unknown model: %q is not in the catalogue; models.catalog can add it", from.Model)
	case from.Region != "" && t.Region != from.Region:
		return fmt.Errorf("the ARN is of %s, and region says %s", t.Region, from.Region)
	case t.Row.Kind != "" && catalog.Kinds[t.Row.Kind] == nil:
		return fmt.Errorf("%q is a model of kind %s; this gateway serves %s", from.Model, t.Row.Kind, catalog.AllServed)
	case Check(&Facts{Kind: t.Row.Kind}, t.Row) != nil:
		return fmt.Errorf("%q cannot be served: this gateway serves chat models by Converse, and embedding models",
			from.Model)
	}
	return nil
}
