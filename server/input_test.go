package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/call"
	"outcrop/openai"
	"outcrop/server"
)

func newReader(r io.Reader) *bufio.Reader { return bufio.NewReader(r) }

// broken is the error object of an answer, with the members that must be there.
type broken struct {
	Error map[string]any `json:"error"`
}

// start serves handle on a loopback port.
func start(t testing.TB, cfg server.Config, with server.Collaborators) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, server.New(cfg, with), l)
	return "http://" + l.Addr().String()
}

func TestBadInput(t *testing.T) {
	called := 0
	handle := func(_ context.Context, c *call.Call) (call.Reply, error) {
		switch c.Request.Facts().Model {
		case "boom":
			panic("a bug, with arn:aws:iam::123456789012:role/secret")
		case "none":
			return call.Reply{}, openai.ModelNotFound("none")
		case "raw":
			return call.Reply{}, io.ErrNoProgress
		}
		called++
		return reply(parts(&openai.ChatResponse{})), nil
	}
	cfg := config()
	url := start(t, cfg, collaborators(handle))
	ok := `{"model":"m","messages":[{"role":"user","content":"hi"}]}`
	for _, tt := range []struct {
		name, method, path, contentType, body string
		status                                int
		code, param                           any
	}{
		{"R-ERR-60 malformed", "POST", "/v1/chat/completions", "", `{"model":`, 400, "invalid_json", nil},
		{"R-ERR-60 trailing text", "POST", "/v1/chat/completions", "", ok + " x", 400, "invalid_json", nil},
		{"R-ERR-60 second value", "POST", "/v1/chat/completions", "", ok + ok, 400, "invalid_json", nil},
		{"R-ERR-60 empty", "POST", "/v1/chat/completions", "", "", 400, "invalid_json", nil},
		{"R-ERR-60 array", "POST", "/v1/chat/completions", "", "[]", 400, "invalid_json", nil},
		{"R-REQ-01 invalid UTF-8", "POST", "/v1/chat/completions", "", "{\"model\":\"\xff\"}", 400, "invalid_json", nil},
		{"R-REQ-01 byte order mark", "POST", "/v1/chat/completions", "", "\xef\xbb\xbf" + ok, 200, nil, nil},
		{"R-REQ-03 wrong type", "POST", "/v1/chat/completions", "",
			`{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":7}}]}]}`, 400,
			"invalid_type", "messages[0].content[0].image_url.url"},
		{"R-ERR-61 missing model", "POST", "/v1/chat/completions", "", `{"messages":[{"role":"user","content":"hi"}]}`, 400,
			"missing_required_parameter", "model"},
		{"R-ERR-61 missing messages", "POST", "/v1/chat/completions", "", `{"model":"m"}`, 400, "missing_required_parameter",
			"messages"},
		{"R-ERR-61 empty messages", "POST", "/v1/chat/completions", "", `{"model":"m","messages":[]}`, 400,
			"empty_array", "messages"},
		{"R-PAR-05 below", "POST", "/v1/chat/completions", "",
			`{"model":"m","max_tokens":0,"messages":[{"role":"user","content":"hi"}]}`, 400, "integer_below_min_value",
			"max_tokens"},
		{"R-PAR-07 above", "POST", "/v1/chat/completions", "",
			`{"model":"m","temperature":2.5,"messages":[{"role":"user","content":"hi"}]}`, 400, "decimal_above_max_value",
			"temperature"},
		{"R-ERR-63 unknown model", "POST", "/v1/chat/completions", "", strings.Replace(ok, `"m"`, `"none"`, 1), 404,
			"model_not_found", "model"},
		{"R-ERR-64 unknown path", "POST", "/v1/nothing", "", ok, 404, "unknown_url", nil},
		{"R-ERR-64 unknown path outside", "GET", "/nothing", "", "", 404, "unknown_url", nil},
		{"R-ERR-64 wrong method", "GET", "/v1/chat/completions", "", "", 405, "method_not_allowed", nil},
		{"R-MOD-07 delete", "DELETE", "/v1/models/amazon.nova-lite-v1:0", "", "", 405, "method_not_allowed", nil},
		{"R-ERR-65 media type", "POST", "/v1/chat/completions", "text/plain", ok, 415, "unsupported_media_type", nil},
		{"R-ERR-65 charset", "POST", "/v1/chat/completions", "application/json; charset=latin1", ok, 415,
			"unsupported_media_type", nil},
		{"charset utf-8", "POST", "/v1/chat/completions", "application/json; charset=UTF-8", ok, 200, nil, nil},
		{"R-ERR-65 40 MB", "POST", "/v1/chat/completions", "", `{"model":"` + strings.Repeat("a", 40<<20) + `"}`, 413,
			"request_too_large", nil},
		{"R-ERR-65 40 MB of unknown length", "POST", "/v1/chat/completions", "chunked",
			`{"model":"` + strings.Repeat("a", 40<<20) + `"}`, 413, "request_too_large", nil},
		{"R-ERR-08 panic", "POST", "/v1/chat/completions", "", strings.Replace(ok, `"m"`, `"boom"`, 1), 500, nil, nil},
		{"R-ERR-08 foreign error", "POST", "/v1/chat/completions", "", strings.Replace(ok, `"m"`, `"raw"`, 1), 500, nil, nil},
		{"R-RSP-38 responses", "POST", "/v1/responses", "", ok, 400, "missing_required_parameter", "input"},
		{"R-RSP-06 list of responses", "GET", "/v1/responses", "", "", 405, "method_not_allowed", nil},
		{"R-RSP-86 unknown response", "GET", "/v1/responses/resp_1", "", "", 404, nil, nil},
		{"R-RSP-88 unknown response", "DELETE", "/v1/responses/resp_1", "", "", 404, nil, nil},
		{"second prefix", "POST", "/api/v1/chat/completions", "", ok, 200, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest(tt.method, url+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("content-type", "application/json")
			if tt.contentType == "chunked" {
				req.ContentLength = -1
			} else if tt.contentType != "" {
				req.Header.Set("content-type", tt.contentType)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body := text(t, res.Body)
			if res.StatusCode != tt.status {
				t.Fatalf("status %d, want %d: %s", res.StatusCode, tt.status, body)
			}
			if !strings.HasPrefix(res.Header.Get("x-request-id"), "req_") {
				t.Error("R-ERR-02: no x-request-id")
			}
			if tt.status == 200 {
				return
			}
			var b broken
			if err := json.Unmarshal([]byte(body), &b); err != nil || len(b.Error) != 4 ||
				res.Header.Get("content-type") != "application/json" {
				t.Fatalf("R-ERR-01: %s (%v)", body, err)
			}
			if b.Error["code"] != tt.code || b.Error["param"] != tt.param {
				t.Errorf("code %v, param %v: %s", b.Error["code"], b.Error["param"], body)
			}
			if res.Header.Get("x-should-retry") == "" {
				t.Error("R-ERR-03: no x-should-retry")
			}
			if strings.Contains(body, "arn:") || strings.Contains(body, "ErrNoProgress") ||
				strings.Contains(body, io.ErrNoProgress.Error()) {
				t.Errorf("R-GEN-08: %s", body)
			}
			if tt.status == 405 && res.Header.Get("allow") == "" {
				t.Error("R-ERR-64: no allow header")
			}
		})
	}
	if called != 3 {
		t.Errorf("%d requests reached the pipeline, want the 3 good ones", called)
	}
}

func TestAuthenticationComesFirst(t *testing.T) {
	handle := func(context.Context, *call.Call) (call.Reply, error) {
		return reply(parts(&openai.ChatResponse{})), nil
	}
	url := start(t, config(), collaborators(handle, "right"))
	do := func(method, path, header, value, body string) (*http.Response, string) {
		req, err := http.NewRequest(method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("content-type", "application/json")
		if header != "" {
			req.Header.Set(header, value)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res, text(t, res.Body)
	}
	chat := `{"model":"m","messages":[{"role":"user","content":"hi"}]}`
	for _, tt := range []struct {
		name, method, path, header, value, body string
		status                                  int
	}{
		{"R-REQ-05 no key, bad body", "POST", "/v1/chat/completions", "", "", "{", 401},
		{"R-ERR-66 wrong key", "POST", "/v1/chat/completions", "authorization", "Bearer wrong-secret", chat, 401},
		{"bearer", "POST", "/v1/chat/completions", "authorization", "Bearer right", chat, 200},
		{"api-key", "POST", "/v1/chat/completions", "api-key", "right", chat, 200},
		{"models", "GET", "/v1/models", "", "", "", 401},
		{"health needs none", "GET", "/health", "", "", "", 200},
		{"ready needs none", "GET", "/ready", "", "", "", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, body := do(tt.method, tt.path, tt.header, tt.value, tt.body)
			if res.StatusCode != tt.status {
				t.Fatalf("status %d: %s", res.StatusCode, body)
			}
			if tt.status == 401 && (res.Header.Get("www-authenticate") != "Bearer" || strings.Contains(body, "wrong-secret")) {
				t.Errorf("R-ERR-66: %v %s", res.Header, body)
			}
		})
	}
}

func TestModels(t *testing.T) {
	url := start(t, config(), collaborators(nil))
	for _, tt := range []struct {
		name, path string
		status     int
		want       string
	}{
		{"R-MOD-01 list", "/v1/models", 200,
			`{"object":"list","data":[{"id":"amazon.nova-lite-v1:0","object":"model","created":1,"owned_by":"amazon","shutdown_date":null}]}`},
		{"R-MOD-03 trailing slash", "/v1/models/", 200, `"object":"list"`},
		{"R-MOD-03 colon", "/v1/models/amazon.nova-lite-v1:0", 200, `"id":"amazon.nova-lite-v1:0"`},
		{"R-MOD-03 encoded colon", "/v1/models/amazon.nova-lite-v1%3A0", 200, `"id":"amazon.nova-lite-v1:0"`},
		{"R-MOD-03 slash", "/v1/models/team/model", 200, `"id":"team/model"`},
		{"R-MOD-03 encoded slash", "/v1/models/team%2Fmodel", 200, `"id":"team/model"`},
		{"R-MOD-03 ARN", "/v1/models/arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", 200,
			`"id":"arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"`},
		{"R-MOD-03 encoded ARN", "/v1/models/arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Famazon.nova-lite-v1%3A0",
			200, `foundation-model/amazon.nova-lite-v1:0"`},
		{"R-MOD-03 unknown", "/v1/models/gpt-4o", 404, "The model `gpt-4o` does not exist or you do not have access to it."},
		{"second prefix", "/api/v1/models/team/model", 200, `"id":"team/model"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := http.Get(url + tt.path)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if body := text(t, res.Body); res.StatusCode != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("%d %s", res.StatusCode, body)
			}
		})
	}
}

func TestSlowHeadersAndSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen()
		serve(t, server.New(config(), collaborators(nil)), l)

		slow := l.dial()
		defer slow.Close()
		begin := time.Now()
		_, _ = io.WriteString(slow, "POST /v1/chat/completions HTTP/1.1\r\nhost:")
		_, _ = io.Copy(io.Discard, slow)
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("slow headers were cut off after %v", took)
		}

		c := l.dial()
		defer c.Close()
		go func() {
			_, _ = io.WriteString(c, "POST /v1/chat/completions HTTP/1.1\r\nhost: test\r\ncontent-type: "+
				"application/json\r\ncontent-length: 100\r\n\r\n{")
		}()
		begin = time.Now()
		res := head(t, newReader(c))
		if took := time.Since(begin); res.StatusCode != http.StatusRequestTimeout || took != time.Minute {
			t.Errorf("a slow body is answered with %d after %v", res.StatusCode, took)
		}
	})
}

func TestBrokenTransferEncoding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen()
		serve(t, server.New(config(), collaborators(nil)), l)
		c := l.dial()
		defer c.Close()
		go func() {
			_, _ = io.WriteString(c, "POST /v1/chat/completions HTTP/1.1\r\nhost: test\r\ncontent-type: "+
				"application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")
		}()
		res := head(t, newReader(c))
		if body := text(t, res.Body); res.StatusCode != http.StatusBadRequest ||
			!strings.Contains(body, `"code":"invalid_json"`) {
			t.Errorf("R-ERR-60: %d %s", res.StatusCode, body)
		}
	})
}

func TestCORS(t *testing.T) {
	cfg := config()
	cfg.AllowedOrigins = []string{"https://app.example"}
	srv := start(t, cfg, collaborators(nil, "key"))
	preflight := func(origin string) *http.Response {
		req, _ := http.NewRequest(http.MethodOptions, srv+"/v1/chat/completions", nil)
		req.Header.Set("origin", origin)
		req.Header.Set("access-control-request-method", "POST")
		req.Header.Set("access-control-request-headers", "authorization,content-type")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	if res := preflight("https://app.example"); res.StatusCode != 204 ||
		res.Header.Get("access-control-allow-origin") != "https://app.example" ||
		!strings.Contains(res.Header.Get("access-control-allow-headers"), "authorization") {
		t.Errorf("preflight of an allowed origin: %d %v", res.StatusCode, res.Header)
	}
	if res := preflight("https://evil.example"); res.Header.Get("access-control-allow-origin") != "" {
		t.Errorf("preflight of another origin: %v", res.Header)
	}
}
