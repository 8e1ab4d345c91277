// Package keys says who calls: API keys of the configuration and of a store, and what each of them may do.
//
// It must not read bodies and not know HTTP beyond the credential it is given; of a key it keeps the SHA-256 and never
// the key. Start at [Gate], which admits callers. Keys come from the configuration (config.go) and from a store:
// registry.go makes, rotates and revokes them there, directory.go follows what the store holds.
package keys

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"

	"outcrop/internal/access"
	"outcrop/openai"
)

// Credential is what a caller shows.
type Credential struct {
	Key      string     // as it was sent; "" is none
	Addr     netip.Addr // that the call comes from
	Endpoint string     // that it is for: "chat.completions", "models" …
}

// Gate admits callers. The zero value lets everybody in.
type Gate struct {
	known    map[Hash]*entry // of the configuration
	stored   *Directory
	required bool
	attempts *Attempts
}

// NewGate makes a gate for the keys of the configuration, and those of a directory unless it is nil. attempts, which
// may be nil, is handed in because what it has counted must outlive the gate.
func NewGate(cfg Config, stored *Directory, attempts *Attempts) *Gate {
	g := &Gate{known: map[Hash]*entry{}, stored: stored, required: cfg.Required, attempts: attempts}
	for _, key := range cfg.APIKeys {
		sum := HashOf(key)
		name := hex.EncodeToString(sum[:4])
		g.known[sum] = &entry{hash: sum, who: &access.Principal{Key: name, KeyID: name}}
	}
	for i := range cfg.Keys {
		k := cfg.Keys[i].key()
		g.known[k.Hash] = &entry{hash: k.Hash, who: k.principal()}
	}
	return g
}

// Open tells whether everybody is let in: no key is configured, none was ever stored, and none is demanded. A store
// that cannot be read may hold some.
func (g *Gate) Open() bool {
	return len(g.known) == 0 && !g.required && (g.stored == nil || g.stored.Empty())
}

// Admit tells who presents a credential, or gives the 401 of R-ERR-66, the same in words and in time for a key that is
// unknown, malformed, revoked or expired. A key that is good, but not from this address or for this endpoint, is a 403.
// Once an address has shown too many wrong keys, further ones are a 429; good ones still pass, since many callers may
// share an address. With a refusal comes whose key it was, as far as that is known: for records, and for nothing else.
func (g *Gate) Admit(c Credential) (access.Principal, error) {
	if g.Open() && !g.firstKey(c.Key) {
		return access.Principal{}, nil
	}
	if c.Key == "" {
		return access.Principal{}, &openai.Error{Kind: openai.Unauthenticated,
			Message: "You didn't provide an API key. Send it in an Authorization header: Authorization: Bearer YOUR_KEY."}
	}
	now := time.Now()
	who, sure := g.find(c.Key, now)
	switch {
	case who == nil && !sure:
		return access.Principal{}, &openai.Error{Kind: openai.Unavailable, Code: openai.CodeOverloaded,
			Message: "API keys cannot be checked at the moment. Try again."}
	case who == nil:
		return access.Principal{}, g.refuse(c.Addr, now)
	case who.Rights.Expired(now):
		return *who, g.refuse(c.Addr, now)
	case !who.Rights.AllowsAddr(c.Addr):
		return *who, &openai.Error{Kind: openai.Forbidden, Code: "ip_not_authorized",
			Message: "This API key may not be used from your network address."}
	case !who.Rights.AllowsEndpoint(c.Endpoint):
		return *who, &openai.Error{Kind: openai.Forbidden, Code: "endpoint_not_allowed",
			Message: "This API key may not be used for this endpoint."}
	}
	return *who, nil
}

// find gives whose key it is, nil for nobody's, and whether that is sure. Of a text that is too long, and of one that
// has the wrong form for a store, the hash is made all the same, so that it takes as long as any other.
func (g *Gate) find(key string, now time.Time) (who *access.Principal, sure bool) {
	text := []byte(key[:min(len(key), longestKey)])
	sum := Hash(sha256.Sum256(text))
	if len(key) > longestKey {
		return nil, true
	}
	e, sure := g.known[sum], true
	if formed := wellFormed(text); e == nil && formed && g.stored != nil {
		if e, sure = g.stored.find(&sum, now); e == nil {
			g.stored.look()
			e, sure = g.stored.find(&sum, now)
		}
	}
	if e == nil || !e.hash.equal(&sum) || !e.until.IsZero() && !now.Before(e.until) {
		return nil, sure
	}
	return e.who, true
}

// firstKey tells whether a key that comes to an open gate is there because the first one has just been made, which
// closes the gate.
func (g *Gate) firstKey(key string) bool {
	if g.stored == nil || !wellFormed([]byte(key)) {
		return false
	}
	g.stored.look()
	return !g.Open()
}

func (g *Gate) refuse(from netip.Addr, now time.Time) error {
	if wait := g.attempts.fail(from, now); wait > 0 {
		return &openai.Error{Kind: openai.RateLimited, Code: openai.CodeRateLimited, After: wait,
			Message: "Too many requests with a wrong API key have come from your network address. Try again later."}
	}
	return &openai.Error{Kind: openai.Unauthenticated, Code: "invalid_api_key", Message: "Incorrect API key provided."}
}
