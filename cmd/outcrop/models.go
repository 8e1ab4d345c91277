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

// keepListed asks AWS for its lists, now and then every so often, until ctx ends (R-MOD-06). While AWS does not answer, or the
// gateway is not allowed to ask, which is usual, the last lists stay in place; that is logged when it begins and when it ends.
func keepListed(ctx context.Context, every time.Duration, list func(context.Context) (catalog.Listing, error), models *router.Live, log *slog.Logger) {
	if every == 0 {
		return
	}
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
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-time.After(every + rand.N(every/5) - every/10): //nolint:gosec // jitter: many gateways that start together must not ask together for ever
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
