package pipeline

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/attempt"
	"outcrop/internal/catalog"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
	"outcrop/openai"
)

// What a call costs: each try that reached Bedrock and that the model may have worked at, also one that the SDK has
// made again; nothing that was refused or never got there.
func TestMendE4AndD3TriesCostWhatBedrockMayBill(t *testing.T) {
	of := func(kind openai.Kind, unsent bool) *openai.Error {
		return &openai.Error{Kind: kind, Message: "x", Unsent: unsent}
	}
	const input, answer = 1000, 10*1000 + 2*10_000
	for name, tt := range map[string]struct {
		again    []*openai.Error // tries that the SDK makes again
		last     *openai.Error   // nil is an answer
		attempts int
		cost     int64
	}{
		"answered":                  {nil, nil, 1, answer},
		"throttled, then answered":  {[]*openai.Error{of(openai.RateLimited, false)}, nil, 2, answer},
		"unreadable, then answered": {[]*openai.Error{of(openai.BadUpstream, false)}, nil, 2, input + answer},
		"broken off, then never sent": {[]*openai.Error{of(openai.Timeout, false)}, of(openai.Unavailable, true), 2,
			input},
		"unreadable twice": {[]*openai.Error{of(openai.BadUpstream, false)}, of(openai.BadUpstream, false),
			2, 2 * input},
		"never sent":                  {nil, of(openai.Unavailable, true), 1, 0},
		"given up before it was sent": {nil, of(openai.Timeout, true), 1, 0},
		"given up after it was sent":  {nil, of(openai.Timeout, false), 1, input},
		"never sent, then sent and given up": {[]*openai.Error{of(openai.Unavailable, true)}, of(openai.Timeout, false), 2,
			input},
	} {
		t.Run(name, func(t *testing.T) {
			b, u := newBooks(), upstream.New(upstream.Default(), "us-east-1")
			f := &fake{converse: func(ctx context.Context) (*bedrockruntime.ConverseOutput, error) {
				for _, err := range tt.again {
					if !u.MayRetry(ctx, err) {
						t.Error("no retry")
					}
				}
				if tt.last != nil {
					return nil, tt.last
				}
				return said("x"), nil
			}}
			attempts := attempt.New(attempt.Config{EmbeddingCalls: 8, Version: "test"}, telemetry.New(), u,
				func(catalog.Target) (attempt.Service, error) { return f, nil }, &attempt.Slots{})
			reply, err := b.account(attempts)(t.Context(), priced(t, "", plenty))
			if err == nil {
				_, err = collect(t, reply)
			}
			if (err != nil) != (tt.last != nil) || reply.Head.Attempts != tt.attempts || len(reply.Head.Tries) != tt.attempts {
				t.Errorf("Mend E4: %v after %d attempts, %+v", err, reply.Head.Attempts, reply.Head.Tries)
			}
			if n := b.spent(t); n != tt.cost {
				t.Errorf("Mend D3, E4: %d were charged, want %d", n, tt.cost)
			}
		})
	}
}

// A last target that throttles until first_event is over is told as what it is.
func TestMendE9FirstEventOfAThrottledCallIsItsThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w *world
		busy := awsError(openai.RateLimited, "rate_limit_exceeded")
		busy.After = 7 * time.Second
		f := &fake{stream: func(ctx context.Context) (iter.Seq2[types.ConverseStreamOutput, error], error) {
			if !w.targets.MayRetry(ctx, busy) {
				t.Error("no retry")
			}
			<-ctx.Done() // the pause before the next try
			return nil, &openai.Error{Kind: openai.Internal, Message: "cancelled", Final: true, Unsent: true, Err: ctx.Err()}
		}}
		for _, on := range [][]string{upstream.Default().Fallback.On, nil} {
			cfg := upstream.Default()
			cfg.Attempt.FirstEvent, cfg.Fallback.On = time.Second, on
			w = newWorld(cfg, regions(t, "us-east-1"), map[string]*fake{"us-east-1": f})
			_, err := w.Handler(t.Context(), chatCall(t, ask(`,"stream":true`)))
			var e *openai.Error
			if !errors.As(err, &e) || e.Kind != openai.RateLimited || e.After != busy.After {
				t.Errorf("Mend E9: %v", err)
			}
		}
	})
}

// The last resort is a broken target, and a request does not hang for it.
func TestMendE3NoRequestHangsForTheLastResort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := upstream.Default()
		cfg.Attempt.Answer = 2 * time.Second
		plan := regions(t, "us-east-1", "us-west-2")
		for name, last := range map[string]*fake{"answers": answering("here"), "silent": silentFake()} {
			w := newWorld(cfg, plan, map[string]*fake{"us-east-1": failing(awsError(openai.Forbidden, "model_access_denied")),
				"us-west-2": last})
			for range cfg.Breaker.Calls {
				var s upstream.Search
				w.targets.Search(&s, plan[1:], upstream.Want{})
				if _, _, _, err := s.Next(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.Failed(upstream.Capacity, true)
			}
			begun := time.Now()
			reply, err := w.Handler(t.Context(), chatCall(t, ask("")))
			if len(w.tried) != 2 || time.Since(begun) > cfg.Attempt.Answer {
				t.Errorf("Mend E3, %s: %v after %v", name, w.tried, time.Since(begun))
			}
			if name == "answers" && (err != nil || texts(t, reply) != "here") {
				t.Errorf("Mend E3: %v", err)
			}
		}
	})
}

// That the others have failed before, or are broken, does not make a silent target's request hang.
func TestMendE3NoRequestHangsForTheLastHealthyTarget(t *testing.T) {
	denied := failing(awsError(openai.Forbidden, "model_access_denied"))
	for _, c := range []struct {
		name           string
		broken, silent []string
		after          time.Duration
		tried          int
	}{
		{"the others have failed", nil, []string{"us-west-2"}, 2 * time.Second, 3},
		{"the others are broken", []string{"us-east-1", "eu-west-1"}, []string{"us-west-2"}, 2 * time.Second, 3},
		{"all are broken", []string{"us-east-1", "us-west-2", "eu-west-1"}, []string{"us-east-1", "us-west-2", "eu-west-1"},
			6 * time.Second, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := upstream.Default()
				cfg.Attempt.Answer = 2 * time.Second
				plan := regions(t, "us-east-1", "eu-west-1", "us-west-2")
				fakes := map[string]*fake{"us-east-1": denied, "eu-west-1": denied, "us-west-2": denied}
				for _, region := range c.silent {
					fakes[region] = silentFake()
				}
				w := newWorld(cfg, plan, fakes)
				for i := range plan {
					for range cfg.Breaker.Calls {
						if slices.Contains(c.broken, plan[i].Region) {
							var s upstream.Search
							w.targets.Search(&s, plan[i:i+1], upstream.Want{})
							if _, _, _, err := s.Next(t.Context()); err != nil {
								t.Fatal(err)
							}
							s.Failed(upstream.Capacity, true)
						}
					}
				}
				begun := time.Now()
				_, err := w.Handler(t.Context(), chatCall(t, ask("")))
				if err == nil || len(w.tried) != c.tried || time.Since(begun) != c.after {
					t.Errorf("Mend E3: %v, %v after %v", err, w.tried, time.Since(begun))
				}
			})
		})
	}
}
