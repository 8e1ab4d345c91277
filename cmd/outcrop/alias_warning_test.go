package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"outcrop/internal/config"
	"outcrop/internal/telemetry"
)

// TestMendC6AliasesThatLeadToUnknownModels: the start names them, with the model that may have been meant, and no
// others.
func TestMendC6AliasesThatLeadToUnknownModels(t *testing.T) {
	const text = `models:
  aliases:
    lite: amazon.nova-lite-v1:0
    typo: amazon.nova-lit-v1:0
    far: us.amazon.nova-prou-v1:0
    arn: "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"
`
	cfg, err := config.Load(config.Source{Path: "f", ReadFile: func(string) ([]byte, error) { return []byte(text), nil }})
	if err != nil {
		t.Fatal(err)
	}
	models, err := routes(cfg, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	warnAliases(cfg, models, telemetry.NewLogger(io.Writer(&b), 0, true))
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d warnings: %s", len(lines), b.String())
	}
	for i, want := range [][]string{{`"alias":"far"`, "amazon.nova-pro-v1:0"},
		{`"alias":"typo"`, `"nearest":"amazon.nova-lite-v1:0"`}} {
		for _, part := range want {
			if !strings.Contains(lines[i], part) {
				t.Errorf("no %s in %s", part, lines[i])
			}
		}
	}
}
