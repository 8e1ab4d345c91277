package server_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"outcrop/internal/access"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/router"
	"outcrop/server"
)

const arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc"

func TestRouteHeader(t *testing.T) {
	lite := catalog.Target{Row: &catalog.Model{ID: "amazon.nova-lite-v1:0", Known: true},
		CalledID: "us.amazon.nova-lite-v1:0", Public: "amazon.nova-lite-v1:0"}
	west := lite
	west.Region = "us-west-2"
	opaque := catalog.Target{Row: &catalog.Model{}, CalledID: arn, Public: arn, Region: "eu-west-1"}
	plan := router.Plan{Targets: []catalog.Target{lite, west}, Rule: "score", Tier: "fast", Score: 0.4249, Scored: true,
		Home: "us-east-1"}
	for _, c := range []struct {
		name   string
		plan   router.Plan
		served catalog.Target
		fails  bool
		want   string
	}{
		{"the first target", plan, lite, false, "rule=score;tier=fast;target=amazon.nova-lite-v1:0@us-east-1;score=0.42"},
		{"the target that served", plan, west, false,
			"rule=score;tier=fast;target=amazon.nova-lite-v1:0@us-west-2;score=0.42"},
		{"a named model", router.Plan{Targets: []catalog.Target{lite}, Rule: "model", Home: "us-east-1"}, lite, false,
			"rule=model;target=amazon.nova-lite-v1:0@us-east-1"},
		{"no ARN", router.Plan{Targets: []catalog.Target{opaque}, Rule: "alias", Home: "us-east-1"}, opaque, false,
			"rule=alias"},
		{"an id that is no id", router.Plan{Targets: []catalog.Target{lite}, Rule: "model"},
			catalog.Target{Row: &catalog.Model{ID: "a;b=c"}}, false, "rule=model"},
		{"an error at a target", plan, west, true, "rule=score;tier=fast;target=amazon.nova-lite-v1:0@us-west-2;score=0.42"},
		{"an error before any target", plan, catalog.Target{}, true,
			"rule=score;tier=fast;target=amazon.nova-lite-v1:0@us-east-1;score=0.42"},
		{"an error of routing", router.Plan{}, catalog.Target{}, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tier string
			url := start(t, config(), collaborators(func(_ context.Context, call *call.Call) (call.Reply, error) {
				tier = call.Tune.Tier
				call.Plan = c.plan
				r := reply(parts(chunk("hi")))
				if r.Head.Target = c.served; c.fails {
					return r, &openai.Error{Kind: openai.Invalid, Message: "no"}
				}
				return r, nil
			}))
			for _, body := range []string{streamed, strings.Replace(streamed, "true", "false", 1)} {
				req, err := http.NewRequest(http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("x-outcrop-tier", " fast ")
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if got := strings.Join(res.Header.Values("x-outcrop-route"), "|"); got != c.want {
					t.Errorf("%q, want %q", got, c.want)
				}
			}
			if tier != "fast" {
				t.Errorf("x-outcrop-tier arrives as %q", tier)
			}
		})
	}
}

func TestExplainRoute(t *testing.T) {
	with := collaborators(nil, "sk-right")
	with.Explain = func(body []byte, who access.Principal, tune call.Tune) ([]byte, error) {
		if string(body) == "{}" {
			return nil, openai.Invalidf(openai.CodeMissing, "messages", "no")
		}
		return []byte(`{"tier":"` + tune.Tier + `","key":"` + who.Key[:0] + `"}`), nil
	}
	url := start(t, config(), with)
	post := func(body, key string) (int, string) {
		req, err := http.NewRequest(http.MethodPost, url+"/api/v1/outcrop/route", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("authorization", "Bearer "+key)
		req.Header.Set("x-outcrop-tier", "fast")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode, text(t, res.Body)
	}
	if status, body := post(`{"prompt":"x"}`, "sk-right"); status != http.StatusOK || body != `{"tier":"fast","key":""}` {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := post(`{"prompt":"x"}`, "sk-wrong"); status != http.StatusUnauthorized {
		t.Errorf("%d without a key", status)
	}
	if status, body := post("{}", "sk-right"); status != http.StatusBadRequest ||
		!strings.Contains(body, `"param":"messages"`) {
		t.Errorf("%d %s", status, body)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, server.New(config(), collaborators(nil)), l)
	res, err := http.Post("http://"+l.Addr().String()+"/v1/outcrop/route", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("%d where nobody explains", res.StatusCode)
	}
}
