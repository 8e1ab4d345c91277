package server_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"outcrop/internal/attempt"
	"outcrop/internal/bedrock"
	"outcrop/internal/catalog"
	"outcrop/internal/pipeline"
	"outcrop/internal/telemetry"
	"outcrop/router"
)

// canned answers every call with the same bytes, so that a benchmark sees the gateway and little else.
func canned(b *testing.B) http.Handler {
	var stream bytes.Buffer
	frame := func(typ, payload string) {
		err := eventstream.NewEncoder().Encode(&stream,
			eventstream.Message{Payload: []byte(payload), Headers: eventstream.Headers{
				{Name: ":message-type", Value: eventstream.StringValue("event")},
				{Name: ":event-type", Value: eventstream.StringValue(typ)},
				{Name: ":content-type", Value: eventstream.StringValue("application/json")}}})
		if err != nil {
			b.Fatal(err)
		}
	}
	frame("messageStart", `{"role":"assistant","p":"abc"}`)
	for range 100 {
		frame("contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"a few words of it "},"p":"abcdefghijkl"}`)
	}
	frame("contentBlockStop", `{"contentBlockIndex":0,"p":"abc"}`)
	frame("messageStop", `{"stopReason":"end_turn","p":"abc"}`)
	frame("metadata", `{"usage":{"inputTokens":10,"outputTokens":100,"totalTokens":110},"metrics":{"latencyMs":100},"p":"abc"}`)
	plain := `{"metrics":{"latencyMs":100},"output":{"message":{"content":[{"text":"` + strings.Repeat("words ", 50) +
		`"}],"role":"assistant"}},"stopReason":"end_turn","usage":{"inputTokens":10,"outputTokens":100,"totalTokens":110}}`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("x-amzn-requestid", "5f4b2a1c-0000-4000-8000-000000000000")
		if strings.HasSuffix(r.URL.Path, "-stream") {
			w.Header().Set("content-type", "application/vnd.amazon.eventstream")
			_, _ = w.Write(stream.Bytes())
			return
		}
		w.Header().Set("content-type", "application/json")
		_, _ = io.WriteString(w, plain)
	})
}

// BenchmarkRequest measures a whole request over loopback sockets, the benchmark's own client and upstream included.
func BenchmarkRequest(b *testing.B) {
	upstream := httptest.NewServer(canned(b))
	b.Cleanup(upstream.Close)
	settings := bedrock.Default()
	settings.Region = "us-east-1"
	bed, err := bedrock.New(context.Background(), settings, awsconfig.WithBaseEndpoint(upstream.URL),
		awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("bench", "bench", "")))
	if err != nil {
		b.Fatal(err)
	}
	routes, err := router.New(router.Config{}, catalog.Default(), "us-east-1")
	if err != nil {
		b.Fatal(err)
	}
	rec := telemetry.New()
	with := collaborators(pipeline.New(pipeline.Config{Deadline: time.Minute, EmbeddingCalls: 8}, pipeline.Collaborators{
		Recorder: rec, Router: routes, Catalog: catalog.Default(), Profiles: bed, Version: "bench",
		Services: func(t catalog.Target) (attempt.Service, error) { return bed.For(t) },
	}))
	with.Recorder = rec
	url := start(b, config(), with)
	turn := `{"role":"user","content":"` + strings.Repeat("some words of a long history ", 50) +
		`"},{"role":"assistant","content":"` + strings.Repeat("an answer ", 20) + `"},`
	tool := `{"type":"function","function":{"name":"lookup","description":"Looks a thing up","parameters":{"type":"object","properties":{` +
		strings.Repeat(`"a":{"type":"string","description":"a member of the tool's input"},`, 10) +
		`"z":{"type":"number"}}}}}`
	flat := strings.Replace(strings.Replace(tool, `"function":{`, "", 1), "}}}}}", "}}}}", 1)
	const chat, responses = "/v1/chat/completions", "/v1/responses"
	for _, c := range []struct{ name, path, body string }{
		{"small", chat, ask(nova, `,"max_tokens":512,"temperature":0.2`)},
		{"large", chat, `{"model":"` + nova + `","messages":[` + strings.Repeat(turn, 19) +
			`{"role":"user","content":"and now?"}],"tools":[` + tool + `]}`},
		{"stream", chat, ask(nova, `,"stream":true,"stream_options":{"include_usage":true}`)},
		{"small-responses", responses, `{"model":"` + nova + `","input":[{"role":"user","content":"Tell me about rivers"}],` +
			`"max_output_tokens":512,"temperature":0.2,"store":false}`},
		{"large-responses", responses, `{"model":"` + nova + `","store":false,"input":[` + strings.Repeat(turn, 19) +
			`{"role":"user","content":"and now?"}],"tools":[` + flat + `]}`},
		{"stream-responses", responses, `{"model":"` + nova + `","input":[{"role":"user","content":"Tell me about rivers"}],` +
			`"stream":true,"store":false}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					res, err := http.Post(url+c.path, "application/json", strings.NewReader(c.body))
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, res.Body)
					res.Body.Close()
					if res.StatusCode != http.StatusOK {
						b.Errorf("status %d", res.StatusCode)
						return
					}
				}
			})
		})
	}
}
