package main

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"outcrop/internal/catalog"
	"outcrop/internal/config"
	"outcrop/openai"
	"outcrop/router"
)

// routes are the names that clients may use, by the settings.
func routes(cfg *config.Config, region string) (*router.Live, error) {
	return router.NewLive(routing(cfg), catalog.Default(), region)
}

func routing(cfg *config.Config) router.Config {
	m := &cfg.Models
	return router.Config{
		Aliases: m.Aliases, AllowARNs: m.AllowARNs, BaseModels: m.BaseModels,
		HideTargets: m.HideTargets, InputTypes: m.InputTypes, Catalog: m.Catalog,
		Rules: cfg.Router,
	}
}

// How soon a list that failed is asked for again: twice as long each time, from the first to the longest.
const (
	firstListing   = time.Minute
	longestListing = 30 * time.Minute
)

// keepListed asks AWS for its lists, now and then every so often, and whenever again says so, until ctx ends
// (R-MOD-06). While AWS does not answer, or the gateway is not allowed to ask, which is usual, the last lists stay in
// place; that is logged when it begins and when it ends.
func keepListed(ctx context.Context, every time.Duration, again <-chan struct{},
	list func(context.Context) (catalog.Listing, error), models *router.Live, log *slog.Logger) {
	if every == 0 {
		return
	}
	soon := firstListing
	for failing := false; ; {
		listing, err := list(ctx)
		if err == nil {
			err = models.Refresh(listing)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			log.Info("models and profiles of the account are not read from AWS, the catalogue goes on with what it knows; "+
				"this needs bedrock:ListFoundationModels and bedrock:ListInferenceProfiles", "error", reason(err))
		case err == nil && failing:
			log.Info("models and profiles are read from AWS again")
		}
		wait := every
		if failing = err != nil; failing {
			wait, soon = min(soon, every), min(2*soon, longestListing)
		} else {
			soon = firstListing
		}
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-time.After(wait + rand.N(wait/5) - wait/10): //nolint:gosec // jitter between gateways
		}
	}
}

// reason is what the log says of an error: AWS's own text names accounts and identities.
func reason(err error) string {
	if e := (*openai.Error)(nil); errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}
