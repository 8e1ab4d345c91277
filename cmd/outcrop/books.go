package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"outcrop/internal/access/budgets"
	"outcrop/internal/access/keys"
	"outcrop/internal/access/limits"
	"outcrop/internal/access/usage"
	"outcrop/internal/background"
	"outcrop/internal/config"
	"outcrop/internal/store/memory"
	"outcrop/internal/store/redis"
)

// books is what was counted of limits, budgets and usage. It lives as long as the process, whatever settings it is
// given.
type books struct {
	store  stateStore
	shared *redis.Store // limits that gateways share; nil without Redis
	meters *limits.Meters
	ledger *usage.Ledger
	leases *budgets.Leases
	spent  *budgets.Budgets
	log    *slog.Logger
}

// newBooks counts into the store of the state, and limits into Redis where there is one.
func newBooks(cfg *config.Config, s stateStore, log *slog.Logger) (*books, error) {
	b := &books{store: s, log: log}
	var shared limits.Store
	if url := cfg.Redis.URL.Reveal(); url != "" {
		var err error
		if b.shared, err = redis.Open(url, time.Second); err != nil {
			return nil, err
		}
		shared = b.shared
	}
	b.meters = limits.NewMeters(shared, b.told("Redis does not answer: limits.when_store_is_away holds",
		"limits are shared through Redis again"))
	b.ledger = usage.NewLedger(s, b.told("usage cannot be written to the store; it is kept to be written later",
		"usage is written again"))
	b.leases = budgets.NewLeases(s, b.ledger)
	b.spent = budgets.New(cfg.Budgets, b.leases, b.budgetEvent)
	return b, nil
}

// told logs that something begins to fail, and that it works again.
func (b *books) told(fails, works string) func(error) {
	return func(err error) {
		if err == nil {
			b.log.Info(works)
			return
		}
		b.log.Error(fails, "error", err.Error())
	}
}

// run keeps the books until it is stopped, which writes what is not written yet. It has to be stopped after the last
// request.
func (b *books) run(ctx context.Context, beside background.Runner, cfg *config.Config) (stop func()) {
	ctx = context.WithoutCancel(ctx)
	stopLedger := beside.Go(ctx, "usage", func(ctx context.Context) { b.ledger.Run(ctx, cfg.Usage.Keep) })
	stopLeases := beside.Go(ctx, "leases of budgets", func(ctx context.Context) {
		b.leases.Run(ctx, b.told("reservations of budgets cannot be looked after in the store",
			"reservations of budgets are looked after again"))
	})
	stopMeters := func() {}
	if b.shared != nil {
		stopMeters = beside.Go(ctx, "limits", b.meters.Run)
	}
	return func() {
		stopMeters()
		stopLeases()
		stopLedger()
		if b.shared != nil {
			_ = b.shared.Close() // the process ends
		}
	}
}

// lasting sees to it that no budget begins anew with the process although nobody has said that it may: one whose sums
// are in memory is an error, or a warning. Of answers that are made up here nothing has to be paid.
func (b *books) lasting(cfg *config.Config, offline bool) error {
	if b == nil {
		return nil
	}
	named := append(keys.WithBudget(cfg.Access.Keys), cfg.Budgets.Named()...)
	if _, forgets := b.store.(*memory.Store); !forgets || len(named) == 0 {
		return nil
	}
	if offline || cfg.Budgets.InMemory == "warn" {
		b.log.Warn("state is kept in memory: what these budgets have spent is forgotten when the gateway ends",
			"budgets", named)
		return nil
	}
	return fmt.Errorf("state is kept in memory, where what budgets have spent is forgotten when the gateway ends (%s): "+
		"name a file, or redis, in access.store (OUTCROP_STATE), or set budgets.in_memory: warn "+
		"(OUTCROP_BUDGETS_IN_MEMORY=warn)", strings.Join(named, ", "))
}

// limiter, budgets and usage count into the books by the settings; of no books they are nil, which counts nothing.

func (b *books) limiter(cfg *config.Config) *limits.Limiter {
	if b == nil {
		return nil
	}
	return limits.New(cfg.Limits, b.meters)
}

func (b *books) budgets(cfg *config.Config) *budgets.Budgets {
	if b == nil {
		return nil
	}
	return b.spent.With(cfg.Budgets)
}

func (b *books) budgetEvent(e budgets.Event) {
	if e.Err != nil {
		b.log.Error("a budget cannot be reckoned: the store of state fails", "account", e.Account.ID,
			"tenant", e.Account.Tenant, "error", e.Err.Error())
		return
	}
	b.log.Warn("a budget comes to its end", "account", e.Account.ID, "tenant", e.Account.Tenant, "budget", e.Warning)
}

func (b *books) usage(cfg *config.Config) *usage.Usage {
	if b == nil {
		return nil
	}
	return usage.New(cfg.Usage, b.ledger)
}
