package wiretest

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// NoForm is why a recorded request has no OpenAI form.
type NoForm string

// Error gives the reason.
func (n NoForm) Error() string { return string(n) }

// ChatRequest gives the OpenAI request that asks for what a recorded Converse or ConverseStream request asked for, as
// the tree of its JSON. It is written from the two wire formats alone and shares nothing with the translation, which
// goes the other way. family is what the gateway calls the model's family in its reasoning (R-RES-08), which no
// recording tells; without it reasoning in the history is another's (R-RPL-03). Where there is no such request, the
// error is a [NoForm].
func ChatRequest(rec *Interaction, family string) (map[string]any, error) {
	var in struct {
		Messages  []turn
		System    []block
		Inference struct {
			MaxTokens, Temperature, TopP, StopSequences json.RawMessage
		} `json:"inferenceConfig"`
		Tools                        toolConfig `json:"toolConfig"`
		AdditionalModelRequestFields json.RawMessage
		AdditionalPaths              json.RawMessage `json:"additionalModelResponseFieldPaths"`
		GuardrailConfig              json.RawMessage
		PerformanceConfig            json.RawMessage
		RequestMetadata              json.RawMessage
		ServiceTier                  *struct{ Type string }
		OutputConfig                 *outputConfig
	}
	if len(rec.Request) == 0 || string(rec.Request) == "null" {
		return nil, NoForm("the request was not recorded")
	}
	d := json.NewDecoder(bytes.NewReader(rec.Request))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, fmt.Errorf("%s: %w", rec.ID, err)
	}
	// The recorded client placed its cache points itself, or wanted none.
	req := tree{"model": rec.ModelID, "prompt_cache_options": tree{"mode": "explicit"}}
	if rec.Operation == "ConverseStream" {
		req["stream"] = true
	}
	put(req, "max_completion_tokens", in.Inference.MaxTokens)
	put(req, "temperature", in.Inference.Temperature)
	put(req, "top_p", in.Inference.TopP)
	put(req, "stop", in.Inference.StopSequences)
	put(req, "additional_model_request_fields", in.AdditionalModelRequestFields)
	put(req, "additional_model_response_field_paths", in.AdditionalPaths)
	put(req, "guardrail_config", in.GuardrailConfig)
	put(req, "performance_config", in.PerformanceConfig)
	put(req, "request_metadata", in.RequestMetadata)
	if in.ServiceTier != nil {
		tiers := map[string]string{"reserved": "scale"}
		req["service_tier"] = in.ServiceTier.Type
		if name := tiers[in.ServiceTier.Type]; name != "" {
			req["service_tier"] = name
		}
	}
	if in.OutputConfig != nil {
		req["response_format"] = in.OutputConfig.format()
	}
	if err := in.Tools.addTo(req); err != nil {
		return nil, err
	}
	messages, err := messagesOf(in.System, in.Messages, "bedrock."+family)
	req["messages"] = messages
	return req, err
}

// tree is an object of JSON.
type tree = map[string]any

func put(t tree, name string, v json.RawMessage) {
	if len(v) > 0 {
		t[name] = v
	}
}

type turn struct {
	Role    string
	Content []block
}

// block is one content block of any kind: its name leads to its value.
type block map[string]json.RawMessage

func (b block) is(kind string) bool { return len(b[kind]) > 0 }

type outputConfig struct {
	TextFormat struct {
		Type      string
		Structure struct {
			JSONSchema struct{ Name, Description, Schema string } `json:"jsonSchema"`
		}
	}
}

func (o *outputConfig) format() tree {
	s := o.TextFormat.Structure.JSONSchema
	schema := tree{"name": s.Name, "schema": json.RawMessage(s.Schema), "strict": true}
	if s.Description != "" {
		schema["description"] = s.Description
	}
	return tree{"type": "json_schema", "json_schema": schema}
}
