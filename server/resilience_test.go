package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"outcrop/internal/bedrock/offline"
	"outcrop/internal/catalog"
	"outcrop/internal/pipeline"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
)

// planned makes every request go to these ids of the embedded Bedrock, in order.
func planned(t *testing.T, targets *upstream.Targets, ids ...string) func(*pipeline.Collaborators) {
	t.Helper()
	var plan onePlan
	for i, id := range ids {
		target, err := catalog.Default().Resolve(nova, "us-east-1")
		if err != nil {
			t.Fatal(err)
		}
		target.CalledID, target.Order = id, i
		plan = append(plan, target)
	}
	return func(c *pipeline.Collaborators) { c.Router, c.Upstream = plan, targets }
}

func TestAttemptsHeader(t *testing.T) {
	profile := "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/app-nova-lite"
	for name, c := range map[string]struct {
		ids    []string
		rest   string
		status int
		want   string
	}{
		"one target": {[]string{nova}, "", 200, "1:N@us-east-1=ok"},
		"the next one answers": {[]string{nova + "+error=ModelNotReadyException", profile}, "", 200,
			"1:N@us-east-1=not_ready(503);2:N@us-east-1=ok"},
		"streamed": {[]string{nova + "+first=ThrottlingException", profile}, `,"stream":true`, 200,
			"1:N@us-east-1=throttled(429);2:N@us-east-1=ok"},
		"none answers": {[]string{profile + "+error=AccessDeniedException",
			nova + "+error=ModelTimeoutException"}, "", 504,
			"1:N@us-east-1=access_denied(403);2:N@us-east-1=timeout(504);3:N@us-east-1=timeout(504)"},
		"not for another one": {[]string{nova + "+error=ValidationException", nova}, "", 400,
			"1:N@us-east-1=invalid(400)"},
		"Mend E4: cut and made again": {[]string{nova + "+empty"}, `,"stream":true`, 502,
			"1:N@us-east-1=server_error(502);2:N@us-east-1=server_error(502)"},
		"Mend E4: throttled and made again": {[]string{nova + "+throttle=2"}, "", 200,
			"1:N@us-east-1=throttled(429);2:N@us-east-1=throttled(429);3:N@us-east-1=ok"},
		"two choices": {[]string{nova}, `,"n":2`, 200, "1:N@us-east-1=ok;2:N@us-east-1=ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, config(), offline.Config{}, planned(t, upstream.New(upstream.Default(), "us-east-1"), c.ids...))
			status, header, body := h.chat(t, ask(nova, c.rest))
			if got := strings.ReplaceAll(header.Get("x-outcrop-attempts"), nova, "N"); status != c.status || got != c.want {
				t.Errorf("%d %q, want %d %q: %s", status, got, c.status, c.want, body)
			}
		})
	}
}

func TestTimeoutHeader(t *testing.T) {
	h := build(t, config(), offline.Config{}, planned(t, upstream.New(upstream.Default(), "us-east-1"), nova+"+silent"))
	for _, rest := range []string{"", `,"stream":true`} {
		begin := time.Now()
		status, header, body := h.chat(t, ask(nova, rest), "x-outcrop-timeout", "0.2")
		if status != 504 || code(t, body) != "timeout" || header.Get("x-should-retry") != "true" ||
			time.Since(begin) > 20*time.Second {
			t.Errorf("R-ERR-71%s: %d after %v: %s", rest, status, time.Since(begin), body)
		}
	}
}

// A queue that is full refuses with 503 and says when to come back.
func TestFullQueue(t *testing.T) {
	cfg := upstream.Default()
	cfg.Concurrency.Floor, cfg.Concurrency.Ceiling, cfg.Queue.Length = 1, 1, 0
	targets := upstream.New(cfg, "us-east-1")
	h := build(t, config(), offline.Config{}, planned(t, targets, nova+"+silent"))
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.chat(t, ask(nova, ""), "x-outcrop-timeout", "2")
	}()
	waitFor(t, "the first call", func() bool {
		r := targets.Report().Targets
		return len(r) == 1 && r[0].InFlight == 1
	})
	status, header, body := h.chat(t, ask(nova, ""))
	if status != 503 || code(t, body) != "overloaded" || header.Get("retry-after") == "" ||
		header.Get("x-should-retry") != "true" ||
		header.Get("x-outcrop-attempts") != "1:"+nova+"@us-east-1=overloaded(503)" {
		t.Errorf("R-ERR-70: %d %v %s", status, header, body)
	}
	<-done
}

func TestListOfTargets(t *testing.T) {
	targets := upstream.New(upstream.Default(), "us-east-1")
	var s upstream.Search
	for _, model := range []catalog.Model{{ID: nova, Known: true}, {ID: "amazon.made-up"}} {
		targets.Search(&s, []catalog.Target{{Row: &model,
			CalledID: "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/secret"}}, upstream.Want{})
		if _, i, _, err := s.Next(t.Context()); i != 0 || err != nil {
			t.Fatal(i, err)
		}
		s.Failed(upstream.Throttled, true)
	}
	with := collaborators(nil, "a-key")
	with.Targets = targets.Report
	url := start(t, config(), with)
	get := func(key string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/outcrop/targets", nil)
		if err != nil {
			t.Fatal(err)
		}
		if key != "" {
			req.Header.Set("authorization", "Bearer "+key)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode, text(t, res.Body)
	}
	if status, body := get(""); status != 401 {
		t.Errorf("without a key: %d %s", status, body)
	}
	status, body := get("a-key")
	var list struct {
		Object string
		Data   []struct {
			Model, Region, State string
			Limit                int
			Attempts             map[string]int
		}
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil || status != 200 || list.Object != "list" ||
		len(list.Data) != 1 {
		t.Fatalf("%v, %d %s", err, status, body)
	}
	// Both are the same way to AWS, and the first one named it.
	if d := list.Data[0]; d.Model != nova || d.Region != "us-east-1" || d.State != "closed" ||
		d.Attempts["throttled"] != 2 || strings.Contains(body, "arn:") {
		t.Errorf("%s", body)
	}
}

func TestTargetMetrics(t *testing.T) {
	rec := telemetry.New()
	h := build(t, config(), offline.Config{}, planned(t, upstream.New(upstream.Default(), "us-east-1"),
		nova+"+error=ModelNotReadyException", nova),
		func(c *pipeline.Collaborators) { c.Recorder = rec })
	if status, _, body := h.chat(t, ask(nova, "")); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	with := collaborators(nil)
	with.Recorder = rec
	all := scrape(t, &house{url: start(t, config(), with)})
	where := `{model="` + nova + `",region="us-east-1"}`
	for name, want := range map[string]float64{
		"outcrop_target_breaker" + where: 0, "outcrop_target_in_flight" + where: 0, "outcrop_target_queue_length" + where: 0,
		"outcrop_target_concurrency_limit" + where: 20_000, "outcrop_target_fallbacks_total" + where: 1,
		`outcrop_target_attempts_total{model="` + nova + `",outcome="ok",region="us-east-1"}`:        1,
		`outcrop_target_attempts_total{model="` + nova + `",outcome="not_ready",region="us-east-1"}`: 1,
		`outcrop_retries_total{granted="true"}`:                                                      1,
	} {
		if got, there := all[name]; !there || got != want {
			t.Errorf("%s is %v (there: %v), want %v", name, got, there, want)
		}
	}
}
