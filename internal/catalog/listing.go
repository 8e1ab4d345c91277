package catalog

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Listing is what AWS lists for one region (ListFoundationModels and ListInferenceProfiles [F 6.7]).
type Listing struct {
	Models   []ListedModel
	Profiles []ListedProfile
}

// ListedModel is a foundation model. Members that AWS left out are zero.
type ListedModel struct {
	ID, Name, Provider string
	Inputs, Outputs    []string // "TEXT", "IMAGE", "EMBEDDING" …, and words that are newer
	Streaming          Tri
	Inference          []string // "ON_DEMAND", "PROVISIONED", "INFERENCE_PROFILE"
	Legacy             bool
	Started, Ends      time.Time // of its life
}

// ListedProfile is an inference profile.
type ListedProfile struct {
	ID, ARN     string
	Application bool   // of the account; else one of the system's
	Model       string // id of the model in it: all regions of a profile have the same one
}

// WithListing gives the catalogue with what AWS says about the gateway's region (R-MOD-06); the receiver stays as it
// is. Of known models the list settles lifecycle, profiles and whether a profile is needed, and fills in what was not
// known. New ones become rows by R-CAP-05. Application profiles get the row of their base model, which saves
// GetInferenceProfile (R-CAP-04), and are not listed (R-MOD-07).
func (c *Catalog) WithListing(l Listing) *Catalog {
	d := c.clone()
	for i, m := range d.models {
		own := *m // rows of the receiver are shared with requests under way
		own.Profiles, own.Elsewhere = slices.Clone(m.Profiles), len(l.Models) > 0
		d.models[i], d.byID[m.ID] = &own, &own
	}
	for i := range l.Models {
		d.addModel(&l.Models[i])
	}
	for i := range l.Profiles {
		d.addProfile(&l.Profiles[i])
	}
	d.sort()
	return d
}

func (c *Catalog) addModel(s *ListedModel) {
	if s.provisionedOnly() { // then it is called by ARN
		return
	}
	if m := c.byID[s.ID]; m != nil {
		m.InputModalities = s.inputs(m.InputModalities)
		if m.Kind == Chat {
			m.Caps.Streaming, m.Caps.Vision = cmp.Or(m.Caps.Streaming, s.Streaming), cmp.Or(m.Caps.Vision, s.vision())
		}
		m.heed(s)
		return
	}
	provider, name, _ := strings.Cut(s.ID, ".")
	// Ids such as provider.model-v1:0:24k are sizes of a model, not models.
	if name == "" || strings.ContainsFunc(name, notInID) || cutContext(s.ID) != s.ID {
		return
	}
	m := c.unheardOf(s, provider, name)
	m.heed(s)
	c.put(m)
}

// unheardOf makes the row of a listed model that is new: where the list and the product line differ, the list is right.
func (c *Catalog) unheardOf(s *ListedModel, provider, name string) *Model {
	line := c.lines.of(c.words.line(provider, name))
	if kind := s.kind(); line == nil || line.Kind == Chat && kind != "" && kind != Chat {
		line = c.opaque
	}
	m := c.copyOf(line, s.ID, provider)
	m.Kind = cmp.Or(m.Kind, s.kind())
	m.Known, m.Name, m.Provider = true, cmp.Or(s.Name, s.ID), cmp.Or(s.Provider, m.Provider)
	m.Converse = line.Converse // it exists and writes text, so what serves its line serves it
	if listed := s.inputs(nil); listed != nil {
		m.InputModalities = listed
	}
	if m.Kind == Chat {
		m.Caps.Streaming, m.Caps.Vision = cmp.Or(s.Streaming, m.Caps.Streaming), cmp.Or(s.vision(), m.Caps.Vision)
	}
	return m
}

// heed takes over what the list alone decides.
func (m *Model) heed(s *ListedModel) {
	m.Elsewhere = false
	if !s.Started.IsZero() {
		m.Created = s.Started.Unix()
	}
	if !s.Ends.IsZero() {
		m.EndOfLife = s.Ends.UTC().Format(time.DateOnly)
	}
	switch {
	case m.Status == "gated": // a matter of access, of which the list says nothing
	case s.Legacy:
		m.Status = "legacy"
	default:
		m.Status = "active"
	}
	if len(s.Inference) > 0 {
		m.ProfileRequired, m.profileInWest2 = Yes, false
		if slices.Contains(s.Inference, "ON_DEMAND") {
			m.ProfileRequired = No
		}
	}
}

func (c *Catalog) addProfile(p *ListedProfile) {
	if p.Application {
		c.bases[p.ARN] = p.Model
		return
	}
	m := c.byID[p.Model]
	if m == nil {
		provider, name, _ := strings.Cut(p.Model, ".")
		if name == "" || strings.ContainsFunc(name, notInID) {
			return
		}
		m = c.unheardOf(&ListedModel{ID: p.Model}, provider, name)
		c.put(m)
	}
	m.Elsewhere = false
	m.doubtful = slices.DeleteFunc(slices.Clone(m.doubtful), func(id string) bool { return id == p.ID })
	if !slices.Contains(m.Profiles, p.ID) {
		m.Profiles = append(m.Profiles, p.ID)
	}
	c.profiles[p.ID] = p.Model
}

// kind reads the kind from what comes out; "" when the list does not say.
func (s *ListedModel) kind() Kind {
	switch {
	case len(s.Outputs) == 0:
		return ""
	case slices.Contains(s.Outputs, "TEXT"):
		return Chat
	case slices.Contains(s.Outputs, "EMBEDDING"):
		return Embed
	}
	return Kind(strings.ToLower(s.Outputs[0]))
}

// inputs gives what is known of the inputs, else what the list says.
func (s *ListedModel) inputs(known []string) []string {
	if known != nil || len(s.Inputs) == 0 {
		return known
	}
	list := make([]string, len(s.Inputs))
	for i, in := range s.Inputs {
		list[i] = strings.ToLower(in)
	}
	return list
}

func (s *ListedModel) vision() Tri {
	if len(s.Inputs) == 0 {
		return Unknown
	}
	images := slices.Contains(s.Inputs, "IMAGE")
	return tri(&images)
}

func (s *ListedModel) provisionedOnly() bool {
	return len(s.Inference) > 0 && !slices.Contains(s.Inference, "ON_DEMAND") &&
		!slices.Contains(s.Inference, "INFERENCE_PROFILE")
}
