package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Catalog is the set of known models. It never changes and is safe for concurrent use: [Catalog.With] and
// [Catalog.WithListing] make another one.
type Catalog struct {
	models    []*Model          // ordered by id
	byID      map[string]*Model // by base id
	providers map[string]bool   // first segments of ids: "anthropic", "moonshotai" …
	lines     newest            // the newest row of each product line (R-CAP-05)
	words     kindsOfWords      // words that tell a kind other than chat
	opaque    *Model            // the row of ARNs that do not tell their base model: everything is unknown, even the id
	bases     map[string]string // ids of the models behind ARNs that do not tell them
	profiles  map[string]string // ids of the models in the system profiles that AWS listed
}

// Load reads a model data file in the format of models.json.
func Load(data []byte) (*Catalog, error) {
	models, err := read(data)
	if err != nil {
		return nil, err
	}
	if len(models) == 0 {
		return nil, errors.New("model data: no models in it")
	}
	c := &Catalog{models: models, byID: make(map[string]*Model, len(models)), providers: map[string]bool{}}
	c.opaque = (&row{Status: "unknown"}).model(models[0].Created)
	c.opaque.Known, c.opaque.Format, c.opaque.Caps.Caching = false, "unknown", (&row{}).capabilities(&family{}).Caching
	for _, m := range models {
		if c.byID[m.ID] != nil {
			return nil, fmt.Errorf("model data: %s stands there twice", m.ID)
		}
		c.byID[m.ID] = m
		provider, _, _ := strings.Cut(m.ID, ".")
		c.providers[provider] = true
	}
	c.words = kindWords(models)
	c.lines = newestOfLines(models, c.words)
	c.sort()
	return c, nil
}

func (c *Catalog) sort() {
	slices.SortFunc(c.models, func(a, b *Model) int { return strings.Compare(a.ID, b.ID) })
}

// clone gives a catalogue to which rows can be added. The rows themselves are shared.
func (c *Catalog) clone() *Catalog {
	d := *c
	d.models = slices.Clone(c.models)
	d.byID, d.providers, d.lines = maps.Clone(c.byID), maps.Clone(c.providers), maps.Clone(c.lines)
	d.bases, d.profiles = map[string]string{}, map[string]string{}
	maps.Copy(d.bases, c.bases)
	maps.Copy(d.profiles, c.profiles)
	return &d
}

// put adds a row, in place of another one of the same id.
func (c *Catalog) put(m *Model) {
	if old := c.byID[m.ID]; old != nil {
		c.models[slices.Index(c.models, old)] = m
	} else {
		c.models = append(c.models, m)
		provider, _, _ := strings.Cut(m.ID, ".")
		c.providers[provider] = true
	}
	c.byID[m.ID] = m
}

var embedded = sync.OnceValues(func() (*Catalog, error) { return Load(data) })

// Default is the catalogue of the embedded data, read once. It panics when the embedded data is broken, which a test
// excludes.
func Default() *Catalog {
	c, err := embedded()
	if err != nil {
		panic(err)
	}
	return c
}

// Options refine a catalogue by what only the operator knows.
type Options struct {
	// Rows change rows or add some, by model id.
	Rows map[string]Override
	// BaseModels names the base model of ARNs that do not tell it (provisioned, custom and imported models, application
	// profiles, prompts, SageMaker endpoints): ARN → model id, profile id or foundation model ARN (R-CAP-04).
	BaseModels map[string]string
}

// With gives the catalogue with options; the receiver stays as it is. Every row is made from the receiver's, so that
// their order does not matter. It fails when a row names a model that the catalogue lacks or says too little, when a
// base model is not known, or when what should have one is no ARN.
func (c *Catalog) With(o Options) (*Catalog, error) {
	if len(o.Rows) == 0 && len(o.BaseModels) == 0 {
		return c, nil
	}
	d := c.clone()
	for _, id := range slices.Sorted(maps.Keys(o.Rows)) {
		override := o.Rows[id]
		m, err := c.override(id, &override)
		if err != nil {
			return nil, err
		}
		d.put(m)
		d.lines.follow(m, d.words)
	}
	d.sort()
	for _, arn := range slices.Sorted(maps.Keys(o.BaseModels)) {
		if _, ok := parseARN(arn); !ok {
			return nil, fmt.Errorf("base models: %q is not the ARN of a Bedrock model", arn)
		}
		base, err := d.Resolve(o.BaseModels[arn], "")
		if err != nil || !base.Row.Known {
			return nil, fmt.Errorf("base models: the base model %q of %s is not in the catalogue", o.BaseModels[arn], arn)
		}
		d.bases[arn] = base.Row.ID
	}
	return d, nil
}

// Models gives all rows, ordered by id. Callers must not change them.
func (c *Catalog) Models() []*Model { return c.models }

// Listed tells whether the model belongs in a list of models on a day: not when its end of life has come, nor when the
// catalogue calls it ended without a date (R-MOD-02). A model that is not listed is still called when somebody asks for
// it.
func (m *Model) Listed(on time.Time) bool {
	if m.EndOfLife == "" {
		return m.Status != "eol"
	}
	return on.UTC().Format(time.DateOnly) < m.EndOfLife
}

// Lifecycle is the state of the model on a day: "active", "legacy", "gated", "preview", "eol", or "" when it is not
// known.
func (m *Model) Lifecycle(on time.Time) string {
	switch {
	case !m.Listed(on):
		return "eol"
	case m.Status == "unknown":
		return ""
	}
	return m.Status
}
