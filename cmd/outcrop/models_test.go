package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/background"
	"outcrop/internal/catalog"
	"outcrop/internal/config"
	"outcrop/openai"
	"outcrop/router"
)

const newModel = "anthropic.claude-opus-6"

func listed() catalog.Listing {
	return catalog.Listing{Models: []catalog.ListedModel{{ID: newModel, Outputs: []string{"TEXT"}}}}
}

func knows(t *testing.T, models *router.Live) bool {
	t.Helper()
	_, known := models.Model(newModel, time.Now())
	return known
}

func TestKeepListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		models, err := routes(config.Default(), "us-east-1")
		if err != nil {
			t.Fatal(err)
		}
		var logged bytes.Buffer
		var asked []time.Time
		answer, again := make(chan error), make(chan struct{}, 1)
		list := func(ctx context.Context) (catalog.Listing, error) {
			asked = append(asked, time.Now())
			select {
			case err := <-answer:
				return listed(), err
			case <-ctx.Done():
				return catalog.Listing{}, ctx.Err()
			}
		}
		refused := &openai.Error{Message: "not allowed", Err: errors.New("User: arn:aws:iam::123456789012:user/me")}
		stop := background.Runner{}.Go(t.Context(), "models", func(ctx context.Context) {
			keepListed(ctx, time.Hour, again, list, models, slog.New(slog.NewTextHandler(&logged, nil)))
		})
		step := func(answered error, lines int, known bool) {
			t.Helper()
			answer <- answered
			synctest.Wait()
			if n := strings.Count(logged.String(), "\n"); n != lines || knows(t, models) != known {
				t.Errorf("R-MOD-06 %d lines in the log, model known: %t\n%s", n, knows(t, models), logged.String())
			}
		}
		synctest.Wait()
		if knows(t, models) {
			t.Error("R-MOD-06 known before AWS answered")
		}
		step(refused, 1, false)
		step(refused, 1, false) // once, not each time
		step(nil, 2, true)
		step(errors.New("offline"), 3, true) // the last list stays
		step(nil, 4, true)
		step(nil, 4, true)
		for i, want := range []time.Duration{1, 2, 60, 1, 60} { // a list that failed is asked for again soon (Mend D1)
			if d := asked[i+1].Sub(asked[i]); d < want*54*time.Second || d > want*66*time.Second {
				t.Errorf("R-MOD-06 asked again after %s, want about %d minutes", d, want)
			}
		}
		synctest.Wait()
		before := time.Now()
		again <- struct{}{} // other credentials, or SIGHUP
		step(nil, 4, true)
		if !asked[len(asked)-1].Equal(before) {
			t.Errorf("Mend D1: asked %s after it was told to", asked[len(asked)-1].Sub(before))
		}
		stop() // ends in the pause
		if text := logged.String(); strings.Contains(text, "arn:") || strings.Contains(text, "1234") {
			t.Errorf("R-GEN-08 %s", text)
		}
		stop = background.Runner{}.Go(t.Context(), "models", func(ctx context.Context) {
			keepListed(ctx, time.Hour, again, list, models, slog.New(slog.DiscardHandler))
		})
		synctest.Wait()
		stop() // and while AWS is asked

		calls := len(asked)
		keepListed(t.Context(), 0, nil, list, models, slog.New(slog.DiscardHandler))
		if len(asked) != calls {
			t.Error("models.refresh: 0 asks AWS")
		}
	})
}

// The example of the recipe is a whole configuration that does what the recipe says.
func TestRecipeAddAModel(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "recipes", "add-a-model.md"))
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(page)
	if example == nil {
		t.Fatal("no example")
	}
	cfg, err := config.Load(config.Source{Path: "example.yaml",
		ReadFile: func(string) ([]byte, error) { return example[1], nil }})
	if err != nil {
		t.Fatal(err)
	}
	models, err := routes(cfg, "eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := models.Plan(&router.Facts{Model: "gpt-4o", Kind: catalog.Chat})
	if err != nil {
		t.Fatal(err)
	}
	row := plan.Targets[0].Row
	if plan.Targets[0].CalledID != "eu.anthropic.claude-opus-7-20270301-v1:0" || row.MaxOutput != 128000 ||
		row.Format != "claude" ||
		row.Caps.Sampling.Temperature != catalog.No || len(row.Caps.Reasoning.Efforts) != 4 ||
		row.PriceFor("us.x").Output != 27.5 {
		t.Errorf("the new model: %+v", row)
	}
	if plan, err = models.Plan(&router.Facts{Model: "search", Kind: catalog.Embed}); err != nil ||
		plan.InputType != "search_query" {
		t.Errorf("R-EMB-11 %+v %v", plan, err)
	}
	for id, want := range map[string]string{"amazon.nova-lite-v1:0": `"structured_output":true`,
		"acme.rocket-1": `"kind":"chat"`, "gpt-4o": `"target":"anthropic.claude-opus-7`} {
		if m, ok := models.Model(id, time.Now()); !ok || !strings.Contains(string(m.Outcrop), want) {
			t.Errorf("R-MOD-05 %s: %s", id, m.Outcrop)
		}
	}
}

// The recipe names every key, so that nobody has to read the code.
func TestRecipeNamesEveryKey(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "recipes", "add-a-model.md"))
	if err != nil {
		t.Fatal(err)
	}
	var source []byte
	for _, name := range []string{"override.go", "facts.go"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "internal", "catalog", name))
		if err != nil {
			t.Fatal(err)
		}
		source = append(source, text...)
	}
	keys := regexp.MustCompile(`yaml:"(\w+)"`).FindAllSubmatch(source, -1)
	if len(keys) < 60 {
		t.Fatalf("%d keys found", len(keys))
	}
	for _, key := range keys {
		if !bytes.Contains(page, key[1]) {
			t.Errorf("the recipe lacks %s", key[1])
		}
	}
}
