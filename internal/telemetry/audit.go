package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Audit is how the records of answers are doing.
type Audit struct {
	Lost, Refused, Waiting int64
	Failing                bool
}

// WatchAudit adds the metrics of the audit log; look is called from the goroutines of scrapes. A second watch of one
// recorder is ignored.
func (r *Recorder) WatchAudit(look func() Audit) {
	watch := func(c prometheus.Collector) { _ = r.registry.Register(c) } // the one error is a second watch
	counter := func(name, help string, value func(Audit) int64) {
		watch(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "outcrop", Name: name, Help: help},
			func() float64 { return float64(value(look())) }))
	}
	gauge := func(name, help string, value func(Audit) int64) {
		watch(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "outcrop", Name: name, Help: help},
			func() float64 { return float64(value(look())) }))
	}
	counter("audit_lost_total", "Answers whose record could not be kept.", func(a Audit) int64 { return a.Lost })
	counter("audit_refused_total", "Requests refused because their record could not have been kept (audit.fail_closed).",
		func(a Audit) int64 { return a.Refused })
	gauge("audit_waiting", "Records that wait for the disk.", func(a Audit) int64 { return a.Waiting })
	gauge("audit_failing", "1 while the last write of the audit log has failed.", func(a Audit) int64 {
		if a.Failing {
			return 1
		}
		return 0
	})
}
