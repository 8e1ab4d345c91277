package server_test

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"outcrop/internal/call"
	"outcrop/server"
)

// asBrowsers are requests as browsers make them, with the headers that tell where they come from.
var asBrowsers = map[string]struct {
	method, host string
	header       []string
	names        string // what the refusal says; "" for a request that is answered
}{
	"fetch, no-cors, text/plain": {"POST", "127.0.0.1:8080", []string{"content-type", "text/plain;charset=UTF-8", "origin",
		"https://evil.example",
		"sec-fetch-site", "cross-site", "sec-fetch-mode", "no-cors"}, "https://evil.example"},
	"fetch, no-cors, a blob without a type": {"POST", "localhost:8080", []string{"origin", "https://evil.example",
		"sec-fetch-site", "cross-site", "sec-fetch-mode", "no-cors"}, "https://evil.example"},
	"the same of a browser without fetch metadata": {"POST", "localhost:8080", []string{"origin", "https://evil.example"},
		"https://evil.example"},
	"sendBeacon": {"POST", "[::1]:8080", []string{"content-type", "text/plain", "origin", "https://evil.example",
		"sec-fetch-site", "cross-site"}, "https://evil.example"},
	"a form post": {"POST", "localhost:8080", []string{"content-type", "application/x-www-form-urlencoded", "origin",
		"https://evil.example", "sec-fetch-site", "cross-site", "sec-fetch-mode", "navigate"}, "https://evil.example"},
	"a form post of a sandboxed frame, or without a referrer": {"POST", "localhost:8080",
		[]string{"origin", "null", "sec-fetch-site", "cross-site"}, `"null"`},
	"a page of another port of this host": {"POST", "localhost:8080",
		[]string{"origin", "http://localhost:3000", "sec-fetch-site", "same-site"}, "http://localhost:3000"},
	"a page of this host by another name": {"POST", "127.0.0.1:8080",
		[]string{"origin", "http://localhost:8080", "sec-fetch-site", "cross-site"}, "http://localhost:8080"},
	"a page over TLS on the name of this": {"POST", "localhost:8080",
		[]string{"origin", "https://localhost", "sec-fetch-site", "same-site"}, "https://localhost"},
	"an extension": {"POST", "localhost:8080",
		[]string{"origin", "chrome-extension://abcdefgh", "sec-fetch-site", "none"}, "chrome-extension://abcdefgh"},
	"a local file": {"POST", "localhost:8080",
		[]string{"origin", "file://", "sec-fetch-site", "cross-site"}, "file://"},
	"two origins": {"POST", "localhost:8080",
		[]string{"origin", "http://localhost:8080", "origin", "https://evil.example"}, "https://evil.example"},
	"a preflight": {"OPTIONS", "localhost:8080",
		[]string{"origin", "https://evil.example", "access-control-request-method", "POST",
			"access-control-request-headers", "content-type", "sec-fetch-site", "cross-site"}, "https://evil.example"},
	"a preflight to a private network": {"OPTIONS", "localhost:8080",
		[]string{"origin", "https://evil.example", "access-control-request-method", "GET",
			"access-control-request-private-network", "true"}, "https://evil.example"},
	"EventSource": {"GET", "localhost:8080",
		[]string{"accept", "text/event-stream", "origin", "https://evil.example", "sec-fetch-site", "cross-site"},
		"https://evil.example"},
	"a WebSocket": {"GET", "localhost:8080", []string{"origin", "https://evil.example", "connection",
		"upgrade", "upgrade", "websocket"}, "https://evil.example"},
	"an image": {"GET", "127.0.0.1:8080", []string{"sec-fetch-site", "cross-site", "sec-fetch-mode",
		"no-cors", "sec-fetch-dest", "image"}, "cross-site"},
	"a script of the same site": {"GET", "localhost:8080", []string{"sec-fetch-site", "same-site", "sec-fetch-dest",
		"script"}, "same-site"},
	"a link of another site": {"GET", "localhost:8080", []string{"sec-fetch-site", "cross-site", "sec-fetch-mode",
		"navigate", "sec-fetch-user", "?1"}, "cross-site"},
	"DNS rebinding, a GET": {"GET", "rebound.evil.example:8080", []string{"sec-fetch-site", "same-origin"},
		"rebound.evil.example"},
	"DNS rebinding, a POST": {"POST", "rebound.evil.example:8080",
		[]string{"origin", "http://rebound.evil.example:8080", "sec-fetch-site", "same-origin"}, "rebound.evil.example"},
	"DNS rebinding, port 80": {"POST", "evil.example", []string{"origin", "http://evil.example"}, "evil.example"},
	"DNS rebinding, a last dot": {"POST", "evil.example.:8080", []string{"origin", "http://evil.example.:8080"},
		"evil.example."},
	"a name that begins like us": {"POST", "localhost.evil.example:8080", nil, "localhost.evil.example"},
	"a name that ends like us":   {"GET", "evillocalhost.example", nil, "evillocalhost.example"},
	"a number that is a name":    {"GET", "127.0.0.1.nip.example", nil, "127.0.0.1.nip.example"},

	"a program":                             {"POST", "127.0.0.1:8080", nil, ""},
	"a program, IPv6":                       {"POST", "[::1]:8080", nil, ""},
	"a program, in a network of containers": {"POST", "outcrop:8080", nil, ""},
	"a program, by a name of this host":     {"POST", "api.localhost:8080", nil, ""},
	"a program, by a public address":        {"GET", "203.0.113.9", nil, ""},
	"a page of ours": {"POST", "localhost:8080",
		[]string{"origin", "http://localhost:8080", "sec-fetch-site", "same-origin"}, ""},
	"the address, typed in": {"GET", "localhost:8080",
		[]string{"sec-fetch-site", "none", "sec-fetch-mode", "navigate"}, ""},
}

