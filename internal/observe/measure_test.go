package observe

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/telemetry"
	"outcrop/openai"
)

// What comes from memory has used no tokens, of a part of the items none but for the others, and is counted as saved.
func TestMetricsOfHits(t *testing.T) {
	row := &catalog.Model{ID: "m", Known: true, Prices: map[string]catalog.Price{"in_region": {Input: 1, Output: 10}}}
	for name, tt := range map[string]struct {
		cache       call.CacheStatus
		want, never string
	}{
		"a miss": {call.CacheStatus{State: "miss"}, `outcrop_tokens_total{endpoint="e",kind="prompt",model="m"} 7`,
			"outcrop_cache_saved"},
		"a hit": {call.CacheStatus{State: "hit"}, `outcrop_cache_requests_total{endpoint="e",model="m",result="hit"} 1`,
			"outcrop_tokens_total"},
		"some of the items": {call.CacheStatus{State: "miss", Hits: 1, Saved: 5},
			`outcrop_tokens_total{endpoint="e",kind="prompt",model="m"} 2`, `result="miss"`},
	} {
		t.Run(name, func(t *testing.T) {
			rec := telemetry.New()
			target := catalog.Target{Row: row, CalledID: "m", Region: "us-east-1"}
			h := Outside(rec, nil, Measure(rec))(func(context.Context, *call.Call) (call.Reply, error) {
				part := &openai.EmbeddingResponse{Usage: openai.Usage{Prompt: 7}}
				return call.Reply{Head: call.Head{Target: target, Cache: tt.cache}, Parts: call.One(part)}, nil
			})
			reply, err := h(t.Context(), &call.Call{At: time.Now(), Endpoint: &call.Endpoint{Name: "e"},
				Request: &openai.EmbeddingRequest{}})
			if err != nil {
				t.Fatal(err)
			}
			for range reply.Parts {
			}
			w := httptest.NewRecorder()
			rec.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
			said := strings.ReplaceAll(w.Body.String(), "# ", "")
			var series []string
			for line := range strings.Lines(said) {
				if strings.Contains(line, "{") {
					series = append(series, line)
				}
			}
			if all := strings.Join(series, ""); !strings.Contains(all, tt.want) || strings.Contains(all, tt.never) {
				t.Errorf("want %s, never %s, got\n%s", tt.want, tt.never, all)
			}
		})
	}
}
