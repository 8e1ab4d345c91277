package config_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"outcrop/internal/config"
)

func TestMendC7DefaultsAreAFileThatChangesNothing(t *testing.T) {
	got, err := load(string(config.Defaults()), nil, "", "")
	if err != nil {
		t.Fatalf("%v\n%s", err, config.Defaults())
	}
	if diff := cmp.Diff(config.Default(), got); diff != "" {
		t.Error(diff)
	}
}

func TestMendC7EffectiveSettingsTellWhereTheyWereMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "o.yaml")
	file := "server:\n  body_limit: 1MB\nmodels:\n  aliases: {a: amazon.nova-lite-v1:0}\nrouter:\n  tiers:\n    own: " +
		"{targets: [{model: amazon.nova-pro-v1:0, weight: 2}]}\n"
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	source := config.Source{Path: path, Environ: []string{"PORT=81", "OUTCROP_API_KEYS=secret-one,secret-two",
		"BEDROCK_MODEL_ID=amazon.nova-micro-v1:0"}}
	text, err := config.Effective(source)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n  addr: 127.0.0.1:81 # PORT\n", "\n  body_limit: 1MB # " + path + ":2:15\n", "\n  read_timeout: 1m0s # default\n",
		"\n    a: amazon.nova-lite-v1:0 # " + path + ":4:16\n", "\n    default: amazon.nova-micro-v1:0 # BEDROCK_MODEL_ID\n",
		"weight: 2 # " + path + ":7:", "model: anthropic.claude-opus-5 # default\n",
		"\n  # api_keys: (2, hidden) # OUTCROP_API_KEYS\n",
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "secret-one") {
		t.Errorf("a key is shown:\n%s", text)
	}
	want, err := config.Load(source)
	if err != nil {
		t.Fatal(err)
	}
	got, err := load(string(text), nil, "", "")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	want.Access.APIKeys = nil // is not shown
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	source.Environ = []string{"OUTCROP_LOG_LEVEL=loud"}
	if _, err := config.Effective(source); err == nil {
		t.Error("settings that are refused were shown")
	}
}

func TestMendC7SchemaTakesWhatTheLoaderTakes(t *testing.T) {
	var described any
	if err := json.Unmarshal(config.Schema(), &described); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.json", described); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	full, err := os.ReadFile(filepath.Join("testdata", "full.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []struct {
		name, text string
		ok         bool
	}{
		{"every setting", string(full), true}, {"the defaults", string(config.Defaults()), true},
		{"an unknown key", "server: {adr: x}", false}, {"a number for a section", "server: 3", false},
		{"a word that is not allowed", "log: {format: xml}", false}, {"a secret", "access: {api_keys: [x]}", false},
		{"a duration without a unit", "stream: {idle: 3}", false}, {"too large a number", "max_choices: 1000", false},
		{"an unknown key in an entry", "router: {tiers: {own: {target: []}}}", false},
	} {
		var v any
		if err := yaml.Unmarshal([]byte(file.text), &v); err != nil {
			t.Fatal(err)
		}
		v = asJSON(t, v) // an editor sees dates as texts
		if err := schema.Validate(v); (err == nil) != file.ok {
			t.Errorf("%s: %v", file.name, err)
		}
	}
}

// TestMendC7ThePageOfAllSettingsIsTrue holds docs/configuration.md to what the program knows; `make config` writes it.
func TestMendC7ThePageOfAllSettingsIsTrue(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(page), string(config.Markdown())); diff != "" {
		t.Errorf("run make config:\n%s", diff)
	}
}

func asJSON(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}
