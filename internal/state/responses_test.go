package state_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/state"
	"outcrop/internal/store"
	"outcrop/internal/store/memory"
	"outcrop/internal/store/redis"
	"outcrop/internal/store/sqlite"
	"outcrop/internal/test/redistest"
)

func item(text string) []json.RawMessage {
	return []json.RawMessage{json.RawMessage(`{"text":"` + text + `"}`)}
}

func made(id string, chain ...string) *state.Response {
	return &state.Response{ID: id, Object: json.RawMessage(`{"id":"` + id + `"}`), Input: item("in " + id),
		Output: item("out " + id), Chain: chain}
}

func begin(t *testing.T, cfg state.Config, docs store.Documents, secret string) *state.Responses {
	t.Helper()
	r, err := state.New(cfg, docs, secret)
	done(t, err)
	return r
}

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func missing(t *testing.T, err error, id string) {
	t.Helper()
	var m *state.MissingError
	if !errors.As(err, &m) || m.ID != id {
		t.Errorf("got %v, want that %s is missing", err, id)
	}
}

func engines(t *testing.T, test func(*testing.T, store.Documents)) {
	t.Run("memory", func(t *testing.T) { test(t, memory.New().Documents("responses")) })
	t.Run("sqlite", func(t *testing.T) {
		s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "responses.db"))
		done(t, err)
		defer func() { _ = s.Close() }()
		test(t, s.Documents("responses"))
	})
	t.Run("redis", func(t *testing.T) {
		s, err := redis.Open(redistest.Start(t).URL, 2*time.Second)
		done(t, err)
		defer func() { _ = s.Close() }()
		test(t, s.Documents("responses"))
	})
}

func TestChains(t *testing.T) {
	engines(t, func(t *testing.T, docs store.Documents) {
		r := begin(t, state.Default(), docs, "s")
		for _, one := range []*state.Response{made("a"), made("b", "a"), made("c", "a", "b"), made("d", "a")} {
			done(t, r.Keep(t.Context(), "acme", one))
		}
		chain, err := r.Chain(t.Context(), "acme", "c")
		done(t, err)
		said := ""
		for _, one := range chain {
			said += string(one.Input[0]) + string(one.Output[0])
		}
		want := `{"text":"in a"}{"text":"out a"}{"text":"in b"}{"text":"out b"}{"text":"in c"}{"text":"out c"}`
		if said != want {
			t.Errorf("got %s", said)
		}
		one, err := r.Get(t.Context(), "acme", "c")
		done(t, err)
		if string(one.Object) != `{"id":"c"}` || one.ID != "c" {
			t.Errorf("got %+v", one)
		}
		// Nobody else's, whatever is asked.
		_, err = r.Chain(t.Context(), "other", "c")
		missing(t, err, "c")
		if err := r.Delete(t.Context(), "other", "c"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		// A link that is gone breaks what continues it, and only that.
		done(t, r.Delete(t.Context(), "acme", "b"))
		if _, err := r.Get(t.Context(), "acme", "b"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		_, err = r.Chain(t.Context(), "acme", "c")
		missing(t, err, "b")
		_, err = r.Chain(t.Context(), "acme", "d")
		done(t, err)
	})
}

func TestWhatIsKeptIsSealed(t *testing.T) {
	engines(t, func(t *testing.T, docs store.Documents) {
		r := begin(t, state.Default(), docs, "s")
		done(t, r.Keep(t.Context(), "acme", made("a")))
		d, err := docs.Get(t.Context(), "acme", "a")
		done(t, err)
		if bytes.Contains(d.Body, []byte("in a")) {
			t.Error("the store shows a text")
		}
		changed := bytes.Clone(d.Body)
		changed[len(changed)-1] ^= 1
		for what, moved := range map[string]store.Document{
			"another id":     {Tenant: "acme", ID: "b", Body: d.Body},
			"another tenant": {Tenant: "other", ID: "a", Body: d.Body},
			"a changed byte": {Tenant: "acme", ID: "c", Body: changed},
			"a cut one":      {Tenant: "acme", ID: "d", Body: d.Body[:5]},
		} {
			_, err := docs.Put(t.Context(), moved)
			done(t, err)
			if _, err := r.Get(t.Context(), moved.Tenant, moved.ID); err == nil || errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: got %v", what, err)
			}
		}
		if _, err := begin(t, state.Default(), docs, "other").Get(t.Context(), "acme", "a"); err == nil {
			t.Error("another secret opens it")
		}
	})
}

func TestBounds(t *testing.T) {
	cfg := state.Config{TTL: time.Hour, MaxBytes: 300, MaxLinks: 2, MaxChain: 70}
	r := begin(t, cfg, memory.New().Documents("responses"), "s")
	large := made("large")
	large.Input = item(strings.Repeat("x", 300))
	if err := r.Keep(t.Context(), "", large); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	for _, one := range []*state.Response{made("a"), made("b", "a"), made("c", "a", "b")} {
		done(t, r.Keep(t.Context(), "", one))
	}
	_, err := r.Chain(t.Context(), "", "b")
	done(t, err)
	if _, err := r.Chain(t.Context(), "", "c"); !errors.Is(err, state.ErrTooLong) {
		t.Errorf("three links: %v", err)
	}
	wide := made("wide", "a")
	wide.Input = item(strings.Repeat("x", 60))
	done(t, r.Keep(t.Context(), "", wide))
	if _, err := r.Chain(t.Context(), "", "wide"); !errors.Is(err, state.ErrTooLong) {
		t.Errorf("too many bytes: %v", err)
	}
}

func TestReadingThroughAChainRenewsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, state.Default(), memory.New().Documents("responses"), "s")
		done(t, r.Keep(t.Context(), "", made("a")))
		done(t, r.Keep(t.Context(), "", made("b", "a")))
		done(t, r.Keep(t.Context(), "", made("c")))
		time.Sleep(20 * 24 * time.Hour)
		_, err := r.Chain(t.Context(), "", "b")
		done(t, err)
		time.Sleep(20 * 24 * time.Hour)
		_, err = r.Chain(t.Context(), "", "b")
		done(t, err)
		_, err = r.Chain(t.Context(), "", "c")
		missing(t, err, "c")
	})
}

// away is a store that does not answer.
type away struct{ store.Documents }

func (away) Get(context.Context, string, string) (store.Document, error) {
	return store.Document{}, errors.New("away")
}

func TestAStoreThatIsAwayIsNoMissingResponse(t *testing.T) {
	_, err := begin(t, state.Default(), away{}, "s").Chain(t.Context(), "", "a")
	var m *state.MissingError
	if err == nil || errors.As(err, &m) || errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
