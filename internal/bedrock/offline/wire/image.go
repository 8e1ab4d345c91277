package wire

import (
	"bytes"
	"encoding/binary"
	"image"
	_ "image/gif"  // registers the decoder of sizes
	_ "image/jpeg" // registers the decoder of sizes
	_ "image/png"  // registers the decoder of sizes
)

// ImageSize reads width and height from the head of a png, jpeg, gif or webp.
func ImageSize(b []byte) (width, height int, ok bool) {
	if c, _, err := image.DecodeConfig(bytes.NewReader(b)); err == nil {
		return c.Width, c.Height, true
	}
	return webpSize(b)
}

// webpSize reads the three kinds of WebP heads: extended, lossless and lossy (RFC 9649).
func webpSize(b []byte) (width, height int, ok bool) {
	if len(b) < 30 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WEBP" {
		return 0, 0, false
	}
	switch string(b[12:16]) {
	case "VP8X":
		w := int(b[24]) | int(b[25])<<8 | int(b[26])<<16
		h := int(b[27]) | int(b[28])<<8 | int(b[29])<<16
		return w + 1, h + 1, true
	case "VP8L":
		bits := binary.LittleEndian.Uint32(b[21:25])
		return int(bits&0x3fff) + 1, int(bits>>14&0x3fff) + 1, true
	case "VP8 ":
		return int(binary.LittleEndian.Uint16(b[26:28]) & 0x3fff), int(binary.LittleEndian.Uint16(b[28:30]) & 0x3fff), true
	}
	return 0, 0, false
}
