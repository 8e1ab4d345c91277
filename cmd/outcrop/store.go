package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"time"

	"outcrop/internal/access/budgets"
	"outcrop/internal/access/keys"
	"outcrop/internal/access/usage"
	"outcrop/internal/config"
	"outcrop/internal/store/memory"
	"outcrop/internal/store/redis"
	"outcrop/internal/store/sqlite"
)

// stateStore keeps what must not be lost, in any engine.
type stateStore interface {
	keys.Store
	budgets.Store
	usage.Store
	Close() error
}

// storeTimeout bounds a command of a shared store.
const storeTimeout = 2 * time.Second

// openStore opens the store that the settings name.
func openStore(ctx context.Context, cfg *config.Config) (stateStore, error) {
	path := cfg.Access.Store
	switch path {
	case config.StoreMemory:
		return memory.New(), nil
	case config.StoreRedis:
		return redis.Open(cfg.Redis.URL.Reveal(), storeTimeout)
	case "":
		path = cfg.Access.DefaultStore
	}
	if path == "" {
		return nil, errNoHome
	}
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("access.store: %w", err)
	}
	return s, nil
}

var errNoHome = errors.New(
	"neither HOME nor XDG_STATE_HOME tells where to keep state: set access.store (OUTCROP_STATE)")

// openStateOf opens the store of a gateway. One that nobody has asked for, and that cannot be made, is no reason not to
// serve: its keys could not have been made either.
func openStateOf(ctx context.Context, cfg *config.Config, log *slog.Logger) (stateStore, error) {
	s, err := openStore(ctx, cfg)
	if err == nil || cfg.Access.Store != "" {
		return s, err
	}
	if path := cfg.Access.DefaultStore; path != "" {
		if _, there := os.Stat(path); !errors.Is(there, fs.ErrNotExist) {
			return nil, err
		}
	}
	log.Info("state is kept in memory: keys cannot be made while the gateway runs", "reason", err.Error())
	return memory.New(), nil
}

// keysStored tells whether the store holds keys. One that cannot be read may: the gate stays shut until it can.
func keysStored(ctx context.Context, offline bool) func(*config.Config) bool {
	return func(cfg *config.Config) bool {
		if cfg.Access.Store == "" {
			if offline {
				return false // load keeps its state in memory
			}
			if _, err := os.Stat(cfg.Access.DefaultStore); err != nil {
				return false
			}
		}
		s, err := openStore(ctx, cfg)
		if err != nil {
			return true
		}
		defer func() { _ = s.Close() }()
		return keys.Stored(ctx, s)
	}
}

// guard is what decides on callers, and lives as long as the process, whatever settings it is given.
type guard struct {
	store    stateStore
	keys     *keys.Directory
	attempts *keys.Attempts
	addr     string // that the process listens on, whatever the settings may say later
	log      *slog.Logger
}

func newGuard(ctx context.Context, cfg *config.Config, log *slog.Logger) (*guard, error) {
	s, err := openStateOf(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	report := func(err error) {
		if err == nil {
			log.Info("API keys are read from the store again")
			return
		}
		log.Error("API keys cannot be read from the store as they should; the last state goes on for access.grace",
			"error", err.Error())
	}
	directory := keys.NewDirectory(s, cfg.Access.Grace, report)
	_ = directory.Refresh(ctx) // its Run tries again, and reports
	return &guard{s, directory, keys.NewAttempts(cfg.Access.FailedAttempts), cfg.Server.Addr, log}, nil
}

// gate admits the callers that the settings and the store know; of no guard, everybody.
func (g *guard) gate(cfg *config.Config) *keys.Gate {
	if g == nil {
		return &keys.Gate{}
	}
	secrets := reveal(cfg.Access.APIKeys)
	const short = 16
	if slices.ContainsFunc(secrets, func(k string) bool { return len(k) < short }) {
		g.log.Warn("an API key of the settings has less than 16 characters and may be guessed; outcrop key create makes " +
			"better ones")
	}
	here := *cfg
	here.Server.Addr = g.addr
	return keys.NewGate(keys.Config{APIKeys: secrets, Keys: cfg.Access.Keys, Required: here.KeysRequired()},
		g.keys, g.attempts)
}

func (g *guard) close() { _ = g.store.Close() }
