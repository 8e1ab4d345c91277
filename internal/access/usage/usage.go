// Package usage adds up by hour what callers have used, for charge-back, and reports it.
//
// It must not decide anything about a call. Start at [Ledger]; report.go reads what was kept, format.go writes it.
package usage

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/store"
)

// Store keeps usage; internal/store has engines, and storetest says what they promise.
type Store interface {
	// AddUsage adds to the sums of rows, all or none.
	AddUsage(ctx context.Context, rows []store.Usage) error
	// Usage gives the rows of hours from one up to, and without, another.
	Usage(ctx context.Context, from, to int64, each func(store.Usage) error) error
	// ForgetUsage deletes the rows of hours before one.
	ForgetUsage(ctx context.Context, before int64) error
}

// Config says what usage is added up by, and how long it is kept.
type Config struct {
	Tags []string      `yaml:"tags" validate:"unique,max=8,dive,label" help:"keys of metadata that usage is added up by too, such as project and team"`
	Keep time.Duration `yaml:"keep" validate:"min=1h" reload:"no" help:"how long usage is kept"`
}

// Default keeps a good year.
func Default() Config { return Config{Keep: 400 * 24 * time.Hour} }

// What a ledger holds is bounded: rows that are not written yet, and what clients can make up.
const (
	mostRows   = 10_000
	mostValues = 500 // of a tag, in an hour
	longestTag = 64  // bytes of a value
	otherTag   = "other"

	flushEvery   = time.Second
	usageTimeout = 5 * time.Second
)

// Ledger gathers usage and writes it to a store every second. What a crash can lose is the usage of the last second;
// budgets have their own record of what was spent.
type Ledger struct {
	store   Store
	report  func(error)
	writing sync.Mutex // one flush at a time

	mu      sync.Mutex
	rows    map[store.UsageKey]*store.UsageSums
	lost    int64 // calls that found no room
	hour    int64
	tags    map[[2]string]struct{} // names and values seen in hour
	perName map[string]int
}

// NewLedger writes to a store. Whenever that begins to fail, and when it works again, it is reported: an error, or nil.
func NewLedger(s Store, report func(error)) *Ledger {
	return &Ledger{store: s, report: report, rows: map[store.UsageKey]*store.UsageSums{}}
}

// Sums are what a call adds to the usage.
type Sums = store.UsageSums

// Usage is how calls are counted into a ledger, by the settings.
type Usage struct {
	cfg    Config
	ledger *Ledger
}

// New counts into a ledger.
func New(cfg Config, l *Ledger) *Usage { return &Usage{cfg, l} }

// Count adds what a caller has used. A model is one of the catalogue's ids, or another name from a closed list;
// metadata is the request's own.
func (u *Usage) Count(p *access.Principal, model string, metadata map[string]string, sums Sums) {
	if row := u.Row(p, model, metadata, sums); row != nil {
		u.ledger.Add(*row)
	}
}

// Row is what Count adds, for those who add it later.
func (u *Usage) Row(p *access.Principal, model string, metadata map[string]string, sums Sums) *store.Usage {
	if u == nil {
		return nil
	}
	l := u.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	k := store.UsageKey{Hour: time.Now().Unix() / 3600, Tenant: p.Tenant, Key: p.KeyID, Model: model}
	k.Tags = l.tagged(u.cfg.Tags, metadata, k.Hour)
	return &store.Usage{UsageKey: k, UsageSums: sums}
}

// Add adds to the row of a key; one that finds no room is counted as lost.
func (l *Ledger) Add(u store.Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	row := l.rows[u.UsageKey]
	if row == nil {
		if len(l.rows) >= mostRows {
			l.lost++
			return
		}
		row = &store.UsageSums{}
		l.rows[u.UsageKey] = row
	}
	row.Add(u.UsageSums)
}

// tagged gives the tags of a row. Values beyond those that an hour may have are "other".
func (l *Ledger) tagged(names []string, metadata map[string]string, hour int64) string {
	if len(names) == 0 || len(metadata) == 0 {
		return ""
	}
	if l.hour != hour || l.tags == nil {
		l.hour, l.tags, l.perName = hour, map[[2]string]struct{}{}, map[string]int{}
	}
	chosen := url.Values{}
	for _, name := range names {
		value := strings.ToValidUTF8(metadata[name], "")
		if value == "" {
			continue
		}
		if len(value) > longestTag {
			value = strings.ToValidUTF8(value[:longestTag], "")
		}
		if _, seen := l.tags[[2]string{name, value}]; !seen {
			if l.perName[name] >= mostValues {
				value = otherTag
			} else {
				l.tags[[2]string{name, value}] = struct{}{}
				l.perName[name]++
			}
		}
		chosen.Set(name, value)
	}
	return chosen.Encode()
}

// Run writes until ctx ends, and then once more.
func (l *Ledger) Run(ctx context.Context, keep time.Duration) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	said, forgotten := "", int64(0)
	for done := false; !done; {
		select {
		case <-ctx.Done():
			done = true
		case <-tick.C:
		}
		err := l.Flush(context.WithoutCancel(ctx))
		now := ""
		if err != nil {
			now = err.Error()
		}
		if now != said {
			l.report(err)
			said = now
		}
		if hour := time.Now().Unix() / 3600; err == nil && !done && hour != forgotten {
			own, cancel := context.WithTimeout(ctx, usageTimeout)
			if l.store.ForgetUsage(own, hour-int64(keep/time.Hour)) == nil {
				forgotten = hour
			}
			cancel()
		}
	}
}

// Flush writes what was gathered. What cannot be written is kept for the next time.
func (l *Ledger) Flush(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	gathered := l.rows
	l.rows = make(map[store.UsageKey]*store.UsageSums, len(gathered))
	lost := l.lost
	l.lost = 0
	l.mu.Unlock()
	rows := make([]store.Usage, 0, len(gathered))
	for k, sums := range gathered {
		rows = append(rows, store.Usage{UsageKey: k, UsageSums: *sums})
	}
	if len(rows) > 0 {
		ctx, cancel := context.WithTimeout(ctx, usageTimeout)
		defer cancel()
		if err := l.store.AddUsage(ctx, rows); err != nil {
			l.putBack(rows)
			return err
		}
	}
	if lost > 0 {
		return lostError(lost)
	}
	return nil
}

func (l *Ledger) putBack(rows []store.Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range rows {
		r := &rows[i]
		if have := l.rows[r.UsageKey]; have != nil {
			have.Add(r.UsageSums)
		} else {
			l.rows[r.UsageKey] = &r.UsageSums
		}
	}
}

// lostError says how much usage found no room.
type lostError int64

func (n lostError) Error() string {
	return "the usage of " + strconv.FormatInt(int64(n), 10) + " calls was not counted: too many different keys, " +
		"models and tags at a time"
}
