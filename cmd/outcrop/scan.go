package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"outcrop/internal/config"
	"outcrop/policy"
)

// scanLine is one line of input.
type scanLine struct {
	Text      *string `json:"text"`
	Direction string  `json:"direction"`
	Role      string  `json:"role"`
}

func scanCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "scan [--config FILE] < texts.jsonl",
		Short: "Show what the policy finds in texts, and what becomes of them",
		Long: `Read JSON lines {"text": "…", "direction": "input"} from standard input and write one line for each:
{"findings":[{"kind","start","end","score"}],"injection":{"score","blocked"},"text":"…redacted…"}.
start and end count Unicode code points of the text that came in. A line that cannot be read gives
{"error":{"message":"…"},"line":7}, and then the exit code is 1.

Without --config all local detectors are on: redact, threshold 0.8. With it, the section security of
the file decides.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := scanConfig(path)
			if err != nil {
				return err
			}
			p, err := policy.New(cfg)
			if err != nil {
				return err
			}
			seen := newProgress(cmd.ErrOrStderr(), "scanned")
			defer seen.end()
			return eachLine(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), seen.seen,
				func(to, line []byte, number int) ([]byte, bool) {
					return scanOne(cmd.Context(), p, to, line, number, seen)
				})
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "configuration file (YAML) with a section security")
	return cmd
}

// scanConfig gives the rules that a file has for keys without a profile.
func scanConfig(path string) (policy.Config, error) {
	if path == "" {
		return policy.Default(), nil
	}
	section, err := config.SecurityOf(path)
	return section.Config, err
}

// scanOne answers one line.
func scanOne(ctx context.Context, p *policy.Policy, to, line []byte, number int, sum *progress) ([]byte, bool) {
	result, err := scanText(ctx, p, line)
	var b bytes.Buffer
	if err == nil {
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		err = enc.Encode(result)
	}
	if err != nil {
		return appendFault(to, err, number), false
	}
	sum.count("lines")
	for _, f := range result.Findings {
		sum.count(f.Kind)
	}
	if result.Injection.Blocked {
		sum.count("blocked as an injection")
	}
	return append(to, b.Bytes()...), true
}

func scanText(ctx context.Context, p *policy.Policy, line []byte) (*policy.Scanned, error) {
	var in scanLine
	if err := json.Unmarshal(line, &in); err != nil {
		return nil, fmt.Errorf("not a JSON object of text and direction: %w", err)
	}
	if in.Text == nil {
		return nil, errors.New("there is no text")
	}
	d := policy.Input
	switch in.Direction {
	case "", "input":
	case "output":
		d = policy.Output
	default:
		return nil, fmt.Errorf("direction is input or output, not %q", in.Direction)
	}
	return p.Scan(ctx, d, policy.Text{Value: *in.Text, Role: in.Role})
}
