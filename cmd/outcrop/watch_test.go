package main_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"outcrop/internal/bedrock/offline"
	"outcrop/internal/catalog"
)

// until waits for something that the program does by itself within seconds.
func (r *running) until(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-r.done:
			t.Fatalf("%s: the program ended: %s", what, r.said())
		case <-ctx.Done():
			t.Fatalf("%s did not happen: %s", what, r.said())
		}
	}
}

func TestMendD1FilesThatTheSettingsNameAreReadAgainWhenTheyChange(t *testing.T) {
	p := newPair(t)
	keys := settings(t, "the-first-key-of-this-test\n")
	path := settings(t, p.settings()+"access:\n  failed_attempts: 0\n  api_keys_file: "+keys+"\nmodels:\n  aliases: {a: amazon.nova-lite-v1:0}\n")
	r, addr := startTLS(t, "--config", path, "--addr", "127.0.0.1:0")
	rewrite(t, path, "models:\n  aliases: {half written") // somebody works on it: that is for SIGHUP
	rewrite(t, keys, "the-second-key-of-this-test\n")
	p.issue(t, 2)
	client := p.client(t, false)
	status := func(key string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/v1/chat/completions",
			strings.NewReader(asksFor("a")))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("authorization", "Bearer "+key)
		req.Header.Set("content-type", "application/json")
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	r.until(t, "the second key", func() bool { return status("the-second-key-of-this-test") == 200 })
	if s := status("the-first-key-of-this-test"); s != 401 {
		t.Errorf("the first key: status %d", s)
	}
	r.until(t, "the second certificate", func() bool {
		c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: p.roots})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64() == 2
	})
}

func TestMendD1CredentialsThatChangeNeedNoRestartAndReadySaysWhenNoneWork(t *testing.T) {
	bed, err := offline.New(offline.Config{Models: catalog.Data()})
	if err != nil {
		t.Fatal(err)
	}
	var takes atomic.Value
	takes.Store("AKIDFIRST")
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("authorization"), takes.Load().(string)) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("x-amzn-errortype", "ExpiredTokenException")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"message":"The security token included in the request is expired"}`)
			return
		}
		bed.ServeHTTP(w, r)
	}))
	defer upstream.Close()
	file := filepath.Join(t.TempDir(), "credentials")
	profile := func(key string) string { return "[default]\naws_access_key_id=" + key + "\naws_secret_access_key=b\n" }
	rewrite(t, file, profile("AKIDFIRST"))
	r := start(t, []string{"AWS_REGION=us-east-1", "AWS_ENDPOINT_URL=" + upstream.URL, "AWS_SHARED_CREDENTIALS_FILE=" +
		file}, "serve", "--addr", "127.0.0.1:0")
	ready := func() int {
		res, err := http.Get(r.url + "/ready")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	if res := r.post(t, hello); res.StatusCode != 200 || ready() != 200 {
		t.Fatalf("status %d: %s", res.StatusCode, r.said())
	}
	takes.Store("AKIDSECOND")
	rewrite(t, file, profile("AKIDSECOND"))
	if res := r.post(t, hello); res.StatusCode != 200 {
		t.Errorf("the first call after the rotation: %d: %s", res.StatusCode, r.said())
	}
	takes.Store("AKIDTHIRD")
	// the list of models may have been asked for with the second key
	r.until(t, "/ready says that no credentials work", func() bool {
		r.post(t, hello)
		return ready() == http.StatusServiceUnavailable
	})
	rewrite(t, file, profile("AKIDTHIRD"))
	if err := r.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	r.until(t, "a ready gateway", func() bool { return ready() == 200 })
	if strings.Contains(r.said(), "AKID") {
		t.Errorf("a key in the log: %s", r.said())
	}
}
