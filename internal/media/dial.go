package media

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

const (
	mostAddresses  = 4               // of one host that are tried
	connectTimeout = 3 * time.Second // for each of them, so that an unreachable one leaves time for the next
)

// dial connects to a host that is looked up once: what was checked is what is called, whatever the name leads to a
// moment later. One forbidden address among several refuses the host, since no honest name has such a mixture.
func (f *Fetcher) dial(ctx context.Context, hostPort string) (net.Conn, error) {
	host, digits, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return nil, errors.New("the URL's port is not valid")
	}
	found, err := f.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	for i, a := range found {
		found[i] = a.Unmap()
		if !f.allowed(found[i], uint16(port)) {
			return nil, fmt.Errorf("%s port %d is not allowed", a, port)
		}
	}
	err = errors.New("the host has no address")
	for _, a := range found[:min(len(found), mostAddresses)] {
		var conn net.Conn
		if conn, err = f.connect(ctx, netip.AddrPortFrom(a, uint16(port))); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

func (f *Fetcher) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	return f.lookup(ctx, host)
}

// allowed tells whether an address may be called: public ones where the web is served, those of the configured networks
// on any port. Another port of a public host is no place for media, but may be one for mischief in the gateway's name.
func (f *Fetcher) allowed(a netip.Addr, port uint16) bool {
	return within(f.private, a) || public(a) && (port == 443 || port == 80)
}

func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

func connect(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{Timeout: connectTimeout}
	return d.DialContext(ctx, "tcp", to.String())
}
