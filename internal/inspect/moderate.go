package inspect

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"unicode/utf8"

	"outcrop/internal/call"
	"outcrop/openai"
	"outcrop/policy"
)

// moderationCategories are OpenAI's names of what the content filters of Bedrock look for.
var moderationCategories = map[string]string{
	"HATE": "hate", "INSULTS": "harassment", "SEXUAL": "sexual", "VIOLENCE": "violence", "MISCONDUCT": "illicit",
}

// localPolicy finds everything that our own detectors can, for gateways without rules of their own.
var localPolicy = sync.OnceValues(func() (*policy.Policy, error) { return policy.New(policy.Default()) })

// Moderate answers moderation requests by the detectors of the caller's profile: content categories come from the
// filters of Bedrock, when they are configured, and what our own detectors find stands beside them. It is no business
// of models.
func Moderate(guards Guards) call.Handler {
	return func(ctx context.Context, c *call.Call) (call.Reply, error) {
		req := c.Request.(*openai.ModerationRequest)
		guard, err := guards.of(c.Principal)
		if err != nil {
			return call.Reply{}, err
		}
		if guard == nil {
			local, err := localPolicy()
			if err != nil {
				return call.Reply{}, err
			}
			guard = &Guard{Policy: local}
		}
		answer := &openai.ModerationResponse{ID: "modr-" + c.ID, Model: req.Facts().Model,
			Results: make([]openai.ModerationResult, 0, len(req.Input))}
		room := mostModerationFindings
		for i := range req.Input {
			result, err := guard.moderate(ctx, &req.Input[i])
			if err != nil {
				return call.Reply{}, err
			}
			room = result.Local.Keep(room)
			answer.Results = append(answer.Results, result)
		}
		return call.Reply{Head: call.Head{Unchecked: answer.Unchecked()}, Parts: call.One(answer)}, nil
	}
}

// mostModerationFindings is how many findings an answer lists; the others are counted.
const mostModerationFindings = 10_000

// moderate judges one item: of several texts the worst counts. An injection that the rules would block makes it
// illicit; personal data flags nothing.
func (g *Guard) moderate(ctx context.Context, item *openai.ModerationItem) (openai.ModerationResult, error) {
	r := openai.ModerationResult{Flagged: map[string]bool{}, Scores: map[string]float64{}}
	r.Local.Unscanned = item.Images
	texts := make([]policy.Text, len(item.Texts))
	for i, text := range item.Texts {
		texts[i] = policy.Text{Value: text, Role: "user", Path: item.Paths[i]}
		score, err := g.Policy.InjectionScore(ctx, text)
		if err != nil {
			return r, err
		}
		r.Local.Injection = max(r.Local.Injection, score)
	}
	r.Local.InjectionBlocked = g.Policy.BlocksInjection("user", r.Local.Injection)
	found, err := g.Policy.Find(ctx, policy.Input, texts)
	if err != nil {
		return r, err
	}
	if g.Managed != nil {
		said, err := g.Managed.Ask(ctx, policy.Input, texts)
		if err != nil {
			return r, err
		}
		found = append(found, g.moderated(said, &r)...)
	}
	if r.Local.InjectionBlocked {
		r.Flagged["illicit"], r.Scores["illicit"] = true, max(r.Scores["illicit"], r.Local.Injection)
	}
	r.Local.Findings = placed(texts, found)
	return r, nil
}

// attacks are the names of what makes a text an injection to the detectors of Bedrock.
var attacks = []string{"PROMPT_ATTACK", "JAILBREAK", "PROMPT_INJECTION", "PROMPT_LEAKAGE"}

// moderated adds to a result what the detectors of Bedrock say of its texts, and gives what they have found in them.
func (g *Guard) moderated(said []policy.Opinion, r *openai.ModerationResult) (spans []policy.Finding) {
	for i := range said {
		for bedrock, category := range moderationCategories {
			if score, looked := said[i].Scores[bedrock]; looked {
				r.Scores[category] = max(r.Scores[category], score)
				r.Flagged[category] = r.Flagged[category] || g.Managed.Counts(score)
			}
		}
		for _, attack := range attacks {
			score := said[i].Scores[attack]
			r.Local.Injection = max(r.Local.Injection, score)
			r.Local.InjectionBlocked = r.Local.InjectionBlocked || g.Managed.Counts(score) && g.Managed.Blocks()
		}
		for _, f := range said[i].Findings {
			if f.End > 0 {
				f.Text = i
				spans = append(spans, f.Finding)
			}
		}
	}
	return spans
}

// placed gives findings, in the order of the texts, with their places in code points.
func placed(texts []policy.Text, found []policy.Finding) []openai.ModerationFinding {
	slices.SortStableFunc(found, func(a, b policy.Finding) int {
		return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Start, b.Start))
	})
	all := make([]openai.ModerationFinding, 0, len(found))
	text, at, points := -1, 0, 0 // points are the code points of the text before at
	for _, f := range found {
		if f.Text != text {
			text, at, points = f.Text, 0, 0
		}
		value := texts[text].Value
		points += utf8.RuneCountInString(value[at:f.Start])
		at = f.Start
		all = append(all, openai.ModerationFinding{Path: texts[text].Path, Kind: f.Kind,
			Start: points, End: points + utf8.RuneCountInString(value[f.Start:f.End]), Score: f.Score})
	}
	return all
}
