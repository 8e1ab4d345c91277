// Package budgets holds callers to what they may spend: what a call may cost is held before it and settled after it.
//
// It must not know prices, nor read answers. Start at [Budgets.Reserve], which hands back what must be settled;
// [Leases] look after what a process that ended has left.
package budgets

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/store"
	"outcrop/openai"
)

// Store keeps what was spent and what is held; internal/store has engines, and storetest says what they promise.
type Store interface {
	// Reserve holds an amount in every account, or in none when one has nothing left: the first such one is refused, else
	// it is -1. What it gives besides, of all of them and in either case, is how they stood at that moment. Once it has
	// returned, the hold is not lost by a crash.
	Reserve(ctx context.Context, h store.Hold) (before []store.Balance, refused int, err error)
	// Send says of a hold that its call is on its way, and may cost something from now on.
	Send(ctx context.Context, tenant, id string) error
	// Settle ends a hold: its accounts have spent the cost instead. No sum falls below 0. It tells whether the hold had
	// been charged. Of a hold that is not there it changes nothing, so that it can be tried again when its answer was
	// lost.
	Settle(ctx context.Context, h store.Hold, cost int64) (charged bool, err error)
	// Renew makes leases end later.
	Renew(ctx context.Context, tenant string, ids []string, until int64) error
	// Lapse ends the holds whose leases have ended: those of calls that were sent are charged, and given back; the others
	// cost nothing. Both can still be settled for [store.LapsedFor].
	Lapse(ctx context.Context, now int64) (charged []store.Hold, err error)
}

// Config are the budgets beside those of keys, and how calls are reckoned before they are made.
type Config struct {
	Tenants      map[string]access.Budget `yaml:"tenants" validate:"dive,keys,label,endkeys" help:"tenant: budget of all its keys together"`
	OutputTokens int64                    `yaml:"output_tokens" validate:"min=1,max=2147483647" help:"output tokens that a request without a limit is reckoned with before it is answered"`
	UnknownPrice string                   `yaml:"unknown_price" validate:"oneof=allow refuse" help:"a model without a known price: allow, it counts nothing and is marked so in the usage, or refuse it to keys that have a budget"`
	InMemory     string                   `yaml:"in_memory" validate:"oneof=refuse warn" help:"budgets whose sums would be kept in memory, where a restart forgets what was spent: refuse to start, or warn"`
}

// Default limits nobody but keys.
func Default() Config {
	return Config{OutputTokens: 4096, UnknownPrice: "allow", InMemory: "refuse"}
}

// Faults gives what is wrong with budgets of tenants.
func (c Config) Faults() map[string]error {
	faults := map[string]error{}
	for tenant, b := range c.Tenants {
		if b.Amount <= 0 {
			faults["tenants["+tenant+"].amount"] = fmt.Errorf("must be more than 0")
		}
	}
	return faults
}

// Named gives the settings of all budgets of tenants, in order.
func (c Config) Named() (settings []string) {
	for _, tenant := range slices.Sorted(maps.Keys(c.Tenants)) {
		settings = append(settings, "budgets.tenants."+tenant)
	}
	return settings
}

const budgetTimeout = 5 * time.Second

// heldAgain is when it makes sense to ask again where calls under way hold what is left: most of them end within it,
// and clients that wait for it by themselves, as OpenAI's do up to a minute, ask again.
const heldAgain = 5 * time.Second

// Budgets hold callers to what they may spend. What a call may cost is held before the call and settled after it. A
// hold that nobody settles, since its process was killed, is charged when its lease ends (see [Leases]).
type Budgets struct {
	Config
	leases *Leases
	report func(Event)
	warned *sync.Map // accounts of which was reported that they come to their end; bounded by the keys there are
}

// Event is something that people should know of a budget.
type Event struct {
	Account store.Account
	Warning string // "" for an error
	Err     error
}

