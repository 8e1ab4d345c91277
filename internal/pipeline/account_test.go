package pipeline

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/access"
	"outcrop/internal/access/budgets"
	"outcrop/internal/access/limits"
	"outcrop/internal/access/usage"
	"outcrop/internal/attempt"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/observe"
	"outcrop/internal/recall"
	"outcrop/internal/store"

	statestore "outcrop/internal/store/memory"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
	"outcrop/openai"
)

func TestPlainAnswerIsSettled(t *testing.T) {
	b := newBooks()
	c := priced(t, `,"max_tokens":100`, plenty)
	h := b.account(func(_ context.Context, c *call.Call) (call.Reply, error) {
		if n := b.spent(t); n != 1*1000+100*10_000 { // "hi" is one token
			t.Errorf("reserved %d", n)
		}
		return replyOf(c, "hello"), nil
	})
	reply, err := h(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := collect(t, reply); err != nil {
		t.Fatal(err)
	}
	const cost = 7*1000 + 3*10_000 // usual
	if n := b.spent(t); n != cost {
		t.Errorf("spent %d", n)
	}
	if n, estimated, known := reply.Head.Called.Cost(); n != cost || estimated || !known {
		t.Error("bill", n, estimated, known)
	}
	if got, want := b.total(t), (usage.Sums{Input: 7, Output: 3, Cost: cost}); got != want {
		t.Errorf("usage %+v", got)
	}
}

func TestReservations(t *testing.T) {
	for name, tt := range map[string]struct {
		rest string
		cap  int64
		want int64
	}{
		"without a limit 4,096 tokens":       {"", 0, 1000 + 4096*10_000},
		"R-N-05 times n":                     {`,"max_tokens":10,"n":3`, 0, 3 * (1000 + 10*10_000)},
		"the cap of the key":                 {"", 50, 1000 + 50*10_000},
		"the cap of the key, below a limit":  {`,"max_completion_tokens":90`, 50, 1000 + 50*10_000},
		"a limit below the cap of the key":   {`,"max_completion_tokens":20`, 50, 1000 + 20*10_000},
		"the new name of the limit is first": {`,"max_tokens":7,"max_completion_tokens":9`, 0, 1000 + 9*10_000},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks()
			c := priced(t, tt.rest, plenty)
			c.Principal.Rights.MaxTokens = tt.cap
			refusal := &openai.Error{Kind: openai.Invalid, Message: "no"}
			_, err := b.account(func(context.Context, *call.Call) (call.Reply, error) {
				if n := b.spent(t); n != tt.want {
					t.Errorf("reserved %d, want %d", n, tt.want)
				}
				return call.Reply{}, refusal
			})(t.Context(), c)
			if !errors.Is(err, refusal) || b.spent(t) != 0 {
				t.Errorf("a refusal has cost %d, %v", b.spent(t), err)
			}
			if got := b.total(t); got != (usage.Sums{}) {
				t.Errorf("usage %+v", got)
			}
		})
	}
}

