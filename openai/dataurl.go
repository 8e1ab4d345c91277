package openai

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
	"unicode/utf8"
)

// DecodeDataURL decodes a data URL, forgiving what clients get wrong (R-PART-02). The MIME type is in lower case and
// without parameters, "" when none is given.
func DecodeDataURL(s string) (data []byte, mime string, ok bool) {
	head, body, found := strings.Cut(s, ",")
	if !found || len(head) < 5 {
		return nil, "", false
	}
	mime, rest, _ := strings.Cut(head[5:], ";")
	mime = strings.ToLower(strings.TrimSpace(mime))
	for param := range strings.SplitSeq(rest, ";") {
		if strings.EqualFold(strings.TrimSpace(param), "base64") {
			data, ok = DecodeBase64(body)
			return data, mime, ok
		}
	}
	plain, err := url.PathUnescape(body)
	return []byte(plain), mime, err == nil
}

// DecodeBase64 reads base64 in either alphabet, with or without padding, with white space or percent escapes inside.
func DecodeBase64(s string) ([]byte, bool) {
	if data, err := base64.StdEncoding.DecodeString(s); err == nil {
		return data, true
	}
	if strings.IndexByte(s, '%') >= 0 {
		plain, err := url.PathUnescape(s)
		if err != nil {
			return nil, false
		}
		s = plain
	}
	s = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\n', '\r', '\f', '\v':
			return -1
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return r
	}, s)
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	return data, err == nil
}

// textOfFile is what file_data holds, nil unless it is text.
func textOfFile(data string) *string {
	_, encoded, found := strings.Cut(data, ",")
	switch isURL := isDataURL(data); {
	case !isURL:
		encoded = data
	case !found:
		return nil
	}
	if !mayBeText(encoded) {
		return nil
	}
	b, ok := decodeFileData(data)
	return asText(b, ok)
}

// textOfURL is what a data URL holds, nil unless it is text. One that claims to be an image is never text.
func textOfURL(s string) *string {
	const image = "data:image/"
	if !isDataURL(s) || len(s) >= len(image) && strings.EqualFold(s[:len(image)], image) {
		return nil
	}
	return textOfFile(s)
}

func decodeFileData(data string) ([]byte, bool) {
	if !isDataURL(data) {
		return DecodeBase64(data)
	}
	b, _, ok := DecodeDataURL(data)
	return b, ok
}

func isDataURL(s string) bool { return len(s) >= 5 && strings.EqualFold(s[:5], "data:") }

// mayBeText looks at the first bytes only, so that a large PDF is not decoded for nothing.
func mayBeText(encoded string) bool {
	const look = 1024 // characters, a multiple of four
	if len(encoded) <= look {
		return true
	}
	b, err := base64.StdEncoding.DecodeString(encoded[:look])
	return err != nil || asText(b[:len(b)-partialRune(b)], true) != nil
}

// partialRune is how many bytes of a character that was cut stand at the end of b.
func partialRune(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if utf8.FullRune(b[len(b)-n:]) {
				return 0
			}
			return n
		}
	}
	return 0
}

func asText(b []byte, ok bool) *string {
	if !ok || len(b) == 0 || bytes.HasPrefix(b, []byte("%PDF-")) || bytes.IndexByte(b, 0) >= 0 || !utf8.Valid(b) {
		return nil
	}
	s := string(b)
	return &s
}
