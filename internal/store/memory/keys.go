package memory

import (
	"cmp"
	"context"
	"slices"

	"outcrop/internal/store"
)

type keys struct {
	revision  int64
	documents map[name]store.Document
}

// KeysRevision gives a number that changes whenever a key does; 0 while there never was one.
func (s *Store) KeysRevision(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys.revision, nil
}

// Keys gives all keys, in order of tenant and id.
func (s *Store) Keys(context.Context) ([]store.Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []store.Document
	for _, d := range s.keys.documents {
		d.Body = slices.Clone(d.Body)
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b store.Document) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// PutKey keeps a key that is at the document's revision, 0 for a new one, else it gives store.ErrConflict.
func (s *Store) PutKey(_ context.Context, d store.Document) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := name{d.Tenant, d.ID}
	if s.keys.documents[at].Revision != d.Revision {
		return store.ErrConflict
	}
	s.keys.revision++
	d.Revision, d.Body = s.keys.revision, slices.Clone(d.Body)
	s.keys.documents[at] = d
	return nil
}