// New works on a store by its leases, and reports what people should know.
func New(cfg Config, l *Leases, report func(Event)) *Budgets {
	return &Budgets{cfg, l, report, &sync.Map{}}
}

// With gives budgets of other settings over the same sums. What was reported is not reported again.
func (b *Budgets) With(cfg Config) *Budgets {
	own := *b
	own.Config = cfg
	return &own
}

// budget is one that holds for a caller.
type budget struct {
	access.Budget
	whose string
}

func (b *Budgets) of(p *access.Principal) (list [2]budget, n int) {
	if p.Rights != nil && p.Rights.Budget != nil {
		list[n] = budget{*p.Rights.Budget, "key"}
		n++
	}
	if t, ok := b.Tenants[p.Tenant]; ok && p.Tenant != "" {
		list[n] = budget{t.Monthly(), "tenant"}
		n++
	}
	return list, n
}

// Holds tells whether a caller has a budget.
func (b *Budgets) Holds(p *access.Principal) bool {
	if b == nil {
		return false
	}
	_, n := b.of(p)
	return n > 0
}

// Hold is what was reserved for a call.
type Hold struct {
	Warning string // that a budget comes to its end; "" for none

	budgets *Budgets
	held    store.Hold
	settled sync.Once

	sending sync.Mutex
	sent    bool
}

// Reserve takes what a call may cost from the caller's budgets. A call is let through while anything is left of each,
// so that a sum passes its budget by no more than what is reserved at the time. Else the error is a 429: of a budget
// that is spent the one of R-ERR-68; where only calls under way hold the rest, of which they may give back some, one
// that is worth another try. Without a budget the hold is nil; any other must be settled. guess is the usage that is
// counted when nobody settles it; nil is none.
func (b *Budgets) Reserve(ctx context.Context, p *access.Principal, amount access.NanoUSD,
	guess *store.Usage) (*Hold, error) {
	if b == nil {
		return nil, nil
	}
	list, n := b.of(p)
	if n == 0 {
		return nil, nil
	}
	now := time.Now().UTC()
	h := &Hold{budgets: b, held: b.leases.hold(p.Home(), int64(max(amount, 0)), guess, now)}
	for _, x := range list[:n] {
		id := x.whose + ":" + x.Period
		if x.whose == "key" {
			id = "key:" + p.KeyID + ":" + x.Period
		}
		from, _ := period(x.Period, now)
		h.held.Accounts = append(h.held.Accounts,
			store.Account{Tenant: p.Home(), ID: id, From: from, Limit: int64(x.Amount.Nano())})
	}
	// What is reserved must be known, or it could not be settled: a caller who leaves is looked at afterwards.
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), budgetTimeout)
	defer cancel()
	before, refused, err := b.leases.reserve(own, h.held)
	switch {
	case err != nil:
		b.report(Event{Account: h.held.Accounts[0], Err: err})
		return nil, unchecked(err)
	case refused >= 0:
		return nil, refusedBudget(list[:n], h.held.Accounts, before, refused, now)
	}
	if ctx.Err() != nil {
		h.Settle(ctx, 0)
		return nil, ctx.Err()
	}
	h.warn(list[:n], before)
	return h, nil
}

// warn says what is nearly spent, and reports it once. What is only reserved is not.
func (h *Hold) warn(list []budget, before []store.Balance) {
	for i := range list {
		x := &list[i]
		percent := int64(float64(before[i].Spent) / float64(h.held.Accounts[i].Limit) * 100)
		if x.SoftPercent == 0 || percent < int64(x.SoftPercent) {
			continue
		}
		h.Warning = fmt.Sprintf("%s; spent=%d%%; amount=%s; period=%s", x.whose, percent, x.Amount, x.Period)
		if _, said := h.budgets.warned.LoadOrStore(h.held.Accounts[i], true); !said {
			h.budgets.report(Event{Account: h.held.Accounts[i], Warning: h.Warning})
		}
	}
}

