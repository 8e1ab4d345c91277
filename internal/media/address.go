package media

import "net/netip"

// special are the ranges that belong to nobody on the public Internet, by IANA's registries of special-purpose
// addresses. Of IPv6 only global unicast (2000::/3) is public at all, which leaves out loopback, unspecified,
// link-local, unique-local, multicast, and the IPv4-compatible form.
var special = prefixes(
	"0.0.0.0/8",       // this network, unspecified
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // carrier-grade NAT; a cloud's metadata service
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local; the metadata services of AWS, Azure, Google Cloud …
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments; a cloud's metadata service
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // relays of 6to4
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast

	"168.63.129.16/32", // looks public, but is Azure's host agent

	"2001::/23",     // protocol assignments: Teredo, which holds an IPv4 address, benchmarks, ORCHID
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4, which holds an IPv4 address
	"3fff::/20",     // documentation
)

var (
	globalUnicast = netip.MustParsePrefix("2000::/3")
	// nat64 holds an IPv4 address in its last four bytes (RFC 6052). A network without IPv4 reaches every IPv4 host by it,
	// so it is as public as that address.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// public tells whether an address belongs to the public Internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !a.IsValid() || a.Zone() != "" || a.Is6() && !globalUnicast.Contains(a) {
		return false
	}
	return !within(special, a)
}

func within(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