func TestBudgetSpent(t *testing.T) {
	b := newBooks()
	next := func(_ context.Context, c *call.Call) (call.Reply, error) { return replyOf(c, "x"), nil }
	for i, warned := range []bool{false, true} {
		reply, err := b.account(next)(t.Context(), priced(t, "", 60)) // 37,000 of 60,000 each
		if err != nil || (reply.Head.Warning != "") != warned {
			t.Fatalf("call %d: %q, %v", i, reply.Head.Warning, err)
		}
		if _, err := collect(t, reply); err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.account(func(context.Context, *call.Call) (call.Reply, error) {
		t.Error("called")
		return call.Reply{},
			nil
	})(t.Context(), priced(t, "", 60))
	var e *openai.Error
	if !errors.As(err, &e) || e.Kind != openai.QuotaExceeded || !e.Final {
		t.Errorf("R-ERR-68 %v", err)
	}
}

func TestUnknownPrice(t *testing.T) {
	unpriced := func() *call.Call {
		c := priced(t, "", plenty)
		row := *c.Plan.Targets[0].Row
		row.Prices = nil
		c.Plan.Targets[0].Row = &row
		return c
	}
	next := func(_ context.Context, c *call.Call) (call.Reply, error) { return replyOf(c, "x"), nil }
	b := newBooks()
	reply, err := b.account(next)(t.Context(), unpriced())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := collect(t, reply); err != nil || b.total(t).Unpriced != 1 || b.spent(t) != 0 {
		t.Error(err, b.total(t))
	}
	strict := newBooks(func(c *budgets.Config) { c.UnknownPrice = "refuse" })
	var e *openai.Error
	if _, err := strict.account(next)(t.Context(), unpriced()); !errors.As(err, &e) || e.Code != "price_unknown" {
		t.Error(err)
	}
	free := unpriced()
	free.Principal.Rights = nil
	if _, err := strict.account(next)(t.Context(), free); err != nil {
		t.Error(err)
	}
}

// streamEnds is a stream of twelve bytes that ends as told.
func streamEnds(c *call.Call, usage *openai.Usage, err error) call.Reply {
	r := replyOf(c, "x")
	r.Parts = func(yield func(openai.Part, error) bool) {
		h := &openai.Head{}
		for range 3 {
			if !yield(&openai.ChatChunk{Head: h, Choices: []openai.ChunkChoice{{Delta: openai.Delta{Content: "abcd"}}}}, nil) {
				return
			}
		}
		if usage != nil && !yield(&openai.ChatChunk{Head: h, Usage: usage}, nil) {
			return
		}
		if err != nil {
			yield(nil, err)
		}
	}
	return r
}

func TestHowStreamsAreSettled(t *testing.T) {
	cut := &openai.Error{Kind: openai.BadUpstream, Code: openai.CodeStreamTruncated, Message: "cut"}
	for name, tt := range map[string]struct {
		usage     *openai.Usage
		err       error
		leave     bool
		cost      int64
		estimated int64
	}{
		"with usage": {&openai.Usage{Prompt: 100, Completion: 2, CacheRead: 50, CacheWrite: 10}, nil,
			false, 40*1000 + 2*10_000 + 50*100 + 10*1250, 0},
		"without usage by estimate":        {nil, nil, false, 1000 + 3*10_000, 1},
		"cut by estimate":                  {nil, cut, false, 1000 + 3*10_000, 1},
		"cut after its usage":              {&openai.Usage{Prompt: 5, Completion: 1}, cut, false, 5*1000 + 10_000, 0},
		"left by the client, by estimate":  {nil, nil, true, 1000 + 1*10_000, 1},
		"R-USE-01 nothing used is nothing": {&openai.Usage{}, nil, false, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks()
			c := priced(t, `,"stream":true`, plenty)
			reply, err := b.account(func(_ context.Context, c *call.Call) (call.Reply,
				error) {
				return streamEnds(c, tt.usage, tt.err), nil
			})(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range reply.Parts {
				if tt.leave || err != nil {
					break
				}
			}
			if n := b.spent(t); n != tt.cost {
				t.Errorf("spent %d, want %d", n, tt.cost)
			}
			if u := b.total(t); u.Estimated != tt.estimated || u.Cost != tt.cost {
				t.Errorf("usage %+v", u)
			}
		})
	}
}

func TestNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBooks()
		ctx, cancel := context.WithCancel(t.Context())
		reply, err := b.account(func(_ context.Context, c *call.Call) (call.Reply, error) {
			return streamEnds(c, nil, nil),
				nil
		})(ctx, priced(t, `,"stream":true`, plenty))
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		synctest.Wait()
		if n := b.spent(t); n != 1000 {
			t.Errorf("spent %d", n)
		}
		for range reply.Parts {
		}
		if n := b.spent(t); n != 1000 {
			t.Errorf("settled twice: %d", n)
		}
	})
}

func TestAttemptsThatFailedCost(t *testing.T) {
	try := func(o upstream.Outcome, k openai.Kind) call.Try {
		return call.Try{Model: nova, Region: "us-east-1", Outcome: o, Kind: k}
	}
	for name, tt := range map[string]struct {
		tries []call.Try
		err   error
		cost  int64
	}{
		"refused":   {[]call.Try{try(upstream.Throttled, openai.RateLimited)}, errors.New("x"), 0},
		"timed out": {[]call.Try{try(upstream.Timeout, openai.Timeout)}, errors.New("x"), 1000},
		"unreadable, then left": {[]call.Try{try(upstream.ServerError, openai.BadUpstream),
			try(upstream.Canceled, openai.Internal)}, context.Canceled, 2000},
		"timed out, then answered by other": {[]call.Try{try(upstream.Timeout, openai.Timeout), try(upstream.OK, 0)}, nil,
			1000 + 37_000},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks()
			reply, err := b.account(func(ctx context.Context, c *call.Call) (call.Reply, error) {
				if err := c.Hold.Send(ctx); err != nil {
					t.Error(err)
				}
				r := replyOf(c, "x")
				r.Head.Tries = tt.tries
				return r, tt.err
			})(t.Context(), priced(t, "", plenty))
			if err == nil {
				if _, err := collect(t, reply); err != nil {
					t.Fatal(err)
				}
			}
			if n := b.spent(t); n != tt.cost || tt.cost > 0 && b.total(t).Estimated != 1 {
				t.Errorf("spent %d, usage %+v", n, b.total(t))
			}
		})
	}
}

func TestHourInTheCacheCostsMore(t *testing.T) {
	for rest, want := range map[string]int64{"": 10 * 1250, `,"prompt_cache_retention":"24h"`: 10 * 2000,
		`,"prompt_cache_options":{"ttl":"1h"}`: 10 * 2000} {
		b := newBooks()
		reply, err := b.account(func(_ context.Context, c *call.Call) (call.Reply, error) {
			return streamEnds(c, &openai.Usage{Prompt: 10, CacheWrite: 10}, nil), nil
		})(t.Context(), priced(t, rest, plenty))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := collect(t, reply); err != nil || b.spent(t) != want {
			t.Errorf("%s: %d, %v", rest, b.spent(t), err)
		}
	}
}

