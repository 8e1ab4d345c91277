package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Override changes single facts of a row, or adds a row for a model that the data lacks. What is not given stays as it is in the
// row that it begins with: the one named by Like, else the model's own, else the one that R-CAP-05 makes up.
type Override struct {
	Like            string           `yaml:"like" validate:"max=2048"` // id of a row to copy
	Name            string           `yaml:"name" validate:"max=200"`
	Kind            Kind             `yaml:"kind" validate:"omitempty,oneof=chat embed"`
	Context         int              `yaml:"context" validate:"min=0"`
	MaxOutput       int              `yaml:"max_output" validate:"min=0"` // counts as confirmed
	Dimensions      []int            `yaml:"dimensions" validate:"unique,dive,min=1"`
	Modalities      []string         `yaml:"input_modalities" validate:"unique,dive,oneof=text image document video audio"`
	Converse        *bool            `yaml:"converse"`
	Profiles        []string         `yaml:"profiles" validate:"unique,dive,word"` // system inference profiles
	ProfileRequired *bool            `yaml:"profile_required"`
	EndOfLife       string           `yaml:"end_of_life" validate:"omitempty,datetime=2006-01-02"`
	Capabilities    CapabilityFacts  `yaml:"capabilities"`
	Prices          map[string]Price `yaml:"prices" validate:"dive,keys,required,endkeys"` // by scope: in_region, us, eu, global …
}

// CapabilityFacts are capabilities under the names of TRANSLATION 0.2.
type CapabilityFacts struct {
	Streaming          *bool          `yaml:"streaming"`
	System             *bool          `yaml:"system"`
	Tools              *bool          `yaml:"tools"`
	StreamingTools     *bool          `yaml:"streaming_tools"`
	ToolChoice         []string       `yaml:"tool_choice" validate:"unique,dive,oneof=auto any tool"`
	DisableParallel    *bool          `yaml:"disable_parallel_tool_use"`
	Documents          *bool          `yaml:"documents"`
	Vision             *bool          `yaml:"vision"`
	Video              *bool          `yaml:"video"`
	Audio              *bool          `yaml:"audio"`
	StructuredOutput   *bool          `yaml:"structured_output"`
	StrictTools        *bool          `yaml:"strict_tools"`
	Sampling           SamplingFacts  `yaml:"sampling"`
	TopKPath           string         `yaml:"top_k_path" validate:"omitempty,oneof=top_k inferenceConfig.topK none"`
	Reasoning          ReasoningFacts `yaml:"reasoning"`
	Caching            CachingFacts   `yaml:"caching"`
	AssistantPrefill   *bool          `yaml:"assistant_prefill"`
	LeadingAssistantOK *bool          `yaml:"leading_assistant_ok"`
	ToolResultAlone    *bool          `yaml:"tool_result_must_be_alone"`
	ToolUseAlone       *bool          `yaml:"tool_use_must_be_alone"`
	ToolResultBeside   []string       `yaml:"tool_result_beside" validate:"unique,dive,oneof=text image document video audio"`
	ToolResultMedia    []string       `yaml:"tool_result_media" validate:"unique,dive,oneof=image document video"`
	ToolResultJSON     *bool          `yaml:"tool_result_json"`
	ToolResultStatus   *bool          `yaml:"tool_result_status_field"`
	ToolIDPattern      string         `yaml:"tool_id_pattern" validate:"omitempty,oneof=alnum9 none"`
	ToolNamePattern    string         `yaml:"tool_name_pattern" validate:"omitempty,oneof=word none"`
	S3Sources          *bool          `yaml:"s3_sources"`
	BlankStopRefused   *bool          `yaml:"blank_stop_refused"`
	InlineThinkingTag  string         `yaml:"inline_thinking_tag" validate:"omitempty,oneof=thinking none"`
}

// SamplingFacts are facts of [Sampling].
type SamplingFacts struct {
	Temperature *bool `yaml:"temperature"`
	TopP        *bool `yaml:"top_p"`
	Both        *bool `yaml:"both_together"`
}

