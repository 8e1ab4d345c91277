package server_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/goleak"

	"outcrop/internal/attempt"
	"outcrop/internal/bedrock"
	"outcrop/internal/bedrock/offline"
	"outcrop/internal/catalog"
	"outcrop/internal/pipeline"
	"outcrop/internal/telemetry"
	"outcrop/router"
	"outcrop/server"
)

// house is the whole gateway in front of an embedded Bedrock, over real sockets.
type house struct {
	url      string
	upstream *httptest.Server
	open     atomic.Int64           // connections to the embedded Bedrock
	states   sync.Map               // net.Conn → http.ConnState, of those
	closed   chan time.Time         // when each of them was closed
	sent     atomic.Pointer[string] // the body of the last call of the embedded Bedrock
	recorder *telemetry.Recorder
	logs     lines // the gateway's log, JSON
}

// lines is a log that several goroutines write.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(p))
	return len(p), nil
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.all, "")
}

// busy counts the connections to the embedded Bedrock on which a call is under way.
func (h *house) busy() (n int) {
	h.states.Range(func(_, s any) bool {
		if s == http.StateActive { // a new one was dialled for a call that ended before it could be used; the pool keeps it
			n++
		}
		return true
	})
	return n
}

// build starts a house; change may alter what its pipeline works with.
func build(t testing.TB, cfg server.Config, fake offline.Config, change ...func(*pipeline.Collaborators)) *house {
	t.Helper()
	fake.Models = catalog.Data()
	bed, err := offline.New(fake)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{recorder: telemetry.New(), closed: make(chan time.Time, 4096)}
	h.upstream = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return // the gateway left in the middle of its request
		}
		body := string(b)
		h.sent.Store(&body)
		r.Body = io.NopCloser(strings.NewReader(body))
		bed.ServeHTTP(w, r)
	}))
	h.upstream.Config.ConnState = func(c net.Conn, s http.ConnState) {
		h.states.Store(c, s)
		switch s {
		case http.StateNew:
			h.open.Add(1)
		case http.StateClosed, http.StateHijacked:
			h.states.Delete(c)
			h.open.Add(-1)
			h.closed <- time.Now()
		}
	}
	h.upstream.Start()
	t.Cleanup(h.upstream.Close)

	aws := bedrock.Default()
	aws.Region = "us-east-1"
	aws.OnUnknown = func(kind string) { h.recorder.Unknown(kind, 1) }
	var behind pipeline.Collaborators
	aws.MayRetry = func(ctx context.Context, err error) bool {
		return behind.Upstream == nil || behind.Upstream.MayRetry(ctx, err)
	}
	b, err := bedrock.New(context.Background(), aws, awsconfig.WithBaseEndpoint(h.upstream.URL),
		awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("test", "test", "")))
	if err != nil {
		t.Fatal(err)
	}
	routes, err := router.New(router.Config{AllowARNs: true, Aliases: map[string]string{
		"gpt-4o": "anthropic.claude-sonnet-4-5-20250929-v1:0", "embed": "amazon.titan-embed-text-v2:0"}},
		catalog.Default(), "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	behind = pipeline.Collaborators{
		Recorder: h.recorder, Router: routes, Catalog: catalog.Default(), Profiles: b, Version: "test",
		Services: func(t catalog.Target) (attempt.Service, error) { return b.For(t) },
	}
	for _, c := range change {
		c(&behind)
	}
	with := collaborators(pipeline.New(pipeline.Config{Deadline: time.Minute, EmbeddingCalls: 8}, behind))
	with.Models, with.Recorder, with.Log = routes, h.recorder, telemetry.NewLogger(&h.logs, slog.LevelInfo, true)
	h.url = start(t, cfg, with)
	return h
}

// lastSent is the body of the last call that reached the embedded Bedrock.
func (h *house) lastSent() string {
	if s := h.sent.Load(); s != nil {
		return *s
	}
	return "nothing"
}

// chat posts a chat request and gives status, headers and body.
func (h *house) chat(t *testing.T, body string, header ...string) (int, http.Header, string) {
	t.Helper()
	return h.post(t, "/v1/chat/completions", body, header...)
}

