package storetest

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"

	"outcrop/internal/store"
)

// UsageStore is usage.Store.
type UsageStore interface {
	AddUsage(ctx context.Context, rows []store.Usage) error
	Usage(ctx context.Context, from, to int64, each func(store.Usage) error) error
	ForgetUsage(ctx context.Context, before int64) error
}

// Usage runs what is promised of usage against empty stores that open gives.
func Usage(t *testing.T, open func(t *testing.T) UsageStore) {
	row := func(hour int64, tenant, key, tags string, requests, cost int64) store.Usage {
		return store.Usage{UsageKey: store.UsageKey{Hour: hour, Tenant: tenant, Key: key, Model: "m", Tags: tags},
			UsageSums: store.UsageSums{Requests: requests, Cost: cost}}
	}
	for name, test := range map[string]func(*testing.T, UsageStore){
		"an empty store": func(t *testing.T, s UsageStore) {
			wantUsage(t, s, 0, 1<<40)
			if err := s.AddUsage(t.Context(), nil); err != nil {
				t.Error(err)
			}
			if err := s.ForgetUsage(t.Context(), 5); err != nil {
				t.Error(err)
			}
		},
		"every sum is kept and added to": func(t *testing.T, s UsageStore) {
			all := store.Usage{UsageKey: store.UsageKey{Hour: 7, Tenant: "t:1", Key: "k", Model: "a.b-v1:0", Tags: "x=1%3A&y=ü"}}
			for i, v := range all.Values() {
				*v = int64(i + 1)
			}
			add(t, s, all)
			add(t, s, all, row(7, "t", "k", "", 1, 0))
			twice := all
			twice.Add(all.UsageSums)
			wantUsage(t, s, 7, 8, twice, row(7, "t", "k", "", 1, 0))
		},
		"rows that look alike are apart": func(t *testing.T, s UsageStore) {
			rows := []store.Usage{row(1, "a", "b:c", "", 1, 2), row(1, "a:b", "c", "", 3, 4), row(1, "", "a:b:c", "", 5, 6),
				row(1, "a", "b", "c", 7, 8), row(2, "a", "b", "c", 9, 10)}
			add(t, s, rows...)
			wantUsage(t, s, 1, 3, rows...)
		},
		"hours from one to another": func(t *testing.T, s UsageStore) {
			add(t, s, row(10, "a", "k", "", 1, 0), row(11, "a", "k", "", 2, 0), row(12, "a", "k", "", 3, 0))
			wantUsage(t, s, 11, 12, row(11, "a", "k", "", 2, 0))
			if err := s.ForgetUsage(t.Context(), 12); err != nil {
				t.Error(err)
			}
			wantUsage(t, s, 0, 100, row(12, "a", "k", "", 3, 0))
		},
		"a reader may stop": func(t *testing.T, s UsageStore) {
			add(t, s, row(1, "a", "k", "", 1, 0), row(2, "a", "k", "", 2, 0))
			enough := errors.New("enough")
			seen := 0
			err := s.Usage(t.Context(), 0, 9, func(store.Usage) error { seen++; return enough })
			if !errors.Is(err, enough) || seen != 1 {
				t.Error(err, seen)
			}
		},
		"many writers at the same moment": func(t *testing.T, s UsageStore) {
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					for range 10 {
						add(t, s, row(1, "a", "k", "", 1, 3), row(1, "b", "k", "", 1, 0))
					}
				})
			}
			all.Wait()
			wantUsage(t, s, 1, 2, row(1, "a", "k", "", 40, 120), row(1, "b", "k", "", 40, 0))
		},
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func add(t *testing.T, s UsageStore, rows ...store.Usage) {
	t.Helper()
	if err := s.AddUsage(t.Context(), rows); err != nil {
		t.Error(err)
	}
}

func wantUsage(t *testing.T, s UsageStore, from, to int64, rows ...store.Usage) {
	t.Helper()
	got, want := map[store.UsageKey]store.UsageSums{}, map[store.UsageKey]store.UsageSums{}
	err := s.Usage(t.Context(), from, to, func(u store.Usage) error {
		if _, twice := got[u.UsageKey]; twice {
			t.Errorf("%+v came twice", u.UsageKey)
		}
		got[u.UsageKey] = u.UsageSums
		return nil
	})
	for _, r := range rows {
		want[r.UsageKey] = r.UsageSums
	}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}
