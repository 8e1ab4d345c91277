package upstream

import (
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"
)

// The three answers that a breaker is given. Its library takes errors.
var (
	errBroken   = errors.New("the target failed")
	errNotItsOf = errors.New("not the target's doing")
)

// newBreaker gives the breaker of one target. It is asked in two steps, as a call and its stream are not one function:
// leave before the call, and the outcome at the stream's end. Only a probe counts as successful at its first event, and
// should its stream fail later, that is reported as a call of its own.
func newBreaker(cfg Breaker, changed func(from, to gobreaker.State)) *gobreaker.TwoStepCircuitBreaker[struct{}] {
	return gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:  uint32(cfg.Probes), //nolint:gosec // at most 1,000
		Interval:     cfg.Window,
		BucketPeriod: max(cfg.Window/10, time.Millisecond),
		Timeout:      cfg.Open,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			judged := c.TotalFailures + c.TotalSuccesses
			return int(judged) >= cfg.Calls && float64(c.TotalFailures) >= cfg.Failures*float64(judged)
		},
		IsExcluded:    func(err error) bool { return errors.Is(err, errNotItsOf) },
		OnStateChange: func(_ string, from, to gobreaker.State) { changed(from, to) },
	})
}

// verdict is what a breaker is told of an outcome.
func verdict(o Outcome) error {
	switch {
	case o.broken():
		return errBroken
	case o == Canceled || o == Overloaded:
		return errNotItsOf
	}
	return nil // also a refused request is an answer of a healthy target
}
