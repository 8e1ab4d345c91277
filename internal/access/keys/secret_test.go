package keys

import (
	"math/big"
	"regexp"
	"strings"
	"testing"
)

func TestSecret(t *testing.T) {
	form := regexp.MustCompile(`^oc-[0-9A-Za-z]{49}$`)
	seen := map[string]bool{}
	for range 1000 {
		secret, hash := Secret()
		if !form.MatchString(secret) || !wellFormed([]byte(secret)) || seen[secret] {
			t.Fatalf("%q", secret)
		}
		if hash != HashOf(secret) {
			t.Fatal("the hash is that of another")
		}
		seen[secret] = true
	}
}

// TestChecksum holds a key that others can check their scanners with: Python's zlib.crc32 gives the same number.
func TestChecksum(t *testing.T) {
	const body = "oc-0000000000000000000000000000000000000000000"
	sum := checksum([]byte(body))
	good := body + string(sum[:])
	if want := body + "1ckOIq"; good != want {
		t.Errorf("got %s, want %s", good, want)
	}
	for i := range good {
		for _, c := range "0aZ-" {
			other := good[:i] + string(c) + good[i+1:]
			if other != good && wellFormed([]byte(other)) {
				t.Errorf("%s passes", other)
			}
		}
	}
	for _, bad := range []string{"", "oc-", good[:51], good + "0", "OC" + good[2:], strings.Repeat("é", 26)} {
		if wellFormed([]byte(bad)) {
			t.Errorf("%q passes", bad)
		}
	}
}

func TestBase62(t *testing.T) {
	for n, want := range map[int64]string{0: "0000", 9: "0009", 10: "000A", 35: "000Z", 36: "000a",
		61: "000z", 62: "0010"} {
		if got := base62(big.NewInt(n), 4); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	if got := base62(all, secretDigits); len(got) != secretDigits {
		t.Errorf("256 bits need %d digits", len(got))
	}
}

func TestHashText(t *testing.T) {
	var h Hash
	text := HashOf("x").String()
	if err := h.UnmarshalText([]byte(text)); err != nil || h != HashOf("x") {
		t.Errorf("%s: %v", text, err)
	}
	for _, bad := range []string{"", "sha256:", text[7:], text + "00", strings.Replace(text, "2", "g", 2), "oc-secret"} {
		if err := h.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q passed", bad)
		} else if strings.Contains(err.Error(), "oc-secret") {
			t.Error("the error shows what may be a key")
		}
	}
}
