package router

import (
	"sync"
	"sync/atomic"
	"time"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// Live is the router of the moment. It has Router's methods, and is safe for concurrent use: each call sees one whole
// state.
type Live struct {
	known  *catalog.Catalog
	region string
	router atomic.Pointer[Router]

	mu     sync.Mutex // guards what the router is made of
	cfg    Config
	listed catalog.Listing
}

// NewLive starts with what the catalogue knows. Its errors are those of [New].
func NewLive(cfg Config, known *catalog.Catalog, region string) (*Live, error) {
	l := &Live{known: known, region: region}
	if err := l.Reload(cfg); err != nil {
		return nil, err
	}
	return l, nil
}

// Refresh takes over what AWS lists now, in place of what it listed before (R-MOD-06). After an error everything stays
// as it was.
func (l *Live) Refresh(now catalog.Listing) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.set(l.cfg, now)
}

// Reload takes over another configuration. After an error, which is one of [New], everything stays as it was.
func (l *Live) Reload(cfg Config) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.set(cfg, l.listed)
}

func (l *Live) set(cfg Config, listed catalog.Listing) error {
	r, err := New(cfg, l.known.WithListing(listed), l.region)
	if err != nil {
		return err
	}
	l.cfg, l.listed = cfg, listed
	l.router.Store(r)
	return nil
}

// Plan is [Router.Plan].
func (l *Live) Plan(f *Facts) (Plan, error) { return l.router.Load().Plan(f) }

// Explain is [Router.Explain].
func (l *Live) Explain(f *Facts) (Explanation, error) { return l.router.Load().Explain(f) }

// WithBase is [Router.WithBase].
func (l *Live) WithBase(t catalog.Target, base string) catalog.Target {
	return l.router.Load().WithBase(t, base)
}

// Models is [Router.Models].
func (l *Live) Models(now time.Time) []openai.Model { return l.router.Load().Models(now) }

// Model is [Router.Model].
func (l *Live) Model(name string, now time.Time) (openai.Model, bool) {
	return l.router.Load().Model(name, now)
}
