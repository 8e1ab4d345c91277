// Package store holds the words that the engines of state share: what must not be lost is kept by one of the packages below it,
// memory, sqlite or redis. What may be lost is the cache's, and lives elsewhere.
//
// An engine is one type with a few methods for each concern, in a file of that concern's name (keys.go …). The interface of a
// concern is declared by the package that uses it (keys.Store …), and storetest holds what all engines must do. So a new
// concern costs a file in each engine, a file in storetest, and one interface at its user; a new engine costs its folder.
//
// It must not know what it keeps: documents are opaque, and every one carries its tenant. Start at [Document], then
// storetest/keys.go for what is promised.
package store

import "errors"

// Document is something that is kept under the id that its owner gave it. Documents of different tenants never meet, even under
// equal ids.
type Document struct {
	Tenant   string
	ID       string
	Revision int64 // set by the store, more with every change; 0 is a document that was never kept
	Body     []byte
}

// ErrConflict says that a document is not, or no longer, at the revision that its writer had read.
var ErrConflict = errors.New("the entry was changed by somebody else in the meantime")
