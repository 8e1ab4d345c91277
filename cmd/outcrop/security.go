package main

import (
	"context"

	"outcrop/internal/bedrock"
	"outcrop/internal/config"
	"outcrop/internal/inspect"
	"outcrop/internal/judge"
	"outcrop/internal/telemetry"
	"outcrop/policy"
)

// guards builds the policies of all profiles; there is none for keys without profile when the section security is
// empty.
func guards(cfg *config.Security, b *bedrock.Bedrock, rec *telemetry.Recorder) (inspect.Guards, error) {
	managed := judge.New(cfg.Managed, rec, judge.Judges(cfg.Managed, b.Guardrails())...)
	all := inspect.Guards{}
	add := func(name string, rules *config.SecurityRules) error {
		p, err := policy.New(rules.Config)
		if err != nil {
			return err
		}
		all[name] = &inspect.Guard{Policy: p, Managed: managed, Answer: rules.OnBlock == "answer",
			Message: rules.BlockMessage}
		return nil
	}
	if cfg.Enabled() || managed != nil {
		if err := add("", &cfg.SecurityRules); err != nil {
			return nil, err
		}
	}
	for name, rules := range cfg.Profiles {
		if err := add(name, &rules); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// redactor takes everything personal and secret out of texts that records may keep, whatever the rules say about the
// request.
func redactor(cfg *config.Security) (func(string) string, error) {
	rules := policy.Config{Redaction: policy.Redaction{
		Enabled: true, Action: policy.Redact, Regions: cfg.Redaction.Regions, Custom: cfg.Redaction.Custom}}
	p, err := policy.New(rules)
	if err != nil {
		return nil, err
	}
	return func(text string) string {
		v, err := p.Begin().Inspect(context.Background(), policy.Input, []policy.Text{{Value: text}})
		if err != nil || v.Blocked {
			return "" // rather than what was not looked at
		}
		return v.Texts[0]
	}, nil
}
