// Package telemetry counts and times what the gateway does, behind a narrow recorder, and makes the logger.
//
// It must not decide anything, and no label or log line may hold what a client can make up without bound or must not
// see: label values come from closed lists (endpoints, rows of the catalogue, error codes), log values pass Redact.
//
// Start at Recorder.
package telemetry

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Recorder holds the instruments of one gateway. Its methods may be called from any goroutine.
type Recorder struct {
	registry *prometheus.Registry

	http      series[answered, prometheus.Counter]
	inFlight  prometheus.Gauge
	calls     series[ended, prometheus.Counter]
	duration  series[served, prometheus.Observer]
	firstPart series[served, prometheus.Observer]
	tokens    *prometheus.CounterVec
	upstream  *prometheus.CounterVec
	unknown   *prometheus.CounterVec
	additions *prometheus.CounterVec
	cost      *prometheus.CounterVec
	reckoned  *prometheus.CounterVec
	warnings  prometheus.Counter

	cacheFaults  *prometheus.CounterVec
	cacheResults series[remembered, prometheus.Counter]
	cacheSaved   *prometheus.CounterVec
	background   *prometheus.CounterVec

	policy       *prometheus.CounterVec
	policyFaults *prometheus.CounterVec
}

// The labels of the series that every request needs.
type (
	answered struct {
		route  string
		status int
	}
	served     struct{ endpoint, model string }
	ended      struct{ endpoint, model, outcome string }
	remembered struct{ endpoint, model, result string }
)

// series finds the members of one instrument by their labels, as a vector of Prometheus does, which puts them into
// words and checks them each time. Labels are bounded, and so is what it holds.
type series[L comparable, M any] struct {
	mu      *sync.RWMutex
	members map[L]M
	add     func(L) M
}

func seriesOf[L comparable, M any](add func(L) M) series[L, M] {
	return series[L, M]{mu: &sync.RWMutex{}, members: map[L]M{}, add: add}
}

func (s *series[L, M]) of(labels L) M {
	s.mu.RLock()
	m, known := s.members[labels]
	s.mu.RUnlock()
	if !known {
		m = s.add(labels)
		s.mu.Lock()
		s.members[labels] = m // the vector gives everybody the same
		s.mu.Unlock()
	}
	return m
}

// seconds are the buckets of all latencies: from a cache hit to a long thought.
var seconds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600}

// New makes a recorder with its own registry.
func New() *Recorder {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	f := promauto.With(reg)
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Namespace: "outcrop", Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return f.NewHistogramVec(prometheus.HistogramOpts{Namespace: "outcrop", Name: name, Help: help, Buckets: seconds},
			labels)
	}
	results := counter("cache_requests_total", "What became of calls at the cache: hit, partial (of an embedding "+
		"request some items), miss, bypass.", "endpoint", "model", "result")
	answers := counter("http_requests_total", "HTTP requests answered, by route and status.", "route", "status")
	calls := counter("requests_total", "API calls ended, by endpoint, model served and outcome (ok, canceled, panic or "+
		"the error code).", "endpoint", "model", "outcome")
	byModel := func(name, help string) series[served, prometheus.Observer] {
		all := histogram(name, help, "endpoint", "model")
		return seriesOf(func(l served) prometheus.Observer { return all.WithLabelValues(l.endpoint, l.model) })
	}
	return &Recorder{
		registry: reg,
		http: seriesOf(func(l answered) prometheus.Counter {
			return answers.WithLabelValues(l.route,
				strconv.Itoa(l.status))
		}),
		inFlight: f.NewGauge(prometheus.GaugeOpts{Namespace: "outcrop", Name: "requests_in_flight",
			Help: "API calls being answered."}),
		calls: seriesOf(func(l ended) prometheus.Counter {
			return calls.WithLabelValues(l.endpoint, l.model,
				l.outcome)
		}),
		duration:  byModel("request_duration_seconds", "Time from an API call's arrival to the end of its answer."),
		firstPart: byModel("time_to_first_part_seconds", "Time from an API call's arrival to the first part of its answer."),
		tokens: counter("tokens_total", "Tokens used, by kind: prompt, completion, cache_read, cache_write.", "endpoint",
			"model", "kind"),
		upstream: counter("upstream_errors_total", "Failures of Bedrock that reached a call, by model and error code.",
			"model", "code"),
		cost: counter("cost_usd_total", "What calls have cost by the catalogue's prices, in USD.", "model"),
		reckoned: counter("reckoned_total", "Calls of which something is not known: usage (it was estimated) or price "+
			"(it counts nothing).", "model", "what"),
		warnings: f.NewCounter(prometheus.CounterOpts{Namespace: "outcrop", Name: "budget_warnings_total",
			Help: "Answers that said that a budget comes to its end."}),
		unknown: counter("unknown_total", "Things that no rule knows: request_member, nested_member, content_block, "+
			"delta, event, stop_reason, usage_missing.", "what"),
		additions: counter("additions_refused_total", "Requests that a model took only without what the gateway had added "+
			"by itself, by kind: cache_points, native_format, strict_tools, single_call.", "model", "kind"),

		policy: counter("policy_findings_total", "What the policy has found, by kind, direction (input, output) and "+
			"action.", "kind", "direction", "action"),
		policyFaults: counter("policy_faults_total", "Failures of Bedrock's detectors, by what became of the texts: open "+
			"(they passed) or closed.", "what"),

		background: counter("background_faults_total", "Panics of work beside requests and behind answers, by task.", "task"),

		cacheResults: seriesOf(func(l remembered) prometheus.Counter {
			return results.WithLabelValues(l.endpoint,
				l.model, l.result)
		}),
		cacheSaved: counter("cache_saved_usd_total", "What answers from the cache would have cost by the catalogue's "+
			"prices, in USD.", "endpoint", "model"),
		cacheFaults: counter("cache_faults_total", "Faults of the shared cache, each a miss: read, write, skipped, "+
			"foreign; and crowded: answers not kept since too many waited to be.", "what"),
	}
}

