// Package state keeps what clients refer to later: the responses of the Responses API, each with its items, sealed, for
// a time, under the tenant that it was made for.
//
// It must not know what items mean, how they are written or who asks over HTTP: they are JSON that comes and goes.
//
// Start at [Responses].
package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"outcrop/internal/store"
)

// Response is what is kept of one response.
type Response struct {
	ID     string            `json:"-"`
	Object json.RawMessage   `json:"object"`          // as its client saw it
	Input  []json.RawMessage `json:"input,omitempty"` // the items of its own request
	Output []json.RawMessage `json:"output,omitempty"`
	Chain  []string          `json:"chain,omitempty"` // what it continues, the oldest first (R-RSP-93)
}

// Config bounds what is kept (R-RSP-93).
type Config struct {
	TTL      time.Duration // since it was kept, or last continued
	MaxBytes int           // of one response
	MaxLinks int           // of a chain
	MaxChain int           // bytes of the items of a chain
}

// Default are the bounds of the specification.
func Default() Config {
	return Config{TTL: 30 * 24 * time.Hour, MaxBytes: 8 << 20, MaxLinks: 1000, MaxChain: 32 << 20}
}

// Responses are the responses that are kept. What another tenant has kept is not there, for any method.
type Responses struct {
	cfg  Config
	kept store.Documents
	seal *sealer
}

// New keeps responses among documents, sealed with a key that is derived from the secret.
func New(cfg Config, kept store.Documents, secret string) (*Responses, error) {
	seal, err := newSealer(secret)
	return &Responses{cfg, kept, seal}, err
}

// ErrTooLong says that a chain has more links, or more bytes, than a request may be made of.
var ErrTooLong = errors.New("the chain of responses is too long")

// MissingError says which link of a chain is not there, or no longer (R-RSP-111).
type MissingError struct{ ID string }

func (e *MissingError) Error() string { return "there is no response " + e.ID }

// Unwrap gives the error of the store.
func (e *MissingError) Unwrap() error { return store.ErrNotFound }

// Keep keeps a response that is not kept yet. store.ErrTooLarge says that it is larger than may be.
func (r *Responses) Keep(ctx context.Context, tenant string, one *Response) error {
	body, err := json.Marshal(one)
	if err != nil {
		return err
	}
	if len(body) > r.cfg.MaxBytes {
		return fmt.Errorf("%w: a response of %d bytes", store.ErrTooLarge, len(body))
	}
	_, err = r.kept.Put(ctx, store.Document{Tenant: tenant, ID: one.ID, Expires: time.Now().Add(r.cfg.TTL),
		Body: r.seal.seal(tenant, one.ID, body)})
	return err
}

// Get gives a response, or store.ErrNotFound.
func (r *Responses) Get(ctx context.Context, tenant, id string) (*Response, error) {
	_, one, err := r.get(ctx, tenant, id)
	return one, err
}

func (r *Responses) get(ctx context.Context, tenant, id string) (store.Document, *Response, error) {
	d, err := r.kept.Get(ctx, tenant, id)
	if err != nil {
		return d, nil, err
	}
	body, err := r.seal.open(tenant, id, d.Body)
	if err != nil {
		return d, nil, err
	}
	one := Response{ID: id}
	return d, &one, json.Unmarshal(body, &one)
}

// Delete makes a response be no more, with its items; store.ErrNotFound says that there was none.
func (r *Responses) Delete(ctx context.Context, tenant, id string) error {
	return r.kept.Delete(ctx, tenant, id)
}

// Chain gives the items of a response and of all that it continues, the oldest first, without their objects, which no
// bound counts, and keeps them for as long again. A link that is
// missing is a *MissingError; whatever else fails is the store's, and no history is to be guessed then.
func (r *Responses) Chain(ctx context.Context, tenant, id string) ([]*Response, error) {
	last, err := r.link(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	if len(last.Chain) >= r.cfg.MaxLinks {
		return nil, ErrTooLong
	}
	all := make([]*Response, 0, len(last.Chain)+1)
	left := r.cfg.MaxChain - last.size()
	for _, before := range last.Chain {
		one, err := r.link(ctx, tenant, before)
		if err != nil {
			return nil, err
		}
		if left -= one.size(); left < 0 {
			return nil, ErrTooLong
		}
		all = append(all, one)
	}
	if left < 0 {
		return nil, ErrTooLong
	}
	return append(all, last), nil
}

// size is how many bytes the items are.
func (one *Response) size() (n int) {
	for _, items := range [...][]json.RawMessage{one.Input, one.Output} {
		for _, item := range items {
			n += len(item)
		}
	}
	return n
}

// link reads one response of a chain and renews its expiry (R-RSP-113), at most once in a thirtieth of the time for
// which it is kept: a write for every read would cost more than it is worth.
func (r *Responses) link(ctx context.Context, tenant, id string) (*Response, error) {
	d, one, err := r.get(ctx, tenant, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &MissingError{id}
	}
	if err != nil {
		return nil, err
	}
	one.Object = nil
	const often = 30
	if until := time.Now().Add(r.cfg.TTL); until.Sub(d.Expires) >= r.cfg.TTL/often {
		d.Expires = until
		if _, err := r.kept.Put(ctx, d); err != nil && !errors.Is(err, store.ErrConflict) { // another reader renews it
			return nil, err
		}
	}
	return one, nil
}
