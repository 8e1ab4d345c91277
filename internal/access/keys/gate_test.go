package keys

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/store"
	"outcrop/internal/store/memory"
	"outcrop/openai"
)

var here = netip.MustParseAddr("192.0.2.7")

func admit(g *Gate, key string) (access.Principal, error) {
	return g.Admit(Credential{Key: key, Addr: here, Endpoint: "chat.completions"})
}

func TestAdmitSimpleKeys(t *testing.T) {
	g := NewGate(Config{APIKeys: []string{"first-key", "second-key"}}, nil, nil)
	for _, tt := range []struct {
		name, key, code string
		ok              bool
	}{
		{"R-ERR-66 no key", "", "", false},
		{"R-ERR-66 wrong key", "third-key", "invalid_api_key", false},
		{"R-ERR-66 prefix of a key", "first-ke", "invalid_api_key", false},
		{"R-ERR-66 a key and more", "first-key" + strings.Repeat("x", 10_000), "invalid_api_key", false},
		{"first", "first-key", "", true},
		{"second", "second-key", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := admit(g, tt.key)
			if tt.ok {
				if err != nil || p.Key == "" || p.KeyID == "" || p.Rights != nil || strings.Contains(tt.key, p.Key) {
					t.Fatalf("Admit = %+v, %v", p, err)
				}
				return
			}
			var e *openai.Error
			if !errors.As(err, &e) || e.Kind != openai.Unauthenticated || e.Code != tt.code {
				t.Fatalf("error = %+v", err)
			}
			if tt.key != "" && strings.Contains(e.Message, tt.key) {
				t.Fatal("the message repeats the key")
			}
		})
	}
}

func TestOpenGate(t *testing.T) {
	if _, err := admit(NewGate(Config{}, nil, nil), ""); err != nil {
		t.Errorf("a gate without keys refused: %v", err)
	}
	if _, err := admit(NewGate(Config{Required: true}, nil, nil), ""); err == nil {
		t.Error("a gate that demands keys let somebody in without")
	}
}

// keyed gives a gate, the registry behind it and what brings the gate up to date.
func keyed(t *testing.T) (*Gate, *Registry, func()) {
	t.Helper()
	s := memory.New()
	d := NewDirectory(s, time.Hour, func(error) {})
	refresh := func() {
		t.Helper()
		if err := d.Refresh(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	refresh()
	return NewGate(Config{}, d, nil), NewRegistry(s), refresh
}

func create(t *testing.T, r *Registry, k Key) (string, Key) {
	t.Helper()
	secret, made, err := r.Create(context.Background(), k)
	if err != nil {
		t.Fatal(err)
	}
	return secret, made
}

func TestStoredKeys(t *testing.T) {
	g, r, refresh := keyed(t)
	if !g.Open() {
		t.Error("a gate without any key is not open")
	}
	secret, made := create(t, r,
		Key{Name: "one", Tenant: "acme", Priority: "batch", Rights: access.Rights{Models: []string{"a*"}, MaxTokens: 10}})
	refresh()
	p, err := admit(g, secret)
	if err != nil || p.KeyID != made.ID || p.Key != made.ID || p.Tenant != "acme" || p.Name != "one" ||
		p.Priority != "batch" || p.Rights.MaxTokens != 10 {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := admit(g, ""); err == nil {
		t.Error("a gate with a key is open")
	}
	if _, err := r.Revoke(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	refresh()
	if _, err := admit(g, secret); err == nil {
		t.Error("a revoked key was admitted")
	}
	if _, err := admit(g, ""); err == nil {
		t.Error("revoking the last key has opened the gate")
	}
}

// TestRefusalsAreAlike: who tries keys must not learn whether one ever was good.
func TestRefusalsAreAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, r, refresh := keyed(t)
		revoked, made := create(t, r, Key{})
		expired, _ := create(t, r, Key{Rights: access.Rights{Expires: time.Now().Add(time.Minute)}})
		rotated, other := create(t, r, Key{})
		if _, err := r.Revoke(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Rotate(t.Context(), other.ID, 0); err != nil {
			t.Fatal(err)
		}
		refresh()
		time.Sleep(time.Minute)
		unknown, _ := Secret()
		want := openai.Error{Kind: openai.Unauthenticated, Code: "invalid_api_key", Message: "Incorrect API key provided."}
		for name, key := range map[string]string{
			"unknown": unknown, "revoked": revoked, "expired": expired, "rotated away": rotated, "malformed": revoked[:51] + "!",
			"another checksum": swapped(revoked), "not ours": "sk-1234",
			"an id": made.ID, "a hash": made.Hash.String(), "long": strings.Repeat("x", 60_000),
			"control characters": "a\x00\r\nb",
		} {
			_, err := admit(g, key)
			var e *openai.Error
			if !errors.As(err, &e) || *e != want {
				t.Errorf("%s: %#v", name, err)
			}
		}
	})
}

func swapped(key string) string {
	last := byte('0')
	if key[len(key)-1] == last {
		last = '1'
	}
	return key[:len(key)-1] + string(last)
}

// TestKeysAreComparedInConstantTime reads the code: a measurement could not tell a comparison of 32 bytes from noise.
// Keys are looked up by their SHA-256, which nobody can steer towards that of a key, and what was found is compared in
// constant time.
func TestKeysAreComparedInConstantTime(t *testing.T) {
	for file, wants := range map[string][]string{
		"gate.go": {"sha256.Sum256(text)", "!e.hash.equal(&sum)"},
		"secret.go": {"subtle.ConstantTimeCompare(h[:], other[:]) == 1",
			"subtle.ConstantTimeCompare(sum[:], key[secretLength-checksumDigits:]) == 1"},
	} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(b), want) {
				t.Errorf("%s does not hold %s", file, want)
			}
		}
	}
	b, _ := os.ReadFile("gate.go")
	if m := regexp.MustCompile(`\b(c\.Key|key) == [^"\s]|bytes\.Equal|strings\.(EqualFold|Compare)`).Find(b); m != nil {
		t.Errorf("gate.go compares by %s", m)
	}
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, r, refresh := keyed(t)
		secret, _ := create(t, r, Key{Rights: access.Rights{Expires: time.Now().Add(time.Hour)}})
		refresh()
		time.Sleep(time.Hour - time.Second)
		if _, err := admit(g, secret); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		refresh()
		if _, err := admit(g, secret); err == nil {
			t.Error("an expired key was admitted")
		}
	})
}

