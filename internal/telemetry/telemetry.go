// Package telemetry counts and times what the gateway does, behind a narrow recorder, and makes the logger.
//
// It must not decide anything, and no label or log line may hold what a client can make up without bound or must not see:
// label values come from closed lists (endpoints, rows of the catalogue, error codes), log values pass Redact.
//
// Start at Recorder.
package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Recorder holds the instruments of one gateway. Its methods may be called from any goroutine.
type Recorder struct {
	registry *prometheus.Registry

	http      *prometheus.CounterVec
	inFlight  prometheus.Gauge
	calls     *prometheus.CounterVec
	duration  *prometheus.HistogramVec
	firstPart *prometheus.HistogramVec
	tokens    *prometheus.CounterVec
	upstream  *prometheus.CounterVec
	unknown   *prometheus.CounterVec

	cacheFaults *prometheus.CounterVec
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
		return f.NewHistogramVec(prometheus.HistogramOpts{Namespace: "outcrop", Name: name, Help: help, Buckets: seconds}, labels)
	}
	return &Recorder{
		registry:  reg,
		http:      counter("http_requests_total", "HTTP requests answered, by route and status.", "route", "status"),
		inFlight:  f.NewGauge(prometheus.GaugeOpts{Namespace: "outcrop", Name: "requests_in_flight", Help: "API calls being answered."}),
		calls:     counter("requests_total", "API calls ended, by endpoint, model served and outcome (ok, canceled or the error code).", "endpoint", "model", "outcome"),
		duration:  histogram("request_duration_seconds", "Time from an API call's arrival to the end of its answer.", "endpoint", "model"),
		firstPart: histogram("time_to_first_part_seconds", "Time from an API call's arrival to the first part of its answer.", "endpoint", "model"),
		tokens:    counter("tokens_total", "Tokens used, by kind: prompt, completion, cache_read, cache_write.", "endpoint", "model", "kind"),
		upstream:  counter("upstream_errors_total", "Failures of Bedrock that reached a call, by model and error code.", "model", "code"),
		unknown:   counter("unknown_total", "Things that no rule knows: request_member, nested_member, content_block, delta, event, stop_reason, usage_missing.", "what"),

		cacheFaults: counter("cache_faults_total", "Faults of the shared cache, each a miss: read, write, skipped, foreign.", "what"),
	}
}

// Handler serves the metrics in Prometheus' text format.
func (r *Recorder) Handler() http.Handler {
	return promhttp.HandlerFor(r.registry, promhttp.HandlerOpts{})
}

// HTTP counts one answered HTTP request; route is the pattern, never the path.
func (r *Recorder) HTTP(route string, status int) {
	r.http.WithLabelValues(route, strconv.Itoa(status)).Inc()
}

// Begin counts a call that has begun; the result is called when it has ended.
func (r *Recorder) Begin() (end func()) {
	r.inFlight.Inc()
	return r.inFlight.Dec
}

// Tokens is what one answer used.
type Tokens struct{ Prompt, Completion, CacheRead, CacheWrite int64 }

// Call records the end of a call; outcome is "ok", "canceled" or an error code.
func (r *Recorder) Call(endpoint, model, outcome string, took time.Duration) {
	r.calls.WithLabelValues(endpoint, model, outcome).Inc()
	r.duration.WithLabelValues(endpoint, model).Observe(took.Seconds())
}

// FirstPart records when the first part of an answer was there.
func (r *Recorder) FirstPart(endpoint, model string, took time.Duration) {
	r.firstPart.WithLabelValues(endpoint, model).Observe(took.Seconds())
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

// CacheFault counts a fault of the shared cache, which was a miss: "read", "write", "skipped" or "foreign".
func (r *Recorder) CacheFault(what string) { r.cacheFaults.WithLabelValues(what).Inc() }

// Unknown counts n things that no rule knows.
func (r *Recorder) Unknown(what string, n int) {
	if n > 0 {
		r.unknown.WithLabelValues(what).Add(float64(n))
	}
}
