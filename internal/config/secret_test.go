package config_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"outcrop/internal/config"
)

func TestSecretsAreNeverShown(t *testing.T) {
	const secret = "sk-7up3r-53cr37"
	c, err := config.Load(config.Source{Environ: []string{"OUTCROP_API_KEYS=" + secret, "REDIS_URL=redis://:" +
		secret + "@h"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Access.APIKeys[0].Reveal(); got != secret {
		t.Fatalf("Reveal gives %q", got)
	}
	shown := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T %[1]v"} {
		shown["config "+verb] = fmt.Sprintf(verb, c.Access)
		shown["secret "+verb] = fmt.Sprintf(verb, c.Access.APIKeys[0])
	}
	shown["pointer"] = fmt.Sprintf("%+v", c)
	for name, encode := range map[string]func(any) ([]byte, error){"json": json.Marshal, "xml": xml.Marshal,
		"yaml": yaml.Marshal} {
		out, err := encode(c.Access)
		if err != nil {
			t.Fatal(err)
		}
		shown[name] = string(out)
	}
	var log bytes.Buffer
	for _, logger := range []*slog.Logger{slog.New(slog.NewTextHandler(&log, nil)),
		slog.New(slog.NewJSONHandler(&log, nil))} {
		logger.Info("x", "key", c.Access.APIKeys[0], "config", c)
	}
	shown["slog"] = log.String()
	for name, text := range shown {
		if strings.Contains(text, secret) || strings.Contains(text, "53cr37") ||
			strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", secret)) {
			t.Errorf("%s shows it: %s", name, text)
		}
		if name == "slog" && strings.Count(text, "[hidden]") < 6 {
			t.Errorf("the log lacks the keys: %s", text)
		}
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]config.Size{"0B": 0, "7B": 7, "32MB": 32_000_000, "1 kB": 1000, "3KB": 3000,
		"2KiB": 2048, "4MiB": 4 << 20, "1GB": 1e9, "1GiB": 1 << 30} {
		var got config.Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s is %d, %v", text, got, err)
		}
		var again config.Size
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != got {
			t.Errorf("%s is written as %s, which is %d, %v", text, got, again, err)
		}
	}
}
