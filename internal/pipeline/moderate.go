package pipeline

import (
	"context"
	"sync"
	"unicode/utf8"

	"outcrop/openai"
	"outcrop/policy"
)

// Moderations is the row of POST /v1/moderations, which Moderate answers itself.
var Moderations = &Endpoint{Name: "moderations"}

// moderationCategories are OpenAI's names of what the content filters of Bedrock look for.
var moderationCategories = map[string]string{
	"HATE": "hate", "INSULTS": "harassment", "SEXUAL": "sexual", "VIOLENCE": "violence", "MISCONDUCT": "illicit",
}

// localPolicy finds everything that our own detectors can, for gateways without rules of their own.
var localPolicy = sync.OnceValues(func() (*policy.Policy, error) { return policy.New(policy.Default()) })

// Moderate answers moderation requests by the detectors of the caller's profile: content categories come from the filters of
// Bedrock, when they are configured, and what our own detectors find stands beside them. It is no business of models, and so
// stands outside the stages that need one.
func Moderate(guards Guards) Stage {
	return func(next Handler) Handler {
		return func(ctx context.Context, c *Call) (Reply, error) {
			req, ok := c.Request.(*openai.ModerationRequest)
			if !ok {
				return next(ctx, c)
			}
			guard, err := guards.of(c.Principal)
			if err != nil {
				return Reply{}, err
			}
			if guard == nil {
				local, err := localPolicy()
				if err != nil {
					return Reply{}, err
				}
				guard = &Guard{Policy: local}
			}
			answer := &openai.ModerationResponse{ID: "modr-" + c.ID, Model: req.ModelName()}
			for i := range req.Input {
				result, err := guard.moderate(ctx, &req.Input[i])
				if err != nil {
					return Reply{}, err
				}
				answer.Results = append(answer.Results, result)
			}
			return Reply{Parts: one(answer)}, nil
		}
	}
}

// moderate judges one item: of several texts the worst counts.
func (g *Guard) moderate(ctx context.Context, item *openai.ModerationItem) (openai.ModerationResult, error) {
	r := openai.ModerationResult{Flagged: map[string]bool{}, Scores: map[string]float64{}}
	r.Local.Unscanned = item.Images
	texts := make([]policy.Text, len(item.Texts))
	for i, text := range item.Texts {
		texts[i] = policy.Text{Value: text, Role: "user", Path: item.Paths[i]}
		score, blocked := g.Policy.InjectionScore(text)
		r.Local.Injection = max(r.Local.Injection, score)
		r.Local.InjectionBlocked = r.Local.InjectionBlocked || blocked
	}
	found, err := g.Policy.Find(ctx, policy.Input, texts)
	if err != nil {
		return r, err
	}
	r.Local.Findings = placed(texts, found)
	if g.Managed == nil {
		return r, nil
	}
	said, err := g.Managed.judge(ctx, policy.Input, texts)
	if err != nil {
		return r, err
	}
	for i := range said {
		for bedrock, category := range moderationCategories {
			score, looked := said[i].Scores[bedrock]
			if !looked {
				continue
			}
			r.Scores[category] = max(r.Scores[category], score)
			r.Flagged[category] = r.Flagged[category] || score > 0 && score >= g.Managed.cfg.Threshold
		}
		for _, attack := range []string{"PROMPT_ATTACK", "JAILBREAK", "PROMPT_INJECTION", "PROMPT_LEAKAGE"} {
			r.Local.Injection = max(r.Local.Injection, said[i].Scores[attack])
		}
		var spans []policy.Finding
		for _, f := range said[i].Findings {
			if f.End > 0 {
				f.Text = i
				spans = append(spans, f.Finding)
			}
		}
		r.Local.Findings = append(r.Local.Findings, placed(texts, spans)...)
	}
	return r, nil
}

// placed gives findings with their places in code points.
func placed(texts []policy.Text, found []policy.Finding) []openai.ModerationFinding {
	var all []openai.ModerationFinding
	for _, f := range found {
		text := texts[f.Text]
		start := utf8.RuneCountInString(text.Value[:f.Start])
		all = append(all, openai.ModerationFinding{Path: text.Path, Kind: f.Kind,
			Start: start, End: start + utf8.RuneCountInString(text.Value[f.Start:f.End]), Score: f.Score})
	}
	return all
}
