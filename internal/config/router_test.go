package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"outcrop/internal/config"
	"outcrop/router"
)

func TestRouterFaults(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		environ    []string
		want       []string
	}{
		{"everything at once, with other faults", `log: {level: loud}
models:
  aliases:
    fast: amazon.nova-lite-v1:0
    auto: amazon.nova-lite-v1:0
    clever: quality
    helper: support
    choose: clever
    pick: auto
    round: about
    about: round
router:
  tiers:
    fast:
    empty: {}
    none: {targets: []}
    "two words": {targets: [{model: amazon.nova-lite-v1:0}]}
    score: {targets: [{model: amazon.nova-lite-v1:0}]}
    unknown:
      targets:
        - {model: gpt-4o}
        - model: anthropic.claude-opus-66
        - model: clever
        - {modl: amazon.nova-lite-v1:0, weight: -1}
        - {model: openai.gpt-5.4}
        - {model: stability.sd3-5-large-v1:0}
        - {model: amazon.nova-lite-v1:0, region: US, service_tier: cheap}
        - {model: 'arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/x', region: us-east-1}
      next: nowhere
    up: {targets: [{model: amazon.nova-lite-v1:0}], next: down}
    down: {targets: [{model: amazon.nova-lite-v1:0}], next: up}
  rules:
    - {name: ok, tier: fast}
    - {name: ok, tier: fats}
    - tier: fast
    - {name: "a;b", tier: fast, min_words: -1, max_words: many}
    - {name: pattern, tier: fast, pattern: "a(b"}
    - name: typed
      tier: fast
      when: last.words > "many"
    - {name: unknown, tier: fast, when: 'turns > 3 && wrods > 5'}
    - {name: number, tier: fast, when: turns + 1}
    - {name: broken, tier: fast, when: "turns >"}
    - name: lines
      tier: fast
      when: |
        turns > 3 &&
          images.many
    - {name: crossed, tier: fast, min_words: 5, max_words: 4, min_score: 2, language: english}
    - [no, mapping]
  rule_sets:
    auto: [{name: x, tier: fast}]
    quality: [{name: x, tier: fast}]
    amazon.nova-lite-v1: [{name: x, tier: fast}]
    support:
      - {name: x, tier: fast, when: 'keywords(1)'}
    nothing: []
  score: {fast_below: 0.9, balanced_below: 0.5, weights: {lengths: 1}}
`, nil, []string{
			`outcrop.yaml:1:14: log.level: must be one of debug, info, warn, error, not "loud"`,
			`outcrop.yaml:4:11: models.aliases[fast]: "fast" is the name of a tier already; give one of the two another name`,
			`outcrop.yaml:5:11: models.aliases[auto]: "auto" is the name of a rule set already; give one of the two another name`,
			`outcrop.yaml:11:12: models.aliases[about]: about → round → about is a circle`,
			`outcrop.yaml:15:5: router.tiers[empty].targets: needs at least 1 entry`,
			`outcrop.yaml:16:21: router.tiers[none].targets: needs at least 1 entry`,
			`outcrop.yaml:17:5: router.tiers[two words]: must be a name of at most 64 letters, digits, dots, dashes and underscores, not "two words"`,
			`outcrop.yaml:18:5: router.tiers[score]: "score" means something else already; give the tier another name`,
			`outcrop.yaml:21:19: router.tiers[unknown].targets[0].model: unknown model: "gpt-4o" is not a model, profile or ARN of Bedrock`,
			`outcrop.yaml:22:18: router.tiers[unknown].targets[1].model: unknown model: "anthropic.claude-opus-66" is not in the catalogue; models.catalog can add it`,
			`outcrop.yaml:23:18: router.tiers[unknown].targets[2].model: "clever" is an alias; name the model, profile or ARN`,
			`outcrop.yaml:24:11: router.tiers[unknown].targets[3].model: must be neither empty nor hold spaces or control characters, not ""`,
			`outcrop.yaml:24:12: router.tiers[unknown].targets[3].modl: unknown key; did you mean model?`,
			`outcrop.yaml:24:49: router.tiers[unknown].targets[3].weight: must be at least 0, not -1`,
			`outcrop.yaml:25:19: router.tiers[unknown].targets[4].model: "openai.gpt-5.4" cannot be served: this gateway serves chat models by Converse, and embedding models`,
			`outcrop.yaml:26:19: router.tiers[unknown].targets[5].model: "stability.sd3-5-large-v1:0" is a model of kind image; this gateway serves chat and embedding models`,
			`outcrop.yaml:27:50: router.tiers[unknown].targets[6].region: must be an AWS region such as us-east-1, not "US"`,
			`outcrop.yaml:27:68: router.tiers[unknown].targets[6].service_tier: must be one of default, flex, priority, reserved, not "cheap"`,
			`outcrop.yaml:28:19: router.tiers[unknown].targets[7].model: the ARN is of eu-west-1, and region says us-east-1`,
			`outcrop.yaml:29:13: router.tiers[unknown].next: "nowhere" is no tier; there are balanced, down, empty, fast, none, quality, score, two words, unknown, up`,
			`outcrop.yaml:31:61: router.tiers[down].next: down → up → down is a circle`,
			`outcrop.yaml:34:14: router.rules[1].name: "ok" is the name of rule 1 already`,
			`outcrop.yaml:34:24: router.rules[1].tier: "fats" is no tier; there are balanced, down, empty, fast, none, quality, score, two words, unknown, up`,
			`outcrop.yaml:35:7: router.rules[2].name: must be a name of at most 64 letters, digits, dots, dashes and underscores, not ""`,
			`outcrop.yaml:36:14: router.rules[3].name: must be a name of at most 64 letters, digits, dots, dashes and underscores, not "a;b"`,
			`outcrop.yaml:36:44: router.rules[3].min_words: must be at least 0, not -1`,
			`outcrop.yaml:36:59: router.rules[3].max_words: must be a whole number, not "many"`,
			`outcrop.yaml:37:44: router.rules[4].pattern: is no regular expression (RE2): missing closing ): "a(b"`,
			`outcrop.yaml:40:13: router.rules[5].when: does not compile at its column 12: invalid operation: > (mismatched types int and string)`,
			`outcrop.yaml:41:41: router.rules[6].when: does not compile at its column 14: unknown name wrods`,
			`outcrop.yaml:42:40: router.rules[7].when: does not compile at its column 1: expected bool, but got int`,
			`outcrop.yaml:43:40: router.rules[8].when: does not compile at its column 7: unexpected token EOF`,
			`outcrop.yaml:46:13: router.rules[9].when: does not compile at its line 2, column 10: type int has no field many`,
			`outcrop.yaml:49:46: router.rules[10].min_words: is 5 and max_words 4, so that the rule never fires`,
			`outcrop.yaml:49:74: router.rules[10].min_score: must be at most 1, not 2`,
			`outcrop.yaml:49:87: router.rules[10].language[0]: must be one of en, de, fr, es, pt, it, nl, sv, pl, tr, ru, uk, el, ar, fa, he, hi, th, zh, ja, ko, not "english"`,
			`outcrop.yaml:50:7: router.rules[11]: must be a mapping (key: value), not a list`,
			`outcrop.yaml:52:11: router.rule_sets[auto]: "auto" means something else already; give the rule set another name`,
			`outcrop.yaml:53:14: router.rule_sets[quality]: "quality" means something else already; give the rule set another name`,
			`outcrop.yaml:54:26: router.rule_sets[amazon.nova-lite-v1]: "amazon.nova-lite-v1" is the name of a model; give it another name`,
			`outcrop.yaml:56:37: router.rule_sets[support][0].when: does not compile at its column 10: cannot use int as argument (type string) to call keywords`,
			`outcrop.yaml:57:14: router.rule_sets[nothing]: needs at least 1 entry`,
			`outcrop.yaml:58:23: router.score.fast_below: fast_below and balanced_below must be between 0 and 1, and balanced_below at least fast_below`,
			`outcrop.yaml:58:59: router.score.weights.lengths: unknown key; did you mean length?`,
		}},
		{"a default model that is a tier, or auto", "", []string{"BEDROCK_MODEL_ID=auto", "BEDROCK_EMBED_MODEL_ID=fast"},
			nil},
		{"a row that is at fault may be meant", "models: {catalog: {acme.rocket-1: {context: 5}}}\nrouter: {tiers: {fast: " +
			"{targets: [{model: acme.rocket-1}]}}}\n", nil,
			[]string{`outcrop.yaml:1:20: models.catalog[acme.rocket-1]: nothing is known of "acme.rocket-1": it needs like, or kind`}},
		{"a tier that is no mapping", "router: {tiers: {fast: [a]}, rules: {a: b}}\n", nil, []string{
			`outcrop.yaml:1:24: router.tiers[fast]: must be a mapping (key: value), not a list`,
			`outcrop.yaml:1:37: router.rules: must be a list ([a, b]), not a mapping`}},
		{"a variable for a table", "", []string{"OUTCROP_ROUTER_TIERS=x", "OUTCROP_ROUTER_RULES=x"}, []string{
			`OUTCROP_ROUTER_RULES: router.rules: can be set in the file only`,
			`OUTCROP_ROUTER_TIERS: router.tiers: can be set in the file only`}},
		{"a threshold in a variable", "", []string{"OUTCROP_ROUTER_SCORE_FAST_BELOW=0.99"}, []string{
			`OUTCROP_ROUTER_SCORE_FAST_BELOW: router.score.fast_below: fast_below and balanced_below must be between 0 and 1, and balanced_below at least fast_below`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(tt.text, tt.environ)
			if diff := cmp.Diff(tt.want, complaints(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRouterMerges(t *testing.T) {
	got, err := load("router:\n  tiers:\n    fast: {next: quality}\n    own: {targets: [{model: "+
		"amazon.nova-lite-v1:0}]}\n  rules: []\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := router.DefaultRules()
	fast := want.Tiers["fast"]
	fast.Next = "quality" // and the targets stay
	want.Tiers["fast"], want.Tiers["own"] = fast, router.Tier{Targets: []router.Target{{Model: "amazon.nova-lite-v1:0"}}}
	want.Rules = []router.Rule{}
	if diff := cmp.Diff(want, got.Router); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(router.DefaultRules(), config.Default().Router); diff != "" {
		t.Errorf("the default is shared: %s", diff)
	}
}

func TestRedis(t *testing.T) {
	for url, want := range map[string]string{
		"redis://localhost:6379/0": "",
		"redis://":                 "",
		"rediss://user:p%40ss@cache.example:6380/2?dial_timeout=100ms": "",
		"unix:///run/redis.sock?db=1":                                  "",
		"redis://a:6379?addr=b:6379&addr=c:6379":                       "",
		"rediss://:s3cret@a:26379/1?master_name=main&addr=b:26379":     "",
		"localhost:6379":            "must begin with redis://, rediss:// (TLS) or unix://",
		"http://localhost":          "must begin with redis://, rediss:// (TLS) or unix://",
		"redis://localhost:63790":   "",
		"redis://localhost:99999/0": "has a port above 65535",
		"redis:localhost":           "must have two slashes behind redis:",
		"redis://:s3/cret@localhost": "must be a URL such as rediss://:PASSWORD@HOST:6379/0; in a user name or " +
			"password, characters such as / ? # @ : are written as %2F …",
		"redis://localhost/s3cret":      "behind the host there may be the number of a database only, such as /0",
		"redis://a?addr=b:1&db=zwei":    "unexpected option: db",
		"redis://a/3?addr=b":            "a cluster (addr=) has no database but 0",
		"redis://a?dial_timeout=soon":   "invalid dial_timeout duration: time: invalid duration \"soon\"",
		"redis://a?colour=red":          "unexpected option: colour",
		"unix://":                       "names no socket: write unix:///path/of/the.sock",
		"unix:///run/redis.sock?addr=b": "a socket (unix://) has neither addr= nor master_name=",
	} {
		t.Run(url, func(t *testing.T) {
			var inFile, inEnv []string
			if want != "" {
				inFile, inEnv = []string{"outcrop.yaml:1:14: redis.url: " + want}, []string{"REDIS_URL: redis.url: " + want}
			}
			c, err := load("redis: {url: '"+url+"'}", nil)
			if diff := cmp.Diff(inFile, complaints(err)); diff != "" {
				t.Error(diff)
			}
			if err == nil && c.Redis.URL.Reveal() != url {
				t.Error(c.Redis.URL.Reveal())
			}
			_, err = load("", []string{"REDIS_URL=" + url})
			if diff := cmp.Diff(inEnv, complaints(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if c, err := load("redis: {url: 'redis://file'}",
		[]string{"REDIS_URL=redis://plain", "OUTCROP_REDIS_URL=redis://ours"}); err != nil ||
		c.Redis.URL.Reveal() != "redis://ours" {
		t.Errorf("%v", err)
	}
}

// TestFormerMembersOfRules: members that are gone load for one release, keep their meaning, and are warned of with
// their new form.
func TestFormerMembersOfRules(t *testing.T) {
	cfg, err := load(`router:
  rules:
    - {name: short, tier: fast, max_turns: 3, min_score: 0.25, keywords: [hi]}
    - {name: quick, tier: fast, min_time_budget: 90s, stream: false}
  rule_sets:
    own: [{name: long, tier: quality, max_output: 500}]
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`outcrop.yaml:3:44: router.rules[0].max_turns: is gone; say it in when: turns <= 3`,
		`outcrop.yaml:3:58: router.rules[0].min_score: is gone; say it in when: score >= 0.25`,
		`outcrop.yaml:4:63: router.rules[1].stream: is gone; say it in when: stream == false`,
		`outcrop.yaml:4:50: router.rules[1].min_time_budget: is gone; say it in when: time_budget != duration('0s') && ` +
			`time_budget >= duration('1m30s')`,
		`outcrop.yaml:6:51: router.rule_sets[own][0].max_output: is gone; say it in when: max_output > 0 && max_output <= 500`,
	}
	if diff := cmp.Diff(want, cfg.Warnings); diff != "" {
		t.Error(diff)
	}
}
