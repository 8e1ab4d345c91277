package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/attempt"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
	"outcrop/openai"
	"outcrop/router"
)

// fixedPlan is a Router of one plan for every request.
type fixedPlan []catalog.Target

func (p fixedPlan) Plan(*router.Facts) (router.Plan, error) {
	return router.Plan{Targets: p, Rule: "test"}, nil
}

// regions is a plan of one model in several regions, in this order.
func regions(t testing.TB, names ...string) fixedPlan {
	t.Helper()
	var plan fixedPlan
	for i, name := range names {
		target, err := catalog.Default().Resolve(nova, name)
		if err != nil {
			t.Fatal(err)
		}
		target.Region, target.Order = name, i
		plan = append(plan, target)
	}
	return plan
}

// world is a gateway in front of one fake for each region.
type world struct {
	call.Handler
	targets *upstream.Targets
	mu      sync.Mutex
	tried   []string // regions, in order
}

func newWorld(cfg upstream.Config, plan fixedPlan, services map[string]*fake) *world {
	w := &world{targets: upstream.New(cfg, "us-east-1")}
	w.Handler = New(Config{Deadline: time.Minute, EmbeddingCalls: 8}, Collaborators{
		Recorder: telemetry.New(), Router: plan, Catalog: catalog.Default(), Profiles: &fake{}, Version: "test",
		Upstream: w.targets,
		Services: func(t catalog.Target) (attempt.Service, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.tried = append(w.tried, t.Region)
			return services[t.Region], nil
		},
	})
	return w
}

// answering, failing and silent are what a region may do to plain and streamed calls alike.
func answering(text string) *fake {
	return &fake{
		converse: func(context.Context) (*bedrockruntime.ConverseOutput, error) { return said(text), nil },
		stream: func(ctx context.Context) (iter.Seq2[types.ConverseStreamOutput, error], error) {
			return told(ctx, nil, text), nil
		},
	}
}

func failing(err error) *fake {
	return &fake{
		converse: func(context.Context) (*bedrockruntime.ConverseOutput, error) { return nil, err },
		stream:   func(context.Context) (iter.Seq2[types.ConverseStreamOutput, error], error) { return nil, err },
	}
}

func silentFake() *fake {
	wait := func(ctx context.Context) error {
		<-ctx.Done()
		return &openai.Error{Kind: openai.Internal, Message: "cancelled", Final: true, Err: ctx.Err()}
	}
	return &fake{
		converse: func(ctx context.Context) (*bedrockruntime.ConverseOutput, error) { return nil, wait(ctx) },
		stream: func(ctx context.Context) (iter.Seq2[types.ConverseStreamOutput, error], error) {
			return nil, wait(ctx)
		},
	}
}

func texts(t *testing.T, r call.Reply) string {
	t.Helper()
	parts, err := collect(t, r)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, p := range parts {
		switch p := p.(type) {
		case *openai.ChatResponse:
			b.WriteString(*p.Choices[0].Message.Content)
		case *openai.ChatChunk:
			for _, c := range p.Choices {
				b.WriteString(c.Delta.Content)
			}
		}
	}
	return b.String()
}

func awsError(kind openai.Kind, code string) *openai.Error {
	return &openai.Error{Kind: kind, Code: code, Message: code, UpstreamID: "aws-" + code}
}

func TestFallbackByKindOfFailure(t *testing.T) {
	for _, c := range []struct {
		err     *openai.Error
		goes    bool
		outcome string
	}{
		{awsError(openai.RateLimited, "rate_limit_exceeded"), true, "throttled"},
		{awsError(openai.TokensLimited, "rate_limit_exceeded"), true, "throttled"},
		{awsError(openai.QuotaExceeded, "insufficient_quota"), true, "quota"},
		{awsError(openai.Unavailable, "service_unavailable"), true, "capacity"},
		{awsError(openai.Unavailable, "model_not_ready"), true, "not_ready"},
		{awsError(openai.Timeout, "timeout"), true, "timeout"},
		{awsError(openai.Internal, ""), true, "server_error"},
		{awsError(openai.BadUpstream, "model_error"), true, "server_error"},
		{awsError(openai.Forbidden, "model_access_denied"), true, "access_denied"},
		{awsError(openai.NotFound, "model_not_found"), true, "not_found"},
		{awsError(openai.Invalid, "invalid_value"), false, "invalid"},
		{awsError(openai.Invalid, "context_length_exceeded"), false, "context_length"}, // the other window is no larger
		{&openai.Error{Kind: openai.BadUpstream, Code: "model_error", Final: true, UpstreamID: "aws"}, false, "invalid"},
	} {
		for _, stream := range []string{"", `,"stream":true`} {
			t.Run(fmt.Sprint(c.outcome, " ", c.err.Code, stream), func(t *testing.T) {
				w := newWorld(upstream.Default(), regions(t, "one", "two"),
					map[string]*fake{"one": failing(c.err), "two": answering("Hello")})
				reply, err := w.Handler(t.Context(), chatCall(t, ask(stream)))
				if len(reply.Head.Tries) == 0 || reply.Head.Tries[0].Outcome.String() != c.outcome ||
					reply.Head.Tries[0].Region != "one" {
					t.Errorf("tries %+v", reply.Head.Tries)
				}
				if !c.goes {
					if !errors.Is(err, c.err) || len(w.tried) != 1 {
						t.Errorf("%v after %v", err, w.tried)
					}
					return
				}
				if err != nil || reply.Head.Attempts != 2 || reply.Head.Target.Region != "two" ||
					reply.Head.Upstream[0] != c.err.UpstreamID {
					t.Fatalf("%+v, %v", reply.Head, err)
				}
				if got := texts(t, reply); got != "Hello" {
					t.Errorf("answer %q", got)
				}
			})
		}
	}
}

