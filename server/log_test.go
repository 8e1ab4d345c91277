package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"outcrop/internal/access"
	"outcrop/internal/access/keys"
	"outcrop/internal/bedrock/offline"
)

// requestLines are the lines of the log that tell of requests.
func requestLines(t *testing.T, h *house) (all []map[string]any) {
	t.Helper()
	for s := range strings.Lines(h.logs.text()) {
		var l map[string]any
		if err := json.Unmarshal([]byte(s), &l); err != nil {
			t.Fatalf("no JSON: %s", s)
		}
		if l["msg"] == "request" {
			all = append(all, l)
		}
	}
	return all
}

func TestMendC5TheLogAnswersWhatOperatorsAsk(t *testing.T) {
	h := metered(t, map[string]keys.Configured{"team-key": {Tenant: "acme",
		Budget: access.Budget{Amount: 1e6, Period: "day"}}})
	for _, body := range []string{
		ask("gpt-4o", `,"seed":7`), ask("gpt-4o", `,"stream":true`), ask(nova+"+throttle", ""), ask("no-such-model", ""),
	} {
		h.chat(t, body, as("team-key")...)
	}
	lines := requestLines(t, h)
	if len(lines) != 4 {
		t.Fatalf("%d lines:\n%s", len(lines), h.logs.text())
	}
	for i, l := range lines {
		if l["key_name"] != "team-key" || l["key"] == "" || l["key"] == nil || l["tenant"] != "acme" {
			t.Errorf("line %d does not say for whom: %v", i, l)
		}
	}
	for _, l := range lines[:2] {
		if l["asked"] != "gpt-4o" || l["model"] != "anthropic.claude-sonnet-4-5-20250929-v1:0" ||
			l["region"] != "us-east-1" || l["rule"] != "alias" ||
			l["called"] != "us.anthropic.claude-sonnet-4-5-20250929-v1:0" {
			t.Errorf("does not say where it went: %v", l)
		}
		if cost, _ := l["cost_usd"].(float64); cost <= 0 {
			t.Errorf("does not say what it cost: %v", l)
		}
		if _, ok := l["first_ms"].(float64); !ok {
			t.Errorf("does not say when it began: %v", l)
		}
	}
	if lines[0]["adjusted"] != "seed:unsupported" || lines[1]["adjusted"] != nil {
		t.Errorf("adjustments: %v and %v", lines[0]["adjusted"], lines[1]["adjusted"])
	}
	if l := lines[2]; l["code"] != "rate_limit_exceeded" || l["asked"] != nova+"+throttle" || l["first_ms"] != nil {
		t.Errorf("a refusal of Bedrock's: %v", l)
	}
	if l := lines[3]; l["asked"] != "no-such-model" || l["code"] != "model_not_found" || l["model"] != nil {
		t.Errorf("an unknown model: %v", l)
	}
}

func TestMendC5CacheIsCounted(t *testing.T) {
	h := build(t, config(), offline.Config{}, remembering(t))
	h.chat(t, exactly("Which river is longest?", ""))
	h.chat(t, exactly("Which river is longest?", ""))
	h.chat(t, ask(nova, "")) // without temperature 0
	h.post(t, "/v1/embeddings", `{"model":"embed","input":["a","b"]}`)
	h.post(t, "/v1/embeddings", `{"model":"embed","input":["a","c"]}`)
	h.post(t, "/v1/embeddings", `{"model":"embed","input":["a","b"]}`)

	now := scrape(t, h)
	const titan = "amazon.titan-embed-text-v2:0"
	for _, want := range []struct{ endpoint, model, result string }{
		{"chat.completions", nova, "hit"}, {"chat.completions", nova, "miss"}, {"chat.completions", nova, "bypass"},
		{"embeddings", titan, "miss"}, {"embeddings", titan, "partial"}, {"embeddings", titan, "hit"},
	} {
		name := `outcrop_cache_requests_total{endpoint="` + want.endpoint + `",model="` + want.model + `",result="` +
			want.result + `"}`
		if now[name] != 1 {
			t.Errorf("%s is %v, want 1", name, now[name])
		}
	}
	for _, l := range []string{`endpoint="chat.completions",model="` + nova + `"`, `endpoint="embeddings",model="` +
		titan + `"`} {
		if now["outcrop_cache_saved_usd_total{"+l+"}"] <= 0 {
			t.Errorf("nothing was saved of %s", l)
		}
	}
	states := map[any]int{}
	for _, l := range requestLines(t, h) {
		states[l["cache"]]++
		if _, costs := l["cost_usd"]; costs && l["cache"] == "hit" {
			t.Errorf("a hit costs something: %v", l)
		}
	}
	if states["hit"] != 2 || states["bypass"] != 1 || states["miss"] != 3 {
		t.Errorf("the log says %v", states)
	}
}
