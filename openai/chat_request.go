package openai

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ChatRequest is the body of POST /v1/chat/completions: the members of OpenAI's CreateChatCompletionRequest in the
// order of TRANSLATION 1.2 (faults are reported in that order), then Outcrop's extensions (1.3). Pointers and nil mean
// absent or null, which are the same everywhere (R-GEN-02). Raw values are the client's own bytes.
//
// The validate tags hold the ranges that need no knowledge of the model; translate judges everything else. Every number
// and list has a bound, since others reckon with it and make room for it: n has OpenAI's own, which a setting lowers
// (R-PAR-10).
type ChatRequest struct {
	Model                string              `json:"model" validate:"required,max=2048"`
	Messages             []Message           `json:"messages" validate:"required,min=1"`
	Stream               bool                `json:"stream"`
	StreamOptions        *StreamOptions      `json:"stream_options"`
	MaxCompletionTokens  *int64              `json:"max_completion_tokens" validate:"omitnil,min=1,max=2147483647"`
	MaxTokens            *int64              `json:"max_tokens" validate:"omitnil,min=1,max=2147483647"`
	Temperature          *float64            `json:"temperature" validate:"omitnil,min=0,max=2"`
	TopP                 *float64            `json:"top_p" validate:"omitnil,min=0,max=1"`
	Stop                 []string            `json:"stop"`
	N                    *int64              `json:"n" validate:"omitnil,min=1,max=128"`
	Tools                []Tool              `json:"tools"`
	ToolChoice           *ToolChoice         `json:"tool_choice"`
	ParallelToolCalls    *bool               `json:"parallel_tool_calls"`
	Functions            []Function          `json:"functions"`
	FunctionCall         *ToolChoice         `json:"function_call"`
	ResponseFormat       *ResponseFormat     `json:"response_format"`
	ReasoningEffort      *string             `json:"reasoning_effort"`
	Verbosity            *string             `json:"verbosity" validate:"omitnil,oneof=low medium high"`
	Seed                 *int64              `json:"seed"`
	PresencePenalty      *float64            `json:"presence_penalty" validate:"omitnil,min=-2,max=2"`
	FrequencyPenalty     *float64            `json:"frequency_penalty" validate:"omitnil,min=-2,max=2"`
	LogitBias            jsontext.Value      `json:"logit_bias"`
	Logprobs             *bool               `json:"logprobs"`
	TopLogprobs          *int64              `json:"top_logprobs" validate:"omitnil,min=0,max=20"`
	Modalities           []string            `json:"modalities"`
	Audio                jsontext.Value      `json:"audio"`
	Prediction           jsontext.Value      `json:"prediction"`
	WebSearchOptions     jsontext.Value      `json:"web_search_options"`
	Metadata             map[string]string   `json:"metadata" validate:"max=16,dive,keys,max=64,endkeys,max=512"`
	User                 *string             `json:"user"`
	SafetyIdentifier     *string             `json:"safety_identifier" validate:"omitnil,max=64"`
	PromptCacheKey       *string             `json:"prompt_cache_key"`
	PromptCacheRetention *string             `json:"prompt_cache_retention" validate:"omitnil,oneof=in_memory 24h"`
	PromptCacheOptions   *PromptCacheOptions `json:"prompt_cache_options"`
	ServiceTier          *string             `json:"service_tier"`
	Store                *bool               `json:"store"`
	Moderation           jsontext.Value      `json:"moderation"`

	TopK                              *int64             `json:"top_k" validate:"omitnil,min=1,max=2147483647"`
	Thinking                          jsontext.Value     `json:"thinking"`
	AdditionalModelRequestFields      jsontext.Value     `json:"additional_model_request_fields"`
	AdditionalModelResponseFieldPaths []string           `json:"additional_model_response_field_paths" validate:"max=10,dive,min=1,max=256"`
	GuardrailConfig                   *GuardrailConfig   `json:"guardrail_config"`
	PerformanceConfig                 *PerformanceConfig `json:"performance_config"`
	RequestMetadata                   map[string]string  `json:"request_metadata" validate:"max=16,dive,keys,min=1,max=256,endkeys,max=512"`
	PromptVariables                   jsontext.Value     `json:"prompt_variables"`

	// Prompts are the ends of several conversations in Messages, each of which has choices of its own; nil for one. Only
	// legacy completions have several.
	Prompts []int

	// Spelling is how another API says this chat; nil for chat's own.
	Spelling *Spelling `validate:"-"`

	unknown Unknown
}

// StreamOptions is stream_options.
type StreamOptions struct {
	IncludeUsage       *bool
	IncludeObfuscation *bool
}

