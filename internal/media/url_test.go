package media

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

var errNotDialed = errors.New("the test dials nothing")

// careless makes a Fetcher whose resolver takes the notations of inet_aton for addresses, as C libraries do, and gives
// every name a public address. It records what would be called, and calls nothing.
func careless(t testing.TB, cfg Config) (f *Fetcher, called *[]netip.AddrPort) {
	t.Helper()
	cfg.Timeout, cfg.MaxBytes = 10*time.Second, 1000
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	called = new([]netip.AddrPort)
	f.connect = func(_ context.Context, to netip.AddrPort) (net.Conn, error) {
		*called = append(*called, to)
		return nil, errNotDialed
	}
	f.lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
		if a, ok := aton(host); ok {
			return []netip.Addr{a}, nil
		}
		if a, ok := names[host]; ok {
			return []netip.Addr{netip.MustParseAddr(a)}, nil
		}
		return []netip.Addr{netip.MustParseAddr("93.184.216.34")}, nil
	}
	return f, called
}

var names = map[string]string{
	"localhost": "127.0.0.1", "internal.test": "10.0.0.7", "six.test": "fd00::7", "mapped.test": "::ffff:169.254.169.254",
	"metadata.google.internal": "169.254.169.254",
}

// aton reads an IPv4 address as inet_aton does: one to four parts, each decimal, octal or hexadecimal, the last filling
// up.
func aton(host string) (netip.Addr, bool) {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var sum uint64
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 0, 32)
		if err != nil {
			if n, err = strconv.ParseUint(p, 8, 32); err != nil {
				return netip.Addr{}, false
			}
		}
		if i == len(parts)-1 {
			sum += n
		} else {
			sum += n << (24 - 8*i)
		}
	}
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(sum))
	return netip.AddrFrom4(b), true
}

func TestNotations(t *testing.T) {
	for _, tt := range []struct {
		name string
		urls []string
	}{
		{"R-PART-05 addresses", []string{"https://127.0.0.1/", "https://10.1.2.3/x.png",
			"https://169.254.169.254/latest/meta-data/", "https://0.0.0.0/", "https://255.255.255.255/"}},
		{"R-PART-05 decimal", []string{"https://2130706433/", "https://2852039166/", "https://0/"}},
		{"R-PART-05 octal", []string{"https://0177.0.0.1/", "https://017700000001/", "https://0251.0376.0251.0376/"}},
		{"R-PART-05 hexadecimal", []string{"https://0x7f000001/", "https://0x7f.0.0.1/", "https://0X7F.1/",
			"https://0xa9.0xfe.0xa9.0xfe/"}},
		{"R-PART-05 short and mixed", []string{"https://127.1/", "https://127.0.1/", "https://0x7f.0.1/", "https://10.1/",
			"https://169.254.0251.0xfe/"}},
		{"R-PART-05 such notations of public addresses too",
			[]string{"https://134744072/", "https://0x08.8.8.8/", "https://8.8.2056/", "https://010.8.8.8/",
				"https://8.8.8.0x8/", "https://8.8.8.0X/", "https://８.8.8.8/"}},
		{"R-PART-05 IPv6", []string{"https://[::1]/", "https://[::]/", "https://[fe80::1]/", "https://[fd00:ec2::254]/",
			"https://[0:0:0:0:0:0:0:1]/"}},
		{"R-PART-05 IPv4 in IPv6", []string{"https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
			"https://[::127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/"}},
		{"R-PART-05 zones", []string{"https://[fe80::1%25eth0]/", "https://[::1%25lo]/",
			"https://[2606:4700::1111%25eth0]/"}},
		{"R-PART-05 dots at the end", []string{"https://127.0.0.1./", "https://localhost./", "https://internal.test./",
			"https://2130706433./", "https://0x7f.1./"}},
		{"R-PART-05 names", []string{"https://localhost/", "https://LOCALHOST/", "https://internal.test/",
			"https://six.test/", "https://mapped.test/", "https://metadata.google.internal/"}},
		{"R-PART-05 other alphabets", []string{"https://１２７.０.０.１/", "https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/",
			"https://ｌｏｃａｌｈｏｓｔ/", "https://⑯⑨.254.169.254/"}},
		{"R-PART-05 percent-encoded hosts", []string{"https://%31%32%37.0.0.1/", "https://127.0.0.1%2f.example.com/",
			"https://local%68ost/", "https://127.0.0.1%00.example.com/"}},
		{"R-PART-05 credentials", []string{"https://user:secret@example.com/", "https://user@example.com/",
			"https://@example.com/", "https://example.com@127.0.0.1/", "https://example.com:443@127.0.0.1/",
			"https://127.0.0.1:80@example.com/"}},
		{"R-PART-05 confusing parsers", []string{`https://example.com\@127.0.0.1/`, "https://127.0.0.1#@example.com/",
			"https://127.0.0.1?@example.com/", "https:/127.0.0.1/", "https:127.0.0.1", "https:///127.0.0.1/",
			"https://127.0.0.1\t.example.com/", "https://exa mple.com/", "https://example.com\n/"}},
		{"R-PART-05 other schemes", []string{"http://example.com/", "file:///etc/passwd", "ftp://example.com/",
			"gopher://example.com/", "unix:///var/run/docker.sock", "data:text/plain,x", "//example.com/", "example.com", ""}},
		{"R-PART-05 ports", []string{"https://example.com:22/", "https://example.com:6379/", "https://example.com:8443/",
			"https://example.com:0/", "https://example.com:70000/", "https://example.com:https/"}},
		{"R-PART-05 hosts that are none", []string{"https://", "https:///x", "https://./", "https://a..b/",
			"https://" + strings.Repeat("a", 64) + ".com/", "https://" + strings.Repeat("a.", 130) + "com/",
			"https://[1.2.3.4]x/", "https://exam!ple.com/"}},
		{"R-PART-05 a URL without end", []string{"https://example.com/" + strings.Repeat("a", longestURL)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, called := careless(t, Config{})
			for _, u := range tt.urls {
				*called = nil
				_, err := f.Get(t.Context(), u)
				if err == nil || errors.Is(err, errNotDialed) || len(*called) > 0 {
					t.Errorf("%.80s: called %v, %v", u, *called, err)
				}
			}
		})
	}
}

