// Package router turns the model name of a request into the ordered list of targets to call, and says which rule chose them.
// It also lists the models that clients can name.
//
// It decides from memory alone: aliases and catalogue are read at construction, a request costs one look-up. It must not call
// AWS, read a clock or know HTTP.
//
// Start reading at [New] and [Router.Plan]; the list of models is in models.go, the router that follows AWS's lists in live.go.
package router

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// Config says which names clients may use beyond those of the catalogue.
type Config struct {
	// Aliases are names for clients: alias → a model id, profile id, ARN or another alias.
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
}

// Facts are what routing knows of a request.
type Facts struct {
	Model string       // as the client wrote it
	Kind  catalog.Kind // what the endpoint serves
}

// Plan is where a request goes. Plans are shared between requests: callers must not change the list.
type Plan struct {
	Targets []catalog.Target // in the order in which they are tried, at least one
	Rule    string           // what chose them, for log and audit: "model", or "alias" and the name
	Tier    string           // the tier that they are of; "" when a name led to one target
	Score   float64          // complexity, 0 to 1, when Scored
	Scored  bool             // whether the rule that fired asked for the score
	// InputType is what the alias says that texts are embedded for: "search_query" … (R-EMB-11); "" is nothing.
	InputType string
}

// Router is what one state of the catalogue makes of the names. It never changes and is safe for concurrent use; [Live] is the
// one of the moment.
type Router struct {
	cfg     Config
	catalog *catalog.Catalog
	region  string
	plans   map[string]Plan // every name that is known beforehand
	aliases []string        // in order
}

// New reads the aliases. It reports what [catalog.Catalog.AliasFaults] finds, rows that cannot be and base models that are not known.
func New(cfg Config, c *catalog.Catalog, region string) (*Router, error) {
	c, err := c.With(catalog.Options{Rows: cfg.Catalog, BaseModels: cfg.BaseModels})
	if err != nil {
		return nil, err
	}
	r := &Router{cfg: cfg, catalog: c, region: region, plans: map[string]Plan{}, aliases: slices.Sorted(maps.Keys(cfg.Aliases))}
	for _, m := range c.Models() {
		r.prepare(m.ID)
		for _, id := range m.Profiles {
			r.prepare(id)
		}
	}
	if faults := c.AliasFaults(cfg.Aliases); len(faults) > 0 {
		return nil, complain(faults)
	}
	for _, alias := range r.aliases {
		r.plans[alias] = r.follow(alias)
	}
	return r, nil
}

// prepare keeps the plan of a name of the catalogue.
func (r *Router) prepare(name string) {
	if t, err := r.catalog.Resolve(name, r.region); err == nil {
		r.plans[name] = direct(t)
	}
}

func direct(t catalog.Target) Plan { return Plan{Targets: []catalog.Target{t}, Rule: "model"} }

func complain(faults map[string]error) error {
	var problems []error
	for _, alias := range slices.Sorted(maps.Keys(faults)) {
		problems = append(problems, fmt.Errorf("aliases: %s: %w", alias, faults[alias]))
	}
	return errors.Join(problems...)
}

// follow goes from an alias without fault, over other aliases, to its target; the first of them that has an input type decides on
// it. Public becomes the id of the model that serves, or the alias where that is not known, but never the profile or ARN that is
// called (R-RES-02).
func (r *Router) follow(alias string) Plan {
	inputType, name := "", ""
	for next, more := alias, true; more; next, more = r.cfg.Aliases[name] {
		name = next
		inputType = cmp.Or(inputType, r.cfg.InputTypes[name])
	}
	t, _ := r.catalog.Resolve(name, r.region) // which names lead somewhere does not depend on the region
	t.Public = cmp.Or(t.Row.ID, alias)
	return Plan{Targets: []catalog.Target{t}, Rule: "alias " + alias, InputType: inputType}
}

// Plan finds the targets of a request. An alias wins over a name of the catalogue. The error is always an [*openai.Error]:
// model_not_found, with the reason where the model exists but the endpoint cannot serve it (R-CAP-02, R-CAP-08, R-ERR-63).
func (r *Router) Plan(f Facts) (Plan, error) {
	plan, known := r.plans[f.Model]
	if !known {
		t, err := r.resolve(f.Model)
		if err != nil {
			return Plan{}, openai.ModelNotFound(f.Model)
		}
		plan = direct(t)
	}
	if err := Check(f, plan.Targets[0].Row); err != nil {
		return Plan{}, err
	}
	return plan, nil
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

// Check tells whether a model can answer on the endpoint of the request (R-CAP-08); nil, or an [*openai.Error]. What is not known
// of the model passes. Plan has checked its targets; whoever learns more of one (catalog.WithBase) checks again.
func Check(f Facts, m *catalog.Model) error {
	reason := ""
	switch {
	case m.Kind == "":
	case m.Kind != catalog.Chat && m.Kind != catalog.Embed:
		reason = fmt.Sprintf("is a model of kind %q; this gateway serves chat and embedding models", m.Kind)
	case f.Kind == catalog.Chat && m.Kind == catalog.Embed:
		reason = "is an embedding model; use it on the /v1/embeddings endpoint"
	case f.Kind == catalog.Embed && m.Kind == catalog.Chat:
		reason = "is a chat model; use it on the /v1/chat/completions endpoint"
	case m.Kind == catalog.Chat && m.Converse == catalog.No:
		reason = "cannot be used on this endpoint: Amazon Bedrock does not serve it through the Converse API"
	case m.Kind == catalog.Embed && m.EmbedShape == catalog.EmbedNone:
		reason = "cannot be used on this endpoint: its embeddings have no counterpart in the OpenAI API"
	}
	if reason == "" {
		return nil
	}
	return &openai.Error{Kind: openai.NotFound, Code: openai.CodeModelNotFound, Param: "model",
		Message: fmt.Sprintf("The model `%s` %s.", f.Model, reason)}
}
