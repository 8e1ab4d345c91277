package limits

import "outcrop/internal/access"

// Config are the limits beside those of keys, and what holds when they cannot be shared.
type Config struct {
	Tenants map[string]access.Limits `yaml:"tenants" validate:"dive,keys,label,endkeys" help:"tenant: limits of all its keys together"`
	EndUser access.Limits            `yaml:"end_user"` // of each end user of a tenant
	// WhenStoreIsAway is "local" or "refuse".
	WhenStoreIsAway string `yaml:"when_store_is_away" validate:"oneof=local refuse" help:"while Redis does not answer, limits are counted by each gateway alone (local), or requests that have limits are refused (refuse)"`
}

// Default limits nobody but keys.
func Default() Config { return Config{WhenStoreIsAway: "local"} }