func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, r, refresh := keyed(t)
		first, made := create(t, r, Key{Name: "one", Tenant: "acme"})
		second, changed, err := r.Rotate(t.Context(), "one", time.Hour)
		if err != nil || changed.ID != made.ID || changed.Tenant != "acme" || second == first || !wellFormed([]byte(second)) {
			t.Fatalf("%+v, %v", changed, err)
		}
		refresh()
		passes := func(key string, want bool) {
			t.Helper()
			p, err := admit(g, key)
			if (err == nil) != want || want && p.KeyID != made.ID {
				t.Errorf("%+v, %v", p, err)
			}
		}
		passes(first, true)
		passes(second, true)
		time.Sleep(time.Hour)
		passes(first, false) // without any refresh
		passes(second, true)
		third, _, err := r.Rotate(t.Context(), second, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		fourth, _, err := r.Rotate(t.Context(), made.ID, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		refresh()
		for _, key := range []string{second, third, fourth} {
			passes(key, true)
		}
		time.Sleep(time.Minute) // the shorter grace counts for all before it
		passes(second, false)
		passes(third, false)
		passes(fourth, true)
		if _, err := r.Revoke(t.Context(), fourth); err != nil {
			t.Fatal(err)
		}
		refresh()
		passes(fourth, false)
		if _, _, err := r.Rotate(t.Context(), made.ID, 0); err == nil || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("a revoked key was rotated: %v", err)
		}
	})
}

func TestNetworksAndEndpoints(t *testing.T) {
	g, r, refresh := keyed(t)
	secret, _ := create(t, r,
		Key{Rights: access.Rights{Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"),
			netip.MustParsePrefix("2001:db8::/32")}, Endpoints: []string{"chat.*"}}})
	refresh()
	for _, tt := range []struct{ addr, endpoint, code string }{
		{"10.1.2.3", "chat.completions", ""},
		{"::ffff:10.1.2.3", "chat.completions", ""},
		{"2001:db8::1%eth0", "chat.completions", ""},
		{"10.2.0.1", "chat.completions", "ip_not_authorized"},
		{"", "chat.completions", "ip_not_authorized"},
		{"10.1.2.3", "embeddings", "endpoint_not_allowed"},
		{"10.1.2.3", "", "endpoint_not_allowed"},
	} {
		addr, _ := netip.ParseAddr(tt.addr)
		_, err := g.Admit(Credential{secret, addr, tt.endpoint})
		var e *openai.Error
		switch {
		case tt.code == "" && err != nil:
			t.Errorf("%v: %v", tt, err)
		case tt.code != "" && (!errors.As(err, &e) || e.Kind != openai.Forbidden || e.Code != tt.code):
			t.Errorf("%v: %v", tt, err)
		}
	}
}

