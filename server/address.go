package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// forwarded is the header in which each proxy notes whom it was called by, the latest at the end.
const forwarded = "X-Forwarded-For"

// clientAddress tells where a request comes from. X-Forwarded-For is anyone's to send, so it counts only as far as it
// was written by trusted proxies: the last address in it that is not one of them is the client.
func (c Config) clientAddress() echo.IPExtractor {
	if len(c.TrustedProxies) == 0 {
		return echo.ExtractIPDirect()
	}
	return func(r *http.Request) string {
		peer, ok := addressOf(r.RemoteAddr)
		if !ok {
			return r.RemoteAddr // of a listener that is no socket of IP
		}
		return c.behind(peer, r.Header[forwarded]).String()
	}
}

// behind walks from the peer towards the client, for as long as the one who tells is trusted. What cannot be read ends
// the way: then the one who wrote it is all that is known.
func (c Config) behind(peer netip.Addr, lines []string) netip.Addr {
	for _, line := range slices.Backward(lines) {
		for line != "" {
			if !c.trusts(peer) {
				return peer
			}
			comma := strings.LastIndexByte(line, ',')
			next, ok := addressOf(strings.TrimSpace(line[comma+1:]))
			if !ok {
				return peer
			}
			peer, line = next, line[:max(comma, 0)]
		}
	}
	return peer
}

func (c Config) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(c.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// addressOf reads an address, with or without a port: some balancers note one.
func addressOf(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		withPort, bad := netip.ParseAddrPort(s)
		a, err = withPort.Addr(), bad
	}
	return a.Unmap().WithZone(""), err == nil
}

// passedOn tells a request that says of itself that a proxy passes it on. One by a proxy that adds no header, and calls
// by an address or a name that any program beside it could use, cannot be told from that program's own.
func passedOn(h http.Header) bool {
	for name := range h {
		if name == "Forwarded" || name == "Via" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-") {
			return true
		}
	}
	return false
}
