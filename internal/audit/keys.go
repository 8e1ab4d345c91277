package audit

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Keys sign seals and key digests. Both come from one secret, so that one file is kept and one is lost.
type Keys struct {
	sign   ed25519.PrivateKey
	hashes *hashes // keyed
}

const (
	seedType   = "OUTCROP AUDIT KEY"
	publicType = "PUBLIC KEY" // of RFC 8410, as every other program reads it
)

// NewKeys derives the keys from a seed of 32 random bytes.
func NewKeys(seed []byte) (Keys, error) {
	if len(seed) != ed25519.SeedSize {
		return Keys{}, fmt.Errorf("an audit key has %d bytes, not %d", ed25519.SeedSize, len(seed))
	}
	derive := func(what string) []byte {
		m := hmac.New(sha256.New, seed)
		m.Write([]byte("outcrop audit " + what))
		return m.Sum(nil)
	}
	return Keys{sign: ed25519.NewKeyFromSeed(derive("sign")), hashes: keyedHashes(derive("digest"))}, nil
}

// LoadKeys reads the key file, and makes it with its folder when there is none.
func LoadKeys(path string) (Keys, error) {
	k, err := ReadKeys(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKeys(path)
	}
	return k, err
}

// ReadKeys reads the key file.
func ReadKeys(path string) (Keys, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Keys{}, fmt.Errorf("read the audit key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != seedType {
		return Keys{}, fmt.Errorf("%s is not an audit key", path)
	}
	return NewKeys(block.Bytes)
}

// makeKeys makes the key file whole or not at all. Of two processes that start together one makes the key, and both use
// it.
func makeKeys(path string) (Keys, error) {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails (Go 1.24)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Keys{}, fmt.Errorf("make the folder of the audit key: %w", err)
	}
	f, err := os.CreateTemp(dir, ".signing-*.key") // readable by its owner only
	if err != nil {
		return Keys{}, fmt.Errorf("make the audit key: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	err = errors.Join(pem.Encode(f, &pem.Block{Type: seedType, Bytes: seed}), f.Sync(), f.Close())
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return Keys{}, fmt.Errorf("write the audit key: %w", err)
	}
	return ReadKeys(path)
}

// Digest gives the keyed digest of a text, HMAC-SHA-256 in hexadecimal: without the key a short text cannot be found by
// trying.
func (k Keys) Digest(text string) string { return k.hashes.of(text) }

// Public gives the public half of the signing key in PEM (RFC 8410), for those who only check.
func (k Keys) Public() []byte {
	der, err := x509.MarshalPKIXPublicKey(k.PublicKey())
	if err != nil {
		return nil // an Ed25519 key always can be written
	}
	return pem.EncodeToMemory(&pem.Block{Type: publicType, Bytes: der})
}

// ReadPublic reads what Public wrote.
func ReadPublic(text []byte) (ed25519.PublicKey, error) {
	if block, _ := pem.Decode(text); block != nil && block.Type == publicType {
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if public, ok := key.(ed25519.PublicKey); err == nil && ok {
			return public, nil
		}
	}
	return nil, errors.New("this is not the public key of an audit log")
}

// KeyID is a short name of a public key.
func KeyID(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}

// PublicKey is the public half of the signing key.
func (k Keys) PublicKey() ed25519.PublicKey { return k.sign.Public().(ed25519.PublicKey) }

// Sign signs a statement, base64. Whoever has the public key can check it with [Signed].
func (k Keys) Sign(statement []byte) string {
	return base64.StdEncoding.EncodeToString(ed25519.Sign(k.sign, statement))
}

// Signed tells whether a signature in base64 is the key's on a statement.
func Signed(key ed25519.PublicKey, statement []byte, signature string) bool {
	sig, err := base64.StdEncoding.DecodeString(signature)
	return err == nil && len(sig) == ed25519.SignatureSize && ed25519.Verify(key, statement, sig)
}
