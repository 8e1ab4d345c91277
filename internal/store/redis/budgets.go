package redis

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"outcrop/internal/store"
)

// budgetsPrefix comes before the tenant, in braces so that a tenant's accounts are on one machine of a cluster. What an
// account has spent is a string, and what is held in it another, with heldSuffix; those of a period go by themselves,
// long after the period.
const (
	budgetsPrefix = prefix + "budget:"
	heldSuffix    = ":held"
	// holdsName is a hash: id → a letter for the state (r reserved, s sent; when the lease had ended c charged, f freed,
	// of which the amount is 0), amount, accounts, note.
	holdsName   = ":holds"
	leasesName  = ":leases" // a sorted set of ids by the end of their lease
	budgetsKept = 400 * 24 * time.Hour

	// holders is a sorted set of the tenants that have holds, by the end of the latest lease that was given.
	holders = prefix + "{holders}"
)

// Numbers of these scripts are whole and below 2^53, nine million USD, up to which Lua counts exactly; INCRBY itself
// has 64 bits.

// lua are the functions that the scripts share.
const lua = `
local function add(key, amount, last)
  if redis.call('INCRBY', key, amount) < 0 then redis.call('SET', key, '0') end
  if last ~= '0' then redis.call('EXPIREAT', key, last) end
end
local function less(key, amount, last)
  if redis.call('DECRBY', key, amount) < 0 then redis.call('SET', key, '0') end
  if last ~= '0' then redis.call('EXPIREAT', key, last) end
end
`

// KEYS of reserve and settle are the hash, the sorted set, and the accounts; ARGV the amount, the id, then what the
// script says, and at last limit and end of life of each account.

// reserve gives the first refused account from 1 on, 0 for none, and what was spent and held before.
var reserve = goredis.NewScript(lua + `
local out = {0}
for i = 3, #KEYS do
  local spent = redis.call('GET', KEYS[i]) or '0'
  local held = redis.call('GET', KEYS[i] .. ':held') or '0'
  out[#out + 1] = spent
  out[#out + 1] = held
  if out[1] == 0 and tonumber(spent) + tonumber(held) >= tonumber(ARGV[2 * i - 1]) then out[1] = i - 2 end
end
if out[1] ~= 0 then return out end
for i = 3, #KEYS do add(KEYS[i] .. ':held', ARGV[1], ARGV[2 * i]) end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
return out
`)

var settleBudget = goredis.NewScript(lua + `
local row = redis.call('HGET', KEYS[1], ARGV[2])
if not row then return 0 end
local state, amount = string.match(row, '^(%a) (%d+)\n')
for i = 3, #KEYS do
  local last = ARGV[2 * i]
  if state == 'c' then
    redis.call('DECRBY', KEYS[i], amount)
  else
    less(KEYS[i] .. ':held', amount, last)
  end
  add(KEYS[i], ARGV[1], last)
end
redis.call('HDEL', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
return state == 'c' and 1 or 0
`)

var sendHold = goredis.NewScript(`
local row = redis.call('HGET', KEYS[1], ARGV[1])
if row and string.sub(row, 1, 1) == 'r' then redis.call('HSET', KEYS[1], ARGV[1], 's' .. string.sub(row, 2)) end
return 1
`)

var renewHolds = goredis.NewScript(`
for i = 2, #ARGV do
  local row = redis.call('HGET', KEYS[1], ARGV[i])
  if row and string.find(row, '^[rs]') then redis.call('ZADD', KEYS[2], ARGV[1], ARGV[i]) end
end
return 1
`)

// lapseHolds gives how many holds are left, and of those that it has charged id and row.
var lapseHolds = goredis.NewScript(lua + `
local out = {0}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[1], 'LIMIT', 0, 100)) do
  local row = redis.call('HGET', KEYS[1], id)
  local state, amount, accounts = '', '0', ''
  if row then state, amount, accounts = string.match(row, '^(%a) (%d+)\n(.-\n)\n') end
  if state == 'r' or state == 's' then
    for key, last in string.gmatch(accounts, '(%S+) (%d+)\n') do
      less(key .. ':held', amount, last)
      if state == 's' then add(key, amount, last) end
    end
  end
  if state == 's' then
    redis.call('HSET', KEYS[1], id, 'c' .. string.sub(row, 2))
    redis.call('ZADD', KEYS[2], ARGV[2], id)
    out[#out + 1] = id
    out[#out + 1] = row
  elseif state == 'r' then
    redis.call('HSET', KEYS[1], id, (string.gsub(row, '^r %d+', 'f 0')))
    redis.call('ZADD', KEYS[2], ARGV[2], id)
  else
    redis.call('HDEL', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
  end
end
out[1] = redis.call('ZCARD', KEYS[2])
return out
`)

// forgetHolder takes out a tenant, unless a lease was given in the meantime.
var forgetHolder = goredis.NewScript(`
local latest = redis.call('ZSCORE', KEYS[1], ARGV[1])
if latest and tonumber(latest) < tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 1
`)