// ResponseFormat is response_format; Schema is nil unless Type is "json_schema".
type ResponseFormat struct {
	Type   string
	Schema *JSONSchema
}

// JSONSchema is response_format.json_schema; Schema holds the client's bytes.
type JSONSchema struct {
	Name        string
	Description *string
	Schema      jsontext.Value
	Strict      *bool
}

// PromptCacheOptions is prompt_cache_options.
type PromptCacheOptions struct{ Mode, TTL *string }

// GuardrailConfig is the extension guardrail_config (R-EXT-05), in OpenAI's spelling or in AWS's. Member is the name
// under which it was given.
type GuardrailConfig struct {
	Member, Identifier, Version, Trace, StreamProcessingMode string
}

// PerformanceConfig is the extension performance_config (R-EXT-06).
type PerformanceConfig struct{ Latency string }

// DecodeChat reads the body of a chat request. The error is a 400 that names the path or the byte of the first fault;
// the ranges of the validate tags are not checked here.
func DecodeChat(body []byte) (*ChatRequest, *Error) {
	var r ChatRequest
	var seen spellings
	unknown, err := decodeObject(body, func(d *decoder, name string) {
		if !r.core(d, name) && !r.tuning(d, name) && !r.extension(d, name, &seen) {
			d.otherTop(name)
		}
	})
	r.unknown = unknown
	if err == nil {
		err = seen.twice
	}
	if err != nil {
		return nil, err
	}
	return &r, nil
}

// core reads the members that say what is asked; it tells whether name is one of them.
func (r *ChatRequest) core(d *decoder, name string) bool {
	switch name {
	case "model":
		r.Model = d.text()
	case "messages":
		r.Messages = nil
		if d.array(func() { r.Messages = append(r.Messages, decodeMessage(d)) }) && r.Messages == nil {
			r.Messages = []Message{} // empty is another fault than absent
		}
	case "stream":
		b := d.boolean()
		r.Stream = b != nil && *b
	case "stream_options":
		r.StreamOptions = decodeStreamOptions(d)
	case "tools":
		r.Tools = nil
		d.array(func() { r.Tools = append(r.Tools, decodeTool(d)) })
	case "tool_choice":
		r.ToolChoice = decodeToolChoice(d)
	case "parallel_tool_calls":
		r.ParallelToolCalls = d.boolean()
	case "functions":
		r.Functions = nil
		d.array(func() { r.Functions = append(r.Functions, decodeLegacyFunction(d)) })
	case "function_call":
		r.FunctionCall = decodeToolChoice(d)
	case "response_format":
		r.ResponseFormat = decodeResponseFormat(d)
	case "modalities":
		r.Modalities = d.strings()
	case "audio":
		r.Audio = d.rawObject()
	case "prediction":
		r.Prediction = d.rawObject()
	case "web_search_options":
		r.WebSearchOptions = d.rawObject()
	case "moderation":
		r.Moderation = d.raw()
	default:
		return false
	}
	return true
}

// tuning reads the members that say how it is to be answered, counted and billed.
func (r *ChatRequest) tuning(d *decoder, name string) bool {
	switch name {
	case "max_completion_tokens":
		r.MaxCompletionTokens = d.integer()
	case "max_tokens":
		r.MaxTokens = d.integer()
	case "temperature":
		r.Temperature = d.number()
	case "top_p":
		r.TopP = d.number()
	case "stop":
		r.Stop = decodeStop(d)
	case "n":
		r.N = d.integer()
	case "reasoning_effort":
		r.ReasoningEffort = d.string()
	case "verbosity":
		r.Verbosity = d.string()
	case "seed":
		r.Seed = d.integer()
	case "presence_penalty":
		r.PresencePenalty = d.number()
	case "frequency_penalty":
		r.FrequencyPenalty = d.number()
	case "logit_bias":
		r.LogitBias = d.rawObject()
	case "logprobs":
		r.Logprobs = d.boolean()
	case "top_logprobs":
		r.TopLogprobs = d.integer()
	case "metadata":
		r.Metadata = d.pairs()
	case "user":
		r.User = d.string()
	case "safety_identifier":
		r.SafetyIdentifier = d.string()
	case "prompt_cache_key":
		r.PromptCacheKey = d.string()
	case "prompt_cache_retention":
		r.PromptCacheRetention = d.string()
	case "prompt_cache_options":
		r.PromptCacheOptions = decodePromptCacheOptions(d)
	case "service_tier":
		r.ServiceTier = d.string()
	case "store":
		r.Store = d.boolean()
	default:
		return false
	}
	return true
}

