package bedrock

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

const (
	preludeSize = 12       // total length, headers' length, checksum of the two
	maxFrame    = 16 << 20 // R-STR-23
)

// frames cuts an event stream into frames, so that an end between two of them can be told from one inside: the SDK's
// decoder takes both for a clean end. It also reads the body in large pieces, where the decoder asks for four bytes at
// a time.
type frames struct {
	body io.ReadCloser
	in   *bufio.Reader
	buf  []byte // of one frame, used again for the next
}

// newFrames reads the frames of body by way of from.
func newFrames(body io.ReadCloser, from io.Reader) *frames {
	return &frames{body: body, in: bufio.NewReader(from)}
}

// next gives the next frame, valid until the one after. io.EOF is the end of the stream; an end anywhere
// else, or a connection that is lost, is errCut.
func (f *frames) next() ([]byte, error) {
	prelude, err := f.in.Peek(preludeSize)
	if err == io.EOF && len(prelude) == 0 {
		return nil, io.EOF
	} else if err != nil {
		return nil, fmt.Errorf("%w: %w", errCut, err)
	}
	size := binary.BigEndian.Uint32(prelude)
	if crc32.ChecksumIEEE(prelude[:8]) != binary.BigEndian.Uint32(prelude[8:]) || size < preludeSize || size > maxFrame {
		return nil, fmt.Errorf("%w: prelude of %d bytes", errUnreadable, size)
	}
	if cap(f.buf) < int(size) {
		f.buf = make([]byte, size, max(size, 1024))
	}
	f.buf = f.buf[:size]
	if _, err := io.ReadFull(f.in, f.buf); err != nil {
		return nil, fmt.Errorf("%w: %w", errCut, err)
	}
	return f.buf, nil
}
