package pipeline

import (
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
)

// watch tells the metrics how the targets are doing, whenever somebody reads them.
func watch(u *upstream.Targets) func() telemetry.Upstream {
	return func() telemetry.Upstream {
		report := u.Report()
		out := telemetry.Upstream{Outcomes: upstream.Outcomes(), RetriesGranted: report.RetriesGranted, RetriesRefused: report.RetriesRefused}
		for i := range report.Targets {
			t := &report.Targets[i]
			out.Targets = append(out.Targets, telemetry.Target{Model: t.Model, Region: t.Region, State: t.State, InFlight: t.InFlight,
				Waiting: t.Waiting, Limit: t.Limit, Ended: t.Ended[:], Left: t.Left})
		}
		return out
	}
}