func (h *house) post(t *testing.T, path, body string, header ...string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, h.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("content-type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("reading the answer: %v (so far %.300q)", err, b)
	}
	return res.StatusCode, res.Header, string(b)
}

func ask(model, rest string) string {
	return `{"model":"` + model + `","messages":[{"role":"user","content":"Tell me about rivers"}]` + rest + `}`
}

func code(t *testing.T, body string) any {
	t.Helper()
	var b broken
	if err := json.Unmarshal([]byte(body), &b); err != nil || len(b.Error) != 4 {
		t.Fatalf("no error object: %.300s", body)
	}
	return b.Error["code"]
}

const nova = "amazon.nova-lite-v1:0"

func TestBadDays(t *testing.T) {
	h := build(t, config(), offline.Config{})
	for _, tt := range []struct {
		name, fault, rest string
		status            int
		code              any
		tail              string // of a stream: what its body must end with
	}{
		{"R-ERR-40 throttled for ever", "throttle", "", 429, "rate_limit_exceeded", ""},
		{"throttled twice, retried", "throttle=2", "", 200, nil, ""},
		{"R-STR-02 throttled before the first event", "throttle", `,"stream":true`, 429, "rate_limit_exceeded", ""},
		{"R-STR-02 exception as first frame", "first=ValidationException", `,"stream":true`, 400, nil, ""},
		{"R-STR-02 throttling as first frame", "first=ThrottlingException", `,"stream":true`, 429, "rate_limit_exceeded", ""},
		{"R-ERR-44 unavailable", "error=ServiceUnavailableException", "", 503, "service_unavailable", ""},
		{"R-ERR-46 model error", "error=ModelErrorException", "", 502, "model_error", ""},
		{"R-ERR-47 internal", "error=InternalServerException", "", 500, nil, ""},
		{"R-ERR-48 garbage", "garbage", "", 502, "bad_upstream_response", ""},
		{"R-STR-02 empty stream", "empty", `,"stream":true`, 502, "bad_upstream_response", ""},
		{"R-STR-15 exception in mid-stream", "after=3:modelStreamErrorException", `,"stream":true`, 200, nil,
			`"type":"server_error","param":null,"code":"malformed_model_output"}}` + "\n\n"},
		{"R-ERR-45 cut before the first event", "cut=0", `,"stream":true`, 504, "timeout", ""},
		{"R-STR-16 cut in mid-stream", "cut=3", `,"stream":true`, 200, nil, `"code":"stream_truncated"}}` + "\n\n"},
		{"R-STR-14 no metadata", "nometa", `,"stream":true,"stream_options":{"include_usage":true}`, 200, nil,
			`"finish_reason":"stop"}],"usage":null}` + "\n\ndata: [DONE]\n\n"},
		{"R-STR-23 split at every byte", "split=1", `,"stream":true`, 200, nil, "data: [DONE]\n\n"},
		{"R-GEN-10 unknown things", "unknown", `,"stream":true`, 200, nil, "data: [DONE]\n\n"},
		{"R-GEN-10 unknown things, plain", "unknown", "", 200, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, header, body := h.chat(t, ask(nova+"+"+tt.fault, tt.rest))
			if status != tt.status {
				t.Fatalf("status %d, want %d: %.400s", status, tt.status, body)
			}
			if status != 200 {
				if got := code(t, body); got != tt.code {
					t.Errorf("code %v, want %v: %s", got, tt.code, body)
				}
				if header.Get("x-should-retry") == "" || header.Get("x-outcrop-upstream-id") == "" {
					t.Errorf("R-ERR-02, R-ERR-03: %v", header)
				}
				return
			}
			if !strings.HasSuffix(body, tt.tail) {
				t.Errorf("the body ends with %.300q, want %q", body[max(0, len(body)-300):], tt.tail)
			}
			if strings.Contains(tt.tail, `"code"`) && strings.Contains(body, "[DONE]") {
				t.Error("R-STR-15: [DONE] behind an error")
			}
		})
	}
}

