package server_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"outcrop/internal/access"
	"outcrop/internal/access/keys"
	"outcrop/internal/call"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
	"outcrop/openai"
)

const small = `{"model":"m","messages":[{"role":"user","content":"hi"}]}`

func TestMendE8BodiesInFlight(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	cfg := config()
	cfg.BodiesInFlight = int64(len(small)) + 10
	srv := start(t, cfg, collaborators(func(ctx context.Context, c *call.Call) (call.Reply, error) {
		if c.Request.Facts().Model == "slow" {
			begun <- struct{}{}
			<-end
		}
		return obedient(ctx, c)
	}))
	ended := make(chan int)
	go func() {
		res, _ := requested(t, "POST", srv+"/v1/chat/completions", strings.Replace(small, `"m"`, `"slow"`, 1), "content-type",
			"application/json")
		ended <- res.StatusCode
	}()
	<-begun
	res, body := requested(t, "POST", srv+"/v1/chat/completions", small, "content-type", "application/json")
	if res.StatusCode != 503 || res.Header.Get("retry-after") == "" || !strings.Contains(body, "request bodies") {
		t.Errorf("beyond the bound: %d %v: %s", res.StatusCode, res.Header, body)
	}
	unread := "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-type: " +
		"application/json\r\ncontent-length: 90000\r\n\r\n"
	if said := spoken(t, srv, unread); !strings.HasPrefix(said, "HTTP/1.1 503") {
		t.Errorf("before the body is read: %.200s", said)
	}
	chunks := "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: " +
		"chunked\r\n\r\n20\r\n" + strings.Repeat(" ", 32) + "\r\n0\r\n\r\n"
	if said := spoken(t, srv, chunks); !strings.HasPrefix(said, "HTTP/1.1 503") {
		t.Errorf("in chunks: %.200s", said)
	}
	if res, _ := requested(t, "GET", srv+"/v1/models", ""); res.StatusCode != 200 {
		t.Errorf("without a body: %d", res.StatusCode)
	}
	close(end)
	if got := <-ended; got != 200 {
		t.Errorf("the first one: %d", got)
	}
	for range 3 {
		if res, body := requested(t, "POST", srv+"/v1/chat/completions", small, "content-type",
			"application/json"); res.StatusCode != 200 {
			t.Errorf("afterwards: %d %s", res.StatusCode, body)
		}
	}
}

func TestMendD8HeadersOfTheCaller(t *testing.T) {
	var strict bool
	var b bytes.Buffer
	with := collaborators(func(ctx context.Context, c *call.Call) (call.Reply, error) {
		strict = c.Options.Strict
		return obedient(ctx, c)
	})
	with.Log = telemetry.NewLogger(&b, slog.LevelInfo, true)
	srv := start(t, config(), with)
	post := func(header ...string) (*http.Response, string) {
		return requested(t, "POST", srv+"/v1/chat/completions", small, append(header, "content-type", "application/json")...)
	}
	for text, want := range map[string]bool{"true": true, "1": true, "YES": true, "True": true, "On": true, "false": false,
		"0": false, "No": false, "off": false, "": false} {
		if res, body := post("x-outcrop-strict", text); res.StatusCode != 200 || strict != want {
			t.Errorf("x-outcrop-strict: %q: %d, %v: %s", text, res.StatusCode, strict, body)
		}
	}
	if res, body := post("x-outcrop-strict", "maybe"); res.StatusCode != 400 ||
		!strings.Contains(body, "x-outcrop-strict") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	for id, want := range map[string]string{"trace-1:a/b": "trace-1:a/b", "two words": "", strings.Repeat("x", 129): "",
		strings.Repeat("x", 128): strings.Repeat("x", 128), "é": ""} {
		b.Reset()
		res, _ := post("x-request-id", id)
		if got := res.Header.Get("x-client-request-id"); got != want ||
			!strings.HasPrefix(res.Header.Get("x-request-id"), "req_") {
			t.Errorf("%.20q: %q", id, got)
		}
		if logged := strings.Contains(b.String(), `"client_request_id":"`+id+`"`); logged != (want != "") {
			t.Errorf("%.20q: the log says %s", id, b.String())
		}
	}
}