// Handler serves the metrics in Prometheus' text format.
func (r *Recorder) Handler() http.Handler {
	return promhttp.HandlerFor(r.registry, promhttp.HandlerOpts{})
}

// HTTP counts one answered HTTP request; route is the pattern, never the path.
func (r *Recorder) HTTP(route string, status int) {
	r.http.of(answered{route, status}).Inc()
}

// Begin counts a call that has begun; the result is called when it has ended.
func (r *Recorder) Begin() (end func()) {
	r.inFlight.Inc()
	return r.inFlight.Dec
}

// Tokens is what one answer used.
type Tokens struct{ Prompt, Completion, CacheRead, CacheWrite int64 }

// Call records the end of a call; outcome is "ok", "canceled", "panic" or an error code.
func (r *Recorder) Call(endpoint, model, outcome string, took time.Duration) {
	r.calls.of(ended{endpoint, model, outcome}).Inc()
	r.duration.of(served{endpoint, model}).Observe(took.Seconds())
}

// FirstPart records when the first part of an answer was there.
func (r *Recorder) FirstPart(endpoint, model string, took time.Duration) {
	r.firstPart.of(served{endpoint, model}).Observe(took.Seconds())
}

// Used adds the tokens of one answer.
func (r *Recorder) Used(endpoint, model string, t Tokens) {
	add := func(kind string, n int64) {
		if n > 0 {
			r.tokens.WithLabelValues(endpoint, model, kind).Add(float64(n))
		}
	}
	add("prompt", t.Prompt)
	add("completion", t.Completion)
	add("cache_read", t.CacheRead)
	add("cache_write", t.CacheWrite)
}

// UpstreamError counts a failure of Bedrock.
func (r *Recorder) UpstreamError(model, code string) { r.upstream.WithLabelValues(model, code).Inc() }

// CacheFault counts a fault of the shared cache, which was a miss: "read", "write", "skipped" or "foreign"; or
// "crowded", an answer that was not kept since too many waited to be.
func (r *Recorder) CacheFault(what string) { r.cacheFaults.WithLabelValues(what).Inc() }

// BackgroundFault counts a panic of work beside requests. Tasks are named in the code.
func (r *Recorder) BackgroundFault(task string) { r.background.WithLabelValues(task).Inc() }

// Policy counts n findings of a kind with what became of them. Kinds are those of detectors and of the configuration.
func (r *Recorder) Policy(kind, direction, action string, n int) {
	r.policy.WithLabelValues(kind, direction, action).Add(float64(n))
}

// PolicyFault counts a failure of Bedrock's detectors after which texts passed ("open") or were refused ("closed").
func (r *Recorder) PolicyFault(what string) { r.policyFaults.WithLabelValues(what).Inc() }

// AdditionRefused counts a request that a target took only without what the gateway had added by itself.
func (r *Recorder) AdditionRefused(model, kind string) {
	r.additions.WithLabelValues(model, kind).Inc()
}

// Unknown counts n things that no rule knows.
func (r *Recorder) Unknown(what string, n int) {
	if n > 0 {
		r.unknown.WithLabelValues(what).Add(float64(n))
	}
}
