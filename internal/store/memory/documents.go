package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"outcrop/internal/store"
)

// documents are those of one kind.
type documents struct {
	s        *Store
	revision int64
	all      map[name]store.Document
}

// name is what a document is kept under.
type name struct{ tenant, id string }

// Documents gives the documents of a kind.
func (s *Store) Documents(kind string) store.Documents { return s.kind(kind) }

func (s *Store) kind(kind string) *documents {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, there := s.kinds[kind]
	if !there {
		d = &documents{s: s, all: map[name]store.Document{}}
		s.kinds[kind] = d
	}
	return d
}

// Changes gives a number that changes whenever a document of a kind does; 0 while there never was one.
func (s *Store) Changes(_ context.Context, kind string) (int64, error) {
	d := s.kind(kind)
	s.mu.Lock()
	defer s.mu.Unlock()
	return d.revision, nil
}

// Put keeps a document.
func (k *documents) Put(_ context.Context, d store.Document) (int64, error) {
	if err := d.Check(); err != nil {
		return 0, err
	}
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	k.sweep()
	at := name{d.Tenant, d.ID}
	old := k.at(at)
	if old.Revision != d.Revision {
		return 0, store.ErrConflict
	}
	k.revision++
	d.Revision, d.Order, d.Expires, d.Body = k.revision, cmp.Or(old.Order, k.revision), store.ExpiresAt(d.Millis()),
		slices.Clone(d.Body)
	k.all[at] = d
	return d.Revision, nil
}

// at is the document under a name; one that has expired is none.
func (k *documents) at(n name) store.Document {
	d := k.all[n]
	if expired(&d) {
		return store.Document{}
	}
	return d
}

func expired(d *store.Document) bool { return !d.Expires.IsZero() && !time.Now().Before(d.Expires) }

// sweep looks at a few documents, which are others each time.
func (k *documents) sweep() {
	looked := 0
	for n, d := range k.all {
		if looked++; looked > store.SweepAtOnce {
			return
		}
		if expired(&d) {
			delete(k.all, n)
		}
	}
}

// Get gives a document.
func (k *documents) Get(_ context.Context, tenant, id string) (store.Document, error) {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	d := k.at(name{tenant, id})
	if d.Revision == 0 {
		return d, store.ErrNotFound
	}
	d.Body = slices.Clone(d.Body)
	return d, nil
}

// Delete makes a document be no more.
func (k *documents) Delete(_ context.Context, tenant, id string) error {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	at := name{tenant, id}
	d := k.at(at)
	delete(k.all, at)
	if d.Revision == 0 {
		return store.ErrNotFound
	}
	k.revision++
	return nil
}

// List gives a page of documents.
func (k *documents) List(_ context.Context, q store.Query) (page []store.Document, next int64, err error) {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	for n, d := range k.all {
		before := q.After != 0 && (q.Newest && d.Order >= q.After || !q.Newest && d.Order <= q.After)
		if !before && (q.Everyone || n.tenant == q.Tenant) && !expired(&d) {
			page = append(page, d)
		}
	}
	slices.SortFunc(page, func(a, b store.Document) int {
		if q.Newest {
			a, b = b, a
		}
		return cmp.Compare(a.Order, b.Order)
	})
	size := 0
	for i := range page {
		if size += len(page[i].Body); i == q.Most() || i > 0 && size > store.PageBytes {
			return page[:i], page[i-1].Order, nil
		}
		page[i].Body = slices.Clone(page[i].Body)
	}
	return page, 0, nil
}
