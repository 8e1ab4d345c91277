package config_test

import (
	"slices"
	"testing"
)

// TestRetiredSettings: what a former release has known loads, does nothing, and is warned of with its place.
func TestRetiredSettings(t *testing.T) {
	const says = "cache.memory.engine: is gone and does nothing; leave it out: memory keeps what is asked for often"
	cfg, err := load("cache:\n  memory: {engine: lru, max_bytes: 5000000}\n", []string{"OUTCROP_CACHE_MEMORY_ENGINE=lru"})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"outcrop.yaml:2:12: " + says, "OUTCROP_CACHE_MEMORY_ENGINE: " + says}; !slices.Equal(cfg.Warnings,
		want) {
		t.Errorf("%q, want %q", cfg.Warnings, want)
	}
	if cfg.Cache.Memory.MaxBytes != 5_000_000 {
		t.Errorf("what stands beside it is not read: %+v", cfg.Cache.Memory)
	}
	if _, err := load("cache: {memory: {engin: lru}}", nil); err == nil {
		t.Error("any unknown key is taken")
	}
}
