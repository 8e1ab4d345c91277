package telemetry

// Cost adds what a call has cost, in billionths of a USD, and whether its usage was estimated or its price is not
// known.
func (r *Recorder) Cost(model string, nanos int64, estimated, unpriced bool) {
	if nanos > 0 {
		r.cost.WithLabelValues(model).Add(float64(nanos) / 1e9)
	}
	if estimated {
		r.reckoned.WithLabelValues(model, "usage").Inc()
	}
	if unpriced {
		r.reckoned.WithLabelValues(model, "price").Inc()
	}
}

// BudgetWarned counts an answer that said that a budget comes to its end.
func (r *Recorder) BudgetWarned() { r.warnings.Inc() }
