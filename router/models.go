package router

import (
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// Models gives the entries of GET /v1/models at a time, ordered by id: the models that the gateway can surely serve in
// its region and whose end of life has not come, and the aliases of such, which may lead to other regions (R-MOD-01,
// -02, -04); also the tiers with such models, and the sets of rules.
func (r *Router) Models(now time.Time) []openai.Model {
	var list []openai.Model
	for _, m := range r.catalog.Models() {
		if _, hidden := r.cfg.Aliases[m.ID]; !hidden && servable(m) && m.Listed(now) && !m.Elsewhere {
			list = append(list, entry(m.ID, m, "", now))
		}
	}
	for _, alias := range r.aliases {
		if r.routes[alias].offers(now) {
			list = append(list, r.named(alias, now))
		}
	}
	for name := range r.tiers {
		if r.routes[name].offers(now) {
			list = append(list, r.named(name, now))
		}
	}
	for name := range r.sets {
		list = append(list, r.named(name, now))
	}
	slices.SortFunc(list, func(a, b openai.Model) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// Model gives the entry of one name that clients can use, listed or not: also profiles, ARNs and models past their end
// of life, where the catalogue knows the model.
func (r *Router) Model(name string, now time.Time) (openai.Model, bool) {
	to := r.routes[name]
	if _, alias := r.cfg.Aliases[name]; alias || to.tier != nil || to.rules != nil {
		return r.named(name, now), true
	}
	t, err := r.resolve(name)
	if err != nil || !t.Row.Known || Check(&Facts{Kind: t.Row.Kind}, t.Row) != nil {
		return openai.Model{}, false
	}
	return entry(name, t.Row, "", now), true
}

// offers tells whether a name leads to a model that the gateway can serve and whose end of life has not come.
func (to route) offers(now time.Time) bool {
	return to.rules != nil || slices.ContainsFunc(to.plan.Targets, func(t catalog.Target) bool {
		return (servable(t.Row) || t.Row.Kind == "") && t.Row.Listed(now)
	})
}

// named is the entry of a name that is not a model's: an alias, a tier or a set of rules.
func (r *Router) named(name string, now time.Time) openai.Model {
	to, target := r.routes[name], ""
	if alias, ok := r.cfg.Aliases[name]; ok && !r.cfg.HideTargets {
		target = r.behind(alias)
	}
	switch {
	case to.rules != nil: // what it can do depends on the request
		usual := tierExtension(r.tiers[TierBalanced], now)
		return r.choice(name, extension{Target: target, Kind: usual.Kind, Endpoints: usual.Endpoints}, r.created(nil))
	case to.tier != nil:
		e := tierExtension(to.tier, now)
		if e.Target = target; r.cfg.HideTargets {
			e.Targets = nil
		}
		return r.choice(name, e, r.created(to.tier))
	}
	m := to.plan.Targets[0].Row
	if target != "" {
		target = m.ID
	}
	return entry(name, m, target, now)
}

// behind follows aliases to the last name.
func (r *Router) behind(name string) string {
	for next, more := r.cfg.Aliases[name]; more; next, more = r.cfg.Aliases[name] {
		name = next
	}
	return name
}

// ours owns the names that are not models of anybody.
const ours = "outcrop"

// choice is the entry of a name behind which the router chooses.
func (r *Router) choice(id string, e extension, created int64) openai.Model {
	return openai.Model{ID: id, Created: created, OwnedBy: ours, Outcrop: encode(e)}
}

// tierExtension says of a tier what its targets are, and what the one with the largest context takes.
func tierExtension(t *tier, now time.Time) extension {
	var e extension
	largest := t.targets[0].Row
	for _, to := range t.targets {
		e.Targets = append(e.Targets, to.Public)
		if to.Row.Context > largest.Context {
			largest = to.Row
		}
	}
	of := extensionOf(largest, "", now)
	e.Kind, e.Endpoints, e.ContextWindow, e.MaxOutputTokens = of.Kind, of.Endpoints, of.ContextWindow, of.MaxOutputTokens
	return e
}

// created is when the newest target of a tier came up, or that of all tiers.
func (r *Router) created(of *tier) int64 {
	newest := int64(0)
	for _, t := range r.tiers {
		if of == nil || t == of {
			for _, target := range t.targets {
				newest = max(newest, target.Row.Created)
			}
		}
	}
	return newest
}

// servable tells whether the gateway surely has an endpoint for the model.
func servable(m *catalog.Model) bool {
	kind := catalog.Kinds[m.Kind]
	return kind != nil && kind.Serves(m) == catalog.Yes
}

func entry(id string, m *catalog.Model, target string, now time.Time) openai.Model {
	owner := strings.ToLower(m.Provider)
	if owner == "" {
		owner = "unknown" // the member is a string in OpenAI's schema
	}
	return openai.Model{ID: id, Created: m.Created, OwnedBy: owner, ShutdownDate: m.EndOfLife,
		Outcrop: encode(extensionOf(m, target, now))}
}

func encode(e extension) jsontext.Value {
	ext, _ := json.Marshal(e, json.FormatNilSliceAsNull(true)) // nothing in it can fail
	return ext
}

// extension is the object "outcrop" of an entry (R-MOD-05). Null is "not known".
type extension struct {
	Kind                *string       `json:"kind"`
	Endpoints           []string      `json:"endpoints"`
	Target              string        `json:"target,omitzero"`  // of an alias, when it is known (R-MOD-04)
	Targets             []string      `json:"targets,omitzero"` // of a tier, unless hidden
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
	if kind := catalog.Kinds[m.Kind]; kind != nil {
		e.Kind, e.Endpoints = orNil(kind.Name), []string{"/v1" + kind.Path}
	}
	if m.Kind == catalog.Chat {
		e.Capabilities = capabilitiesOf(&m.Caps)
		e.ReasoningEfforts = efforts(&m.Caps.Reasoning)
		e.PromptCache = promptCacheOf(&m.Caps.Caching)
	}
	return e
}

func capabilitiesOf(c *catalog.Capabilities) *capabilities {
	return &capabilities{
		Streaming: known(c.Streaming), System: known(c.System), Tools: known(c.Tools),
		StreamingTools:   known(c.StreamingTools),
		StructuredOutput: known(c.StructuredOutput), StrictTools: known(c.StrictTools),
		Reasoning: known(c.Reasoning.Supported), Caching: known(c.Caching.Explicit),
		Vision: known(c.Vision), Documents: known(c.Documents), Video: known(c.Video), Audio: known(c.Audio),
		Temperature: known(c.Sampling.Temperature), TopP: known(c.Sampling.TopP),
		AssistantPrefill: known(c.AssistantPrefill), LeadingAssistantOK: known(c.LeadingAssistantOK),
		ToolResultMustBeAlone: known(c.ToolResultAlone), ToolResultStatusField: known(c.ToolResultStatus),
	}
}

// efforts gives those that make a difference: none where the model never reasons or always does as it likes, nil when
// not known.
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
