package pipeline

import (
	"context"
	"errors"
	"strings"
	"testing"

	"outcrop/internal/access"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/router"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// permitted sends a request through Permit, Route and Narrow, and gives the call as it comes out.
func permitted(t *testing.T, rights *access.Rights, body string, prepare ...func(*call.Call)) (*call.Call, error) {
	t.Helper()
	live, err := router.NewLive(router.Config{
		Aliases: map[string]string{"mine": nova, "any": router.Auto}, AllowARNs: true, Rules: router.DefaultRules(),
	}, catalog.Default(), "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	req, bad := openai.DecodeChat([]byte(body))
	if bad != nil {
		t.Fatal(bad)
	}
	c := &call.Call{Endpoint: ChatCompletions, Request: req, Principal: access.Principal{Rights: rights}}
	for _, p := range prepare {
		p(c)
	}
	end := func(context.Context, *call.Call) (call.Reply, error) { return call.Reply{}, nil }
	_, err = call.Chain(end, Permit(live.Leads), Route(live, live, &fake{}), Narrow)(t.Context(), c)
	return c, err
}

func asking(model string) string {
	return `{"model":"` + model + `","messages":[{"role":"user","content":"hi"}]}`
}

func TestModelsOfAKey(t *testing.T) {
	const arn = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/unknown"
	for _, tt := range []struct {
		name          string
		models, tiers []string
		allowed       []string
		refused       []string
	}{
		{"none named", nil, nil, []string{nova, "mine", "fast", "auto", arn}, []string{"no-such-model"}},
		{"a model", []string{nova}, nil, []string{nova, "us." + nova, "mine"},
			[]string{titan, "amazon.nova-pro-v1:0", arn, "no-such-model"}},
		{"a profile", []string{"us." + nova}, nil, []string{"us." + nova}, []string{nova, "mine", "eu." + nova}},
		{"an alias", []string{"mine"}, nil, []string{"mine"}, []string{nova, "us." + nova, "fast", "auto"}},
		{"a pattern", []string{"amazon.*"}, nil, []string{nova, "mine", "auto"},
			[]string{"anthropic.claude-haiku-4-5-20251001-v1:0", "quality"}},
		{"an ARN", []string{arn}, nil, []string{arn}, []string{nova}},
		{"a tier", nil, []string{"fast"}, []string{"fast", "auto", "any"},
			[]string{nova, "mine", "balanced", "quality", arn}},
		{"a tier by its name as a model", []string{"fast"}, nil, []string{"fast"}, []string{nova, "balanced"}},
		{"a tier, of which no model is allowed", []string{"anthropic.claude-opus-*"}, []string{"fast"}, nil,
			[]string{"fast", "auto", nova}},
		{"models and a tier", []string{"amazon.*"}, []string{"fast"}, []string{"fast", "auto", nova},
			[]string{"quality", "balanced"}},
	} {
		for _, model := range tt.allowed {
			if _, err := permitted(t, &access.Rights{Models: tt.models, Tiers: tt.tiers}, asking(model)); err != nil {
				t.Errorf("%s: %s is refused: %v", tt.name, model, err)
			}
		}
		for _, model := range tt.refused {
			c, err := permitted(t, &access.Rights{Models: tt.models, Tiers: tt.tiers}, asking(model))
			var e *openai.Error
			if !errors.As(err, &e) || *e != *openai.ModelNotFound(model) {
				t.Errorf("R-ERR-63 %s: %s gives %v, which tells it from a model that does not exist", tt.name, model, err)
			}
			if c.Plan.Rule != "" || c.Plan.Targets != nil {
				t.Errorf("R-ERR-63 %s: the plan of %s would show in the headers", tt.name, model)
			}
		}
	}
}

// TestForbiddenModelsGiveNothingAway: the router has reasons of its own to refuse, which would tell that the model
// exists.
func TestForbiddenModelsGiveNothingAway(t *testing.T) {
	_, open := permitted(t, nil, asking(titan))
	if open == nil || open.Error() == openai.ModelNotFound(titan).Error() {
		t.Fatalf("R-ERR-63 the router's own reason is gone: %v", open)
	}
	if _, err := permitted(t, &access.Rights{Models: []string{nova}}, asking(titan)); err == nil ||
		err.Error() != openai.ModelNotFound(titan).Error() {
		t.Errorf("R-ERR-63 an embedding model that the key may not use: %v", err)
	}
}

func TestTargetsThatAKeyMayNotUseAreDropped(t *testing.T) {
	all, err := permitted(t, nil, asking("fast"))
	if err != nil || len(all.Plan.Targets) < 2 {
		t.Fatalf("%v, %v", all.Plan.Targets, err)
	}
	last := all.Plan.Targets[len(all.Plan.Targets)-1]
	first := all.Plan.Targets[0].Row.ID
	some, err := permitted(t, &access.Rights{Models: []string{last.Row.ID}}, asking("fast"))
	if err != nil || len(some.Plan.Targets) != 1 || some.Plan.Targets[0].Row.ID != last.Row.ID {
		t.Errorf("%v, %v", some.Plan.Targets, err)
	}
	again, _ := permitted(t, nil, asking("fast"))
	if again.Plan.Targets[0].Row.ID != first || len(again.Plan.Targets) != len(all.Plan.Targets) {
		t.Error("the plan that all requests share was changed")
	}
}

func TestExtensionsOfAKey(t *testing.T) {
	const with = `{"model":"` + nova +
		`","messages":[{"role":"user","content":"hi"}],"topK":3,"guardrailConfig":{"guardrailIdentifier":"g","guardrailVersion":"1"}}`
	header := func(c *call.Call) { c.Options.Guardrail.Identifier = "g" }
	for _, tt := range []struct {
		name       string
		extensions *[]string
		body       string
		header     bool
		param      string
	}{
		{"all", nil, with, true, ""},
		{"none, and none used", &[]string{}, asking(nova), false, ""},
		{"none", &[]string{}, with, false, "top_k"},
		{"some", &[]string{"top_k"}, with, false, "guardrail_config"},
		{"those that are used", &[]string{"top_k", "guardrail_*"}, with, true, ""},
		{"a guardrail by header", &[]string{"top_k"}, asking(nova), true, "guardrail_config"},
	} {
		var prepare []func(*call.Call)
		if tt.header {
			prepare = append(prepare, header)
		}
		_, err := permitted(t, &access.Rights{Extensions: tt.extensions}, tt.body, prepare...)
		var e *openai.Error
		switch {
		case tt.param == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.param != "" && (!errors.As(err, &e) || e.Kind != openai.Forbidden || e.Param != tt.param ||
			e.Code != "parameter_not_allowed"):
			t.Errorf("%s: %+v", tt.name, err)
		}
	}
}

func TestMandatoryGuardrail(t *testing.T) {
	body := func(guardrail string) string {
		return strings.Replace(asking(nova), "{", `{"guardrail_config":`+guardrail+`,`, 1)
	}
	must := &access.Rights{Guardrail: &access.Guardrail{Identifier: "must", Version: "7"}}
	for _, tt := range []struct {
		name, body string
		header     translate.Guardrail
		refused    bool
		param      string
	}{
		{"R-GRD-02 none named", asking(nova), translate.Guardrail{}, false, ""},
		{"R-GRD-02 the same, and a trace", body(`{"guardrail_identifier":"must","guardrail_version":"7","trace":"enabled"}`),
			translate.Guardrail{}, false, ""},
		{"R-GRD-02 a trace only", body(`{"trace":"enabled"}`), translate.Guardrail{}, false, ""},
		{"R-GRD-02 the same by header", asking(nova), translate.Guardrail{Identifier: "must", Version: "7"}, false, ""},
		{"R-GRD-02 another", body(`{"guardrail_identifier":"other","guardrail_version":"7"}`), translate.Guardrail{}, true,
			"guardrail_config"},
		{"R-GRD-02 another version", body(`{"guardrail_identifier":"must","guardrail_version":"DRAFT"}`),
			translate.Guardrail{}, true, "guardrail_config"},
		{"R-GRD-02 another by header", asking(nova), translate.Guardrail{Identifier: "other", Version: "1"}, true, ""},
		{"R-GRD-02 another by header behind the same in the body",
			body(`{"guardrail_identifier":"must","guardrail_version":"7"}`),
			translate.Guardrail{Identifier: "other", Version: "1"}, true, ""},
		{"R-GRD-02 another as Bedrock's own member",
			strings.Replace(asking(nova), "{",
				`{"amazon-bedrock-guardrailConfig":{"guardrailIdentifier":"other","guardrailVersion":"1"},`, 1),
			translate.Guardrail{}, true, "amazon-bedrock-guardrailConfig"},
		{"R-GRD-02 beside the stream", body(`{"stream_processing_mode":"async"}`), translate.Guardrail{}, true,
			"guardrail_config.stream_processing_mode"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := permitted(t, must, tt.body, func(c *call.Call) {
				c.Options.Guardrail = tt.header
				c.Options.DefaultGuardrail = translate.Guardrail{Identifier: "default", Version: "1"}
			})
			var e *openai.Error
			if tt.refused {
				if !errors.As(err, &e) || e.Kind != openai.Forbidden || e.Code != "guardrail_required" || e.Param != tt.param {
					t.Errorf("%+v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			in, _, err := chat.Input(c.Request.(*openai.ChatRequest), c.Plan.Targets[0], c.Options)
			if err != nil || in.GuardrailConfig == nil || *in.GuardrailConfig.GuardrailIdentifier != "must" ||
				*in.GuardrailConfig.GuardrailVersion != "7" {
				t.Errorf("%+v, %v", in, err)
			}
		})
	}
}

func TestTokenCapOfAKey(t *testing.T) {
	c, err := permitted(t, &access.Rights{MaxTokens: 50}, asking(nova))
	if err != nil || c.Options.MaxTokens != 50 {
		t.Errorf("R-LIM-03 %d, %v", c.Options.MaxTokens, err)
	}
	if c, _ := permitted(t, nil, asking(nova)); c.Options.MaxTokens != 0 {
		t.Errorf("R-LIM-03 a key without rights has a cap of %d", c.Options.MaxTokens)
	}
}