// failing is a store that can be switched off.
type failing struct {
	Store
	away atomic.Bool
}

func (f *failing) Changes(ctx context.Context, kind string) (int64, error) {
	if f.away.Load() {
		return 0, errors.New("away")
	}
	return f.Store.Changes(ctx, kind)
}

// countedReads counts how often the store was asked.
type countedReads struct {
	Store
	asked atomic.Int32
}

func (c *countedReads) Changes(ctx context.Context, kind string) (int64, error) {
	c.asked.Add(1)
	return c.Store.Changes(ctx, kind)
}

func TestAKeyIsGoodAsSoonAsItIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &countedReads{Store: memory.New()}
		d := NewDirectory(s, time.Hour, nil)
		if err := d.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		g, r := NewGate(Config{}, d, nil), NewRegistry(s)
		if p, err := admit(g, "unused"); err != nil || s.asked.Load() != 1 {
			t.Errorf("a text that is no key, at an open gate: %+v, %v, the store was asked %d times", p, err, s.asked.Load())
		}
		first, made := create(t, r, Key{})
		if p, err := admit(g, first); err != nil || p.KeyID != made.ID {
			t.Errorf("the first key, which closes the gate: %+v, %v", p, err)
		}
		time.Sleep(lookAgain)
		second, made := create(t, r, Key{})
		if p, err := admit(g, second); err != nil || p.KeyID != made.ID {
			t.Errorf("a further key: %+v, %v", p, err)
		}
		time.Sleep(lookAgain)
		s.asked.Store(0)
		for range 1000 {
			wrong, _ := Secret()
			if _, err := admit(g, wrong); err == nil {
				t.Fatal("a wrong key was admitted")
			}
		}
		if n := s.asked.Load(); n != 1 {
			t.Errorf("a thousand wrong keys at once made %d questions to the store", n)
		}
	})
}

func TestDirectoryFollowsTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &failing{Store: memory.New()}
		s.away.Store(true)
		var reports []error
		d := NewDirectory(s, time.Hour, func(err error) { reports = append(reports, err) })
		g, r := NewGate(Config{APIKeys: []string{"simple"}}, d, nil), NewRegistry(s)
		secret, made := create(t, r, Key{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go d.Run(ctx)
		synctest.Wait()
		kind := func(key string) openai.Kind {
			_, err := admit(g, key)
			var e *openai.Error
			if errors.As(err, &e) {
				return e.Kind
			}
			return 0
		}
		if got := kind(secret); got != openai.Unavailable {
			t.Errorf("nobody can tell whether the key is good, and kind %d was answered", got)
		}
		if kind("simple") != 0 || kind("wrong") != openai.Unauthenticated {
			t.Error("keys of the configuration depend on the store")
		}
		s.away.Store(false)
		time.Sleep(2 * time.Second)
		if got := kind(secret); got != 0 {
			t.Errorf("kind %d", got)
		}
		if _, err := r.Revoke(ctx, made.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second) // of the 5 that it may take
		if got := kind(secret); got != openai.Unauthenticated {
			t.Errorf("two seconds after its revocation the key gets kind %d", got)
		}
		other, _ := create(t, r, Key{})
		time.Sleep(2 * time.Second)
		s.away.Store(true)
		time.Sleep(59 * time.Minute)
		if got := kind(other); got != 0 {
			t.Errorf("within the grace: kind %d", got)
		}
		time.Sleep(2 * time.Minute)
		if got := kind(other); got != openai.Unavailable {
			t.Errorf("after the grace: kind %d", got)
		}
		s.away.Store(false)
		time.Sleep(2 * time.Second)
		if got := kind(other); got != 0 {
			t.Errorf("the store is back: kind %d", got)
		}
		cancel()
		synctest.Wait()
		if len(reports) != 4 || reports[0] == nil || reports[1] != nil || reports[2] == nil || reports[3] != nil {
			t.Errorf("reports %v", reports)
		}
	})
}