// Send must have succeeded before anything of the call goes to a model: from then on the hold is charged when nobody
// settles it. Of several that are told at once all wait for the store.
func (h *Hold) Send(ctx context.Context) error {
	if h == nil {
		return nil
	}
	h.sending.Lock()
	defer h.sending.Unlock()
	if h.sent {
		return nil
	}
	own, cancel := context.WithTimeout(ctx, budgetTimeout)
	defer cancel()
	if err := h.budgets.leases.store.Send(own, h.held.Tenant, h.held.ID); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		h.budgets.report(Event{Account: h.held.Accounts[0], Err: err})
		return unchecked(err)
	}
	h.sent = true
	return nil
}

// Unsent tells that Send has not succeeded, so that no model was called. Of no hold nobody knows.
func (h *Hold) Unsent() bool {
	if h == nil {
		return false
	}
	h.sending.Lock()
	defer h.sending.Unlock()
	return !h.sent
}

func unchecked(err error) error {
	return &openai.Error{Kind: openai.Unavailable, Code: openai.CodeOverloaded,
		Message: "Budgets cannot be checked at the moment. Try again.", Err: err}
}

// Settle counts what the call has cost instead of what was reserved, under a time limit of its own, since the call's
// context may have ended. Only the first call does anything. When the store fails, [Leases.Run] tries again.
func (h *Hold) Settle(ctx context.Context, cost access.NanoUSD) {
	if h == nil {
		return
	}
	h.settled.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), budgetTimeout)
		defer cancel()
		if err := h.budgets.leases.settle(ctx, h.held, int64(max(cost, 0))); err != nil {
			h.budgets.report(Event{Account: h.held.Accounts[0], Err: err})
		}
	})
}

// refusedBudget is the refusal of a call: of all its budgets that of one that is spent counts first, since waiting for
// others is no use then.
func refusedBudget(list []budget, accounts []store.Account, before []store.Balance, refused int, now time.Time) error {
	for i := range list {
		if before[i].Spent >= accounts[i].Limit {
			return list[i].spent(now)
		}
	}
	return list[refused].reserved(before[refused])
}

func (b *budget) spent(now time.Time) error {
	e := &openai.Error{Kind: openai.QuotaExceeded, Code: openai.CodeQuota, Final: true,
		Message: fmt.Sprintf("You exceeded your current quota: the budget of %s, is spent.", b.name())}
	if _, end := period(b.Period, now); !end.IsZero() {
		e.After = end.Sub(now)
	}
	return e
}

func (b *budget) reserved(stands store.Balance) error {
	return &openai.Error{Kind: openai.RateLimited, Code: openai.CodeRateLimited, After: heldAgain,
		Message: fmt.Sprintf("Calls under way have reserved what is left of the budget of %s: %s USD are spent, %s USD "+
			"are reserved. "+
			"What they do not use is given back when they end. Please try again in %s.",
			b.name(), access.NanoUSD(stands.Spent), access.NanoUSD(stands.Held), heldAgain)}
}

// name is whose budget it is, and how much.
func (b *budget) name() string {
	span, whose := "in all", "this API key"
	if b.Period != "total" {
		span = "a " + b.Period
	}
	if b.whose == "tenant" {
		whose = "your organization"
	}
	return fmt.Sprintf("%s, %s USD %s", whose, b.Amount, span)
}

// period gives when the period of a time began, in seconds, and when it ends. Periods begin at midnight UTC, weeks on
// Monday. A total has neither.
func period(name string, now time.Time) (from int64, end time.Time) {
	y, m, d := now.Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	switch name {
	case "day":
		return day.Unix(), day.AddDate(0, 0, 1)
	case "week":
		monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
		return monday.Unix(), monday.AddDate(0, 0, 7)
	case "month":
		first := time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
		return first.Unix(), first.AddDate(0, 1, 0)
	}
	return 0, time.Time{}
}
