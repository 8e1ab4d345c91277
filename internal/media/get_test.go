package media

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// local makes a Fetcher that may call 127.0.0.1, without TLS too; change may alter its settings.
func local(t testing.TB, change func(*Config)) *Fetcher {
	t.Helper()
	cfg := Config{AllowHTTP: true, AllowPrivate: []string{"127.0.0.1/32"}, MaxBytes: 1000, Timeout: 10 * time.Second}
	if change != nil {
		change(&cfg)
	}
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func serve(t testing.TB, handle http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s.URL
}

func TestGet(t *testing.T) {
	var got *http.Request
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		w.Header().Set("Content-Type", "Image/PNG; charset=binary")
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		_, _ = io.WriteString(w, "bytes")
	})
	f := local(t, nil)
	for range 2 { // the second time a cookie jar would answer
		item, err := f.Get(t.Context(), url+"/a%20b.png?sig=1%2F2#fragment")
		if err != nil || string(item.Data) != "bytes" || item.Type != "image/png" {
			t.Fatalf("%+v, %v", item, err)
		}
		if got.RequestURI != "/a%20b.png?sig=1%2F2" || got.Method != http.MethodGet {
			t.Errorf("%s %s", got.Method, got.RequestURI)
		}
		if h := got.Header; h.Get("Cookie") != "" || h.Get("Authorization") != "" || h.Get("Accept-Encoding") != "identity" {
			t.Errorf("R-PART-05 headers %v", h)
		}
	}
}

func TestNoProxy(t *testing.T) {
	proxy := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "from the proxy") })
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"} {
		t.Setenv(name, proxy)
	}
	f, called := careless(t, Config{AllowHTTP: true})
	if _, err := f.Get(t.Context(), "http://example.com/"); !errors.Is(err, errNotDialed) || len(*called) != 1 ||
		(*called)[0].String() != "93.184.216.34:80" {
		t.Errorf("R-PART-05 a proxy of the environment: %v, %v", *called, err)
	}
	// net/http reads the environment once a process, so the line above proves little if another test came first.
	if f.transport(t.Context()).Proxy != nil {
		t.Error("R-PART-05 the transport has a proxy")
	}
}

func TestRefusedAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		handle http.HandlerFunc
		says   string
	}{
		{"not found", http.NotFound, "answers 404"},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "answers 204"},
		{"a part", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusPartialContent) }, "answers 206"},
		{"a redirect to nowhere", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) }, "302"},
		{"empty", func(http.ResponseWriter, *http.Request) {}, "empty"},
		{"R-PART-05 compressed", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte{0x1f, 0x8b})
		}, "compressed"},
		{"R-PART-05 larger by its own word", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1001")
		}, "has 1001 bytes"},
		{"R-PART-05 larger while it is read", func(w http.ResponseWriter, _ *http.Request) {
			for range 11 {
				_, _ = w.Write(bytes.Repeat([]byte("x"), 100))
				_ = http.NewResponseController(w).Flush()
			}
		}, "more than 1000 bytes"},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			_, _ = io.WriteString(w, "x")
		}, "unexpected EOF"},
		{"large headers", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Large", strings.Repeat("x", 75_000))
			_, _ = io.WriteString(w, "x")
		}, "exceeded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			item, err := local(t, nil).Get(t.Context(), serve(t, tt.handle)+"/?signature=secret")
			if err == nil || !strings.Contains(err.Error(), tt.says) || item.Data != nil {
				t.Fatalf("%d bytes, %v", len(item.Data), err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the log would hold a signature: %v", err)
			}
		})
	}
	t.Run("exactly as large as possible", func(t *testing.T) {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1000)) })
		if item, err := local(t, nil).Get(t.Context(), url); err != nil || len(item.Data) != 1000 {
			t.Errorf("%d bytes, %v", len(item.Data), err)
		}
	})
}

func TestCutWhileReading(t *testing.T) {
	var sent atomic.Int64
	ended := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		defer close(ended)
		for block := make([]byte, 64<<10); ; {
			n, err := w.Write(block)
			if sent.Add(int64(n)); err != nil || sent.Load() > 1<<30 {
				return
			}
		}
	})
	if _, err := local(t, nil).Get(t.Context(), url); err == nil {
		t.Fatal("an endless body was read")
	}
	<-ended // the connection was closed, or this waits for ever
	if sent.Load() > 64<<20 {
		t.Errorf("R-PART-05 %d bytes were sent before the connection was closed", sent.Load())
	}
}

