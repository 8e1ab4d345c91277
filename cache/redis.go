package cache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"

	"outcrop/internal/redis"
)

// keyPrefix stands before every key in Redis, which others may use too. 1 is the version of the keys.
const keyPrefix = "outcrop:c1:"

// A lot is sent in pipelines of this many commands and about this many bytes, so that each fits its time limit.
const (
	lotCommands = 128
	lotBytes    = 1 << 20
)

// A Redis that fails is left alone: after this many failures in a row, or the first call that was not answered in time,
// it is not asked for a while, and then by one call only.
const (
	failuresInRow = 5
	coolDown      = time.Second
)

// remote keeps entries in Redis or Valkey. What a Redis that hangs can cost is bounded: no call waits longer than
// timeout, and once a call has done so, the breaker lets none through but one each coolDown. One that refuses
// connections costs less still.
type remote struct {
	client  goredis.UniversalClient
	sealer  *sealer
	timeout time.Duration
	breaker *gobreaker.CircuitBreaker[[]goredis.Cmder]
	hung    atomic.Bool // the last failure was one of time
	onError func(Op, error)
}

func newRedis(cfg Config, o Options) (*remote, error) {
	client, err := redis.Connect(o.Redis, cfg.Timeout)
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	m := &remote{
		client:  client,
		sealer:  newSealer(o.Secret, cfg.MaxEntryBytes),
		timeout: cfg.Timeout,
		onError: o.OnError,
	}
	m.breaker = m.newBreaker(coolDown)
	return m, nil
}

func (m *remote) newBreaker(coolDown time.Duration) *gobreaker.CircuitBreaker[[]goredis.Cmder] {
	return gobreaker.NewCircuitBreaker[[]goredis.Cmder](gobreaker.Settings{
		Timeout:     coolDown,
		MaxRequests: 1,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= failuresInRow || m.hung.Load() },
		IsExcluded:  func(err error) bool { return errors.Is(err, errCallerLeft) },
	})
}

// errCallerLeft says nothing about Redis.
var errCallerLeft = errors.New("the caller's context ended")

func (m *remote) get(ctx context.Context, keys []string) []Entry {
	entries := make([]Entry, len(keys))
	for from := 0; from < len(keys); from += lotCommands {
		lot := keys[from:min(from+lotCommands, len(keys))]
		replies, ok := m.run(ctx, Read, func(ctx context.Context, p goredis.Pipeliner) {
			for _, key := range lot {
				// GETRANGE in place of GET, so that a huge value which somebody put there is not carried here.
				p.GetRange(ctx, keyPrefix+key, 0, int64(m.sealer.most+envelopeRest))
			}
		})
		for i, reply := range replies {
			entries[from+i] = m.entry(lot[i], reply.(*goredis.StringCmd))
		}
		if !ok {
			break // what failed for one lot is not tried for the next
		}
	}
	return entries
}

// entry reads one reply. One that failed was counted.
func (m *remote) entry(key string, reply *goredis.StringCmd) Entry {
	envelope, err := reply.Bytes()
	if err != nil || len(envelope) == 0 {
		return Entry{}
	}
	e, err := m.sealer.open(key, envelope, time.Now())
	if err != nil {
		m.onError(Foreign, err)
		return Entry{}
	}
	return e
}

func (m *remote) put(ctx context.Context, records []record) {
	ctx = context.WithoutCancel(ctx)
	for len(records) > 0 {
		n, bytes := 0, 0
		_, ok := m.run(ctx, Write, func(ctx context.Context, p goredis.Pipeliner) {
			for ; n < len(records) && n < lotCommands && bytes < lotBytes; n++ {
				r := &records[n]
				bytes += len(r.Value)
				// Redis knows no less than a millisecond.
				p.Set(ctx, keyPrefix+r.key, m.sealer.seal(r), max(time.Until(r.Expires), time.Millisecond))
			}
		})
		if !ok {
			return
		}
		records = records[n:]
	}
}

// run sends one pipeline. It gives the replies, of which some may have failed, and whether Redis is in a state to be
// sent another.
func (m *remote) run(ctx context.Context, op Op,
	fill func(context.Context, goredis.Pipeliner)) ([]goredis.Cmder, bool) {
	replies, err := m.breaker.Execute(func() ([]goredis.Cmder, error) {
		p := m.client.Pipeline()
		fill(ctx, p)
		within, cancel := context.WithTimeout(ctx, m.timeout)
		defer cancel()
		replies, _ := p.Exec(within) // its error is that of the first command that failed
		err := m.fault(op, replies)
		if err != nil && ctx.Err() != nil {
			err = errCallerLeft
		}
		// A failure of another kind at the same moment does not take back that Redis hangs.
		if late := within.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) ||
			errors.Is(err, goredis.ErrPoolTimeout); err == nil || late {
			m.hung.Store(err != nil)
		}
		return replies, err
	})
	switch {
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		m.onError(Skipped, err)
		return nil, false
	case err != nil && !errors.Is(err, errCallerLeft):
		m.onError(op, err)
	}
	return replies, err == nil
}

// fault gives the first error that says that Redis is not well. Errors about one key or one write are counted here and
// are none: Redis answered at once, and reads may go on.
func (m *remote) fault(op Op, replies []goredis.Cmder) error {
	var fault error
	for _, reply := range replies {
		err := reply.Err()
		switch {
		case err == nil, errors.Is(err, goredis.Nil):
		case hasPrefix(err, "WRONGTYPE"):
			m.onError(Foreign, err)
		case hasPrefix(err, "OOM", "READONLY", "MISCONF", "NOREPLICAS"):
			m.onError(op, err)
		case fault == nil:
			fault = err
		}
	}
	return fault
}

func hasPrefix(err error, codes ...string) bool {
	for _, code := range codes {
		if strings.HasPrefix(err.Error(), code+" ") {
			return true
		}
	}
	return false
}

func (m *remote) close() { _ = m.client.Close() }
