package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"outcrop/internal/call"
	"outcrop/openai"
	"outcrop/server"
)

// TestReloadLeavesNothingBehind sets a server up anew many times while a stream is under way: the stream ends as it
// began, new requests see the new state at once, and no goroutine stays.
func TestReloadLeavesNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("reloads", func(t *testing.T) {
		begun, goOn := make(chan struct{}), make(chan struct{})
		old := func(context.Context, *call.Call) (call.Reply, error) {
			return reply(func(yield func(openai.Part, error) bool) {
				if !yield(chunk("old"), nil) {
					return
				}
				close(begun)
				<-goOn
				yield(chunk(" and whole"), nil)
			}), nil
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := server.New(config(), collaborators(old))
		serve(t, s, l)
		url := "http://" + l.Addr().String()
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		res, err := client.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(streamed))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		<-begun
		cfg := config()
		for i := range 200 {
			cfg.Prefixes = []string{"/v1", "/v" + itoa(i+2)}
			s.Reload(cfg, collaborators(obedient, "a-key-that-is-new"))
			req, err := http.NewRequest(http.MethodGet, url+cfg.Prefixes[1]+"/models", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("api-key", "a-key-that-is-new")
			now, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, now.Body)
			now.Body.Close()
			if now.StatusCode != 200 {
				t.Fatalf("after reload %d: %d", i, now.StatusCode)
			}
		}
		close(goOn)
		if body := text(t, res.Body); !strings.Contains(body, " and whole") || !strings.HasSuffix(body, "data: [DONE]\n\n") {
			t.Errorf("the stream that began before: %s", body)
		}
	})
	goleak.VerifyNone(t, before)
}
