package router

import (
	"math"

	"outcrop/internal/catalog"
	"outcrop/router/score"
)

// UsualAnswer is how many tokens an answer is taken to have where the request sets no limit.
const UsualAnswer = 500

// Explanation is what the router makes of a request, for people who tune rules.
type Explanation struct {
	Tier          *string           `json:"tier"` // nil when a name led to one model
	Rule          string            `json:"rule"`
	Score         float64           `json:"score"` // always worked out here, whether a rule asked for it or not
	Targets       []ExplainedTarget `json:"targets"`
	Facts         *environment      `json:"facts"`
	PriceEstimate *float64          `json:"price_estimate"` // USD, of the first target; nil when its price is not known
}

// ExplainedTarget is a target as clients may see it: never an ARN or a profile.
type ExplainedTarget struct {
	Model       string `json:"model"` // public id in the catalogue; "" when nobody knows the model behind an ARN
	Region      string `json:"region"`
	Order       int    `json:"order,omitzero"`
	Weight      int    `json:"weight,omitzero"`
	ServiceTier string `json:"service_tier,omitzero"`
}

// Explain plans a request and shows everything that could have been read of it. Its errors are those of [Router.Plan].
func (r *Router) Explain(f *Facts) (Explanation, error) {
	plan, err := r.Plan(f)
	if err != nil {
		return Explanation{}, err
	}
	scorer := r.scorer
	if scorer == nil {
		scorer, _ = score.New(score.Default())
	}
	f.need(gShown, scorer)
	e := Explanation{Rule: plan.Rule, Score: round(f.known.Score, 4), Facts: &f.known,
		PriceEstimate: price(plan.Targets[0], f)}
	if plan.Tier != "" {
		e.Tier = &plan.Tier
	}
	for _, t := range plan.Targets {
		region := t.Region
		if region == "" {
			region = plan.Home
		}
		e.Targets = append(e.Targets, ExplainedTarget{Model: t.Row.ID, Region: region, Order: t.Order, Weight: t.Weight,
			ServiceTier: t.ServiceTier})
	}
	return e, nil
}

// price estimates what a call costs in USD: the estimated prompt, and as many answers as are asked for, each as long as
// its limit.
func price(t catalog.Target, f *Facts) *float64 {
	p := t.Row.PriceFor(t.CalledID)
	if p.Input == 0 && p.Output == 0 {
		return nil
	}
	answer := f.known.MaxOutput
	if answer == 0 {
		answer = UsualAnswer
	}
	if t.Row.MaxOutput > 0 {
		answer = min(answer, t.Row.MaxOutput)
	}
	if !f.request.Facts().Writes {
		answer = 0
	}
	const million = 1e6
	usd := round((float64(f.known.Prompt.Tokens)*p.Input+float64(answer*f.known.Choices)*p.Output)/million, 9)
	return &usd
}

func round(x float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(x*scale) / scale
}