func TestPanicIsSettled(t *testing.T) {
	b := newBooks()
	l := limits.New(limits.Config{}, limits.NewMeters(nil, nil))
	c := priced(t, "", plenty)
	c.Principal.Rights.Limits.Concurrent = 1
	for range 2 {
		err := call.Guarded(func() error {
			_, err := limited(l, 1)(b.account(func(context.Context, *call.Call) (call.Reply, error) { panic("oh") }))(
				t.Context(), c)
			return err
		})
		var e *openai.Error
		if !errors.As(err, &e) || e.Kind != openai.Internal {
			t.Errorf("a slot was kept: %v", err)
		}
	}
	if n := b.spent(t); n != 0 {
		t.Errorf("%d stay reserved", n)
	}
}

func TestHitsCostNothing(t *testing.T) {
	b := newBooks()
	bed := bed{}
	h := call.Chain(b.account(bed.handle), observe.Outside(telemetry.New(), nil, observe.Tally(b.usage)),
		recall.Recall(recall.DefaultCache(), time.Minute, newMemory(), recall.NewShared(telemetry.New(), nil)))
	for range 3 {
		reply, err := h(t.Context(), priced(t, `,"temperature":0,"metadata":{"project":"p"}`, plenty))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := collect(t, reply); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := b.total(t), (usage.Sums{Requests: 3, Cached: 2, Input: 7, Output: 3, Cost: 37_000}); got != want ||
		bed.calls.Load() != 1 {
		t.Errorf("usage %+v, %d calls", got, bed.calls.Load())
	}
	if n := b.spent(t); n != 37_000 {
		t.Errorf("spent %d", n)
	}
}

func TestTallyCountsErrors(t *testing.T) {
	b := newBooks()
	_, err := observe.Outside(telemetry.New(), nil, observe.Tally(b.usage))(func(context.Context, *call.Call) (call.Reply,
		error) {
		return call.Reply{}, errors.New("x")
	})(t.Context(), priced(t, "", plenty))
	if got := b.total(t); err == nil || got != (usage.Sums{Requests: 1, Errors: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestMendE7ACallThatCannotBeNotedIsNotSent: when the store does not take the word that a call is on its way, no target
// is called, of whatever kind the request; nothing is owed for it, no target is blamed, and whoever has no budget is
// served.
func TestMendE7ACallThatCannotBeNotedIsNotSent(t *testing.T) {
	plan := regions(t, "us-east-1", "eu-west-1")
	for name, rest := range map[string]string{"plain": "", "streamed": `,"stream":true`, "choices": `,"n":2`} {
		t.Run(name, func(t *testing.T) {
			var sent atomic.Int32
			count := func(context.Context) (*bedrockruntime.ConverseOutput, error) { sent.Add(1); return said("x"), nil }
			bed := &fake{converse: count, stream: func(ctx context.Context) (iter.Seq2[types.ConverseStreamOutput, error],
				error) {
				sent.Add(1)
				return told(ctx, nil, "x"), nil
			}}
			s := &mute{Store: statestore.New()}
			budgets := budgets.New(budgets.Default(), budgets.NewLeases(s, nil), func(budgets.Event) {})
			targets := upstream.New(upstream.Default(), "us-east-1")
			handle := New(Config{Deadline: time.Minute, EmbeddingCalls: 8}, Collaborators{
				Recorder: telemetry.New(), Router: plan, Catalog: catalog.Default(), Profiles: bed, Version: "test",
				Upstream: targets, Budgets: budgets,
				Services: func(catalog.Target) (attempt.Service, error) { return bed, nil },
			})
			ask := func(rights *access.Rights) error {
				c := chatCall(t, ask(rest))
				c.Principal = access.Principal{KeyID: "k", Rights: rights}
				reply, err := handle(t.Context(), c)
				if err == nil {
					_, err = collect(t, reply)
				}
				return err
			}
			poor := &access.Rights{Budget: &access.Budget{Amount: plenty, Period: "total"}}
			for range 20 { // more than a circuit breaker takes
				var e *openai.Error
				if err := ask(poor); !errors.As(err, &e) || e.Kind != openai.Unavailable || sent.Load() != 0 {
					t.Fatalf("%v, %d calls were sent", err, sent.Load())
				}
			}
			sums, err := s.Balances(t.Context(), []store.Account{{Tenant: "key:k", ID: "key:k:total"}})
			if err != nil || sums[0] != (store.Balance{}) {
				t.Errorf("%+v, %v", sums, err)
			}
			if err := ask(nil); err != nil || sent.Load() == 0 {
				t.Errorf("without a budget: %v", err)
			}
			s.works = true
			if err := ask(poor); err != nil {
				t.Errorf("when the store works again: %v", err)
			}
		})
	}
}

// mute is a store that does not take the word that calls are on their way, until it works.
type mute struct {
	*statestore.Store
	works bool
}

func (m *mute) Send(ctx context.Context, tenant, id string) error {
	if !m.works {
		return errors.New("the disk is full")
	}
	return m.Store.Send(ctx, tenant, id)
}