func TestFallbackIsConfigurable(t *testing.T) {
	cfg := upstream.Default()
	cfg.Fallback.On = []string{"timeout"}
	denied := awsError(openai.Forbidden, "model_access_denied")
	w := newWorld(cfg, regions(t, "one", "two"), map[string]*fake{"one": failing(denied), "two": answering("Hello")})
	if _, err := w.Handler(t.Context(), chatCall(t, ask(""))); !errors.Is(err, denied) {
		t.Errorf("access denied is not in the list: %v", err)
	}
}

// When no target has answered, the client gets the failure that a retry may cure.
func TestTheMostUsefulErrorIsTheAnswer(t *testing.T) {
	throttled, down, denied := awsError(openai.RateLimited, "throttled"), awsError(openai.Unavailable, "down"),
		awsError(openai.Forbidden, "denied")
	for name, c := range map[string]struct {
		errs [3]error
		want error
	}{
		"throttled beats unavailable and denied": {[3]error{denied, down, throttled}, throttled},
		"unavailable beats denied":               {[3]error{denied, down, denied}, down},
		"of equals the first":                    {[3]error{denied, awsError(openai.Forbidden, "other"), denied}, denied},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(upstream.Default(), regions(t, "a", "b", "c"),
					map[string]*fake{"a": failing(c.errs[0]), "b": failing(c.errs[1]), "c": failing(c.errs[2])})
				reply, err := w.Handler(t.Context(), chatCall(t, ask("")))
				if n := reply.Head.Attempts; !errors.Is(err, c.want) || n < 3 || n > 7 || len(reply.Head.Upstream) != n {
					t.Errorf("%v, %+v", err, reply.Head)
				}
			})
		})
	}
}

func TestSilentTargetsAreLeft(t *testing.T) {
	cfg := upstream.Default()
	cfg.Attempt.FirstEvent = 2 * time.Second
	for _, c := range []struct {
		name, rest string
		after      time.Duration
	}{
		{"a stream after first_event", `,"stream":true`, 2 * time.Second},
		{"a plain call after five times that", "", 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(cfg, regions(t, "one", "two"), map[string]*fake{"one": silentFake(), "two": answering("Hello")})
				begin := time.Now()
				reply, err := w.Handler(t.Context(), chatCall(t, ask(c.rest)))
				if err != nil || time.Since(begin) != c.after || reply.Head.Tries[0].Outcome != upstream.Timeout {
					t.Fatalf("%v after %v, %+v", err, time.Since(begin), reply.Head)
				}
				if got := texts(t, reply); got != "Hello" {
					t.Errorf("answer %q", got)
				}
			})
		})
	}
	t.Run("the only target of a stream is a 504", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(cfg, regions(t, "one"), map[string]*fake{"one": silentFake()})
			begin := time.Now()
			_, err := w.Handler(t.Context(), chatCall(t, ask(`,"stream":true`)))
			var oe *openai.Error
			if !errors.As(err, &oe) || oe.Kind != openai.Timeout || oe.Final || time.Since(begin) != 2*time.Second {
				t.Errorf("%v after %v", err, time.Since(begin))
			}
		})
	})
	t.Run("the only target of a plain call has the request's time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			slow := &fake{converse: func(context.Context) (*bedrockruntime.ConverseOutput, error) {
				time.Sleep(50 * time.Second)
				return said("Hello"), nil
			}}
			w := newWorld(cfg, regions(t, "one"), map[string]*fake{"one": slow})
			if _, err := w.Handler(t.Context(), chatCall(t, ask(""))); err != nil {
				t.Error(err)
			}
		})
	})
}

func TestDeadlineOfStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := upstream.Default()
		cfg.Attempt.FirstEvent = time.Hour
		w := newWorld(cfg, regions(t, "one", "two"), map[string]*fake{"one": silentFake(), "two": silentFake()})
		for _, c := range []struct{ header, want time.Duration }{{0, time.Minute}, {3 * time.Second, 3 * time.Second},
			{time.Hour, time.Minute}} {
			for _, rest := range []string{"", `,"stream":true`} {
				call := chatCall(t, ask(rest))
				call.Tune.Timeout = c.header
				begin := time.Now()
				_, err := w.Handler(t.Context(), call)
				var oe *openai.Error
				if !errors.As(err, &oe) || oe.Kind != openai.Timeout || time.Since(begin) != c.want {
					t.Errorf("R-ERR-71 %v%s: %v after %v", c.header, rest, err, time.Since(begin))
				}
			}
		}
		if s := w.targets.Report().Targets; s[0].State != "closed" {
			t.Errorf("impatient clients have opened a breaker: %+v", s)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		slow := &fake{stream: func(ctx context.Context) (iter.Seq2[types.ConverseStreamOutput, error], error) {
			step := make(chan struct{})
			go func() {
				for range 3 {
					time.Sleep(time.Hour)
					step <- struct{}{}
				}
			}()
			return told(ctx, step, "a", "b", "c"), nil
		}}
		w := newWorld(upstream.Default(), regions(t, "one"), map[string]*fake{"one": slow})
		reply, err := w.Handler(t.Context(), chatCall(t, ask(`,"stream":true`)))
		if err != nil {
			t.Fatal(err)
		}
		if got := texts(t, reply); got != "abc" {
			t.Errorf("R-STR-19: a stream that has begun has no total limit: %q", got)
		}
	})
}

func TestTranslationErrorsOfOneTarget(t *testing.T) {
	c := catalog.Default()
	blind, err := c.Resolve("amazon.nova-micro-v1:0", "us-east-1") // text only
	if err != nil {
		t.Fatal(err)
	}
	seeing, _ := c.Resolve(nova, "us-east-1")
	again := blind
	again.Region, again.Order, seeing.Order = "elsewhere", 1, 2
	blind.Region, seeing.Region = "one", "two"
	const image = `{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}]}]}`
	refuse := errors.New("called")
	services := map[string]*fake{"one": failing(refuse), "elsewhere": failing(refuse), "two": answering("I see")}
	w := newWorld(upstream.Default(), fixedPlan{blind, again, seeing}, services)
	reply, err := w.Handler(t.Context(), chatCall(t, image))
	if err != nil || reply.Head.Target.Region != "two" || !slices.Equal(w.tried, []string{"one", "two"}) {
		t.Errorf("%v, tried %v, %+v", err, w.tried, reply.Head.Tries)
	}
	w = newWorld(upstream.Default(), fixedPlan{blind, again}, services)
	var oe *openai.Error
	if _, err := w.Handler(t.Context(), chatCall(t, image)); !errors.As(err, &oe) || oe.Kind != openai.Invalid {
		t.Errorf("no target can: %v", err)
	}
}

// Vectors of two models cannot be compared.
func TestEmbeddingsStayWithTheirModel(t *testing.T) {
	c := catalog.Default()
	first, _ := c.Resolve(titan, "us-east-1")
	other, _ := c.Resolve("amazon.titan-embed-text-v1", "us-east-1")
	again := first
	first.Region, other.Region, again.Region = "one", "two", "three"
	other.Order, again.Order = 1, 2
	down := &fake{invoke: func(context.Context, *bedrockruntime.InvokeModelInput) (*bedrockruntime.InvokeModelOutput,
		int64, error) {
		return nil, -1, awsError(openai.Unavailable, "service_unavailable")
	}}
	up := &fake{invoke: func(context.Context, *bedrockruntime.InvokeModelInput) (*bedrockruntime.InvokeModelOutput,
		int64, error) {
		return &bedrockruntime.InvokeModelOutput{Body: []byte(`{"embedding":[0.5,0.25],"inputTextTokenCount":3}`)}, 3, nil
	}}
	w := newWorld(upstream.Default(), fixedPlan{first, other, again},
		map[string]*fake{"one": down, "two": up, "three": up})
	req, err := openai.DecodeEmbedding([]byte(`{"model":"m","input":"hi"}`))
	if err != nil {
		t.Fatal(err)
	}
	reply, failed := w.Handler(t.Context(), &call.Call{ID: "id", At: time.Now(), Endpoint: Embeddings, Request: req})
	if failed != nil || reply.Head.Target.Region != "three" || !slices.Equal(w.tried, []string{"one", "three"}) {
		t.Errorf("%v, tried %v", failed, w.tried)
	}
}

