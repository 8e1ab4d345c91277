package media

import (
	"net/netip"
	"testing"
)

func TestPublic(t *testing.T) {
	for _, tt := range []struct {
		name      string
		public    bool
		addresses []string
	}{
		{"R-PART-05 public addresses", true, []string{"8.8.8.8", "1.1.1.1", "93.184.216.34", "172.15.255.255", "172.32.0.1",
			"100.63.255.255", "100.128.0.1", "192.0.1.0", "198.17.255.255", "223.255.255.255", "2606:4700::1111",
			"2a00:1450:4001::1"}},
		{"R-PART-05 unspecified", false, []string{"0.0.0.0", "0.1.2.3", "::"}},
		{"R-PART-05 loopback", false, []string{"127.0.0.1", "127.255.255.254", "::1"}},
		{"R-PART-05 private", false, []string{"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1"}},
		{"R-PART-05 link-local, metadata services", false, []string{"169.254.0.1", "169.254.169.254", "169.254.170.2",
			"fe80::1", "febf::1", "168.63.129.16", "192.0.0.192", "100.100.100.200", "fd00:ec2::254"}},
		{"R-PART-05 unique-local", false, []string{"fc00::1", "fdff::1"}},
		{"R-PART-05 carrier-grade NAT", false, []string{"100.64.0.0", "100.127.255.255"}},
		{"R-PART-05 multicast, reserved, broadcast", false,
			[]string{"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "ff02::1", "ff0e::1"}},
		{"R-PART-05 documentation and benchmarks", false, []string{"192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1",
			"198.18.0.1", "198.19.255.255", "2001:db8::1", "2001:2::1", "3fff::1"}},
		{"R-PART-05 forbidden IPv4 inside IPv6", false, []string{"::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1",
			"::10.0.0.1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::10.0.0.1",
			"2001:0:4136:e378:8000:63bf:3fff:fdd2"}},
		{"R-PART-05 what lies outside global unicast", false,
			[]string{"fec0::1", "5f00::1", "100::1", "4000::1", "64:ff9c::1"}},
		{"public IPv4 inside IPv6", true, []string{"::ffff:8.8.8.8", "64:ff9b::8.8.8.8"}},
		{"R-PART-05 a zone", false, []string{"fe80::1%eth0", "2606:4700::1111%eth0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, s := range tt.addresses {
				if got := public(netip.MustParseAddr(s)); got != tt.public {
					t.Errorf("public(%s) = %v", s, got)
				}
			}
		})
	}
	if public(netip.Addr{}) {
		t.Error("the zero address is public")
	}
}
