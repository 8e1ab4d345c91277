package redis

import (
	"context"
	"net/url"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"outcrop/internal/store"
)

// Limits are kept under keys of their own prefix, since unlike the rest they may be lost. Of a window the key is a
// hash, second → count; of slots it is a sorted set of who holds one, by the millisecond at which the lease ends. Both
// go by themselves. The tenant in braces keeps the limits of a tenant on one machine of a cluster. The clock is Redis's
// own, so gateways need not agree.
const limitsPrefix = "outcrop:l1:"

// limitsScript begins both scripts: the clock, and how a window stands.
const limitsScript = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local second = tonumber(t[1])
local minute = tonumber(ARGV[1])
local function window(key)
  local h, sum, newest, counts = redis.call('HGETALL', key), 0, 0, {}
  for i = 1, #h, 2 do
    local at, n = tonumber(h[i]), tonumber(h[i + 1])
    if at <= second - minute then
      redis.call('HDEL', key, h[i])
    elseif n > 0 then
      sum = sum + n
      counts[#counts + 1] = {at, n}
      if at > newest then newest = at end
    end
  end
  return sum, newest, counts
end
local function reset(newest)
  if newest == 0 then return 0 end
  return (newest + minute) * 1000 - now
end
`

// takeLimits gives refused (from 1, 0 is none), milliseconds to wait, the second, then left and reset of each demand.
var takeLimits = goredis.NewScript(limitsScript + `
local id, lease = ARGV[2], tonumber(ARGV[3])
local refused, wait, stands = 0, 0, {}
for i, key in ipairs(KEYS) do
  local what, limit, take = ARGV[3 * i + 1], tonumber(ARGV[3 * i + 2]), tonumber(ARGV[3 * i + 3])
  local used, newest, counts
  if what == '2' then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    used, newest = redis.call('ZCARD', key), 0
  else
    used, newest, counts = window(key)
  end
  stands[i] = {what, limit, take, used, newest}
  if refused == 0 and used + take > limit then
    refused = i
    if counts then
      local much = used + take - limit
      table.sort(counts, function(a, b) return a[1] < b[1] end)
      for _, c in ipairs(counts) do
        much = much - c[2]
        if much <= 0 then wait = (c[1] + minute) * 1000 - now break end
      end
    end
  end
end
local out = {refused, wait, second}
for i, key in ipairs(KEYS) do
  local what, limit, take, used, newest = unpack(stands[i])
  if refused == 0 then
    used = used + take
    if what == '2' then
      for n = 1, take do redis.call('ZADD', key, now + lease, id .. ':' .. n) end
      redis.call('PEXPIRE', key, lease)
    else
      newest = second
      redis.call('HINCRBY', key, second, take)
      redis.call('PEXPIRE', key, minute * 1000)
    end
  end
  out[#out + 1] = math.max(limit - used, 0)
  out[#out + 1] = reset(newest)
end
return out
`)

// settleLimits gives 0, 0, the second, then left and reset of each demand.
var settleLimits = goredis.NewScript(limitsScript + `
local id, at, tokens = ARGV[2], ARGV[3], tonumber(ARGV[4])
local out = {0, 0, second}
for i, key in ipairs(KEYS) do
  local what, limit, take = ARGV[3 * i + 2], tonumber(ARGV[3 * i + 3]), tonumber(ARGV[3 * i + 4])
  if what == '2' then
    for n = 1, take do redis.call('ZREM', key, id .. ':' .. n) end
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    out[#out + 1] = math.max(limit - redis.call('ZCARD', key), 0)
    out[#out + 1] = 0
  else
    if what == '1' and tonumber(at) > second - minute then
      local n = redis.call('HGET', key, at)
      if n then redis.call('HSET', key, at, math.max(n + tokens, 0)) end
    end
    local used, newest = window(key)
    out[#out + 1] = math.max(limit - used, 0)
    out[#out + 1] = reset(newest)
  end
end
return out
`)

// TakeLimits grants demands of a tenant, all or none. id names the slots that are taken.
func (s *Store) TakeLimits(ctx context.Context, tenant, id string, demands []store.Demand) (store.Verdict, error) {
	args := append(make([]any, 0, 3+3*len(demands)), store.MinuteSeconds, id, store.Lease.Milliseconds())
	return s.limits(ctx, takeLimits, tenant, demands, args)
}

// SettleLimits changes the tokens that were taken at a second by so many, and frees the slots of id.
func (s *Store) SettleLimits(ctx context.Context, tenant, id string, second, tokens int64,
	demands []store.Demand) (store.Verdict, error) {
	args := append(make([]any, 0, 4+3*len(demands)), store.MinuteSeconds, id, second, tokens)
	return s.limits(ctx, settleLimits, tenant, demands, args)
}

// RenewLimits keeps the slots of id, those that it still has, for another store.Lease.
func (s *Store) RenewLimits(ctx context.Context, tenant, id string, demands []store.Demand) error {
	now, err := s.client.Time(ctx).Result()
	if err != nil {
		return err
	}
	_, err = s.client.Pipelined(ctx, func(p goredis.Pipeliner) error {
		for i := range demands {
			d := &demands[i]
			if d.What != store.Slots {
				continue
			}
			var members []goredis.Z
			for n := range d.Take {
				members = append(members, goredis.Z{Score: float64(now.Add(store.Lease).UnixMilli()),
					Member: id + ":" + strconv.FormatInt(n+1, 10)})
			}
			p.ZAddXX(ctx, limitKey(tenant, d), members...)
			p.PExpire(ctx, limitKey(tenant, d), store.Lease)
		}
		return nil
	})
	return err
}

func (s *Store) limits(ctx context.Context, script *goredis.Script, tenant string, demands []store.Demand,
	args []any) (v store.Verdict, err error) {
	keys := make([]string, len(demands))
	for i := range demands {
		d := &demands[i]
		keys[i] = limitKey(tenant, d)
		args = append(args, int(d.What), d.Limit, d.Take)
	}
	out, err := script.Run(ctx, s.client, keys, args...).Int64Slice()
	if err != nil {
		return v, err
	}
	v.Refused, v.Wait, v.Second = int(out[0])-1, time.Duration(out[1])*time.Millisecond, out[2]
	for i := range demands {
		v.Stands[i] = store.Stand{Left: out[3+2*i], Reset: time.Duration(out[4+2*i]) * time.Millisecond}
	}
	return v, nil
}

// limitKey holds texts of clients in a form that can neither end the braces nor be taken for another.
func limitKey(tenant string, d *store.Demand) string {
	return limitsPrefix + "{" + url.QueryEscape(tenant) + "}:" + string(d.Of.Kind) + ":" + strconv.Itoa(int(d.What)) +
		":" + url.QueryEscape(d.Of.ID)
}