func TestNothingAfterTheFirstPart(t *testing.T) {
	w := newWorld(upstream.Default(), regions(t, "one", "two"), map[string]*fake{
		"one": {stream: func(ctx context.Context) (iter.Seq2[types.ConverseStreamOutput, error], error) {
			return told(ctx, nil, "Hel", "!"), nil
		}},
		"two": answering("Hello"),
	})
	reply, err := w.Handler(t.Context(), chatCall(t, ask(`,"stream":true`)))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := collect(t, reply)
	if err == nil || len(parts) == 0 || len(w.tried) != 1 {
		t.Errorf("%d parts, %v, tried %v", len(parts), err, w.tried)
	}
	if s := w.targets.Report().Targets[0]; s.Ended[upstream.ServerError] != 1 || s.InFlight != 0 {
		t.Errorf("%+v", s)
	}
}

func TestSlotsAreHeldToTheEndOfAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(upstream.Default(), regions(t, "one"), map[string]*fake{"one": answering("Hello")})
		inFlight := func() int { return w.targets.Report().Targets[0].InFlight }
		open := func(ctx context.Context) call.Reply {
			reply, err := w.Handler(ctx, chatCall(t, ask(`,"stream":true,"n":2`)))
			if err != nil || inFlight() != 2 {
				t.Fatalf("R-N-05: %d in flight, %v", inFlight(), err)
			}
			return reply
		}
		_ = texts(t, open(t.Context()))
		if inFlight() != 0 {
			t.Error("at the end of the streams")
		}
		for range open(t.Context()).Parts {
			break
		}
		if inFlight() != 0 {
			t.Error("when the reader leaves")
		}
		ctx, cancel := context.WithCancel(t.Context())
		_ = open(ctx)
		cancel()
		synctest.Wait()
		if inFlight() != 0 {
			t.Error("when the request ends and nobody has ranged")
		}
	})
}

func TestPanicsKeepNoSlot(t *testing.T) {
	w := newWorld(upstream.Default(), regions(t, "one"), map[string]*fake{
		"one": {converse: func(context.Context) (*bedrockruntime.ConverseOutput, error) { panic("a bug") }}})
	err := call.Guarded(func() error { _, err := w.Handler(t.Context(), chatCall(t, ask(""))); return err })
	if n := w.targets.Report().Targets[0].InFlight; err == nil || n != 0 {
		t.Errorf("R-ERR-08: %d in flight, %v", n, err)
	}
}

func TestFullQueueGoesOnAndAtLastRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := upstream.Default()
		cfg.Queue.Length, cfg.Concurrency.Floor, cfg.Concurrency.Ceiling = 0, 1, 1
		w := newWorld(cfg, regions(t, "one", "two"), map[string]*fake{"one": answering("One"), "two": answering("Two")})
		var held []call.Reply
		for i, want := range []string{"one", "two"} {
			reply, err := w.Handler(t.Context(), chatCall(t, ask(`,"stream":true`)))
			if err != nil || reply.Head.Target.Region != want || reply.Head.Attempts != 1 {
				t.Fatalf("request %d: %v, %+v", i, err, reply.Head)
			}
			held = append(held, reply)
		}
		reply, err := w.Handler(t.Context(), chatCall(t, ask("")))
		var oe *openai.Error
		if !errors.As(err, &oe) || oe.Kind != openai.Unavailable || oe.Code != "overloaded" || oe.After <= 0 ||
			reply.Head.Attempts != 0 || len(reply.Head.Tries) != 2 {
			t.Errorf("R-ERR-70: %v, %+v", err, reply.Head)
		}
		for _, r := range held {
			_ = texts(t, r)
		}
		if _, err := w.Handler(t.Context(), chatCall(t, ask(""))); err != nil {
			t.Error(err)
		}
	})
}

func TestAffinityIsOfOneTenant(t *testing.T) {
	plan := regions(t, "a", "b", "c", "d")
	for i := range plan {
		plan[i].Order = 0
	}
	went := func(tenant, key string) string {
		w := newWorld(upstream.Default(), plan, map[string]*fake{"a": answering("x"), "b": answering("x"),
			"c": answering("x"), "d": answering("x")})
		call := chatCall(t, ask(`,"prompt_cache_key":"`+key+`"`))
		call.Principal.Tenant = tenant
		reply, err := w.Handler(t.Context(), call)
		if err != nil {
			t.Fatal(err)
		}
		return reply.Head.Target.Region
	}
	same, tenants := 0, 0
	for i := range 40 {
		key := fmt.Sprint("key-", i)
		home := went("t1", key)
		if went("t1", key) == home {
			same++
		}
		if went("t2", key) == home {
			tenants++
		}
	}
	if same != 40 || tenants > 30 {
		t.Errorf("R-CACHE-12: %d of 40 keys stayed, %d agree between tenants", same, tenants)
	}
}
