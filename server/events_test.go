package server_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/call"
	"outcrop/openai"
	"outcrop/server"
)

const wireHel = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hel"},"logprobs":null,"finish_reason":null}]}` + "\n\n"

func TestStreamFraming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server.New(config(), collaborators(func(context.Context, *call.Call) (call.Reply, error) {
			return reply(parts(chunk("Hel"), chunk("lo"))), nil
		}))
		l := listen()
		serve(t, s, l)
		c := l.dial()
		defer c.Close()
		res := head(t, post(t, c, "/v1/chat/completions", streamed))
		body := text(t, res.Body)

		for name, want := range map[string]string{
			"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", "x-accel-buffering": "no",
			"content-length": "", "content-encoding": "", "x-outcrop-upstream-id": "aws-1",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("R-STR-01: %s = %q, want %q", name, got, want)
			}
		}
		if res.StatusCode != 200 || res.ContentLength != -1 {
			t.Errorf("R-STR-01: status %d, length %d", res.StatusCode, res.ContentLength)
		}
		if want := wireHel + strings.ReplaceAll(wireHel, "Hel", "lo") + "data: [DONE]\n\n"; body != want {
			t.Errorf("R-STR-01: body:\n%s\nwant:\n%s", body, want)
		}
		if !strings.HasPrefix(res.Header.Get("x-request-id"), "req_") || res.Header.Get("openai-processing-ms") == "" {
			t.Errorf("R-ERR-02: %v", res.Header)
		}
	})
}

func TestStreamErrorBeforeTheFirstPart(t *testing.T) {
	throttled := &openai.Error{Kind: openai.RateLimited, Code: "rate_limit_exceeded", Message: "Too many requests.",
		UpstreamID: "aws-9"}
	for name, handle := range map[string]call.Handler{
		"R-STR-02 the handler fails": func(context.Context, *call.Call) (call.Reply, error) {
			return call.Reply{},
				throttled
		},
		"R-STR-02 the sequence fails": func(context.Context, *call.Call) (call.Reply, error) {
			return reply(func(yield func(openai.Part, error) bool) { yield(nil, throttled) }), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := listen()
				serve(t, server.New(config(), collaborators(handle)), l)
				c := l.dial()
				defer c.Close()
				res := head(t, post(t, c, "/v1/chat/completions", streamed))
				body := text(t, res.Body)
				want := `{"error":{"message":"Too many requests.","type":"requests","param":null,"code":"rate_limit_exceeded"}}`
				if res.StatusCode != 429 || body != want || res.Header.Get("content-type") != "application/json" {
					t.Errorf("%d %s %s", res.StatusCode, res.Header.Get("content-type"), body)
				}
				if res.Header.Get("retry-after") != "1" || res.Header.Get("x-should-retry") != "true" {
					t.Errorf("R-ERR-03: %v", res.Header)
				}
			})
		})
	}
}

func TestStreamErrorAfterTheFirstPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen()
		serve(t, server.New(config(), collaborators(func(context.Context, *call.Call) (call.Reply, error) {
			return reply(func(yield func(openai.Part, error) bool) {
				if yield(chunk("Hel"), nil) {
					yield(nil, &openai.Error{Kind: openai.BadUpstream, Code: "model_error", Message: "The model failed."})
				}
			}), nil
		})), l)
		c := l.dial()
		defer c.Close()
		body := text(t, head(t, post(t, c, "/v1/chat/completions", streamed)).Body)
		want := wireHel + `data: {"error":{"message":"The model failed.","type":"server_error","param":null,"code":"model_error"}}` + "\n\n"
		if body != want {
			t.Errorf("R-STR-15: body:\n%s\nwant:\n%s", body, want)
		}
	})
}

func TestPanicInMidStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen()
		serve(t, server.New(config(), collaborators(func(context.Context, *call.Call) (call.Reply, error) {
			return reply(func(yield func(openai.Part, error) bool) {
				yield(chunk("Hel"), nil)
				panic("a bug")
			}), nil
		})), l)
		c := l.dial()
		defer c.Close()
		body := text(t, head(t, post(t, c, "/v1/chat/completions", streamed)).Body)
		if !strings.HasPrefix(body, wireHel+`data: {"error":{"message":"The server had an error`) ||
			strings.Contains(body, "DONE") || strings.Contains(body, "a bug") {
			t.Errorf("R-STR-15, R-ERR-08: %s", body)
		}
	})
}

func TestKeepAliveAndHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := func(ctx context.Context, _ *call.Call) (call.Reply, error) {
			time.Sleep(50 * time.Second)
			return reply(func(yield func(openai.Part, error) bool) {
				yield(chunk("Hel"), nil)
				time.Sleep(20 * time.Second)
				yield(chunk("lo"), nil)
			}), nil
		}
		l := listen()
		serve(t, server.New(config(), collaborators(late)), l)
		c := l.dial()
		defer c.Close()
		start := time.Now()
		res := head(t, post(t, c, "/v1/chat/completions", streamed))
		if waited := time.Since(start); waited != 30*time.Second || res.StatusCode != 200 {
			t.Fatalf("R-STR-03: status %d after %v", res.StatusCode, waited)
		}
		const ping = ": keep-alive\n\n"
		body := text(t, res.Body)
		// 30 s (with the status line), 45 s, the first part at 50 s, 65 s, the second at 70 s.
		want := ping + ping + wireHel + ping + strings.ReplaceAll(wireHel, "Hel", "lo") + "data: [DONE]\n\n"
		if body != want {
			t.Errorf("R-STR-04: body:\n%s\nwant:\n%s", body, want)
		}
	})
}

func TestErrorAfterTheHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen()
		serve(t, server.New(config(), collaborators(func(context.Context, *call.Call) (call.Reply, error) {
			time.Sleep(31 * time.Second)
			return call.Reply{}, &openai.Error{Kind: openai.RateLimited, Code: "rate_limit_exceeded",
				Message: "Too many requests."}
		})), l)
		c := l.dial()
		defer c.Close()
		body := text(t, head(t, post(t, c, "/v1/chat/completions", streamed)).Body)
		want := ": keep-alive\n\n" +
			`data: {"error":{"message":"Too many requests.","type":"requests","param":null,"code":"rate_limit_exceeded"}}` +
			"\n\n"
		if body != want {
			t.Errorf("R-STR-03: %s", body)
		}
	})
}

func TestClientGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := make(chan time.Time, 1)
		l := listen()
		serve(t, server.New(config(), collaborators(func(ctx context.Context, _ *call.Call) (call.Reply, error) {
			return reply(func(yield func(openai.Part, error) bool) {
				yield(chunk("Hel"), nil)
				<-ctx.Done() // as a Bedrock stream would
				left <- time.Now()
				yield(nil, ctx.Err())
			}), nil
		})), l)
		c := l.dial()
		r := post(t, c, "/v1/chat/completions", streamed)
		res := head(t, r)
		if _, err := io.ReadFull(res.Body, make([]byte, len(wireHel))); err != nil {
			t.Fatal(err)
		}
		gone := time.Now()
		c.Close()
		if after := (<-left).Sub(gone); after > time.Second {
			t.Errorf("R-STR-18: the pipeline was told after %v", after)
		}
	})
}

func TestClientThatStopsReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan time.Duration, 1)
		l := listen()
		serve(t, server.New(config(), collaborators(func(context.Context, *call.Call) (call.Reply, error) {
			start := time.Now()
			return reply(func(yield func(openai.Part, error) bool) {
				defer func() { ended <- time.Since(start) }()
				for yield(chunk("Hel"), nil) {
					time.Sleep(time.Millisecond)
				}
			}), nil
		})), l)
		c := l.dial()
		defer c.Close()
		_ = head(t, post(t, c, "/v1/chat/completions", streamed)) // and nothing more is read
		if took := <-ended; took < 30*time.Second || took > 31*time.Second {
			t.Errorf("the stream of a client that stopped reading ended after %v", took)
		}
	})
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := server.New(config(), collaborators(func(ctx context.Context, c *call.Call) (call.Reply, error) {
			return reply(func(yield func(openai.Part, error) bool) {
				yield(chunk("Hel"), nil)
				select {
				case <-release:
					yield(chunk("lo"), nil)
				case <-ctx.Done():
					yield(nil, ctx.Err())
				}
			}), nil
		}))
		l := listen()
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()

		finishes, hangs, probe, late := l.dial(), l.dial(), l.dial(), l.dial()
		defer finishes.Close()
		defer hangs.Close()
		defer probe.Close()
		defer late.Close()
		first := head(t, post(t, finishes, "/v1/chat/completions", streamed))
		second := head(t, post(t, hangs, "/v1/chat/completions", streamed))
		_, _ = io.ReadFull(first.Body, make([]byte, len(wireHel)))
		_, _ = io.ReadFull(second.Body, make([]byte, len(wireHel)))

		stopped := make(chan error, 1)
		go func() { stopped <- s.Stop(context.Background()) }()
		synctest.Wait()

		go func() { _, _ = io.WriteString(probe, "GET /ready HTTP/1.1\r\nhost: test\r\n\r\n") }()
		pr := newReader(probe)
		if res := head(t, pr); res.StatusCode != 503 || !res.Close {
			t.Errorf("/ready answers %d while draining, and closes its connection: %v", res.StatusCode, res.Close)
		} else {
			_ = text(t, res.Body)
		}
		res := head(t, post(t, late, "/v1/chat/completions", streamed))
		if body := text(t, res.Body); res.StatusCode != 503 || !strings.Contains(body, `"code":"overloaded"`) ||
			res.Header.Get("retry-after") == "" {
			t.Errorf("R-ERR-70: a new call gets %d %s", res.StatusCode, body)
		}

		release <- struct{}{} // one of the two may finish
		one, other := make(chan string, 1), make(chan string, 1)
		go func() { b, _ := io.ReadAll(first.Body); one <- string(b) }()
		go func() { b, _ := io.ReadAll(second.Body); other <- string(b) }()
		got := map[bool]int{}
		for range 2 {
			var b string
			select {
			case b = <-one:
			case b = <-other:
			}
			finished := strings.HasSuffix(b, "data: [DONE]\n\n")
			got[finished]++
			if !finished && !strings.HasSuffix(b,
				`data: {"error":{"message":"The gateway is shutting down. Try again.","type":"server_error","param":null,"code":"overloaded"}}`+"\n\n") {
				t.Errorf("a stream that was cut ends with %q", b)
			}
		}
		if got[true] != 1 || got[false] != 1 {
			t.Errorf("finished and cut: %v", got)
		}
		if err := <-stopped; err != nil {
			t.Errorf("stop: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
}
