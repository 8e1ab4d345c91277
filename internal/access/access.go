// Package access has the words that keys, limits, budgets and usage share: who calls, what they are allowed, and money.
//
// It must not know where keys come from nor how anything is counted: its rooms do. Start at [Principal] and [Rights].
package access

import (
	"cmp"
	"net/netip"
	"time"
)

// Principal is who a call is made for. The zero value is anybody, when no keys are configured.
type Principal struct {
	Key   string // a short, public name of the key, for logs: never the key itself
	KeyID string // id of the key, for limits, budgets and records
	Name  string // what the key's owner calls it
	// whose data it works on; nothing is ever shared between tenants; "" makes the key a tenant of its own
	Tenant   string
	Priority string  // "interactive", "normal" or "batch"; "" leaves it to the request
	Rights   *Rights // nil: without restrictions; shared, never changed
}

// Home is the tenant that a principal is of: a key without one is a tenant of its own.
func (p *Principal) Home() string {
	if p.Tenant == "" {
		return "key:" + p.KeyID
	}
	return p.Tenant
}

// Rights are what a key may do. A list that is empty restricts nothing. Names in Models, Tiers and Endpoints may hold *
// for any number of characters.
type Rights struct {
	Models    []string `json:"models,omitzero"`    // names that may be asked for, and catalogue ids that may serve
	Tiers     []string `json:"tiers,omitzero"`     // of the router; without Models, only tiers may be asked for
	Endpoints []string `json:"endpoints,omitzero"` // "chat.completions", "embeddings", "models" …
	Limits    Limits   `json:"limits,omitzero"`    // of use
	Budget    *Budget  `json:"budget,omitzero"`    // nil: none
	// that every request gets and none can replace (R-GRD-02); nil: none
	Guardrail  *Guardrail     `json:"guardrail,omitzero"`
	Profile    string         `json:"profile,omitzero"`    // of the policy; "" is the default one
	MaxTokens  int64          `json:"max_tokens,omitzero"` // cap on the token limit of a request (R-LIM-03); 0: none
	Extensions *[]string      `json:"extensions,omitzero"` // extension members that requests may carry; nil: all
	Expires    time.Time      `json:"expires,omitzero"`    // zero: never
	Networks   []netip.Prefix `json:"networks,omitzero"`   // that calls may come from
	StoreText  bool           `json:"store_text,omitzero"` // whether records of calls may hold text
}

// Limits are limits of use; 0 is none.
type Limits struct {
	RequestsPerMinute int64 `yaml:"requests_per_minute" json:"requests_per_minute,omitzero" validate:"min=0" help:"requests a minute; 0 is no limit"`
	TokensPerMinute   int64 `yaml:"tokens_per_minute" json:"tokens_per_minute,omitzero" validate:"min=0" help:"tokens a minute; 0 is no limit"`
	Concurrent        int64 `yaml:"concurrent" json:"concurrent,omitzero" validate:"min=0" help:"requests under way; 0 is no limit"`
}

// Budget is how much money a key may spend; an amount of 0 is no budget.
type Budget struct {
	Amount      MicroUSD `yaml:"amount" json:"amount_micros" help:"USD it may cost in a period"`
	Period      string   `yaml:"period" json:"period" validate:"omitempty,oneof=day week month total" help:"day, week, month or total; month if left out"`
	SoftPercent int      `yaml:"soft_percent" json:"soft_percent,omitzero" validate:"min=0,max=100" help:"percent of the amount at which warnings begin; 0 is never"`
}

// Monthly is the budget, of a month if it names no period, as the configuration may leave it out.
func (b Budget) Monthly() Budget {
	b.Period = cmp.Or(b.Period, "month")
	return b
}

// Guardrail names a guardrail of Bedrock.
type Guardrail struct {
	Identifier string `yaml:"identifier" json:"identifier" validate:"omitempty,word,max=2048" help:"id or ARN of a guardrail that every request gets"`
	Version    string `yaml:"version" json:"version" validate:"omitempty,guardrail_version" help:"its version: a number or DRAFT"`
}

// AllowsModel tells whether a name, or the catalogue id of a model, stands in Models. It is false where Models is empty
// and tiers are listed: then only they may be used.
func (r *Rights) AllowsModel(name string) bool {
	if r == nil || len(r.Models) == 0 {
		return r == nil || len(r.Tiers) == 0
	}
	return matches(r.Models, name)
}

// AllowsTier tells whether targets of a tier may be used, as far as the tier is concerned.
func (r *Rights) AllowsTier(name string) bool {
	return r == nil || len(r.Tiers) == 0 || matches(r.Tiers, name)
}

// AllowsEndpoint tells whether an endpoint may be called.
func (r *Rights) AllowsEndpoint(name string) bool {
	return r == nil || len(r.Endpoints) == 0 || matches(r.Endpoints, name)
}

// AllowsExtension tells whether requests may carry an extension member.
func (r *Rights) AllowsExtension(name string) bool {
	return r == nil || r.Extensions == nil || matches(*r.Extensions, name)
}

// ByModel tells whether models or tiers are restricted at all.
func (r *Rights) ByModel() bool { return r != nil && (len(r.Models) > 0 || len(r.Tiers) > 0) }

// AllowsAddr tells whether calls may come from an address.
func (r *Rights) AllowsAddr(a netip.Addr) bool {
	if r == nil || len(r.Networks) == 0 {
		return true
	}
	a = a.Unmap().WithZone("")
	for _, n := range r.Networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// Expired tells whether the key has ended.
func (r *Rights) Expired(now time.Time) bool {
	return r != nil && !r.Expires.IsZero() && !now.Before(r.Expires)
}
