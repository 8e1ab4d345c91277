package catalog

import (
	"reflect"
	"slices"
	"strings"
)

// CapabilityFacts are what somebody says of a model's [Capabilities]: its family, its row of the data file (json) or
// the configuration (yaml). A member that is nil, "" or 0 says nothing; "none" takes a text away, and an empty list all
// of a list. Each is merged into the member of Capabilities of the same name.
type CapabilityFacts struct {
	Streaming          *bool          `yaml:"streaming" json:"streaming"`
	System             *bool          `yaml:"system" json:"system"`
	Tools              *bool          `yaml:"tools" json:"tools"`
	StreamingTools     *bool          `yaml:"streaming_tools" json:"streaming_tools"`
	ToolChoice         []string       `yaml:"tool_choice" json:"tool_choice" validate:"unique,dive,oneof=auto any tool"`
	DisableParallel    *bool          `yaml:"disable_parallel_tool_use" json:"disable_parallel_tool_use"`
	Documents          *bool          `yaml:"documents" json:"documents"`
	Vision             *bool          `yaml:"vision" json:"vision"`
	Video              *bool          `yaml:"video" json:"video"`
	Audio              *bool          `yaml:"audio" json:"audio"`
	StructuredOutput   *bool          `yaml:"structured_output" json:"structured_output"`
	StrictTools        *bool          `yaml:"strict_tools" json:"strict_tools"`
	Sampling           SamplingFacts  `yaml:"sampling" json:"sampling"`
	TopKPath           string         `yaml:"top_k_path" json:"top_k_path" validate:"omitempty,oneof=top_k inferenceConfig.topK none"`
	Reasoning          ReasoningFacts `yaml:"reasoning" json:"reasoning"`
	Caching            CachingFacts   `yaml:"caching" json:"caching"`
	AssistantPrefill   *bool          `yaml:"assistant_prefill" json:"assistant_prefill"`
	LeadingAssistantOK *bool          `yaml:"leading_assistant_ok" json:"leading_assistant_ok"`
	ToolResultAlone    *bool          `yaml:"tool_result_must_be_alone" json:"tool_result_must_be_alone"`
	ToolUseAlone       *bool          `yaml:"tool_use_must_be_alone" json:"tool_use_must_be_alone"`
	ToolResultBeside   []string       `yaml:"tool_result_beside" json:"tool_result_beside" validate:"unique,dive,oneof=text image document video audio"`
	ToolResultMedia    []string       `yaml:"tool_result_media" json:"tool_result_media" validate:"unique,dive,oneof=image document video"`
	ToolResultJSON     *bool          `yaml:"tool_result_json" json:"tool_result_json"`
	ToolResultStatus   *bool          `yaml:"tool_result_status_field" json:"tool_result_status_field"`
	ToolIDPattern      string         `yaml:"tool_id_pattern" json:"tool_id_pattern" validate:"omitempty,oneof=alnum9 none"`
	ToolNamePattern    string         `yaml:"tool_name_pattern" json:"tool_name_pattern" validate:"omitempty,oneof=word none"`
	S3Sources          *bool          `yaml:"s3_sources" json:"s3_sources"`
	BlankStopRefused   *bool          `yaml:"blank_stop_refused" json:"blank_stop_refused"`
	InlineThinkingTag  string         `yaml:"inline_thinking_tag" json:"inline_thinking_tag" validate:"omitempty,oneof=thinking none"`
}

// SamplingFacts are facts of [Sampling].
type SamplingFacts struct {
	Temperature *bool `yaml:"temperature" json:"temperature"`
	TopP        *bool `yaml:"top_p" json:"top_p"`
	Both        *bool `yaml:"both_together" json:"both_together"`
}

// ReasoningFacts are facts of [Reasoning].
type ReasoningFacts struct {
	Supported           *bool          `yaml:"supported" json:"supported"`
	Shape               ReasoningShape `yaml:"shape" json:"shape" validate:"omitempty,oneof=budget adaptive nova effort config object none"`
	Default             string         `yaml:"default" json:"default" validate:"omitempty,oneof=off on always"`
	Efforts             []string       `yaml:"efforts" json:"effort" validate:"unique,dive,oneof=low medium high xhigh max"`
	MinBudget           int            `yaml:"min_budget" json:"min_budget" validate:"min=0"`
	Signed              *bool          `yaml:"signed" json:"signed_blocks"`
	Encrypted           *bool          `yaml:"encrypted" json:"encrypted"`
	TextHidden          *bool          `yaml:"text_hidden_by_default" json:"text_hidden_by_default"`
	ForcedChoiceAllowed *bool          `yaml:"forced_choice_allowed" json:"forced_choice_allowed"`
}

// CachingFacts are facts of [Caching].
type CachingFacts struct {
	Explicit  *bool    `yaml:"explicit" json:"explicit"`
	MinTokens int      `yaml:"min_tokens" json:"min_tokens" validate:"min=0"`
	MaxPoints int      `yaml:"max_checkpoints" json:"max_checkpoints" validate:"min=0"`
	TTL       []string `yaml:"ttl" json:"ttl" validate:"unique,dive,oneof=5m 1h"`
	Fields    []string `yaml:"fields" json:"fields" validate:"unique,dive,oneof=system messages tools"`
	AfterText *bool    `yaml:"only_after_text" json:"only_after_text"`
}

// apply lays the facts over what is known. What is said in a list of words is kept as one flag a word.
func (f *CapabilityFacts) apply(c *Capabilities) {
	merge(reflect.ValueOf(c).Elem(), reflect.ValueOf(f).Elem())
	merge(reflect.ValueOf(&c.Sampling).Elem(), reflect.ValueOf(f).Elem()) // the path of top_k stands beside sampling
	if kinds := f.ToolChoice; kinds != nil {
		c.ToolChoice.Known, c.ToolChoice.Auto = true, slices.Contains(kinds, "auto")
		c.ToolChoice.Any, c.ToolChoice.Tool = slices.Contains(kinds, "any"), slices.Contains(kinds, "tool")
	}
	if times := f.Caching.TTL; times != nil {
		c.Caching.Hour = slices.Contains(times, "1h")
	}
	if fields := f.Caching.Fields; fields != nil {
		c.Caching.System, c.Caching.Messages = slices.Contains(fields, "system"), slices.Contains(fields, "messages")
		c.Caching.Tools = slices.Contains(fields, "tools")
	}
}

// merge lays members that say something over those of the same name, a *bool over a [Tri] or a bool. Where "none" is
// the last of the values, it takes the text away.
func merge(known, facts reflect.Value) {
	for field, fact := range facts.Fields() {
		to := known.FieldByName(field.Name)
		switch {
		case !to.IsValid() || fact.IsZero():
		case fact.Kind() == reflect.Struct:
			merge(to, fact)
		case fact.Kind() == reflect.Pointer && to.Kind() == reflect.Bool:
			to.Set(fact.Elem())
		case fact.Kind() == reflect.Pointer:
			to.Set(reflect.ValueOf(tri(new(fact.Elem().Bool()))))
		case fact.String() == "none" && strings.HasSuffix(field.Tag.Get("validate"), "none"):
			to.SetZero()
		case fact.Kind() == to.Kind() && fact.Kind() != reflect.Map:
			to.Set(fact)
		}
	}
}
