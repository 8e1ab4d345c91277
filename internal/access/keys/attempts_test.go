package keys

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/openai"
)

func TestAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAttempts(20)
		for i := range 20 {
			if wait := a.fail(here, time.Now()); wait != 0 {
				t.Fatalf("attempt %d waits %v", i, wait)
			}
		}
		if wait := a.fail(here, time.Now()); wait != 3*time.Second {
			t.Errorf("the 21st waits %v", wait)
		}
		if wait := a.fail(netip.MustParseAddr("192.0.2.8"), time.Now()); wait != 0 {
			t.Errorf("another address waits %v", wait)
		}
		time.Sleep(3 * time.Second)
		if wait := a.fail(here, time.Now()); wait != 0 {
			t.Errorf("what was said does not hold: %v more", wait)
		}
		if wait := a.fail(here, time.Now()); wait == 0 {
			t.Error("one more than was said passes")
		}
		time.Sleep(time.Minute)
		for i := range 20 {
			if wait := a.fail(here, time.Now()); wait != 0 {
				t.Fatalf("a minute later attempt %d waits %v", i, wait)
			}
		}
	})
}

func TestAttemptsOfOneNetwork(t *testing.T) {
	a, now := NewAttempts(1), time.Now()
	for _, tt := range []struct {
		addr   string
		passes bool
	}{
		{"2001:db8::1", true}, {"2001:db8::2", false}, {"2001:db8:0:1::1", true}, {"fe80::1%a", true}, {"fe80::2%b", false},
		{"192.0.2.1", true}, {"::ffff:192.0.2.1", false}, {"192.0.2.2", true},
	} {
		if wait := a.fail(netip.MustParseAddr(tt.addr), now); (wait == 0) != tt.passes {
			t.Errorf("%s waits %v", tt.addr, wait)
		}
	}
	if a.fail(netip.Addr{}, now) != 0 || a.fail(netip.Addr{}, now) == 0 {
		t.Error("callers without an address are not one")
	}
	if NewAttempts(0).fail(here, now) != 0 {
		t.Error("no limit limits")
	}
}

func TestAttemptsForgetTheOldest(t *testing.T) {
	a, now := NewAttempts(1), time.Now()
	address := func(i int) netip.Addr { return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(i)))) }
	for i := range 3 * mostAddresses {
		a.fail(address(i), now)
	}
	if a.till.Len() != mostAddresses {
		t.Errorf("%d are remembered", a.till.Len())
	}
	if a.fail(address(3*mostAddresses-1), now) == 0 || a.fail(address(0), now) != 0 {
		t.Error("not the oldest were forgotten")
	}
}

// TestTenThousandWrongKeys: they cost little, fill no memory, tell nothing, and do not lock out who shares the address.
func TestTenThousandWrongKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret, hash := Secret()
		a := NewAttempts(20)
		g := NewGate(Config{APIKeys: []string{"simple"}, Keys: []Configured{{Name: "good", Hash: hash}}}, nil, a)
		counts := map[openai.Kind]int{}
		for range 10_000 {
			wrong, _ := Secret()
			_, err := admit(g, wrong)
			var e *openai.Error
			if !errors.As(err, &e) {
				t.Fatalf("a wrong key: %v", err)
			}
			counts[e.Kind]++
			if e.Kind == openai.RateLimited && e.After <= 0 {
				t.Fatal("a 429 that does not say when")
			}
		}
		if counts[openai.Unauthenticated] != 20 || counts[openai.RateLimited] != 9980 {
			t.Errorf("%v", counts)
		}
		for _, good := range []string{secret, "simple"} {
			if _, err := admit(g, good); err != nil {
				t.Errorf("a good key from that address: %v", err)
			}
		}
		if a.till.Len() != 1 {
			t.Errorf("%d addresses are remembered", a.till.Len())
		}
	})
}

func BenchmarkAdmit(b *testing.B) {
	secret, hash := Secret()
	g := NewGate(Config{Keys: []Configured{{Name: "good", Hash: hash}}}, nil, NewAttempts(20))
	c := Credential{Key: secret, Addr: here, Endpoint: "chat.completions"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Admit(c); err != nil {
			b.Fatal(err)
		}
	}
}
