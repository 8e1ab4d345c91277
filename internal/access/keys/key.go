package keys

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"outcrop/internal/access"
	"outcrop/internal/store"
)

// Key is what is kept of a key. ID and Tenant never change.
type Key struct {
	ID       string    `json:"id"`
	Name     string    `json:"name,omitzero"`
	Tenant   string    `json:"tenant,omitzero"`
	Priority string    `json:"priority,omitzero"`
	Hash     Hash      `json:"hash,omitzero"`
	Former   []Former  `json:"former,omitzero"` // secrets that rotation has replaced and that may still be valid
	Created  time.Time `json:"created,omitzero"`
	Rotated  time.Time `json:"rotated,omitzero"` // the last time
	Revoked  time.Time `json:"revoked,omitzero"`
	access.Rights

	revision int64 // in the store
}

// Former is a secret that was replaced, valid until a time.
type Former struct {
	Hash  Hash      `json:"hash"`
	Until time.Time `json:"until"`
}

// State is "active", "revoked" or "expired".
func (k *Key) State(now time.Time) string {
	switch {
	case !k.Revoked.IsZero():
		return "revoked"
	case k.Expired(now):
		return "expired"
	}
	return "active"
}

func (k *Key) principal() *access.Principal {
	return &access.Principal{Key: k.ID, KeyID: k.ID, Name: k.Name, Tenant: k.Tenant, Priority: k.Priority,
		Rights: &k.Rights}
}

// document is the key as the store keeps it.
func (k *Key) document() (store.Document, error) {
	body, err := json.Marshal(k)
	return store.Document{Tenant: k.Tenant, ID: k.ID, Revision: k.revision, Body: body}, err
}

// readKey reads what document has written. Members that it does not know are an error: a newer version may have written
// a restriction there, and a key must not gain rights by being read by an older one.
func readKey(d store.Document) (Key, error) {
	var k Key
	if err := json.Unmarshal(d.Body, &k, json.RejectUnknownMembers(true)); err != nil {
		return Key{}, fmt.Errorf("the entry of key %q cannot be read: %w", d.ID, err)
	}
	if k.ID != d.ID || k.Tenant != d.Tenant {
		return Key{}, fmt.Errorf("the entry of key %q is that of another", d.ID)
	}
	k.revision = d.Revision
	return k, nil
}

var (
	label    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	keyName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,63}$`)
	version  = regexp.MustCompile(`^([0-9]{1,8}|DRAFT)$`)
	word     = regexp.MustCompile(`^[!-~]+$`)
	periods  = []string{"day", "week", "month", "total"}
	priority = []string{"", "interactive", "normal", "batch"}
)

// Faults gives what is wrong with a key's members, by the name that they have in the configuration.
func (k *Key) Faults() map[string]error {
	faults := map[string]error{}
	bad := func(member string, wrong bool, says string) {
		if wrong && faults[member] == nil {
			faults[member] = errors.New(says)
		}
	}
	bad("name", k.Name != "" && !keyName.MatchString(k.Name), "must begin with a letter or digit and hold at most 64 "+
		"letters, digits, spaces, dots, dashes, underscores, @ and +")
	bad("tenant", k.Tenant != "" && !label.MatchString(k.Tenant),
		"must be a name of at most 64 letters, digits, dots, dashes and underscores")
	bad("priority", !slices.Contains(priority, k.Priority), "must be one of interactive, normal, batch")
	bad("profile", k.Profile != "" && !label.MatchString(k.Profile),
		"must be a name of at most 64 letters, digits, dots, dashes and underscores")
	bad("max_tokens", k.MaxTokens < 0, "must not be less than 0")
	l := k.Limits
	bad("limits", l.RequestsPerMinute < 0 || l.TokensPerMinute < 0 || l.Concurrent < 0, "must not be less than 0")
	if b := k.Budget; b != nil {
		bad("budget.amount", b.Amount <= 0, "must be more than 0")
		bad("budget.period", !slices.Contains(periods, b.Period), "must be one of day, week, month, total")
		bad("budget.soft_percent", b.SoftPercent < 0 || b.SoftPercent > 100, "must be from 0 to 100")
	}
	if g := k.Guardrail; g != nil {
		bad("guardrail.identifier", !word.MatchString(g.Identifier), "must be the id or ARN of a guardrail")
		bad("guardrail.version", !version.MatchString(g.Version), "must be a number or DRAFT")
	}
	lists := map[string][]string{"models": k.Models, "tiers": k.Tiers, "endpoints": k.Endpoints}
	if k.Extensions != nil {
		lists["extensions"] = *k.Extensions
	}
	for member, list := range lists {
		bad(member, slices.ContainsFunc(list, func(s string) bool { return !word.MatchString(s) }),
			"must hold names, of which none is empty or has spaces in it")
	}
	return faults
}
