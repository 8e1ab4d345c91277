package telemetry

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWatchTargets(t *testing.T) {
	r := New()
	r.WatchTargets(func() Upstream { t.Error("the first watch is asked"); return Upstream{} })
	r.WatchTargets(func() Upstream {
		return Upstream{
			Targets: []Target{
				{Model: "m", Region: "us-east-1", State: "open", InFlight: 2, Waiting: 3, Limit: 4, Ended: []uint64{5, 0, 6},
					Left: 7},
				{Model: "m", Region: "us-west-2", State: "half-open"},
			},
			Outcomes: []string{"ok", "throttled", "quota"}, RetriesGranted: 8, RetriesRefused: 9,
		}
	})
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	for _, line := range []string{
		`outcrop_target_breaker{model="m",region="us-east-1"} 2`, `outcrop_target_breaker{model="m",region="us-west-2"} 1`,
		`outcrop_target_in_flight{model="m",region="us-east-1"} 2`,
		`outcrop_target_queue_length{model="m",region="us-east-1"} 3`,
		`outcrop_target_concurrency_limit{model="m",region="us-east-1"} 4`,
		`outcrop_target_fallbacks_total{model="m",region="us-east-1"} 7`,
		`outcrop_target_attempts_total{model="m",outcome="ok",region="us-east-1"} 5`,
		`outcrop_target_attempts_total{model="m",outcome="quota",region="us-east-1"} 6`,
		`outcrop_retries_total{granted="true"} 8`, `outcrop_retries_total{granted="false"} 9`,
	} {
		if !strings.Contains(w.Body.String(), line+"\n") {
			t.Errorf("no line %s in:\n%s", line, w.Body)
		}
	}
	if strings.Contains(w.Body.String(), `outcome="throttled"`) {
		t.Error("what has not happened is shown")
	}
}
