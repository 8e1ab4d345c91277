package catalog

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Override changes single facts of a row, or adds a row for a model that the data lacks. What is not given stays as it
// is in the row that it begins with: the one named by Like, else the model's own, else the one that R-CAP-05 makes up.
type Override struct {
	Like            string          `yaml:"like" validate:"max=2048"` // id of a row to copy
	Name            string          `yaml:"name" validate:"max=200"`
	Kind            Kind            `yaml:"kind" validate:"omitempty,oneof=chat embed"`
	Context         int             `yaml:"context" validate:"min=0"`
	MaxOutput       int             `yaml:"max_output" validate:"min=0"` // counts as confirmed
	Dimensions      []int           `yaml:"dimensions" validate:"unique,dive,min=1"`
	InputModalities []string        `yaml:"input_modalities" validate:"unique,dive,oneof=text image document video audio"`
	Converse        *bool           `yaml:"converse"`
	Profiles        []string        `yaml:"profiles" validate:"unique,dive,word"` // system inference profiles
	ProfileRequired *bool           `yaml:"profile_required"`
	EndOfLife       string          `yaml:"end_of_life" validate:"omitempty,datetime=2006-01-02"`
	Capabilities    CapabilityFacts `yaml:"capabilities"`
	// by scope: in_region, us, eu, global …
	Prices map[string]Price `yaml:"prices" validate:"dive,keys,required,endkeys"`
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
		return nil, fmt.Errorf("nobody knows how %q is asked for embeddings: it needs like, naming a model that is asked "+
			"alike", id)
	}
	return &row, nil
}

// identify gives a copied row what belongs to the model itself.
func (m *Model) identify(own *Model) {
	m.ID, m.Name, m.Provider = own.ID, own.Name, own.Provider
	m.Profiles, m.doubtful, m.ProfileRequired, m.profileInWest2 = own.Profiles, own.doubtful, own.ProfileRequired,
		own.profileInWest2
	m.Created, m.Status, m.EndOfLife = own.Created, own.Status, own.EndOfLife
}

func (o *Override) apply(m *Model) {
	merge(reflect.ValueOf(m).Elem(), reflect.ValueOf(o).Elem())
	m.MaxOutputFirm = m.MaxOutputFirm || o.MaxOutput > 0
	if o.Dimensions != nil {
		m.Dimensions = slices.Sorted(slices.Values(o.Dimensions))
	}
	if o.Profiles != nil {
		m.doubtful = nil
	}
	o.Capabilities.apply(&m.Caps)
	if o.Prices != nil {
		m.Prices = maps.Clone(m.Prices)
		if m.Prices == nil {
			m.Prices = map[string]Price{}
		}
		maps.Copy(m.Prices, o.Prices)
	}
}
