package offline

import (
	"maps"
	"slices"
	"strings"
)

// nativeRule: additionalModelRequestFields must be known to the model's own server [FACTS 2.10], and must not say again what
// Converse says already. The text for the latter is unconfirmed.
func nativeRule(r *converseRequest, t target) *exception {
	f := t.model.family
	converse := map[string]bool{
		"tool_choice":    r.Tools != nil && r.Tools.Choice != nil,
		"max_tokens":     r.Inference.MaxTokens != nil,
		"temperature":    r.Inference.Temperature != nil,
		"top_p":          r.Inference.TopP != nil,
		"stop_sequences": r.Inference.Stop != nil,
		"tools":          r.Tools != nil,
	}
	for _, key := range slices.Sorted(maps.Keys(r.Native)) {
		switch {
		case f.claude && converse[key]:
			return invalid("The additional field %s conflicts with an existing field.", key)
		case f.claude && !slices.Contains(f.nativeKeys, key):
			return refusedByModel("%s: Extra inputs are not permitted", key)
		case f.nativeKeys != nil && !slices.Contains(f.nativeKeys, key), key == f.refusedKey:
			return refusedByModel("Malformed input request: #: extraneous key [%s] is not permitted, please reformat your input and try again.", key)
		}
	}
	if !f.claude {
		return effortRule(r, t)
	}
	if list, set := r.Native["anthropic_beta"]; set {
		if _, ok := list.([]any); !ok {
			return refusedByModel("anthropic_beta: Input should be a valid list")
		}
	}
	return claudeOutputRule(r, t)
}

// claudeOutputRule: output_config of Claude: effort by generation, format nowhere but where Converse has it too [FACTS 2.10, 4.2].
func claudeOutputRule(r *converseRequest, t target) *exception {
	config, set := r.Native["output_config"].(map[string]any)
	if !set {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(config)) {
		if key == "format" && !denies(t.model.StructuredOutput) {
			continue
		}
		if key != "effort" || t.model.family.efforts == nil {
			return refusedByModel("output_config.%s: Extra inputs are not permitted", key)
		}
		if e := knownEffort("output_config.effort", config[key], t); e != nil {
			return e
		}
	}
	return nil
}

// effortRule: the reasoning switches of the families beside Claude [FACTS 4.2]. Texts unconfirmed.
func effortRule(r *converseRequest, t target) *exception {
	switch t.model.family.reasoning {
	case reasonsByEffort:
		return knownEffort("reasoning_effort", r.Native["reasoning_effort"], t)
	case stringEffort, reasonsAlways:
		return knownEffort("reasoning_config", r.Native["reasoning_config"], t)
	case objectEffort:
		if _, set := r.Native["reasoning_effort"]; set { // [F 4.2] as users report it
			return refusedByModel("Unknown parameter: 'reasoning_effort'.")
		}
		object, _ := r.Native["reasoning"].(map[string]any)
		return knownEffort("reasoning.effort", object["effort"], t)
	case novaEffort:
		config, set := r.Native["reasoningConfig"].(map[string]any)
		if !set {
			return nil
		}
		if config["type"] != "enabled" && config["type"] != "disabled" {
			return refusedByModel("reasoningConfig.type must be one of: enabled, disabled")
		}
		if config["type"] == "enabled" && config["maxReasoningEffort"] == nil {
			return refusedByModel("reasoningConfig.maxReasoningEffort is required when reasoning is enabled")
		}
		if e := knownEffort("reasoningConfig.maxReasoningEffort", config["maxReasoningEffort"], t); e != nil {
			return e
		}
		i := r.Inference
		if config["type"] == "enabled" && config["maxReasoningEffort"] == "high" && (i.MaxTokens != nil || i.Temperature != nil || i.TopP != nil) {
			return refusedByModel("temperature, topP and maxTokens must be unset when maxReasoningEffort is high")
		}
	}
	return nil
}

func knownEffort(field string, v any, t target) *exception {
	if v == nil || t.model.family.efforts == nil {
		return nil
	}
	s, ok := v.(string)
	if !ok || !slices.Contains(t.model.family.efforts, s) {
		return refusedByModel("%s: Input should be one of: %s", field, strings.Join(t.model.family.efforts, ", "))
	}
	return nil
}

// limitRule: maxTokens above the model's limit [FACTS 2.8], where the data file is sure of it.
func limitRule(r *converseRequest, t target) *exception {
	m, asked := t.model, r.Inference.MaxTokens
	if asked == nil || m.MaxOutput == 0 || *asked <= m.MaxOutput || m.unsure("max_output") {
		return nil
	}
	if m.family.claude {
		return refusedByModel("max_tokens: %d > %d, which is the maximum allowed number of output tokens for %s", *asked, m.MaxOutput, m.ID)
	}
	return invalid("The maximum tokens you requested exceeds the model limit of %d. Try again with a maximum tokens value that is lower than %d.",
		m.MaxOutput, m.MaxOutput)
}

// samplingRule: [FACTS 2.7, 4.5]. The first text is Anthropic's own (unconfirmed for Bedrock).
func samplingRule(r *converseRequest, t target) *exception {
	m := t.model
	temperature, topP := r.sampled("temperature"), r.sampled("top_p")
	switch {
	case temperature && denies(m.Sampling.Temperature):
		return refusedByModel("`temperature` is deprecated for this model.")
	case topP && denies(m.Sampling.TopP):
		return refusedByModel("`top_p` is deprecated for this model.")
	case r.Native["top_k"] != nil && m.family.claude && denies(m.Sampling.Temperature):
		return refusedByModel("`top_k` is deprecated for this model.")
	case temperature && topP && (denies(m.Sampling.Both) || m.Family == "claude-4.1"):
		return refusedByModel("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
	}
	if m.family.claude {
		for _, s := range r.Inference.Stop {
			if strings.TrimSpace(s) == "" { // Anthropic's text
				return refusedByModel("stop_sequences: each stop sequence must contain non-whitespace")
			}
		}
	}
	return nil
}
