package catalog

import (
	"slices"
	"testing"
)

// What is known of GPT, Kimi, GLM and Grok differs inside of what one name would take for a family.
func TestMendB10FactsOfSingleRows(t *testing.T) {
	gptEfforts := lowToXMax
	for _, x := range []struct {
		id        string
		converse  Tri
		shape     ReasoningShape
		efforts   []string
		encrypted bool
	}{
		{"openai.gpt-5.5", No, ReasoningObject, gptEfforts, true},
		{"openai.gpt-5.6-sol", Yes, ReasoningObject, gptEfforts, true},
		{"us.openai.gpt-5.6-luna", Yes, ReasoningObject, gptEfforts, true},
		{"us.openai.gpt-6-astra", Unknown, ReasoningObject, gptEfforts, true},
		{"openai.gpt-5.7-vega", Unknown, ReasoningObject, gptEfforts, true}, // made up after its generation
		{"openai.gpt-oss-120b-1:0", Yes, ReasoningEffort, lowToHigh, false},
		{"moonshot.kimi-k2-thinking", Yes, ReasoningNone, nil, false},
		{"moonshotai.kimi-k2.5", Yes, ReasoningConfig, lowToHigh, false},
		{"moonshotai.kimi-k2.9", Unknown, ReasoningConfig, lowToHigh, false},
		{"zai.glm-4.6", Yes, ReasoningNone, nil, false},
		{"zai.glm-4.7-flash", Yes, ReasoningConfig, lowToHigh, false},
		{"zai.glm-5", Yes, ReasoningConfig, lowToHigh, false},
		{"us.xai.grok-4.6", Unknown, ReasoningNone, nil, true},
	} {
		target, err := Default().Resolve(x.id, "us-east-1")
		if err != nil {
			t.Errorf("R-CAP-09 %s: %v", x.id, err)
			continue
		}
		m := target.Row
		r := &m.Caps.Reasoning
		if m.Converse != x.converse || r.Shape != x.shape || !slices.Equal(r.Efforts, x.efforts) ||
			r.Encrypted != x.encrypted || r.Signed {
			t.Errorf("R-CAP-09 %s: Converse %v, %+v", x.id, m.Converse, r)
		}
	}
	if target, err := Default().Resolve("openai.gpt-5.6-luna", "us-east-1"); err != nil ||
		target.CalledID != "us.openai.gpt-5.6-luna" {
		t.Errorf("R-CAP-03 %+v, %v", target, err)
	}
}

// Points that a model takes in the Responses API only are none that Converse takes.
func TestMendB10PointsOfAnotherInterface(t *testing.T) {
	if k := Default().byID["openai.gpt-5.6-sol"].Caps.Caching; k.Explicit != No {
		t.Errorf("R-CACHE-09 %+v", k)
	}
}

func TestMendB1AndB9WhatNovaTakes(t *testing.T) {
	for _, m := range Default().Models() {
		if m.Kind != Chat {
			continue
		}
		if nova := m.Family == "nova-1" || m.Family == "nova-2"; m.Caps.Caching.AfterText != nova ||
			(m.Caps.ToolNamePattern == "word") != nova {
			t.Errorf("R-CACHE-03, R-TOOL-02 %s: %+v, %q", m.ID, m.Caps.Caching, m.Caps.ToolNamePattern)
		}
	}
}
