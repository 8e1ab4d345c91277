package pipeline

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"outcrop/internal/access"
	"outcrop/internal/access/limits"
	"outcrop/internal/call"
	"outcrop/internal/observe"
	"outcrop/internal/telemetry"
	"outcrop/openai"
)

// limiting is a limiter and a call with limits.
func limiting(t *testing.T, rest string, l access.Limits, change ...func(*limits.Config)) (call.Stage, *call.Call) {
	t.Helper()
	cfg := limits.Default()
	for _, c := range change {
		c(&cfg)
	}
	c := priced(t, rest, plenty)
	c.Principal.Rights = &access.Rights{Limits: l}
	return limited(limits.New(cfg, limits.NewMeters(nil, nil)), 4096), c
}

// limited is the stage that limits, with all that it needs around and inside; each pass has a call of its own.
func limited(l *limits.Limiter, output int64) call.Stage {
	return func(next call.Handler) call.Handler {
		h := call.Chain(next, observe.Outside(telemetry.New(), nil, observe.Limits), Limit(l, output), observe.Inside(true))
		return func(ctx context.Context, c *call.Call) (call.Reply, error) {
			own := *c
			return h(ctx, &own)
		}
	}
}

func TestTokensOfAnAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		rest               string
		next               call.Handler
		atHead, afterwards int64 // left of 10,000
	}{
		"settled by usage":              {`,"max_tokens":100`, nil, 10_000 - 101, 10_000 - 10},
		"R-N-05 n calls":                {`,"max_tokens":100,"n":3`, nil, 10_000 - 303, 10_000 - 10},
		"without a limit it is guessed": {"", nil, 10_000 - 4097, 10_000 - 10},
		"a guess never refuses":         {`,"n":5`, nil, 0, 10_000 - 10},
		"without usage by estimate": {`,"stream":true,"max_tokens":9`,
			func(_ context.Context, c *call.Call) (call.Reply, error) { return streamEnds(c, nil, nil), nil },
			10_000 - 10, 10_000 - 1 - 3},
		"a hit is free": {`,"max_tokens":100`, func(_ context.Context, c *call.Call) (call.Reply, error) {
			r := replyOf(c, "x")
			r.Head.Cache.State = "hit"
			return r, nil
		}, 10_000, 10_000},
		"a streamed hit is free at its end": {`,"max_tokens":100,"stream":true`,
			func(_ context.Context, c *call.Call) (call.Reply, error) {
				r := replyOf(c, "x")
				r.Head.Cache.State = "hit"
				return r, nil
			}, 10_000 - 101, 10_000},
		"what the cache saved is free": {`,"max_tokens":100`, func(_ context.Context, c *call.Call) (call.Reply, error) {
			r := replyOf(c, "x")
			r.Head.Cache.Saved = 4
			return r, nil
		}, 10_000 - 101, 10_000 - 6},
	} {
		t.Run(name, func(t *testing.T) {
			stage, c := limiting(t, tt.rest, access.Limits{TokensPerMinute: 10_000})
			next := tt.next
			if next == nil {
				next = func(_ context.Context, c *call.Call) (call.Reply, error) { return replyOf(c, "x"), nil }
			}
			reply, err := stage(next)(t.Context(), c)
			if err != nil || reply.Head.Standing.Tokens.Left != tt.atHead || reply.Head.Standing.Tokens.Limit != 10_000 {
				t.Fatalf("R-ERR-81 %+v, %v", reply.Head.Standing, err)
			}
			if _, err := collect(t, reply); err != nil {
				t.Fatal(err)
			}
			c.Request.(*openai.ChatRequest).MaxTokens = new(int64)
			c.Request.(*openai.ChatRequest).N = nil
			reply, err = stage(func(_ context.Context, c *call.Call) (call.Reply, error) { return replyOf(c, "x"), nil })(
				t.Context(), c)
			if err != nil || reply.Head.Standing.Tokens.Left != tt.afterwards-1 { // "hi" is one
				t.Errorf("afterwards %+v, %v", reply.Head.Standing, err)
			}
		})
	}
}

func TestTooManyTokensAsked(t *testing.T) {
	stage, c := limiting(t, `,"max_tokens":20000`, access.Limits{TokensPerMinute: 10_000})
	_, err := stage(func(context.Context, *call.Call) (call.Reply, error) { t.Error("called"); return call.Reply{}, nil })(
		t.Context(), c)
	var e *openai.Error
	if !errors.As(err, &e) || e.Kind != openai.TokensLimited || !e.Final {
		t.Errorf("got %v", err)
	}
}

