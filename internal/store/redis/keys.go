package redis

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"outcrop/internal/store"
)

const (
	keysRevision  = prefix + "{keys}:revision"
	keysDocuments = prefix + "{keys}:documents" // a hash: field of tenant and id → revision, a line's end, body
)

// KeysRevision gives a number that changes whenever a key does; 0 while there never was one.
func (s *Store) KeysRevision(ctx context.Context) (int64, error) {
	n, err := s.client.Get(ctx, keysRevision).Int64()
	if errors.Is(err, goredis.Nil) {
		return 0, nil
	}
	return n, err
}

// Keys gives all keys, in order of tenant and id. What somebody else has put beside them is left out.
func (s *Store) Keys(ctx context.Context) ([]store.Document, error) {
	fields, err := s.client.HGetAll(ctx, keysDocuments).Result()
	if err != nil {
		return nil, err
	}
	var all []store.Document
	for name, value := range fields {
		tenant, id, ok := unfield(name)
		number, body, found := strings.Cut(value, "\n")
		revision, err := strconv.ParseInt(number, 10, 64)
		if ok && found && err == nil {
			all = append(all, store.Document{Tenant: tenant, ID: id, Revision: revision, Body: []byte(body)})
		}
	}
	slices.SortFunc(all, func(a, b store.Document) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// putKey writes a document if it is at the revision that is expected, and tells whether it has.
var putKey = goredis.NewScript(`
local old = redis.call('HGET', KEYS[2], ARGV[1])
local at = '0'
if old then at = string.match(old, '^(%d+)\n') or '' end
if at ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], redis.call('INCR', KEYS[1]) .. '\n' .. ARGV[3])
return 1
`)

// PutKey keeps a key that is at the document's revision, 0 for a new one, else it gives store.ErrConflict.
func (s *Store) PutKey(ctx context.Context, d store.Document) error {
	done, err := putKey.Run(ctx, s.client, []string{keysRevision, keysDocuments}, field(d.Tenant, d.ID), d.Revision, d.Body).Int()
	if err == nil && done == 0 {
		return store.ErrConflict
	}
	return err
}
