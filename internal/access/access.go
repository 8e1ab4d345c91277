// Package access says who calls. Today that is one list of API keys; limits, budgets and tenants will stand beside it.
//
// It must not read bodies and not know HTTP beyond the credential it is given. Start at Gate.
package access

import (
	"crypto/sha256"
	"crypto/subtle"

	"outcrop/openai"
)

// Principal is who a call is made for.
type Principal struct {
	Key      string // a short, public name of the key: never the key itself; "" when no keys are configured
	Tenant   string // whose data it works on; nothing is ever shared between tenants
	Priority string // "interactive", "normal" or "batch"; "" leaves it to the request
}

// Gate checks API keys. The zero value lets everybody in.
type Gate struct{ keys [][sha256.Size]byte }

// NewGate admits the keys; with none, everybody.
func NewGate(keys []string) *Gate {
	g := &Gate{}
	for _, k := range keys {
		g.keys = append(g.keys, sha256.Sum256([]byte(k)))
	}
	return g
}

// Open tells whether everybody is let in.
func (g *Gate) Open() bool { return len(g.keys) == 0 }

// Admit tells who presents key, or gives the 401 of R-ERR-66. It takes the same time for every key of one length.
func (g *Gate) Admit(key string) (Principal, error) {
	if g.Open() {
		return Principal{}, nil
	}
	if key == "" {
		return Principal{}, &openai.Error{Kind: openai.Unauthenticated,
			Message: "You didn't provide an API key. Send it in an Authorization header: Authorization: Bearer YOUR_KEY."}
	}
	sum := sha256.Sum256([]byte(key))
	found := 0
	for i := range g.keys {
		found |= subtle.ConstantTimeCompare(sum[:], g.keys[i][:])
	}
	if found == 0 {
		return Principal{}, &openai.Error{Kind: openai.Unauthenticated, Code: "invalid_api_key", Message: "Incorrect API key provided."}
	}
	return Principal{Key: keyName(sum)}, nil
}

func keyName(sum [sha256.Size]byte) string {
	const digits = "0123456789abcdef"
	name := make([]byte, 0, 8)
	for _, b := range sum[:4] {
		name = append(name, digits[b>>4], digits[b&15])
	}
	return string(name)
}
