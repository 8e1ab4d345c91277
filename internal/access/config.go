package access

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Config are the keys of the configuration.
type Config struct {
	APIKeys  []string // the simplest form: keys that may do everything
	Keys     []ConfiguredKey
	Required bool // whether a key is demanded although there is none
}

// ConfiguredKey is a key in the configuration, of which only the hash stands there. What is left out restricts nothing.
type ConfiguredKey struct {
	Name       string           `yaml:"name" validate:"label" help:"name of the key, unique among those of the configuration"`
	Hash       Hash             `yaml:"hash" help:"sha256:HEX of the key; outcrop key create --no-store makes both"`
	Tenant     string           `yaml:"tenant" validate:"omitempty,label" help:"whose data it works on; without one the key is a tenant of its own"`
	Models     []string         `yaml:"models" validate:"unique,dive,word" help:"models it may use, asked for by these names or served by these ids; * stands for any characters"`
	Tiers      []string         `yaml:"tiers" validate:"unique,dive,word" help:"tiers it may use; without models, nothing else"`
	Endpoints  []string         `yaml:"endpoints" validate:"unique,dive,word" help:"endpoints it may call, such as chat.completions, embeddings, models"`
	Limits     ConfiguredLimits `yaml:"limits"`
	Budget     ConfiguredBudget `yaml:"budget"`
	Priority   string           `yaml:"priority" validate:"omitempty,oneof=interactive normal batch" help:"highest priority of its requests"`
	Guardrail  ConfiguredRail   `yaml:"guardrail"`
	Profile    string           `yaml:"profile" validate:"omitempty,label" help:"policy profile of its requests"`
	MaxTokens  int64            `yaml:"max_tokens" validate:"min=0,max=2147483647" help:"cap on the token limit of a request"`
	Extensions []string         `yaml:"extensions" validate:"unique,dive,word" help:"extension members its requests may carry; [] for none; all if left out"`
	Expires    Moment           `yaml:"expires" help:"date, or time as in RFC 3339, at which it ends"`
	Networks   []string         `yaml:"networks" validate:"unique,dive,network" help:"networks (CIDR) its calls may come from"`
	StoreText  bool             `yaml:"store_text" help:"whether records of its calls may hold text"`
}

// ConfiguredLimits are Limits in the configuration.
type ConfiguredLimits struct {
	RequestsPerMinute int64 `yaml:"requests_per_minute" validate:"min=0" help:"requests a minute; 0 is no limit"`
	TokensPerMinute   int64 `yaml:"tokens_per_minute" validate:"min=0" help:"tokens a minute; 0 is no limit"`
	Concurrent        int64 `yaml:"concurrent" validate:"min=0" help:"requests under way; 0 is no limit"`
}

// ConfiguredBudget is a Budget in the configuration; an amount of 0 is none.
type ConfiguredBudget struct {
	Amount      MicroUSD `yaml:"amount" help:"USD it may cost in a period"`
	Period      string   `yaml:"period" validate:"omitempty,oneof=day week month total" help:"day, week, month or total; month if left out"`
	SoftPercent int      `yaml:"soft_percent" validate:"min=0,max=100" help:"percent of the amount at which warnings begin; 0 is never"`
}

// ConfiguredRail is a mandatory guardrail in the configuration.
type ConfiguredRail struct {
	Identifier string `yaml:"identifier" validate:"omitempty,word,max=2048" help:"id or ARN of a guardrail that every request gets"`
	Version    string `yaml:"version" validate:"omitempty,guardrail_version" help:"its version: a number or DRAFT"`
}

// Faults gives what is wrong with a key beyond its tags.
func (c *ConfiguredKey) Faults() map[string]error {
	faults := map[string]error{}
	if c.Hash == (Hash{}) {
		faults["hash"] = errors.New("must be sha256: and the 64 hexadecimal digits of the key's SHA-256; outcrop key create --no-store makes one")
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

// KeyFaults gives what is wrong with keys beside each other, by their place: two of one name or hash.
func KeyFaults(keys []ConfiguredKey) map[string]error {
	faults := map[string]error{}
	for i := range keys {
		for member, same := range map[string]func(ConfiguredKey) bool{
			"name": func(o ConfiguredKey) bool { return o.Name != "" && o.Name == keys[i].Name },
			"hash": func(o ConfiguredKey) bool { return o.Hash != (Hash{}) && o.Hash == keys[i].Hash },
		} {
			if first := slices.IndexFunc(keys, same); first >= 0 && first < i {
				faults[fmt.Sprintf("[%d].%s", i, member)] = fmt.Errorf("is that of key %d too", first)
			}
		}
	}
	return faults
}

// key is the key that the configuration describes, which it has checked.
func (c *ConfiguredKey) key() *Key {
	k := &Key{ID: "config:" + c.Name, Name: c.Name, Tenant: c.Tenant, Priority: c.Priority, Hash: c.Hash, Rights: Rights{
		Models: c.Models, Tiers: c.Tiers, Endpoints: c.Endpoints, Limits: Limits(c.Limits), Profile: c.Profile,
		MaxTokens: c.MaxTokens, Expires: c.Expires.Time, StoreText: c.StoreText,
	}}
	if c.Budget.Amount > 0 {
		k.Budget = &Budget{AmountMicros: int64(c.Budget.Amount), Period: c.Budget.Period, SoftPercent: c.Budget.SoftPercent}
		if k.Budget.Period == "" {
			k.Budget.Period = "month"
		}
	}
	if c.Guardrail.Identifier != "" {
		g := Guardrail(c.Guardrail)
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

// Moment is a time that is written as a date, which begins at midnight UTC, or as in RFC 3339.
type Moment struct{ time.Time }

// UnmarshalText reads a moment.
func (m *Moment) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, string(text)); err == nil {
			m.Time = t.UTC()
			return nil
		}
	}
	return errors.New("must be a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z")
}