// ReasoningFacts are facts of [Reasoning].
type ReasoningFacts struct {
	Supported     *bool          `yaml:"supported"`
	Shape         ReasoningShape `yaml:"shape" validate:"omitempty,oneof=budget adaptive nova effort config object none"`
	Default       string         `yaml:"default" validate:"omitempty,oneof=off on always"`
	Efforts       []string       `yaml:"efforts" validate:"unique,dive,oneof=low medium high xhigh max"`
	MinBudget     int            `yaml:"min_budget" validate:"min=0"`
	Signed        *bool          `yaml:"signed"`
	Encrypted     *bool          `yaml:"encrypted"`
	TextHidden    *bool          `yaml:"text_hidden_by_default"`
	ForcedAllowed *bool          `yaml:"forced_choice_allowed"`
}

// CachingFacts are facts of [Caching].
type CachingFacts struct {
	Explicit  *bool    `yaml:"explicit"`
	MinTokens int      `yaml:"min_tokens" validate:"min=0"`
	MaxPoints int      `yaml:"max_checkpoints" validate:"min=0"`
	TTL       []string `yaml:"ttl" validate:"unique,dive,oneof=5m 1h"`
	Fields    []string `yaml:"fields" validate:"unique,dive,oneof=system messages tools"`
	AfterText *bool    `yaml:"only_after_text"`
}

// override makes the row of a model by an override.
func (c *Catalog) override(id string, o *Override) (*Model, error) {
	provider, name, _ := strings.Cut(id, ".")
	if geo, _ := cutGeography(id); geo != "" {
		return nil, fmt.Errorf("%q names an inference profile; the row is that of the model, without %q", id, geo+".")
	}
	if provider == "" || name == "" || strings.ContainsFunc(name, notInID) {
		return nil, fmt.Errorf("%q is not the id of a model, which is provider.name", id)
	}
	own := c.byID[id]
	if own == nil {
		own = c.madeUp(id, provider, name)
	}
	row := *own
	if o.Like != "" {
		like := c.byID[o.Like]
		if like == nil {
			return nil, fmt.Errorf("like: the model %q is not in the catalogue", o.Like)
		}
		row = *like
		row.identify(own)
	}
	row.Known, row.Elsewhere = true, false
	o.apply(&row)
	switch {
	case row.Kind == "":
		return nil, fmt.Errorf("nothing is known of %q: it needs like, or kind", id)
	case o.Kind == Embed && row.EmbedShape == EmbedNone:
		return nil, fmt.Errorf("nobody knows how %q is asked for embeddings: it needs like, naming a model that is asked alike", id)
	}
	return &row, nil
}

// identify gives a copied row what belongs to the model itself.
func (m *Model) identify(own *Model) {
	m.ID, m.Name, m.Provider = own.ID, own.Name, own.Provider
	m.Profiles, m.doubtful, m.ProfileRequired, m.profileInWest2 = own.Profiles, own.doubtful, own.ProfileRequired, own.profileInWest2
	m.Created, m.Status, m.EndOfLife = own.Created, own.Status, own.EndOfLife
}

func (o *Override) apply(m *Model) {
	given(&m.Name, o.Name)
	given(&m.Kind, o.Kind)
	given(&m.Context, o.Context)
	if o.MaxOutput > 0 {
		m.MaxOutput, m.MaxOutputFirm = o.MaxOutput, true
	}
	if o.Dimensions != nil {
		m.Dimensions = slices.Sorted(slices.Values(o.Dimensions))
	}
	givenList(&m.InputModalities, o.Modalities)
	givenTri(&m.Converse, o.Converse)
	if o.Profiles != nil {
		m.Profiles, m.doubtful = o.Profiles, nil
	}
	givenTri(&m.ProfileRequired, o.ProfileRequired)
	given(&m.EndOfLife, o.EndOfLife)
	o.Capabilities.apply(&m.Caps)
	if o.Prices != nil {
		m.Prices = maps.Clone(m.Prices)
		if m.Prices == nil {
			m.Prices = map[string]Price{}
		}
		maps.Copy(m.Prices, o.Prices)
	}
}

