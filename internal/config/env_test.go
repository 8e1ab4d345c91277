package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"outcrop/internal/config"
)

func TestEnvironment(t *testing.T) {
	tests := []struct {
		name, text string
		environ    []string
		want       func(c *config.Config) // changes the defaults
	}{
		{"wins over the file", "log: {level: warn, format: json}", []string{"OUTCROP_LOG_LEVEL=debug"},
			func(c *config.Config) { c.Log = config.Log{Level: "debug", Format: "json"} }},
		{"empty counts as unset", "log: {level: warn}", []string{"OUTCROP_LOG_LEVEL=", "PORT= ", "OUTCROP_NONSENSE="},
			func(c *config.Config) { c.Log.Level = "warn" }},
		{"well-known names", "", []string{"AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=us-east-1", "MAX_POOL_CONNECTIONS=7",
			"MAX_RETRY_ATTEMPTS=1",
			"BEDROCK_GUARDRAIL_ID=g", "BEDROCK_GUARDRAIL_VERSION=DRAFT",
			"ALLOWED_ORIGINS=https://a.example, http://b.example:8080"},
			func(c *config.Config) {
				c.Bedrock = config.Bedrock{Region: "eu-west-1", PoolConnections: 7, MaxAttempts: 1, Transport: "thin"}
				c.Guardrail = config.Guardrail{Identifier: "g", Version: "DRAFT"}
				c.Server.AllowedOrigins = []string{"https://a.example", "http://b.example:8080"}
			}},
		{"the second name when the first is unset", "", []string{"AWS_DEFAULT_REGION=us-east-1"},
			func(c *config.Config) { c.Bedrock.Region = "us-east-1" }},
		{"the systematic name is the strongest", "", []string{"MAX_POOL_CONNECTIONS=7", "OUTCROP_BEDROCK_POOL_CONNECTIONS=8"},
			func(c *config.Config) { c.Bedrock.PoolConnections = 8 }},
		{"the two default models", "models: {aliases: {default: nope, x: amazon.nova-lite-v1:0}}",
			[]string{"BEDROCK_MODEL_ID=amazon.nova-pro-v1:0", "BEDROCK_EMBED_MODEL_ID=cohere.embed-v4:0"},
			func(c *config.Config) {
				c.Models.Aliases = map[string]string{
					"default": "amazon.nova-pro-v1:0", "x": "amazon.nova-lite-v1:0", "default-embedding": "cohere.embed-v4:0"}
			}},
		{"PORT keeps the host", "server: {addr: 'localhost:1'}", []string{"PORT=9"},
			func(c *config.Config) { c.Server.Addr = "localhost:9" }},
		{"HOST keeps the port", "", []string{"HOST=::1"}, func(c *config.Config) { c.Server.Addr = "[::1]:8080" }},
		{"the whole address wins over its halves", "", []string{"HOST=0.0.0.0", "PORT=9", "OUTCROP_SERVER_ADDR=127.0.0.1:0"},
			func(c *config.Config) { c.Server.Addr = "127.0.0.1:0" }},
		{"a list replaces the list", "server: {allowed_origins: [https://a.example, https://b.example]}",
			[]string{"ALLOWED_ORIGINS=*"},
			func(c *config.Config) { c.Server.AllowedOrigins = []string{"*"} }},
		{"keys", "", []string{"OUTCROP_API_KEYS=a, b,,", "HOST=0.0.0.0"}, func(c *config.Config) {
			c.Access.APIKeys = []config.Secret{"a", "b"}
			c.Server.Addr = "0.0.0.0:8080"
		}},
		{"what Kubernetes sets for a service named outcrop, and our tests", "",
			[]string{"OUTCROP_SERVICE_HOST=10.0.0.1", "OUTCROP_SERVICE_PORT=80",
				"OUTCROP_SERVICE_PORT_HTTP=80", "OUTCROP_PORT=tcp://10.0.0.1:80", "OUTCROP_PORT_80_TCP=tcp://10.0.0.1:80",
				"OUTCROP_PORT_80_TCP_ADDR=10.0.0.1", "OUTCROP_GATEWAY_SERVICE_PORT=80", "OUTCROP_CLIENTS=required",
				"OUTCROP_CHAOS=5000", "=C:=x", "novalue"}, func(*config.Config) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := load(tt.text, tt.environ)
			if err != nil {
				t.Fatal(err)
			}
			want := config.Default()
			tt.want(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEnvironmentFaults(t *testing.T) {
	tests := []struct {
		name    string
		environ []string
		want    []string
	}{
		{"PORT is no number", []string{"PORT=http"},
			[]string{`PORT: server.addr: must be a port number from 0 to 65535, not "http"`}},
		{"PORT too large", []string{"PORT=65536"},
			[]string{`PORT: server.addr: must be a port number from 0 to 65535, not "65536"`}},
		{"PORT below zero", []string{"PORT=-1"},
			[]string{`PORT: server.addr: must be a port number from 0 to 65535, not "-1"`}},
		{"HOST with a port", []string{"HOST=127.0.0.1:80"},
			[]string{`HOST: server.addr: must be HOST:PORT, such as 127.0.0.1:8080, not "[127.0.0.1:80]:8080"`}},
		{"half a guardrail", []string{"BEDROCK_GUARDRAIL_ID=g"},
			[]string{`BEDROCK_GUARDRAIL_ID: guardrail.identifier: needs guardrail.version (BEDROCK_GUARDRAIL_VERSION) beside it`}},
		{"the other half", []string{"BEDROCK_GUARDRAIL_VERSION=1"},
			[]string{`BEDROCK_GUARDRAIL_VERSION: guardrail.version: needs guardrail.identifier (BEDROCK_GUARDRAIL_ID) beside it`}},
		{"a default model with a space", []string{"BEDROCK_MODEL_ID=a b"},
			[]string{`BEDROCK_MODEL_ID: models.aliases[default]: must be neither empty nor hold spaces or control characters, not "a b"`}},
		{"default models that do not exist", []string{"BEDROCK_MODEL_ID=gpt-4o", "BEDROCK_EMBED_MODEL_ID=default-embedding"},
			[]string{
				`BEDROCK_EMBED_MODEL_ID: models.aliases[default-embedding]: default-embedding → default-embedding is a circle`,
				`BEDROCK_MODEL_ID: models.aliases[default]: leads nowhere: "gpt-4o" is not a model, profile or ARN of Bedrock`}},
		{"a region", []string{"AWS_REGION=us east"},
			[]string{`AWS_REGION: bedrock.region: must be an AWS region such as us-east-1, not "us east"`}},
		{"attempts", []string{"MAX_RETRY_ATTEMPTS=0"},
			[]string{`MAX_RETRY_ATTEMPTS: bedrock.max_attempts: must be at least 1, the first attempt, not 0`}},
		{"a table", []string{"OUTCROP_MODELS_ALIASES=a=b"},
			[]string{`OUTCROP_MODELS_ALIASES: models.aliases: can be set in the file only`}},
		{"unknown", []string{"OUTCROP_ACCESS_INSECUR=true", "OUTCROP_FAVOURITE_COLOUR=red"},
			[]string{`OUTCROP_ACCESS_INSECUR: unknown variable; did you mean OUTCROP_ACCESS_INSECURE?`,
				`OUTCROP_FAVOURITE_COLOUR: unknown variable`}},
		{"no keys in keys", []string{"OUTCROP_API_KEYS= , "},
			[]string{`OUTCROP_API_KEYS: access.api_keys: names nothing; write [] for an empty list`}},
		{"a key with a space is not shown", []string{"OUTCROP_API_KEYS=good,sk secret"},
			[]string{`OUTCROP_API_KEYS: access.api_keys[1]: must be neither empty nor hold spaces or control characters`}},
		{"keys in two places", []string{"OUTCROP_API_KEYS=a", "OUTCROP_API_KEYS_FILE=keys"},
			[]string{`OUTCROP_API_KEYS_FILE: access.api_keys_file: and OUTCROP_API_KEYS are both set; use one`}},
		{"no file of keys, one complaint", []string{"OUTCROP_API_KEYS_FILE=none", "HOST=0.0.0.0"},
			[]string{`OUTCROP_API_KEYS_FILE: access.api_keys_file: "none" cannot be read: file does not exist`}},
		{"an empty file of keys", []string{"OUTCROP_API_KEYS_FILE=empty"},
			[]string{`OUTCROP_API_KEYS_FILE: access.api_keys_file: "empty" holds no key`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load("", tt.environ, "keys", "b", "empty", "# none yet\n")
			if diff := cmp.Diff(tt.want, complaints(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPublicAddress(t *testing.T) {
	tests := []struct {
		addr   string
		public bool
	}{
		{"127.0.0.1:80", false}, {"127.8.9.1:80", false}, {"localhost:80", false}, {"LocalHost:80", false},
		{"[::1]:80", false}, {"[::ffff:127.0.0.1]:80", false},
		{":80", true}, {"0.0.0.0:80", true}, {"[::]:80", true}, {"10.0.0.1:80", true}, {"gateway.example:80", true},
		{"127.1:80", true}, {"localhost.example:80", true},
	}
	for _, tt := range tests {
		t.Run(tt.addr, func(t *testing.T) {
			_, err := config.Load(config.Source{Overrides: config.Overrides{Addr: tt.addr}})
			var want []string
			if tt.public {
				want = []string{`--addr: server.addr: "` + tt.addr +
					`" is a public address, which needs API keys: set OUTCROP_API_KEYS or ` +
					`access.api_keys_file, or listen on 127.0.0.1; --insecure allows it without keys`}
			}
			if diff := cmp.Diff(want, complaints(err)); diff != "" {
				t.Error(diff)
			}
			for _, s := range []config.Source{
				{Overrides: config.Overrides{Addr: tt.addr, Insecure: true}},
				{Overrides: config.Overrides{Addr: tt.addr}, Environ: []string{"OUTCROP_ACCESS_INSECURE=true"}},
				{Overrides: config.Overrides{Addr: tt.addr}, Environ: []string{"OUTCROP_API_KEYS=k"}},
			} {
				c, err := config.Load(s)
				if err != nil {
					t.Errorf("%+v: %v", s, err)
				} else if c.Server.Addr != tt.addr {
					t.Errorf("listens on %s", c.Server.Addr)
				}
			}
		})
	}
}

func TestMendE1OriginsAndHostsInTheSettings(t *testing.T) {
	for name, tt := range map[string]struct {
		variable string
		ok       bool
	}{
		"any scheme": {
			"ALLOWED_ORIGINS=app://obsidian.md,chrome-extension://*,capacitor://localhost,vscode-webview://a1,null,file://",
			true},
		"subdomains":              {"ALLOWED_ORIGINS=https://*.example.com", true},
		"no scheme":               {"ALLOWED_ORIGINS=example.com", false},
		"a path":                  {"ALLOWED_ORIGINS=https://example.com/app", false},
		"hosts":                   {"OUTCROP_SERVER_HOSTS=gateway.example.com,*.svc.cluster.local,gw.*", true},
		"every host":              {"OUTCROP_SERVER_HOSTS=*", true},
		"a host with a port":      {"OUTCROP_SERVER_HOSTS=gateway.example.com:8080", false},
		"a host that is a URL":    {"OUTCROP_SERVER_HOSTS=https://gateway.example.com", false},
		"a host of two wildcards": {"OUTCROP_SERVER_HOSTS=*.example.*", false},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := config.Load(config.Source{Environ: []string{tt.variable}}); (err == nil) != tt.ok {
				t.Errorf("%v", err)
			}
		})
	}
}
