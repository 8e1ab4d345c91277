package telemetry

import (
	"errors"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Upstream is how the targets of Bedrock are doing, read when somebody scrapes: calls themselves pay nothing for it.
type Upstream struct {
	Targets                        []Target
	Outcomes                       []string // names of the places of Target.Ended
	RetriesGranted, RetriesRefused uint64
}

// Target is one model in one region; the pair is unique.
type Target struct {
	Model, Region            string
	State                    string // of its breaker: "closed", "half-open" or "open"
	InFlight, Waiting, Limit int
	Ended                    []uint64 // attempts by outcome
	Left                     uint64   // requests that went on to another target
}

// states are the values of the gauge target_breaker.
var states = map[string]float64{"closed": 0, "half-open": 1, "open": 2}

// WatchTargets adds the metrics of the targets; look is called from the goroutines of scrapes. A second watch takes the
// place of the first.
func (r *Recorder) WatchTargets(look func() Upstream) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("outcrop_"+name, help, labels, nil)
	}
	t := &targets{
		breaker:  desc("target_breaker", "Circuit breaker of a target: 0 closed, 1 half-open, 2 open.", "model", "region"),
		inFlight: desc("target_in_flight", "Calls of a target in flight, streams until their end.", "model", "region"),
		waiting:  desc("target_queue_length", "Requests that wait for a slot of a target.", "model", "region"),
		limit: desc("target_concurrency_limit", "Calls of a target that may be in flight, as throttling has left it.",
			"model", "region"),
		attempts: desc("target_attempts_total", "Attempts against a target that have ended, by outcome.", "model",
			"region", "outcome"),
		left:    desc("target_fallbacks_total", "Requests that went on from a target to another one.", "model", "region"),
		retries: desc("retries_total", "Retries asked of the retry budget, by whether it granted them.", "granted"),
	}
	t.look.Store(&look)
	var before prometheus.AlreadyRegisteredError
	if errors.As(r.registry.Register(t), &before) {
		before.ExistingCollector.(*targets).look.Store(&look)
	}
}

type targets struct {
	look                                                       atomic.Pointer[func() Upstream]
	breaker, inFlight, waiting, limit, attempts, left, retries *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (t *targets) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{t.breaker, t.inFlight, t.waiting, t.limit, t.attempts, t.left, t.retries} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (t *targets) Collect(out chan<- prometheus.Metric) {
	now := (*t.look.Load())()
	for i := range now.Targets {
		x := &now.Targets[i]
		gauge := func(d *prometheus.Desc, v float64) {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, x.Model, x.Region)
		}
		gauge(t.breaker, states[x.State])
		gauge(t.inFlight, float64(x.InFlight))
		gauge(t.waiting, float64(x.Waiting))
		gauge(t.limit, float64(x.Limit))
		out <- prometheus.MustNewConstMetric(t.left, prometheus.CounterValue, float64(x.Left), x.Model, x.Region)
		for o, n := range x.Ended {
			if n > 0 {
				out <- prometheus.MustNewConstMetric(t.attempts, prometheus.CounterValue, float64(n), x.Model, x.Region,
					now.Outcomes[o])
			}
		}
	}
	out <- prometheus.MustNewConstMetric(t.retries, prometheus.CounterValue, float64(now.RetriesGranted), "true")
	out <- prometheus.MustNewConstMetric(t.retries, prometheus.CounterValue, float64(now.RetriesRefused), "false")
}
