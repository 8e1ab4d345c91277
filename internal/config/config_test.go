package config_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outcrop/cache"
	"outcrop/internal/access"
	"outcrop/internal/access/budgets"
	"outcrop/internal/access/keys"
	"outcrop/internal/access/limits"
	"outcrop/internal/access/usage"
	"outcrop/internal/audit"
	"outcrop/internal/catalog"
	"outcrop/internal/config"
	"outcrop/internal/judge"
	"outcrop/internal/recall"
	"outcrop/internal/upstream"
	"outcrop/policy"
	"outcrop/router"
	"outcrop/router/score"
)

// load gives what Load makes of a file's text, its environment and files beside it ("name", "text").
func load(text string, environ []string, files ...string) (*config.Config, error) {
	s := config.Source{Environ: environ, ReadFile: func(path string) ([]byte, error) {
		if path == "outcrop.yaml" {
			return []byte(text), nil
		}
		for i := 0; i < len(files); i += 2 {
			if files[i] == path {
				return []byte(files[i+1]), nil
			}
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}}
	if text != "" {
		s.Path = "outcrop.yaml"
	}
	return config.Load(s)
}

func complaints(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func TestLoadNothing(t *testing.T) {
	got, err := config.Load(config.Source{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Default(), got); diff != "" {
		t.Error(diff)
	}
}

func fullSecurity() config.Security {
	return config.Security{
		SecurityRules: config.SecurityRules{
			Config: policy.Config{
				Redaction: policy.Redaction{
					Enabled: true, Entities: []string{"EMAIL", "STAFF_ID"}, Action: policy.Tokenize,
					Actions: map[string]policy.Action{"EMAIL": policy.Mask},
					Input:   policy.Redact, Output: policy.Allow, Roles: map[string]policy.Action{"tool": policy.Block},
					Threshold:  0.7,
					Thresholds: map[string]float64{"EMAIL": 0.6}, Regions: []string{"DE"}, Unscanned: policy.Block,
					Custom: []policy.Custom{{Kind: "STAFF_ID", Pattern: `E-\d{6}`, Checksum: "luhn", Score: 0.7,
						Context: []string{"staff"}}},
				},
				Injection: policy.InjectionScan{Enabled: true, Patterns: []string{"system prompt"}, PatternWeight: 0.4,
					Threshold: 0.9, Action: policy.Flag,
					Roles: map[string]policy.Action{"tool": policy.Block}},
				AllowedDomains: []string{"https://example.com"}, DomainAction: policy.Block,
				Output: policy.OutputRules{MaxLength: 100, Forbidden: []string{"zeus"}, Secrets: policy.Redact,
					Canaries: []string{"canary-41"}, LeakWords: 9, Action: policy.Flag},
			},
			OnBlock: "answer", BlockMessage: "Not here.",
		},
		Managed: judge.Config{
			Guardrail: judge.Guardrail{Identifier: "gr3", Version: "4"}, Checks: []string{"prompt_attack"}, Threshold: 0.6,
			Action:     "flag",
			Directions: []string{"input"}, Timeout: 900 * time.Millisecond, OnError: "open", Cache: 50,
		},
		Profiles: map[string]config.SecurityRules{
			"strict": {Config: policy.Config{Redaction: policy.Redaction{Enabled: true}}, OnBlock: "answer"}},
	}
}

func TestLoadFull(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "full.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := load(string(text), nil, "keys.txt", "# ours\nk1\n\n  k2, k3\n")
	if err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	want := &config.Config{
		Server: config.Server{
			Addr: "[::1]:9000", Prefixes: []string{"/openai/v1"},
			AllowedOrigins: []string{"https://app.example.com", "tauri://localhost"},
			Hosts:          []string{"*.svc.cluster.local", "gateway.example.com"},
			BodyLimit:      8 << 20, BodiesInFlight: 256 << 20, ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:  20 * time.Second,
			WriteTimeout: 90 * time.Second,
			IdleTimeout:  75 * time.Second, DrainDelay: 15 * time.Second,
			TrustedProxies: []string{"10.2.0.0/16"}, TLS: config.TLS{CertFile: "cert.pem", KeyFile: "key.pem"},
		},
		Stream:   config.Stream{Hold: 10 * time.Second, KeepAlive: 5 * time.Second, Idle: 2 * time.Minute},
		Requests: config.Requests{Deadline: 90 * time.Second, EmbeddingCalls: 4, RememberRefusals: 20 * time.Minute},
		Models: config.Models{
			Aliases: map[string]string{"gpt-4o": "anthropic.claude-sonnet-4-5-20250929-v1:0",
				"GPT 4": "amazon.nova-pro-v1:0"},
			BaseModels: map[string]string{
				"arn:aws:bedrock:us-east-1:111122223333:provisioned-model/abc": "amazon.nova-pro-v1:0"},
			HideTargets: true, InputTypes: map[string]string{"gpt-4o": "search_query"}, Refresh: 30 * time.Minute,
			Catalog: map[string]catalog.Override{"anthropic.claude-opus-7": {
				Like: "anthropic.claude-opus-5", Context: 400_000, Converse: &yes,
				Capabilities: catalog.CapabilityFacts{
					Vision: &no, ToolChoice: []string{}, Reasoning: catalog.ReasoningFacts{Efforts: []string{"low", "high"}}},
				Prices: map[string]catalog.Price{"us": {Input: 5.5, Output: 27}},
			}},
		},
		Router:    fullRouter(),
		Bedrock:   config.Bedrock{Region: "eu-central-1", PoolConnections: 64, MaxAttempts: 5, Transport: "sdk"},
		Guardrail: config.Guardrail{Identifier: "gr1", Version: "2", Trace: "enabled"},
		Media:     config.Media{AllowHTTP: true, AllowPrivate: []string{"10.1.0.0/16", "fd00::/8"}, Timeout: 3 * time.Second},
		Access: config.Access{APIKeys: []config.Secret{"k1", "k2", "k3"}, APIKeysFile: "keys.txt", Insecure: true,
			Keys: []keys.Configured{{Name: "team-a", Hash: keys.HashOf("foo"), Tenant: "acme",
				Models: []string{"anthropic.*", "gpt-4o"}, Tiers: []string{"fast"},
				Endpoints: []string{"chat.completions"}, Limits: access.Limits{RequestsPerMinute: 60, TokensPerMinute: 100_000,
					Concurrent: 4},
				Budget: access.Budget{Amount: 12_500_000, Period: "week", SoftPercent: 80}, Priority: "batch",
				Guardrail: access.Guardrail{Identifier: "gr2", Version: "DRAFT"}, Profile: "strict", MaxTokens: 1000,
				Extensions: []string{},
				Expires:    access.Moment{Time: time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC)}, Networks: []string{"10.0.0.0/8"},
				StoreText: true}},
			Store: "redis", Grace: 10 * time.Minute, FailedAttempts: 5, Required: &yes},
		Audit: audit.Config{Dir: "/var/log/outcrop", KeyFile: "/run/secrets/audit.key", MaxBytes: 1e6, MaxFiles: 30,
			Retention: audit.Retention{Days: 365, Bytes: 50e9}, SealEvery: time.Minute, Queue: 100, FailClosed: true},
		Log:   config.Log{Level: "DEBUG", Format: "json"},
		Redis: config.Redis{URL: "rediss://:secret@cache.example:6380/1"},
		Cache: config.Cache{
			Config: cache.Config{Memory: cache.Memory{MaxBytes: 5_000_000}, MaxEntryBytes: 20_000,
				Timeout: 50 * time.Millisecond},
			CacheConfig: recall.CacheConfig{
				TTL: 5 * time.Minute, TTLByEndpoint: map[string]time.Duration{"embeddings": time.Hour},
				TTLByModel: map[string]time.Duration{"gpt-4o": 2 * time.Minute},
				MaxTTL:     3 * time.Hour, ToolCalls: true, MaxTemperature: 0.2, Always: []string{"gpt-4o"},
			},
		},
		Resilience: upstream.Config{
			Attempt:     upstream.Attempt{FirstEvent: 20 * time.Second, Answer: 40 * time.Second},
			Fallback:    upstream.Fallback{On: []string{"throttled"}},
			Breaker:     upstream.Breaker{Window: 5 * time.Second, Calls: 3, Failures: 0.25, Open: 2 * time.Second, Probes: 1},
			Concurrency: upstream.Concurrency{Floor: 2, Ceiling: 20, Increase: 1.5, Decrease: 0.5},
			Queue:       upstream.Queue{Length: 10, Aging: time.Second}, RetryBudget: upstream.RetryBudget{Share: 0.1, Floor: 2},
			Rates: map[string]upstream.Rate{"amazon.nova-pro-v1:0": {Requests: 60, Tokens: 6000}},
		},
		Metrics:  config.Metrics{Addr: "127.0.0.1:9464", Networks: []string{"10.9.0.0/16"}},
		Security: fullSecurity(),
		Limits: limits.Config{Tenants: map[string]access.Limits{"acme": {RequestsPerMinute: 600}},
			EndUser: access.Limits{TokensPerMinute: 9000}, WhenStoreIsAway: "refuse"},
		Budgets: budgets.Config{Tenants: map[string]access.Budget{"acme": {Amount: 99_000_000, Period: "day"}},
			OutputTokens: 2048, UnknownPrice: "refuse", InMemory: "warn"},
		Usage: usage.Config{Tags: []string{"project", "team"}, Keep: 1000 * time.Hour},

		MaxChoices: 4, ToolHistoryWithoutTools: "declare", RequestMetadata: "off",
		Documents: config.Documents{Names: "neutral"}, PromptCache: config.PromptCache{Auto: "asked"},
	}
	for _, w := range got.Warnings { // of members that are taken for one release more
		if !strings.Contains(w, ": is gone; say it in when: ") {
			t.Error(w)
		}
	}
	got.Warnings = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, s := range config.Reference() { // so that a new setting is not forgotten in the file
		key := s.Name[strings.LastIndexByte(s.Name, '.')+1:]
		if key != "api_keys" && key != "secret" && key != "token" && !strings.Contains(string(text), key+":") {
			t.Errorf("testdata/full.yaml lacks %s", s.Name)
		}
	}
}

// fullRouter is the section router of testdata/full.yaml.
func fullRouter() router.Rules {
	want := router.DefaultRules()
	want.Tiers["fast"] = router.Tier{Next: "quality", Targets: []router.Target{
		{Model: "amazon.nova-micro-v1:0", Region: "eu-west-1", Weight: 3, Order: 1, ServiceTier: "flex"},
		{Model: "amazon.nova-lite-v1:0", Order: 1}}}
	want.Tiers["own"] = router.Tier{Targets: []router.Target{{Model: "anthropic.claude-opus-5"}}}
	want.Rules = []router.Rule{{
		Name: "everything", Tier: "own", When: `prompt.words > 200 && keywords("plan")`,
		MinWords: new(1), MaxWords: new(2), MinTokens: new(3), MaxTokens: new(4),
		MinPromptWords: new(5), MaxPromptWords: new(6), MinPromptTokens: new(7), MaxPromptTokens: new(8),
		MinTurns: new(9), MaxTurns: new(10), MinTools: new(11), MaxTools: new(12), MinOutput: new(13), MaxOutput: new(14),
		MinChoices: new(2),
		HasImage:   new(true), HasVideo: new(false), HasDocument: new(false), HasTools: new(true), ToolResults: new(false),
		StructuredOutput: new(true),
		Code:             new(false), Math: new(true), Stream: new(false),
		Keywords: []string{"plan", "step by step"}, Pattern: `^\d+$`, Effort: []string{"high"},
		Language: []string{"de", "fr"},
		Tenant:   []string{"t"}, Key: []string{"k"}, User: []string{"u"}, HeaderTier: []string{"gold"},
		Metadata: map[string]string{"team": "red"},
		MinScore: new(0.25), MaxScore: new(0.75), MinTimeBudget: new(time.Second), MaxTimeBudget: new(time.Minute),
	}}
	want.RuleSets = map[string][]router.Rule{"support": {{Name: "all", Tier: "fast"}}}
	one := 1.0
	want.Score = score.Config{FastBelow: 0.2, BalancedBelow: 0.6, Weights: score.Weights{
		Base: -1, Length: one, Clauses: one, Quantities: one, Relations: one, Changes: one, Units: one, Maths: one,
		Calculation: one, Code: one, Logic: one,
		Statements: one, Numeric: one, Negation: one, Cases: one, Demands: one, Formats: one, Creative: one, Exposition: one,
		Passage: one, Smalltalk: one,
	}}
	return want
}

func TestEveryComplaintAtOnce(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "faults.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = load(string(text), []string{"MAX_POOL_CONNECTIONS=-4", "OUTCROP_STREAM_HOLD=30", "OUTCROP_LOGLEVEL=debug",
		"PORT=http"})
	want := []string{
		`outcrop.yaml:2:9: server.addr: must be HOST:PORT, such as 127.0.0.1:8080, not "8080"`,
		`outcrop.yaml:3:14: server.prefixes[0]: must be / or a path such as /v1, without a slash at its end, not "/v1/"`,
		`outcrop.yaml:3:20: server.prefixes[1]: must be / or a path such as /v1, without a slash at its end, not "7"`,
		`outcrop.yaml:3:23: server.prefixes[2]: must be a single value, not a list`,
		`outcrop.yaml:4:15: server.body_limit: "32" has no unit, write 32MB, 32KB or 32B`,
		`outcrop.yaml:5:3: server.bodylimit: unknown key; did you mean body_limit?`,
		`outcrop.yaml:6:18: server.write_timeout: "5" has no unit, write 5s or 5ms`,
		`outcrop.yaml:7:18: server.drain_timeout: must be at least 0s, not -1s`,
		`outcrop.yaml:8:9: stream: must be a mapping (key: value), not "15s"`,
		`outcrop.yaml:10:13: requests.deadline: must be a duration such as 30s or 1m30s, not "soon"`,
		`outcrop.yaml:11:20: requests.embedding_calls: must be a whole number, not "many"`,
		`outcrop.yaml:12:3: requests.deadline: stands twice, first in line 10`,
		`outcrop.yaml:14:15: models.allow_arns: must be true or false, not "yes"`,
		`outcrop.yaml:16:13: models.aliases[gpt-4o]: must be a single value, not a list`,
		`outcrop.yaml:17:11: models.aliases[small]: has no value; leave the key out for the default`,
		`outcrop.yaml:18:10: models.aliases[big]: must be neither empty nor hold spaces or control characters, not "has a space"`,
		`outcrop.yaml:20:10: models.base_models[gpt]: the name must be the ARN of a Bedrock model, not "gpt"`,
		`outcrop.yaml:22:17: bedrock.max_attempts: must be at least 1, the first attempt, not 0`,
		`outcrop.yaml:23:21: bedrock.pool_connections: "99999999999999999999" is out of range`,
		`outcrop.yaml:25:12: guardrail.version: must be a number or DRAFT, not "latest"`,
		`outcrop.yaml:25:12: guardrail.version: needs guardrail.identifier (BEDROCK_GUARDRAIL_ID) beside it`,
		`outcrop.yaml:27:13: access.api_keys: secrets do not belong in this file; use OUTCROP_ACCESS_API_KEYS, OUTCROP_API_KEYS or a file of their own`,
		`outcrop.yaml:28:1: aliases: unknown key; did you mean models.aliases?`,
		`outcrop.yaml:30:10: log.level: must be one of debug, info, warn, error, not "loud"`,
		`outcrop.yaml:31:11: log.format: must be one of auto, text, json, not "xml"`,
		`MAX_POOL_CONNECTIONS: bedrock.pool_connections: must be at least 1, not -4`,
		`OUTCROP_LOGLEVEL: unknown variable; did you mean OUTCROP_LOG_LEVEL?`,
		`OUTCROP_STREAM_HOLD: stream.hold: "30" has no unit, write 30s or 30ms`,
	}
	if diff := cmp.Diff(want, complaints(err)); diff != "" {
		t.Error(diff)
	}
}

