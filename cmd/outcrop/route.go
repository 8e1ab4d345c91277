package main

import (
	"bytes"
	"cmp"
	"os"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"outcrop/internal/access"
	"outcrop/internal/config"
	"outcrop/internal/pipeline"
	"outcrop/openai"
	"outcrop/router"
)

func routeCommand() *cobra.Command {
	var source config.Source
	var region string
	cmd := &cobra.Command{
		Use:   "route [--config FILE] < requests.jsonl",
		Short: "Show where requests would go, without calling anything",
		Long: `Read JSON lines from standard input, each a chat request {"messages":[…]} or {"prompt":"…"}, and write for each one line:

  {"tier","rule","score","targets":[…],"facts":{…},"price_estimate":…}

or {"error":…,"line":7}, and then the exit code is 1. Other members of a request (model, tools, max_tokens …) count too; without a model it is for "auto". The price is in
USD, of the first target, for the estimated tokens of the prompt and an answer as long as its limit, or of 500 tokens without one.
A line may be 32 MB long. Nothing is called and no AWS credentials are needed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			source.Environ = os.Environ()
			source.Overrides.Insecure = true // nothing listens
			cfg, err := config.Load(source)
			if err != nil {
				return err
			}
			models, err := routes(cfg, cmp.Or(region, cfg.Bedrock.Region, "us-east-1"))
			if err != nil {
				return err
			}
			e, p := explainer{models}, newProgress(cmd.ErrOrStderr(), "routed")
			defer p.end()
			return eachLine(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), p.seen, func(to, line []byte, number int) ([]byte, bool) {
				return e.line(to, line, number, p)
			})
		},
	}
	cmd.Flags().StringVar(&source.Path, "config", "", "configuration file (YAML); without one the built-in tiers and rules")
	cmd.Flags().StringVar(&region, "region", "", "region of the gateway (default: of the configuration, else us-east-1)")
	return cmd
}

// explainer shows what the router makes of requests.
type explainer struct{ models *router.Live }

// request explains the request of a body to a caller of POST /v1/outcrop/route.
func (e explainer) request(body []byte, who access.Principal, tune pipeline.Tune) ([]byte, error) {
	return e.explain(nil, body, who, router.Caller{Key: who.Key, Tenant: who.Tenant, Tier: tune.Tier, TimeBudget: tune.Timeout})
}

// may tells whether a caller may ask for a model.
func (e explainer) may(who access.Principal, model string) bool {
	return !who.Rights.ByModel() || pipeline.MayAsk(who.Rights, model, e.models.Leads(model))
}

// mayUse tells whether any name that a caller may ask for can lead to a model of the catalogue.
func (e explainer) mayUse(who access.Principal, model string) bool {
	if !who.Rights.ByModel() {
		return true
	}
	for _, m := range append(e.models.Models(time.Now()), openai.Model{ID: model}) {
		for _, plan := range e.models.Leads(m.ID) {
			for _, t := range plan.Targets {
				if t.Row.ID == model && pipeline.MayUse(who.Rights, m.ID, plan.Tier, model) {
					return true
				}
			}
		}
	}
	return false
}

func (e explainer) explain(to, body []byte, who access.Principal, caller router.Caller) ([]byte, error) {
	what, err := e.explained(body, who, caller)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(what)
	return append(to, b...), err
}

func (e explainer) explained(body []byte, who access.Principal, caller router.Caller) (*router.Explanation, error) {
	req, kind, bad := router.Decode(body)
	if bad != nil {
		return nil, bad
	}
	facts := router.FactsOf(req, kind, caller)
	if !e.may(who, facts.Model) {
		return nil, openai.ModelNotFound(facts.Model)
	}
	what, err := e.models.Explain(facts)
	if err != nil {
		return nil, err
	}
	if !narrow(&what, who.Rights, facts.Model) {
		return nil, openai.ModelNotFound(facts.Model)
	}
	return &what, nil
}

// narrow leaves out the targets that a caller may not use, and the price if it was that of one; it tells whether any is left.
func narrow(e *router.Explanation, rights *access.Rights, asked string) bool {
	tier := ""
	if e.Tier != nil {
		tier = *e.Tier
	}
	forbidden := func(t router.ExplainedTarget) bool { return !pipeline.MayUse(rights, asked, tier, t.Model) }
	if len(e.Targets) > 0 && forbidden(e.Targets[0]) {
		e.PriceEstimate = nil
	}
	e.Targets = slices.DeleteFunc(e.Targets, forbidden)
	return len(e.Targets) > 0
}

// line is one line of output for one of input, appended to a buffer.
func (e explainer) line(to, line []byte, number int, p *progress) ([]byte, bool) {
	if len(bytes.TrimSpace(line)) == 0 {
		return appendFault(to, openai.Invalidf(openai.CodeInvalidJSON, "", "The line is empty."), number), false
	}
	what, err := e.explained(line, access.Principal{}, router.Caller{})
	if err != nil {
		return appendFault(to, err, number), false
	}
	b, err := json.Marshal(what)
	if err != nil {
		return appendFault(to, err, number), false
	}
	p.routed(what)
	return append(append(to, b...), '\n'), true
}

// routed sums up for the end.
func (p *progress) routed(what *router.Explanation) {
	to := "no tier"
	if what.Tier != nil {
		to = "tier " + *what.Tier
	}
	p.count("lines", to)
	if what.PriceEstimate != nil {
		p.spend(*what.PriceEstimate)
	}
}
