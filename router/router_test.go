package router

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

const (
	haiku    = "anthropic.claude-haiku-4-5-20251001-v1:0"
	titan    = "amazon.titan-embed-text-v2:0"
	profile  = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/1arbu5hu2sjr"
	imported = "arn:aws:bedrock:eu-west-1:123456789012:imported-model/abc"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newRouter(t testing.TB, cfg Config) *Router {
	t.Helper()
	r, err := New(cfg, catalog.Default(), "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPlan(t *testing.T) {
	r := newRouter(t, Config{
		AllowARNs:  true,
		BaseModels: map[string]string{imported: "meta.llama3-3-70b-instruct-v1:0"},
		Aliases: map[string]string{
			"gpt-4o": haiku, "fast": "gpt-4o", "eu": "eu." + haiku, "team": profile, "own": imported,
			"new":               "us.anthropic.claude-opus-6",
			"default-embedding": titan, "amazon.nova-pro-v1:0": "amazon.nova-lite-v1:0",
		},
	})
	for _, c := range []struct {
		rule, model            string
		kind                   catalog.Kind
		public, called, region string
		chosenBy               string
	}{
		{"R-CAP-01 base id", "amazon.nova-micro-v1:0", catalog.Chat, "amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0", "",
			"model"},
		{"R-CAP-01 bedrock/", "bedrock/amazon.nova-micro-v1:0", catalog.Chat, "bedrock/amazon.nova-micro-v1:0",
			"amazon.nova-micro-v1:0", "", "model"},
		{"R-CAP-03 profile of the region", haiku, catalog.Chat, haiku, "us." + haiku, "", "model"},
		{"R-RES-02 profile as asked", "eu." + haiku, catalog.Chat, "eu." + haiku, "eu." + haiku, "", "model"},
		{"R-RES-02 behind an alias", "gpt-4o", catalog.Chat, haiku, "us." + haiku, "", "alias"},
		{"R-RES-02 behind two aliases", "fast", catalog.Chat, haiku, "us." + haiku, "", "alias"},
		{"R-RES-02 no profile behind an alias", "eu", catalog.Chat, haiku, "eu." + haiku, "", "alias"},
		{"R-RES-02 no ARN behind an alias", "team", catalog.Chat, "team", profile, "eu-west-1", "alias"},
		{"R-CAP-04 configured base model", "own", catalog.Chat, "meta.llama3-3-70b-instruct-v1:0", imported,
			"eu-west-1", "alias"},
		{"R-RES-02 ARN as asked", imported, catalog.Chat, imported, imported, "eu-west-1", "model"},
		{"R-CAP-05 unknown but shaped", "anthropic.claude-opus-6", catalog.Chat, "anthropic.claude-opus-6",
			"anthropic.claude-opus-6", "", "model"},
		{"R-CAP-05 behind an alias", "new", catalog.Chat, "anthropic.claude-opus-6", "us.anthropic.claude-opus-6", "",
			"alias"},
		{"R-CAP-01 an alias wins over the catalogue", "amazon.nova-pro-v1:0", catalog.Chat, "amazon.nova-lite-v1:0",
			"amazon.nova-lite-v1:0", "", "alias"},
		{"R-CAP-01 embeddings", "default-embedding", catalog.Embed, titan, titan, "", "alias"},
		{"R-CAP-01 past its end of life", "anthropic.claude-v2", catalog.Chat, "anthropic.claude-v2",
			"anthropic.claude-v2", "", "model"},
		{"R-CAP-06 nobody knows whether Converse serves it", "xai.grok-4.3", catalog.Chat, "xai.grok-4.3",
			"xai.grok-4.3", "", "model"},
		{"R-CAP-06 nobody knows what it is", profile, catalog.Embed, profile, profile, "eu-west-1", "model"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			plan, err := r.Plan(&Facts{Model: c.model, Kind: c.kind})
			if err != nil {
				t.Fatal(err)
			}
			target := plan.Targets[0]
			if len(plan.Targets) != 1 || plan.Rule != c.chosenBy || target.Row == nil {
				t.Errorf("%+v", plan)
			}
			if target.Public != c.public || target.CalledID != c.called || target.Region != c.region {
				t.Errorf("%+v", target)
			}
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	r := newRouter(t, Config{Aliases: map[string]string{"embed": titan, "team": profile}})
	for _, c := range []struct {
		rule, model string
		kind        catalog.Kind
		text        string
	}{
		{"R-ERR-63 unknown", "gpt-4o", catalog.Chat, "The model `gpt-4o` does not exist or you do not have access to it."},
		{"R-ERR-63 empty", "", catalog.Chat, "does not exist"},
		{"R-CAP-01 ARNs are switched off", profile, catalog.Chat, "does not exist"},
		{"R-CAP-01 ARNs behind bedrock/ too", "bedrock/" + profile, catalog.Chat, "does not exist"},
		{"R-CAP-08 embedding model on chat", titan, catalog.Chat, "`" + titan + "` is an embedding model; use it on the " +
			"/v1/embeddings endpoint."},
		{"R-CAP-08 by alias", "embed", catalog.Chat, "The model `embed` is an embedding model"},
		{"R-CAP-08 chat model on embeddings", haiku, catalog.Embed, "/v1/chat/completions"},
		{"R-CAP-08 not served by Converse", "openai.gpt-5.4", catalog.Chat, "Converse"},
		{"R-CAP-08 gated and not served", "anthropic.claude-mythos-5", catalog.Chat, "Converse"},
		{"R-CAP-08 image model", "stability.sd3-5-large-v1:0", catalog.Chat, `of kind "image"`},
		{"R-CAP-08 embeddings without counterpart", "twelvelabs.marengo-embed-3-0-v1:0", catalog.Embed, "no counterpart"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			_, err := r.Plan(&Facts{Model: c.model, Kind: c.kind})
			var e *openai.Error
			if !errors.As(err, &e) {
				t.Fatalf("%T %v", err, err)
			}
			if e.Kind != openai.NotFound || e.Code != "model_not_found" || e.Param != "model" ||
				!strings.Contains(e.Message, c.text) {
				t.Errorf("%+v", e)
			}
		})
	}
	if _, err := r.Plan(&Facts{Model: "team", Kind: catalog.Chat}); err != nil {
		t.Errorf("R-CAP-01 an alias may lead to an ARN where clients may not name one: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  Config
		want []string
	}{
		"itself": {Config{Aliases: map[string]string{"a": "a"}}, []string{"[a]: a → a is a circle"}},
		"a circle": {Config{Aliases: map[string]string{"a": "b", "b": "c", "c": "b"}},
			[]string{"[b]: b → c → b is a circle"}},
		"nowhere": {Config{Aliases: map[string]string{"a": "b", "b": "gpt-4o"}},
			[]string{`[b]: leads nowhere: "gpt-4o" is not a model, profile or ARN of Bedrock`}},
		"everything": {Config{Aliases: map[string]string{"a": "a", "b": "nope"}},
			[]string{"a → a", `[b]: leads nowhere: "nope"`}},
		"base model": {Config{BaseModels: map[string]string{imported: "nope"}}, []string{`"nope"`}},
	} {
		_, err := New(c.cfg, catalog.Default(), "us-east-1")
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is not in %v", name, want, err)
			}
		}
		if lines := strings.Count(err.Error(), "\n") + 1; lines != len(c.want) {
			t.Errorf("%s: %d complaints, want %d: %v", name, lines, len(c.want), err)
		}
	}
}

func TestModels(t *testing.T) {
	r := newRouter(t, Config{Aliases: map[string]string{
		"gpt-4o": haiku, "old": "anthropic.claude-v2", "team": profile, "picture": "stability.sd3-5-large-v1:0",
		"amazon.nova-pro-v1:0": "amazon.nova-lite-v1:0",
	}})
	list := r.Models(now)
	ids := make([]string, len(list))
	for i, m := range list {
		ids[i] = m.ID
		if m.OwnedBy == "" || m.OwnedBy != strings.ToLower(m.OwnedBy) || m.Created != 1795132800 {
			t.Errorf("R-MOD-02 %+v", m)
		}
		if _, err := r.Plan(&Facts{Model: m.ID, Kind: kindOf(t, m)}); err != nil {
			t.Errorf("R-MOD-01 %s is listed and cannot be served: %v", m.ID, err)
		}
	}
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Error("R-MOD-01 not in order of id, each once")
	}
	for id, want := range map[string]bool{
		haiku: true, titan: true, "gpt-4o": true, "team": true, "amazon.nova-pro-v1:0": true,
		"ai21.jamba-1-5-large-v1:0": true,
		"anthropic.claude-v2":       false, "old": false, "amazon.nova-premier-v1:0": false, // past their end
		// not (surely) served
		"stability.sd3-5-large-v1:0": false, "picture": false, "openai.gpt-5.4": false, "xai.grok-4.3": false,
		"twelvelabs.marengo-embed-3-0-v1:0": false, "us." + haiku: false,
	} {
		if slices.Contains(ids, id) != want {
			t.Errorf("R-MOD-01 %s listed: %t", id, !want)
		}
	}
	if later := r.Models(now.AddDate(0, 0, 5)); len(later) != len(list)-2 {
		t.Errorf("R-MOD-02 %d of %d models after the end of Jamba 1.5", len(later), len(list))
	}
}

// kindOf reads the kind of an entry; an alias whose model is not known passes for a chat model.
func kindOf(t *testing.T, m openai.Model) catalog.Kind {
	t.Helper()
	var o struct {
		Kind *string `json:"kind"`
	}
	if err := json.Unmarshal(m.Outcrop, &o); err != nil {
		t.Fatal(err)
	}
	if o.Kind != nil && *o.Kind == "embedding" {
		return catalog.Embed
	}
	return catalog.Chat
}

func TestModel(t *testing.T) {
	r := newRouter(t, Config{AllowARNs: true, Aliases: map[string]string{"gpt-4o": "eu." + haiku, "team": profile}})
	foundation := "arn:aws:bedrock:us-east-1::foundation-model/" + haiku
	for id, want := range map[string]bool{
		haiku: true, "us." + haiku: true, "bedrock/" + haiku: true, foundation: true, "gpt-4o": true, "team": true,
		"anthropic.claude-v2": true,
		"xai.grok-4.3":        true, titan: true,
		"gpt-4": false, "anthropic.claude-opus-6": false, profile: false, "stability.sd3-5-large-v1:0": false,
		"openai.gpt-5.4": false, "": false,
	} {
		m, ok := r.Model(id, now)
		if ok != want || ok && m.ID != id {
			t.Errorf("R-MOD-03 %s: %t %q", id, ok, m.ID)
		}
	}
	if _, ok := newRouter(t, Config{}).Model(foundation, now); ok {
		t.Error("R-MOD-03 an ARN, where clients may not name ARNs")
	}
}

func TestModelExtension(t *testing.T) {
	r := newRouter(t, Config{Aliases: map[string]string{"gpt-4o": "eu." + haiku, "team": profile}})
	for _, c := range []struct{ rule, id, want string }{
		{"R-MOD-05 chat", "amazon.nova-micro-v1:0",
			`{"kind":"chat","endpoints":["/v1/chat/completions"],"context_window":128000,` +
				`"max_output_tokens":10000,"input_modalities":["text"],"capabilities":{"streaming":true,"system":true,"tools":true,"streaming_tools":true,` +
				`"structured_output":false,"strict_tools":false,"reasoning":false,"caching":true,"vision":false,"documents":false,"video":false,"audio":false,` +
				`"temperature":true,"top_p":true,"assistant_prefill":null,"leading_assistant_ok":false,"tool_result_must_be_alone":null,` +
				`"tool_result_status_field":null},"reasoning_efforts":[],"embedding_dimensions":null,"prompt_cache":{"min_tokens":1000,"ttl":["5m"]},` +
				`"lifecycle":"active"}`},
		{"R-MOD-05 embedding", titan,
			`{"kind":"embedding","endpoints":["/v1/embeddings"],"context_window":8192,"max_output_tokens":null,` +
				`"input_modalities":["text"],"capabilities":null,"reasoning_efforts":null,"embedding_dimensions":[256,512,1024],"prompt_cache":null,` +
				`"lifecycle":"active"}`},
		{"R-MOD-05 nothing known", "team", `{"kind":null,"endpoints":null,"context_window":null,"max_output_tokens":null,` +
			`"input_modalities":null,"capabilities":null,"reasoning_efforts":null,"embedding_dimensions":null,"prompt_cache":null,"lifecycle":null}`},
		{"R-MOD-05 past its end", "anthropic.claude-v2", `"lifecycle":"eol"`},
		{"R-MOD-05 efforts", "anthropic.claude-opus-5", `"reasoning_efforts":["low","medium","high","xhigh","max"]`},
		{"R-MOD-05 efforts that make no difference", "deepseek.r1-v1:0", `"reasoning_efforts":[]`},
		{"R-MOD-05 efforts that nobody knows", "moonshot.kimi-k2-thinking", `"reasoning_efforts":null`},
		{"R-MOD-05 two lifetimes in the cache", haiku, `"prompt_cache":{"min_tokens":4096,"ttl":["5m","1h"]}`},
		{"R-MOD-04 target of an alias", "gpt-4o", `"target":"` + haiku + `"`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			m, ok := r.Model(c.id, now)
			if !ok || !strings.Contains(string(m.Outcrop), c.want) || c.want[0] == '{' && string(m.Outcrop) != c.want {
				t.Errorf("%t %s", ok, m.Outcrop)
			}
		})
	}
	t.Run("R-MOD-02 shutdown_date", func(t *testing.T) {
		m, _ := r.Model("ai21.jamba-1-5-large-v1:0", now)
		if m.ShutdownDate != "2026-11-26" || m.OwnedBy != "ai21 labs" && m.OwnedBy != "ai21" {
			t.Errorf("%+v", m)
		}
	})
	t.Run("R-GEN-08 no ARN behind an alias", func(t *testing.T) {
		m, _ := r.Model("team", now)
		if text := string(m.AppendJSON(nil)); strings.Contains(text, "arn:") || strings.Contains(text, "1234") {
			t.Error(text)
		}
	})
}

func BenchmarkPlan(b *testing.B) {
	r := newRouter(b, Config{AllowARNs: true, Aliases: map[string]string{"gpt-4o": haiku}})
	for name, model := range map[string]string{"alias": "gpt-4o", "model": haiku, "profile": "us." + haiku,
		"ARN": profile} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Plan(&Facts{Model: model, Kind: catalog.Chat}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
