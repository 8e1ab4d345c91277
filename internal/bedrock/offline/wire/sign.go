package wire

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// The signatures below stand for those of Claude: opaque to a client, checked when a block is replayed. The key is no
// secret, the offline server protects nothing: it only has to notice a changed text.
const signingKey = "outcrop offline bedrock"

func digest(parts ...string) []byte {
	mac := hmac.New(sha256.New, []byte(signingKey))
	for _, p := range parts {
		mac.Write([]byte(p))
		mac.Write([]byte{0})
	}
	return mac.Sum(nil)
}

// Sign makes the signature of a reasoning text.
func Sign(text string) string {
	return base64.StdEncoding.EncodeToString(append([]byte("\x12offline-v1\x1a"), digest("thinking", text)...))
}

// SignAt makes one that also knows what stood before the block in its turn.
func SignAt(text, shape string) string {
	own, _ := base64.StdEncoding.DecodeString(Sign(text)) // just encoded
	return base64.StdEncoding.EncodeToString(append(own, digest("place", text, shape)...))
}

// Verify tells whether a signature is that of a text, wherever it stands.
func Verify(text, signature string) bool {
	own, _ := base64.StdEncoding.DecodeString(Sign(text))
	is, err := base64.StdEncoding.DecodeString(signature)
	return err == nil && len(is) >= len(own) && hmac.Equal(own, is[:len(own)])
}

// VerifyAt tells whether a block with a signature of its text may stand behind such blocks.
func VerifyAt(text, signature, shape string) bool {
	return signature == Sign(text) || hmac.Equal([]byte(SignAt(text, shape)), []byte(signature))
}

// Redact makes the opaque block that stands for a hidden reasoning text.
func Redact(text string) []byte {
	seed := digest("hidden", text)
	return append(bytes.Clone(seed), digest("redacted", string(seed))...)
}

// VerifyRedacted tells whether Redact has made a block.
func VerifyRedacted(block []byte) bool {
	return len(block) == 64 && hmac.Equal(block[32:], digest("redacted", string(block[:32])))
}

// Letters makes n letters and digits from a seed, for ids.
func Letters(n int, seed ...string) string {
	const set = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	sum := digest(seed...)
	b := make([]byte, n)
	for i := range b {
		b[i] = set[int(sum[i%len(sum)])%len(set)]
	}
	return string(b)
}

// UUID makes a version 4 UUID from a seed.
func UUID(seed ...string) string {
	b := digest(seed...)[:16]
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
