package catalog

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

//go:embed models.json
var data []byte

// Data gives the embedded model data file. Callers must not change it.
func Data() []byte { return data }

// file is the part of the model data file that is read. A nil pointer, like an absent member, means "not known".
type file struct {
	Compiled string `json:"compiled"` // YYYY-MM-DD
	Models   []row  `json:"models"`
}

type row struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Provider   string `json:"provider"`
	Family     string `json:"family"`
	Kind       Kind   `json:"kind"`
	Status     string `json:"status"`
	Modalities struct {
		Input []string `json:"input"`
	} `json:"modalities"`
	Context    int   `json:"context"`
	MaxOutput  int   `json:"max_output"`
	Dimensions []int `json:"dimensions"`
	APIs       struct {
		Converse *bool `json:"converse"`
	} `json:"apis"`
	Features         features             `json:"features"`
	Caching          caching              `json:"caching"`
	Reasoning        reasoning            `json:"reasoning"`
	Sampling         *sampling            `json:"sampling"`
	StructuredOutput *bool                `json:"structured_output"`
	LeadingAssistant *bool                `json:"leading_assistant_ok"`
	AssistantPrefill *bool                `json:"assistant_prefill"`
	ToolResultAlone  *bool                `json:"tool_result_must_be_alone"`
	ToolResultStatus *bool                `json:"tool_result_status_field"`
	Inference        inference            `json:"inference"`
	Prices           map[string]priceData `json:"price_usd_per_1m"`
	PriceUSEast1     priceData            `json:"price_us_east_1"`
	Lifecycle        struct {
		EOL        string `json:"eol"`
		Confidence string `json:"confidence"`
	} `json:"lifecycle"`
	Unconfirmed []string `json:"unconfirmed"`
}

type features struct {
	Converse       *bool    `json:"converse"`
	Streaming      *bool    `json:"streaming"`
	System         *bool    `json:"system"`
	Documents      *bool    `json:"documents"`
	Vision         *bool    `json:"vision"`
	Video          *bool    `json:"video"`
	Audio          *bool    `json:"audio"`
	Tools          *bool    `json:"tools"`
	StreamingTools *bool    `json:"streaming_tools"`
	ToolChoice     []string `json:"tool_choice"` // nil: not known; empty: no kind is taken
}

type caching struct {
	Explicit  *bool    `json:"explicit"`
	MinTokens int      `json:"min_tokens"`
	MaxPoints int      `json:"max_checkpoints"`
	TTL       []string `json:"ttl"`
	Fields    []string `json:"fields"`
}

type reasoning struct {
	Supported *bool    `json:"supported"`
	Effort    []string `json:"effort"`
	Signed    bool     `json:"signed_blocks"`
	// Request is what goes into additionalModelRequestFields; values are the choices, with "|" between them.
	Request map[string]jsontext.Value `json:"request_shape"`
}

type sampling struct {
	Temperature *bool `json:"temperature"`
	TopP        *bool `json:"top_p"`
	Both        *bool `json:"both_together"`
}

type inference struct {
	Profiles   []string `json:"profile_ids"`
	Doubtful   []string `json:"profile_ids_in_one_price_map_only"`
	Required   *bool    `json:"profile_required"`
	TypesWest2 []string `json:"types_us_west_2"`
}

type priceData struct {
	Input        float64 `json:"input"`
	Output       float64 `json:"output"`
	CacheRead    float64 `json:"cache_read"`
	CacheWrite   float64 `json:"cache_write"` // where the file knows only one rate
	CacheWrite5m float64 `json:"cache_write_5m"`
	CacheWrite1h float64 `json:"cache_write_1h"`
}

func tri(b *bool) Tri {
	switch {
	case b == nil:
		return Unknown
	case *b:
		return Yes
	}
	return No
}

// read decodes a model data file into rows, in the order of the file.
func read(b []byte) ([]*Model, error) {
	var f file
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("model data: %w", err)
	}
	compiled, err := time.Parse(time.DateOnly, f.Compiled)
	if err != nil {
		return nil, fmt.Errorf("model data: date of compilation: %w", err)
	}
	models := make([]*Model, 0, len(f.Models))
	for i := range f.Models {
		r := &f.Models[i]
		if r.ID == "" || r.Provider == "" || r.Kind == "" {
			return nil, fmt.Errorf("model data: entry %d (%q) lacks id, provider or kind", i, r.ID)
		}
		if _, known := families[r.Family]; !known && r.Kind == Chat {
			return nil, fmt.Errorf("model data: %s: the family %q has no row in the family table", r.ID, r.Family)
		}
		models = append(models, r.model(compiled.Unix()))
	}
	return models, nil
}

// model joins a row of the data file with the row of its family. The file wins where both know something.
func (r *row) model(compiled int64) *Model {
	fam := families[r.Family]
	m := &Model{
		ID: r.ID, Name: r.Name, Provider: r.Provider, Family: r.Family, Format: fam.format, Kind: r.Kind, Known: true,
		InputModalities: r.Modalities.Input,
		Context:         r.Context,
		MaxOutput:       r.MaxOutput,
		MaxOutputFirm:   r.MaxOutput > 0 && !slices.Contains(r.Unconfirmed, "max_output"),
		Dimensions:      r.Dimensions,
		Converse:        r.converse(),
		EmbedShape:      fam.embed,
		Profiles:        r.Inference.Profiles,
		ProfileRequired: tri(r.Inference.Required),
		Created:         compiled, // the file knows no start of life (R-MOD-02)
		Status:          r.Status,
		EndOfLife:       r.Lifecycle.EOL,
		Prices:          r.prices(),
		doubtful:        r.Inference.Doubtful,
		profileInWest2:  len(r.Inference.TypesWest2) > 0 && !slices.Contains(r.Inference.TypesWest2, "ON_DEMAND"),
		confirmed:       r.Lifecycle.Confidence != "not independently confirmed" && r.Status != "preview",
	}
	if r.Kind == Chat {
		m.Caps = r.capabilities(&fam)
	}
	return m
}

