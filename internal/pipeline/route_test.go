package pipeline

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/router"
)

// behind tells the base models of application profiles.
type behind map[string]string

func (b behind) BaseModel(ctx context.Context, arn string) (string, error) {
	if base, ok := b[arn]; ok {
		return base, nil
	}
	return "", errors.Join(errors.New("no such profile"), ctx.Err())
}

func profileARN(name string) string {
	return "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/" + name
}

func TestRouteTier(t *testing.T) {
	known := catalog.Default()
	target := func(ids ...string) (t router.Tier) {
		for _, id := range ids {
			t.Targets = append(t.Targets, router.Target{Model: id})
		}
		return t
	}
	rules := router.DefaultRules()
	rules.Tiers["mixed"] = target(profileARN("blind"), nova, profileARN("hidden"), profileARN("embeds"))
	rules.Tiers["blind"] = target(profileARN("blind"))
	rules.Rules = []router.Rule{{Name: "hurry", Tier: "mixed",
		When:          `tenant == "t" && key == "k" && header_tier == "h" && time_budget <= duration("1s")`,
		MinTimeBudget: new(time.Millisecond)}}
	r, err := router.New(router.Config{Rules: rules, Aliases: map[string]string{"own": profileARN("embeds")}},
		known, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	profiles := behind{profileARN("blind"): "amazon.nova-micro-v1:0", profileARN("embeds"): titan}
	const image = `{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}`
	ask := func(model, content string) *call.Call {
		return chatCall(t, `{"model":"`+model+`","messages":[{"role":"user","content":[{"type":"text","text":"hi"}`+content+`]}]}`)
	}
	route := func(ctx context.Context, c *call.Call) ([]string, error) {
		var plan router.Plan
		_, err := Route(r, known, profiles)(func(_ context.Context, c *call.Call) (call.Reply, error) {
			plan = c.Plan
			return call.Reply{}, nil
		})(ctx, c)
		var called []string
		for _, t := range plan.Targets {
			called = append(called, t.CalledID[strings.LastIndexByte(t.CalledID, '/')+1:])
		}
		return called, err
	}
	for _, c := range []struct {
		name string
		call *call.Call
		want []string
		code string
	}{
		{"R-CAP-08 what turns out to be of another kind is left out", ask("mixed", ""), []string{"blind", nova, "hidden"},
			""},
		{"R-CAP-04 what turns out to be blind is left out", ask("mixed", ","+image), []string{nova, "hidden"}, ""},
		{"R-CAP-04 nothing is left", ask("blind", ","+image), nil, openai.CodeUnsupportedValue},
		{"R-CAP-08 an alias to the wrong kind", ask("own", ""), nil, openai.CodeModelNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			called, err := route(t.Context(), c.call)
			var e *openai.Error
			if errors.As(err, &e) != (c.code != "") || e != nil && (e.Code != c.code || strings.Contains(e.Message, "arn:")) ||
				!slices.Equal(called, c.want) {
				t.Errorf("%q %v", called, err)
			}
		})
	}
	t.Run("facts of the call", func(t *testing.T) {
		c := ask(router.Auto, "")
		c.Principal, c.Tune = access.Principal{Key: "k", Tenant: "t"}, call.Tune{Tier: "h", Timeout: time.Second}
		if called, err := route(t.Context(), c); err != nil || len(called) != 3 || c.Plan.Rule != "hurry" {
			t.Errorf("%q %v", called, err)
		}
	})
	t.Run("the shared plan stays as it is", func(t *testing.T) {
		plan, err := r.Plan(FactsOf(ask("mixed", "")))
		if err != nil || len(plan.Targets) != 4 || !plan.Targets[0].NeedsBase() {
			t.Errorf("%+v %v", plan, err)
		}
	})
	t.Run("a request that ends", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := route(ctx, ask("mixed", "")); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}
