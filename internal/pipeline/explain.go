package pipeline

import (
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"outcrop/internal/access"
	"outcrop/internal/call"
	"outcrop/openai"
	"outcrop/router"
)

// Explainer tells what would become of requests, without calling anything.
type Explainer struct{ Models *router.Live }

// May tells whether a caller may ask for a model.
func (e Explainer) May(who access.Principal, model string) bool {
	return !who.Rights.ByModel() || mayAsk(who.Rights, model, e.Models.Leads(model))
}

// MayUse tells whether any name that a caller may ask for can lead to a model of the catalogue.
func (e Explainer) MayUse(who access.Principal, model string) bool {
	if !who.Rights.ByModel() {
		return true
	}
	for _, m := range append(e.Models.Models(time.Now()), openai.Model{ID: model}) {
		for _, plan := range e.Models.Leads(m.ID) {
			for _, t := range plan.Targets {
				if t.Row.ID == model && mayUse(who.Rights, m.ID, plan.Tier, model) {
					return true
				}
			}
		}
	}
	return false
}

// Explain gives what the router makes of a body (router.Decode): targets that the caller may not use are left out, and
// the price if it was that of one.
func (e Explainer) Explain(body []byte, who access.Principal, tune call.Tune) (*router.Explanation, error) {
	req, kind, bad := router.Decode(body)
	if bad != nil {
		return nil, bad
	}
	caller := router.Caller{Key: who.Key, Tenant: who.Tenant, Tier: tune.Tier, TimeBudget: tune.Timeout}
	facts := router.FactsOf(req, kind, caller)
	if !e.May(who, facts.Model) {
		return nil, openai.ModelNotFound(facts.Model)
	}
	what, err := e.Models.Explain(facts)
	if err != nil {
		return nil, err
	}
	tier := ""
	if what.Tier != nil {
		tier = *what.Tier
	}
	forbidden := func(t router.ExplainedTarget) bool { return !mayUse(who.Rights, facts.Model, tier, t.Model) }
	if len(what.Targets) > 0 && forbidden(what.Targets[0]) {
		what.PriceEstimate = nil
	}
	if what.Targets = slices.DeleteFunc(what.Targets, forbidden); len(what.Targets) == 0 {
		return nil, openai.ModelNotFound(facts.Model)
	}
	return &what, nil
}

// JSON is what Explain gives, as callers of POST /v1/outcrop/route get it.
func (e Explainer) JSON(body []byte, who access.Principal, tune call.Tune) ([]byte, error) {
	what, err := e.Explain(body, who, tune)
	if err != nil {
		return nil, err
	}
	return json.Marshal(what)
}
