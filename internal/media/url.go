package media

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

const longestURL = 8 << 10

// ErrNoTLS is why a URL with http is not fetched where only https may be.
var ErrNoTLS = errors.New("http without TLS is not allowed")

func (f *Fetcher) parse(rawURL string) (*url.URL, error) {
	if len(rawURL) > longestURL {
		return nil, fmt.Errorf("the URL is longer than %d bytes", longestURL)
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, withoutURL(err)
	}
	return u, f.check(u)
}

// check refuses URLs that are not fetched whatever their host's address is, and writes the host of the others in its
// plain form, so that everybody behind reads the same in it.
func (f *Fetcher) check(u *url.URL) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("neither http nor https")
	case u.Scheme == "http" && !f.cfg.AllowHTTP:
		return ErrNoTLS
	case u.Opaque != "":
		return errors.New("the URL has no host")
	case u.User != nil:
		return errors.New("the URL holds credentials")
	}
	host, err := plainHost(u.Hostname())
	if err != nil {
		return err
	}
	if port := u.Port(); port != "" {
		host = net.JoinHostPort(host, port)
	} else if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	u.Host, u.Fragment, u.RawFragment = host, "", ""
	return nil
}

var errHost = errors.New("the URL's host is not valid")

// plainHost gives an IP address as it is, and a name in lower case, ASCII and without the dot of the root. A name whose
// last label is a number is refused: to some resolvers 2130706433, 0x7f.1 and 0177.0.0.1 are addresses and to others
// names, and no real name ends so (URL standard, "ends in a number").
func plainHost(host string) (string, error) {
	if _, err := netip.ParseAddr(host); err == nil {
		return host, nil
	}
	if !isASCII(host) {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return "", errHost
		}
		host = ascii
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if len(host) > 253 {
		return "", errHost
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", errHost
		}
		last = label
	}
	if strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") &&
		strings.Trim(last[2:], "0123456789abcdef") == "" {
		return "", errHost
	}
	return host, nil
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}
