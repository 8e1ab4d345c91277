package server_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"outcrop/internal/bedrock/offline"
	"outcrop/internal/media"
	"outcrop/internal/pipeline"
)

// TestAttackSSRF names, as images, every form of address behind which something stands that only the gateway can reach.
// Nothing is called, and no answer tells what is there: one that listens and one that does not look the same.
func TestAttackSSRF(t *testing.T) {
	var called atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		called.Add(1)
		_, _ = w.Write([]byte("instance credentials"))
	}))
	defer inside.Close()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(inside.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, nobody, err := net.SplitHostPort(closed.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	fetcher, err := media.New(media.Config{AllowHTTP: true, MaxBytes: 1 << 20, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	h := build(t, config(), offline.Config{}, func(c *pipeline.Collaborators) { c.Download = fetcher.GetWithin })
	send := func(url string) (int, string) {
		quoted, err := json.Marshal(url)
		if err != nil {
			t.Fatal(err)
		}
		status, _, body := h.chat(t,
			`{"model":"`+nova+`","messages":[{"role":"user","content":[{"type":"text","text":"?"},{"type":"image_url","image_url":{"url":`+string(quoted)+`}}]}]}`)
		return status, body
	}
	hosts := []string{
		"127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0", "0.0.0.0",
		"localhost", "LOCALHOST", "localhost.",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
		"[fe80::1]", "[fc00::1]", "[::1%25lo]",
		"127.0.0.1.", "①②⑦.⓪.⓪.①", "１２７.0.0.1", "127。0。0。1", "user@127.0.0.1", "user:pass@127.0.0.1", "example.com@127.0.0.1",
		"169.254.169.254", "[fd00:ec2::254]", "[::ffff:a9fe:a9fe]", "0xa9fea9fe", "2852039166", "169.254.170.2", "100.64.0.1",
		"10.0.0.1", "172.16.0.1", "192.168.0.1",
		"192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "%31%32%37.0.0.1", "127.0.0.1%00.example.com",
		"127.0.0.1#.example.com", "127.0.0.1?.example.com", `127.0.0.1\.example.com`,
	}
	answers := map[string]string{}
	for _, host := range hosts {
		for _, scheme := range []string{"http", "https"} {
			for _, at := range []string{"", ":" + port, ":" + nobody} {
				url := scheme + "://" + host + at + "/latest/meta-data/"
				status, body := send(url)
				if status != 400 || strings.Contains(body, "credentials") || strings.Contains(body, "refused") ||
					strings.Contains(body, "127.0.0.1") && !strings.Contains(url, "127.0.0.1") {
					t.Errorf("%s: %d %s", url, status, body)
				}
				answers[fmt.Sprint(host, scheme, at != "", at == ":"+port)] = body
			}
			if open, shut := answers[fmt.Sprint(host, scheme, true, true)],
				answers[fmt.Sprint(host, scheme, true, false)]; strings.ReplaceAll(open, port, "P") != strings.ReplaceAll(shut,
				nobody, "P") {
				t.Errorf("%s tells whether something listens: %s, %s", host, open, shut)
			}
		}
	}
	for _, url := range []string{
		"file:///etc/passwd", "FILE:/etc/passwd", "gopher://127.0.0.1:" + port + "/_GET", "ftp://127.0.0.1/x",
		"dict://127.0.0.1:" + port, "unix:///tmp/x", "jar:http://127.0.0.1!/", "//127.0.0.1:" + port,
		"http:127.0.0.1:" + port, "http:///127.0.0.1", "http://", "http:\\\\127.0.0.1", " http://127.0.0.1:" + port,
		"http://127.0.0.1:" + port + "\r\nhost: x", "http://127.0.0.1:99999", "http://127.0.0.1:-1", "s3://bucket/key",
		"javascript:1", "/etc/passwd",
	} {
		if status, body := send(url); status < 400 || status >= 500 || strings.Contains(body, "root:") {
			t.Errorf("%s: %d %s", url, status, body)
		}
	}
	if n := called.Load(); n != 0 {
		t.Errorf("what stands inside was called %d times", n)
	}
}
