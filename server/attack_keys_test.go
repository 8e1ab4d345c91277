package server_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/netip"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/access/keys"
	"outcrop/internal/store/memory"
)

// volatile are the headers that differ between two answers to the same request.
var volatile = []string{"X-Request-Id", "Date", "Openai-Processing-Ms", "X-Outcrop-Provenance"}

// TestAttackKeyEnumeration: nobody learns from an answer whether a key was ever good.
func TestAttackKeyEnumeration(t *testing.T) {
	kept := memory.New()
	registry := keys.NewRegistry(kept)
	create := func(k keys.Key) (string, keys.Key) {
		secret, made, err := registry.Create(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		return secret, made
	}
	good, _ := create(keys.Key{Name: "good"})
	revoked, gone := create(keys.Key{Name: "revoked"})
	if _, err := registry.Revoke(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	replaced, rotated := create(keys.Key{Name: "rotated"})
	if _, _, err := registry.Rotate(t.Context(), rotated.ID, 0); err != nil {
		t.Fatal(err)
	}
	unknown, _ := keys.Secret()
	expired, hash := keys.Secret()
	directory := keys.NewDirectory(kept, time.Hour, func(err error) { t.Log(err) })
	if err := directory.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	with := collaborators(obedient)
	with.Gate = keys.NewGate(keys.Config{Keys: []keys.Configured{
		{Name: "expired", Hash: hash, Expires: access.Moment{Time: time.Now().Add(-time.Hour)}},
	}}, directory, nil)
	srv := start(t, config(), with)

	show := func(status int, h http.Header, body string) string {
		h = h.Clone()
		for _, name := range volatile {
			h.Del(name)
		}
		return fmt.Sprint(status, h, body)
	}
	for _, header := range []string{"authorization", "api-key"} {
		want := ""
		for name, key := range map[string]string{
			"unknown": unknown, "malformed": "oc-nonsense", "of another service": "sk-proj-abcdefghijklmnopqrstuvwxyz",
			"revoked":  revoked,
			"replaced": replaced, "expired": expired, "the hash of a good one": keys.HashOf(good).String(),
			"the start of a good one": good[:len(good)-1],
			"a good one and more":     good + "x", "a good one in other letters": strings.ToUpper(good),
			"long": strings.Repeat("x", 20_000), "not ASCII": "oc-\u00e9\u00e9",
		} {
			if header == "authorization" {
				key = "Bearer " + key
			}
			res, body := requested(t, "POST", srv+"/v1/chat/completions", "{}", header, key)
			got := show(res.StatusCode, res.Header, body)
			if want == "" {
				want = got
			}
			if res.StatusCode != 401 || got != want {
				t.Errorf("%s as %s: %s\nothers: %s", name, header, got, want)
			}
		}
	}
	if res, body := requested(t, "GET", srv+"/v1/models", "", "api-key", good); res.StatusCode != 200 {
		t.Errorf("the good key: %d %s", res.StatusCode, body)
	}
}

// TestAttackTimingOfKeyComparison reads the code: what is secret is compared by crypto/subtle, and with nothing else.
// Keys are found by their SHA-256, of which an attacker can choose no prefix; time tells nothing of them.
func TestAttackTimingOfKeyComparison(t *testing.T) {
	secret := func(e ast.Expr) bool {
		name := ""
		switch e := e.(type) {
		case *ast.Ident:
			name = e.Name
		case *ast.SelectorExpr:
			name = e.Sel.Name
		}
		switch strings.ToLower(name) {
		case "key", "secret", "sum", "token", "got", "want", "presented", "credential":
			return true
		}
		return strings.Contains(strings.ToLower(name), "hash")
	}
	constant := func(e ast.Expr) bool { // "", nil and the like tell nothing
		id, ok := e.(*ast.Ident)
		_, literal := e.(*ast.BasicLit)
		return literal || ok && id.Name == "nil"
	}
	subtle := map[string]int{}
	for _, file := range []string{"../internal/access/keys/gate.go", "../internal/access/keys/secret.go",
		"../internal/access/keys/directory.go", "../internal/dialect/dialect.go", "authenticate.go", "metrics.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if (n.Op == token.EQL || n.Op == token.NEQ) && !constant(n.X) && !constant(n.Y) && (secret(n.X) || secret(n.Y)) {
					t.Errorf("%s compares something secret with %s", file, n.Op)
				}
			case *ast.SelectorExpr:
				if id, ok := n.X.(*ast.Ident); ok {
					switch id.Name + "." + n.Sel.Name {
					case "subtle.ConstantTimeCompare":
						subtle[filepath.Base(file)]++
					case "bytes.Equal", "bytes.Compare", "strings.Compare", "strings.EqualFold", "hmac.New":
						if n.Sel.Name != "EqualFold" || filepath.Base(file) != "dialect.go" { // the name of the scheme
							t.Errorf("%s uses %s.%s", file, id.Name, n.Sel.Name)
						}
					}
				}
			}
			return true
		})
	}
	if subtle["secret.go"] == 0 || subtle["metrics.go"] == 0 {
		t.Errorf("crypto/subtle is used in %v", subtle)
	}
}

// BenchmarkRefusedKey is how long a refusal takes, by what is wrong with the key: the figures should be alike, but for
// the long one's copying.
func BenchmarkRefusedKey(b *testing.B) {
	good, hash := keys.Secret()
	unknown, _ := keys.Secret()
	gate := keys.NewGate(keys.Config{Keys: []keys.Configured{{Name: "good", Hash: hash}}}, nil, nil)
	for _, c := range []struct{ name, key string }{
		{"unknown", unknown}, {"first=wrong", "x" + good[1:]}, {"last=wrong", good[:len(good)-1] + "!"},
		{"malformed", "oc-" + strings.Repeat("y", len(good)-3)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := gate.Admit(keys.Credential{Key: c.key}); err == nil {
					b.Fatal("admitted")
				}
			}
		})
	}
}

