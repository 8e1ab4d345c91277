package keys

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"outcrop/internal/access"
)

// Config are the keys of the configuration.
type Config struct {
	APIKeys  []string // the simplest form: keys that may do everything
	Keys     []Configured
	Required bool // whether a key is demanded although there is none
}

// Configured is a key in the configuration, of which only the hash stands there. What is left out restricts nothing.
type Configured struct {
	Name       string           `yaml:"name" validate:"label" help:"name of the key, unique among those of the configuration"`
	Hash       Hash             `yaml:"hash" help:"sha256:HEX of the key; outcrop key create --no-store makes both"`
	Tenant     string           `yaml:"tenant" validate:"omitempty,label" help:"whose data it works on; without one the key is a tenant of its own"`
	Models     []string         `yaml:"models" validate:"unique,dive,word" help:"models it may use, asked for by these names or served by these ids; * stands for any characters"`
	Tiers      []string         `yaml:"tiers" validate:"unique,dive,word" help:"tiers it may use; without models, nothing else"`
	Endpoints  []string         `yaml:"endpoints" validate:"unique,dive,word" help:"endpoints it may call, such as chat.completions, embeddings, models"`
	Limits     access.Limits    `yaml:"limits"`
	Budget     access.Budget    `yaml:"budget"`
	Priority   string           `yaml:"priority" validate:"omitempty,oneof=interactive normal batch" help:"highest priority of its requests"`
	Guardrail  access.Guardrail `yaml:"guardrail"`
	Profile    string           `yaml:"profile" validate:"omitempty,label" help:"policy profile of its requests"`
	MaxTokens  int64            `yaml:"max_tokens" validate:"min=0,max=2147483647" help:"cap on the token limit of a request"`
	Extensions []string         `yaml:"extensions" validate:"unique,dive,word" help:"extension members its requests may carry; [] for none; all if left out"`
	Expires    access.Moment    `yaml:"expires" help:"date, or time as in RFC 3339, at which it ends"`
	Networks   []string         `yaml:"networks" validate:"unique,dive,network" help:"networks (CIDR) its calls may come from"`
	StoreText  bool             `yaml:"store_text" help:"whether records of its calls may hold text"`
}

// Faults gives what is wrong with a key beyond its tags.
func (c *Configured) Faults() map[string]error {
	faults := map[string]error{}
	if c.Hash == (Hash{}) {
		faults["hash"] = errors.New("must be sha256: and the 64 hexadecimal digits of the key's SHA-256; outcrop key " +
			"create --no-store makes one")
	}
	if c.Budget.Amount == 0 && c.Budget.Period != "" {
		faults["budget.period"] = errors.New("needs budget.amount beside it")
	}
	if c.Guardrail.Identifier != "" && c.Guardrail.Version == "" {
		faults["guardrail.identifier"] = errors.New("needs guardrail.version beside it")
	}
	if c.Guardrail.Identifier == "" && c.Guardrail.Version != "" {
		faults["guardrail.version"] = errors.New("needs guardrail.identifier beside it")
	}
	return faults
}

// Faults gives what is wrong with keys beside each other, by their place: two of one name or hash.
func Faults(keys []Configured) map[string]error {
	faults := map[string]error{}
	for i := range keys {
		for member, same := range map[string]func(Configured) bool{
			"name": func(o Configured) bool { return o.Name != "" && o.Name == keys[i].Name },
			"hash": func(o Configured) bool { return o.Hash != (Hash{}) && o.Hash == keys[i].Hash },
		} {
			if first := slices.IndexFunc(keys, same); first >= 0 && first < i {
				faults[fmt.Sprintf("[%d].%s", i, member)] = fmt.Errorf("is that of key %d too", first)
			}
		}
	}
	return faults
}

// WithBudget gives the settings of all budgets that keys have, in order.
func WithBudget(keys []Configured) (settings []string) {
	for i := range keys {
		if keys[i].Budget.Amount > 0 {
			settings = append(settings, fmt.Sprintf("access.keys[%d].budget (%s)", i, keys[i].Name))
		}
	}
	return settings
}

// key is the key that the configuration describes, which it has checked.
func (c *Configured) key() *Key {
	k := &Key{ID: "config:" + c.Name, Name: c.Name, Tenant: c.Tenant, Priority: c.Priority, Hash: c.Hash,
		Rights: access.Rights{
			Models: c.Models, Tiers: c.Tiers, Endpoints: c.Endpoints, Limits: c.Limits, Profile: c.Profile,
			MaxTokens: c.MaxTokens, Expires: c.Expires.Time, StoreText: c.StoreText,
		}}
	if c.Budget.Amount > 0 {
		b := c.Budget.Monthly()
		k.Budget = &b
	}
	if c.Guardrail.Identifier != "" {
		g := c.Guardrail
		k.Guardrail = &g
	}
	if c.Extensions != nil {
		k.Extensions = &c.Extensions
	}
	for _, n := range c.Networks {
		if p, err := netip.ParsePrefix(n); err == nil { // always, for it was checked
			k.Networks = append(k.Networks, p.Masked())
		}
	}
	return k
}
