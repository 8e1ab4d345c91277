package translate

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// dataURL decodes a data URL, forgiving what clients get wrong (R-PART-02).
func dataURL(s string) (data []byte, mime string, ok bool) {
	head, body, found := strings.Cut(s, ",")
	if !found || len(head) < 5 {
		return nil, "", false
	}
	mime, rest, _ := strings.Cut(head[5:], ";")
	mime = strings.ToLower(trimSpace(mime))
	for param := range strings.SplitSeq(rest, ";") {
		if strings.EqualFold(trimSpace(param), "base64") {
			data, ok = decodeBase64(body)
			return data, mime, ok
		}
	}
	plain, err := url.PathUnescape(body)
	return []byte(plain), mime, err == nil
}

// decodeBase64 reads base64 in either alphabet, with or without padding, with white space or percent escapes inside.
func decodeBase64(s string) ([]byte, bool) {
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