// TestAttackTenThousandWrongKeys: guessing is slowed down for each address, behind a balancer too, others there are
// left alone, a good key still passes, and memory stays bounded.
func TestAttackTenThousandWrongKeys(t *testing.T) {
	const good, perMinute = "the-one-good-key", 20
	behind := func(address string) []string { return []string{"x-forwarded-for", address} }
	for name, tt := range map[string]struct {
		from   string
		tries  int
		header func(i int) []string
	}{
		"from one address":      {"198.51.100.1:1000", 10_000, func(int) []string { return nil }},
		"from one IPv6 network": {"[2001:db8::1]:1000", 1_000, func(int) []string { return nil }},
		"behind the balancer":   {"192.0.2.1:1000", 10_000, func(int) []string { return behind("198.51.100.1") }},
		"with forged headers": {"198.51.100.1:1000", 1_000,
			func(i int) []string { return behind(fmt.Sprintf("203.0.113.%d", i%250)) }},
		"with forged entries": {"192.0.2.1:1000", 1_000,
			func(i int) []string { return behind(fmt.Sprintf("203.0.113.%d, 198.51.100.1", i%250)) }},
		"from many of an IPv6 network": {"192.0.2.1:1000", 1_000,
			func(i int) []string { return behind(fmt.Sprintf("2001:db8::%x", i)) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config()
			cfg.TrustedProxies = networks(t, "192.0.2.0/24")
			with := collaborators(obedient)
			with.Gate = keys.NewGate(keys.Config{APIKeys: []string{good}}, nil, keys.NewAttempts(perMinute))
			n := within(t, cfg, with)
			attacker := n.client(tt.from)
			began, counts := time.Now(), map[int]int{}
			for i := range tt.tries {
				counts[n.status(attacker, "/v1/models",
					append(tt.header(i), "authorization", fmt.Sprintf("Bearer guess-%d", i))...)]++
			}
			allowed := perMinute + int(time.Since(began)*perMinute/time.Minute) + 1
			if counts[401] < perMinute || counts[401] > allowed || counts[401]+counts[429] != tt.tries {
				t.Errorf("%v, at most %d of them 401", counts, allowed)
			}
			if got := n.status(attacker, "/v1/models", append(tt.header(1), "api-key", good)...); got != 200 {
				t.Errorf("a good key from there: %d", got)
			}
			if got := n.status(n.client("192.0.2.1:2000"), "/v1/models", "x-forwarded-for", "198.51.100.77", "api-key",
				"wrong"); got != 401 {
				t.Errorf("another one's first wrong key: %d", got)
			}
		})
	}
}

func TestAttackFromManyAddresses(t *testing.T) {
	gate := keys.NewGate(keys.Config{APIKeys: []string{"the-one-good-key"}}, nil, keys.NewAttempts(20))
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	wrong := func(from, to int) {
		for i := from; i < to; i++ {
			addr := netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)})
			if _, err := gate.Admit(keys.Credential{Key: "wrong", Addr: addr}); err == nil {
				t.Fatal("admitted")
			}
		}
	}
	wrong(0, 100_000)
	filled := heap()
	wrong(100_000, 400_000)
	if now := heap(); now > filled+4<<20 {
		t.Errorf("%d bytes after 100,000 addresses, %d after four times as many", filled, now)
	}
	runtime.KeepAlive(gate)
}

// TestAttackTwoCredentials: of two headers of a kind one might have been looked at by whoever stands in front, and the
// other one by us.
func TestAttackTwoCredentials(t *testing.T) {
	srv := start(t, config(), collaborators(obedient, "the-one-good-key"))
	const good, bad = "Bearer the-one-good-key", "Bearer another-key"
	for name, tt := range map[string]struct {
		header []string
		status int
	}{
		"one":                           {[]string{"authorization", good}, 200},
		"one of each kind":              {[]string{"authorization", good, "api-key", "the-one-good-key"}, 200},
		"good, then bad":                {[]string{"authorization", good, "authorization", bad}, 401},
		"bad, then good":                {[]string{"authorization", bad, "authorization", good}, 401},
		"twice the same":                {[]string{"authorization", good, "authorization", good}, 401},
		"two of the other kind":         {[]string{"api-key", "the-one-good-key", "api-key", "x"}, 401},
		"in one line":                   {[]string{"authorization", good + ", " + bad}, 401},
		"bad, and good as other kind":   {[]string{"authorization", bad, "api-key", "the-one-good-key"}, 401},
		"another scheme":                {[]string{"authorization", "Basic the-one-good-key"}, 401},
		"spaces around it":              {[]string{"authorization", "bearer   the-one-good-key  "}, 200},
		"in the query, which is logged": {nil, 401},
	} {
		t.Run(name, func(t *testing.T) {
			res, body := requested(t, "GET", srv+"/v1/models?api-key=the-one-good-key&key=the-one-good-key", "", tt.header...)
			if res.StatusCode != tt.status || strings.Contains(body, "the-one-good-key") {
				t.Errorf("%d, want %d: %s", res.StatusCode, tt.status, body)
			}
		})
	}
}

// TestAttackBodyWithoutAKey: who has no key cannot make the gateway read, or wait for, a body.
func TestAttackBodyWithoutAKey(t *testing.T) {
	srv := start(t, config(), collaborators(obedient, "the-one-good-key"))
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv+"/v1/chat/completions", r)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength, req.Header = 30e6, http.Header{"Content-Type": {"application/json"}}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 401 {
		t.Errorf("status %d", res.StatusCode)
	}
}