func TestTimeLimit(t *testing.T) {
	for _, tt := range []struct {
		name   string
		handle http.HandlerFunc
	}{
		{"R-PART-05 no answer", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"R-PART-05 a body that does not end", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "x")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}},
		{"R-PART-05 redirects count in", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				http.Redirect(w, r, "/again", http.StatusFound)
				return
			}
			<-r.Context().Done()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := local(t, func(c *Config) { c.Timeout = 100 * time.Millisecond })
			url, begun := serve(t, tt.handle)+"/", time.Now()
			if _, err := f.Get(t.Context(), url); !errors.Is(err, context.DeadlineExceeded) ||
				time.Since(begun) > 3*time.Second {
				t.Errorf("%v after %s", err, time.Since(begun))
			}
		})
	}
	t.Run("a host that is looked up for ever", func(t *testing.T) {
		f := local(t, func(c *Config) { c.Timeout = 100 * time.Millisecond })
		f.lookup = func(ctx context.Context, _ string) ([]netip.Addr, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		if _, err := f.Get(t.Context(), "https://example.com"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a handshake that does not end", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		closed := make(chan error, 1)
		go func() {
			conn, err := l.Accept()
			if err == nil {
				_, err = io.Copy(io.Discard, conn) // until the other side closes
			}
			closed <- err
		}()
		f := local(t, func(c *Config) { c.Timeout = 100 * time.Millisecond })
		if _, err := f.Get(t.Context(), "https://"+l.Addr().String()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if err := <-closed; err != nil && !errors.Is(err, syscall.ECONNRESET) {
			t.Error(err)
		}
	})
	t.Run("the request ends", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
		if _, err := local(t, nil).Get(ctx, url); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

func TestRedirects(t *testing.T) {
	var referer string
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		referer += r.Header.Get("Referer")
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err == nil && n > 0 {
			http.Redirect(w, r, fmt.Sprintf("/%d", n-1), http.StatusMovedPermanently)
			return
		}
		if to := r.URL.Query().Get("to"); to != "" {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		_, _ = io.WriteString(w, "arrived")
	})
	port := host[strings.LastIndexByte(host, ':'):]
	t.Run("R-PART-05 three are followed", func(t *testing.T) {
		item, err := local(t, nil).Get(t.Context(), host+"/3?signature=secret")
		if err != nil || string(item.Data) != "arrived" {
			t.Errorf("%q, %v", item.Data, err)
		}
		if referer != "" {
			t.Errorf("the next host learns of %q", referer)
		}
	})
	t.Run("R-PART-05 a fourth is not", func(t *testing.T) {
		if _, err := local(t, nil).Get(t.Context(), host+"/4"); err == nil || !strings.Contains(err.Error(), "3 redirects") {
			t.Errorf("%v", err)
		}
	})
	for name, to := range map[string]string{
		"loopback":       "http://127.0.0.2" + port,
		"IPv6 loopback":  "http://[::1]" + port,
		"metadata":       "http://169.254.169.254/latest/meta-data/",
		"private":        "http://10.0.0.1/",
		"decimal":        "http://2130706433" + port,
		"a name":         "http://internal.test" + port,
		"credentials":    "http://user:secret@127.0.0.1" + port,
		"another port":   "http://93.184.216.34:25/",
		"another scheme": "file:///etc/passwd",
		"scheme-less":    "//169.254.169.254/",
	} {
		t.Run("R-PART-05 to "+name, func(t *testing.T) {
			f := local(t, nil)
			f.lookup = func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("10.0.0.7")}, nil
			}
			calls := 0
			f.connect = func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
				calls++
				return connect(ctx, to)
			}
			item, err := f.Get(t.Context(), host+"/?to="+to)
			if err == nil || calls != 1 {
				t.Errorf("%q, %v after %d calls", item.Data, err, calls)
			}
		})
	}
}

