package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"outcrop/policy"
)

// scanLine is one line of input.
type scanLine struct {
	Text      *string `json:"text"`
	Direction string  `json:"direction"`
	Role      string  `json:"role"`
}

// scanned is one line of output; start and end count Unicode code points of the text that came in.
type scanned struct {
	Findings  []scanFinding `json:"findings"`
	Injection struct {
		Score   float64 `json:"score"`
		Blocked bool    `json:"blocked"`
	} `json:"injection"`
	Text string `json:"text"`
}

type scanFinding struct {
	Kind  string  `json:"kind"`
	Start int     `json:"start"`
	End   int     `json:"end"`
	Score float64 `json:"score"`
}

func scanCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "scan [--config FILE] < texts.jsonl",
		Short: "Show what the policy finds in texts, and what becomes of them",
		Long: `Read JSON lines {"text": "…", "direction": "input"} from standard input and write one line for each:
{"findings":[{"kind","start","end","score"}],"injection":{"score","blocked"},"text":"…redacted…"}. start and end count Unicode code
points of the text that came in. A line that cannot be read gives {"error":{"message":"…"},"line":7}, and then the exit code is 1.

Without --config all local detectors are on: redact, threshold 0.8. With it, the section security of the file decides.`,
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
			return eachLine(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), seen.seen, func(to, line []byte, number int) ([]byte, bool) {
				return scanOne(cmd.Context(), p, to, line, number, seen)
			})
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "configuration file (YAML) with a section security")
	return cmd
}

// scanConfig reads the section security of a file; other sections are none of its business.
func scanConfig(path string) (policy.Config, error) {
	if path == "" {
		return policy.Default(), nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return policy.Config{}, err
	}
	var file struct {
		Security yaml.Node `yaml:"security"`
	}
	if err := yaml.Unmarshal(b, &file); err != nil {
		return policy.Config{}, fmt.Errorf("%s: %w", path, err)
	}
	var cfg policy.Config
	if file.Security.IsZero() {
		return cfg, fmt.Errorf("%s: there is no section security", path)
	}
	withoutGateway(&file.Security)
	section, err := yaml.Marshal(&file.Security)
	if err != nil {
		return cfg, err
	}
	d := yaml.NewDecoder(bytes.NewReader(section))
	d.KnownFields(true)
	if err := d.Decode(&cfg); err != nil {
		return cfg, fmt.Errorf("%s: security: %w", path, err)
	}
	return cfg, nil
}

// withoutGateway takes out of the section what only a gateway needs; serve checks it.
func withoutGateway(section *yaml.Node) {
	for i := 0; i+1 < len(section.Content); {
		switch section.Content[i].Value {
		case "managed", "profiles", "on_block", "block_message":
			section.Content = append(section.Content[:i], section.Content[i+2:]...)
		default:
			i += 2
		}
	}
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

func scanText(ctx context.Context, p *policy.Policy, line []byte) (*scanned, error) {
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
	if in.Role == "" {
		in.Role = map[policy.Direction]string{policy.Input: "user", policy.Output: "assistant"}[d]
	}
	text := policy.Text{Value: *in.Text, Role: in.Role}
	session := p.Begin()
	if d == policy.Output { // a vault for tokenize, as the request would have brought one
		if _, err := session.Inspect(ctx, policy.Input, nil); err != nil {
			return nil, err
		}
	}
	v, err := session.Inspect(ctx, d, []policy.Text{text})
	if err != nil {
		return nil, err
	}
	out := &scanned{Findings: make([]scanFinding, 0, len(v.Findings)), Text: v.Texts[0]}
	at, points := 0, 0
	for _, f := range v.Findings { // in order and without overlaps
		points += utf8.RuneCountInString(text.Value[at:f.Start])
		length := utf8.RuneCountInString(text.Value[f.Start:f.End])
		out.Findings = append(out.Findings, scanFinding{f.Kind, points, points + length, f.Score})
		points, at = points+length, f.End
	}
	out.Injection.Score = v.Injection
	if d == policy.Output || in.Role == "system" { // Inspect looks for injections in what others than the operator send to the model
		if out.Injection.Score, err = p.InjectionScore(ctx, text.Value); err != nil {
			return nil, err
		}
	}
	out.Injection.Blocked = p.BlocksInjection("user", out.Injection.Score)
	return out, nil
}
