// Package router turns the model name of a request into the ordered list of targets to call, and says which rule chose
// them: a name leads to one model, to a tier of models, or to a set of rules that choose the tier from the facts of the
// request. It also lists the models that clients can name.
//
// It decides from memory alone: everything is compiled at construction, and only what a rule asks for is worked out of
// a request. It must not call AWS, read a clock or know HTTP.
//
// Start reading at [New] and [Router.Plan]; tiers and rules as people write them are in rules.go, what rules read in
// facts.go, what a model can do in capability.go; the list of models is in models.go, the router that follows AWS's
// lists in live.go.
package router

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/router/score"
)

// Config says which names clients may use beyond those of the catalogue.
type Config struct {
	// Aliases are names for clients: alias → a model id, profile id, ARN, tier, rule set or another alias.
	Aliases map[string]string `validate:"dive,keys,required,max=2048,endkeys,required,max=2048"`
	// AllowARNs lets clients name ARNs (R-CAP-01). Aliases may always lead to one.
	AllowARNs bool
	// BaseModels names the model behind ARNs that do not tell it: ARN → model id (R-CAP-04).
	BaseModels map[string]string `validate:"dive,keys,startswith=arn:,endkeys,required,max=2048"`
	// HideTargets keeps the list of models from telling what stands behind an alias (R-MOD-04).
	HideTargets bool
	// InputTypes say what texts are embedded for under an alias, where the request does not (R-EMB-11).
	InputTypes map[string]string
	// Catalog changes rows of the catalogue or adds some, by model id.
	Catalog map[string]catalog.Override
	// Rules are the tiers and what chooses among them; without tiers there is no model "auto".
	Rules Rules
}

// Plan is where a request goes. Plans are shared between requests: callers must not change the list.
type Plan struct {
	Targets []catalog.Target // in the order in which they are tried, at least one
	Rule    string           // what chose them: "model", "alias", "tier", or the name of the rule that fired
	Tier    string           // the tier that they are of; "" when a name led to one model
	Score   float64          // complexity, 0 to 1, when Scored
	Scored  bool             // whether a rule asked for the score
	Home    string           // the gateway's own region, which is meant by a target without one
	// InputType is what the alias says that texts are embedded for: "search_query" … (R-EMB-11); "" is nothing.
	InputType string
}

// Router is what one state of the catalogue makes of the names. It never changes and is safe for concurrent use; [Live]
// is the one of the moment.
type Router struct {
	cfg     Config
	catalog *catalog.Catalog
	region  string
	routes  map[string]route // every name that is known beforehand
	aliases []string         // in order
	tiers   map[string]*tier
	sets    map[string][]rule // "auto" and the rule sets
	scorer  *score.Scorer     // nil without tiers
}

// route is where a name leads: to the targets of its plan, to the tier that these are of, or to rules that choose one.
type route struct {
	plan  Plan
	tier  *tier
	rules []rule
}

// New reads the aliases, tiers and rules. It reports what [Faults] and [Rules.Faults] find, rows that cannot be and
// base models that are not known.
func New(cfg Config, c *catalog.Catalog, region string) (*Router, error) {
	c, err := c.With(catalog.Options{Rows: cfg.Catalog, BaseModels: cfg.BaseModels})
	if err != nil {
		return nil, err
	}
	faults := Faults(cfg, c)
	for member, err := range cfg.Rules.Faults() {
		faults["router."+member] = err
	}
	if len(faults) > 0 {
		return nil, complain(faults)
	}
	r := &Router{cfg: cfg, catalog: c, region: region, routes: map[string]route{},
		aliases: slices.Sorted(maps.Keys(cfg.Aliases))}
	for _, m := range c.Models() {
		r.prepare(m.ID)
		for _, id := range m.Profiles {
			r.prepare(id)
		}
	}
	r.compileRules()
	for _, alias := range r.aliases {
		r.routes[alias] = r.follow(alias)
	}
	return r, nil
}

// prepare keeps the plan of a name of the catalogue.
func (r *Router) prepare(name string) {
	if t, err := r.catalog.Resolve(name, r.region); err == nil {
		r.routes[name] = r.direct(t)
	}
}

func (r *Router) direct(t catalog.Target) route {
	return route{plan: Plan{Targets: []catalog.Target{t}, Rule: "model", Home: r.region}}
}

func complain(faults map[string]error) error {
	var problems []error
	for _, member := range slices.Sorted(maps.Keys(faults)) {
		problems = append(problems, fmt.Errorf("%s: %w", member, faults[member]))
	}
	return errors.Join(problems...)
}

// follow goes from an alias without fault, over other aliases, to where it leads; the first of them that has an input
// type decides on it. Public becomes the id of the model that serves, or the alias where that is not known, but never
// the profile or ARN that is called (R-RES-02).
func (r *Router) follow(alias string) route {
	inputType, name := "", ""
	for next, more := alias, true; more; next, more = r.cfg.Aliases[name] {
		name = next
		inputType = cmp.Or(inputType, r.cfg.InputTypes[name])
	}
	to, known := r.routes[name]
	if !known || to.tier == nil && to.rules == nil {
		t, _ := r.catalog.Resolve(name, r.region) // which names lead somewhere does not depend on the region
		t.Public = cmp.Or(t.Row.ID, alias)
		to = r.direct(t)
	}
	to.plan.InputType = inputType
	if to.rules == nil {
		to.plan.Rule = "alias"
	}
	return to
}

// Plan finds the targets of a request. An alias wins over a name of the catalogue. The error is always an
// [*openai.Error]: model_not_found, with the reason where the model exists but the endpoint cannot serve it (R-CAP-02,
// R-CAP-08, R-ERR-63), or that of a tier in which nothing can do what the request needs.
func (r *Router) Plan(f *Facts) (Plan, error) {
	to, known := r.routes[f.Model]
	switch {
	case !known:
		t, err := r.resolve(f.Model)
		if err != nil {
			return Plan{}, openai.ModelNotFound(f.Model)
		}
		to = r.direct(t)
	case to.rules != nil:
		return r.choose(to, f)
	case to.tier != nil:
		return r.within(to.tier, to.plan, f)
	}
	if err := Check(f, to.plan.Targets[0].Row); err != nil {
		return Plan{}, err
	}
	return to.plan, nil
}

var errARN = errors.New("clients may not name ARNs")

func (r *Router) resolve(name string) (catalog.Target, error) {
	t, err := r.catalog.Resolve(name, r.region)
	if err == nil && !r.cfg.AllowARNs && catalog.IsARN(t.CalledID) {
		return catalog.Target{}, errARN
	}
	return t, err
}

// WithBase gives the target the row of its base model, which somebody had to ask AWS for (R-CAP-04).
func (r *Router) WithBase(t catalog.Target, base string) catalog.Target {
	return r.catalog.WithBase(t, base)
}
