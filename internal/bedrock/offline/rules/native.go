package rules

import (
	"maps"
	"slices"
	"strings"

	"outcrop/internal/bedrock/offline/wire"
)

// nativeRule: additionalModelRequestFields must be known to the model's own server [FACTS 2.10], and must not say again
// what Converse says already. The text for the latter is unconfirmed.
func nativeRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	f := t.Model.Traits
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
		case f.Claude && converse[key]:
			return wire.Invalid("The additional field %s conflicts with an existing field.", key)
		case f.Claude && !slices.Contains(f.NativeKeys, key):
			return wire.RefusedByModel("%s: Extra inputs are not permitted", key)
		case f.NativeKeys != nil && !slices.Contains(f.NativeKeys, key), key == f.RefusedKey:
			return wire.RefusedByModel("Malformed input request: #: extraneous key [%s] is not permitted, please reformat "+
				"your input and try again.", key)
		}
	}
	if !f.Claude {
		return effortRule(r, t)
	}
	if list, set := r.Native["anthropic_beta"]; set {
		if _, ok := list.([]any); !ok {
			return wire.RefusedByModel("anthropic_beta: Input should be a valid list")
		}
	}
	return claudeOutputRule(r, t)
}

// claudeOutputRule: output_config of Claude: effort by generation, format nowhere but where Converse has it too [FACTS
// 2.10, 4.2].
func claudeOutputRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	config, set := r.Native["output_config"].(map[string]any)
	if !set {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(config)) {
		if key == "format" && !wire.Denies(t.Model.StructuredOutput) {
			continue
		}
		if key != "effort" || t.Model.Traits.Efforts == nil {
			return wire.RefusedByModel("output_config.%s: Extra inputs are not permitted", key)
		}
		if e := knownEffort("output_config.effort", config[key], t); e != nil {
			return e
		}
	}
	return nil
}

// effortRule: the reasoning switches of the families beside Claude [FACTS 4.2]. Texts unconfirmed.
func effortRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	switch t.Model.Traits.Reasoning {
	case wire.ReasonsByEffort:
		return knownEffort("reasoning_effort", r.Native["reasoning_effort"], t)
	case wire.StringEffort, wire.ReasonsAlways:
		return knownEffort("reasoning_config", r.Native["reasoning_config"], t)
	case wire.ObjectEffort:
		if _, set := r.Native["reasoning_effort"]; set { // [F 4.2] as users report it
			return wire.RefusedByModel("Unknown parameter: 'reasoning_effort'.")
		}
		object, _ := r.Native["reasoning"].(map[string]any)
		return knownEffort("reasoning.effort", object["effort"], t)
	case wire.NovaEffort:
		config, set := r.Native["reasoningConfig"].(map[string]any)
		if !set {
			return nil
		}
		if config["type"] != "enabled" && config["type"] != "disabled" {
			return wire.RefusedByModel("reasoningConfig.type must be one of: enabled, disabled")
		}
		if config["type"] == "enabled" && config["maxReasoningEffort"] == nil {
			return wire.RefusedByModel("reasoningConfig.maxReasoningEffort is required when reasoning is enabled")
		}
		if e := knownEffort("reasoningConfig.maxReasoningEffort", config["maxReasoningEffort"], t); e != nil {
			return e
		}
		i := r.Inference
		if config["type"] == "enabled" && config["maxReasoningEffort"] == "high" &&
			(i.MaxTokens != nil || i.Temperature != nil || i.TopP != nil) {
			return wire.RefusedByModel("temperature, topP and maxTokens must be unset when maxReasoningEffort is high")
		}
	}
	return nil
}

func knownEffort(field string, v any, t wire.Target) *wire.Exception {
	if v == nil || t.Model.Traits.Efforts == nil {
		return nil
	}
	s, ok := v.(string)
	if !ok || !slices.Contains(t.Model.Traits.Efforts, s) {
		return wire.RefusedByModel("%s: Input should be one of: %s", field, strings.Join(t.Model.Traits.Efforts, ", "))
	}
	return nil
}

// limitRule: maxTokens above the model's limit [FACTS 2.8], where the data file is sure of it.
func limitRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	m, asked := t.Model, r.Inference.MaxTokens
	if asked == nil || m.MaxOutput == 0 || *asked <= m.MaxOutput || m.Unsure("max_output") {
		return nil
	}
	if m.Traits.Claude {
		return wire.RefusedByModel("max_tokens: %d > %d, which is the maximum allowed number of output tokens for %s", *asked,
			m.MaxOutput, m.ID)
	}
	return wire.Invalid("The maximum tokens you requested exceeds the model limit of %d. Try again with a maximum "+
		"tokens value that is lower than %d.",
		m.MaxOutput, m.MaxOutput)
}

// samplingRule: [FACTS 2.7, 4.5]. The first text is Anthropic's own (unconfirmed for Bedrock).
func samplingRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	m := t.Model
	temperature, topP := r.Sampled("temperature"), r.Sampled("top_p")
	switch {
	case temperature && wire.Denies(m.Sampling.Temperature):
		return wire.RefusedByModel("`temperature` is deprecated for this model.")
	case topP && wire.Denies(m.Sampling.TopP):
		return wire.RefusedByModel("`top_p` is deprecated for this model.")
	case r.Native["top_k"] != nil && m.Traits.Claude && wire.Denies(m.Sampling.Temperature):
		return wire.RefusedByModel("`top_k` is deprecated for this model.")
	case temperature && topP && (wire.Denies(m.Sampling.Both) || m.Family == "claude-4.1"):
		return wire.RefusedByModel("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
	}
	if m.Traits.Claude {
		for _, s := range r.Inference.Stop {
			if strings.TrimSpace(s) == "" { // Anthropic's text
				return wire.RefusedByModel("stop_sequences: each stop sequence must contain non-whitespace")
			}
		}
	}
	return nil
}
