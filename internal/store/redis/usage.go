package redis

import (
	"context"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"outcrop/internal/store"
)

const (
	usageHours = prefix + "{usage}:hours" // a sorted set of the hours that there are
	usageHour  = prefix + "{usage}:"      // with the hour a hash: tenant, key, model, tags and the number of a value → sum
)

// AddUsage adds to the sums of rows, all or none.
func (s *Store) AddUsage(ctx context.Context, rows []store.Usage) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := s.client.TxPipelined(ctx, func(p goredis.Pipeliner) error {
		for i := range rows {
			r := &rows[i]
			hour := strconv.FormatInt(r.Hour, 10)
			name := field(r.Tenant, "") + field(r.Key, "") + field(r.Model, "") + field(r.Tags, "")
			for n, v := range r.Values() {
				if *v != 0 {
					p.HIncrBy(ctx, usageHour+hour, name+strconv.Itoa(n), *v)
				}
			}
			p.ZAdd(ctx, usageHours, goredis.Z{Score: float64(r.Hour), Member: hour})
		}
		return nil
	})
	return err
}

// ForgetUsage deletes the rows of hours before one.
func (s *Store) ForgetUsage(ctx context.Context, before int64) error {
	limit := "(" + strconv.FormatInt(before, 10)
	hours, err := s.client.ZRangeArgs(ctx, goredis.ZRangeArgs{Key: usageHours, ByScore: true, Start: "-inf",
		Stop: limit}).Result()
	if err != nil || len(hours) == 0 {
		return err
	}
	_, err = s.client.TxPipelined(ctx, func(p goredis.Pipeliner) error {
		for _, hour := range hours {
			p.Unlink(ctx, usageHour+hour)
		}
		p.ZRemRangeByScore(ctx, usageHours, "-inf", limit)
		return nil
	})
	return err
}

// Usage gives the rows of hours from one up to, and without, another. What somebody else has put there is left out.
func (s *Store) Usage(ctx context.Context, from, to int64, each func(store.Usage) error) error {
	hours, err := s.client.ZRangeArgs(ctx, goredis.ZRangeArgs{Key: usageHours, ByScore: true,
		Start: strconv.FormatInt(from, 10), Stop: "(" + strconv.FormatInt(to, 10)}).Result()
	if err != nil {
		return err
	}
	for _, text := range hours {
		hour, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			continue
		}
		fields, err := s.client.HGetAll(ctx, usageHour+text).Result()
		if err != nil {
			return err
		}
		rows := map[store.UsageKey]*store.UsageSums{}
		for name, value := range fields {
			addField(rows, hour, name, value)
		}
		for k, sums := range rows {
			if err := each(store.Usage{UsageKey: k, UsageSums: *sums}); err != nil {
				return err
			}
		}
	}
	return nil
}

func addField(rows map[store.UsageKey]*store.UsageSums, hour int64, name, value string) {
	k := store.UsageKey{Hour: hour}
	for _, into := range []*string{&k.Tenant, &k.Key, &k.Model, &k.Tags} {
		number, rest, _ := strings.Cut(name, ":")
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n >= len(rest) || rest[n] != ':' {
			return
		}
		*into, name = rest[:n], rest[n+1:]
	}
	n, err := strconv.Atoi(name)
	sum, wrong := strconv.ParseInt(value, 10, 64)
	var sums store.UsageSums
	if values := sums.Values(); err == nil && wrong == nil && n >= 0 && n < len(values) {
		*values[n] = sum
		if rows[k] == nil {
			rows[k] = &store.UsageSums{}
		}
		rows[k].Add(sums)
	}
}
