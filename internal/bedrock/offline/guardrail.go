package offline

import (
	"strings"
	"unicode/utf8"
)

// The offline guardrails know two words: a text with BLOCKME is blocked, and MASKME in an answer is masked. Messages and traces
// have the shapes of the recorded ones.
const (
	blockWord     = "BLOCKME"
	maskWord      = "MASKME"
	masked        = "{MASKED}"
	blockedInput  = "Guardrail blocked the input."
	blockedOutput = "Guardrail blocked the output."
)

// guard applies the guardrail of a request to its answer. It reports whether the input was blocked: then no model was asked.
func guard(r *converseRequest, a *answer) (inputBlocked bool) {
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
		a.blocks, a.stop, a.usage = []block{textBlock(blockedInput)}, "guardrail_intervened", usage{}
		trace["actionReason"] = "Guardrail blocked."
		inputBlocked = true
	case strings.Contains(out, blockWord):
		output := assessment(g, out)
		output["topicPolicy"] = blockedTopic()
		trace["outputAssessments"] = map[string]any{g.ID: []any{output}}
		trace["modelOutput"], trace["actionReason"] = []any{out}, "No action.\nGuardrail blocked."
		a.blocks, a.stop = []block{textBlock(blockedOutput)}, "guardrail_intervened"
	case strings.Contains(out, maskWord):
		output := assessment(g, out)
		output["sensitiveInformationPolicy"] = map[string]any{
			"piiEntities": []any{map[string]any{"action": "ANONYMIZED", "detected": true, "match": maskWord, "type": "NAME"}},
			"regexes":     []any{},
		}
		trace["outputAssessments"] = map[string]any{g.ID: []any{output}}
		trace["modelOutput"], trace["actionReason"] = []any{out}, "No action.\nGuardrail masked."
		for i, b := range a.blocks {
			if b.text != nil {
				a.blocks[i] = textBlock(strings.ReplaceAll(*b.text, maskWord, masked))
			}
		}
		a.stop = "guardrail_intervened"
	default:
		trace["outputAssessments"] = map[string]any{g.ID: []any{assessment(g, out)}}
		trace["actionReason"] = "No action."
	}
	trace["inputAssessment"] = map[string]any{g.ID: input}
	if strings.HasPrefix(g.Trace, "enabled") {
		a.trace = map[string]any{"guardrail": trace}
	}
	return inputBlocked
}

// guardedInput is the text that is assessed: guardContent alone where there is any, else all of the users' texts [FACTS 1.2.5].
func guardedInput(r *converseRequest) string {
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

func answerText(a *answer) string {
	var texts []string
	for _, b := range a.blocks {
		if b.text != nil {
			texts = append(texts, *b.text)
		}
	}
	return strings.Join(texts, "\n")
}

func blockedTopic() map[string]any {
	return map[string]any{"topics": []any{map[string]any{"action": "BLOCKED", "detected": true, "name": "BlockMe", "type": "DENY"}}}
}

func assessment(g *guardrail, text string) map[string]any {
	arn := g.ID
	if !strings.HasPrefix(arn, "arn:") {
		arn = "arn:aws:bedrock:us-east-1:" + account + ":guardrail/" + g.ID
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
				"sensitiveInformationPolicyFreeUnits": 0, "sensitiveInformationPolicyUnits": 1, "topicPolicyUnits": 1, "wordPolicyUnits": 0,
			},
		},
	}
}
