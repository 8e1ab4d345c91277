package media

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
	"strings"
	"unicode/utf8"
)

// ImageFormat tells an image by its first bytes (R-PART-03), "" when it is none that Bedrock takes.
func ImageFormat(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return "png"
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return "jpeg"
	case bytes.HasPrefix(b, []byte("GIF87a")), bytes.HasPrefix(b, []byte("GIF89a")):
		return "gif"
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return "webp"
	}
	return ""
}

// ImageSize reads the size out of an image's header; 0, 0 when it cannot be told, which Bedrock then judges.
func ImageSize(b []byte, format string) (width, height int) {
	switch {
	case format == "png" && len(b) >= 24:
		return int(binary.BigEndian.Uint32(b[16:])), int(binary.BigEndian.Uint32(b[20:]))
	case format == "gif" && len(b) >= 10:
		return int(binary.LittleEndian.Uint16(b[6:])), int(binary.LittleEndian.Uint16(b[8:]))
	case format == "jpeg":
		if c, err := jpeg.DecodeConfig(bytes.NewReader(b)); err == nil {
			return c.Width, c.Height
		}
	case format == "webp" && len(b) >= 30:
		return webpSize(b)
	}
	return 0, 0
}

// webpSize reads the three kinds of WebP header (RFC 9649).
func webpSize(b []byte) (width, height int) {
	switch string(b[12:16]) {
	case "VP8 ":
		return int(binary.LittleEndian.Uint16(b[26:]) & 0x3fff), int(binary.LittleEndian.Uint16(b[28:]) & 0x3fff)
	case "VP8L":
		bits := binary.LittleEndian.Uint32(b[21:])
		return int(bits&0x3fff) + 1, int(bits>>14&0x3fff) + 1
	case "VP8X":
		return int(uint24(b[24:])) + 1, int(uint24(b[27:])) + 1
	}
	return 0, 0
}

func uint24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

// SoundOrVideo tells the common containers of "sound" and "video", "" when it is none of them (R-PART-11). What may
// hold either counts as what it mostly holds.
func SoundOrVideo(b []byte) string {
	if len(b) < 12 {
		return ""
	}
	for _, magic := range []string{"ID3", "OggS", "fLaC", "\xff\xfb", "\xff\xf1"} {
		if bytes.HasPrefix(b, []byte(magic)) {
			return "sound"
		}
	}
	for _, magic := range []string{"\x1aE\xdf\xa3", "FLV\x01", "\x00\x00\x01\xba", "\x30\x26\xb2\x75"} {
		if bytes.HasPrefix(b, []byte(magic)) {
			return "video"
		}
	}
	switch riff := string(b[:4]) == "RIFF"; {
	case riff && string(b[8:12]) == "WAVE", string(b[4:11]) == "ftypM4A":
		return "sound"
	case riff && string(b[8:12]) == "AVI ", string(b[4:8]) == "ftyp":
		return "video"
	}
	return ""
}

// textFormats are the document formats that are text, by MIME type and by extension.
var textFormats = map[string]string{
	"text/csv": "csv", "application/csv": "csv", "text/html": "html", "application/xhtml+xml": "html",
	"text/markdown": "md", "text/x-markdown": "md", "text/plain": "txt",
	".csv": "csv", ".html": "html", ".htm": "html", ".md": "md", ".markdown": "md", ".txt": "txt",
}

// IsText tells whether a document format is text.
func IsText(format string) bool {
	switch format {
	case "txt", "md", "csv", "html":
		return true
	}
	return false
}

// DocumentFormat is Bedrock's format of a file of that MIME type and name: from the bytes where they tell, else from
// the MIME type or the extension (R-PART-10); "" for bytes that are none of them. Binary formats are only believed
// when the bytes say so.
func DocumentFormat(b []byte, mime, name string) string {
	switch {
	case bytes.HasPrefix(b, []byte("%PDF-")):
		return "pdf"
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		return oneOf(b, "word/", "docx", "xl/", "xlsx")
	case bytes.HasPrefix(b, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")): // a compound file; its directory is in UTF-16
		return oneOf(b, "W\x00o\x00r\x00d\x00D\x00o\x00c", "doc", "W\x00o\x00r\x00k\x00b\x00o\x00o\x00k", "xls")
	case !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0:
		return ""
	}
	if f := textFormats[mime]; f != "" && f != "txt" {
		return f
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		if f := textFormats[strings.ToLower(name[i:])]; f != "" {
			return f
		}
	}
	if head := bytes.ToLower(bytes.TrimSpace(b[:min(len(b), 512)])); bytes.HasPrefix(head, []byte("<!doctype html")) ||
		bytes.HasPrefix(head, []byte("<html")) {
		return "html"
	}
	return "txt"
}

// oneOf gives the format whose mark is found in b.
func oneOf(b []byte, mark1, format1, mark2, format2 string) string {
	switch {
	case bytes.Contains(b, []byte(mark1)):
		return format1
	case bytes.Contains(b, []byte(mark2)):
		return format2
	}
	return ""
}
