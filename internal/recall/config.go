package recall

import (
	"slices"
	"time"

	"outcrop/internal/call"
	"outcrop/internal/catalog"
)

// CacheConfig says which answers are kept, and for how long. Where they are kept is for the cache itself. The zero
// value keeps nothing but what a request asks to have kept.
type CacheConfig struct {
	TTL            time.Duration            `yaml:"ttl" validate:"min=0" help:"how long answers are kept; 0 keeps none"`
	TTLByEndpoint  map[string]time.Duration `yaml:"ttl_by_endpoint" validate:"dive,keys,oneof=chat.completions embeddings,endkeys,min=0" help:"endpoint (chat.completions, embeddings): how long its answers are kept"`
	TTLByModel     map[string]time.Duration `yaml:"ttl_by_model" validate:"dive,keys,required,max=2048,endkeys,min=0" help:"alias, tier or id of a model: how long its answers are kept"`
	MaxTTL         time.Duration            `yaml:"max_ttl" validate:"gt=0" help:"longest time that a request may ask for"`
	ToolCalls      bool                     `yaml:"tool_calls" help:"whether answers that call tools are kept too"`
	MaxTemperature float64                  `yaml:"max_temperature" validate:"min=0,max=2" help:"highest temperature at which a request counts as asking for the same answer again; without one it never does"`
	Always         []string                 `yaml:"always" validate:"unique,dive,required,max=2048" help:"aliases, tiers or ids of models whose answers are kept whatever the temperature"`
}

// DefaultCache keeps answers to requests for temperature 0 for an hour, and vectors, which never change, for thirty
// days.
func DefaultCache() CacheConfig {
	const day = 24 * time.Hour
	return CacheConfig{
		TTL:           time.Hour,
		TTLByEndpoint: map[string]time.Duration{"embeddings": 30 * day},
		MaxTTL:        30 * day,
	}
}

// ttl is how long the answer to a call is kept, 0 for not at all: what the request says counts before what is set for
// the name that it used, for the tier, for the model, for the endpoint and for all.
func (cfg *CacheConfig) ttl(c *call.Call) time.Duration {
	if asked := c.Tune.CacheControl.TTL; asked > 0 {
		return min(asked, cfg.MaxTTL)
	}
	for _, name := range names(c) {
		if ttl, ok := cfg.TTLByModel[name]; ok {
			return ttl
		}
	}
	if ttl, ok := cfg.TTLByEndpoint[c.Endpoint.Name]; ok {
		return ttl
	}
	return cfg.TTL
}

// always tells whether the answer may be kept whatever the request's temperature: the operator says so, or the client.
func (cfg *CacheConfig) always(c *call.Call) bool {
	if c.Tune.CacheControl.TTL > 0 {
		return true
	}
	listed := func(name string) bool { return slices.Contains(cfg.Always, name) }
	return len(cfg.Always) > 0 && slices.ContainsFunc(names(c), listed)
}

// names are what settings can call a request by, the most particular first.
func names(c *call.Call) []string {
	return []string{c.Request.Facts().Model, c.Plan.Tier, call.First(c).Row.ID}
}

// fromFirst tells whether a target stands for the first of the plan: it is the same model, among the first equals.
func fromFirst(c *call.Call, t catalog.Target) bool {
	f := call.First(c)
	return t.Row != nil && t.Row.ID == f.Row.ID && t.Order == f.Order
}