func (r *row) converse() Tri {
	if r.APIs.Converse != nil {
		return tri(r.APIs.Converse)
	}
	return tri(r.Features.Converse)
}

func (r *row) capabilities(fam *family) Capabilities {
	f := &r.Features
	c := Capabilities{
		Streaming: tri(f.Streaming), System: tri(f.System), Tools: tri(f.Tools), StreamingTools: tri(f.StreamingTools),
		Documents: tri(f.Documents), Vision: tri(f.Vision), Video: tri(f.Video), Audio: tri(f.Audio),
		ToolChoice:         toolChoice(f.ToolChoice),
		StructuredOutput:   tri(r.StructuredOutput),
		StrictTools:        tri(r.StructuredOutput), // one list for both [F 4.4]
		Sampling:           fam.sampling,
		Reasoning:          fam.reasoning,
		Caching:            r.Caching.capability(fam),
		AssistantPrefill:   tri(r.AssistantPrefill),
		LeadingAssistantOK: tri(r.LeadingAssistant),
		ToolResultBeside:   fam.beside,
		ToolResultAlone:    tri(r.ToolResultAlone),
		ToolUseAlone:       fam.alone,
		ToolResultMedia:    fam.media,
		ToolResultJSON:     fam.json,
		ToolResultStatus:   tri(r.ToolResultStatus),
		ToolIDPattern:      fam.toolIDs,
		ToolNamePattern:    fam.toolNames,
		S3Sources:          fam.s3,
		DisableParallel:    fam.native,
		BlankStopRefused:   fam.native,
		InlineThinkingTag:  fam.tag,
	}
	if c.LeadingAssistantOK == Unknown {
		c.LeadingAssistantOK = fam.leading
	}
	if fam.strict != Unknown {
		c.StrictTools = fam.strict
	}
	if s := r.Sampling; s != nil {
		c.Sampling.Temperature, c.Sampling.TopP, c.Sampling.Both = tri(s.Temperature), tri(s.TopP), tri(s.Both)
	}
	c.Reasoning.Supported, c.Reasoning.Signed = tri(r.Reasoning.Supported), r.Reasoning.Signed
	if c.Reasoning.Shape == ReasoningNone {
		c.Reasoning.Shape, c.Reasoning.Efforts = r.Reasoning.shape()
	}
	if r.Reasoning.Effort != nil {
		c.Reasoning.Efforts = r.Reasoning.Effort
	}
	return c
}

// shape is the request's shape where a row says it itself: the ways in which families name an effort. What is written there in
// other words ("see note") is not known.
func (r *reasoning) shape() (ReasoningShape, []string) {
	var object struct {
		Effort string `json:"effort"`
	}
	var word string
	for _, x := range []struct {
		member string
		shape  ReasoningShape
		into   any
		text   *string
	}{
		{"reasoning", ReasoningObject, &object, &object.Effort},
		{"reasoning_config", ReasoningConfig, &word, &word},
		{"reasoning_effort", ReasoningEffort, &word, &word},
	} {
		if v, there := r.Request[x.member]; there && json.Unmarshal(v, x.into) == nil && strings.Contains(*x.text, "|") {
			return x.shape, strings.Split(strings.TrimPrefix(*x.text, "none|"), "|")
		}
	}
	return ReasoningNone, nil
}

func toolChoice(kinds []string) ToolChoice {
	return ToolChoice{
		Known: kinds != nil,
		Auto:  slices.Contains(kinds, "auto"),
		Any:   slices.Contains(kinds, "any"),
		Tool:  slices.Contains(kinds, "tool"),
	}
}

func (c *caching) capability(fam *family) Caching {
	unknown := c.Explicit == nil // then points go where the client asked for them (R-CAP-06)
	k := Caching{
		Explicit: tri(c.Explicit), MinTokens: c.MinTokens, MaxPoints: c.MaxPoints,
		System:    unknown || slices.Contains(c.Fields, "system"),
		Messages:  unknown || slices.Contains(c.Fields, "messages"),
		Tools:     unknown || slices.Contains(c.Fields, "tools"),
		Hour:      slices.Contains(c.TTL, "1h"),
		AfterText: fam.pointAfterText,
	}
	if !k.System && !k.Messages && !k.Tools {
		k.Explicit = No // what it takes, it takes in another interface than Converse
	}
	return k
}

func (r *row) prices() map[string]Price {
	m := make(map[string]Price, len(r.Prices)+1)
	for scope, p := range r.Prices {
		m[scope] = p.price()
	}
	if p := r.PriceUSEast1.price(); p != (Price{}) {
		m[scopeUSEast1] = p
	}
	return m
}

func (p priceData) price() Price {
	write := p.CacheWrite5m
	if write == 0 {
		write = p.CacheWrite
	}
	return Price{Input: p.Input, Output: p.Output, CacheRead: p.CacheRead, CacheWrite5m: write, CacheWrite1h: p.CacheWrite1h}
}
