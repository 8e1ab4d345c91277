package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"outcrop/internal/config"
	"outcrop/internal/pipeline"
	"outcrop/router"
)

func TestRoute(t *testing.T) {
	out, err := execute(t, `{"prompt":"Hi!"}

{"prompt":
{"messages":[{"role":"user","content":"Hi!"}],"model":"quality"}`+"\r\n"+`{"prompt":"x","model":"gpt-4o"}
{"prompt":"x","colour":"red"}
`+"\ufeff"+`{"prompt":"half a \ud83d sign"}`, "route")
	if err == nil || !strings.Contains(err.Error(), "3 of 7 lines") {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	want := []string{`{"tier":"fast","rule":"score","score":`, `{"error":{"message":"The line is empty.`,
		`{"error":{"message":"We could not parse`, `{"tier":"quality","rule":"tier",`,
		"{\"error\":{\"message\":\"The model `gpt-4o` does not exist", `{"tier":"fast"`, `{"tier":"fast"`}
	if len(lines) != len(want) {
		t.Fatalf("%d lines: %s", len(lines), out)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("line %d: %s", i+1, line)
		}
	}
	var first map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"tier", "rule", "score", "targets", "facts", "price_estimate"} {
		if first[member] == nil {
			t.Errorf("no %s in %s", member, lines[0])
		}
	}
	examples := filepath.Join("..", "..", "examples", "routing.yaml")
	if out, err = execute(t, `{"prompt":"I want a refund","model":"helpdesk"}`, "route", "--config", examples, "--region",
		"eu-west-1"); err != nil ||
		!strings.HasPrefix(out, `{"tier":"quality","rule":"angry"`) || !strings.Contains(out, `"region":"eu-west-1"`) {
		t.Errorf("%s %v", out, err)
	}
	if _, err = execute(t, "", "route", "--config", "none.yaml"); err == nil {
		t.Error("no such file")
	}
	t.Setenv("HOST", "0.0.0.0") // of a container; nothing listens here
	if out, err = execute(t, "", "route"); err != nil || out != "" {
		t.Errorf("%q %v", out, err)
	}
}

