package redis_test

import (
	"strings"
	"testing"
	"time"

	"outcrop/internal/redistest"
	"outcrop/internal/store"
	"outcrop/internal/store/redis"
	"outcrop/internal/store/storetest"
)

func open(t *testing.T, url string) *redis.Store {
	t.Helper()
	s, err := redis.Open(url, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestKeys(t *testing.T) {
	servers := map[*testing.T]*redistest.Server{}
	handle := func(t *testing.T) storetest.KeyStore {
		if servers[t] == nil {
			servers[t] = redistest.Start(t)
		}
		return open(t, servers[t].URL)
	}
	storetest.Keys(t, handle)
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
	if _, err := s.KeysRevision(t.Context()); err == nil {
		t.Error("a revision was read from nowhere")
	}
	if _, err := s.Keys(t.Context()); err == nil {
		t.Error("keys were read from nowhere")
	}
	server.Restart()
	if err := s.PutKey(t.Context(), store.Document{ID: "one", Body: []byte("1")}); err != nil {
		t.Error(err)
	}
}

func TestWhatOthersPutThereIsLeftOut(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL)
	if err := s.PutKey(t.Context(), store.Document{Tenant: "a", ID: "one", Body: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	other, err := redis.Connect(server.URL, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	for _, f := range []string{"x", "-1:a:b", "9:a:b", "1:a", "1:ab"} {
		if err := other.HSet(t.Context(), "outcrop:s1:{keys}:documents", f, "1\nx").Err(); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.Keys(t.Context())
	if err != nil || len(all) != 1 || all[0].ID != "one" {
		t.Fatalf("%v, %v", all, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, url := range []string{"redis://:secret word@host", "http://:secretword@host", "redis://:secretword@host/x", "http://:secretword@host?addr=x", "http://:secretword@host?master_name=x"} {
		s, err := redis.Open(url, time.Second)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s was opened", url)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}
