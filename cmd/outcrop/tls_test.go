package main_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pair is a certificate in files, and what a client needs to trust it.
type pair struct {
	dir, cert, key string
	roots          *x509.CertPool
}

// issue writes a certificate for 127.0.0.1 with a serial number, over one that is there.
func (p *pair) issue(t *testing.T, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "gateway"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:   time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &form, &form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	rewrite(t, p.cert, string(public))
	rewrite(t, p.key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	p.roots.AppendCertsFromPEM(public)
}

func newPair(t *testing.T) *pair {
	t.Helper()
	dir := t.TempDir()
	p := &pair{dir, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), x509.NewCertPool()}
	p.issue(t, 1)
	return p
}

func (p *pair) settings() string {
	return "server:\n  tls: {cert_file: " + p.cert + ", key_file: " + p.key + "}\n"
}

// client speaks TLS, over connections of its own.
func (p *pair) client(t *testing.T, http2 bool) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.roots}, ForceAttemptHTTP2: http2}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// serial is that of the certificate of a handshake made now.
func (p *pair) serial(t *testing.T, addr string) int64 {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: p.roots})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// startTLS is start for a gateway that greets with https.
func startTLS(t *testing.T, args ...string) (r *running, addr string) {
	t.Helper()
	r = start(t, nil, append([]string{"serve", "--offline"}, args...)...)
	addr, ok := strings.CutPrefix(r.url, "https://")
	if !ok {
		t.Fatalf("it greets with %s", r.url)
	}
	return r, addr
}

