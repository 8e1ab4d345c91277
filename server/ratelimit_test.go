package server_test

import (
	"bufio"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/access/budgets"
	"outcrop/internal/access/keys"
	"outcrop/internal/access/limits"
	"outcrop/internal/access/usage"
	"outcrop/internal/attempt"
	"outcrop/internal/bedrock/offline"
	"outcrop/internal/catalog"
	"outcrop/internal/pipeline"
	"outcrop/internal/store/memory"
	"outcrop/internal/telemetry"
)

// metered is a house whose callers have keys, limits and budgets. The key of a name is that name.
func metered(t *testing.T, keys map[string]keys.Configured, change ...func(*limits.Config, *budgets.Config)) *house {
	t.Helper()
	return meteredBehind(t, keys, func(*pipeline.Collaborators) {}, change...)
}

// meteredBehind is a metered house with other things behind it.
func meteredBehind(t *testing.T, known map[string]keys.Configured, other func(*pipeline.Collaborators),
	change ...func(*limits.Config, *budgets.Config)) *house {
	t.Helper()
	limited, budgeted := limits.Default(), budgets.Default()
	for _, c := range change {
		c(&limited, &budgeted)
	}
	state := memory.New()
	limiter := limits.New(limited, limits.NewMeters(nil, nil))
	counts := usage.New(usage.Config{Tags: []string{"project"}, Keep: time.Hour}, usage.NewLedger(state, nil))
	var behind pipeline.Collaborators
	h := build(t, config(), offline.Config{}, func(c *pipeline.Collaborators) { behind = *c })
	behind.Recorder, behind.Limiter, behind.Usage = telemetry.New(), limiter, counts
	behind.Budgets = budgets.New(budgeted, budgets.NewLeases(state, nil), func(budgets.Event) {})
	other(&behind)
	with := collaborators(pipeline.New(pipeline.Config{Deadline: time.Minute, EmbeddingCalls: 8}, behind))
	cfg := keys.Config{}
	for name, k := range known {
		k.Name, k.Hash = name, keys.HashOf(name)
		cfg.Keys = append(cfg.Keys, k)
	}
	with.Gate, with.Limiter, with.Usage = keys.NewGate(cfg, nil, nil), limiter, counts
	with.Log = telemetry.NewLogger(&h.logs, slog.LevelInfo, true)
	h.url = start(t, config(), with)
	return h
}

func as(key string) []string { return []string{"authorization", "Bearer " + key} }

