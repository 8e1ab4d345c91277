package config_test

import (
	"strings"
	"testing"

	"outcrop/internal/config"
)

func TestDefaultStore(t *testing.T) {
	for _, tt := range []struct {
		env  []string
		want string
	}{
		{nil, ""},
		{[]string{"HOME=/home/me"}, "/home/me/.local/state/outcrop/outcrop.db"},
		{[]string{"HOME=/home/me", "XDG_STATE_HOME=/state"}, "/state/outcrop/outcrop.db"},
		{[]string{"HOME=/home/me", "XDG_STATE_HOME=relative"}, "/home/me/.local/state/outcrop/outcrop.db"},
		{[]string{"HOME=relative"}, ""},
	} {
		c, err := config.Load(config.Source{Environ: tt.env})
		if err != nil || c.Access.DefaultStore != tt.want {
			t.Errorf("%v: %q, %v, want %q", tt.env, c.Access.DefaultStore, err, tt.want)
		}
	}
	c, err := config.Load(config.Source{Environ: []string{"OUTCROP_STATE=/srv/keys.db"}})
	if err != nil || c.Access.Store != "/srv/keys.db" {
		t.Errorf("%q, %v", c.Access.Store, err)
	}
}

func TestKeysOpenAPublicAddress(t *testing.T) {
	public := []string{"OUTCROP_SERVER_ADDR=0.0.0.0:80"}
	yaml := func(text string) func(string) ([]byte, error) {
		return func(string) ([]byte, error) { return []byte(text), nil }
	}
	const hash = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
	stored := func(is bool) func(*config.Config) bool { return func(*config.Config) bool { return is } }
	for name, tt := range map[string]struct {
		source config.Source
		ok     bool
	}{
		"no key":             {config.Source{Environ: public}, false},
		"an empty store":     {config.Source{Environ: public, KeysStored: stored(false)}, false},
		"a key in the store": {config.Source{Environ: public, KeysStored: stored(true)}, true},
		"a key in the file": {config.Source{Environ: public, Path: "f",
			ReadFile: yaml("access: {keys: [{name: a, hash: '" + hash + "'}]}")}, true},
		"a key is demanded":   {config.Source{Environ: append(public, "OUTCROP_ACCESS_REQUIRED=true")}, true},
		"whoever asks for it": {config.Source{Environ: public, Overrides: config.Overrides{Insecure: true}}, true},
	} {
		if _, err := config.Load(tt.source); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFaultsOfKeys(t *testing.T) {
	const hash = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
	text := `access:
  store: redis
  keys:
    - name: a
      hash: ` + hash + `
      budget: {period: year}
      networks: [10.0.0.1]
      guardrail: {identifier: g}
    - name: a
      hash: oc-a-key-by-mistake
      expires: soon
      priority: high
    - hash: ` + hash + `
      budget: {amount: 1e9}
      max_tokens: -1
`
	_, err := config.Load(config.Source{Path: "f", ReadFile: func(string) ([]byte, error) { return []byte(text), nil }})
	if err == nil {
		t.Fatal("it was loaded")
	}
	for _, want := range []string{
		"f:2:10: access.store: needs redis.url",
		"f:6:24: access.keys[0].budget.period: must be one of day, week, month, total",
		"f:7:18: access.keys[0].networks[0]: must be a network",
		"access.keys[0].guardrail.identifier: needs guardrail.version beside it",
		"f:9:13: access.keys[1].name: is that of key 0 too",
		"f:10:13: access.keys[1].hash: must be sha256:",
		"f:11:16: access.keys[1].expires: must be a date",
		"access.keys[1].priority: must be one of interactive, normal, batch",
		"access.keys[2].name: must be a name",
		"f:13:13: access.keys[2].hash: is that of key 0 too",
		"access.keys[2].budget.amount: must be an amount in USD",
		"access.keys[2].max_tokens: must be at least 0",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
	if strings.Contains(err.Error(), "oc-a-key") {
		t.Error("the complaint shows a key")
	}
}

func TestMendE6WhenKeysAreRequired(t *testing.T) {
	const shared, redis, written = "OUTCROP_STATE=redis", "REDIS_URL=redis://localhost", "OUTCROP_ACCESS_REQUIRED="
	for name, tt := range map[string]struct {
		env      []string
		insecure bool
		want     bool
	}{
		"loopback":                                {nil, false, false},
		"loopback, demanded":                      {[]string{written + "true"}, false, true},
		"a store of one's own":                    {[]string{"OUTCROP_STATE=/srv/keys.db"}, false, false},
		"a shared store":                          {[]string{shared, redis}, false, true},
		"a shared store, opened":                  {[]string{shared, redis, written + "false"}, false, false},
		"Redis for other things":                  {[]string{redis}, false, false},
		"a shared store, a public address":        {[]string{shared, redis, "HOST=0.0.0.0"}, false, true},
		"the same, insecure":                      {[]string{shared, redis, "HOST=0.0.0.0"}, true, true},
		"the same, insecure and opened":           {[]string{shared, redis, "HOST=0.0.0.0", written + "false"}, true, false},
		"a public address, insecure":              {[]string{"HOST=0.0.0.0"}, true, false},
		"a public address, insecure and demanded": {[]string{"HOST=0.0.0.0", written + "true"}, true, true},
	} {
		c, err := config.Load(config.Source{Environ: tt.env, Overrides: config.Overrides{Insecure: tt.insecure}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := c.KeysRequired(); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, err := config.Load(config.Source{Environ: []string{shared, redis, "HOST=0.0.0.0",
		written + "false"}}); err == nil {
		t.Error("required: false alone opens a public address")
	}
}
