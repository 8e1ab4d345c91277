// Package memory keeps state in the process: for tests, and for gateways that may forget it when they end.
//
// Start at [New].
package memory

import (
	"sync"

	"outcrop/internal/store"
)

// Store is safe for concurrent use.
type Store struct {
	mu      sync.Mutex
	keys    keys
	budgets budgets
	usage   map[store.UsageKey]store.UsageSums
}

// New gives an empty store.
func New() *Store { return &Store{keys: keys{documents: map[name]store.Document{}}} }

// Close lets go of nothing: there is nothing to lose but the store itself.
func (*Store) Close() error { return nil }

// name is what a document is kept under.
type name struct{ tenant, id string }
