// Package storetest is the contract of the engines of store: one suite for documents and one for each thing that is
// counted, which every engine runs.
//
// It is for tests only.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"outcrop/internal/store"
)

// DocumentStore is what users of documents ask of an engine.
type DocumentStore interface {
	Documents(kind string) store.Documents
	Changes(ctx context.Context, kind string) (int64, error)
}

// Documents runs what is promised of documents against empty stores that open gives. Stores opened with equal t are
// one: a second handle, as another process has.
func Documents(t *testing.T, open func(t *testing.T) DocumentStore) {
	for name, test := range map[string]func(*testing.T, DocumentStore){
		"an empty store": func(t *testing.T, s DocumentStore) {
			if n := changes(t, s); n != 0 {
				t.Errorf("revision %d", n)
			}
			list(t, s, store.Query{Everyone: true})
			if _, err := s.Documents("keys").Get(t.Context(), "a", "one"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("got %v", err)
			}
		},
		"a document comes back as it was put": same,
		"every change changes the revision":   everyChange,
		"a new document does not replace another": func(t *testing.T, s DocumentStore) {
			put(t, s, store.Document{Tenant: "a", ID: "one", Body: []byte("1")})
			conflict(t, s, store.Document{Tenant: "a", ID: "one", Body: []byte("2")})
			list(t, s, store.Query{Everyone: true}, "a/one=1")
		},
		"a change of what was changed since conflicts, and changes nothing": stale,
		"tenants and kinds do not meet":                                     apart,
		"what is deleted is gone, and may be made anew":                     deleted,
		"what has expired is not there":                                     expiring,
		"a list has pages in the order of making, from either end":          pages,
		"what is too large is refused":                                      tooLarge,
		"a page of large bodies ends early":                                 largePage,
		"of writers at the same moment each has its way or a conflict":      race,
		"an ended context": func(t *testing.T, s DocumentStore) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := s.Documents("keys").Put(ctx, store.Document{ID: "one"}); err == nil {
				list(t, s, store.Query{Everyone: true}, "/one=") // an engine that waits for nothing may go on
			} else {
				list(t, s, store.Query{Everyone: true})
			}
		},
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// Handles is the contract of an engine whose store outlives the handle: what open gives twice in one test is one store.
func Handles(t *testing.T, open func(*testing.T) DocumentStore) {
	t.Run("another handle sees what was kept", func(t *testing.T) {
		one, two := open(t), open(t)
		put(t, one, store.Document{Tenant: "a", ID: "one", Body: []byte("1")})
		list(t, two, store.Query{Everyone: true}, "a/one=1")
		d := get(t, two, "a", "one")
		d.Body = []byte("2")
		put(t, two, d)
		list(t, one, store.Query{Everyone: true}, "a/one=2")
		if changes(t, one) != changes(t, two) {
			t.Error("the handles are at different revisions")
		}
	})
}

func same(t *testing.T, s DocumentStore) {
	body, until := []byte("\x00{\"ü\":\r\n1}\xff\n"), time.Now().Add(time.Hour).Truncate(time.Millisecond)
	revision := put(t, s, store.Document{Tenant: "a\n:", ID: "one\x00:ü", Expires: until, Body: body})
	body[1] = 'x' // the caller's own again
	d := get(t, s, "a\n:", "one\x00:ü")
	if d.Tenant != "a\n:" || d.ID != "one\x00:ü" || string(d.Body) != "\x00{\"ü\":\r\n1}\xff\n" ||
		d.Revision != revision || !d.Expires.Equal(until) || d.Order == 0 {
		t.Errorf("got %+v", d)
	}
	page, _, err := s.Documents("keys").List(t.Context(), store.Query{Tenant: "a\n:"})
	if err != nil || len(page) != 1 || !reflect.DeepEqual(page[0], d) {
		t.Errorf("listed %+v, %v, got %+v", page, err, d)
	}
	page[0].Body[0], d.Body[0] = 'x', 'y'
	if d := get(t, s, "a\n:", "one\x00:ü"); d.Body[0] != 0 {
		t.Error("what was given is what is kept")
	}
}

func everyChange(t *testing.T, s DocumentStore) {
	put(t, s, store.Document{ID: "one", Body: []byte("1")})
	first := changes(t, s)
	d := get(t, s, "", "one")
	put(t, s, store.Document{ID: "one", Body: []byte("2"), Revision: d.Revision})
	second := changes(t, s)
	if now := get(t, s, "", "one"); string(now.Body) != "2" || now.Revision <= d.Revision || now.Order != d.Order {
		t.Errorf("got %+v after %+v", now, d)
	}
	done(t, s.Documents("keys").Delete(t.Context(), "", "one"))
	if third := changes(t, s); first == 0 || second == first || third == second {
		t.Errorf("revisions %d, %d, %d", first, second, third)
	}
}

func stale(t *testing.T, s DocumentStore) {
	put(t, s, store.Document{ID: "one", Body: []byte("1")})
	read := get(t, s, "", "one")
	put(t, s, store.Document{ID: "one", Body: []byte("2"), Revision: read.Revision})
	before := changes(t, s)
	conflict(t, s, store.Document{ID: "one", Body: []byte("3"), Revision: read.Revision})
	conflict(t, s, store.Document{ID: "never", Body: []byte("3"), Revision: read.Revision})
	list(t, s, store.Query{Everyone: true}, "/one=2")
	if after := changes(t, s); after != before {
		t.Errorf("revision %d became %d", before, after)
	}
}

func apart(t *testing.T, s DocumentStore) {
	put(t, s, store.Document{Tenant: "a", ID: "b:c", Body: []byte("1")})
	put(t, s, store.Document{Tenant: "a:b", ID: "c", Body: []byte("2")})
	put(t, s, store.Document{Tenant: "", ID: "a:b:c", Body: []byte("3")})
	put(t, s, store.Document{Tenant: "b", ID: "c", Body: []byte("4")})
	before := changes(t, s)
	if _, err := s.Documents("files").Put(t.Context(),
		store.Document{Tenant: "b", ID: "c", Body: []byte("5")}); err != nil {
		t.Fatal(err)
	}
	if changes(t, s) != before {
		t.Error("a change of one kind is one of another")
	}
	list(t, s, store.Query{Everyone: true}, "a/b:c=1", "a:b/c=2", "/a:b:c=3", "b/c=4")
	list(t, s, store.Query{Tenant: "a"}, "a/b:c=1")
	list(t, s, store.Query{Tenant: ""}, "/a:b:c=3")
	if err := s.Documents("keys").Delete(t.Context(), "a", "c"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another's document was deleted: %v", err)
	}
	done(t, s.Documents("keys").Delete(t.Context(), "b", "c"))
	if d, err := s.Documents("files").Get(t.Context(), "b", "c"); err != nil || string(d.Body) != "5" {
		t.Errorf("%+v, %v", d, err)
	}
}

func deleted(t *testing.T, s DocumentStore) {
	first := put(t, s, store.Document{ID: "one", Body: []byte("1")})
	done(t, s.Documents("keys").Delete(t.Context(), "", "one"))
	if err := s.Documents("keys").Delete(t.Context(), "", "one"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it was deleted twice: %v", err)
	}
	list(t, s, store.Query{Everyone: true})
	conflict(t, s, store.Document{ID: "one", Body: []byte("2"), Revision: first})
	if again := put(t, s, store.Document{ID: "one", Body: []byte("3")}); again <= first {
		t.Errorf("revision %d after %d: a writer of before would not notice", again, first)
	}
	list(t, s, store.Query{}, "/one=3")
}

// expiring puts what has expired already, so that nothing has to be waited for.
func expiring(t *testing.T, s DocumentStore) {
	past := time.Now().Add(-time.Minute)
	put(t, s, store.Document{ID: "stays", Body: []byte("1"), Expires: time.Now().Add(time.Hour)})
	gone := put(t, s, store.Document{ID: "goes", Body: []byte("1")})
	gone = put(t, s, store.Document{ID: "goes", Body: []byte("2"), Revision: gone, Expires: past})
	if _, err := s.Documents("keys").Get(t.Context(), "", "goes"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it is given: %v", err)
	}
	list(t, s, store.Query{}, "/stays=1")
	conflict(t, s, store.Document{ID: "goes", Body: []byte("3"), Revision: gone})
	if err := s.Documents("keys").Delete(t.Context(), "", "goes"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it is deleted: %v", err)
	}
	put(t, s, store.Document{ID: "goes", Body: []byte("4")})
	list(t, s, store.Query{}, "/stays=1", "/goes=4")
	for i := range 3 * store.SweepAtOnce {
		put(t, s, store.Document{ID: fmt.Sprint("old", i), Expires: past})
	}
	list(t, s, store.Query{Newest: true}, "/goes=4", "/stays=1")
}

func pages(t *testing.T, s DocumentStore) {
	var a, all []string
	for i := range 7 {
		for _, tenant := range []string{"a", "b"} {
			put(t, s, store.Document{Tenant: tenant, ID: fmt.Sprint(9 - i), Body: fmt.Append(nil, i)})
			all = append(all, fmt.Sprintf("%s/%d=%d", tenant, 9-i, i))
			if tenant == "a" {
				a = append(a, all[len(all)-1])
			}
		}
	}
	d := get(t, s, "a", "9")
	put(t, s, store.Document{Tenant: "a", ID: "9", Body: d.Body, Revision: d.Revision}) // a change does not move it
	for _, limit := range []int{0, 1, 3, 7, 1 << 40} {
		for _, newest := range []bool{false, true} {
			for _, q := range []store.Query{{Tenant: "a"}, {Everyone: true}} {
				q.Limit, q.Newest = limit, newest
				expected := append([]string(nil), a...)
				if q.Everyone {
					expected = append([]string(nil), all...)
				}
				if newest {
					for i, j := 0, len(expected)-1; i < j; i, j = i+1, j-1 {
						expected[i], expected[j] = expected[j], expected[i]
					}
				}
				list(t, s, q, expected...)
			}
		}
	}
	page, next, err := s.Documents("keys").List(t.Context(),
		store.Query{Tenant: "a", Limit: 2, After: get(t, s, "a", "8").Order})
	if err != nil || len(page) != 2 || page[0].ID != "7" || next != page[1].Order {
		t.Errorf("%+v, %d, %v", page, next, err)
	}
}

func tooLarge(t *testing.T, s DocumentStore) {
	for what, d := range map[string]store.Document{
		"a body":   {ID: "one", Body: make([]byte, store.MostBody+1)},
		"a tenant": {ID: "one", Tenant: strings.Repeat("t", store.MostName+1)},
		"an id":    {ID: strings.Repeat("i", store.MostName+1)}, "no id": {Tenant: "a"},
	} {
		if _, err := s.Documents("keys").Put(t.Context(), d); !errors.Is(err, store.ErrTooLarge) {
			t.Errorf("%s: %v", what, err)
		}
	}
	list(t, s, store.Query{Everyone: true})
}

func largePage(t *testing.T, s DocumentStore) {
	const each = store.PageBytes * 2 / 5
	for i := range 3 {
		put(t, s, store.Document{ID: fmt.Sprint(i), Body: make([]byte, each)})
	}
	page, next, err := s.Documents("keys").List(t.Context(), store.Query{})
	if err != nil || len(page) != 2 || next != page[1].Order {
		t.Fatalf("%d documents, next %d, %v", len(page), next, err)
	}
	if page, next, err = s.Documents("keys").List(t.Context(), store.Query{After: next}); err != nil ||
		len(page) != 1 || next != 0 {
		t.Errorf("then %d documents, next %d, %v", len(page), next, err)
	}
}

func race(t *testing.T, s DocumentStore) {
	put(t, s, store.Document{ID: "one", Body: []byte("0")})
	const writers, turns = 4, 10
	var done atomic.Int64
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range turns {
				d, err := s.Documents("keys").Get(t.Context(), "", "one")
				if err != nil {
					t.Error(err)
					return
				}
				n := 0
				_, _ = fmt.Sscan(string(d.Body), &n)
				d.Body = fmt.Append(nil, n+1)
				switch _, err := s.Documents("keys").Put(t.Context(), d); {
				case err == nil:
					done.Add(1)
				case !errors.Is(err, store.ErrConflict):
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if d := get(t, s, "", "one"); string(d.Body) != fmt.Sprint(done.Load()) || done.Load() == 0 {
		t.Errorf("%d changes were made, and %s counted", done.Load(), d.Body)
	}
}

func put(t *testing.T, s DocumentStore, d store.Document) (revision int64) {
	t.Helper()
	revision, err := s.Documents("keys").Put(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func get(t *testing.T, s DocumentStore, tenant, id string) store.Document {
	t.Helper()
	d, err := s.Documents("keys").Get(t.Context(), tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func conflict(t *testing.T, s DocumentStore, d store.Document) {
	t.Helper()
	if _, err := s.Documents("keys").Put(t.Context(), d); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("got %v, want a conflict", err)
	}
}

func changes(t *testing.T, s DocumentStore) int64 {
	t.Helper()
	n, err := s.Changes(t.Context(), "keys")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// list reads all pages of a query.
func list(t *testing.T, s DocumentStore, q store.Query, want ...string) {
	t.Helper()
	var got []string
	for {
		page, next, err := s.Documents("keys").List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > q.Most() {
			t.Errorf("%d documents in a page of %d", len(page), q.Most())
		}
		for _, d := range page {
			got = append(got, d.Tenant+"/"+d.ID+"="+string(d.Body))
		}
		if q.After = next; next == 0 {
			break
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
