package router

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/router/score"
)

// facts are those of a chat request, of which the test writes the members behind the model.
func facts(t testing.TB, model, members string, who Caller) *Facts {
	t.Helper()
	req, err := openai.DecodeChat([]byte(`{"model":"` + model + `",` + members + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return FactsOf(req, catalog.Chat, who)
}

func user(text string) string {
	quoted, _ := json.Marshal(text)
	return `"messages":[{"role":"user","content":` + string(quoted) + `}]`
}

const film = `"messages":[{"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"video_url","video_url":{"url":"data:video/mp4;base64,AA=="}}]}]`

const picture = `"messages":[{"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}]`

const (
	micro = "amazon.nova-micro-v1:0" // neither sees nor reads documents
	lite  = "amazon.nova-lite-v1:0"
	pro   = "amazon.nova-pro-v1:0"
	old   = "meta.llama3-8b-instruct-v1:0" // 8,192 tokens, no tools
	llama = "meta.llama3-3-70b-instruct-v1:0"
)

// withRules is a configuration of four tiers, of which custom stands beside the others.
func withRules(rules ...Rule) Config {
	tier := func(ids ...string) Tier {
		var t Tier
		for _, id := range ids {
			t.Targets = append(t.Targets, Target{Model: id})
		}
		return t
	}
	return Config{
		Aliases: map[string]string{"cheap": TierFast, "pick": Auto, "again": "pick", "helpdesk": "support",
			"vectors": "embed", "gpt-4o": haiku},
		Rules: Rules{
			Tiers: map[string]Tier{TierFast: tier(micro, lite), TierBalanced: tier(old, llama), TierQuality: tier(pro, haiku),
				"small": tier(old), "embed": tier(titan)},
			Rules: rules, Score: score.Default(),
			RuleSets: map[string][]Rule{"support": {{Name: "long", Tier: TierQuality, MinWords: new(5)},
				{Name: "short", Tier: TierFast}}},
		},
	}
}

func TestRules(t *testing.T) {
	short, hard := user("Hello there"), user("Plan the migration of a database, step by step, please.")
	for _, c := range []struct {
		name    string
		rule    Rule
		members string
		who     Caller
		fires   bool
	}{
		{"nothing said", Rule{}, short, Caller{}, true},
		{"min_words", Rule{MinWords: new(2)}, short, Caller{}, true},
		{"min_words, too few", Rule{MinWords: new(3)}, short, Caller{}, false},
		{"max_words", Rule{MaxWords: new(2)}, short, Caller{}, true},
		{"max_words, too many", Rule{MaxWords: new(1)}, short, Caller{}, false},
		{"max_words of no text", Rule{MaxWords: new(0)}, user(""), Caller{}, true},
		{"tokens", Rule{MinTokens: new(3), MaxTokens: new(3)}, short, Caller{}, true},
		{"tokens of Chinese", Rule{MinTokens: new(6), MaxTokens: new(6)}, user("人工智能是什"), Caller{}, true},
		{"words of the prompt", Rule{MinPromptWords: new(5), MaxPromptWords: new(5), MaxWords: new(2)},
			`"messages":[{"role":"system","content":"Be brief, please"},{"role":"user","content":"Hello there"}]`,
			Caller{}, true},
		{"tokens of the prompt count tools and images", Rule{MinPromptTokens: new(1600)}, picture, Caller{}, true},
		{"turns", Rule{MinTurns: new(2)},
			`"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]`,
			Caller{}, true},
		{"max_turns", Rule{MaxTurns: new(0)}, short, Caller{}, false},
		{"keywords", Rule{Keywords: []string{"strategy", "plan"}}, hard, Caller{}, true},
		{"keywords are whole words", Rule{Keywords: []string{"data", "migra"}}, hard, Caller{}, false},
		{"keywords of several words", Rule{Keywords: []string{"step by step"}}, user("Do it STEP \n by step!"),
			Caller{}, true},
		{"keywords with signs", Rule{Keywords: []string{"c++"}}, user("Is C++ fast?"), Caller{}, true},
		{"keywords in another case and script", Rule{Keywords: []string{"ÜBER"}}, user("alles über Berge"), Caller{}, true},
		{"keywords of scripts without spaces", Rule{Keywords: []string{"計画"}}, user("旅行の計画を立てて"), Caller{}, true},
		{"keywords look at the last user turn", Rule{Keywords: []string{"plan"}},
			`"messages":[{"role":"user","content":"plan"},{"role":"user","content":"hi"}]`, Caller{}, false},
		{"pattern", Rule{Pattern: `(?i)^hello\b`}, short, Caller{}, true},
		{"pattern, none", Rule{Pattern: `^there`}, short, Caller{}, false},
		{"has_image", Rule{HasImage: new(true)}, picture, Caller{}, true},
		{"has_video", Rule{HasVideo: new(true)}, film, Caller{}, true},
		{"has_video: false", Rule{HasVideo: new(false)}, film, Caller{}, false},
		{"has_image: false", Rule{HasImage: new(false)}, picture, Caller{}, false},
		{"has_document", Rule{HasDocument: new(true)},
			`"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,AA=="}}]}]`,
			Caller{}, true},
		{"tools", Rule{HasTools: new(true), MinTools: new(2), MaxTools: new(2)},
			short + `,"tools":[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"b"}}]`,
			Caller{}, true},
		{"no tools", Rule{HasTools: new(true)}, short, Caller{}, false},
		{"tool_results", Rule{ToolResults: new(true)},
			`"messages":[{"role":"user","content":"a"},{"role":"tool","tool_call_id":"x","content":"b"}]`, Caller{}, true},
		{"structured_output", Rule{StructuredOutput: new(true)}, short + `,"response_format":{"type":"json_object"}`,
			Caller{}, true},
		{"text is not structured", Rule{StructuredOutput: new(true)}, short + `,"response_format":{"type":"text"}`,
			Caller{}, false},
		{"stream and n", Rule{Stream: new(true), MinChoices: new(2)}, short + `,"stream":true,"n":2`, Caller{}, true},
		{"effort", Rule{Effort: []string{"high", "xhigh"}}, short + `,"reasoning_effort":"high"`, Caller{}, true},
		{"no effort", Rule{Effort: []string{"high"}}, short, Caller{}, false},
		{"output", Rule{MinOutput: new(1000)}, short + `,"max_tokens":2000`, Caller{}, true},
		{"output without a limit", Rule{MaxOutput: new(1000)}, short, Caller{}, false},
		{"language", Rule{Language: []string{"de", "fr"}}, user("Wie ist das Wetter in Berlin und was soll ich anziehen?"),
			Caller{}, true},
		{"another language", Rule{Language: []string{"de"}}, user("What is the weather in Berlin?"), Caller{}, false},
		{"code", Rule{Code: new(true)}, user("for (int i = 0; i < n; i++) {\n  sum += a[i];\n}"), Caller{}, true},
		{"no code", Rule{Code: new(true)}, hard, Caller{}, false},
		{"math", Rule{Math: new(true)}, user("Solve 3x + 5 = 20 for x."), Caller{}, true},
		{"no math", Rule{Math: new(true)}, hard, Caller{}, false},
		{"tenant, key, user", Rule{Tenant: []string{"t"}, Key: []string{"k"}, User: []string{"u"}}, short + `,"user":"u"`,
			Caller{Tenant: "t", Key: "k"}, true},
		{"another tenant", Rule{Tenant: []string{"t"}}, short, Caller{Tenant: "T"}, false},
		{"safety_identifier", Rule{User: []string{"u"}}, short + `,"safety_identifier":"u"`, Caller{}, true},
		{"header", Rule{HeaderTier: []string{"gold"}}, short, Caller{Tier: "gold"}, true},
		{"metadata", Rule{Metadata: map[string]string{"team": "red"}}, short + `,"metadata":{"team":"red","x":"y"}`,
			Caller{}, true},
		{"other metadata", Rule{Metadata: map[string]string{"team": ""}}, short, Caller{}, false},
		{"time budget", Rule{MaxTimeBudget: new(time.Second)}, short, Caller{TimeBudget: time.Second}, true},
		{"no time budget", Rule{MaxTimeBudget: new(time.Second)}, short, Caller{}, false},
		{"score", Rule{MinScore: new(0.9)}, short, Caller{}, false},
		{"low score", Rule{MaxScore: new(0.5)}, short, Caller{}, true},
		{"everything must be so", Rule{MinWords: new(2), Keywords: []string{"plan"}}, short, Caller{}, false},

		{"when", Rule{When: `last.words > 1 && prompt.tokens < 10`}, short, Caller{}, true},
		{"when and a plain form", Rule{When: `true`, MinWords: new(3)}, short, Caller{}, false},
		{"when: keywords", Rule{When: `keywords("plan", "strategy") && !keywords("hello")`}, hard, Caller{}, true},
		{"when: keywords twice", Rule{When: `keywords("nothing") || keywords("database")`}, hard, Caller{}, true},
		{"when: computed keywords", Rule{When: `keywords("pl" + (turns > 0 ? "an" : ""))`}, hard, Caller{}, true},
		{"when: texts", Rule{When: `last.text contains "there" && prompt.text matches "(?i)BRIEF"`},
			`"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"so there"}]`, Caller{}, true},
		{"when: members", Rule{When: `tenant == "t" && metadata["team"] in ["red", "blue"] && effort == "" && time_budget < duration("2s") && n == 1`},
			short + `,"metadata":{"team":"red"}`, Caller{Tenant: "t", TimeBudget: time.Second}, true},
		{"when: nature", Rule{When: `math && !code && language == "en" && score > 0.0`},
			user("What is the sum of the numbers 3, 14 and 15, and how is it found?"), Caller{}, true},
		{"when: everything at once", Rule{When: `$env["turns"] == 1`}, short, Caller{}, true},
		{"what goes wrong at run time is not so", Rule{When: `[1, 2][turns + 5] == 1`}, short, Caller{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.rule.Name, c.rule.Tier = "mine", TierQuality
			r := newRouter(t, withRules(c.rule, Rule{Name: "rest", Tier: TierFast}))
			plan, err := r.Plan(facts(t, Auto, c.members, c.who))
			if err != nil {
				t.Fatal(err)
			}
			if fired := plan.Rule == "mine"; fired != c.fires || fired != (plan.Tier == TierQuality) && plan.Rule == "mine" {
				t.Errorf("%s, %s", plan.Rule, plan.Tier)
			}
		})
	}
}

func TestNames(t *testing.T) {
	r := newRouter(t, withRules(Rule{Name: "header", Tier: "header"}, Rule{Name: "last", Tier: "score"}))
	long := user("one two three four five six")
	for _, c := range []struct {
		model, members string
		who            Caller
		rule, tier     string
		scored         bool
		first          string
	}{
		{TierFast, long, Caller{}, "tier", TierFast, false, micro},
		{"cheap", long, Caller{}, "alias", TierFast, false, micro},
		{"gpt-4o", long, Caller{Tier: "quality"}, "alias", "", false, haiku},
		{haiku, long, Caller{Tier: "nonsense"}, "model", "", false, haiku},
		{Auto, user("hi"), Caller{}, "last", TierFast, true, micro},
		{"pick", user("hi"), Caller{}, "last", TierFast, true, micro},
		{"again", user("hi"), Caller{Tier: TierQuality}, "header", TierQuality, false, pro},
		{"support", long, Caller{}, "long", TierQuality, false, pro},
		{"helpdesk", user("hi"), Caller{Tier: TierQuality}, "short", TierFast, false, micro},
	} {
		plan, err := r.Plan(facts(t, c.model, c.members, c.who))
		if err != nil || plan.Rule != c.rule || plan.Tier != c.tier || plan.Scored != c.scored ||
			plan.Targets[0].Row.ID != c.first || plan.Home != "us-east-1" {
			t.Errorf("%s: %+v %v", c.model, plan, err)
		}
	}
	_, err := r.Plan(facts(t, Auto, user("hi"), Caller{Tier: "gold"}))
	var e *openai.Error
	if !errors.As(err, &e) || e.Kind != openai.Invalid || e.Param != "x-outcrop-tier" ||
		!strings.Contains(e.Message, "balanced, embed, fast, quality, small") {
		t.Errorf("a tier that does not exist: %v", err)
	}
	bare := newRouter(t, Config{})
	if _, err := bare.Plan(facts(t, Auto, user("hi"), Caller{})); err == nil {
		t.Error("without tiers there is no auto")
	}
}

func TestEmbeddingTier(t *testing.T) {
	r := newRouter(t, withRules())
	req, bad := openai.DecodeEmbedding([]byte(`{"model":"vectors","input":["a","b"]}`))
	if bad != nil {
		t.Fatal(bad)
	}
	plan, err := r.Plan(FactsOf(req, catalog.Embed, Caller{}))
	if err != nil || plan.Targets[0].Row.ID != titan || plan.Tier != "embed" {
		t.Errorf("%+v %v", plan, err)
	}
	req.Model = Auto
	var e *openai.Error
	if _, err = r.Plan(FactsOf(req, catalog.Embed, Caller{})); !errors.As(err, &e) || e.Kind != openai.NotFound ||
		!strings.Contains(e.Message, "leads to no embedding model") {
		t.Errorf("%v", err)
	}
	if _, err = r.Plan(facts(t, "vectors", user("hi"), Caller{})); !errors.As(err, &e) || e.Kind != openai.NotFound ||
		!strings.Contains(e.Message, "leads to no chat model") {
		t.Errorf("%v", err)
	}
}

func TestCapabilities(t *testing.T) {
	r := newRouter(t, withRules())
	tools := `,"tools":[{"type":"function","function":{"name":"a"}}]`
	tokens := func(n int) string { return user(strings.Repeat("word ", n*4/5)) }
	for _, c := range []struct {
		name, tier, members string
		served              string
		ids                 []string
		lacks, code         string
	}{
		{"nothing is needed", TierFast, user("hi"), TierFast, []string{micro, lite}, "", ""},
		{"images", TierFast, picture, TierFast, []string{lite}, "", ""},
		{"documents", TierFast, `"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,AA=="}}]}]`, TierFast, []string{lite}, "", ""},
		{"tools", TierBalanced, user("hi") + tools, TierBalanced, []string{llama}, "", ""},
		{"streaming with tools goes up", TierBalanced, user("hi") + tools + `,"stream":true`, TierQuality,
			[]string{pro, haiku}, "", ""},
		{"streaming alone does not", TierBalanced, user("hi") + `,"stream":true`, TierBalanced, []string{old, llama}, "", ""},
		{"context", TierBalanced, tokens(20_000), TierBalanced, []string{llama}, "", ""},
		{"context with the answer", TierBalanced, tokens(7_000) + `,"max_tokens":2000`, TierBalanced,
			[]string{llama}, "", ""},
		{"no more answer than the model gives", TierBalanced, tokens(6_000) + `,"max_tokens":100000`, TierBalanced,
			[]string{old, llama}, "", ""},
		{"images go up", TierBalanced, picture, TierQuality, []string{pro, haiku}, "", ""},
		{"context goes up", TierBalanced, tokens(190_000), TierQuality, []string{pro, haiku}, "", ""},
		{"context, and only one is left", TierQuality, tokens(250_000), TierQuality, []string{pro}, "", ""},
		{"nothing is so large", TierFast, tokens(400_000), "", nil, "they lack room for so long a prompt",
			openai.CodeContextLength},
		{"a tier with nothing above it", "small", picture, "", nil, "they lack vision", openai.CodeUnsupportedValue},
		{"a tier with nothing above it, tools", "small", user("hi") + tools, "", nil, "they lack tools",
			openai.CodeUnsupportedValue},
		{"sound", TierFast, `"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}}]}]`, "", nil, "audio", openai.CodeUnsupportedValue},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan, err := r.Plan(facts(t, c.tier, c.members, Caller{}))
			if c.ids == nil {
				var e *openai.Error
				if !errors.As(err, &e) || e.Kind != openai.Invalid || e.Code != c.code || !strings.Contains(e.Message, c.lacks) {
					t.Errorf("%+v %v", plan, err)
				}
				return
			}
			var ids []string
			for _, target := range plan.Targets {
				ids = append(ids, target.Row.ID)
			}
			if err != nil || plan.Tier != c.served || !slices.Equal(ids, c.ids) {
				t.Errorf("%s %q %v", plan.Tier, ids, err)
			}
		})
	}
	if plan, err := r.Plan(facts(t, micro, picture, Caller{})); err != nil || len(plan.Targets) != 1 {
		t.Errorf("a model that was named is never filtered: %v", err)
	}
	cfg := withRules()
	small := cfg.Rules.Tiers["small"]
	small.Next = TierFast
	cfg.Rules.Tiers["small"] = small
	if plan, err := newRouter(t, cfg).Plan(facts(t, "small", picture, Caller{})); err != nil || plan.Tier != TierFast {
		t.Errorf("next: %+v %v", plan, err)
	}
	cfg.Rules.Tiers["small"] = Tier{Targets: []Target{{Model: imported}}}
	if plan, err := newRouter(t, cfg).Plan(facts(t, "small", picture, Caller{})); err != nil ||
		plan.Targets[0].Public != "small" {
		t.Errorf("R-CAP-06 what nobody knows passes: %+v %v", plan, err)
	}
}

