package router

import (
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// Models gives the entries of GET /v1/models at a time, ordered by id: the models that the gateway can surely serve in its region
// and whose end of life has not come, and the aliases of such, which may lead to other regions (R-MOD-01, -02, -04).
func (r *Router) Models(now time.Time) []openai.Model {
	var list []openai.Model
	for _, m := range r.catalog.Models() {
		if _, hidden := r.cfg.Aliases[m.ID]; !hidden && servable(m) && m.Listed(now) && !m.Elsewhere {
			list = append(list, entry(m.ID, m, "", now))
		}
	}
	for _, alias := range r.aliases {
		if m := r.plans[alias].Targets[0].Row; (servable(m) || m.Kind == "") && m.Listed(now) {
			list = append(list, r.alias(alias, now))
		}
	}
	slices.SortFunc(list, func(a, b openai.Model) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// Model gives the entry of one name that clients can use, listed or not: also profiles, ARNs and models past their end of life,
// where the catalogue knows the model.
func (r *Router) Model(name string, now time.Time) (openai.Model, bool) {
	if _, ok := r.cfg.Aliases[name]; ok {
		return r.alias(name, now), true
	}
	t, err := r.resolve(name)
	if err != nil || !t.Row.Known || Check(Facts{Kind: t.Row.Kind}, t.Row) != nil {
		return openai.Model{}, false
	}
	return entry(name, t.Row, "", now), true
}

func (r *Router) alias(name string, now time.Time) openai.Model {
	m := r.plans[name].Targets[0].Row
	target := m.ID
	if r.cfg.HideTargets {
		target = ""
	}
	return entry(name, m, target, now)
}

// servable tells whether the gateway surely has an endpoint for the model.
func servable(m *catalog.Model) bool {
	return m.Kind == catalog.Chat && m.Converse == catalog.Yes || m.Kind == catalog.Embed && m.EmbedShape != catalog.EmbedNone
}

func entry(id string, m *catalog.Model, target string, now time.Time) openai.Model {
	owner := strings.ToLower(m.Provider)
	if owner == "" {
		owner = "unknown" // the member is a string in OpenAI's schema
	}
	// Nothing in it can fail to encode.
	ext, _ := json.Marshal(extensionOf(m, target, now), json.FormatNilSliceAsNull(true))
	return openai.Model{ID: id, Created: m.Created, OwnedBy: owner, ShutdownDate: m.EndOfLife, Outcrop: ext}
}

// extension is the object "outcrop" of an entry (R-MOD-05). Null is "not known".
type extension struct {
	Kind                *string       `json:"kind"`
	Endpoints           []string      `json:"endpoints"`
	Target              string        `json:"target,omitzero"` // of an alias, when it is known (R-MOD-04)
	ContextWindow       *int          `json:"context_window"`
	MaxOutputTokens     *int          `json:"max_output_tokens"`
	InputModalities     []string      `json:"input_modalities"`
	Capabilities        *capabilities `json:"capabilities"`
	ReasoningEfforts    []string      `json:"reasoning_efforts"`
	EmbeddingDimensions []int         `json:"embedding_dimensions"`
	PromptCache         *promptCache  `json:"prompt_cache"`
	Lifecycle           *string       `json:"lifecycle"`
}

// capabilities are the booleans of TRANSLATION 0.2 under the names used there.
type capabilities struct {
	Streaming             *bool `json:"streaming"`
	System                *bool `json:"system"`
	Tools                 *bool `json:"tools"`
	StreamingTools        *bool `json:"streaming_tools"`
	StructuredOutput      *bool `json:"structured_output"`
	StrictTools           *bool `json:"strict_tools"`
	Reasoning             *bool `json:"reasoning"`
	Caching               *bool `json:"caching"`
	Vision                *bool `json:"vision"`
	Documents             *bool `json:"documents"`
	Video                 *bool `json:"video"`
	Audio                 *bool `json:"audio"`
	Temperature           *bool `json:"temperature"`
	TopP                  *bool `json:"top_p"`
	AssistantPrefill      *bool `json:"assistant_prefill"`
	LeadingAssistantOK    *bool `json:"leading_assistant_ok"`
	ToolResultMustBeAlone *bool `json:"tool_result_must_be_alone"`
	ToolResultStatusField *bool `json:"tool_result_status_field"`
}

type promptCache struct {
	MinTokens *int     `json:"min_tokens"`
	TTL       []string `json:"ttl"`
}

func extensionOf(m *catalog.Model, target string, now time.Time) extension {
	e := extension{
		Target:              target,
		ContextWindow:       orNil(m.Context),
		MaxOutputTokens:     orNil(m.MaxOutput),
		InputModalities:     m.InputModalities,
		EmbeddingDimensions: m.Dimensions,
		Lifecycle:           orNil(m.Lifecycle(now)),
	}
	switch m.Kind {
	case catalog.Chat:
		e.Kind, e.Endpoints = orNil("chat"), []string{"/v1/chat/completions"}
		e.Capabilities = capabilitiesOf(&m.Caps)
		e.ReasoningEfforts = efforts(&m.Caps.Reasoning)
		e.PromptCache = promptCacheOf(&m.Caps.Caching)
	case catalog.Embed:
		e.Kind, e.Endpoints = orNil("embedding"), []string{"/v1/embeddings"}
	}
	return e
}

func capabilitiesOf(c *catalog.Capabilities) *capabilities {
	return &capabilities{
		Streaming: known(c.Streaming), System: known(c.System), Tools: known(c.Tools), StreamingTools: known(c.StreamingTools),
		StructuredOutput: known(c.StructuredOutput), StrictTools: known(c.StrictTools),
		Reasoning: known(c.Reasoning.Supported), Caching: known(c.Caching.Explicit),
		Vision: known(c.Vision), Documents: known(c.Documents), Video: known(c.Video), Audio: known(c.Audio),
		Temperature: known(c.Sampling.Temperature), TopP: known(c.Sampling.TopP),
		AssistantPrefill: known(c.AssistantPrefill), LeadingAssistantOK: known(c.LeadingAssistantOK),
		ToolResultMustBeAlone: known(c.ToolResultAlone), ToolResultStatusField: known(c.ToolResultStatus),
	}
}

// efforts gives those that make a difference: none where the model never reasons or always does as it likes, nil when not known.
func efforts(r *catalog.Reasoning) []string {
	if r.Efforts == nil && (r.Supported == catalog.No || r.Default == "always") {
		return []string{}
	}
	return r.Efforts
}

func promptCacheOf(c *catalog.Caching) *promptCache {
	if c.Explicit != catalog.Yes {
		return nil
	}
	p := &promptCache{MinTokens: orNil(c.MinTokens), TTL: []string{"5m"}}
	if c.Hour {
		p.TTL = append(p.TTL, "1h")
	}
	return p
}

func known(t catalog.Tri) *bool {
	if t == catalog.Unknown {
		return nil
	}
	yes := t == catalog.Yes
	return &yes
}

// orNil gives nil, written as null, for what the catalogue does not know.
func orNil[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