// Reserve holds an amount in every account, or in none when one has nothing left: the first such one is refused, else
// it is -1. What it gives besides is how they stood before. The accounts are of the hold's tenant.
func (s *Store) Reserve(ctx context.Context, h store.Hold) (before []store.Balance, refused int, err error) {
	keys, tail := accountKeys(&h)
	var row strings.Builder
	fmt.Fprintf(&row, "r %d\n", h.Amount)
	for i := range h.Accounts {
		fmt.Fprintf(&row, "%s %v\n", keys[2+i], tail[2*i+1])
	}
	row.WriteString("\n")
	row.Write(h.Note)
	// Whoever looks for holds must find the tenant, so that it is named first.
	if err := s.client.ZAdd(ctx, holders, goredis.Z{Score: float64(h.Until), Member: h.Tenant}).Err(); err != nil {
		return nil, -1, err
	}
	out, err := reserve.Run(ctx, s.client, keys, append([]any{h.Amount, h.ID, h.Until, row.String()}, tail...)...).Slice()
	if err != nil {
		return nil, -1, err
	}
	first, _ := out[0].(int64)
	before = make([]store.Balance, len(h.Accounts))
	for i := range before {
		if before[i], err = balanceOf(out[1+2*i], out[2+2*i]); err != nil {
			return nil, -1, err
		}
	}
	return before, int(first) - 1, nil
}

func balanceOf(spent, held any) (b store.Balance, err error) {
	for _, x := range []struct {
		from any
		to   *int64
	}{{spent, &b.Spent}, {held, &b.Held}} {
		if text, ok := x.from.(string); ok {
			if *x.to, err = strconv.ParseInt(text, 10, 64); err != nil {
				return b, err
			}
		}
	}
	return b, nil
}

// Send says of a hold that its call is on its way, and may cost something from now on.
func (s *Store) Send(ctx context.Context, tenant, id string) error {
	holds, _ := holdKeys(tenant)
	return sendHold.Run(ctx, s.client, []string{holds}, id).Err()
}

// Settle ends a hold: its accounts have spent the cost instead. It tells whether the hold had been charged, as its
// lease had ended. Of a hold that is not there, as it was settled before, it changes nothing.
func (s *Store) Settle(ctx context.Context, h store.Hold, cost int64) (charged bool, err error) {
	keys, tail := accountKeys(&h)
	n, err := settleBudget.Run(ctx, s.client, keys, append([]any{cost, h.ID, 0, ""}, tail...)...).Int()
	return n == 1, err
}

// Renew makes leases end later.
func (s *Store) Renew(ctx context.Context, tenant string, ids []string, until int64) error {
	holds, leases := holdKeys(tenant)
	args := []any{until}
	for _, id := range ids {
		args = append(args, id)
	}
	if err := s.client.ZAdd(ctx, holders, goredis.Z{Score: float64(until), Member: tenant}).Err(); err != nil {
		return err
	}
	return renewHolds.Run(ctx, s.client, []string{holds, leases}, args...).Err()
}

// Lapse ends the holds whose leases have ended: those of calls that were sent are charged, and given back; the others
// cost nothing. All of them can still be settled for LapsedFor.
func (s *Store) Lapse(ctx context.Context, now int64) (charged []store.Hold, err error) {
	tenants, err := s.client.ZRange(ctx, holders, 0, -1).Result()
	if err != nil {
		return nil, err
	}
	for _, tenant := range tenants {
		holds, leases := holdKeys(tenant)
		out, err := lapseHolds.Run(ctx, s.client, []string{holds, leases}, now, now+store.LapsedFor).Slice()
		if err != nil {
			return charged, err
		}
		for i := 1; i+1 < len(out); i += 2 {
			id, _ := out[i].(string)
			row, _ := out[i+1].(string)
			_, note, _ := strings.Cut(row, "\n\n")
			charged = append(charged, store.Hold{Tenant: tenant, ID: id, Note: []byte(note)})
		}
		if left, _ := out[0].(int64); left == 0 {
			if err := forgetHolder.Run(ctx, s.client, []string{holders}, tenant, now).Err(); err != nil {
				return charged, err
			}
		}
	}
	return charged, nil
}

// Balances tells how accounts stand.
func (s *Store) Balances(ctx context.Context, accounts []store.Account) ([]store.Balance, error) {
	all := make([]store.Balance, len(accounts))
	for i := range accounts {
		key, _ := accountKey(&accounts[i])
		values, err := s.client.MGet(ctx, key, key+heldSuffix).Result()
		if err != nil {
			return nil, err
		}
		if all[i], err = balanceOf(values[0], values[1]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func holdKeys(tenant string) (holds, leases string) {
	of := budgetsPrefix + "{" + url.QueryEscape(tenant) + "}"
	return of + holdsName, of + leasesName
}

// accountKey gives the key of what was spent, and when that goes by itself.
func accountKey(a *store.Account) (key string, end int64) {
	if a.From != 0 {
		end = a.From + int64(budgetsKept/time.Second)
	}
	return budgetsPrefix + "{" + url.QueryEscape(a.Tenant) + "}:" + url.QueryEscape(a.ID) + ":" +
		strconv.FormatInt(a.From, 10), end
}

// accountKeys gives the keys of a hold, and limit and end of life of each account.
func accountKeys(h *store.Hold) (keys []string, tail []any) {
	holds, leases := holdKeys(h.Tenant)
	keys = []string{holds, leases}
	for i := range h.Accounts {
		key, end := accountKey(&h.Accounts[i])
		keys = append(keys, key)
		tail = append(tail, h.Accounts[i].Limit, end)
	}
	return keys, tail
}
