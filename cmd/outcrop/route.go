package main

import (
	"bytes"
	"cmp"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"outcrop/internal/access"
	"outcrop/internal/call"
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
		Long: `Read JSON lines from standard input, each a chat request {"messages":[…]} or {"prompt":"…"}, and
write for each one line:

  {"tier","rule","score","targets":[…],"facts":{…},"price_estimate":…}

or {"error":…,"line":7}, and then the exit code is 1. Other members of a request (model, tools,
max_tokens …) count too; without a model it is for "auto". The price is in USD, of the first target,
for the estimated tokens of the prompt and an answer as long as its limit, or of 500 tokens without
one. A line may be 32 MB long. Nothing is called and no AWS credentials are needed.`,
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
			e, p := pipeline.Explainer{Models: models}, newProgress(cmd.ErrOrStderr(), "routed")
			defer p.end()
			return eachLine(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), p.seen,
				func(to, line []byte, number int) ([]byte, bool) {
					return routeLine(e, to, line, number, p)
				})
		},
	}
	cmd.Flags().StringVar(&source.Path, "config", "",
		"configuration file (YAML); without one the built-in tiers and rules")
	cmd.Flags().StringVar(&region, "region", "", "region of the gateway (default: of the configuration, else us-east-1)")
	return cmd
}

// routeLine is one line of output for one of input, appended to a buffer.
func routeLine(e pipeline.Explainer, to, line []byte, number int, p *progress) ([]byte, bool) {
	if len(bytes.TrimSpace(line)) == 0 {
		return appendFault(to, openai.Invalidf(openai.CodeInvalidJSON, "", "The line is empty."), number), false
	}
	what, err := e.Explain(line, access.Principal{}, call.Tune{})
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
