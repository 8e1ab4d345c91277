package memory

import (
	"context"

	"outcrop/internal/store"
)

// mostUsage bounds the rows in memory; the hours before the latest are forgotten first.
const mostUsage = 100_000

// AddUsage adds to the sums of rows.
func (s *Store) AddUsage(_ context.Context, rows []store.Usage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.usage == nil {
		s.usage = map[store.UsageKey]store.UsageSums{}
	}
	for i := range rows {
		sums := s.usage[rows[i].UsageKey]
		sums.Add(rows[i].UsageSums)
		s.usage[rows[i].UsageKey] = sums
	}
	if len(s.usage) > mostUsage {
		s.forgetUsage()
	}
	return nil
}

func (s *Store) forgetUsage() {
	oldest, latest := int64(0), int64(0)
	for k := range s.usage {
		if oldest == 0 || k.Hour < oldest {
			oldest = k.Hour
		}
		latest = max(latest, k.Hour)
	}
	for k := range s.usage {
		if k.Hour < latest && k.Hour <= (oldest+latest)/2 {
			delete(s.usage, k)
		}
	}
}

// ForgetUsage deletes the rows of hours before one.
func (s *Store) ForgetUsage(_ context.Context, before int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.usage {
		if k.Hour < before {
			delete(s.usage, k)
		}
	}
	return nil
}

// Usage gives the rows of hours from one up to, and without, another; in no order.
func (s *Store) Usage(ctx context.Context, from, to int64, each func(store.Usage) error) error {
	s.mu.Lock()
	var rows []store.Usage
	for k, sums := range s.usage {
		if k.Hour >= from && k.Hour < to {
			rows = append(rows, store.Usage{UsageKey: k, UsageSums: sums})
		}
	}
	s.mu.Unlock()
	for i := range rows {
		if err := each(rows[i]); err != nil {
			return err
		}
	}
	return ctx.Err()
}
