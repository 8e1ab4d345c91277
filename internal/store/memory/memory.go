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
	kinds   map[string]*documents
	budgets budgets
	usage   map[store.UsageKey]store.UsageSums
}

// New gives an empty store.
func New() *Store { return &Store{kinds: map[string]*documents{}} }

// Close lets go of nothing: there is nothing to lose but the store itself.
func (*Store) Close() error { return nil }
