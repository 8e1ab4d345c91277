package redis

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"outcrop/internal/store"
)

// documents are those of one kind, whose keys stand together in a cluster: a kind is on one machine.
type documents struct {
	client   goredis.UniversalClient
	revision string
	// a hash: field of tenant and id → revision, a space and when it expires where it does, a line's end, body
	bodies   string
	order    string // a sorted set of the fields; with a tenant behind it, of the tenant's
	expiring string // a sorted set of the fields that expire
}

// Documents gives the documents of a kind.
func (s *Store) Documents(kind string) store.Documents { return s.kind(kind) }

func (s *Store) kind(kind string) *documents {
	at := prefix + "{" + kind + "}:"
	return &documents{s.client, at + "revision", at + "documents", at + "order", at + "expiring"}
}

// Changes gives a number that changes whenever a document of a kind does; 0 while there never was one.
func (s *Store) Changes(ctx context.Context, kind string) (int64, error) {
	n, err := s.client.Get(ctx, s.kind(kind).revision).Int64()
	if errors.Is(err, goredis.Nil) {
		return 0, nil
	}
	return n, err
}

// scripted is what the scripts below have in common. KEYS are those of a kind. A value that has another form was put
// there by somebody else, and is left alone.
const scripted = `
local revisions, bodies, order, expiring = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local function whose(field)
	local n, rest = string.match(field, '^(%d+):(.*)$')
	return order .. ':' .. string.sub(rest, 1, tonumber(n))
end
local function forget(field)
	redis.call('HDEL', bodies, field)
	redis.call('ZREM', order, field)
	redis.call('ZREM', expiring, field)
	redis.call('ZREM', whose(field), field)
end
local function arrange(field, place)
	redis.call('ZADD', order, 'NX', place, field)
	redis.call('ZADD', whose(field), 'NX', place, field)
end
-- The revision of a document as text, '0' where there is none or it has expired, and '' of what is none of ours.
local function at(field, now)
	local value = redis.call('HGET', bodies, field)
	if not value then return '0' end
	local revision, expires = string.match(value, '^(%d+) ?(%d*)\n')
	if not revision then return '' end
	if expires ~= '' and tonumber(expires) <= tonumber(now) then
		forget(field)
		return '0'
	end
	return revision
end
`

// putDocument gives the new revision, or 0 for a conflict.
var putDocument = goredis.NewScript(scripted + `
local field, expected, expires, now, body, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', expiring, '-inf', now, 'LIMIT', 0, most)) do forget(gone) end
local old = at(field, now)
if old ~= expected then return 0 end
local new = redis.call('INCR', revisions)
local head = tostring(new)
if expires == '0' then
	redis.call('ZREM', expiring, field)
else
	head = head .. ' ' .. expires
	redis.call('ZADD', expiring, expires, field)
end
redis.call('HSET', bodies, field, head .. '\n' .. body)
arrange(field, old == '0' and new or old)
return new
`)

// deleteDocument tells whether there was one.
var deleteDocument = goredis.NewScript(scripted + `
local old = at(ARGV[1], ARGV[2])
if old == '0' or old == '' then return 0 end
forget(ARGV[1])
redis.call('INCR', revisions)
return 1
`)

// listDocuments gives the place of the last document where there are more, else 0, and then field, place and value of
// each. Documents that were kept when there was no order yet have the place of their revision.
var listDocuments = goredis.NewScript(scripted + `
local of, after, newest, most, bytes = KEYS[5], ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if redis.call('ZCARD', order) < redis.call('HLEN', bodies) then
	local all = redis.call('HGETALL', bodies)
	for i = 1, #all, 2 do
		local revision = string.match(all[i + 1], '^(%d+) ?%d*\n')
		local n, rest = string.match(all[i], '^(%d+):(.*)$')
		n = tonumber(n)
		if revision and n and #rest > n and string.sub(rest, n + 1, n + 1) == ':' then
			arrange(all[i], revision)
		end
	end
end
local fields
if newest == '1' then
	local below = after == '0' and '+inf' or '(' .. after
	fields = redis.call('ZREVRANGEBYSCORE', of, below, '-inf', 'WITHSCORES', 'LIMIT', 0, most + 1)
else
	fields = redis.call('ZRANGEBYSCORE', of, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, most + 1)
end
local page, size = {'0'}, 0
for i = 1, #fields, 2 do
	local value = redis.call('HGET', bodies, fields[i]) or ''
	size = size + #value
	if i > 2 * most or i > 1 and size > bytes then
		page[1] = fields[i - 1]
		break
	end
	page[#page + 1], page[#page + 2], page[#page + 3] = fields[i], fields[i + 1], value
end
return page
`)

