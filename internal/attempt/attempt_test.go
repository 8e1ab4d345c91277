package attempt

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"outcrop/internal/access"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
	"outcrop/openai"
	"outcrop/router"
)

func TestFallbackTriesTheNextTarget(t *testing.T) {
	var tried []string
	c := catalog.Default()
	first, _ := c.Resolve(nova, "us-east-1")
	second, _ := c.Resolve("amazon.nova-micro-v1:0", "us-east-1")
	second.Order = 1
	run := func(kind openai.Kind) (call.Reply, error) {
		tried = nil
		endpoint := &call.Endpoint{Name: "test", Kind: catalog.Chat}
		answer := func(_ context.Context, _ *engine, _ Service, _ *call.Call, target catalog.Target) (call.Reply, error) {
			tried = append(tried, target.CalledID)
			if target.CalledID == nova {
				return call.Reply{}, &openai.Error{Kind: kind, Code: "x", UpstreamID: "aws-1"}
			}
			return call.Reply{Parts: call.One(&openai.ChatResponse{}), Head: call.Head{Upstream: []string{"aws-2"}}}, nil
		}
		e := &engine{attempts: map[catalog.Kind]Attempt{catalog.Chat: answer}, recorder: telemetry.New(),
			upstream: upstream.New(upstream.Default(), "us-east-1"),
			services: func(catalog.Target) (Service, error) { return nil, nil }}
		call := chatCall(t, ask(""))
		call.Endpoint, call.Plan = endpoint, router.Plan{Targets: []catalog.Target{first, second}}
		return e.fallback(t.Context(), call)
	}
	reply, err := run(openai.Unavailable)
	if err != nil || reply.Head.Attempts != 2 || !slices.Equal(reply.Head.Upstream, []string{"aws-1", "aws-2"}) {
		t.Errorf("unavailable: %+v, %v", reply.Head, err)
	}
	if _, err := run(openai.Invalid); err == nil || len(tried) != 1 {
		t.Errorf("an invalid request went to %v", tried)
	}
}

func TestFingerprint(t *testing.T) {
	a, b, c := fingerprint("1", "m"), fingerprint("1", "m"), fingerprint("2", "m")
	if a != b || a == c || len(a) != 13 || !strings.HasPrefix(a, "fp_") {
		t.Errorf("R-RES-03: %s %s %s", a, b, c)
	}
}

// BenchmarkResilience shows what everything between the plan and the attempt costs a healthy call.
func BenchmarkResilience(b *testing.B) {
	whole := call.One(&openai.ChatResponse{})
	endpoint := &call.Endpoint{Name: "bench", Kind: catalog.Chat}
	answer := func(context.Context, *engine, Service, *call.Call, catalog.Target) (call.Reply, error) {
		return call.Reply{Parts: whole}, nil
	}
	e := &engine{attempts: map[catalog.Kind]Attempt{catalog.Chat: answer}, recorder: telemetry.New(),
		upstream: upstream.New(upstream.Default(), "us-east-1"),
		services: func(catalog.Target) (Service, error) { return nil, nil }}
	two := regions(b, "us-east-1", "us-west-2")
	direct := func(ctx context.Context, c *call.Call) (call.Reply, error) { return e.try(ctx, c, &c.Plan.Targets[0]) }
	var served atomic.Int64
	for name, c := range map[string]struct {
		handle call.Handler
		plan   []catalog.Target
		stream bool
	}{
		"without":         {direct, two[:1], false},
		"with-one-target": {e.fallback, two[:1], false},
		"with-two":        {e.fallback, two, false},
		"without-stream":  {direct, two[:1], true},
		"with-one-stream": {e.fallback, two[:1], true},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			b.RunParallel(func(pb *testing.PB) {
				call := &call.Call{Endpoint: endpoint, Request: &openai.ChatRequest{Stream: c.stream},
					Plan: router.Plan{Targets: c.plan}}
				for pb.Next() {
					reply, err := c.handle(ctx, call)
					if err != nil {
						b.Error(err)
						return
					}
					for range reply.Parts {
						served.Add(1)
					}
				}
			})
		})
	}
}
func TestPriority(t *testing.T) {
	for _, c := range []struct {
		key, header, tier string
		want              upstream.Priority
	}{
		{"", "", "", upstream.Normal},
		{"", "interactive", "", upstream.Interactive},
		{"", "", "flex", upstream.Batch},
		{"", "", "priority", upstream.Interactive},
		{"", "batch", "priority", upstream.Batch},
		{"", "", "default", upstream.Normal},
		{"interactive", "", "", upstream.Interactive},
		{"batch", "", "", upstream.Batch},
		{"batch", "interactive", "", upstream.Batch},
		{"normal", "", "priority", upstream.Normal},
		{"normal", "batch", "", upstream.Batch},
	} {
		call := chatCall(t, ask(`,"service_tier":"`+c.tier+`"`))
		if c.tier == "" {
			call = chatCall(t, ask(""))
		}
		call.Principal, call.Tune.Priority = access.Principal{Priority: c.key}, c.header
		if got := priority(call); got != c.want {
			t.Errorf("key %q, header %q, tier %q: %d, want %d", c.key, c.header, c.tier, got, c.want)
		}
	}
}

// TestMendA1ALimitOfTokensTakesNoMoreThanAModelWrites: what is taken of a target's quota is missing to all others until
// the answer ends.
func TestMendA1ALimitOfTokensTakesNoMoreThanAModelWrites(t *testing.T) {
	for rest, want := range map[string]float64{
		"": 1 + usualOutput, `,"max_tokens":100`: 1 + 100, `,"max_tokens":2147483647`: 1 + 5000,
		`,"max_completion_tokens":9223372036854775807`: 1 + 5000,
	} {
		c := chatCall(t, ask(rest))
		c.Plan = router.Plan{Targets: []catalog.Target{{Row: &catalog.Model{ID: nova}}}}
		c.Plan.Targets[0].Row.MaxOutput = 5000
		if n := estimate(c); n != want {
			t.Errorf("%s: %v", rest, n)
		}
		c.Plan.Targets[0].Row.MaxOutput = 0
		if n := estimate(c); n > 1+longestOutput {
			t.Errorf("an unknown model, %s: %v", rest, n)
		}
	}
}

// What a kind of model is asked with is the verb that its end needs; a service without it is a fault of the program.
func TestServicesNeedOnlyTheVerbOfTheKind(t *testing.T) {
	c := chatCall(t, ask(""))
	target, err := catalog.Default().Resolve(nova, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = attempts[catalog.Chat](t.Context(), &engine{}, struct{ Invoker }{}, c, target)
	if err == nil || !strings.Contains(err.Error(), "has no attempt.Converser") {
		t.Error(err)
	}
}
