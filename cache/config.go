package cache

import (
	"errors"
	"time"
)

// Config are the settings of the stores. What is kept, and for how long, is for the callers of a Cache.
type Config struct {
	Enabled       bool          `yaml:"enabled" help:"whether answers are kept"`
	Memory        Memory        `yaml:"memory"`
	MaxEntryBytes int           `yaml:"max_entry_bytes" validate:"min=1000,max=100000000" help:"largest value that is kept, in bytes"`
	Timeout       time.Duration `yaml:"timeout" validate:"min=1ms,max=10s" help:"how long the shared cache may take; later answers are misses"`
}

// Memory is the share of the cache that lives in this process. What is asked for often stays when it is full; what is
// new may be turned down.
type Memory struct {
	MaxBytes int64 `yaml:"max_bytes" validate:"min=1000000" help:"memory for entries, in bytes"`
}

// Default gives the settings of a cache that is told nothing.
func Default() Config {
	return Config{
		Enabled:       true,
		Memory:        Memory{MaxBytes: 256_000_000},
		MaxEntryBytes: 1_000_000,
		Timeout:       100 * time.Millisecond,
	}
}

// Faults gives what is wrong with the settings, by member.
func (cfg Config) Faults() map[string]error {
	if int64(cfg.MaxEntryBytes) > cfg.Memory.MaxBytes {
		return map[string]error{"max_entry_bytes": errors.New("must not be more than memory.max_bytes")}
	}
	return nil
}
