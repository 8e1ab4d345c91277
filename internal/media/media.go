// Package media downloads what a URL in a request names, without lending anybody the gateway's place in the network: a
// URL comes from whoever may call the gateway, and the gateway stands where its cloud's metadata service and its
// operator's internal hosts answer (R-PART-05).
//
// It knows nothing of images, OpenAI or Bedrock, gives bytes, and starts no goroutines: who fetches several at a time
// joins them. Start at [Fetcher.Get]; which URLs are fetched is in url.go, which addresses may be called in address.go.
package media

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Set is what was fetched for one request, by URL as the client wrote it.
type Set map[string]Item

// Item is what a URL led to.
type Item struct {
	Data []byte
	Type string // media type that the host claims, in lower case and without parameters; "" for none
}

// Config says what may be fetched.
type Config struct {
	AllowHTTP bool // also URLs without TLS
	// AllowPrivate are networks (CIDR) that may be called although they are not public, and on any port.
	AllowPrivate []string
	MaxBytes     int           // of one item
	Timeout      time.Duration // for one item, from the look-up of its host to its last byte, redirects included
}

const (
	mostRedirects = 3
	headerBytes   = 64 << 10
)

// Fetcher downloads. It is safe for concurrent use, and keeps nothing between downloads: no connections, no cookies.
type Fetcher struct {
	cfg     Config
	private []netip.Prefix
	tls     *tls.Config

	// How hosts are looked up and addresses called; tests put others in.
	lookup  func(ctx context.Context, host string) ([]netip.Addr, error)
	connect func(ctx context.Context, to netip.AddrPort) (net.Conn, error)
}

// New makes a Fetcher. It fails for networks that are none.
func New(cfg Config) (*Fetcher, error) {
	f := &Fetcher{cfg: cfg, tls: &tls.Config{MinVersion: tls.VersionTLS12}, lookup: lookup, connect: connect}
	for _, s := range cfg.AllowPrivate {
		network, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("media: %w", err)
		}
		f.private = append(f.private, network)
	}
	return f, nil
}

// GetWithin downloads what rawURL, an http or https URL, names. Only addresses that are allowed are asked, those of
// redirects included; with nil all are. Errors are for the log: they may name addresses that the client must not learn
// of; they leave out the URL, which may hold a signature.
func (f *Fetcher) GetWithin(ctx context.Context, rawURL string, allowed func(url string) bool) (Item, error) {
	if allowed != nil && !allowed(rawURL) {
		return Item{}, errNotAllowed
	}
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	u, err := f.parse(rawURL)
	if err != nil {
		return Item{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return Item{}, withoutURL(err)
	}
	req.Header = http.Header{
		"Accept":          {"image/png, image/jpeg, image/gif, image/webp, */*;q=0.5"}, // or hosts that convert send AVIF
		"Accept-Encoding": {"identity"},
		"User-Agent":      {"Outcrop"}, // some hosts refuse clients that do not say who they are
	}
	client := http.Client{Transport: f.transport(ctx), CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if allowed != nil && !allowed(req.URL.String()) {
			return errNotAllowed
		}
		return f.redirect(req, via)
	}}
	res, err := client.Do(req)
	var item Item
	if err == nil {
		defer func() { _ = res.Body.Close() }()
		item, err = f.read(res)
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // rather than what it looks like to a connection that is closed
	}
	return item, withoutURL(err)
}

var errNotAllowed = errors.New("the policy does not allow this address")

// transport is for one download. One for all would go on connecting when a download is over, since net/http hopes to
// use the connection for another request.
func (f *Fetcher) transport(ctx context.Context) *http.Transport {
	return &http.Transport{
		Proxy: nil, // a proxy of the environment would connect for us, and check nothing
		DialContext: func(_ context.Context, _, hostPort string) (net.Conn, error) {
			conn, err := f.dial(ctx, hostPort)
			if err == nil {
				context.AfterFunc(ctx, func() { _ = conn.Close() }) // also in the middle of a TLS handshake
			}
			return conn, err
		},
		TLSClientConfig:        f.tls,
		DisableKeepAlives:      true, // an address is checked for one request
		DisableCompression:     true, // what is cut at a size must have it on the wire
		MaxResponseHeaderBytes: headerBytes,
	}
}

// redirect is asked before every redirect is followed.
func (f *Fetcher) redirect(req *http.Request, via []*http.Request) error {
	if len(via) > mostRedirects {
		return fmt.Errorf("more than %d redirects", mostRedirects)
	}
	req.Header.Del("Referer") // net/http names the URL that led here, which may hold a signature
	return f.check(req.URL)
}

// read takes the body of a good answer, and gives up as soon as it is too large.
func (f *Fetcher) read(res *http.Response) (Item, error) {
	most := int64(f.cfg.MaxBytes)
	switch encoding := res.Header.Get("Content-Encoding"); {
	case res.StatusCode != http.StatusOK:
		return Item{}, fmt.Errorf("the host answers %d", res.StatusCode)
	case encoding != "" && encoding != "identity":
		return Item{}, errors.New("the body is compressed, which was not asked for")
	case res.ContentLength > most:
		return Item{}, fmt.Errorf("the body has %d bytes, more than %d", res.ContentLength, most)
	}
	var b bytes.Buffer
	if res.ContentLength > 0 {
		b.Grow(int(res.ContentLength) + bytes.MinRead)
	}
	n, err := b.ReadFrom(io.LimitReader(res.Body, most+1))
	switch {
	case err != nil:
		return Item{}, fmt.Errorf("reading the body: %w", err)
	case n > most:
		return Item{}, fmt.Errorf("the body has more than %d bytes", most)
	case n == 0:
		return Item{}, errors.New("the body is empty")
	}
	typ, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		typ = "" // the bytes decide
	}
	return Item{Data: b.Bytes(), Type: typ}, nil
}

// withoutURL takes the URL out of an error of net/http and net/url.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
