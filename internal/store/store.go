// Package store holds the words that the engines of state share: what must not be lost is kept by one of the packages
// below it, memory, sqlite or redis. What may be lost is the cache's, and lives elsewhere.
//
// An engine is one type. It keeps documents of any kind (documents.go: keys, and whatever comes), which cost no code of
// their own, and what is counted has a few methods in a file of its concern's name (budgets.go, usage.go …), whose
// interface is declared by the package that uses it. storetest holds what all engines must do.
//
// It must not know what it keeps: documents are opaque, and every one carries its tenant. Start at [Documents], then
// storetest/documents.go for what is promised.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Document is something that is kept under the id that its owner gave it. Documents of different kinds or tenants never
// meet, even under equal ids.
type Document struct {
	Tenant   string
	ID       string
	Revision int64     // set by the store, more with every change of its kind; 0 is a document that was never kept
	Order    int64     // set by the store when the document was made: its place among those of its kind, the oldest first
	Expires  time.Time // from then on it is not there, to the millisecond; zero is never
	Body     []byte
}

// Documents are the documents of one kind.
type Documents interface {
	// Put keeps a document that is at its revision, 0 for one that must not be there yet, and gives the new revision; else
	// it gives ErrConflict and changes nothing. What it has returned is there after a crash.
	Put(ctx context.Context, d Document) (revision int64, err error)
	// Get gives a document, or ErrNotFound.
	Get(ctx context.Context, tenant, id string) (Document, error)
	// Delete makes a document be no more; ErrNotFound says that there was none.
	Delete(ctx context.Context, tenant, id string) error
	// List gives documents in their order, and where the next page begins: 0 behind the last.
	List(ctx context.Context, q Query) (page []Document, next int64, err error)
}

// Query says which documents are wanted.
type Query struct {
	Tenant   string
	Everyone bool  // of all tenants: for who looks after the gateway, never for a caller
	After    int64 // the order of the document that the page begins behind; 0 begins at the end
	Newest   bool  // the newest first
	Limit    int   // of documents in a page, up to MostPage; 0 is MostPage
}

// Bounds of what is kept, and of a page, which ends before the document that would make it larger than PageBytes, but
// for its first.
const (
	MostBody  = 16 << 20
	MostName  = 512 // bytes of a tenant, and of an id
	MostPage  = 1000
	PageBytes = 32 << 20
)

// Most is how many documents a page of the query holds.
func (q Query) Most() int {
	if q.Limit <= 0 {
		return MostPage
	}
	return min(q.Limit, MostPage)
}

// Check gives ErrTooLarge for what no engine keeps.
func (d *Document) Check() error {
	if len(d.Body) > MostBody || len(d.Tenant) > MostName || d.ID == "" || len(d.ID) > MostName {
		return fmt.Errorf("%w: tenant %d, id %d, body %d bytes", ErrTooLarge, len(d.Tenant), len(d.ID), len(d.Body))
	}
	return nil
}

// Millis is the time at which the document expires, as engines keep it: 0 is never.
func (d *Document) Millis() int64 {
	if d.Expires.IsZero() {
		return 0
	}
	return max(d.Expires.UnixMilli(), 1)
}

// ExpiresAt is what Millis was made of.
func ExpiresAt(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

var (
	// ErrConflict says that a document is not, or no longer, at the revision that its writer had read.
	ErrConflict = errors.New("the entry was changed by somebody else in the meantime")
	// ErrNotFound says that there is no such document, or no longer.
	ErrNotFound = errors.New("there is no such entry")
	// ErrTooLarge says that a document is larger than may be kept, or has no name that it could be kept under.
	ErrTooLarge = errors.New("the entry is too large, or has no proper name")
)

// SweepAtOnce is how many expired documents each change of a kind takes away.
const SweepAtOnce = 20
