// Package judge asks detectors of Bedrock, which cost time and money, for their opinion of texts, and remembers what
// they said.
//
// What an opinion leads to is for package policy to say. Start at Managed.
package judge

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/policy"
)

// Guardrails are the verbs of Bedrock that look at texts without asking a model.
type Guardrails interface {
	ApplyGuardrail(context.Context, *bedrockruntime.ApplyGuardrailInput) (*bedrockruntime.ApplyGuardrailOutput, error)
	InvokeGuardrailChecks(context.Context,
		*bedrockruntime.InvokeGuardrailChecksInput) (*bedrockruntime.InvokeGuardrailChecksOutput, error)
}

// Judges are the detectors of Bedrock that the settings ask for.
func Judges(cfg Config, with Guardrails) []Judge {
	var all []Judge
	if cfg.Guardrail.Identifier != "" {
		all = append(all, &guardrailJudge{with, cfg})
	}
	if len(cfg.Checks) > 0 {
		all = append(all, &checksJudge{with, cfg})
	}
	return all
}

// guardrailJudge holds texts against a guardrail of the account.
type guardrailJudge struct {
	api Guardrails
	cfg Config
}

func (j *guardrailJudge) Name() string { return "guardrail" }

func (j *guardrailJudge) Version() string {
	return j.cfg.Guardrail.Identifier + ":" + j.cfg.Guardrail.Version + ":" + j.cfg.Action
}

// levels are rough scores of the words in which ApplyGuardrail tells its confidence.
var levels = map[string]float64{"NONE": 0, "LOW": 0.3, "MEDIUM": 0.6, "HIGH": 0.9}

func (j *guardrailJudge) Judge(ctx context.Context, d policy.Direction, _, text string) (policy.Opinion, error) {
	source := types.GuardrailContentSourceInput
	if d == policy.Output {
		source = types.GuardrailContentSourceOutput
	}
	out, err := j.api.ApplyGuardrail(ctx, &bedrockruntime.ApplyGuardrailInput{
		GuardrailIdentifier: &j.cfg.Guardrail.Identifier, GuardrailVersion: &j.cfg.Guardrail.Version, Source: source,
		OutputScope: types.GuardrailOutputScopeFull,
		Content: []types.GuardrailContentBlock{
			&types.GuardrailContentBlockMemberText{Value: types.GuardrailTextBlock{Text: &text}}},
	})
	if err != nil {
		return policy.Opinion{}, err
	}
	o := policy.Opinion{Scores: map[string]float64{}}
	blocked, masked := false, false
	for i := range out.Assessments {
		b, m := assess(&out.Assessments[i], o.Scores)
		blocked, masked = blocked || b, masked || m
	}
	if out.Action != types.GuardrailActionGuardrailIntervened {
		return o, nil
	}
	if masked && !blocked && len(out.Outputs) > 0 && out.Outputs[0].Text != nil {
		o.Replacement = out.Outputs[0].Text
		return o, nil
	}
	o.Findings = []policy.Judged{{Finding: policy.Finding{Kind: policy.KindGuardrail, Score: 1},
		Action: policy.Action(j.cfg.Action)}}
	return o, nil
}

// assess reads what a guardrail's policies have done, and the levels of its filters.
func assess(a *types.GuardrailAssessment, scores map[string]float64) (blocked, masked bool) {
	did := func(action string) {
		blocked = blocked || action == "BLOCKED"
		masked = masked || action == "ANONYMIZED"
	}
	if p := a.ContentPolicy; p != nil {
		for _, f := range p.Filters {
			did(string(f.Action))
			scores[string(f.Type)] = max(scores[string(f.Type)], levels[string(f.Confidence)])
		}
	}
	if p := a.TopicPolicy; p != nil {
		for _, t := range p.Topics {
			did(string(t.Action))
		}
	}
	if p := a.WordPolicy; p != nil {
		for _, w := range p.CustomWords {
			did(string(w.Action))
		}
		for _, w := range p.ManagedWordLists {
			did(string(w.Action))
		}
	}
	if p := a.SensitiveInformationPolicy; p != nil {
		for _, e := range p.PiiEntities {
			did(string(e.Action))
		}
		for _, r := range p.Regexes {
			did(string(r.Action))
		}
	}
	if p := a.ContextualGroundingPolicy; p != nil {
		for _, f := range p.Filters {
			did(string(f.Action))
		}
	}
	return blocked, masked
}

// checksJudge asks for the checks that need no guardrail.
type checksJudge struct {
	api Guardrails
	cfg Config
}

