package keys

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"math/big"
	"strings"
)

// A key of our making is the prefix, 256 random bits in base 62 and, as GitHub's tokens have it, a checksum, so that
// scanners find keys that have got where they should not be, and can tell them from what only looks like one:
// oc-[0-9A-Za-z]{49}. The checksum is the CRC-32 (IEEE) of everything before it, in base 62 too; both numbers are
// filled up with zeros in front. Digits come before capital letters before small ones.
const (
	secretPrefix   = "oc-"
	secretDigits   = 43
	checksumDigits = 6
	secretLength   = len(secretPrefix) + secretDigits + checksumDigits
)

// newSecret makes a key.
func newSecret() string {
	var random [sha256.Size]byte
	_, _ = rand.Read(random[:]) // never fails: without randomness the process ends
	body := secretPrefix + base62(new(big.Int).SetBytes(random[:]), secretDigits)
	sum := checksum([]byte(body))
	return body + string(sum[:])
}

// checksum gives the digits for what stands before them.
func checksum(body []byte) (digits [checksumDigits]byte) {
	sum := crc32.ChecksumIEEE(body)
	for i := range digits {
		digits[checksumDigits-1-i] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[sum%62]
		sum /= 62
	}
	return digits
}

// wellFormed tells whether a text is a key as newSecret makes them.
func wellFormed(key []byte) bool {
	if len(key) != secretLength || !bytes.HasPrefix(key, []byte(secretPrefix)) {
		return false
	}
	sum := checksum(key[:secretLength-checksumDigits])
	return subtle.ConstantTimeCompare(sum[:], key[secretLength-checksumDigits:]) == 1
}

// base62 writes n in so many digits. big.Int writes small letters before capital ones, which are swapped.
func base62(n *big.Int, digits int) string {
	text := []byte(n.Text(62))
	for i, c := range text {
		if c >= 'A' {
			text[i] = c ^ ('a' - 'A')
		}
	}
	return strings.Repeat("0", digits-len(text)) + string(text)
}

// newID makes the public id of a key.
func newID() string {
	var random [12]byte
	_, _ = rand.Read(random[:]) // never fails: without randomness the process ends
	return "key_" + base62(new(big.Int).SetBytes(random[:]), 17)
}

// Hash is the SHA-256 of a key, all that is ever kept of it.
type Hash [sha256.Size]byte

// longestKey bounds what is hashed of what a client sends. Nothing that is longer is a key.
const longestKey = 1024

// HashOf is the hash of a key.
func HashOf(key string) Hash { return sha256.Sum256([]byte(key)) }

// equal compares in a time that depends on neither.
func (h *Hash) equal(other *Hash) bool { return subtle.ConstantTimeCompare(h[:], other[:]) == 1 }

const hashPrefix = "sha256:"

// MarshalText writes sha256:HEX.
func (h Hash) MarshalText() ([]byte, error) {
	return hex.AppendEncode([]byte(hashPrefix), h[:]), nil
}

// UnmarshalText reads sha256:HEX.
func (h *Hash) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), hashPrefix)
	b, err := hex.DecodeString(digits)
	if !ok || err != nil || len(b) != len(h) {
		// without the text: it might be a key
		return errors.New("must be sha256: and the 64 hexadecimal digits of a key's SHA-256")
	}
	*h = Hash(b)
	return nil
}

// String is the text form.
func (h Hash) String() string {
	text, _ := h.MarshalText() // never fails
	return string(text)
}
