package redis_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	client "outcrop/internal/redis"
	"outcrop/internal/store"
	"outcrop/internal/store/redis"
	"outcrop/internal/test/redistest"
	"outcrop/internal/test/storetest"
)

// everyone asks for all documents of a kind.
var everyone = store.Query{Everyone: true}

func open(t *testing.T, url string) *redis.Store {
	t.Helper()
	s, err := redis.Open(url, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestDocuments(t *testing.T) {
	servers := map[*testing.T]*redistest.Server{}
	handle := func(t *testing.T) storetest.DocumentStore {
		if servers[t] == nil {
			servers[t] = redistest.Start(t)
		}
		return open(t, servers[t].URL)
	}
	storetest.Documents(t, handle)
	storetest.Handles(t, handle)
}

func TestRedisGoesAndComes(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a Redis that is away was reached")
	}
	if _, err := s.Changes(t.Context(), "keys"); err == nil {
		t.Error("a revision was read from nowhere")
	}
	if _, _, err := s.Documents("keys").List(t.Context(), everyone); err == nil {
		t.Error("keys were read from nowhere")
	}
	server.Restart()
	if _, err := s.Documents("keys").Put(t.Context(), store.Document{ID: "one", Body: []byte("1")}); err != nil {
		t.Error(err)
	}
}

func TestWhatOthersPutThereIsLeftOut(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL)
	if _, err := s.Documents("keys").Put(t.Context(),
		store.Document{Tenant: "a", ID: "one", Body: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	other, err := client.Connect(server.URL, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	for _, f := range []string{"x", "-1:a:b", "9:a:b", "1:a", "1:ab"} {
		if err := other.HSet(t.Context(), "outcrop:s1:{keys}:documents", f, "1\nx").Err(); err != nil {
			t.Fatal(err)
		}
	}
	all, _, err := s.Documents("keys").List(t.Context(), everyone)
	if err != nil || len(all) != 1 || all[0].ID != "one" {
		t.Fatalf("%v, %v", all, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, url := range []string{"redis://:secret word@host", "http://:secretword@host", "redis://:secretword@host/x",
		"http://:secretword@host?addr=x", "http://:secretword@host?master_name=x"} {
		s, err := redis.Open(url, time.Second)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s was opened", url)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

// TestMendE6AFrozenRedisIsLeftAlone: the first time-out is the last that anybody waits for, until the pause is over.
func TestMendE6AFrozenRedisIsLeftAlone(t *testing.T) {
	server := redistest.Start(t)
	s, err := redis.Open(server.URL, 200*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Freeze()
	if _, err := s.Changes(t.Context(), "keys"); err == nil {
		t.Fatal("a frozen Redis answers")
	}
	hold := store.Hold{Tenant: "t", ID: "1", Accounts: []store.Account{{Tenant: "t", ID: "key:1", Limit: 10}}, Amount: 1,
		Until: 1 << 40}
	_, _, reserved := s.Reserve(t.Context(), hold)
	_, spent := s.Balances(t.Context(), hold.Accounts)
	_, _, keys := s.Documents("keys").List(t.Context(), everyone)
	for what, err := range map[string]error{"a script": reserved, "a command": spent, "the keys": keys} {
		if err == nil || !strings.Contains(err.Error(), "has not answered a moment ago") {
			t.Errorf("%s waited: %v", what, err)
		}
	}
	server.Thaw()
	again(t, s)
	if _, refused, err := s.Reserve(t.Context(), hold); err != nil || refused >= 0 {
		t.Errorf("%d, %v", refused, err)
	}
}

// TestMendE6ACallerInAHurryPausesNobody: who has little time left says nothing of Redis.
func TestMendE6ACallerInAHurryPausesNobody(t *testing.T) {
	server := redistest.Start(t)
	s, err := redis.Open(server.URL, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Freeze()
	hurry, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := s.Changes(hurry, "keys"); !errors.Is(err, context.DeadlineExceeded) &&
		!errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("a frozen Redis: %v", err)
	}
	server.Thaw()
	if _, err := s.Changes(t.Context(), "keys"); err != nil {
		t.Errorf("the next caller: %v", err)
	}
}

// again waits until a store is asked again.
func again(t *testing.T, s *redis.Store) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := s.Changes(t.Context(), "keys"); err == nil {
			break
		} else if time.Now().After(end) {
			t.Fatalf("it is not asked again: %v", err)
		}
	}
}

// TestKeysOfAFormerForm: keys that were kept before there were documents of other kinds, and those that a gateway of
// that time keeps beside, are documents as they were; and what is kept now is what that gateway reads.
func TestKeysOfAFormerForm(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL)
	other, err := client.Connect(server.URL, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	former := func(field, value string) {
		if err := errors.Join(other.HSet(t.Context(), "outcrop:s1:{keys}:documents", field, value).Err(),
			other.Incr(t.Context(), "outcrop:s1:{keys}:revision").Err()); err != nil {
			t.Fatal(err)
		}
	}
	former("1:b:two", "1\nolder")
	former("1:a:one", "2\nnewer")
	keys := s.Documents("keys")
	page, next, err := keys.List(t.Context(), everyone)
	if err != nil || next != 0 || len(page) != 2 || string(page[0].Body)+string(page[1].Body) != "oldernewer" ||
		page[1].Revision != 2 {
		t.Fatalf("%+v, %d, %v", page, next, err)
	}
	if d, err := keys.Get(t.Context(), "b", "two"); err != nil || d.Order != 1 {
		t.Errorf("%+v, %v", d, err)
	}
	if n, err := keys.Put(t.Context(), page[0]); err != nil || n != 3 {
		t.Errorf("it is not at its revision any more: %d, %v", n, err)
	}
	former("1:a:three", "4\nbeside")
	if page, _, err = keys.List(t.Context(), store.Query{Tenant: "a", Newest: true}); err != nil || len(page) != 2 ||
		page[0].ID != "three" {
		t.Errorf("%+v, %v", page, err)
	}
	if value := other.HGet(t.Context(), "outcrop:s1:{keys}:documents", "1:b:two").Val(); value != "3\nolder" {
		t.Errorf("kept as %q", value)
	}
}
