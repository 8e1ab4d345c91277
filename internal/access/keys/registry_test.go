package keys

import (
	"context"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/store"
	"outcrop/internal/store/memory"
)

func TestCreateKeepsEverything(t *testing.T) {
	s := memory.New()
	r := NewRegistry(s)
	want := Key{Name: "A key", Tenant: "acme", Priority: "batch", Rights: access.Rights{
		Models: []string{"a"}, Tiers: []string{"b"}, Endpoints: []string{"c"},
		Limits:    access.Limits{RequestsPerMinute: 1, TokensPerMinute: 2, Concurrent: 3},
		Budget:    &access.Budget{Amount: 4, Period: "day", SoftPercent: 5},
		Guardrail: &access.Guardrail{Identifier: "g", Version: "DRAFT"},
		Profile:   "p", MaxTokens: 6, Extensions: &[]string{}, Expires: time.Date(2100, 1, 2, 3, 4, 5, 0, time.UTC),
		Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, StoreText: true,
	}}
	secret, made := create(t, r, want)
	list, err := r.List(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	got := list[0]
	if got.Hash != HashOf(secret) || !strings.HasPrefix(got.ID, "key_") || got.ID != made.ID || got.Created.IsZero() {
		t.Errorf("%+v", got)
	}
	want.ID, want.Hash, want.Created, want.revision = got.ID, got.Hash, got.Created, got.revision
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	documents, _ := read(t.Context(), s)
	if body := string(documents[0].Body); strings.Contains(body, secret) || strings.Contains(body, secret[3:40]) {
		t.Error("the secret is kept")
	}
}

func TestCreateRefuses(t *testing.T) {
	r := NewRegistry(memory.New())
	for says, k := range map[string]Key{
		"name must":       {Name: "a\nb"},
		"tenant must":     {Tenant: "a b"},
		"priority must":   {Priority: "high"},
		"profile must":    {Rights: access.Rights{Profile: "a/b"}},
		"max_tokens must": {Rights: access.Rights{MaxTokens: -1}},
		"limits must":     {Rights: access.Rights{Limits: access.Limits{Concurrent: -1}}},
		"budget.amount must": {Rights: access.Rights{Budget: &access.Budget{Amount: 0, Period: "day",
			SoftPercent: 0}}},
		"budget.period must": {Rights: access.Rights{Budget: &access.Budget{Amount: 1, Period: "year",
			SoftPercent: 0}}},
		"budget.soft_percent must": {Rights: access.Rights{Budget: &access.Budget{Amount: 1, Period: "day",
			SoftPercent: 101}}},
		"guardrail.identifier must": {Rights: access.Rights{Guardrail: &access.Guardrail{Identifier: "", Version: "1"}}},
		"guardrail.version must":    {Rights: access.Rights{Guardrail: &access.Guardrail{Identifier: "g", Version: ""}}},
		"models must":               {Rights: access.Rights{Models: []string{""}}},
		"extensions must":           {Rights: access.Rights{Extensions: &[]string{"a b"}}},
		"expires must":              {Rights: access.Rights{Expires: time.Now().Add(-time.Minute)}},
	} {
		if _, _, err := r.Create(t.Context(), k); err == nil || !strings.HasPrefix(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	if list, _ := r.List(t.Context()); len(list) != 0 {
		t.Errorf("%d were kept", len(list))
	}
}

func TestWhichKey(t *testing.T) {
	r := NewRegistry(memory.New())
	_, first := create(t, r, Key{Name: "twin"})
	_, second := create(t, r, Key{Name: "twin"})
	if _, err := r.Revoke(t.Context(), "twin"); err == nil || !strings.Contains(err.Error(), "2 keys") {
		t.Errorf("one of two was revoked: %v", err)
	}
	if k, err := r.Revoke(t.Context(), first.ID); err != nil || k.Revoked.IsZero() {
		t.Error(err)
	}
	if k, err := r.Revoke(t.Context(), "twin"); err != nil || k.ID != second.ID {
		t.Errorf("%+v, %v", k, err)
	}
	secret, _ := Secret()
	for _, which := range []string{"", "key_none", "twin", secret} {
		if _, err := r.Revoke(t.Context(), which); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", which, err)
		}
	}
}

// TestChangesAtTheSameMoment: none is lost, whoever is first.
func TestChangesAtTheSameMoment(t *testing.T) {
	s := &hurried{Store: memory.New()}
	r := NewRegistry(s)
	_, made := create(t, r, Key{})
	s.before = func() {
		s.before = nil
		if _, err := NewRegistry(s.Store).Revoke(context.Background(), made.ID); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := r.Rotate(t.Context(), made.ID, time.Hour); err == nil {
		t.Error("a key that was revoked in the meantime was rotated")
	}
	if list, _ := r.List(t.Context()); list[0].State(time.Now()) != "revoked" {
		t.Error("the revocation was lost")
	}
	s = &hurried{Store: memory.New()}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, _, err := NewRegistry(s.Store).Create(context.Background(), Key{Name: "same"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if list, _ := NewRegistry(s.Store).List(t.Context()); len(list) != 20 {
		t.Errorf("%d of 20 keys are kept", len(list))
	}
}

// hurried lets somebody else in right before a change.
type hurried struct {
	*memory.Store
	before func()
}

func (h *hurried) Documents(kind string) store.Documents {
	return hurriedDocuments{h.Store.Documents(kind), h}
}

type hurriedDocuments struct {
	store.Documents
	h *hurried
}

func (d hurriedDocuments) Put(ctx context.Context, doc store.Document) (int64, error) {
	if d.h.before != nil {
		d.h.before()
	}
	return d.Documents.Put(ctx, doc)
}
