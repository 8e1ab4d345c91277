package guardrail

import (
	"strings"
	"unicode/utf8"

	"outcrop/internal/bedrock/offline/wire"
)

// ApplyRequest is the body of ApplyGuardrail.
type ApplyRequest struct {
	Source  string `json:"source"`
	Scope   string `json:"outputScope"`
	Content []struct {
		Text *struct {
			Text string `json:"text"`
		} `json:"text"`
	} `json:"content"`
}

// Apply holds texts against the guardrail.
func Apply(g *wire.Guardrail, r *ApplyRequest, texts []string) map[string]any {
	all := strings.Join(texts, "\n")
	a := assessment(g, all)
	blocked := strings.Contains(all, blockWord)
	if blocked {
		a["topicPolicy"] = blockedTopic()
	}
	filters, bad := contentFilters(all, r.Source == "INPUT", r.Scope == "FULL")
	if len(filters) > 0 {
		a["contentPolicy"] = map[string]any{"filters": filters}
	}
	blocked = blocked || bad
	entities, outputs := maskAll(texts)
	if len(entities) > 0 {
		a["sensitiveInformationPolicy"] = map[string]any{"piiEntities": entities, "regexes": nil}
	}
	out := map[string]any{"action": "NONE", "actionReason": "No action.", "outputs": []any{}, "assessments": []any{a}}
	switch {
	case blocked:
		text := BlockedInput
		if r.Source == "OUTPUT" {
			text = blockedOutput
		}
		out["action"], out["actionReason"] = "GUARDRAIL_INTERVENED", "Guardrail blocked."
		out["outputs"] = []any{map[string]any{"text": text}}
		out["blockedResponse"] = text
	case len(entities) > 0:
		out["action"], out["actionReason"] = "GUARDRAIL_INTERVENED", "Guardrail masked."
		list := []any{}
		for _, t := range outputs {
			list = append(list, map[string]any{"text": t})
		}
		out["outputs"] = list
	}
	out["output"] = out["outputs"] // seen on the wire, beyond the model
	metrics := a["invocationMetrics"].(map[string]any)
	out["usage"], out["guardrailCoverage"] = metrics["usage"], metrics["guardrailCoverage"]
	return out
}

// contentFilters are the filters that have found something, or all of them. Attacks are looked for in what goes in
// only.
func contentFilters(text string, input, full bool) (filters []any, blocked bool) {
	add := func(name string, score float64) {
		action, confidence := "NONE", "NONE"
		if score > 0 {
			action, confidence, blocked = "BLOCKED", "HIGH", true
		} else if !full {
			return
		}
		filters = append(filters, map[string]any{"type": name, "confidence": confidence, "filterStrength": "HIGH",
			"action": action, "detected": score > 0})
	}
	for _, c := range Categories {
		add(c.name, c.score(text))
	}
	if input {
		add("PROMPT_ATTACK", max(Attacks[0].score(text), Attacks[1].score(text), Attacks[2].score(text)))
	}
	return filters, blocked
}

// maskAll masks what is personal in each text.
func maskAll(texts []string) (entities []any, outputs []string) {
	for _, t := range texts {
		var b strings.Builder
		at := 0
		for _, f := range personal(t) {
			value, mask := t[f.start:f.end], "{"+f.kind+"}"
			if value == maskWord {
				mask = masked
			}
			entities = append(entities, map[string]any{"action": "ANONYMIZED", "detected": true, "match": value, "type": f.kind})
			b.WriteString(t[at:f.start])
			b.WriteString(mask)
			at = f.end
		}
		b.WriteString(t[at:])
		outputs = append(outputs, b.String())
	}
	return entities, outputs
}

// Units are what a text costs, by thousands of characters.
func Units(text string) int { return (utf8.RuneCountInString(text) + 999) / 1000 }
