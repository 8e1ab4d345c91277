package keys

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"outcrop/internal/store"
)

// Store keeps keys; internal/store has engines, and storetest says what they promise.
type Store interface {
	Documents(kind string) store.Documents
	// Changes gives a number that changes whenever a document of a kind does; 0 while there never was one.
	Changes(ctx context.Context, kind string) (int64, error)
}

// kind is that of the documents that keys are.
const kind = "keys"

// read gives the documents of all keys. What changes meanwhile changes the number of changes too.
func read(ctx context.Context, s Store) (all []store.Document, err error) {
	for q := (store.Query{Everyone: true}); ; {
		page, next, err := s.Documents(kind).List(ctx, q)
		if all = append(all, page...); err != nil || next == 0 {
			return all, err
		}
		q.After = next
	}
}

// Stored tells whether a store holds keys. One that cannot be read may.
func Stored(ctx context.Context, s Store) bool {
	page, _, err := s.Documents(kind).List(ctx, store.Query{Everyone: true, Limit: 1})
	return err != nil || len(page) > 0
}

// Registry makes, rotates and revokes keys in a store. Keys are never deleted: what they did is on record under their
// ids.
type Registry struct{ store Store }

// NewRegistry works on a store.
func NewRegistry(s Store) *Registry { return &Registry{s} }

// Secret makes a key that is kept nowhere, for the configuration.
func Secret() (string, Hash) {
	secret := newSecret()
	return secret, HashOf(secret)
}

// Create keeps a new key with the members of k that are for its owner to choose, and gives its secret, which can never
// be had again.
func (r *Registry) Create(ctx context.Context, k Key) (secret string, made Key, err error) {
	now := time.Now().UTC().Truncate(time.Second)
	if faults := k.Faults(); len(faults) > 0 {
		member := slices.Min(slices.Collect(maps.Keys(faults)))
		return "", Key{}, fmt.Errorf("%s %w", member, faults[member])
	}
	if k.Expired(now) {
		return "", Key{}, errors.New("expires must be in the future")
	}
	secret, k.Hash = Secret()
	k.ID, k.Created = newID(), now
	d, err := k.document()
	if err != nil {
		return "", Key{}, err
	}
	if _, err := r.store.Documents(kind).Put(ctx, d); err != nil {
		return "", Key{}, err
	}
	return secret, k, nil
}

// List gives all keys, the oldest first, and one error for those that cannot be read.
func (r *Registry) List(ctx context.Context) ([]Key, error) {
	documents, err := read(ctx, r.store)
	if err != nil {
		return nil, err
	}
	var keys []Key
	var unread []error
	for _, d := range documents {
		k, err := readKey(d)
		if err != nil {
			unread = append(unread, err)
			continue
		}
		keys = append(keys, k)
	}
	slices.SortStableFunc(keys,
		func(a, b Key) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return keys, errors.Join(unread...)
}

// Revoke ends a key, with all its secrets, for ever. One that was revoked before stays so.
func (r *Registry) Revoke(ctx context.Context, which string) (Key, error) {
	return r.change(ctx, which, func(k *Key, now time.Time) error {
		if k.Revoked.IsZero() {
			k.Revoked = now
		}
		k.Former = nil
		return nil
	})
}

// Rotate gives a key a new secret. The one before, and those that were still valid beside it, stay so for the grace at
// most.
func (r *Registry) Rotate(ctx context.Context, which string,
	grace time.Duration) (secret string, changed Key, err error) {
	changed, err = r.change(ctx, which, func(k *Key, now time.Time) error {
		if state := k.State(now); state != "active" {
			return fmt.Errorf("key %s is %s and cannot be rotated", k.ID, state)
		}
		until := now.Add(grace)
		var former []Former
		for _, f := range append(k.Former, Former{k.Hash, until}) {
			if f.Until.After(until) {
				f.Until = until
			}
			if f.Until.After(now) {
				former = append(former, f)
			}
		}
		secret, k.Hash = Secret()
		k.Former, k.Rotated = former, now
		return nil
	})
	return secret, changed, err
}

// change changes the key that has an id, a name or a secret.
func (r *Registry) change(ctx context.Context, which string, change func(*Key, time.Time) error) (Key, error) {
	const tries = 5 // each fails only when somebody else has succeeded
	for try := 1; ; try++ {
		k, err := r.find(ctx, which)
		if err != nil {
			return Key{}, err
		}
		if err := change(&k, time.Now().UTC().Truncate(time.Second)); err != nil {
			return Key{}, err
		}
		d, err := k.document()
		if err == nil {
			_, err = r.store.Documents(kind).Put(ctx, d)
		}
		if err == nil {
			return k, nil
		}
		if !errors.Is(err, store.ErrConflict) || try == tries {
			return Key{}, err
		}
	}
}

func (r *Registry) find(ctx context.Context, which string) (Key, error) {
	keys, err := r.List(ctx)
	if keys == nil && err != nil {
		return Key{}, err
	}
	sum := HashOf(which)
	var named []Key
	for _, k := range keys {
		former := slices.ContainsFunc(k.Former, func(f Former) bool { return f.Hash.equal(&sum) })
		if k.ID == which || k.Hash.equal(&sum) || former {
			return k, nil
		}
		if k.Name == which && which != "" && k.Revoked.IsZero() {
			named = append(named, k)
		}
	}
	if len(named) == 1 {
		return named[0], nil
	}
	if wellFormed([]byte(which)) {
		which = "with this secret"
	}
	if len(named) > 1 {
		return Key{}, fmt.Errorf("%d keys are named %q: name one by its id", len(named), which)
	}
	return Key{}, fmt.Errorf("there is no key %s", which)
}