func asked(t *testing.T, c *http.Client, url, body string) *http.Response {
	t.Helper()
	res, err := c.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func TestTLS(t *testing.T) {
	p := newPair(t)
	r, addr := startTLS(t, "--config", settings(t, p.settings()), "--addr", "127.0.0.1:0")
	for name, tt := range map[string]struct {
		http2 bool
		major int
	}{"HTTP/2": {true, 2}, "HTTP/1.1": {false, 1}} {
		t.Run(name, func(t *testing.T) {
			c := p.client(t, tt.http2)
			res := asked(t, c, r.url, hello)
			body, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != 200 || res.ProtoMajor != tt.major ||
				!bytes.Contains(body, []byte(`"chat.completion"`)) {
				t.Errorf("%s %d %v %.200s", res.Proto, res.StatusCode, err, body)
			}
			if res.Header.Get("strict-transport-security") != "max-age=31536000" {
				t.Errorf("strict-transport-security: %q", res.Header.Get("strict-transport-security"))
			}
			stream := asked(t, c, r.url, strings.Replace(hello, "{", `{"stream":true,`, 1))
			events, err := io.ReadAll(stream.Body)
			if err != nil || stream.ProtoMajor != tt.major ||
				!strings.HasPrefix(stream.Header.Get("content-type"), "text/event-stream") ||
				!bytes.HasPrefix(events, []byte("data: {")) || !bytes.HasSuffix(events, []byte("data: [DONE]\n\n")) {
				t.Errorf("%s %v %v %.200s", stream.Proto, stream.Header, err, events)
			}
			if res := asked(t, c, r.url, "{"); res.StatusCode != 400 || res.ProtoMajor != tt.major {
				t.Errorf("a bad body: %s %d", res.Proto, res.StatusCode)
			}
		})
	}
	if _, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: p.roots, MinVersion: tls.VersionTLS10,
		MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	plain, err := http.Get("http://" + addr + "/health")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Body.Close()
	if plain.StatusCode != 400 {
		t.Errorf("HTTP on the port of HTTPS: %d", plain.StatusCode)
	}
}

// TestCertificateIsRenewed: SIGHUP shows a new certificate to new connections, and leaves the old ones and their
// streams alone.
func TestCertificateIsRenewed(t *testing.T) {
	p := newPair(t)
	path := settings(t, p.settings())
	r, addr := startTLS(t, "--pace", "5ms", "--config", path, "--addr", "127.0.0.1:0")
	old := p.client(t, true)
	stream := asked(t, old, r.url,
		`{"model":"amazon.nova-lite-v1:0","stream":true,"messages":[{"role":"user","content":"count to 200"}]}`)
	if _, err := io.ReadFull(stream.Body, make([]byte, 500)); err != nil {
		t.Fatal(err)
	}
	if got := p.serial(t, addr); got != 1 {
		t.Fatalf("serial %d", got)
	}
	p.issue(t, 2)
	r.hangup(t, takenOver)
	if got := p.serial(t, addr); got != 2 {
		t.Errorf("serial %d after the signal", got)
	}
	if res := asked(t, old, r.url, hello); res.StatusCode != 200 || res.TLS.PeerCertificates[0].SerialNumber.Int64() != 1 {
		t.Errorf("the old connection: %d, serial %v", res.StatusCode, res.TLS.PeerCertificates[0].SerialNumber)
	}
	rest, err := io.ReadAll(stream.Body)
	if err != nil || !strings.HasSuffix(string(rest), "data: [DONE]\n\n") ||
		!strings.Contains(string(rest), `"content":" 200"`) {
		t.Errorf("the stream ends with %v, %.300q", err, rest[max(0, len(rest)-300):])
	}

	// A certificate that cannot be read changes nothing: neither itself nor what stands beside it.
	rewrite(t, p.cert, "not a certificate")
	rewrite(t, path, p.settings()+"models:\n  aliases: {fresh: amazon.nova-lite-v1:0}\n")
	r.hangup(t, notTakenOver)
	if got := p.serial(t, addr); got != 2 {
		t.Errorf("serial %d after a broken file", got)
	}
	if res := asked(t, old, r.url, asksFor("fresh")); res.StatusCode != 404 {
		t.Errorf("half of a configuration was taken over: %d", res.StatusCode)
	}
	// A good certificate beside a faulty configuration is taken by itself, within seconds; the configuration is not.
	p.issue(t, 3)
	rewrite(t, path, p.settings()+"models:\n  aliases: {fresh: }\n")
	r.hangup(t, notTakenOver)
	// Other files are read too; that there is TLS at all is the listener's.
	moved := newPair(t)
	moved.issue(t, 4)
	if err := os.RemoveAll(p.dir); err != nil {
		t.Fatal(err)
	}
	rewrite(t, path, moved.settings())
	if line := r.hangup(t, takenOver); !strings.Contains(line, "need_restart=[]") {
		t.Errorf("%s", line)
	}
	if got := moved.serial(t, addr); got != 4 {
		t.Errorf("serial %d of other files", got)
	}
	rewrite(t, path, "{}\n")
	if line := r.hangup(t, takenOver); !strings.Contains(line, "need_restart=\"[server.tls.cert_file "+
		"server.tls.key_file]\"") {
		t.Errorf("%s", line)
	}
	if got := moved.serial(t, addr); got != 4 {
		t.Errorf("serial %d after TLS was taken out of the file", got)
	}
}

func TestTLSThatCannotStart(t *testing.T) {
	p, other := newPair(t), newPair(t)
	for name, tt := range map[string]struct{ text, says string }{
		"no key":       {"server:\n  tls: {cert_file: " + p.cert + "}\n", "key_file"},
		"no such file": {"server:\n  tls: {cert_file: /nowhere.pem, key_file: " + p.key + "}\n", "/nowhere.pem"},
		"another one's key": {"server:\n  tls: {cert_file: " + p.cert + ", key_file: " + other.key + "}\n",
			"private key does not match"},
	} {
		if out := ends(t, 1, nil, "serve", "--offline", "--addr", "127.0.0.1:0", "--config",
			settings(t, tt.text)); !strings.Contains(out, tt.says) {
			t.Errorf("%s: %s", name, out)
		}
	}
}
