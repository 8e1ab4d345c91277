package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Cached counts what became of a call at the cache: "hit", "partial", "miss" or "bypass".
func (r *Recorder) Cached(endpoint, model, result string) {
	r.cacheResults.of(remembered{endpoint, model, result}).Inc()
}

// Saved adds what an answer from the cache would have cost, in billionths of a USD.
func (r *Recorder) Saved(endpoint, model string, nanos int64) {
	if nanos > 0 {
		r.cacheSaved.WithLabelValues(endpoint, model).Add(float64(nanos) / 1e9)
	}
}

// CacheBytes shows how much the cache holds in this process; bytes is called whenever metrics are read.
func (r *Recorder) CacheBytes(bytes func() int64) {
	r.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "outcrop", Name: "cache_memory_bytes",
		Help: "What the cache holds in the memory of this process, keys and administration included."},
		func() float64 { return float64(bytes()) }))
}