func TestFetchedURLs(t *testing.T) {
	for _, tt := range []struct{ name, url, called string }{
		{"https", "https://example.com/a.png", "93.184.216.34:443"},
		{"scheme and host in capitals", "HTTPS://EXAMPLE.COM/", "93.184.216.34:443"},
		{"the dot of the root", "https://example.com./", "93.184.216.34:443"},
		{"the port of http", "https://example.com:80/", "93.184.216.34:80"},
		{"an empty port", "https://example.com:/", "93.184.216.34:443"},
		{"an underscore", "https://my_bucket.example.com/", "93.184.216.34:443"},
		{"other alphabets", "https://bücher.example/", "93.184.216.34:443"},
		{"a label that begins with a number", "https://3m.example.0x7f.com/", "93.184.216.34:443"},
		{"an address", "https://8.8.4.4/", "8.8.4.4:443"},
		{"an IPv6 address", "https://[2606:4700::1111]/", "[2606:4700::1111]:443"},
		{"an IPv4 address in IPv6", "https://[::ffff:8.8.4.4]/", "8.8.4.4:443"},
		{"a configured network, any port", "https://10.9.8.7:8443/", "10.9.8.7:8443"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, called := careless(t, Config{AllowPrivate: []string{"10.9.0.0/16"}})
			_, err := f.Get(t.Context(), tt.url)
			if !errors.Is(err, errNotDialed) || len(*called) != 1 || (*called)[0].String() != tt.called {
				t.Errorf("called %v, %v", *called, err)
			}
		})
	}
}

// FuzzCheckURL looks for a URL that makes the Fetcher call an address which is not public, or another port than those
// of the web, whatever the resolver takes for an address. The judge is the standard library's, and not the code under
// test.
func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{
		"https://example.com/a.png", "https://127.1/", "https://0x7f.1/", "https://[::ffff:127.0.0.1]:443/",
		"https://[fe80::1%25a]/",
		"https://１２７.０.０.１/", "https://localhost.:80", "http://internal.test", "https://a@b", "https://64:ff9b::1",
		"https://%31.1", "https://017700000001",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		fetcher, called := careless(t, Config{AllowHTTP: true})
		if _, err := fetcher.Get(t.Context(), raw); err == nil {
			t.Fatal("an answer from nowhere")
		}
		for _, to := range *called {
			a := to.Addr()
			if !public(a) || !a.IsGlobalUnicast() || a.IsPrivate() || a.Is4In6() || a.Zone() != "" ||
				to.Port() != 443 && to.Port() != 80 ||
				a.Is4() && (a.As4()[0] == 0 || a.As4()[0] >= 224) || a.Is6() && a.As16()[0]&0xf0 == 0 && a.As16()[1] != 0x64 {
				t.Errorf("%q calls %s", raw, to)
			}
		}
	})
}
