package state

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// errForeign says that a document cannot be opened: another secret sealed it, or it was changed or moved.
var errForeign = errors.New("state: a document that was sealed with another secret, changed or moved")

// sealMark begins every sealed body, and names its form.
const sealMark = "OCR\x01"

// sealer hides what is kept from whoever reads the store, and notices what was changed there.
type sealer struct{ aead cipher.AEAD }

func newSealer(secret string) (*sealer, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "outcrop responses 1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block) // 96 bits; a key is for 2^32 documents
	return &sealer{aead}, err
}

// seal hides a body. It can be opened under the same tenant and id only.
func (s *sealer) seal(tenant, id string, body []byte) []byte {
	return s.aead.Seal([]byte(sealMark), nil, body, place(tenant, id)) //nolint:gosec // it rolls its own nonce
}

func (s *sealer) open(tenant, id string, b []byte) ([]byte, error) {
	if len(b) < len(sealMark) || string(b[:len(sealMark)]) != sealMark {
		return nil, errForeign
	}
	body, err := s.aead.Open(nil, nil, b[len(sealMark):], place(tenant, id))
	if err != nil {
		return nil, errForeign
	}
	return body, nil
}

// place names tenant and id so that no two pairs have one name.
func place(tenant, id string) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(len(tenant)))
	return append(append(b, tenant...), id...)
}
