package media

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"
)

func TestFormats(t *testing.T) {
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 7, 5)), nil); err != nil {
		t.Fatal(err)
	}
	webp := func(kind string, rest ...byte) []byte {
		b := append([]byte("RIFF\x00\x00\x00\x00WEBP"+kind+"\x00\x00\x00\x00"), rest...)
		return append(b, make([]byte, 16)...)
	}
	for _, c := range []struct {
		name          string
		data          []byte
		format        string
		width, height int
	}{
		{"jpeg", photo.Bytes(), "jpeg", 7, 5},
		{"broken jpeg", []byte("\xff\xd8\xff\xe0"), "jpeg", 0, 0},
		{"short png", []byte("\x89PNG\r\n\x1a\n"), "png", 0, 0},
		{"gif", []byte("GIF87a\x05\x00\x04\x00"), "gif", 5, 4},
		{"webp lossy", webp("VP8 ", 0, 0, 0, 0x9d, 1, 0x2a, 9, 0, 8, 0), "webp", 9, 8},
		{"webp lossless", webp("VP8L", 0x2f, 6, 0x40, 1, 0), "webp", 7, 6},
		{"webp extended", webp("VP8X", 0, 0, 0, 0, 1, 0, 0, 2, 0, 0), "webp", 2, 3},
		{"tiff", []byte("II*\x00"), "", 0, 0},
		{"nothing", nil, "", 0, 0},
	} {
		t.Run("R-PART-03 R-PART-09 "+c.name, func(t *testing.T) {
			f := ImageFormat(c.data)
			w, h := ImageSize(c.data, f)
			if f != c.format || w != c.width || h != c.height {
				t.Errorf("got %q %d×%d", f, w, h)
			}
		})
	}
	for _, c := range []struct{ name, data, mime, file, want string }{
		{"pdf by bytes", "%PDF-1.4", "text/plain", "a.txt", "pdf"},
		{"docx by bytes", "PK\x03\x04..word/document.xml", "", "", "docx"},
		{"xlsx by bytes", "PK\x03\x04..xl/workbook.xml", "", "", "xlsx"},
		{"some other archive", "PK\x03\x04..x", "", "a.docx", ""},
		{"doc by bytes", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 W\x00o\x00r\x00d\x00D\x00o\x00c", "", "", "doc"},
		{"xls by bytes", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 W\x00o\x00r\x00k\x00b\x00o\x00o\x00k", "", "", "xls"},
		{"csv by type", "a,b", "text/csv", "x.md", "csv"},
		{"md by extension", "# a", "text/plain", "X.MD", "md"},
		{"html by bytes", " <!DOCTYPE HTML>", "", "", "html"},
		{"text", "hello", "application/pdf", "a.pdf", "txt"},
		{"binary", "\x00\x01", "text/csv", "a.csv", ""},
		{"not UTF-8", "\xff\xfe", "", "a.txt", ""},
	} {
		t.Run("R-PART-10 "+c.name, func(t *testing.T) {
			if got := DocumentFormat([]byte(c.data), c.mime, c.file); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	for _, c := range []struct{ name, data, want string }{
		{"mp4", "\x00\x00\x00\x18ftypmp42", "video"}, {"avi", "RIFF\x00\x00\x00\x00AVI ", "video"},
		{"webm", "\x1aE\xdf\xa3........", "video"},
		{"wav", "RIFF\x00\x00\x00\x00WAVE", "sound"}, {"mp3", "ID3\x04.........", "sound"},
		{"m4a", "\x00\x00\x00\x18ftypM4A ", "sound"},
		{"webp", "RIFF\x00\x00\x00\x00WEBP", ""}, {"text", "hello, world", ""}, {"too short to tell", "ID3", ""},
	} {
		if got := SoundOrVideo([]byte(c.data)); got != c.want {
			t.Errorf("R-PART-11 %s is told as %q, want %q", c.name, got, c.want)
		}
	}
}