func TestMendD5RefusedCallersAreInTheLog(t *testing.T) {
	var b bytes.Buffer
	with := collaborators(obedient, "the-one-good-key")
	with.Log = telemetry.NewLogger(&b, slog.LevelInfo, true)
	secret, hash := keys.Secret()
	with.Gate = keys.NewGate(
		keys.Config{Keys: []keys.Configured{{Name: "narrow", Hash: hash, Endpoints: []string{"models"}}}}, nil,
		keys.NewAttempts(1))
	n := within(t, config(), with)
	c := n.client("192.0.2.9:5000")
	for _, tt := range []struct {
		key    string
		status int
		path   string
		says   []string
	}{
		{"wrong", 401, "/v1/models", []string{`"addr":"192.0.2.9"`}},
		{"wrong", 429, "/v1/models", []string{`"addr":"192.0.2.9"`}},
		{secret, 200, "/v1/models", nil},
	} {
		b.Reset()
		if got := n.status(c, tt.path, "authorization", "Bearer "+tt.key); got != tt.status {
			t.Errorf("%s: %d", tt.path, got)
		}
		for _, want := range tt.says {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%d: no %s in %s", tt.status, want, b.String())
			}
		}
		if tt.says == nil && strings.Contains(b.String(), "192.0.2.9") {
			t.Errorf("the address of a caller who is answered: %s", b.String())
		}
	}
	b.Reset()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://gateway/v1/chat/completions",
		strings.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("authorization", "Bearer "+secret)
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 403 || !strings.Contains(b.String(), `"key":"config:narrow"`) ||
		strings.Contains(b.String(), secret) {
		t.Errorf("%d: %s", res.StatusCode, b.String())
	}
}

func TestMendE9TargetsOfOthers(t *testing.T) {
	with := collaborators(obedient, "the-one-good-key")
	with.Targets = func() upstream.Report {
		return upstream.Report{Targets: []upstream.Status{{Model: "amazon.nova-lite-v1:0", Region: "us-east-1"},
			{Model: "secret.model-1", Region: "us-east-1"}}}
	}
	with.MayUse = func(_ access.Principal, model string) bool { return model == "amazon.nova-lite-v1:0" }
	srv := start(t, config(), with)
	_, body := requested(t, "GET", srv+"/v1/outcrop/targets", "", "authorization", "Bearer the-one-good-key")
	if !strings.Contains(body, "nova-lite") || strings.Contains(body, "secret") {
		t.Error(body)
	}
}

func TestMendC6NotFoundHelps(t *testing.T) {
	cfg := config()
	cfg.Prefixes = []string{"/v1", "/openai/v1", "/api/v1", "/"}
	with := collaborators(func(_ context.Context, c *call.Call) (call.Reply, error) {
		if c.Request.Facts().Model == "amazon.nova-lit-v1:0" {
			return call.Reply{}, &openai.Error{Kind: openai.NotFound, Code: openai.CodeModelNotFound, Param: "model",
				Message: "The provided model identifier is invalid."}
		}
		return obedient(context.Background(), c)
	})
	srv := start(t, cfg, with)
	for _, tt := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", "/chat/completions", small, 200, ""},
		{"POST", "/openai/v1/chat/completions/", small, 200, ""},
		{"POST", "/v1/chat/completions//", small, 200, ""},
		{"GET", "/models/", "", 200, ""},
		{"GET", "/health/", "", 200, ""},
		{"HEAD", "/health", "", 200, ""},
		{"HEAD", "/v1/models", "", 200, ""},
		{"HEAD", "/v1/chat/completions", "", 405, ""},
		{"POST", "/v1/chat/completion", small, 404, "POST /v1/chat/completions?"},
		{"POST", "/v1/v1/chat/completions", small, 404, "POST /v1/chat/completions?"},
		{"POST", "/openai/deployments/gpt-4o/chat/completions", small, 404, "POST /chat/completions?"},
		{"GET", "/v1/model", "", 404, "GET /v1/models?"},
		{"GET", "/something/else/entirely/which/is/long", "", 404, "POST /v1/chat/completions"},
		{"POST", "/v1/chat/completions", strings.Replace(small, `"m"`, `"amazon.nova-lit-v1:0"`, 1), 404,
			"invalid. The request asks for `amazon.nova-lit-v1:0`. Did you mean `amazon.nova-lite-v1:0`?"},
		{"GET", "/v1/models/nova-lite", "", 404, "Did you mean `amazon.nova-lite-v1:0`?"},
		{"GET", "/v1/models/gpt-4o", "", 404, "does not exist or you do not have access to it."},
	} {
		res, body := requested(t, tt.method, srv+tt.path, tt.body, "content-type", "application/json")
		if res.StatusCode != tt.status || !strings.Contains(body, tt.says) || tt.method == "HEAD" && body != "" {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, res.StatusCode, body)
		}
	}
}
