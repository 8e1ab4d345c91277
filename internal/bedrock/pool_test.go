package bedrock

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"outcrop/internal/catalog"
)

// counted starts a server that counts the connections made to it.
func counted(t *testing.T, h http.Handler) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var made atomic.Int32
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			made.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server, &made
}

// Two waves of 64 parallel calls need 64 connections: the second wave finds those of the first.
func TestConnectionsAreReused(t *testing.T) {
	isolate(t)
	const parallel = 64
	var gate atomic.Pointer[sync.WaitGroup] // holds each call of a wave until all have arrived
	handler := func(answer http.HandlerFunc) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			g := gate.Load()
			g.Done()
			g.Wait()
			answer(w, r)
		})
	}
	wave := func(call func()) {
		var g, all sync.WaitGroup
		g.Add(parallel)
		gate.Store(&g)
		for range parallel {
			all.Go(call)
		}
		all.Wait()
	}
	t.Run("plain", func(t *testing.T) {
		server, made := counted(t, handler(func(w http.ResponseWriter, _ *http.Request) { reply(w, plainReply) }))
		b := connect(t, server.URL)
		defer closeIdle(b)
		for range 2 {
			wave(func() {
				c, err := b.For(catalog.Target{Row: &catalog.Model{}})
				if err == nil {
					_, err = c.Converse(t.Context(), plainInput())
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		if n := made.Load(); n != parallel {
			t.Errorf("%d connections for two waves of %d calls", n, parallel)
		}
	})
	t.Run("streams", func(t *testing.T) {
		server, made := counted(t, handler(func(w http.ResponseWriter, _ *http.Request) { streamed(w, wholeReply) }))
		b := connect(t, server.URL)
		defer closeIdle(b)
		for range 2 {
			wave(func() {
				c, err := b.For(catalog.Target{Row: &catalog.Model{}})
				if err == nil {
					err = drained(t.Context(), c)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		if n := made.Load(); n != parallel {
			t.Errorf("%d connections for two waves of %d streams", n, parallel)
		}
	})
	t.Run("two roles in one region share the pool", func(t *testing.T) {
		b := connect(t, "http://127.0.0.1:1")
		own, other := b.client(place{region: "us-east-1"}),
			b.client(place{region: "us-east-1", role: "arn:aws:iam::123456789012:role/x"})
		if own == other || own.Options().HTTPClient != other.Options().HTTPClient {
			t.Error("each client has a pool of its own")
		}
	})
}

// A server that answers while the request's end is still being written must not lose its reply; see onlyReader.
func TestFastServer(t *testing.T) {
	isolate(t)
	client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		streamed(w, frameStart, frameHello)
		<-r.Context().Done()
	}))
	for range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		_, events, err := client.ConverseStream(ctx, streamInput())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, err := range events {
			if n++; err != nil {
				t.Fatalf("after %d events: %v", n-1, err)
			}
			if n == 2 {
				break
			}
		}
		cancel()
	}
}
