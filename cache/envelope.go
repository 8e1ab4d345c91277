package cache

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/s2"
)

// What Redis holds under a key is an envelope, since anybody who reaches Redis may write there, and so may older and
// newer versions of this program:
//
//	4 bytes   "OCC" and the version of the format, 1
//	1 byte    how the value is packed: 0 as it is, 1 with S2
//	8 bytes   when it was stored, in Unix milliseconds; numbers are big-endian
//	8 bytes   when it expires
//	4 bytes   size of the value unpacked
//	n bytes   the value
//	32 bytes  HMAC-SHA256 over the length of the key (8 bytes), the key, and all of the above
//
// The key of the HMAC is derived from a secret that all instances share. Without a secret it is a fixed one: that still
// finds values that were cut, spoilt, or moved from another key, but whoever may write to Redis may write answers.
const (
	envelopeMark   = "OCC\x01"
	codecPlain     = 0
	codecS2        = 1
	envelopeHeader = len(envelopeMark) + 1 + 8 + 8 + 4
	envelopeRest   = envelopeHeader + sha256.Size // all but the value
	leastPacked    = 1024                         // below, packing costs more than it saves
)

// errForeign is why an envelope is not opened. The texts are for counting and logs.
var errForeign = errors.New("cache: not a value of ours")

// sealer writes and opens envelopes.
type sealer struct {
	secret [sha256.Size]byte
	most   int // bytes of a value
}

func newSealer(secret string, most int) *sealer {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("outcrop cache envelope 1"))
	s := &sealer{most: most}
	mac.Sum(s.secret[:0])
	return s
}

// seal makes the envelope of a record.
func (s *sealer) seal(r *record) []byte {
	packed, codec := r.Value, byte(codecPlain)
	if len(r.Value) >= leastPacked {
		// S2 and not zstd: on recorded answers what it packs is about a quarter larger, in a fraction of the time both ways,
		// and it needs neither state nor goroutines. Below an eighth saved it is not worth unpacking: vectors of floats stay
		// as they are.
		if p := s2.Encode(nil, r.Value); len(p) <= len(r.Value)/8*7 {
			packed, codec = p, codecS2
		}
	}
	b := make([]byte, 0, envelopeRest+len(packed))
	b = append(b, envelopeMark...)
	b = append(b, codec)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Stored.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Expires.UnixMilli()))
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.Value))) //nolint:gosec // an answer is far below 4 GB
	b = append(b, packed...)
	return s.sum(b, r.key, b)
}

// sum appends to b the HMAC that binds body to key.
func (s *sealer) sum(b []byte, key string, body []byte) []byte {
	mac := hmac.New(sha256.New, s.secret[:])
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(key)))
	mac.Write(n[:])
	mac.Write([]byte(key))
	mac.Write(body)
	return mac.Sum(b)
}

// open gives what was sealed for key. Its value may be part of b. An entry that expired is the zero Entry without an
// error.
func (s *sealer) open(key string, b []byte, now time.Time) (Entry, error) {
	if len(b) < envelopeRest || string(b[:len(envelopeMark)]) != envelopeMark {
		return Entry{}, fmt.Errorf("%w: unknown format", errForeign)
	}
	body, mac := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	var want [sha256.Size]byte
	if !hmac.Equal(mac, s.sum(want[:0], key, body)) {
		return Entry{}, fmt.Errorf("%w: sealed for another key, with another secret, or spoilt", errForeign)
	}
	// Without a secret anybody may have sealed this, so nothing of it is believed.
	header, packed := body[len(envelopeMark):envelopeHeader], body[envelopeHeader:]
	e := Entry{
		Stored:  time.UnixMilli(int64(binary.BigEndian.Uint64(header[1:]))), //nolint:gosec // else not written here
		Expires: time.UnixMilli(int64(binary.BigEndian.Uint64(header[9:]))), //nolint:gosec // the same
	}
	size := int64(binary.BigEndian.Uint32(header[17:]))
	if size > int64(s.most) {
		return Entry{}, fmt.Errorf("%w: %d bytes, more than %d", errForeign, size, s.most)
	}
	// The clocks of instances differ; an entry lives no longer here than where it was stored.
	if life := e.Expires.Sub(e.Stored); e.Stored.After(now) {
		e.Stored, e.Expires = now, now.Add(life)
	}
	if !now.Before(e.Expires) {
		return Entry{}, nil
	}
	var err error
	if e.Value, err = unpack(header[0], packed, int(size)); err != nil {
		return Entry{}, err
	}
	return e, nil
}

// unpack gives the value, which has exactly size bytes.
func unpack(codec byte, packed []byte, size int) ([]byte, error) {
	switch codec {
	case codecPlain:
		if len(packed) == size {
			return packed, nil
		}
	case codecS2:
		// S2 names the size of what it unpacks to first, and allocates no more than that.
		if n, err := s2.DecodedLen(packed); err != nil || n != size {
			break
		}
		if value, err := s2.Decode(nil, packed); err == nil {
			return value, nil
		}
	}
	return nil, fmt.Errorf("%w: packed in a way that does not unpack to its size", errForeign)
}