// everywhere are the routes, each of which is tried with the method that suits it.
var everywhere = []string{"/v1/chat/completions", "/v1/embeddings", "/v1/moderations", "/v1/models",
	"/v1/models/team/model", "/health", "/ready", "/metrics", "/v1/responses", "/nothing", "/"}

// browse sends a request by a host name of our choice.
func browse(t *testing.T, n network, method, host, path string, header []string) (*http.Response, string) {
	t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(`{"model":"m","input":"hi","messages":[{"role":"user","content":"hi"}]}`)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://gateway"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := n.client("127.0.0.1:5000").Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res, text(t, res.Body)
}

// counted is a pipeline that counts the calls which reach it.
func counted(calls *atomic.Int64) call.Handler {
	return func(ctx context.Context, c *call.Call) (call.Reply, error) {
		calls.Add(1)
		return obedient(ctx, c)
	}
}

func TestMendE1NoWebPageSpendsMoney(t *testing.T) {
	for name, tt := range asBrowsers {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			n := within(t, config(), collaborators(counted(&calls)))
			for _, path := range everywhere {
				res, body := browse(t, n, tt.method, tt.host, path, tt.header)
				if tt.names == "" {
					if res.StatusCode == 403 {
						t.Errorf("%s: refused: %s", path, body)
					}
					continue
				}
				if res.StatusCode != 403 || !strings.Contains(strings.ReplaceAll(body, `\"`, `"`), tt.names) ||
					!strings.Contains(body, "ALLOWED_ORIGINS") && !strings.Contains(body, "server.hosts") {
					t.Errorf("%s: %d: %s", path, res.StatusCode, body)
				}
				if res.Header.Get("access-control-allow-origin") != "" {
					t.Errorf("%s: the page may read it", path)
				}
			}
			if got := calls.Load(); (got > 0) != (tt.names == "" && tt.method == "POST") {
				t.Errorf("%d calls", got)
			}
		})
	}
}