func TestUnreadableEntries(t *testing.T) {
	s := memory.New()
	r := NewRegistry(s)
	secret, made := create(t, r, Key{Tenant: "a"})
	gone, _ := create(t, r, Key{Tenant: "b"})
	documents, _ := read(t.Context(), s)
	for _, d := range documents {
		if d.Tenant == "b" {
			d.Body = []byte(strings.Replace(string(d.Body), `{`, `{"a_new_restriction":true,`, 1))
			if _, err := s.Documents(kind).Put(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		} else { // an entry of one tenant that stands where another's belongs
			if _, err := s.Documents(kind).Put(t.Context(), store.Document{Tenant: "c", ID: d.ID, Body: d.Body}); err != nil {
				t.Fatal(err)
			}
		}
	}
	d := NewDirectory(s, time.Hour, nil)
	for range 2 { // also when nothing has changed
		if err := d.Refresh(t.Context()); err == nil || strings.Count(err.Error(), "\n") != 1 {
			t.Errorf("two entries cannot be read: %v", err)
		}
	}
	g := NewGate(Config{}, d, nil)
	if p, err := admit(g, secret); err != nil || p.KeyID != made.ID || p.Tenant != "a" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := admit(g, gone); err == nil {
		t.Error("a key with a restriction that nobody knows was admitted")
	}
	if list, err := r.List(t.Context()); len(list) != 1 || err == nil {
		t.Errorf("%v, %v", list, err)
	}
}

func TestConfiguredKeys(t *testing.T) {
	secret, hash := Secret()
	of := Configured{Name: "team", Hash: hash, Tenant: "acme", Models: []string{"m"}, Tiers: []string{"fast"},
		Endpoints: []string{"chat.completions"},
		Limits:    access.Limits{RequestsPerMinute: 1, TokensPerMinute: 2, Concurrent: 3},
		Budget:    access.Budget{Amount: 5_000_000, SoftPercent: 80}, Priority: "normal",
		Guardrail: access.Guardrail{Identifier: "g", Version: "1"}, Profile: "strict", MaxTokens: 7, Extensions: []string{},
		Expires:  access.Moment{Time: time.Now().Add(time.Hour)},
		Networks: []string{"192.0.2.0/24"}, StoreText: true}
	if faults := of.Faults(); len(faults) > 0 {
		t.Fatal(faults)
	}
	p, err := admit(NewGate(Config{Keys: []Configured{of, {Name: "other", Hash: HashOf("other-key")}}}, nil, nil), secret)
	if err != nil {
		t.Fatal(err)
	}
	r := p.Rights
	if p.KeyID != "config:team" || p.Tenant != "acme" || p.Priority != "normal" ||
		r.Limits != (access.Limits{RequestsPerMinute: 1, TokensPerMinute: 2, Concurrent: 3}) ||
		*r.Budget != (access.Budget{Amount: 5_000_000, Period: "month", SoftPercent: 80}) ||
		*r.Guardrail != (access.Guardrail{Identifier: "g", Version: "1"}) || r.Profile != "strict" || r.MaxTokens != 7 ||
		r.AllowsExtension("top_k") || !r.StoreText || len(r.Networks) != 1 {
		t.Errorf("%+v %+v", p, r)
	}
	faulty := Configured{Budget: access.Budget{Period: "day"}, Guardrail: access.Guardrail{Version: "1"}}
	for _, member := range []string{"hash", "budget.period", "guardrail.version"} {
		if faulty.Faults()[member] == nil {
			t.Errorf("%s passed", member)
		}
	}
	twice := Faults([]Configured{{Name: "a", Hash: hash}, {Name: "a", Hash: HashOf("x")}, {Name: "b", Hash: hash}})
	if len(twice) != 2 || twice["[1].name"] == nil || twice["[2].hash"] == nil {
		t.Errorf("%v", twice)
	}
}

// TestMendE6AStoreThatHeldKeysStaysShut: a key that was revoked has shut the gate for good, also for a gateway that
// starts afterwards.
func TestMendE6AStoreThatHeldKeysStaysShut(t *testing.T) {
	s := memory.New()
	gate := func() *Gate {
		d := NewDirectory(s, time.Hour, func(error) {})
		if err := d.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		return NewGate(Config{}, d, nil)
	}
	if !gate().Open() {
		t.Fatal("an empty store shuts the gate")
	}
	r := NewRegistry(s)
	_, k, err := r.Create(t.Context(), Key{Name: "one"})
	if err != nil {
		t.Fatal(err)
	}
	if gate().Open() {
		t.Error("open, and the store holds a key")
	}
	if _, err := r.Revoke(t.Context(), k.ID); err != nil {
		t.Fatal(err)
	}
	if gate().Open() {
		t.Error("open, and the store has held a key")
	}
}
