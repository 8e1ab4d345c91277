package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"outcrop/internal/call"
	"outcrop/openai"
	"outcrop/server"
)

// requested sends a request with headers given in pairs, and gives the answer with its body read.
func requested(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

// obedient is a pipeline that answers everything but the models "boom", at which it panics, and "fails".
func obedient(_ context.Context, c *call.Call) (call.Reply, error) {
	switch c.Request.Facts().Model {
	case "boom":
		panic("a bug")
	case "fails":
		return call.Reply{}, &openai.Error{Kind: openai.Unavailable, Message: "Not now."}
	}
	if c.Request.Facts().Stream {
		return reply(parts(chunk("hi"))), nil
	}
	return reply(parts(&openai.ChatResponse{})), nil
}

func TestSecurityHeadersOnEveryAnswer(t *testing.T) {
	cfg := config()
	cfg.AllowedOrigins, cfg.BodyLimit = []string{"https://app.example"}, 2000
	srv := start(t, cfg, collaborators(obedient, "the-one-good-key"))
	const key = "Bearer the-one-good-key"
	chat := func(model, rest string) string {
		return `{"model":"` + model + `"` + rest + `,"messages":[{"role":"user","content":"hi"}]}`
	}
	for name, tt := range map[string]struct {
		method, path, body string
		header             []string
		status             int
	}{
		"an answer": {"POST", "/v1/chat/completions", chat("m", ""), []string{"authorization", key}, 200},
		"a stream": {"POST", "/v1/chat/completions", chat("m", `,"stream":true`), []string{"authorization", key},
			200},
		"no key":     {"POST", "/v1/chat/completions", chat("m", ""), nil, 401},
		"a bad body": {"POST", "/v1/chat/completions", "{", []string{"authorization", key}, 400},
		"a body that is large": {"POST", "/v1/chat/completions", strings.Repeat(" ", 3000), []string{"authorization", key},
			413},
		"a compressed body": {"POST", "/v1/chat/completions", chat("m", ""),
			[]string{"authorization", key, "content-encoding", "gzip"}, 415},
		"an error of Bedrock": {"POST", "/v1/chat/completions", chat("fails", ""), []string{"authorization", key}, 503},
		"a panic":             {"POST", "/v1/chat/completions", chat("boom", ""), []string{"authorization", key}, 500},
		"a panic of a stream": {"POST", "/v1/chat/completions", chat("boom", `,"stream":true`),
			[]string{"authorization", key}, 500},
		"models":           {"GET", "/v1/models", "", []string{"authorization", key}, 200},
		"an unknown path":  {"GET", "/nothing", "", nil, 404},
		"a wrong method":   {"DELETE", "/v1/chat/completions", "", nil, 405},
		"health":           {"GET", "/health", "", nil, 200},
		"metrics":          {"GET", "/metrics", "", nil, 200},
		"metrics, refused": {"GET", "/metrics", "", []string{"via", "1.1 proxy"}, 403},
		"a preflight": {"OPTIONS", "/v1/models", "",
			[]string{"origin", "https://app.example", "access-control-request-method", "GET"}, 204},
		"a preflight of others": {"OPTIONS", "/v1/models", "",
			[]string{"origin", "https://evil.example", "access-control-request-method", "GET"}, 204},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.method == "POST" {
				tt.header = append(tt.header, "content-type", "application/json")
			}
			res, body := requested(t, tt.method, srv+tt.path, tt.body, tt.header...)
			if res.StatusCode != tt.status {
				t.Fatalf("%d, want %d: %s", res.StatusCode, tt.status, body)
			}
			want := map[string]string{
				"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store",
				"content-security-policy":   "default-src 'none'; frame-ancestors 'none'",
				"strict-transport-security": "", // over an unencrypted connection it says nothing
			}
			if name == "a stream" {
				want["cache-control"] = "no-cache" // R-STR-01
			}
			for h, v := range want {
				if got := res.Header.Values(h); strings.Join(got, "|") != v {
					t.Errorf("%s: %q, want %q", h, got, v)
				}
			}
			if res.Header.Get("server") != "" || res.Header.Get("x-request-id") == "" {
				t.Errorf("%v", res.Header)
			}
		})
	}
}

