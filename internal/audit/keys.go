package audit

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
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
	digest []byte
}

const (
	seedType   = "OUTCROP AUDIT KEY"
	publicType = "OUTCROP AUDIT PUBLIC KEY"
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
	return Keys{sign: ed25519.NewKeyFromSeed(derive("sign")), digest: derive("digest")}, nil
}

// LoadKeys reads the key file, and makes it with its folder when there is none.
func LoadKeys(path string) (Keys, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKeys(path)
	}
	if err != nil {
		return Keys{}, fmt.Errorf("read the audit key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != seedType {
		return Keys{}, fmt.Errorf("%s is not an audit key", path)
	}
	return NewKeys(block.Bytes)
}

func makeKeys(path string) (Keys, error) {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails (Go 1.24)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Keys{}, fmt.Errorf("make the folder of the audit key: %w", err)
	}
	// O_EXCL: of two processes that start together only one makes the key, and the other reads it.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return LoadKeys(path)
	}
	if err != nil {
		return Keys{}, fmt.Errorf("make the audit key: %w", err)
	}
	err = errors.Join(pem.Encode(f, &pem.Block{Type: seedType, Bytes: seed}), f.Close())
	if err != nil {
		return Keys{}, fmt.Errorf("write the audit key: %w", err)
	}
	return NewKeys(seed)
}

// Digest gives the keyed digest of a text, hexadecimal: without the key a short text cannot be found by trying.
func (k Keys) Digest(text []byte) string {
	m := hmac.New(sha256.New, k.digest)
	m.Write(text)
	return hex.EncodeToString(m.Sum(nil))
}

// Public gives the public half of the signing key in PEM, for those who only check.
func (k Keys) Public() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: publicType, Bytes: k.public()})
}

// ReadPublic reads what Public wrote.
func ReadPublic(text []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != publicType || len(block.Bytes) != ed25519.PublicKeySize {
		return nil, errors.New("this is not the public key of an audit log")
	}
	return block.Bytes, nil
}

func (k Keys) public() ed25519.PublicKey { return k.sign.Public().(ed25519.PublicKey) }

// Sign signs a statement, base64. Whoever has the public key can check it with [Signed].
func (k Keys) Sign(statement []byte) string {
	return base64.StdEncoding.EncodeToString(ed25519.Sign(k.sign, statement))
}

// Signed tells whether a signature in base64 is the key's on a statement.
func Signed(key ed25519.PublicKey, statement []byte, signature string) bool {
	sig, err := base64.StdEncoding.DecodeString(signature)
	return err == nil && len(sig) == ed25519.SignatureSize && ed25519.Verify(key, statement, sig)
}
