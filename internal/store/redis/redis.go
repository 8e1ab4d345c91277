// Package redis keeps state in the Redis or Valkey that gateways share. That Redis must keep what it is given: no
// eviction (maxmemory-policy noeviction), and persistence (appendonly).
//
// Start at [Open]. Every change is one script, so that it happens as a whole or not at all.
package redis

import (
	"context"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"outcrop/internal/redis"
)

// prefix stands before every key in Redis, which others may use too. 1 is the version of the keys. What follows it in
// braces keeps the keys of one concern together in a cluster, where a script must not reach for keys of different
// machines.
const prefix = "outcrop:s1:"

// Store is a Redis. It is safe for concurrent use.
type Store struct{ client goredis.UniversalClient }

// Open makes a store of the Redis that a URL names. Nothing is connected yet. No command takes longer than timeout.
func Open(rawURL string, timeout time.Duration) (*Store, error) {
	client, err := redis.Connect(rawURL, timeout)
	if err != nil {
		return nil, err
	}
	client.AddHook(&pause{hangs: timeout / 2})
	return &Store{client: client}, nil
}

// Close closes the connections.
func (s *Store) Close() error { return s.client.Close() }

// Ping tells whether Redis answers.
func (s *Store) Ping(ctx context.Context) error { return s.client.Ping(ctx).Err() }

// field names a document inside a hash. The length in front keeps apart what would otherwise look alike: tenant "a"
// with id "b:c" and tenant "a:b" with id "c".
func field(tenant, id string) string { return strconv.Itoa(len(tenant)) + ":" + tenant + ":" + id }

// unfield is the reverse of field; it fails for what somebody else has put there.
func unfield(s string) (tenant, id string, ok bool) {
	number, rest, _ := strings.Cut(s, ":")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n >= len(rest) || rest[n] != ':' {
		return "", "", false
	}
	return rest[:n], rest[n+1:], true
}
