package redistest_test

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"outcrop/internal/test/redistest"
)

func TestServer(t *testing.T) {
	s := redistest.Start(t)
	o, err := redis.ParseURL(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	ping := func() error {
		client := redis.NewClient(o)
		defer func() { _ = client.Close() }()
		return client.Ping(context.Background()).Err()
	}
	if err := ping(); err != nil {
		t.Fatalf("a started server: %v", err)
	}
	s.Stop()
	o.MaxRetries, o.DialerRetries = -1, 1
	if ping() == nil {
		t.Fatal("a stopped server answers")
	}
	s.Restart()
	if err := ping(); err != nil {
		t.Fatalf("a restarted server: %v", err)
	}
}
