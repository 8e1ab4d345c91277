package redis

import (
	"context"
	"net/url"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"outcrop/internal/store"
)

// budgetsPrefix comes before the tenant, in braces so that a tenant's accounts are on one machine of a cluster. A sum is a string; that
// of a period goes by itself, long after the period.
const (
	budgetsPrefix = prefix + "budget:"
	budgetsKept   = 400 * 24 * time.Hour
)

// Numbers of these scripts are whole and below 2^53, nine million USD, up to which Lua counts exactly; INCRBY itself has 64 bits.

// reserve gives the first refused account from 1 on, 0 for none, and the sums before.
var reserve = goredis.NewScript(`
local out = {0}
for i, key in ipairs(KEYS) do
  local spent = redis.call('GET', key) or '0'
  out[i + 1] = spent
  if out[1] == 0 and tonumber(spent) >= tonumber(ARGV[2 * i]) then out[1] = i end
end
if out[1] ~= 0 then return out end
for i, key in ipairs(KEYS) do
  redis.call('INCRBY', key, ARGV[1])
  if ARGV[2 * i + 1] ~= '0' then redis.call('EXPIREAT', key, ARGV[2 * i + 1]) end
end
return out
`)

var settleBudget = goredis.NewScript(`
for i, key in ipairs(KEYS) do
  if redis.call('INCRBY', key, ARGV[1]) < 0 then redis.call('SET', key, '0') end
  if ARGV[2 * i + 1] ~= '0' then redis.call('EXPIREAT', key, ARGV[2 * i + 1]) end
end
return 1
`)

// Reserve adds an amount to every account, or to none when one has nothing left: the first such one is refused, else it is -1.
// What it gives besides are the sums before. The accounts are of one tenant.
func (s *Store) Reserve(ctx context.Context, accounts []store.Account, amount int64) (spent []int64, refused int, err error) {
	keys, args := accountKeys(accounts, amount)
	out, err := reserve.Run(ctx, s.client, keys, args...).Slice()
	if err != nil {
		return nil, -1, err
	}
	first, _ := out[0].(int64)
	spent = make([]int64, len(accounts))
	for i := range spent {
		text, _ := out[i+1].(string)
		if spent[i], err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, -1, err
		}
	}
	return spent, int(first) - 1, nil
}

// Settle adds a difference, which may be negative, to every account. No sum falls below 0.
func (s *Store) Settle(ctx context.Context, accounts []store.Account, difference int64) error {
	keys, args := accountKeys(accounts, difference)
	return settleBudget.Run(ctx, s.client, keys, args...).Err()
}

// Spent gives the sums of accounts.
func (s *Store) Spent(ctx context.Context, accounts []store.Account) ([]int64, error) {
	keys, _ := accountKeys(accounts, 0)
	sums := make([]int64, len(keys))
	values, err := s.client.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		if text, ok := v.(string); ok {
			if sums[i], err = strconv.ParseInt(text, 10, 64); err != nil {
				return nil, err
			}
		}
	}
	return sums, nil
}

// accountKeys gives the keys, and the arguments: the amount, then the limit and the end of life of each.
func accountKeys(accounts []store.Account, amount int64) (keys []string, args []any) {
	args = append(args, amount)
	for _, a := range accounts {
		keys = append(keys, budgetsPrefix+"{"+url.QueryEscape(a.Tenant)+"}:"+url.QueryEscape(a.ID)+":"+strconv.FormatInt(a.From, 10))
		end := int64(0)
		if a.From != 0 {
			end = a.From + int64(budgetsKept/time.Second)
		}
		args = append(args, a.Limit, end)
	}
	return keys, args
}
