package catalog

import (
	"cmp"
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
	CapabilityFacts // those outside of features
	Features        struct {
		CapabilityFacts
		Converse *bool `json:"converse"`
	} `json:"features"`
	Reasoning struct {
		ReasoningFacts
		// Request is what goes into additionalModelRequestFields; values are the choices, with "|" between them.
		Request map[string]jsontext.Value `json:"request_shape"`
	} `json:"reasoning"`
	Inference    inference            `json:"inference"`
	Prices       map[string]priceData `json:"price_usd_per_1m"`
	PriceUSEast1 priceData            `json:"price_us_east_1"`
	Lifecycle    struct {
		EOL        string `json:"eol"`
		Confidence string `json:"confidence"`
	} `json:"lifecycle"`
	Unconfirmed []string `json:"unconfirmed"`
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

// capabilities joins what the family, the row and the features of the row say.
func (r *row) capabilities(fam *family) Capabilities {
	var c Capabilities
	fam.caps.apply(&c)
	own, k := r.CapabilityFacts, &c.Caching
	own.Reasoning = r.Reasoning.ReasoningFacts
	if c.Reasoning.Shape == ReasoningNone {
		c.Reasoning.Shape, c.Reasoning.Efforts = shape(r.Reasoning.Request)
	}
	if own.Caching.Explicit == nil {
		own.Caching.Fields = []string{"system", "messages", "tools"} // points go where the client asked for them (R-CAP-06)
	}
	own.apply(&c)
	r.Features.apply(&c)
	c.StrictTools = cmp.Or(c.StrictTools, c.StructuredOutput) // one list for both [F 4.4], but for some families
	if !k.System && !k.Messages && !k.Tools {
		k.Explicit = No // what it takes, it takes in another interface than Converse
	}
	return c
}

// shape is the request's shape where a row says it itself: the ways in which families name an effort. What is written
// there in other words ("see note") is not known.
func shape(request map[string]jsontext.Value) (ReasoningShape, []string) {
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
		if v, there := request[x.member]; there && json.Unmarshal(v, x.into) == nil && strings.Contains(*x.text, "|") {
			return x.shape, strings.Split(strings.TrimPrefix(*x.text, "none|"), "|")
		}
	}
	return ReasoningNone, nil
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
	return Price{Input: p.Input, Output: p.Output, CacheRead: p.CacheRead, CacheWrite5m: write,
		CacheWrite1h: p.CacheWrite1h}
}
