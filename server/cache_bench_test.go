package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"outcrop/cache"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/observe"
	"outcrop/internal/pipeline"
	"outcrop/internal/recall"
	"outcrop/internal/telemetry"
	"outcrop/openai"
	"outcrop/router"
)

// BenchmarkHit measures an answer of 2 KB out of the cache, over a loopback socket, beside a proxy that forwards the
// same answer and looks at nothing. The benchmark's client is in both.
func BenchmarkHit(b *testing.B) {
	store, err := cache.New(cache.Default(), cache.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(store.Close)
	routes, err := router.New(router.Config{}, catalog.Default(), "us-east-1")
	if err != nil {
		b.Fatal(err)
	}
	rec := telemetry.New()
	text := strings.Repeat("words of it ", 170)
	with := collaborators(call.Chain(answering(text),
		observe.Outside(rec, nil, observe.Measure(rec)),
		pipeline.Route(routes, catalog.Default(), nil),
		recall.Recall(recall.DefaultCache(), 1<<40, store, recall.NewShared(telemetry.New(), nil)),
	))
	with.Recorder = rec
	gateway := start(b, config(), with)

	body := ask(nova, `,"max_tokens":512,"temperature":0`)
	first := fetched(b, gateway+"/v1/chat/completions", body)
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("content-type", "application/json")
		_, _ = w.Write(first)
	}))
	b.Cleanup(plain.Close)
	to, err := url.Parse(plain.URL)
	if err != nil {
		b.Fatal(err)
	}
	proxy := httptest.NewServer(httputil.NewSingleHostReverseProxy(to))
	b.Cleanup(proxy.Close)

	for _, target := range []struct{ name, url string }{{"hit", gateway + "/v1/chat/completions"}, {"proxy", proxy.URL},
		{"nothing", plain.URL}} {
		b.Run(target.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fetched(b, target.url, body)
			}
		})
	}
}

// answering ends a chain with the text, complete.
func answering(text string) call.Handler {
	return func(_ context.Context, c *call.Call) (call.Reply, error) {
		usage := openai.Usage{Prompt: 10, Completion: 400, Reasoning: new(int64)}
		r := reply(parts(&openai.ChatResponse{Head: openai.Head{ID: "chatcmpl-" + c.ID, Model: nova,
			Fingerprint: "fp_0123456789"}, ServiceTier: "default",
			Choices: []openai.Choice{{Message: openai.ReplyMessage{Content: &text}, FinishReason: openai.FinishStop}},
			Usage:   &usage}))
		r.Head.Target = c.Plan.Targets[0]
		return r, nil
	}
}

func fetched(b *testing.B, to, body string) []byte {
	res, err := http.Post(to, "application/json", strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("%d %v", res.StatusCode, err)
	}
	return got
}
