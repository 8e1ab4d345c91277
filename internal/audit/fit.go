package audit

import (
	"slices"
	"strings"
)

// What a record may hold, whatever its request was: a client must not be able to make its own record too large to be
// kept, or take the memory of others' records with it.
const (
	mostRecord   = 1 << 20 // bytes of a record's JSON
	mostFindings = 64      // of a record, after they were added up
	mostList     = 512     // members of any other list, where a record is too large
	longestName  = 256     // bytes of a name; a refused request may name a model of many megabytes
)

// otherKinds stands for what finds no line of its own among the findings.
const otherKinds = "OTHER"

// Note adds a finding to others: those of one direction, kind, action and role are one, with the place of the first.
func Note(all []Finding, f Finding) []Finding {
	for i := range all {
		x := &all[i]
		if x.Direction == f.Direction && x.Kind == f.Kind && x.Action == f.Action && x.Role == f.Role {
			x.Count += f.Count
			x.Score = max(x.Score, f.Score)
			return all
		}
	}
	if len(all) >= mostFindings-1 && f.Kind != otherKinds {
		return Note(all, Finding{Direction: f.Direction, Kind: otherKinds, Action: f.Action, Count: f.Count, Score: f.Score})
	}
	return append(all, f)
}

// fit cuts what makes a record too large, and writes down which members were cut. What says who asked, what it cost and
// what was answered stays whole for as long as anything else can be cut.
func (r *Record) fit() {
	for _, step := range []func(){r.fitText, r.fitLists, r.fitNames} {
		if r.roughly() <= mostRecord || sizeOf(r) <= mostRecord {
			return
		}
		step()
	}
}

// fitText halves the longest that a text may be until all of them are half of a record at most.
func (r *Record) fitText() {
	t := r.Text
	if t == nil {
		return
	}
	t.Answers = t.Answers[:min(len(t.Answers), mostList)]
	for most := mostRecord / 4; most > 0 && sizeOf(t) > mostRecord/2; most /= 2 {
		t.Prompt = clip(t.Prompt, most)
		t.Answers = clipAll(t.Answers, most)
	}
	r.Cut = append(r.Cut, "text")
}

func (r *Record) fitLists() {
	for _, l := range []struct {
		name string
		list *[]string
	}{{"upstream", &r.Upstream}, {"answers", &r.Answers}} {
		if list := *l.list; len(list) > mostList {
			*l.list = list[:mostList]
			r.Cut = append(r.Cut, l.name)
		}
	}
	if len(r.Policy) > mostFindings {
		r.Policy = r.Policy[:mostFindings]
		r.Cut = append(r.Cut, "policy")
	}
}

func (r *Record) fitNames() {
	for _, s := range r.names() {
		*s = clip(*s, longestName)
	}
	r.Upstream, r.Answers = clipAll(r.Upstream, longestName), clipAll(r.Answers, longestName)
	r.Policy = slices.Clone(r.Policy)
	for i := range r.Policy {
		f := &r.Policy[i]
		for _, s := range []*string{&f.Direction, &f.Kind, &f.Action, &f.Role, &f.Place} {
			*s = clip(*s, longestName)
		}
	}
	r.Cut = append(r.Cut, "names")
}

// names are the strings of a record.
func (r *Record) names() []*string {
	return []*string{&r.ID, &r.Tenant, &r.Key, &r.Endpoint, &r.Outcome, &r.Asked, &r.Served, &r.Called, &r.Region, &r.Rule,
		&r.Tier, &r.Cache,
		&r.Prompt, &r.Cost}
}

// roughly is not less than what the record takes as JSON.
func (r *Record) roughly() int {
	// names of members, numbers and times; what a byte takes, as \u001f does
	const members, finding, escaped = 1024, 160, 6
	n := 0
	for _, s := range r.names() {
		n += len(*s)
	}
	n += lengths(r.Answers) + lengths(r.Upstream)
	for i := range r.Policy {
		f := &r.Policy[i]
		n += finding + len(f.Direction) + len(f.Kind) + len(f.Action) + len(f.Role) + len(f.Place)
	}
	if t := r.Text; t != nil {
		n += len(t.Prompt) + lengths(t.Answers)
	}
	return members + escaped*n
}

// sizeOf is the length of the JSON of what can be written.
func sizeOf(v any) int {
	b, _ := appendJSON(nil, v)
	return len(b)
}

func lengths(all []string) int {
	n := 0
	for _, s := range all {
		n += 1 + len(s)
	}
	return n
}

func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// clipAll makes a list of its own: others may still read the one that it is given.
func clipAll(all []string, most int) []string {
	own := make([]string, len(all))
	for i := range all {
		own[i] = clip(all[i], most)
	}
	return own
}