// What the score guesses is no reason to refuse what a smaller model can do; a tier that was named is another matter.
func TestScoreGoesDown(t *testing.T) {
	cfg := withRules()
	cfg.Rules.Rules = []Rule{{Name: "films", HasVideo: new(true), Tier: TierQuality}}
	cfg.Rules.Score.FastBelow, cfg.Rules.Score.BalancedBelow = 0, 0 // whatever it is, it is for quality
	cfg.Rules.Tiers = map[string]Tier{
		TierFast: {Targets: []Target{{Model: lite}}}, TierBalanced: {Targets: []Target{{Model: micro}}},
		TierQuality: {Targets: []Target{{Model: old}}},
	}
	cfg.Rules.RuleSets = nil
	cfg.Aliases = nil
	r := newRouter(t, cfg)
	plan, err := r.Plan(facts(t, Auto, picture, Caller{}))
	if err != nil || plan.Tier != TierFast || plan.Rule != byScore || !plan.Scored {
		t.Errorf("%+v %v", plan, err)
	}
	for name, c := range map[string]struct{ model, members string }{"a rule says so": {Auto, film},
		"the client says so": {TierQuality, picture}} {
		if plan, err := r.Plan(facts(t, c.model, c.members, Caller{})); err == nil {
			t.Errorf("%s: %+v", name, plan)
		}
	}
	sound := `"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}}]}]`
	if _, err = r.Plan(facts(t, Auto, sound, Caller{})); err == nil || !strings.Contains(err.Error(), "tier `quality`") {
		t.Errorf("%v", err)
	}
}

