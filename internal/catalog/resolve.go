package catalog

import (
	"fmt"
	"strings"
)

// maxName is the longest modelId that Bedrock takes [F 1.1].
const maxName = 2048

// NotFoundError tells that a name is in no catalogue and is not shaped like a Bedrock id either (R-CAP-02).
type NotFoundError struct{ Name string }

// Error gives the text for the log.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("%q is not a model, profile or ARN of Bedrock", e.Name)
}

// Resolve finds where a name leads when it is called in a region (R-CAP-01 to -06): a public id or base id (with or
// without "bedrock/" in front), a system inference profile id, or an ARN. Ids are opaque and called as they are, but
// for a bare id whose model needs an inference profile: it is called through the profile of the region. Names that are
// not in the catalogue but shaped like an id are passed on with a row made up for them. The error is always a
// [*NotFoundError].
//
// Public of the target is the name as asked.
func (c *Catalog) Resolve(name, region string) (Target, error) {
	id := strings.TrimPrefix(name, "bedrock/")
	if len(id) > maxName {
		return Target{}, &NotFoundError{name}
	}
	if model, order, ordered := strings.Cut(id, "+"); ordered {
		// No id of Bedrock has a plus: what follows one is an order to the embedded Bedrock to misbehave, and part of the
		// call only.
		t, err := c.Resolve(model, region)
		if err == nil && strings.ContainsFunc(order, notInOrder) {
			err = &NotFoundError{name}
		}
		t.Public, t.CalledID = name, t.CalledID+"+"+order
		return t, err
	}
	t := Target{Public: name, CalledID: id}
	if m := c.byID[id]; m != nil {
		t.Row, t.CalledID = m, m.calledIn(region)
		return t, nil
	}
	if IsARN(id) {
		return c.resolveARN(t)
	}
	if t.Row = c.row(id); t.Row == nil {
		return Target{}, &NotFoundError{name}
	}
	return t, nil
}

func (c *Catalog) resolveARN(t Target) (Target, error) {
	a, ok := parseARN(t.CalledID)
	if !ok {
		return Target{}, &NotFoundError{t.Public}
	}
	t.Region = a.region
	if a.kind == foundationModel || a.kind == inferenceProfile {
		t.Row = c.row(a.name)
	}
	if t.Row == nil {
		t.Row = c.row(c.bases[t.CalledID])
	}
	if t.Row == nil {
		t.Row = c.opaque
	}
	return t, nil
}

// row finds or makes the row of a base id or system profile id; nil when the id is not shaped like one. The row of a
// profile is that of the id without its geographic prefix (R-CAP-04), and the context suffix of ids like
// provider.model-v1:0:200k does not change it.
func (c *Catalog) row(id string) *Model {
	_, base := cutGeography(id)
	if listed, ok := c.profiles[id]; ok {
		base = listed
	}
	if m := c.byID[base]; m != nil {
		return m
	}
	if m := c.byID[cutContext(base)]; m != nil {
		return m
	}
	provider, name, _ := strings.Cut(base, ".")
	if !c.providers[provider] || name == "" || strings.ContainsFunc(name, notInID) {
		return nil
	}
	return c.madeUp(base, provider, name)
}

func notInID(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '-' &&
		r != '_' && r != ':'
}

// notInOrder keeps out of a path whatever has a meaning there.
func notInOrder(r rune) bool { return notInID(r) && r != '+' && r != '=' && r != ',' }

// cutContext cuts the last of two or more colons and what follows: "200k" of provider.model-v1:0:200k.
func cutContext(id string) string {
	i := strings.LastIndexByte(id, ':')
	if i < 0 || strings.IndexByte(id, ':') == i {
		return id
	}
	return id[:i]
}

// NeedsBase tells that the target is an inference profile whose base model is not known: whoever can ask Bedrock
// (GetInferenceProfile) should, and hand the answer to [Catalog.WithBase] (R-CAP-04).
func (t Target) NeedsBase() bool {
	if t.Row.ID != "" {
		return false
	}
	a, ok := parseARN(t.CalledID)
	return ok && (a.kind == applicationProfile || a.kind == inferenceProfile)
}

// WithBase gives the target the row of its base model, a model id or an ARN as GetInferenceProfile names it. The id
// that is called and the public name stay. A base that leads nowhere leaves the target as it is.
func (c *Catalog) WithBase(t Target, base string) Target {
	if b, err := c.Resolve(base, ""); err == nil {
		t.Row = b.Row
	}
	return t
}