// publicly makes a Fetcher for which example.com is a public host that leads to a local server with TLS.
func publicly(t *testing.T, lookup func(n int) []string, handle http.HandlerFunc) (f *Fetcher, dialed *[]string,
	lookups *int) {
	t.Helper()
	s := httptest.NewUnstartedServer(handle)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of handshakes that are meant to fail
	s.StartTLS()
	t.Cleanup(s.Close)
	f, err := New(Config{MaxBytes: 1000, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	f.tls = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	dialed, lookups = new([]string), new(int)
	f.lookup = func(context.Context, string) ([]netip.Addr, error) {
		*lookups++
		var out []netip.Addr
		for _, a := range lookup(*lookups) {
			out = append(out, netip.MustParseAddr(a))
		}
		return out, nil
	}
	f.connect = func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
		*dialed = append(*dialed, to.String())
		if strings.HasPrefix(to.String(), "1.1.1.1") {
			return nil, errNotDialed
		}
		return new(net.Dialer).DialContext(ctx, "tcp", s.Listener.Addr().String())
	}
	return f, dialed, lookups
}

func TestPinnedAddress(t *testing.T) {
	ok := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, r.Host+" by "+r.TLS.ServerName)
	}
	changing := func(n int) []string { // a name that leads elsewhere as soon as it was checked
		if n == 1 {
			return []string{"93.184.216.34"}
		}
		return []string{"127.0.0.1"}
	}
	t.Run("R-PART-05 looked up once, and that address is called", func(t *testing.T) {
		f, dialed, lookups := publicly(t, changing, ok)
		item, err := f.Get(t.Context(), "https://Example.com./x")
		if err != nil || string(item.Data) != "example.com by example.com" || *lookups != 1 ||
			fmt.Sprint(*dialed) != "[93.184.216.34:443]" {
			t.Errorf("%q, %v; %d look-ups, called %v", item.Data, err, *lookups, *dialed)
		}
	})
	t.Run("R-PART-05 a redirect to the same host is checked anew", func(t *testing.T) {
		f, dialed, lookups := publicly(t, changing, ok)
		_, err := f.Get(t.Context(), "https://example.com/again")
		if err == nil || *lookups != 2 || fmt.Sprint(*dialed) != "[93.184.216.34:443]" {
			t.Errorf("%v; %d look-ups, called %v", err, *lookups, *dialed)
		}
	})
	t.Run("R-PART-05 one forbidden address refuses all", func(t *testing.T) {
		f, dialed, _ := publicly(t, func(int) []string { return []string{"93.184.216.34", "10.0.0.1"} }, ok)
		if _, err := f.Get(t.Context(), "https://example.com/"); err == nil || len(*dialed) > 0 {
			t.Errorf("%v, called %v", err, *dialed)
		}
	})
	t.Run("the next address when one cannot be reached", func(t *testing.T) {
		f, dialed, lookups := publicly(t, func(int) []string { return []string{"1.1.1.1", "93.184.216.34"} }, ok)
		if _, err := f.Get(t.Context(), "https://example.com/"); err != nil || *lookups != 1 || len(*dialed) != 2 {
			t.Errorf("%v; %d look-ups, called %v", err, *lookups, *dialed)
		}
	})
	t.Run("a host without addresses", func(t *testing.T) {
		f, _, _ := publicly(t, func(int) []string { return nil }, ok)
		if _, err := f.Get(t.Context(), "https://example.com/"); err == nil {
			t.Error("no error")
		}
	})
	t.Run("the certificate is judged by the name", func(t *testing.T) {
		f, _, _ := publicly(t, changing, ok)
		var bad *tls.CertificateVerificationError
		if _, err := f.Get(t.Context(), "https://another.test/"); !errors.As(err, &bad) {
			t.Errorf("%v", err)
		}
	})
	t.Run("R-PART-05 no way down from https to http", func(t *testing.T) {
		f, dialed, _ := publicly(t, func(int) []string { return []string{"93.184.216.34"} },
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://example.com/", http.StatusFound)
			})
		if _, err := f.Get(t.Context(), "https://example.com/"); err == nil || len(*dialed) != 1 {
			t.Errorf("%v, called %v", err, *dialed)
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })
	f := local(t, nil)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			path := fmt.Sprintf("/%d", i)
			if item, err := f.Get(t.Context(), url+path); err != nil || string(item.Data) != path {
				t.Errorf("%q, %v", item.Data, err)
			}
		})
	}
	wg.Wait()
}

func TestNew(t *testing.T) {
	if _, err := New(Config{AllowPrivate: []string{"10.0.0.0/8", "internal"}}); err == nil {
		t.Error("a network that is none was taken")
	}
}

// Get asks any address.
func (f *Fetcher) Get(ctx context.Context, rawURL string) (Item, error) {
	return f.GetWithin(ctx, rawURL, nil)
}