func TestEachLine(t *testing.T) {
	var in, want bytes.Buffer
	for i := range 10_000 {
		fmt.Fprintln(&in, strings.Repeat("x", i%300), i)
		fmt.Fprintln(&want, "<"+strings.Repeat("x", i%300), fmt.Sprint(i)+">")
	}
	echo := func(to, line []byte, _ int) ([]byte, bool) { return fmt.Appendf(to, "<%s>\n", line), true }
	var out bytes.Buffer
	if err := eachLine(t.Context(), bytes.NewReader(in.Bytes()), &out, unseen, echo); err != nil ||
		!bytes.Equal(out.Bytes(), want.Bytes()) {
		t.Errorf("%d bytes, want %d: %v", out.Len(), want.Len(), err)
	}
	long := strings.Repeat("y", longestLine)
	out.Reset()
	err := eachLine(t.Context(), strings.NewReader(long+"\n"+long+"z\nshort\n"+long+"z"), &out, unseen,
		func(to, line []byte, _ int) ([]byte, bool) { return fmt.Appendf(to, "%d\n", len(line)), true })
	if lines := strings.Split(out.String(), "\n"); err == nil || len(lines) != 5 || lines[0] != fmt.Sprint(longestLine) ||
		lines[2] != "5" ||
		!strings.Contains(lines[1], "longer than 32 MB") || !strings.Contains(lines[3], "longer than 32 MB") {
		t.Errorf("%v %.300q", err, lines)
	}
	t.Run("what was read is answered before more is waited for", func(t *testing.T) {
		to, input := io.Pipe()
		output, from := io.Pipe()
		done := make(chan error, 1)
		go func() { done <- eachLine(t.Context(), to, from, unseen, echo) }()
		for i := range 3 {
			fmt.Fprintln(input, i)
			var got [4]byte
			if _, err := io.ReadFull(output, got[:]); err != nil || string(got[:]) != fmt.Sprintf("<%d>\n", i) {
				t.Fatalf("%q %v", got, err)
			}
		}
		input.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Run("half a line holds nothing back", func(t *testing.T) {
		to, input := io.Pipe()
		output, from := io.Pipe()
		done := make(chan error, 1)
		go func() { done <- eachLine(t.Context(), to, from, unseen, echo) }()
		fmt.Fprint(input, "a\nb")
		var got [4]byte
		if _, err := io.ReadFull(output, got[:]); err != nil || string(got[:]) != "<a>\n" {
			t.Fatalf("%q %v", got, err)
		}
		input.Close()
		if _, err := io.ReadFull(output, got[:]); err != nil || string(got[:]) != "<b>\n" {
			t.Fatalf("%q %v", got, err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Run("errors of either end are told", func(t *testing.T) {
		broken := errors.New("broken")
		to, input := io.Pipe()
		input.CloseWithError(broken)
		if err := eachLine(t.Context(), to, io.Discard, unseen, echo); !errors.Is(err, broken) {
			t.Errorf("reading: %v", err)
		}
		output, from := io.Pipe()
		output.CloseWithError(broken)
		if err := eachLine(t.Context(), strings.NewReader("a\n"), from, unseen, echo); !errors.Is(err, broken) {
			t.Errorf("writing: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		to, input = io.Pipe()
		defer input.Close()
		time := make(chan error, 1)
		go func() { time <- eachLine(ctx, to, io.Discard, unseen, echo) }()
		fmt.Fprintln(input, "a")
		cancel()
		if err := <-time; !errors.Is(err, context.Canceled) {
			t.Errorf("ended: %v", err)
		}
	})
}

// The recipe names every key and fact, and its examples are good ones, so that nobody has to read the code.
func TestRecipeWriteRoutingRules(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "recipes", "write-routing-rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[router.Rule](), reflect.TypeFor[router.Target](),
		reflect.TypeFor[router.Tier]()} {
		for i := range typ.NumField() {
			tag := typ.Field(i).Tag
			if _, former := tag.Lookup("when"); former { // taken for one release, and not to be learnt any more
				continue
			}
			if key := tag.Get("yaml"); !bytes.Contains(page, []byte(key)) {
				t.Errorf("the recipe lacks %s", key)
			}
		}
	}
	for name, tier := range router.DefaultRules().Tiers {
		row := fmt.Sprintf("| `%s` | `%s` | `%s` |", name, tier.Targets[0].Model, tier.Targets[1].Model)
		if len(tier.Targets) != 2 || !bytes.Contains(page, []byte(row)) {
			t.Errorf("the recipe lacks %s", row)
		}
	}
	var all []byte
	for _, example := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1) {
		text := bytes.Replace(example[1], []byte("router:\n"), nil, 1)
		if bytes.HasPrefix(example[1], []byte("router:")) {
			if !bytes.Contains(all, []byte("router:")) {
				all = append(all, "router:\n"...)
			}
		}
		all = append(all, text...)
	}
	cfg, err := config.Load(config.Source{Path: "example.yaml",
		ReadFile: func(string) ([]byte, error) { return all, nil }})
	if err != nil {
		t.Fatalf("%v\n%s", err, all)
	}
	if len(cfg.Router.Rules) != 5 || len(cfg.Router.RuleSets) != 1 || len(cfg.Router.Tiers["fast"].Targets) != 3 {
		t.Errorf("%+v", cfg.Router)
	}
}

// BenchmarkRoute is how fast lines are routed: `make bench` shows lines/s.
func BenchmarkRoute(b *testing.B) {
	models, err := routes(config.Default(), "us-east-1")
	if err != nil {
		b.Fatal(err)
	}
	line := `{"messages":[{"role":"system","content":"You are helpful."},{"role":"user","content":"` +
		strings.Repeat("Compare these two plans for a garden. ", 10) + `"}]}` + "\n"
	const lines = 1000
	in := strings.Repeat(line, lines)
	e, p := pipeline.Explainer{Models: models}, newProgress(io.Discard, "")
	b.ReportAllocs()
	for b.Loop() {
		if err := eachLine(b.Context(), strings.NewReader(in), io.Discard, p.seen,
			func(to, line []byte, n int) ([]byte, bool) { return routeLine(e, to, line, n, p) }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(lines*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