func TestCrossOriginRequests(t *testing.T) {
	const ours, theirs = "https://app.example", "https://app.example.evil.example"
	for name, tt := range map[string]struct {
		allowed []string
		origin  string
		want    string // what access-control-allow-origin says
	}{
		"off by default":            {nil, ours, ""},
		"an origin that is allowed": {[]string{"https://other.example", ours}, ours, ours},
		"one that begins like it":   {[]string{ours}, theirs, ""},
		"another scheme":            {[]string{ours}, "http://app.example", ""},
		"another port":              {[]string{ours}, ours + ":8443", ""},
		"a point is no wildcard":    {[]string{ours}, "https://appxexample", ""},
		"null":                      {[]string{ours}, "null", ""},
		"all":                       {[]string{"*"}, theirs, "*"},
		"all, and null":             {[]string{"*"}, "null", "*"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config()
			cfg.AllowedOrigins = tt.allowed
			srv := start(t, cfg, collaborators(obedient, "the-one-good-key"))
			preflight, _ := requested(t, "OPTIONS", srv+"/v1/chat/completions", "", "origin", tt.origin,
				"access-control-request-method", "POST", "access-control-request-headers",
				"authorization,content-type,x-stainless-os")
			refused, _ := requested(t, "POST", srv+"/v1/chat/completions", "{}", "origin", tt.origin)
			answer, _ := requested(t, "GET", srv+"/v1/models", "", "origin", tt.origin, "authorization",
				"Bearer the-one-good-key")
			if refused.StatusCode != 401 || answer.StatusCode != 200 {
				t.Errorf("%d, %d", refused.StatusCode, answer.StatusCode)
			}
			for _, res := range []*http.Response{preflight, refused, answer} {
				if got := strings.Join(res.Header.Values("access-control-allow-origin"), "|"); got != tt.want {
					t.Errorf("%d: allow-origin %q, want %q", res.StatusCode, got, tt.want)
				}
				if res.Header.Get("access-control-allow-credentials") != "" {
					t.Error("cookies are allowed")
				}
			}
			if tt.want == "" {
				for h := range preflight.Header {
					if strings.HasPrefix(h, "Access-Control-") {
						t.Errorf("%s: %s", h, preflight.Header.Get(h))
					}
				}
				return
			}
			if preflight.StatusCode != 204 ||
				preflight.Header.Get("access-control-allow-headers") != "authorization,content-type,x-stainless-os" ||
				!strings.Contains(preflight.Header.Get("access-control-allow-methods"), "POST") {
				t.Errorf("the preflight: %d %v", preflight.StatusCode, preflight.Header)
			}
			for _, h := range []string{"x-request-id", "retry-after", "x-ratelimit-remaining-tokens", "x-outcrop-provenance",
				"x-outcrop-route"} {
				if !strings.Contains(answer.Header.Get("access-control-expose-headers"), h) {
					t.Errorf("%s is not exposed: %q", h, answer.Header.Get("access-control-expose-headers"))
				}
			}
			if tt.want != "*" && !strings.Contains(strings.Join(answer.Header.Values("vary"), ","), "Origin") {
				t.Errorf("vary %q", answer.Header.Values("vary"))
			}
		})
	}
}

func networks(t *testing.T, list ...string) (all []netip.Prefix) {
	t.Helper()
	for _, s := range list {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

// network is a server that is reached from any address there is.
type network struct {
	t testing.TB
	l *pipes
}

func within(t testing.TB, cfg server.Config, with server.Collaborators) network {
	t.Helper()
	l := listen()
	serve(t, server.New(cfg, with), l)
	return network{t, l}
}

// connection is one whose other end has an address of our choice.
type connection struct {
	net.Conn
	remote net.Addr
}

func (c connection) RemoteAddr() net.Addr { return c.remote }

// dial connects from an address, with its port.
func (n network) dial(from string) net.Conn {
	n.t.Helper()
	ours, theirs := net.Pipe()
	n.l.conns <- connection{theirs, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from))}
	return ours
}

// client sends all its requests over one connection from that address.
func (n network) client(from string) *http.Client {
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn,
		error) {
		return n.dial(from), nil
	}}
	n.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// status is that of a GET from an address, with headers given in pairs.
func (n network) status(c *http.Client, path string, header ...string) int {
	n.t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://gateway"+path, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
		if header[i] == "host" {
			req.Host = header[i+1]
		}
	}
	res, err := c.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