func (f *CapabilityFacts) apply(c *Capabilities) {
	givenTri(&c.Streaming, f.Streaming)
	givenTri(&c.System, f.System)
	givenTri(&c.Tools, f.Tools)
	givenTri(&c.StreamingTools, f.StreamingTools)
	if f.ToolChoice != nil {
		c.ToolChoice = toolChoice(f.ToolChoice)
	}
	givenBool(&c.DisableParallel, f.DisableParallel)
	givenTri(&c.Documents, f.Documents)
	givenTri(&c.Vision, f.Vision)
	givenTri(&c.Video, f.Video)
	givenTri(&c.Audio, f.Audio)
	givenTri(&c.StructuredOutput, f.StructuredOutput)
	givenTri(&c.StrictTools, f.StrictTools)
	givenTri(&c.Sampling.Temperature, f.Sampling.Temperature)
	givenTri(&c.Sampling.TopP, f.Sampling.TopP)
	givenTri(&c.Sampling.Both, f.Sampling.Both)
	givenOrNone(&c.Sampling.TopKPath, f.TopKPath)
	f.Reasoning.apply(&c.Reasoning)
	f.Caching.apply(&c.Caching)
	givenTri(&c.AssistantPrefill, f.AssistantPrefill)
	givenTri(&c.LeadingAssistantOK, f.LeadingAssistantOK)
	givenTri(&c.ToolResultAlone, f.ToolResultAlone)
	givenTri(&c.ToolUseAlone, f.ToolUseAlone)
	givenList(&c.ToolResultBeside, f.ToolResultBeside)
	givenList(&c.ToolResultMedia, f.ToolResultMedia)
	givenBool(&c.ToolResultJSON, f.ToolResultJSON)
	givenTri(&c.ToolResultStatus, f.ToolResultStatus)
	givenOrNone(&c.ToolIDPattern, f.ToolIDPattern)
	givenOrNone(&c.ToolNamePattern, f.ToolNamePattern)
	givenBool(&c.S3Sources, f.S3Sources)
	givenBool(&c.BlankStopRefused, f.BlankStopRefused)
	givenOrNone(&c.InlineThinkingTag, f.InlineThinkingTag)
}

func (f *ReasoningFacts) apply(r *Reasoning) {
	givenTri(&r.Supported, f.Supported)
	givenOrNone(&r.Shape, f.Shape)
	given(&r.Default, f.Default)
	givenList(&r.Efforts, f.Efforts)
	given(&r.MinBudget, f.MinBudget)
	givenBool(&r.Signed, f.Signed)
	givenBool(&r.Encrypted, f.Encrypted)
	givenBool(&r.TextHidden, f.TextHidden)
	givenBool(&r.ForcedChoiceAllowed, f.ForcedAllowed)
}

func (f *CachingFacts) apply(c *Caching) {
	givenTri(&c.Explicit, f.Explicit)
	given(&c.MinTokens, f.MinTokens)
	given(&c.MaxPoints, f.MaxPoints)
	if f.TTL != nil {
		c.Hour = slices.Contains(f.TTL, "1h")
	}
	givenBool(&c.AfterText, f.AfterText)
	if f.Fields != nil {
		c.System, c.Messages, c.Tools = slices.Contains(f.Fields, "system"), slices.Contains(f.Fields, "messages"), slices.Contains(f.Fields, "tools")
	}
}

func given[T comparable](fact *T, value T) {
	var none T
	if value != none {
		*fact = value
	}
}

// givenOrNone is given for texts that "none" takes away.
func givenOrNone[T ~string](fact *T, value T) {
	if given(fact, value); value == "none" {
		*fact = ""
	}
}

func givenTri(fact *Tri, value *bool) {
	if value != nil {
		*fact = tri(value)
	}
}

func givenBool(fact, value *bool) {
	if value != nil {
		*fact = *value
	}
}

func givenList(fact *[]string, value []string) {
	if value != nil {
		*fact = value
	}
}