// refusal is the error object of an answer.
func refusal(t *testing.T, body string) (typ, code, message string) {
	t.Helper()
	var e struct {
		Error struct {
			Type, Code, Message string
			Param               *string
		}
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil || e.Error.Param != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return e.Error.Type, e.Error.Code, e.Error.Message
}

var resetForm = regexp.MustCompile(`^(\d+h)?(\d+m)?(\d+(\.\d+)?s)?(\d+(\.\d+)?ms)?$`)

func TestRateLimits(t *testing.T) {
	h := metered(t, map[string]keys.Configured{
		"few":  {Limits: access.Limits{RequestsPerMinute: 2, TokensPerMinute: 5000}},
		"tpm":  {Limits: access.Limits{TokensPerMinute: 1000}},
		"free": {},
	})
	for left := 1; left >= 0; left-- {
		status, header, body := h.chat(t, ask(nova, `,"max_tokens":10`), as("few")...)
		if status != 200 {
			t.Fatal(body)
		}
		tokens, _ := strconv.Atoi(header.Get("x-ratelimit-remaining-tokens"))
		if header.Get("x-ratelimit-limit-requests") != "2" ||
			header.Get("x-ratelimit-remaining-requests") != strconv.Itoa(left) ||
			header.Get("x-ratelimit-limit-tokens") != "5000" || tokens < 4900 || tokens >= 5000 {
			t.Errorf("R-ERR-81 headers of a success: %v", header)
		}
		for _, what := range []string{"requests", "tokens"} {
			if reset := header.Get("x-ratelimit-reset-" + what); reset == "" || !resetForm.MatchString(reset) {
				t.Errorf("R-ERR-67 x-ratelimit-reset-%s: %q", what, reset)
			}
		}
	}
	status, header, body := h.chat(t, ask(nova, ""), as("few")...)
	typ, code, _ := refusal(t, body)
	after, _ := strconv.Atoi(header.Get("retry-after"))
	if status != 429 || typ != "requests" || code != "rate_limit_exceeded" || after < 1 || after > 60 ||
		header.Get("x-should-retry") != "true" ||
		header.Get("x-ratelimit-remaining-requests") != "0" {
		t.Errorf("R-ERR-67 requests: %d %v %s", status, header, body)
	}

	status, header, body = h.chat(t, ask(nova, `,"max_tokens":2000`), as("tpm")...)
	typ, code, message := refusal(t, body)
	if status != 429 || typ != "tokens" || code != "rate_limit_exceeded" || header.Get("x-should-retry") != "false" ||
		!strings.Contains(message, "Request too large") {
		t.Errorf("R-ERR-67 more than any minute has: %d %v %s", status, header, body)
	}
	for _, stream := range []string{"", `,"stream":true`} {
		if status, header, body = h.chat(t, ask(nova, `,"max_tokens":700`+stream), as("tpm")...); status != 200 ||
			header.Get("x-ratelimit-limit-tokens") != "1000" {
			t.Errorf("R-ERR-81 %d %v %s", status, header, body)
		}
	}
	if status, _, body = h.chat(t, ask(nova, `,"max_tokens":700`), as("tpm")...); status != 200 {
		t.Errorf("tokens that were not used are not given back: %s", body)
	}
	status, header, body = h.chat(t, ask(nova, `,"max_tokens":980`), as("tpm")...)
	if typ, _, _ = refusal(t, body); status != 429 || typ != "tokens" || header.Get("retry-after") == "" ||
		header.Get("x-should-retry") != "true" {
		t.Errorf("R-ERR-67 tokens: %d %v %s", status, header, body)
	}

	_, header, _ = h.chat(t, ask(nova, ""), as("free")...)
	for name := range header {
		if strings.HasPrefix(strings.ToLower(name), "x-ratelimit") {
			t.Errorf("R-ERR-81 a key without limits has %s", name)
		}
	}
}

// TestRefusedBeforeTheBody: who asks too often gets the answer although the body never comes.
func TestRefusedBeforeTheBody(t *testing.T) {
	h := metered(t, map[string]keys.Configured{"one": {Limits: access.Limits{RequestsPerMinute: 1}}})
	if status, _, body := h.chat(t, ask(nova, ""), as("one")...); status != 200 {
		t.Fatal(body)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, err = io.WriteString(conn, "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer "+
		"one\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 1000000\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != 429 {
		t.Fatalf("R-ERR-67 %v, %v", res, err)
	}
	_ = res.Body.Close()
}

func TestChoicesCountAsCalls(t *testing.T) {
	h := metered(t, map[string]keys.Configured{
		"slots":    {Limits: access.Limits{Concurrent: 2}},
		"requests": {Limits: access.Limits{RequestsPerMinute: 4, TokensPerMinute: 100_000}},
	})
	status, header, body := h.chat(t, ask(nova, `,"n":3`), as("slots")...)
	if typ, _, _ := refusal(t, body); status != 429 || typ != "requests" || header.Get("x-should-retry") != "false" {
		t.Errorf("R-N-05 three choices in two slots: %d %s", status, body)
	}
	for range 3 {
		if status, _, body := h.chat(t, ask(nova, `,"n":2`), as("slots")...); status != 200 {
			t.Errorf("R-N-05 two choices in two slots: %s", body)
		}
	}
	status, header, body = h.chat(t, ask(nova, `,"n":3,"max_tokens":1000`), as("requests")...)
	left, _ := strconv.Atoi(header.Get("x-ratelimit-remaining-tokens"))
	if status != 200 || header.Get("x-ratelimit-remaining-requests") != "1" || left > 97_000 || left < 96_000 {
		t.Errorf("R-N-05 %d %v %s", status, header, body)
	}
}

func TestBudgetIsSpent(t *testing.T) {
	h := metered(t, map[string]keys.Configured{
		"poor":  {Budget: access.Budget{Amount: 10, Period: "total", SoftPercent: 10}}, // millionths of a USD
		"rich":  {Tenant: "acme"},
		"broke": {Tenant: "bust"},
	}, func(_ *limits.Config, b *budgets.Config) {
		b.Tenants = map[string]access.Budget{"bust": {Amount: 1}}
	})
	warned, passed := false, 0
	for range 20 {
		status, header, body := h.chat(t, ask(nova, ""), as("poor")...)
		if status == 200 {
			passed++
			warned = warned || strings.HasPrefix(header.Get("x-outcrop-budget-warning"), "key; spent=")
			continue
		}
		typ, code, message := refusal(t, body)
		if status != 429 || typ != "insufficient_quota" || code != "insufficient_quota" ||
			header.Get("x-should-retry") != "false" || !strings.Contains(message, "0.00001 USD") {
			t.Fatalf("R-ERR-68 %d %v %s", status, header, body)
		}
		break
	}
	if passed == 0 || passed > 4 || !warned {
		t.Errorf("R-ERR-68 %d calls passed; warned: %t", passed, warned)
	}
	if status, _, body := h.chat(t, ask(nova, `,"n":2`), as("broke")...); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	status, header, body := h.chat(t, ask(nova, ""), as("broke")...)
	after, _ := strconv.Atoi(header.Get("retry-after"))
	if _, code, message := refusal(t, body); status != 429 || code != "insufficient_quota" ||
		!strings.Contains(message, "organization") || after < 1 || after > 31*24*3600 {
		t.Errorf("R-ERR-68 of a tenant: %d %v %s", status, header, body)
	}
	if status, _, body := h.chat(t, ask(nova, ""), as("rich")...); status != 200 {
		t.Errorf("R-ERR-68 another key: %s", body)
	}
}

// A call under way holds all that is left of the budget: whoever else asks is told to come back, and is served then.
// Only what was settled makes a quota exceeded.
func TestMendD2ABudgetThatIsOnlyReservedIsNotSpent(t *testing.T) {
	begun, end := make(chan struct{}, 1), make(chan struct{})
	var first atomic.Bool
	h := meteredBehind(t, map[string]keys.Configured{
		"poor": {Budget: access.Budget{Amount: 20, Period: "total", SoftPercent: 1}}, // far less than 4,096 tokens cost
		"mate": {Tenant: "acme"}, "other": {Tenant: "acme"},
	}, func(behind *pipeline.Collaborators) {
		services := behind.Services
		behind.Services = func(t catalog.Target) (attempt.Service, error) {
			if first.CompareAndSwap(true, false) {
				begun <- struct{}{}
				<-end
			}
			return services(t)
		}
	}, func(_ *limits.Config, b *budgets.Config) {
		b.Tenants = map[string]access.Budget{"acme": {Amount: 20}}
	})
	for holder, asker := range map[string]string{"poor": "poor", "mate": "other"} {
		first.Store(true)
		done := make(chan int)
		go func() {
			status, _, _ := h.chat(t, ask(nova, ""), as(holder)...)
			done <- status
		}()
		<-begun
		status, header, body := h.chat(t, ask(nova, `,"temperature":0.3`), as(asker)...)
		typ, code, message := refusal(t, body)
		after, _ := strconv.Atoi(header.Get("retry-after"))
		if status != 429 || typ != "requests" || code != "rate_limit_exceeded" || header.Get("x-should-retry") != "true" ||
			after < 1 || after > 60 ||
			!strings.Contains(message, "0.00002 USD") || !strings.Contains(message, "under way") ||
			strings.Contains(message, "quota") {
			t.Errorf("%s: %d %v %s", asker, status, header, body)
		}
		end <- struct{}{}
		if status := <-done; status != 200 {
			t.Errorf("%s: the call under way: %d", holder, status)
		}
		if status, _, body := h.chat(t, ask(nova, `,"temperature":0.3`), as(asker)...); status != 200 {
			t.Errorf("%s: what was not used is not given back: %d %s", asker, status, body)
		}
	}
	for range 20 {
		status, _, body := h.chat(t, ask(nova, ""), as("poor")...)
		if status == 200 {
			continue
		}
		if _, code, _ := refusal(t, body); status != 429 || code != "insufficient_quota" {
			t.Errorf("R-ERR-68 spent: %d %s", status, body)
		}
		return
	}
	t.Error("the budget is never spent")
}

func TestUsageEndpoint(t *testing.T) {
	h := metered(t, map[string]keys.Configured{"a": {Tenant: "acme"}, "b": {Tenant: "acme"}, "other": {Tenant: "else"},
		"alone": {}})
	for _, key := range []string{"a", "a", "b", "other", "alone"} {
		if status, _, body := h.chat(t, ask(nova, `,"metadata":{"project":"p-`+key+`"}`), as(key)...); status != 200 {
			t.Fatal(body)
		}
	}
	get := func(key, query string) (int, string) {
		req, err := http.NewRequest(http.MethodGet, h.url+"/v1/outcrop/usage"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("authorization", "Bearer "+key)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode, text(t, res.Body)
	}
	type row struct {
		Key      string
		Tenant   string
		Model    string
		Project  string `json:"tag:project"`
		Requests int64
		Input    int64 `json:"input_tokens"`
		Nano     int64 `json:"cost_nano_usd"`
	}
	var report struct {
		Object string
		Data   []row
		Total  row
	}
	status, body := get("a", "?group_by=key,tenant,model,tag:project,day")
	if err := json.Unmarshal([]byte(body), &report); err != nil || status != 200 || report.Object != "outcrop.usage" {
		t.Fatalf("%v: %s", err, body)
	}
	if len(report.Data) != 2 || report.Total.Requests != 3 || report.Data[0].Key != "config:a" ||
		report.Data[0].Requests != 2 || report.Data[0].Project != "p-a" ||
		report.Data[0].Model != nova || report.Data[0].Nano <= 0 || report.Data[0].Input <= 0 {
		t.Errorf("a tenant sees its own: %s", body)
	}
	for query, want := range map[string]int{
		"?tenant=else": 403, "?tenant=acme": 200, "?key=config:b": 200, "?from=nonsense": 400, "?group_by=x": 400,
		"?format=xml": 400, "?from=2020-01-01&to=2019-01-01": 400, "?project=p-b": 400, "?tag:=x": 400} {
		if status, body := get("a", query); status != want || strings.Contains(body, "p-other") {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	for query, want := range map[string]int64{"?tag:project=p-b": 1, "?tag:project=p-a&model=" + nova: 2,
		"?tag:project=p-a&key=config:b": 0, "?model=another": 0} {
		if status, body := get("a", query); json.Unmarshal([]byte(body), &report) != nil || status != 200 ||
			report.Total.Requests != want {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	if status, body := get("alone", "?group_by=key"); status != 200 || strings.Contains(body, "config:a\"") ||
		!strings.Contains(body, "config:alone") {
		t.Errorf("a key without a tenant sees itself: %s", body)
	}
	if status, _ := get("alone", "?key=config:a"); status != 403 {
		t.Errorf("a key without a tenant sees another: %d", status)
	}
	if status, body := get("b", "?format=csv&group_by=key"); status != 200 || !strings.HasPrefix(body, "key,requests,") ||
		strings.Count(body, "\n") != 3 {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := get("nobody", ""); status != 401 {
		t.Errorf("without a key: %d", status)
	}
}
