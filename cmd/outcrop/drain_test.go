package main_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
)

// TestMendD7SIGTERMLeavesBalancersTime: behind SIGTERM the port stays open and calls are answered while /ready says
// 503; who presses Ctrl-C does not wait.
func TestMendD7SIGTERMLeavesBalancersTime(t *testing.T) {
	upstream := httptest.NewServer(http.NotFoundHandler())
	defer upstream.Close()
	env := []string{
		"OUTCROP_STATE=memory", "AWS_REGION=us-east-1", "AWS_ENDPOINT_URL=" + upstream.URL,
		"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "OUTCROP_SERVER_DRAIN_DELAY=1h",
	}
	r := start(t, env, "serve", "--addr", "127.0.0.1:0")
	status := func(path string) int {
		res, err := http.Get(r.url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, res.Body)
		return res.StatusCode
	}
	signal := func(r *running, s syscall.Signal) {
		if err := r.cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	signal(r, syscall.SIGTERM)
	r.until(t, "/ready says that it is draining", func() bool { return status("/ready") == http.StatusServiceUnavailable })
	if got := status("/v1/models"); got != http.StatusOK {
		t.Errorf("a call within the delay: %d", got)
	}
	signal(r, syscall.SIGINT) // the second signal
	<-r.done
	if _ = r.cmd.Wait(); r.cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("the second signal: exit code %d: %s", r.cmd.ProcessState.ExitCode(), r.said())
	}

	r = start(t, env, "serve", "--addr", "127.0.0.1:0")
	signal(r, syscall.SIGINT)
	r.wait(t) // without the hour
	r = start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
	signal(r, syscall.SIGTERM)
	r.wait(t)
}