// TestMendE1KeysNeedNoOrigin: where a key is asked for, a page without one gets nothing anyhow, and proxies may call by
// any name.
func TestMendE1KeysNeedNoOrigin(t *testing.T) {
	for name, tt := range asBrowsers {
		if tt.method == http.MethodOptions {
			continue
		}
		t.Run(name, func(t *testing.T) {
			n := within(t, config(), collaborators(obedient, "the-one-good-key"))
			if res, body := browse(t, n, "GET", tt.host, "/v1/models",
				append([]string{"authorization", "Bearer the-one-good-key"}, tt.header...)); res.StatusCode != 200 {
				t.Errorf("%d: %s", res.StatusCode, body)
			}
			if res, _ := browse(t, n, "POST", tt.host, "/v1/chat/completions", tt.header); res.StatusCode != 401 {
				t.Errorf("without a key: %d", res.StatusCode)
			}
			opens := tt.names == "" || !strings.Contains(tt.host, ".example")
			if res, _ := browse(t, n, "GET", tt.host, "/metrics", nil); (res.StatusCode == 200) != opens {
				t.Errorf("metrics: %d", res.StatusCode)
			}
		})
	}
}

func TestMendE1OriginsAndHostsThatAreAllowed(t *testing.T) {
	for name, tt := range map[string]struct {
		origins, hosts []string
		host           string
		header         []string
		status         int
	}{
		"an origin": {[]string{"https://app.example"}, nil, "localhost",
			[]string{"origin", "https://app.example", "sec-fetch-site", "cross-site"}, 200},
		"an origin in other letters": {[]string{"https://App.example"}, nil, "localhost",
			[]string{"origin", "https://app.example"}, 200},
		"another one": {[]string{"https://app.example"}, nil, "localhost",
			[]string{"origin", "https://app.example.evil.example"}, 403},
		"one that ends so": {[]string{"https://app.example"}, nil, "localhost",
			[]string{"origin", "https://evil-app.example"}, 403},
		"a desktop shell": {[]string{"app://obsidian.md"}, nil, "localhost",
			[]string{"origin", "app://obsidian.md"}, 200},
		"an extension": {[]string{"chrome-extension://abcdefgh"}, nil, "localhost",
			[]string{"origin", "chrome-extension://abcdefgh", "sec-fetch-site", "none"}, 200},
		"any extension": {[]string{"chrome-extension://*"}, nil, "localhost",
			[]string{"origin", "chrome-extension://abcdefgh"}, 200},
		"a subdomain": {[]string{"https://*.app.example"}, nil, "localhost",
			[]string{"origin", "https://a.app.example"}, 200},
		"none of it": {[]string{"https://*.app.example"}, nil, "localhost",
			[]string{"origin", "https://.app.example"}, 403},
		"null": {[]string{"null"}, nil, "localhost",
			[]string{"origin", "null", "sec-fetch-site", "cross-site"}, 200},
		"null is not all": {[]string{"null"}, nil, "localhost", []string{"origin", "https://evil.example"},
			403},
		"a file": {[]string{"file://"}, nil, "localhost", []string{"origin", "file://"}, 200},
		"all": {[]string{"*"}, nil, "localhost", []string{"origin", "https://evil.example"},
			200},
		"all, but not by any name": {[]string{"*"}, nil, "evil.example", []string{"origin", "http://evil.example"},
			403},
		"an image of a page that may": {[]string{"https://app.example"}, nil, "localhost",
			[]string{"sec-fetch-site", "cross-site"}, 403},
		"a host":             {nil, []string{"gateway.example"}, "gateway.example:8080", nil, 200},
		"a host in capitals": {nil, []string{"Gateway.example"}, "GATEWAY.EXAMPLE", nil, 200},
		"a page of that host": {nil, []string{"gateway.example"}, "gateway.example:8080",
			[]string{"origin", "http://gateway.example:8080"}, 200},
		"hosts of a cluster": {nil, []string{"*.svc.cluster.local"}, "outcrop.ai.svc.cluster.local:8080", nil,
			200},
		"a host that is not of it": {nil, []string{"*.svc.cluster.local"}, "svc.cluster.local.evil.example", nil,
			403},
		"any host": {nil, []string{"*"}, "evil.example", nil, 200},
		"any host, but not for any origin": {nil, []string{"*"}, "gateway.example",
			[]string{"origin", "https://evil.example"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config()
			cfg.AllowedOrigins, cfg.Hosts = tt.origins, tt.hosts
			n := within(t, cfg, collaborators(obedient))
			res, body := browse(t, n, "POST", tt.host, "/v1/chat/completions", tt.header)
			if res.StatusCode != tt.status {
				t.Errorf("%d: %s", res.StatusCode, body)
			}
			if allow := res.Header.Get("access-control-allow-origin"); tt.status == 200 && tt.origins != nil && allow == "" {
				t.Error("the page may not read the answer")
			}
		})
	}
}