func (k *documents) keys() []string { return []string{k.revision, k.bodies, k.order, k.expiring} }

// Put keeps a document.
func (k *documents) Put(ctx context.Context, d store.Document) (int64, error) {
	if err := d.Check(); err != nil {
		return 0, err
	}
	revision, err := putDocument.Run(ctx, k.client, k.keys(), field(d.Tenant, d.ID), d.Revision, d.Millis(),
		time.Now().UnixMilli(),
		d.Body, store.SweepAtOnce).Int64()
	if err == nil && revision == 0 {
		return 0, store.ErrConflict
	}
	return revision, err
}

// Get gives a document.
func (k *documents) Get(ctx context.Context, tenant, id string) (store.Document, error) {
	name := field(tenant, id)
	pipe := k.client.Pipeline()
	value, place := pipe.HGet(ctx, k.bodies, name), pipe.ZScore(ctx, k.order, name)
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, goredis.Nil) {
		return store.Document{}, err
	}
	d, ok := read(name, value.Val(), int64(place.Val()))
	if !ok {
		return store.Document{}, store.ErrNotFound
	}
	return d, nil
}

// read takes a value apart; it fails for what is not there any more, and for what somebody else has put there.
func read(name, value string, place int64) (d store.Document, ok bool) {
	head, body, found := strings.Cut(value, "\n")
	number, until, _ := strings.Cut(head, " ")
	var expires int64
	var err error
	if until != "" {
		expires, err = strconv.ParseInt(until, 10, 64)
	}
	revision, wrong := strconv.ParseInt(number, 10, 64)
	tenant, id, ours := unfield(name)
	if !found || !ours || err != nil || wrong != nil || expires != 0 && expires <= time.Now().UnixMilli() {
		return d, false
	}
	if place == 0 {
		place = revision
	}
	return store.Document{Tenant: tenant, ID: id, Revision: revision, Order: place, Expires: store.ExpiresAt(expires),
		Body: []byte(body)}, true
}

// Delete makes a document be no more.
func (k *documents) Delete(ctx context.Context, tenant, id string) error {
	done, err := deleteDocument.Run(ctx, k.client, k.keys(), field(tenant, id), time.Now().UnixMilli()).Int()
	if err == nil && done == 0 {
		return store.ErrNotFound
	}
	return err
}

// List gives a page of documents.
func (k *documents) List(ctx context.Context, q store.Query) (page []store.Document, next int64, err error) {
	of, newest := k.order, 0
	if !q.Everyone {
		of += ":" + q.Tenant
	}
	if q.Newest {
		newest = 1
	}
	found, err := listDocuments.Run(ctx, k.client, append(k.keys(), of), q.After, newest, q.Most(),
		store.PageBytes).StringSlice()
	if err != nil {
		return nil, 0, err
	}
	if next, err = strconv.ParseInt(found[0], 10, 64); err != nil {
		return nil, 0, err
	}
	for one := range slices.Chunk(found[1:], 3) {
		place, err := strconv.ParseInt(one[1], 10, 64)
		if err != nil {
			return nil, 0, err
		}
		if d, ok := read(one[0], one[2], place); ok {
			page = append(page, d)
		}
	}
	return page, next, nil
}
