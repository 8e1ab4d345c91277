package server

import (
	"net"
	"net/netip"

	"github.com/labstack/echo/v4"
)

// clientAddress tells where a request comes from. X-Forwarded-For is anyone's to send, so it counts only as far as it was written
// by trusted proxies: the last address in it that is not one of them is the client.
func (c Config) clientAddress() echo.IPExtractor {
	if len(c.TrustedProxies) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range c.TrustedProxies {
		options = append(options, echo.TrustIPRange(ipNet(p)))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Masked().Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