func TestTargets(t *testing.T) {
	cfg := withRules()
	cfg.Rules.Tiers["own"] = Tier{Targets: []Target{
		{Model: haiku, Order: 2, ServiceTier: "flex"}, {Model: haiku, Region: "eu-west-1", Order: 1, Weight: 3},
		{Model: "us." + haiku, Order: 1}, {Model: profile}}}
	plan, err := newRouter(t, cfg).Plan(facts(t, "own", user("hi"), Caller{}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range plan.Targets {
		got = append(got, fmt.Sprintf("%d×%d %s %s %s %s", x.Order, x.Weight, x.CalledID, x.Region, x.Public, x.ServiceTier))
	}
	want := []string{
		"1×3 eu." + haiku + " eu-west-1 " + haiku + " ",
		"1×0 us." + haiku + "  " + haiku + " ",
		"2×0 us." + haiku + "  " + haiku + " flex",
		"4×0 " + profile + " eu-west-1 own ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestDefaults(t *testing.T) {
	c := catalog.Default()
	rules := DefaultRules()
	for name, tier := range rules.Tiers {
		if len(tier.Targets) < 2 {
			t.Errorf("%s has one target", name)
		}
		for _, target := range tier.Targets {
			x, err := c.Resolve(target.Model, "us-east-1")
			if err != nil || !x.Row.Known || x.Row.Status != "active" || !x.Row.Listed(now) ||
				x.Row.Caps.Vision != catalog.Yes || x.Row.Caps.Tools != catalog.Yes {
				t.Errorf("%s: %s is not a current model that sees and calls", name, target.Model)
			}
		}
	}
	r := newRouter(t, Config{Rules: rules})
	for _, c := range []struct {
		members, rule string
		tiers         []string
	}{
		{user("Hi!"), "score", []string{TierFast}},
		{picture, "images", []string{TierFast, TierBalanced, TierQuality}},
		{user(strings.Repeat("We have a shop and want more visitors in it. ", 8) + "Please plan the year for us."),
			"planning", []string{TierQuality}},
		{user("Plan my day."), "score", []string{TierFast, TierBalanced}},
	} {
		plan, err := r.Plan(facts(t, Auto, c.members, Caller{}))
		if err != nil || plan.Rule != c.rule || !slices.Contains(c.tiers, plan.Tier) {
			t.Errorf("%.60s: %s %s %v", c.members, plan.Rule, plan.Tier, err)
		}
	}
	if plan, err := r.Plan(facts(t, Auto, user("Hi!"), Caller{Tier: TierQuality})); err != nil || plan.Rule != "header" ||
		plan.Tier != TierQuality {
		t.Errorf("%+v %v", plan, err)
	}
	if _, err := New(Config{Rules: rules, Aliases: map[string]string{"fast": lite}}, c, "us-east-1"); err == nil ||
		!strings.Contains(err.Error(), "is the name of a tier already") {
		t.Errorf("a clash: %v", err)
	}
}

func TestExplain(t *testing.T) {
	r := newRouter(t, Config{Rules: DefaultRules(), Aliases: map[string]string{"team": imported}, AllowARNs: true})
	for body, want := range map[string]string{
		`{"prompt":"Hi"}`: `{"tier":"fast","rule":"score","score":`,
		`{"messages":[{"role":"user","content":"Hi"}],"model":"fast","max_tokens":1000}`:        `"price_estimate":0.00275033}`,
		`{"prompt":"Hi","model":"amazon.nova-lite-v1:0"}`:                                       `{"tier":null,"rule":"model","score":`,
		`{"prompt":"Hi","model":"team"}`:                                                        `"targets":[{"model":"","region":"eu-west-1"}]`,
		`{"prompt":"Hallo, wie geht es dir und was machst du?","model":"quality"}`:              `"language":"de"`,
		`{"input":["a b","c"],"model":"amazon.titan-embed-text-v2:0"}`:                          `"prompt":{"words":3,"tokens":2}`,
		`{"prompt":"x","prompt":"Hi there","user":"me","metadata":{"a":"b"},"max_tokens":null}`: `"user":"me","header_tier":"gold","time_budget_seconds":1.5,"metadata":{"a":"b"}`,
	} {
		req, kind, bad := Decode([]byte(body))
		if bad != nil {
			t.Errorf("%s: %v", body, bad)
			continue
		}
		who := Caller{}
		if strings.Contains(body, `"user"`) {
			who = Caller{Tier: "gold", TimeBudget: 1500 * time.Millisecond}
			req.(*openai.ChatRequest).Model = TierFast
		}
		what, err := r.Explain(FactsOf(req, kind, who))
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		text, err := json.Marshal(what)
		if err != nil || !strings.Contains(string(text), want) || strings.Contains(string(text), "arn:") {
			t.Errorf("%s: %s %v", body, text, err)
		}
	}
	for body, param := range map[string]string{
		``: "", `{`: "", `[]`: "", `{}`: "messages", `{"prompt":7}`: "prompt", `{"prompt":null}`: "messages",
		`{"messages":[]}`: "messages", `{"input":3}`: "input",
		`{"prompt":"x","temperature":9}`: "temperature", `{"messages":[{"role":3}]}`: "messages[0].role",
	} {
		if _, _, err := Decode([]byte(body)); err == nil || err.Param != param {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestRuleModels(t *testing.T) {
	cfg := withRules()
	l := newLive(t, cfg)
	list := ids(l.Models(now))
	for _, name := range []string{Auto, "support", TierFast, TierBalanced, TierQuality, "small", "embed", "cheap", "pick",
		"helpdesk", "vectors"} {
		m, ok := l.Model(name, now)
		if !ok || !slices.Contains(list, name) || m.OwnedBy != "outcrop" || m.Created == 0 {
			t.Errorf("R-MOD-01 %s: %+v", name, m)
		}
	}
	if !slices.IsSorted(list) {
		t.Error("R-MOD-01 not in order")
	}
	for name, want := range map[string]string{"cheap": `"target":"fast","targets":["` + micro + `","` + lite +
		`"],"context_window":300000`, "pick": `{"kind":"chat","endpoints":["/v1/chat/completions"],"target":"auto"`,
		"embed": `"kind":"embedding"`} {
		if m, _ := l.Model(name, now); !strings.Contains(string(m.Outcrop), want) {
			t.Errorf("R-MOD-04 %s: %s", name, m.Outcrop)
		}
	}
	cfg.HideTargets = true
	if m, _ := newLive(t, cfg).Model("cheap", now); strings.Contains(string(m.Outcrop), "target") {
		t.Errorf("R-MOD-04 %s", m.Outcrop)
	}
	if ids := ids(newLive(t, Config{}).Models(now)); slices.Contains(ids, Auto) {
		t.Error("auto without tiers")
	}
}

func FuzzExpression(f *testing.F) {
	for _, text := range []string{`last.words > 3`, `keywords("a", "b") && score > 0.5`, `metadata["x"] == "y"`,
		`any(1..9, # > turns)`, `let x = prompt.text; x matches "("`, `keywords#(99)`, `$env`, "a\nb"} {
		f.Add(text)
	}
	s, err := score.New(score.Default())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 || strings.Contains(text, "..") { // ranges may be made long enough to take their time
			return
		}
		e, err := compileExpression(text)
		if err != nil {
			if message := err.Error(); strings.ContainsAny(message, "\n\r") || !strings.Contains(message, "column ") {
				t.Errorf("%q", message)
			}
			return
		}
		e.holds(facts(t, Auto, user("Hello there"), Caller{}), s)
	})
}

func BenchmarkRules(b *testing.B) {
	r := newRouter(b, Config{Rules: DefaultRules()})
	rules := withRules(Rule{Name: "when", Tier: TierQuality, When: `last.words > 200 && keywords("plan")`},
		Rule{Name: "rest", Tier: TierFast})
	own := newRouter(b, rules)
	text := strings.Repeat("The quick brown fox jumps over the lazy dog, and then it sleeps. ", 8)
	for _, c := range []struct {
		name   string
		router *Router
		model  string
	}{{"model", r, haiku}, {"tier", r, TierFast}, {"auto", r, Auto}, {"when", own, Auto}} {
		req, err := openai.DecodeChat([]byte(`{"model":"` + c.model + `",` + user(text) + `}`))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.router.Plan(FactsOf(req, catalog.Chat, Caller{})); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