// TestMendD4MetricsBehindAProxy: what a proxy passes on is nobody's of this host, whatever it adds.
func TestMendD4MetricsBehindAProxy(t *testing.T) {
	cfg := config()
	cfg.Metrics.Networks = networks(t, "10.0.0.0/8")
	n := within(t, cfg, collaborators(obedient, "the-one-good-key"))
	for _, header := range []string{"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
		"x-forwarded-port", "x-forwarded-server", "x-real-ip"} {
		for _, from := range []string{"127.0.0.1:5000", "[::1]:5000", "10.0.0.1:5000"} {
			if got := n.status(n.client(from), "/metrics", header, "https"); got != 403 {
				t.Errorf("%s from %s: %d", header, from, got)
			}
		}
	}
	if got := n.status(n.client("10.0.0.1:5000"), "/metrics"); got != 200 {
		t.Errorf("the network itself: %d", got)
	}
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}
	n = within(t, cfg, collaborators(obedient, "the-one-good-key"))
	if got := n.status(n.client("10.0.0.1:5000"), "/metrics", "x-forwarded-for", "10.7.7.7", "x-forwarded-proto",
		"https"); got != 200 {
		t.Errorf("by a trusted proxy: %d", got)
	}
}

func TestMendD4MetricsApart(t *testing.T) {
	cfg := config()
	cfg.Metrics.Apart, cfg.Metrics.Token = true, "for-the-operator"
	l, own := listen(), listen()
	srv := server.New(cfg, collaborators(obedient, "the-one-good-key"))
	served := make(chan error, 1)
	go func() { served <- srv.ServeMetrics(own) }()
	serve(t, srv, l)
	t.Cleanup(func() {
		if err := srv.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Errorf("the listener for metrics: %v", err)
		}
	})
	callers, operator := network{t, l}, network{t, own}
	for path, want := range map[string][2]int{"/metrics": {404, 200}, "/health": {200, 200}, "/ready": {200, 200},
		"/v1/models": {401, 404}} {
		if got := [2]int{callers.status(callers.client("127.0.0.1:5000"), path),
			operator.status(operator.client("127.0.0.1:5000"), path)}; got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	other := operator.client("10.0.0.1:5000")
	if got := operator.status(other, "/metrics"); got != 403 {
		t.Errorf("another host: %d", got)
	}
	if got := operator.status(other, "/metrics", "authorization", "Bearer for-the-operator"); got != 200 {
		t.Errorf("with the token: %d", got)
	}
	if got := operator.status(other, "/metrics", "authorization", "Bearer for-the-operator", "host",
		"outcrop.monitoring.svc.cluster.local:9090"); got != 200 {
		t.Errorf("with the token, by the full name of a service: %d", got)
	}
	if got := operator.status(operator.client("127.0.0.1:5000"), "/metrics", "origin",
		"https://evil.example"); got != 403 {
		t.Errorf("a page: %d", got)
	}
}