func (j *checksJudge) Name() string { return "checks" }

func (j *checksJudge) Version() string {
	return fmt.Sprint(slices.Sorted(slices.Values(j.cfg.Checks)), j.cfg.Action, j.cfg.Threshold)
}

// config asks for every category of the checks. Attacks are looked for in what goes in only.
func (j *checksJudge) config(d policy.Direction) *types.GuardrailChecksConfig {
	c := &types.GuardrailChecksConfig{}
	empty := true
	for _, check := range j.cfg.Checks {
		switch check {
		case "content_filter":
			c.ContentFilter = &types.GuardrailChecksContentFilterConfig{}
			for _, v := range types.GuardrailChecksContentFilterCategory("").Values() {
				c.ContentFilter.Categories = append(c.ContentFilter.Categories,
					types.GuardrailChecksContentFilterCategoryConfig{Category: v})
			}
		case "prompt_attack":
			if d == policy.Output {
				continue
			}
			c.PromptAttack = &types.GuardrailChecksPromptAttackConfig{}
			for _, v := range types.GuardrailChecksPromptAttackCategory("").Values() {
				c.PromptAttack.Categories = append(c.PromptAttack.Categories,
					types.GuardrailChecksPromptAttackCategoryConfig{Category: v})
			}
		case "sensitive_information":
			c.SensitiveInformation = &types.GuardrailChecksSensitiveInformationConfig{}
			for _, v := range types.GuardrailChecksSensitiveInformationEntityType("").Values() {
				c.SensitiveInformation.Entities = append(c.SensitiveInformation.Entities,
					types.GuardrailChecksSensitiveInformationEntityConfig{Type: v})
			}
		}
		empty = false
	}
	if empty {
		return nil
	}
	return c
}

func (j *checksJudge) Judge(ctx context.Context, d policy.Direction, _, text string) (policy.Opinion, error) {
	checks := j.config(d)
	if checks == nil {
		return policy.Opinion{}, nil
	}
	role := types.GuardrailChecksRoleUser // what a tool gives back counts as said to the model
	if d == policy.Output {
		role = types.GuardrailChecksRoleAssistant
	}
	out, err := j.api.InvokeGuardrailChecks(ctx, &bedrockruntime.InvokeGuardrailChecksInput{
		Checks: checks,
		Messages: []types.GuardrailChecksMessage{{Role: role,
			Content: []types.GuardrailChecksContentBlock{&types.GuardrailChecksContentBlockMemberText{Value: text}}}},
	})
	if err != nil || out.Results == nil {
		return policy.Opinion{}, err
	}
	o := policy.Opinion{Scores: map[string]float64{}}
	if r := out.Results.ContentFilter; r != nil {
		for _, e := range r.Results {
			j.severe(&o, string(e.Category), "CONTENT_"+string(e.Category), aws.ToFloat64(e.SeverityScore))
		}
	}
	if r := out.Results.PromptAttack; r != nil {
		for _, e := range r.Results {
			j.severe(&o, string(e.Category), policy.KindInjection, aws.ToFloat64(e.SeverityScore))
		}
	}
	if r := out.Results.SensitiveInformation; r != nil {
		for _, e := range r.Results {
			start, end := bytesOf(text, int(aws.ToInt32(e.BeginOffset)), int(aws.ToInt32(e.EndOffset)))
			if end > start {
				o.Findings = append(o.Findings, policy.Judged{Finding: policy.Finding{
					Kind: policy.ManagedKind(string(e.Type)), Start: start, End: end, Score: aws.ToFloat64(e.ConfidenceScore)}})
			}
		}
	}
	return o, nil
}

func (j *checksJudge) severe(o *policy.Opinion, category, kind string, score float64) {
	o.Scores[category] = max(o.Scores[category], score)
	if score > 0 && score >= j.cfg.Threshold {
		o.Findings = append(o.Findings, policy.Judged{Finding: policy.Finding{Kind: kind, Score: score},
			Action: policy.Action(j.cfg.Action)})
	}
}

// bytesOf turns offsets in code points, as Bedrock counts, into bytes; what lies outside the text gives nothing.
func bytesOf(text string, start, end int) (from, to int) {
	if start < 0 || end <= start {
		return 0, 0
	}
	n := 0
	from, to = -1, -1
	for i := range text {
		if n == start {
			from = i
		}
		if n == end {
			to = i
			break
		}
		n++
	}
	if to < 0 && utf8.RuneCountInString(text) == end {
		to = len(text)
	}
	if from < 0 || to < 0 {
		return 0, 0
	}
	return from, to
}