func TestWhoMayReadMetrics(t *testing.T) {
	const key, token, xff = "Bearer the-one-good-key", "Bearer for-the-operator", "x-forwarded-for"
	for name, tt := range map[string]struct {
		proxies, networks, token string
		from                     string
		header                   []string
		status                   int
	}{
		"this host":         {from: "127.0.0.1:5000", status: 200},
		"this host, IPv6":   {from: "[::1]:5000", status: 200},
		"this host, mapped": {from: "[::ffff:127.0.0.1]:5000", status: 200},
		"another host":      {from: "10.0.0.1:5000", status: 403},
		"an API key": {from: "10.0.0.1:5000", header: []string{"authorization", key},
			status: 403},
		"an API key, and a token is set": {token: "for-the-operator", from: "10.0.0.1:5000",
			header: []string{"authorization", key}, status: 403},
		"the token": {token: "for-the-operator", from: "10.0.0.1:5000",
			header: []string{"authorization", token}, status: 200},
		"another token": {token: "for-the-operator", from: "10.0.0.1:5000",
			header: []string{"authorization", token + "s"}, status: 403},
		"no token, and none is set": {from: "10.0.0.1:5000", header: []string{"authorization", "Bearer "},
			status: 403},
		"a network":           {networks: "10.0.0.0/8", from: "10.9.9.9:5000", status: 200},
		"a network, mapped":   {networks: "10.0.0.0/8", from: "[::ffff:10.9.9.9]:5000", status: 200},
		"outside the network": {networks: "10.0.0.0/8", from: "11.0.0.1:5000", status: 403},
		"a header is no proof": {networks: "10.0.0.0/8", from: "11.0.0.1:5000",
			header: []string{xff, "10.0.0.1"}, status: 403},
		"a header from no trusted proxy": {proxies: "192.0.2.0/24", networks: "10.0.0.0/8", from: "11.0.0.1:5000",
			header: []string{xff, "10.0.0.1"}, status: 403},
		"behind a proxy": {proxies: "192.0.2.0/24", networks: "10.0.0.0/8", from: "192.0.2.1:5000",
			header: []string{xff, "10.0.0.1"}, status: 200},
		"behind a proxy, from elsewhere": {proxies: "192.0.2.0/24", networks: "10.0.0.0/8", from: "192.0.2.1:5000",
			header: []string{xff, "11.0.0.1"}, status: 403},
		"behind a proxy, with a forged entry": {proxies: "192.0.2.0/24", networks: "10.0.0.0/8", from: "192.0.2.1:5000",
			header: []string{xff, "10.0.0.1, 11.0.0.1"}, status: 403},
		"behind a proxy, with a forged header": {proxies: "192.0.2.0/24", networks: "10.0.0.0/8", from: "192.0.2.1:5000",
			header: []string{xff, "10.0.0.1", xff, "11.0.0.1"}, status: 403},
		"behind a proxy, as if from this host": {proxies: "192.0.2.0/24", from: "192.0.2.1:5000",
			header: []string{xff, "127.0.0.1"}, status: 403},
		"behind two proxies": {proxies: "192.0.2.0/24", networks: "10.0.0.0/8", from: "192.0.2.1:5000",
			header: []string{xff, "10.0.0.1, 192.0.2.7"}, status: 200},
		"behind a proxy that notes the port": {proxies: "192.0.2.0/24", networks: "10.0.0.0/8", from: "192.0.2.1:5000",
			header: []string{xff, "10.0.0.1:4711"}, status: 200},
		"behind a proxy, an unreadable entry": {proxies: "192.0.2.0/24", networks: "10.0.0.0/8", from: "192.0.2.1:5000",
			header: []string{xff, "10.0.0.1, unknown"}, status: 403},
		"behind a proxy on this host": {from: "127.0.0.1:5000", header: []string{xff, "11.0.0.1"}, status: 403},
		"behind a trusted proxy on this host": {proxies: "127.0.0.0/8", from: "127.0.0.1:5000",
			header: []string{xff, "127.0.0.1, 11.0.0.1"}, status: 403},
		"behind a proxy on this host, forwarded": {from: "127.0.0.1:5000", header: []string{"forwarded", "for=11.0.0.1"},
			status: 403},
		"behind a proxy on this host, real ip": {from: "127.0.0.1:5000", header: []string{"x-real-ip", "11.0.0.1"},
			status: 403},
		"the token, behind a proxy on this host": {token: "for-the-operator", from: "127.0.0.1:5000",
			header: []string{xff, "11.0.0.1", "authorization", token}, status: 200},
		"all are trusted: the one that is furthest": {proxies: "0.0.0.0/0", networks: "10.0.0.0/8", from: "192.0.2.1:5000",
			header: []string{xff, "10.0.0.1, 11.0.0.1"}, status: 200},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config()
			cfg.Metrics.Token = tt.token
			if tt.proxies != "" {
				cfg.TrustedProxies = networks(t, tt.proxies)
			}
			if tt.networks != "" {
				cfg.Metrics.Networks = networks(t, tt.networks)
			}
			n := within(t, cfg, collaborators(obedient, "the-one-good-key"))
			if got := n.status(n.client(tt.from), "/metrics", tt.header...); got != tt.status {
				t.Errorf("status %d, want %d", got, tt.status)
			}
		})
	}
}