// extension reads Outcrop's own members, each in OpenAI's spelling and in AWS's (TRANSLATION 1.3).
func (r *ChatRequest) extension(d *decoder, name string, seen *spellings) bool {
	null := d.kind() == 'n'
	if null && seen.otherwise(name) {
		d.skip() // null is absent, and takes nothing from the other spelling (R-GEN-02)
		return true
	}
	switch name {
	case "top_k", "topK":
		r.TopK = d.integer()
	case "thinking":
		r.Thinking = d.rawObject()
	case "additional_model_request_fields", "additionalModelRequestFields":
		r.AdditionalModelRequestFields = d.rawObject()
	case "additional_model_response_field_paths", "additionalModelResponseFieldPaths":
		r.AdditionalModelResponseFieldPaths = d.strings()
	case "guardrail_config", "guardrailConfig", "amazon-bedrock-guardrailConfig":
		g, had := decodeGuardrailConfig(d, name), r.GuardrailConfig
		// Of the two ways to name one, R-GRD-01 puts the extension before Bedrock's own member.
		if had == nil || had.Member == name || g != nil && name != "amazon-bedrock-guardrailConfig" {
			r.GuardrailConfig = g
		}
	case "performance_config", "performanceConfig":
		r.PerformanceConfig = decodePerformanceConfig(d)
	case "request_metadata", "requestMetadata":
		r.RequestMetadata = d.pairs()
	case "prompt_variables", "promptVariables":
		r.PromptVariables = d.rawObject()
	default:
		return false
	}
	if !null {
		seen.note(name)
	}
	return true
}

// spellings finds out when one extension is given in both spellings.
type spellings struct {
	names map[string]string
	twice *Error
}

func spellingKey(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// otherwise tells whether the member was given in its other spelling.
func (s *spellings) otherwise(name string) bool {
	if s.names == nil {
		return false
	}
	other, ok := s.names[spellingKey(name)]
	return ok && other != name
}

func (s *spellings) note(name string) {
	key := spellingKey(name)
	if s.names == nil {
		s.names = map[string]string{}
	}
	if other, ok := s.names[key]; ok && other != name && s.twice == nil {
		s.twice = Invalidf(CodeInvalidValue, name, "'%s' and '%s' are the same member; send one of them.", other, name)
	}
	s.names[key] = name
}

// decodeStop reads a string or an array of strings; nil for null.
func decodeStop(d *decoder) []string {
	if d.kind() == '[' {
		return d.strings()
	}
	if s := d.string(); s != nil {
		return []string{*s}
	}
	return nil
}

func decodeStreamOptions(d *decoder) *StreamOptions {
	var o StreamOptions
	if !d.object(func(name string) {
		switch name {
		case "include_usage":
			o.IncludeUsage = d.boolean()
		case "include_obfuscation":
			o.IncludeObfuscation = d.boolean()
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	return &o
}

func decodeResponseFormat(d *decoder) *ResponseFormat {
	var f ResponseFormat
	if !d.object(func(name string) {
		switch name {
		case "type":
			f.Type = d.text()
		case "json_schema":
			f.Schema = decodeJSONSchema(d)
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	return &f
}

func decodeJSONSchema(d *decoder) *JSONSchema {
	var s JSONSchema
	if !d.object(func(name string) {
		switch name {
		case "name":
			s.Name = d.text()
		case "description":
			s.Description = d.string()
		case "schema":
			s.Schema = d.rawObject()
		case "strict":
			s.Strict = d.boolean()
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	return &s
}

func decodePromptCacheOptions(d *decoder) *PromptCacheOptions {
	var o PromptCacheOptions
	if !d.object(func(name string) {
		switch name {
		case "mode":
			o.Mode = d.string()
		case "ttl":
			o.TTL = d.string()
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	return &o
}

func decodeGuardrailConfig(d *decoder, member string) *GuardrailConfig {
	g := GuardrailConfig{Member: member}
	if !d.object(func(name string) {
		switch name {
		case "guardrail_identifier", "guardrailIdentifier":
			g.Identifier = d.text()
		case "guardrail_version", "guardrailVersion":
			g.Version = d.text()
		case "trace":
			g.Trace = d.text()
		case "stream_processing_mode", "streamProcessingMode":
			g.StreamProcessingMode = d.text()
		case "tagSuffix":
			d.skip() // part of Bedrock's own OpenAI member; it marks input tags, which Converse does not have
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	return &g
}

func decodePerformanceConfig(d *decoder) *PerformanceConfig {
	var p PerformanceConfig
	if !d.object(func(name string) {
		if name != "latency" {
			d.other(name)
			return
		}
		p.Latency = d.text()
	}) {
		return nil
	}
	return &p
}

// Unknown lists the members that no rule knows.
func (r *ChatRequest) Unknown() Unknown { return r.unknown }
