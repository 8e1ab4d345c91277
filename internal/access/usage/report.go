package usage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/store"
)

// Query asks for usage. Whole hours are counted: From is rounded down to one and To up.
type Query struct {
	From, To time.Time // zero: a month before To; now
	GroupBy  []string  // "key", "tenant", "model", "hour", "day", "tag:NAME"
	// Tenant, Key and Model, where not nil, are the only ones that are looked at, and of Tags, by their names, these
	// values.
	Tenant, Key, Model *string
	Tags               map[string]string
}

// Only narrows the query to one value of what it may be grouped by. It tells whether there is such a thing.
func (q *Query) Only(name, value string) bool {
	switch {
	case name == "tenant":
		q.Tenant = &value
	case name == "key":
		q.Key = &value
	case name == "model":
		q.Model = &value
	case tagName.MatchString(name):
		if q.Tags == nil {
			q.Tags = map[string]string{}
		}
		q.Tags[strings.TrimPrefix(name, "tag:")] = value
	default:
		return false
	}
	return true
}

func (q *Query) asksFor(k *store.UsageKey) bool {
	if q.Tenant != nil && k.Tenant != *q.Tenant || q.Key != nil && k.Key != *q.Key ||
		q.Model != nil && k.Model != *q.Model {
		return false
	}
	if len(q.Tags) == 0 {
		return true
	}
	tags, _ := url.ParseQuery(k.Tags) // what cannot be read is not there
	for name, value := range q.Tags {
		if tags.Get(name) != value {
			return false
		}
	}
	return true
}

// Report is the answer, in order of its groups.
type Report struct {
	From, To time.Time
	GroupBy  []string
	Rows     []Row
	Total    store.UsageSums
}

// NameKeys puts the name of each key beside its id: an invoice needs names. They are asked for where keys are shown.
func (r *Report) NameKeys(names func() map[string]string) {
	at := slices.Index(r.GroupBy, "key")
	if at < 0 {
		return
	}
	known := names()
	r.GroupBy = slices.Insert(slices.Clone(r.GroupBy), at+1, "key_name")
	for i := range r.Rows {
		row := &r.Rows[i]
		row.Group = slices.Insert(slices.Clone(row.Group), at+1, known[row.Group[at]])
	}
}

// Row is the sums of one group, with a value for each of GroupBy.
type Row struct {
	Group []string
	store.UsageSums
}

const (
	mostGroups = 100_000
	month      = 30 * 24 * time.Hour
)

var tagName = regexp.MustCompile(`^tag:[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// ParseQuery reads times, as a date, as in RFC 3339 or in seconds since 1970, and the names of groups with commas
// between them. "" leaves each to its default. An error names the argument that is at fault, "from", "to" or
// "group_by".
func ParseQuery(from, to, groupBy string, now time.Time) (q Query, argument string, err error) {
	if q.To, err = usageTime(to, now.Add(time.Second)); err != nil { // so that an hour which has just begun is in it
		return q, "to", err
	}
	if q.From, err = usageTime(from, q.To.Add(-month)); err != nil {
		return q, "from", err
	}
	if !q.From.Before(q.To) {
		return q, "from", errors.New("must be before to")
	}
	if groupBy == "" {
		groupBy = "model"
	}
	for name := range strings.SplitSeq(groupBy, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains([]string{"key", "tenant", "model", "hour", "day"}, name) && !tagName.MatchString(name) {
			return q, "group_by", errors.New("must be a list of key, tenant, model, hour, day and tag:NAME, with commas " +
				"between them")
		}
		if !slices.Contains(q.GroupBy, name) {
			q.GroupBy = append(q.GroupBy, name)
		}
	}
	if len(q.GroupBy) > 8 {
		return q, "group_by", errors.New("must not have more than 8 names")
	}
	return q, "", nil
}

func usageTime(text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise.UTC(), nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 40); err == nil && len(text) > 8 {
		return time.Unix(seconds, 0).UTC(), nil
	}
	var m access.Moment
	if err := m.UnmarshalText([]byte(text)); err != nil {
		return time.Time{}, err
	}
	return m.Time, nil
}

// Read adds up what a store has.
func Read(ctx context.Context, s Store, q Query) (*Report, error) {
	from, to := q.From.Unix()/3600, (q.To.Unix()+3599)/3600
	report := &Report{From: time.Unix(from*3600, 0).UTC(), To: time.Unix(to*3600, 0).UTC(), GroupBy: q.GroupBy}
	groups := map[string]*Row{}
	err := s.Usage(ctx, from, to, func(u store.Usage) error {
		if !q.asksFor(&u.UsageKey) {
			return nil
		}
		values := groupOf(&u.UsageKey, q.GroupBy)
		name := strings.Join(values, "\x00")
		row := groups[name]
		if row == nil {
			if len(groups) >= mostGroups {
				return fmt.Errorf("more than %d groups: ask for less time, or fewer groups", mostGroups)
			}
			row = &Row{Group: values}
			groups[name] = row
		}
		row.Add(u.UsageSums)
		report.Total.Add(u.UsageSums)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, row := range groups {
		report.Rows = append(report.Rows, *row)
	}
	slices.SortFunc(report.Rows, func(a, b Row) int { return slices.CompareFunc(a.Group, b.Group, cmp.Compare[string]) })
	return report, nil
}

// Read writes what was gathered, and adds up what the store has.
func (u *Usage) Read(ctx context.Context, q Query) (*Report, error) {
	if err := u.ledger.Flush(ctx); err != nil {
		return nil, err
	}
	return Read(ctx, u.ledger.store, q)
}

func groupOf(k *store.UsageKey, by []string) []string {
	values := make([]string, len(by))
	var tags url.Values
	for i, name := range by {
		switch name {
		case "key":
			values[i] = k.Key
		case "tenant":
			values[i] = k.Tenant
		case "model":
			values[i] = k.Model
		case "hour":
			values[i] = time.Unix(k.Hour*3600, 0).UTC().Format(time.RFC3339)
		case "day":
			values[i] = time.Unix(k.Hour*3600, 0).UTC().Format(time.DateOnly)
		default:
			if tags == nil {
				tags, _ = url.ParseQuery(k.Tags) // what cannot be read is not there
			}
			values[i] = tags.Get(strings.TrimPrefix(name, "tag:"))
		}
	}
	return values
}
