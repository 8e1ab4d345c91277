// Package pipeline is the way of a request through the house: one function type carries every request, every concern is
// a stage around it, and the order of the stages stands in one place, [New], as two lists.
//
// It joins the packages that do not know each other (router, translate, policy, cache …). It must not know HTTP, JSON
// or Echo, and no stage may know which endpoint it serves: what differs between endpoints is one row each in
// endpoints.go. A concern that is more than a file has a room of its own (observe, inspect, attempt); the small ones
// are files here.
//
// Start at New, then Call and Reply in package call.
package pipeline

import (
	"context"
	"log/slog"
	"time"

	"outcrop/internal/access/budgets"
	"outcrop/internal/access/limits"
	"outcrop/internal/access/usage"
	"outcrop/internal/attempt"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/inspect"
	"outcrop/internal/observe"
	"outcrop/internal/recall"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
	"outcrop/router"
)

// Config are the pipeline's settings.
type Config struct {
	// Deadline bounds a plain request from its arrival to its answer (R-ERR-71).
	Deadline time.Duration `yaml:"deadline" validate:"gt=0"`
	// EmbeddingCalls bounds the InvokeModel calls under way for embeddings, of one request and of the gateway (R-EMB-05).
	EmbeddingCalls int `yaml:"embedding_calls" validate:"min=1,max=1024"`
	// RememberRefusals is how long a target is sent nothing more of a kind that the gateway adds by itself and the target
	// has refused (R-CAP-07); 0 tries anew with each request.
	RememberRefusals time.Duration `yaml:"remember_refusals" validate:"min=0"`
}

// BaseModels tells the base model of an application inference profile (R-CAP-04).
type BaseModels interface {
	BaseModel(ctx context.Context, arn string) (string, error)
}

// Router finds the targets of a request, from memory.
type Router interface {
	Plan(*router.Facts) (router.Plan, error)
}

// Catalog tells what is known of a base model that BaseModels found.
type Catalog interface {
	WithBase(t catalog.Target, base string) catalog.Target
}

// Collaborators are what the stages work with.
type Collaborators struct {
	Recorder *telemetry.Recorder
	Router   Router
	Catalog  Catalog
	Guards   inspect.Guards // policies by profile of keys; empty: nothing is inspected
	Leads    Leads          // nil: what a key may not ask for is found out only when it is routed
	Services attempt.Services
	Profiles BaseModels
	Download Download            // nil: links are refused
	Upstream *upstream.Targets   // nil: with the default settings
	Memory   recall.Memory       // of answers; nil: nothing is kept
	Carried  *Carried            // what outlives this way of requests; nil: nothing does
	Cache    recall.CacheConfig  // which answers are kept there
	Limiter  *limits.Limiter     // nil: nobody is limited
	Budgets  *budgets.Budgets    // nil: nobody has a budget
	Usage    *usage.Usage        // nil: usage is not kept
	Version  string              // of the gateway, part of system_fingerprint
	Redact   func(string) string // what records may hold of a text; nil: none is kept
}

// Carried is what calls under way share with those that come after the configuration was read anew: whoever builds the
// way of requests more than once makes it once and hands it to every [New].
type Carried struct {
	*recall.Shared
	invokes attempt.Slots // InvokeModel calls of the whole gateway (R-EMB-05)
}

// NewCarried begins with nothing under way. A nil log is none.
func NewCarried(rec *telemetry.Recorder, log *slog.Logger) *Carried {
	return &Carried{Shared: recall.NewShared(rec, log)}
}

// New composes the way of every request out of two chains. The order of their stages, outermost first; what every
// request passes:
//
//	Outside   observes what the caller gets, also of a call that a stage refuses, and keeps its record (docs/provenance.md), and
//	          tells those who count: Limits, Tally and Measure
//	Deadline  bounds plain requests, and streams until their first event (R-STR-19)
//	Bound     refuses more choices than the gateway makes, before anything is made or counted of their number
//	Limit     takes tokens and slots from the limits of key, tenant and end user
//
// An endpoint that calls no model has an end of its own behind that. What calls of models pass:
//
//	Permit    holds the request to the rights of its key, and gives it what the key demands
//	Inspect   lets the policy look at what goes in and what comes out, and rewrite it (docs/policy.md)
//	Route     resolves the model: the request's ordered targets, and why
//	Narrow    leaves the targets that the key may use
//	Fetch     downloads what the request names by URL, once it is known to be valid for the target
//	Recall    answers from memory, and makes one call of equal requests under way (docs/caching.md)
//	Account   reserves what the call may cost (docs/limits-and-budgets.md)
//	Inside    observes what a call of a model does, and tells those who count that: Costs
//	Choices   n > 1: as many calls of what is inside, merged by index
//	Fallback  tries the targets, best first, each in a slot of its own, with the attempt of its kind
//
// Permit is no stage of the first chain: the rights that it knows are those to models, and who may use few of them may
// moderate all the same.
func New(cfg Config, with Collaborators) call.Handler {
	if with.Upstream == nil {
		with.Upstream = upstream.New(upstream.Default(), "")
	}
	if with.Carried == nil {
		with.Carried = NewCarried(with.Recorder, nil)
	}
	with.Recorder.WatchTargets(watch(with.Upstream))
	attempts := attempt.New(attempt.Config{EmbeddingCalls: cfg.EmbeddingCalls, RememberRefusals: cfg.RememberRefusals,
		Version: with.Version},
		with.Recorder, with.Upstream, with.Services, &with.Carried.invokes)
	var called []func(context.Context, *call.Called)
	paid := with.Budgets != nil || with.Usage != nil
	if paid {
		called = append(called, observe.Costs(with.Recorder, with.Usage))
	}
	calls := call.Chain(attempts,
		Permit(with.Leads),
		inspect.Inspect(with.Guards, with.Recorder),
		Route(with.Router, with.Catalog, with.Profiles),
		Narrow,
		Fetch(with.Download),
		recall.Recall(with.Cache, cfg.Deadline, with.Memory, with.Carried.Shared),
		Account(with.Recorder, with.Budgets, with.Usage, call.OutputTokens(with.Budgets)),
		observe.Inside(paid || with.Limiter != nil, called...),
		attempt.Choices,
	)
	others := map[*call.Endpoint]call.Handler{Moderations: inspect.Moderate(with.Guards)} // call no model
	end := func(ctx context.Context, c *call.Call) (call.Reply, error) {
		if other := others[c.Endpoint]; other != nil {
			return other(ctx, c)
		}
		return calls(ctx, c)
	}
	return call.Chain(end,
		observe.Outside(with.Recorder, with.Redact, observe.Limits, observe.Tally(with.Usage),
			observe.Measure(with.Recorder)),
		Deadline(cfg.Deadline),
		Bound,
		Limit(with.Limiter, call.OutputTokens(with.Budgets)),
	)
}

// watch tells the metrics how the targets are doing, whenever somebody reads them.
func watch(u *upstream.Targets) func() telemetry.Upstream {
	return func() telemetry.Upstream {
		report := u.Report()
		out := telemetry.Upstream{Outcomes: upstream.Outcomes(), RetriesGranted: report.RetriesGranted,
			RetriesRefused: report.RetriesRefused}
		for i := range report.Targets {
			t := &report.Targets[i]
			out.Targets = append(out.Targets, telemetry.Target{Model: t.Model, Region: t.Region, State: t.State,
				InFlight: t.InFlight,
				Waiting:  t.Waiting, Limit: t.Limit, Ended: t.Ended[:], Left: t.Left})
		}
		return out
	}
}