func TestFailuresGiveTokensBack(t *testing.T) {
	stage, c := limiting(t, `,"max_tokens":6000`, access.Limits{TokensPerMinute: 10_000, Concurrent: 1})
	refusal := errors.New("no")
	for range 3 {
		if _, err := stage(func(context.Context, *call.Call) (call.Reply, error) { return call.Reply{}, refusal })(
			t.Context(), c); !errors.Is(err, refusal) {
			t.Fatal(err)
		}
	}
}

func TestSlotsAreHeldToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stage, c := limiting(t, `,"stream":true`, access.Limits{Concurrent: 1})
		h := stage(func(_ context.Context, c *call.Call) (call.Reply, error) { return replyOf(c, "a b c"), nil })
		ctx, cancel := context.WithCancel(t.Context())
		reply, err := h(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		refused := func() bool {
			_, err := stage(func(context.Context, *call.Call) (call.Reply, error) {
				return call.Reply{},
					errors.New("through")
			})(t.Context(), c)
			var e *openai.Error
			return errors.As(err, &e) && e.Kind == openai.RateLimited
		}
		for range reply.Parts {
			if !refused() {
				t.Error("admitted while the answer is under way")
			}
		}
		if refused() {
			t.Error("refused after the answer has ended")
		}
		if _, err = h(ctx, c); err != nil {
			t.Fatal(err)
		}
		cancel() // and nobody reads
		synctest.Wait()
		if refused() {
			t.Error("refused after the request has ended")
		}
	})
}

func TestEndUsers(t *testing.T) {
	perUser := func(c *limits.Config) { c.EndUser.RequestsPerMinute = 1 }
	stage, c := limiting(t, `,"user":"u1","safety_identifier":"s1"`, access.Limits{}, perUser)
	through := stage(func(_ context.Context, c *call.Call) (call.Reply, error) { return replyOf(c, "x"), nil })
	if reply, err := through(t.Context(), c); err != nil || reply.Head.Standing.Requests.Limit != 1 {
		t.Fatalf("%+v, %v", reply.Head.Standing, err)
	}
	r := c.Request.(*openai.ChatRequest)
	r.SafetyIdentifier = nil
	if _, err := through(t.Context(), c); err != nil {
		t.Errorf("another name of an end user: %v", err)
	}
	if _, err := through(t.Context(), c); err == nil {
		t.Error("R-ERR-67 a second request of the same end user")
	}
	e, bad := openai.DecodeEmbedding([]byte(`{"model":"m","input":"x","user":"u1"}`))
	if bad != nil {
		t.Fatal(bad)
	}
	c.Request = e
	if _, err := through(t.Context(), c); err == nil {
		t.Error("R-ERR-67 an embedding of the same end user")
	}
}

// TestMendA1LimitsHoldForAnyNumber asks the stages alone, without the bounds before them.
func TestMendA1LimitsHoldForAnyNumber(t *testing.T) {
	never := func(context.Context, *call.Call) (call.Reply, error) { t.Error("called"); return call.Reply{}, nil }
	stage, c := limiting(t, `,"n":4500000000,"max_tokens":2147483647`, access.Limits{TokensPerMinute: 1000})
	var e *openai.Error
	if _, err := stage(never)(t.Context(), c); !errors.As(err, &e) || e.Kind != openai.TokensLimited || !e.Final {
		t.Errorf("a limit of tokens: %v", err)
	}
	b := newBooks()
	c = priced(t, `,"n":9223372036854775807,"max_tokens":9223372036854775807`, plenty)
	reserved := int64(0)
	if _, err := b.account(func(context.Context, *call.Call) (call.Reply, error) {
		reserved = b.spent(t)
		return call.Reply{}, errors.New("no")
	})(t.Context(), c); err == nil ||
		reserved < plenty*1000 {
		t.Errorf("a budget: %d nano-USD reserved, %v", reserved, err)
	}
	c = chatCall(t, ask(`,"n":9`))
	if _, err := Bound(never)(t.Context(), c); !errors.As(err, &e) || e.Param != "n" {
		t.Errorf("R-PAR-10 the default of 8: %v", err)
	}
	c.Options.MaxChoices = 9
	if _, err := Bound(func(context.Context, *call.Call) (call.Reply, error) { return call.Reply{}, nil })(t.Context(),
		c); err != nil {
		t.Errorf("R-PAR-10 a setting: %v", err)
	}
}
