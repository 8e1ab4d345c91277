package cache

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
)

// noon is when the envelopes of these tests are opened.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func fresh(key, value string) *record {
	return &record{key, Entry{[]byte(value), noon.Add(-time.Minute), noon.Add(time.Hour)}}
}

func TestEnvelope(t *testing.T) {
	s := newSealer("secret", 1_000_000)
	for name, value := range map[string]string{
		"empty": "", "short": "short", "text": strings.Repeat("what repeats is packed. ", 1000),
		"largest": strings.Repeat("x", 1_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			in := fresh("key", value)
			sealed := s.seal(in)
			if len(value) > leastPacked && len(sealed) > len(value)/2 {
				t.Errorf("%d bytes became %d", len(value), len(sealed))
			}
			out, err := s.open("key", sealed, noon)
			if err != nil || string(out.Value) != value || !out.Stored.Equal(in.Stored) || !out.Expires.Equal(in.Expires) {
				t.Errorf("got %d bytes, %v, %v, %v", len(out.Value), out.Stored, out.Expires, err)
			}
		})
	}
}

// The format is read by other instances, of which some may be older or newer: it changes with its version only.
func TestEnvelopeIsStable(t *testing.T) {
	sealed := newSealer("secret", 100).seal(fresh("key", "hello"))
	want := "OCC\x01" + "\x00" + "\x00\x00\x01\xa1\xfd\xf9\x5b\xa0" + "\x00\x00\x01\xa1\xfe\x31\x34\x80" +
		"\x00\x00\x00\x05" + "hello"
	if got := string(sealed[:len(sealed)-32]); got != want {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}

func TestForeignEnvelopes(t *testing.T) {
	const most = 100_000
	s := newSealer("", most) // whose seal anybody can make
	resealed := func(change func(b []byte) []byte) []byte {
		sealed := s.seal(fresh("key", strings.Repeat("text ", 1000)))
		body := change(sealed[:len(sealed)-32])
		return s.sum(bytes.Clone(body), "key", body)
	}
	withPacked := func(codec byte, size uint32, packed []byte) []byte {
		return resealed(func(b []byte) []byte {
			b[4] = codec
			binary.BigEndian.PutUint32(b[envelopeHeader-4:], size)
			return append(b[:envelopeHeader:envelopeHeader], packed...)
		})
	}
	bomb := s2.Encode(nil, make([]byte, 50_000_000))
	good := s.seal(fresh("key", "value"))
	cases := map[string][]byte{
		"nothing":                        {},
		"text":                           []byte(`{"choices":[{"message":{"content":"poison"}}]}`),
		"another key's":                  s.seal(fresh("yek", "value")),
		"another secret's":               newSealer("other", most).seal(fresh("key", "value")),
		"cut":                            good[:len(good)-1],
		"longer":                         append(bytes.Clone(good), 0),
		"of another version":             resealed(func(b []byte) []byte { b[3] = 2; return b }),
		"packed in an unknown way":       resealed(func(b []byte) []byte { b[4] = 9; return b }),
		"larger than allowed":            newSealer("", most+1).seal(fresh("key", strings.Repeat("x", most+1))),
		"of a size that is not its own":  withPacked(codecPlain, 4, []byte("value")),
		"packed, and not":                withPacked(codecS2, 5, []byte("value")),
		"a bomb that says so":            withPacked(codecS2, 50_000_000, bomb),
		"a bomb that says it is small":   withPacked(codecS2, 5, bomb),
		"a size that hides in its bytes": withPacked(codecS2, 5, []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")),
	}
	for name, envelope := range cases {
		t.Run(name, func(t *testing.T) {
			e, err := s.open("key", envelope, noon)
			if !errors.Is(err, errForeign) || e.Found() || e.Value != nil {
				t.Errorf("got %+v, %v", e, err)
			}
		})
	}
	t.Run("any bit turned", func(t *testing.T) {
		for i := range len(good) * 8 {
			spoilt := bytes.Clone(good)
			spoilt[i/8] ^= 1 << (i % 8)
			if e, err := s.open("key", spoilt, noon); !errors.Is(err, errForeign) || e.Found() {
				t.Fatalf("bit %d: got %+v, %v", i, e, err)
			}
		}
	})
}

// Instances have clocks of their own: an entry of one that is ahead is neither from the future nor does it live longer.
func TestEnvelopeTimes(t *testing.T) {
	s := newSealer("secret", 1000)
	for name, c := range map[string]struct{ stored, expires, wantStored, wantExpires time.Duration }{
		"usual":                  {-time.Minute, time.Minute, -time.Minute, time.Minute},
		"expired":                {-time.Hour, 0, 0, 0},
		"from a clock ahead":     {time.Hour, time.Hour + time.Minute, 0, time.Minute},
		"over before it started": {time.Minute, -time.Minute, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := s.open("key", s.seal(&record{"key", Entry{[]byte("value"), noon.Add(c.stored), noon.Add(c.expires)}}),
				noon)
			if err != nil {
				t.Fatal(err)
			}
			if found := c.wantExpires > 0; e.Found() != found {
				t.Fatalf("found is %v", e.Found())
			}
			if e.Found() && (e.Stored.Sub(noon) != c.wantStored || e.Expires.Sub(noon) != c.wantExpires) {
				t.Errorf("stored %v, expires %v", e.Stored.Sub(noon), e.Expires.Sub(noon))
			}
		})
	}
}

// FuzzEnvelope opens what is sealed rightly around anything: without a secret, that is what somebody else may have
// written.
func FuzzEnvelope(f *testing.F) {
	const most = 4096
	s := newSealer("", most)
	for _, value := range []string{"", "value", strings.Repeat("text ", 500)} {
		sealed := s.seal(fresh("key", value))
		f.Add("key", sealed[:len(sealed)-32])
		f.Add("key", sealed)
	}
	f.Fuzz(func(t *testing.T, key string, body []byte) {
		if e, err := s.open(key, body, noon); err == nil && e.Found() {
			again, _ := s.open(key+"'", body, noon)
			if again.Found() {
				t.Fatalf("%x is opened for two keys", body)
			}
		}
		e, err := s.open(key, s.sum(bytes.Clone(body), key, body), noon)
		if len(e.Value) > most || err != nil && e.Found() || e.Found() && !e.Expires.After(noon) {
			t.Fatalf("got %d bytes, %v until %v, %v", len(e.Value), e.Stored, e.Expires, err)
		}
		// Whatever the value, sealing it and opening it gives it back.
		in := &record{key, Entry{body[:min(len(body), most)], noon, noon.Add(time.Second)}}
		if out, err := s.open(key, s.seal(in), noon); err != nil || !bytes.Equal(out.Value, in.Value) {
			t.Fatalf("%x came back as %x, %v", in.Value, out.Value, err)
		}
	})
}
