package server_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/server"
)

// TestMendD7BalancersNotice: a server that is about to stop says so for a while, in which it answers what still comes,
// and closes no port.
func TestMendD7BalancersNotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen()
		srv := server.New(config(), collaborators(obedient))
		served := make(chan error, 1)
		go func() { served <- srv.Serve(l) }()
		n := network{t, l}
		c := n.client("127.0.0.1:5000")
		if got := n.status(c, "/ready"); got != 200 {
			t.Fatalf("ready: %d", got)
		}
		const delay = 5 * time.Second
		begun, left := time.Now(), make(chan struct{})
		go func() { srv.Leave(t.Context(), delay); close(left) }()
		synctest.Wait()
		for range 4 {
			if got := n.status(c, "/ready"); got != 503 {
				t.Errorf("ready while leaving: %d", got)
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://gateway/v1/models", nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := c.Do(req)
			if err != nil {
				t.Fatalf("a request while leaving: %v", err)
			}
			_ = text(t, res.Body)
			res.Body.Close()
			if res.StatusCode != 200 || !res.Close {
				t.Errorf("a request while leaving: %d, the connection closes: %v", res.StatusCode, res.Close)
			}
			time.Sleep(time.Second)
		}
		<-left
		if took := time.Since(begun); took != delay {
			t.Errorf("it leaves after %v", took)
		}
		if err := srv.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		c.CloseIdleConnections()
	})
}

// TestMendD7IdleConnections: they stay for as long as the setting says.
func TestMendD7IdleConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.IdleTimeout = 75 * time.Second
		n := within(t, cfg, collaborators(obedient))
		conn := n.dial("127.0.0.1:5000")
		defer conn.Close()
		if _, err := conn.Write([]byte("GET /health HTTP/1.1\r\nhost: x\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		begun, b := time.Now(), make([]byte, 4096)
		for {
			if _, err := conn.Read(b); err != nil {
				break
			}
		}
		if took := time.Since(begun); took != cfg.IdleTimeout {
			t.Errorf("closed after %v", took)
		}
	})
}