func TestFileFaults(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"a list", "- a\n", []string{`outcrop.yaml:1:1: must be a mapping (key: value), not a list`}},
		{"comments only", "# nothing\n", nil},
		{"null", "~\n", nil},
		{"a section with all lines commented out", "server:\n  # addr: x\nlog:\n", nil},
		{"an empty list", "server:\n  allowed_origins: []\n  prefixes: []\n",
			[]string{`outcrop.yaml:3:13: server.prefixes: needs at least 1 entry`}},
		{"no list", "server:\n  prefixes: /v1\n",
			[]string{`outcrop.yaml:2:13: server.prefixes: must be a list ([a, b]), not "/v1"`}},
		{"twice in a list", "server: {prefixes: [/v1, /v1]}\n",
			[]string{`outcrop.yaml:1:20: server.prefixes: names an entry twice`}},
		{"a second document", "log: {level: info}\n---\nlog: {level: warn}\n",
			[]string{`outcrop.yaml:2:1: a second document begins here; the file must hold one`}},
		{"a key that is no name", "? [a]\n: b\n", []string{`outcrop.yaml:1:3: a key must be a name, not a list`}},
		{"networks", "media: {allow_private: [10.0.0.0/8, intranet, 10.0.0.1]}\n", []string{
			`outcrop.yaml:1:37: media.allow_private[1]: must be a network such as 10.1.0.0/16, not "intranet"`,
			`outcrop.yaml:1:47: media.allow_private[2]: must be a network such as 10.1.0.0/16, not "10.0.0.1"`}},
		{"anchors", "server: {prefixes: &p [/v1]}\nlog: {level: &l warn, format: *l}\n",
			[]string{`outcrop.yaml:2:14: log.format: must be one of auto, text, json, not "warn"`}},
		{"an anchor in itself", "server: &s\n  addr: *s\n",
			[]string{`outcrop.yaml:1:9: server.addr: must be a single value, not a mapping`}},
		{"a merge key", "log: {<<: {level: info}}\n", []string{`outcrop.yaml:1:7: log.<<: unknown key`}},
		{"a truth as text", "models: {aliases: {x: true}}\n",
			[]string{`outcrop.yaml:1:23: models.aliases[x]: must be a text, not true; put it in quotes`}},
		{"ARNs are not shown", "models: {base_models: {'arn:aws:bedrock:us-east-1:111122223333:x/y': ''}}\n",
			[]string{`outcrop.yaml:1:70: models.base_models[arn:…]: must be neither empty nor hold spaces or control characters, not ""`}},
		{"a feature that is not built", "policy:\n  redact: true\n", []string{`outcrop.yaml:1:1: policy: unknown key`}},
		{"not YAML", "log:\n  level: \"info\n", []string{`outcrop.yaml:2: not YAML: found unexpected end of stream`}},
		{"tabs", "log:\n\tlevel: info\n", []string{`outcrop.yaml:2: not YAML: found character that cannot start any token`}},
		{"guardrail without version", "guardrail: {identifier: g}\n",
			[]string{`outcrop.yaml:1:25: guardrail.identifier: needs guardrail.version (BEDROCK_GUARDRAIL_VERSION) beside it`}},
		{"trace without guardrail", "guardrail: {trace: enabled}\n",
			[]string{`outcrop.yaml:1:20: guardrail.trace: needs guardrail.identifier (BEDROCK_GUARDRAIL_ID) beside it`}},
		{"sizes", "server: {body_limit: 32PB}\n",
			[]string{`outcrop.yaml:1:22: server.body_limit: unknown unit in "32PB", use B, KB, MB, GB, KiB, MiB or GiB`}},
		{"a size too small", "server: {body_limit: 10B}\n",
			[]string{`outcrop.yaml:1:22: server.body_limit: must be at least 1kB, not 10B`}},
		{"a size too large for a number", "server: {body_limit: 9999999999999999999GB}\n",
			[]string{`outcrop.yaml:1:22: server.body_limit: "9999999999999999999GB" is too large`}},
		{"a negative size", "server: {body_limit: -1MB}\n",
			[]string{`outcrop.yaml:1:22: server.body_limit: must be a size such as 32MB, not "-1MB"`}},
		{"no time at all", "requests: {deadline: 0s}\n",
			[]string{`outcrop.yaml:1:22: requests.deadline: must be more than 0s, not 0s`}},
		{"an origin with a path", "server: {allowed_origins: ['https://a.example/']}\n",
			[]string{`outcrop.yaml:1:28: server.allowed_origins[0]: must be *, null or an origin such as https://app.example.com or app://obsidian.md, without a path, not "https://a.example/"`}},
		{"control characters", "\"a\\eb\": 1\n", []string{`outcrop.yaml:1:1: a?b: unknown key`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(tt.text, nil)
			if diff := cmp.Diff(tt.want, complaints(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFileMissing(t *testing.T) {
	_, err := config.Load(config.Source{Path: filepath.Join(t.TempDir(), "none.yaml"), Environ: []string{"PORT=x"}})
	got := complaints(err)
	if len(got) != 2 || !strings.HasSuffix(got[0], "none.yaml: cannot be read: no such file or directory") ||
		!strings.HasPrefix(got[1], "PORT: ") {
		t.Errorf("got %q", got)
	}
}

func TestReference(t *testing.T) {
	seen := map[string]string{}
	for _, s := range config.Reference() {
		if s.Help == "" {
			t.Errorf("%s has no help", s.Name)
		}
		for _, env := range s.Env {
			if other := seen[env]; other != "" {
				t.Errorf("%s sets %s and %s", env, other, s.Name)
			}
			seen[env] = s.Name
		}
	}
	for env, name := range map[string]string{"OUTCROP_STREAM_HOLD": "stream.hold", "BEDROCK_MODEL_ID": "models.aliases",
		"AWS_REGION": "bedrock.region"} {
		if seen[env] != name {
			t.Errorf("%s sets %q, want %s", env, seen[env], name)
		}
	}
	first := config.Reference()[0]
	if first.Name != "server.addr" || first.Default != "127.0.0.1:8080" ||
		!reflect.DeepEqual(first.Env, []string{"OUTCROP_SERVER_ADDR"}) {
		t.Errorf("got %+v", first)
	}
}
