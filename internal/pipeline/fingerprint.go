package pipeline

import (
	"crypto/sha256"
	"encoding/hex"

	"outcrop/translate"
)

// fingerprint is system_fingerprint: stable until gateway, translation or called model change, and revealing none of them
// (R-RES-03).
func fingerprint(version, calledID string) string {
	sum := sha256.Sum256([]byte(version + "\x00" + translate.Version + "\x00" + calledID))
	return "fp_" + hex.EncodeToString(sum[:5])
}