func TestHoldOverARealSocket(t *testing.T) {
	cfg := config()
	cfg.StreamHold, cfg.StreamKeepAlive = 50*time.Millisecond, 20*time.Millisecond
	h := build(t, cfg, offline.Config{})
	status, header, body := h.chat(t, ask(nova+"+delay=300ms", `,"stream":true`))
	if status != 200 || header.Get("content-type") != "text/event-stream; charset=utf-8" ||
		!strings.HasPrefix(body, ": keep-alive\n\n: keep-alive\n\n") || !strings.HasSuffix(body, "data: [DONE]\n\n") {
		t.Errorf("R-STR-03, R-STR-04: %d %v %.300s", status, header, body)
	}
}

func TestNoSecretLeaves(t *testing.T) {
	h := build(t, config(), offline.Config{})
	const arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/missing"
	status, header, body := h.chat(t, ask(arn, ""))
	if status < 400 {
		t.Fatalf("status %d: %s", status, body)
	}
	if strings.Contains(strings.ReplaceAll(body, arn, ""), "123456789012") ||
		strings.Contains(header.Get("x-outcrop-adjusted"), "arn:") {
		t.Errorf("R-GEN-08: %s", body)
	}
}

// TestThousandStreams runs 1,000 streams at once whose clients read slowly, hang up in the middle or before the first
// byte, and looks for what they leave behind.
func TestThousandStreams(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("streams", func(t *testing.T) {
		h := build(t, config(), offline.Config{Pace: 5 * time.Millisecond})
		transport := &http.Transport{MaxIdleConns: 1000, MaxIdleConnsPerHost: 1000}
		client := &http.Client{Transport: transport}
		defer transport.CloseIdleConnections()
		var wg sync.WaitGroup
		var whole atomic.Int64
		for i := range 1000 {
			wg.Go(func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url+"/v1/chat/completions",
					strings.NewReader(ask(nova, `,"stream":true`)))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("content-type", "application/json")
				if i%4 == 3 { // hangs up before there is an answer, or shortly after
					time.AfterFunc(time.Duration(i)*time.Millisecond/2, cancel)
				}
				res, err := client.Do(req)
				if err != nil {
					if ctx.Err() == nil {
						t.Errorf("stream %d: %v", i, err)
					}
					return
				}
				defer res.Body.Close()
				if i%4 == 2 { // hangs up in the middle
					_, _ = io.ReadFull(res.Body, make([]byte, 600))
					return
				}
				body, err := io.ReadAll(slowReader{res.Body, i%4 == 1})
				if ctx.Err() == nil && (err != nil || !strings.HasSuffix(string(body), "data: [DONE]\n\n")) {
					t.Errorf("stream %d ends with %v, %.100q", i, err, body[max(0, len(body)-100):])
				}
				whole.Add(1)
			})
		}
		wg.Wait()
		if whole.Load() < 500 {
			t.Errorf("only %d streams were whole", whole.Load())
		}
		transport.CloseIdleConnections()
		// The gateway still answers, and nothing is in flight but this.
		if status, _, body := h.chat(t, ask(nova, "")); status != 200 {
			t.Errorf("afterwards: %d %s", status, body)
		}
		waitFor(t, "requests in flight", func() bool { return inFlightGauge(t, h) == 0 })
		waitFor(t, "connections to Bedrock at rest", func() bool { return h.busy() == 0 })
		http.DefaultClient.CloseIdleConnections()
	})
	goleak.VerifyNone(t, before)
}

// slowReader reads a little at a time, and yields in between.
type slowReader struct {
	io.Reader
	slow bool
}

func (r slowReader) Read(p []byte) (int, error) {
	if r.slow {
		time.Sleep(2 * time.Millisecond)
		p = p[:min(len(p), 128)]
	}
	return r.Reader.Read(p)
}

// waitFor polls a condition that another goroutine brings about, within a bound that only a failure reaches.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

func inFlightGauge(t *testing.T, h *house) float64 {
	t.Helper()
	rec := httptest.NewRecorder()
	h.recorder.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(rec.Body.String()) {
		if v, ok := strings.CutPrefix(line, "outcrop_requests_in_flight "); ok {
			var f float64
			if err := json.Unmarshal([]byte(strings.TrimSpace(v)), &f); err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	t.Fatal("no gauge of requests in flight")
	return 0
}
