// Package storetest is the contract of the engines of store: one suite for each concern, which every engine runs.
//
// It is for tests only.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"outcrop/internal/store"
)

// KeyStore is keys.Store.
type KeyStore interface {
	KeysRevision(ctx context.Context) (int64, error)
	Keys(ctx context.Context) ([]store.Document, error)
	PutKey(ctx context.Context, d store.Document) error
}

// Keys runs what is promised of keys against empty stores that open gives. Stores opened with equal t are one: a second handle, as
// another process has.
func Keys(t *testing.T, open func(t *testing.T) KeyStore) {
	for name, test := range map[string]func(*testing.T, KeyStore){
		"an empty store": func(t *testing.T, s KeyStore) {
			if n := revision(t, s); n != 0 {
				t.Errorf("revision %d", n)
			}
			wantKeys(t, s)
		},
		"a key comes back as it was put": func(t *testing.T, s KeyStore) {
			body := []byte("\x00{\"ü\":\r\n1}\xff\n")
			put(t, s, store.Document{Tenant: "a", ID: "one", Body: body})
			body[1] = 'x' // the caller's own again
			all, err := s.Keys(t.Context())
			if err != nil || len(all) != 1 {
				t.Fatalf("%v, %v", all, err)
			}
			if d := all[0]; d.Tenant != "a" || d.ID != "one" || string(d.Body) != "\x00{\"ü\":\r\n1}\xff\n" || d.Revision == 0 {
				t.Errorf("got %+v", d)
			}
		},
		"every change changes the revision": func(t *testing.T, s KeyStore) {
			put(t, s, store.Document{ID: "one", Body: []byte("1")})
			first := revision(t, s)
			d := only(t, s)
			d.Body = []byte("2")
			put(t, s, d)
			if second := revision(t, s); second == first || first == 0 {
				t.Errorf("revisions %d, %d", first, second)
			}
			if now := only(t, s); string(now.Body) != "2" || now.Revision <= d.Revision {
				t.Errorf("got %+v after %+v", now, d)
			}
		},
		"a new key does not replace another": func(t *testing.T, s KeyStore) {
			put(t, s, store.Document{Tenant: "a", ID: "one", Body: []byte("1")})
			conflict(t, s, store.Document{Tenant: "a", ID: "one", Body: []byte("2")})
			if d := only(t, s); string(d.Body) != "1" {
				t.Errorf("got %+v", d)
			}
		},
		"a change of what was changed since conflicts, and changes nothing": func(t *testing.T, s KeyStore) {
			put(t, s, store.Document{ID: "one", Body: []byte("1")})
			read := only(t, s)
			put(t, s, store.Document{ID: "one", Body: []byte("2"), Revision: read.Revision})
			before := revision(t, s)
			conflict(t, s, store.Document{ID: "one", Body: []byte("3"), Revision: read.Revision})
			conflict(t, s, store.Document{ID: "never", Body: []byte("3"), Revision: read.Revision})
			if d := only(t, s); string(d.Body) != "2" {
				t.Errorf("got %+v", d)
			}
			if after := revision(t, s); after != before {
				t.Errorf("revision %d became %d", before, after)
			}
		},
		"tenants do not meet": func(t *testing.T, s KeyStore) {
			put(t, s, store.Document{Tenant: "a", ID: "b:c", Body: []byte("1")})
			put(t, s, store.Document{Tenant: "a:b", ID: "c", Body: []byte("2")})
			put(t, s, store.Document{Tenant: "", ID: "a:b:c", Body: []byte("3")})
			put(t, s, store.Document{Tenant: "b", ID: "c", Body: []byte("4")})
			wantKeys(t, s, "/a:b:c=3", "a/b:c=1", "a:b/c=2", "b/c=4")
		},
		"of writers at the same moment each has its way or a conflict": race,
		"an ended context": func(t *testing.T, s KeyStore) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := s.PutKey(ctx, store.Document{ID: "one"}); err == nil {
				wantKeys(t, s, "/one=") // an engine that waits for nothing may go on
			} else {
				wantKeys(t, s)
			}
		},
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// Handles is the contract of an engine whose store outlives the handle: what open gives twice in one test is one store.
func Handles(t *testing.T, open func(*testing.T) KeyStore) {
	t.Run("another handle sees what was kept", func(t *testing.T) {
		one, two := open(t), open(t)
		put(t, one, store.Document{Tenant: "a", ID: "one", Body: []byte("1")})
		wantKeys(t, two, "a/one=1")
		d := only(t, two)
		d.Body = []byte("2")
		put(t, two, d)
		wantKeys(t, one, "a/one=2")
		if revision(t, one) != revision(t, two) {
			t.Error("the handles are at different revisions")
		}
	})
}

func race(t *testing.T, s KeyStore) {
	put(t, s, store.Document{ID: "one", Body: []byte("0")})
	const writers, turns = 4, 10
	var done atomic.Int64
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range turns {
				d := only(t, s)
				n := 0
				_, _ = fmt.Sscan(string(d.Body), &n)
				d.Body = fmt.Append(nil, n+1)
				switch err := s.PutKey(t.Context(), d); {
				case err == nil:
					done.Add(1)
				case !errors.Is(err, store.ErrConflict):
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if d := only(t, s); string(d.Body) != fmt.Sprint(done.Load()) || done.Load() == 0 {
		t.Errorf("%d changes were made, and %s counted", done.Load(), d.Body)
	}
}

func put(t *testing.T, s KeyStore, d store.Document) {
	t.Helper()
	if err := s.PutKey(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func conflict(t *testing.T, s KeyStore, d store.Document) {
	t.Helper()
	if err := s.PutKey(t.Context(), d); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("got %v, want a conflict", err)
	}
}

func revision(t *testing.T, s KeyStore) int64 {
	t.Helper()
	n, err := s.KeysRevision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func only(t *testing.T, s KeyStore) store.Document {
	t.Helper()
	all, err := s.Keys(t.Context())
	if err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
		return store.Document{}
	}
	return all[0]
}

func wantKeys(t *testing.T, s KeyStore, want ...string) {
	t.Helper()
	all, err := s.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range all {
		got = append(got, d.Tenant+"/"+d.ID+"="+string(d.Body))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
