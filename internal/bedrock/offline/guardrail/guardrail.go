// Package guardrail plays Bedrock's guardrails, by magic words and a few patterns.
//
// Start at [Guard], [Apply] and checks.go.
package guardrail

import (
	"strings"
	"unicode/utf8"

	"outcrop/internal/bedrock/offline/answer"
	"outcrop/internal/bedrock/offline/wire"
)

// The offline guardrails know two words: a text with BLOCKME is blocked, and MASKME in an answer is masked. Messages
// and traces have the shapes of the recorded ones.
const (
	blockWord     = "BLOCKME"
	maskWord      = "MASKME"
	masked        = "{MASKED}"
	BlockedInput  = "Guardrail blocked the input."
	blockedOutput = "Guardrail blocked the output."
)

// Guard applies the guardrail of a request to its answer. It reports whether the input was blocked: then no model was
// asked.
func Guard(r *wire.ConverseRequest, a *answer.Answer) (inputBlocked bool) {
	g := r.Guardrail
	if g == nil || g.ID == "" {
		return false
	}
	in, out := guardedInput(r), answerText(a)
	trace := map[string]any{"modelOutput": []any{}}
	input := assessment(g, in)
	switch {
	case strings.Contains(in, blockWord):
		input["topicPolicy"] = blockedTopic()
		a.Blocks, a.Stop, a.Usage = []answer.Block{answer.TextBlock(BlockedInput)}, "guardrail_intervened", answer.Usage{}
		trace["actionReason"] = "Guardrail blocked."
		inputBlocked = true
	case strings.Contains(out, blockWord):
		output := assessment(g, out)
		output["topicPolicy"] = blockedTopic()
		trace["outputAssessments"] = map[string]any{g.ID: []any{output}}
		trace["modelOutput"], trace["actionReason"] = []any{out}, "No action.\nGuardrail blocked."
		a.Blocks, a.Stop = []answer.Block{answer.TextBlock(blockedOutput)}, "guardrail_intervened"
	case strings.Contains(out, maskWord):
		output := assessment(g, out)
		output["sensitiveInformationPolicy"] = map[string]any{
			"piiEntities": []any{map[string]any{"action": "ANONYMIZED", "detected": true, "match": maskWord, "type": "NAME"}},
			"regexes":     []any{},
		}
		trace["outputAssessments"] = map[string]any{g.ID: []any{output}}
		trace["modelOutput"], trace["actionReason"] = []any{out}, "No action.\nGuardrail masked."
		for i, b := range a.Blocks {
			if b.Text != nil {
				a.Blocks[i] = answer.TextBlock(strings.ReplaceAll(*b.Text, maskWord, masked))
			}
		}
		a.Stop = "guardrail_intervened"
	default:
		trace["outputAssessments"] = map[string]any{g.ID: []any{assessment(g, out)}}
		trace["actionReason"] = "No action."
	}
	trace["inputAssessment"] = map[string]any{g.ID: input}
	if strings.HasPrefix(g.Trace, "enabled") {
		a.Trace = map[string]any{"guardrail": trace}
	}
	return inputBlocked
}

// guardedInput is the text that is assessed: guardContent alone where there is any, else all of the users' texts [FACTS
// 1.2.5].
func guardedInput(r *wire.ConverseRequest) string {
	var marked, all []string
	for _, b := range r.System {
		if b.Guard != nil && b.Guard.Text != nil {
			marked = append(marked, b.Guard.Text.Text)
		}
	}
	for _, m := range r.Messages {
		for _, b := range m.Content {
			switch {
			case b.Guard != nil && b.Guard.Text != nil:
				marked = append(marked, b.Guard.Text.Text)
			case b.Text != nil && m.Role == "user":
				all = append(all, *b.Text)
			}
		}
	}
	if marked != nil {
		all = marked
	}
	return strings.Join(all, "\n")
}

func answerText(a *answer.Answer) string {
	var texts []string
	for _, b := range a.Blocks {
		if b.Text != nil {
			texts = append(texts, *b.Text)
		}
	}
	return strings.Join(texts, "\n")
}

func blockedTopic() map[string]any {
	return map[string]any{"topics": []any{map[string]any{"action": "BLOCKED", "detected": true, "name": "BlockMe",
		"type": "DENY"}}}
}

func assessment(g *wire.Guardrail, text string) map[string]any {
	arn := g.ID
	if !strings.HasPrefix(arn, "arn:") {
		arn = "arn:aws:bedrock:us-east-1:" + wire.Account + ":guardrail/" + g.ID
	}
	n := utf8.RuneCountInString(text)
	return map[string]any{
		"appliedGuardrailDetails": map[string]any{
			"guardrailArn": arn, "guardrailId": g.ID, "guardrailOrigin": []any{"REQUEST"}, "guardrailOwnership": "SELF",
			"guardrailVersion": g.Version,
		},
		"invocationMetrics": map[string]any{
			"guardrailCoverage":          map[string]any{"textCharacters": map[string]any{"guarded": n, "total": n}},
			"guardrailProcessingLatency": 200,
			"usage": map[string]any{
				"contentPolicyImageUnits": 0, "contentPolicyUnits": 0, "contextualGroundingPolicyUnits": 0,
				"sensitiveInformationPolicyFreeUnits": 0, "sensitiveInformationPolicyUnits": 1, "topicPolicyUnits": 1,
				"wordPolicyUnits": 0,
			},
		},
	}
}
