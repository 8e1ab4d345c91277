package keys

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"outcrop/internal/access"
)

// A change in the store is noticed within poll and a little, so that a key that was revoked is out well within 5
// seconds.
const (
	poll        = time.Second
	pollTimeout = 2 * time.Second
	// reread is how often everything is read although nothing seems to have changed: a store that was emptied and filled
	// again may have come to the same revision.
	reread = time.Minute
	// lookAgain is how often, at most, a secret that nobody knows makes the directory ask the store before its time, and
	// lookTimeout how long that may take: wrong secrets must not become load on the store.
	lookAgain   = 100 * time.Millisecond
	lookTimeout = 250 * time.Millisecond
)

// Directory knows the keys of a store from memory, and follows its changes. While the store does not answer, the last
// state goes on for a time of grace; after that nobody can tell any more which keys are good, and the directory knows
// none.
type Directory struct {
	store   Store
	grace   time.Duration
	report  func(error)
	known   atomic.Pointer[keyring]
	checked atomic.Int64 // when the store was last heard of, in nanoseconds; 0 is never

	looking sync.Mutex
	looked  time.Time // when a secret that nobody knew last made the store be asked
}

// keyring is one state of the keys.
type keyring struct {
	revision int64
	read     time.Time
	any      bool  // whether there are, or ever were, entries at all, valid or not
	unread   error // says which entries cannot be read
	secrets  map[Hash]*entry
}

// entry is a secret of a key.
type entry struct {
	hash  Hash
	until time.Time // of a secret that was replaced; zero is for ever
	who   *access.Principal
}

// NewDirectory follows a store. What is to be known about its state is reported whenever that changes: an error when
// the store is not to be reached or an entry not to be read, and nil when all is well again.
func NewDirectory(s Store, grace time.Duration, report func(error)) *Directory {
	return &Directory{store: s, grace: grace, report: report}
}

// Run keeps the directory up to date until ctx ends.
func (d *Directory) Run(ctx context.Context) {
	for failing := false; ; {
		err := d.Refresh(ctx)
		if ctx.Err() != nil {
			return
		}
		if (err != nil) != failing {
			d.report(err)
			failing = err != nil
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(poll + rand.N(poll/4)): //nolint:gosec // jitter between gateways
		}
	}
}

// Refresh takes over what the store holds now. An error of some entries leaves these out, any other leaves everything
// as it was.
func (d *Directory) Refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	at := time.Now()
	revision, err := d.store.Changes(ctx, kind)
	if err != nil {
		return err
	}
	old := d.known.Load()
	if old != nil && old.revision == revision && at.Sub(old.read) < reread {
		d.checked.Store(at.UnixNano())
		return old.unread
	}
	documents, err := read(ctx, d.store)
	if err != nil {
		return err
	}
	ring := &keyring{revision: revision, read: at, secrets: make(map[Hash]*entry, len(documents))}
	ring.any = len(documents) > 0 || old != nil && old.any // a store that was emptied must not open the gate
	var unread []error
	for _, doc := range documents {
		k, err := readKey(doc)
		if err != nil {
			unread = append(unread, err)
			continue
		}
		ring.add(&k, at)
	}
	ring.unread = errors.Join(unread...)
	d.known.Store(ring)
	d.checked.Store(at.UnixNano())
	return ring.unread
}

// add leaves out what is not valid any more, so that a revoked key is looked for, and not found, as one that never was.
func (r *keyring) add(k *Key, now time.Time) {
	if k.State(now) != "active" {
		return
	}
	who := k.principal()
	r.secrets[k.Hash] = &entry{hash: k.Hash, who: who}
	for _, f := range k.Former {
		if f.Until.After(now) {
			r.secrets[f.Hash] = &entry{hash: f.Hash, until: f.Until, who: who}
		}
	}
}

// Empty tells whether the store surely holds no key, and held none as far as this directory goes back.
func (d *Directory) Empty() bool {
	ring := d.known.Load()
	return ring != nil && !ring.any
}

// look asks the store for what is new, unless that was done a moment ago, so that a key is good as soon as it is made.
func (d *Directory) look() {
	d.looking.Lock()
	defer d.looking.Unlock()
	if !d.looked.IsZero() && time.Since(d.looked) < lookAgain {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	_ = d.Refresh(ctx) // Run reports what is wrong with the store
	d.looked = time.Now()
}

// find gives the entry of a secret, nil without one, and whether the directory can tell.
func (d *Directory) find(sum *Hash, now time.Time) (e *entry, sure bool) {
	ring := d.known.Load()
	if ring == nil || now.Sub(time.Unix(0, d.checked.Load())) > d.grace {
		return nil, false
	}
	return ring.secrets[*sum], true
}
