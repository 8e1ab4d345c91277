package bedrock

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

// Nearly all frames of a stream hold a piece of text. Those are read here, in two allocations instead of fifty; a frame
// that differs in anything (other headers, a member more, a character that must be escaped) is the SDK's.

const checksumSize = 4

// Value types of headers in an event stream (FACTS 5.1): the length that follows them is 16 bits.
const headerString = 7

// textDelta reads a whole frame as a piece of text. The prelude's checksum was looked at before.
func textDelta(frame []byte) (*types.ConverseStreamOutputMemberContentBlockDelta, bool) {
	end := len(frame) - checksumSize
	if end < preludeSize || crc32.ChecksumIEEE(frame[:end]) != binary.BigEndian.Uint32(frame[end:]) {
		return nil, false
	}
	headers := uint64(binary.BigEndian.Uint32(frame[4:]))
	if preludeSize+headers > uint64(end) || !deltaHeaders(frame[preludeSize:preludeSize+headers]) {
		return nil, false
	}
	index, text, ok := deltaPayload(frame[preludeSize+headers : end])
	if !ok {
		return nil, false
	}
	p := &textPart{index: index}
	p.text.Value = text
	p.event.Value = types.ContentBlockDeltaEvent{ContentBlockIndex: &p.index, Delta: &p.text}
	return &p.event, true
}

// textPart is all that a piece of text points to, in one allocation.
type textPart struct {
	event types.ConverseStreamOutputMemberContentBlockDelta
	text  types.ContentBlockDeltaMemberText
	index int32
}

// deltaHeaders tells whether headers are those of a contentBlockDelta, in whatever order.
func deltaHeaders(b []byte) bool {
	event, message := false, false
	for len(b) > 0 {
		name, rest, ok := prefixed(b[1:], int(b[0]))
		if !ok || len(rest) < 3 || rest[0] != headerString {
			return false
		}
		var value []byte
		if value, b, ok = prefixed(rest[3:], int(binary.BigEndian.Uint16(rest[1:]))); !ok {
			return false
		}
		switch string(name) {
		case ":event-type":
			if event || string(value) != "contentBlockDelta" {
				return false
			}
			event = true
		case ":message-type":
			if message || string(value) != "event" {
				return false
			}
			message = true
		}
	}
	return event && message
}

func prefixed(b []byte, n int) (head, rest []byte, ok bool) {
	if n > len(b) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// deltaPayload reads {"contentBlockIndex":0,"delta":{"text":"…"},"p":"…"}, its members in any order, p or not.
func deltaPayload(b []byte) (index int32, text string, ok bool) {
	var indexed, written, padded bool
	b, ok = bytes.CutPrefix(b, []byte("{"))
	for ok {
		switch {
		case !indexed && cut(&b, `"contentBlockIndex":`):
			index, ok = cutIndex(&b)
			indexed = true
		case !written && cut(&b, `"delta":{"text":`):
			text, ok = cutString(&b)
			written, ok = true, ok && cut(&b, "}")
		case !padded && cut(&b, `"p":"`):
			n := bytes.IndexByte(b, '"')
			if ok = n >= 0 && isPadding(b[:n]); ok {
				b = b[n+1:]
			}
			padded = true
		default:
			return 0, "", false
		}
		if ok && !cut(&b, ",") {
			return index, text, indexed && written && string(b) == "}"
		}
	}
	return 0, "", false
}

func cut(b *[]byte, prefix string) bool {
	if len(*b) < len(prefix) || string((*b)[:len(prefix)]) != prefix {
		return false
	}
	*b = (*b)[len(prefix):]
	return true
}

// cutIndex reads a small number.
func cutIndex(b *[]byte) (n int32, ok bool) {
	digits := 0
	for ; digits < len(*b) && digits < 9 && '0' <= (*b)[digits] && (*b)[digits] <= '9'; digits++ {
		n = 10*n + int32((*b)[digits]-'0')
	}
	ok = digits > 0 && (digits == 1 || (*b)[0] != '0')
	*b = (*b)[digits:]
	return n, ok
}

// cutString reads a string. One that is not UTF-8, or has a surrogate escaped, is left to the SDK.
func cutString(b *[]byte) (string, bool) {
	s, ok := *b, len(*b) > 0 && (*b)[0] == '"'
	if !ok {
		return "", false
	}
	escaped, ascii := false, true
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			*b = s[i+1:]
			if !escaped {
				return string(s[1:i]), ascii || utf8.Valid(s[1:i])
			}
			return unescaped(s[:i+1])
		case c == '\\':
			escaped = true
			if i++; i < len(s) && s[i] == 'u' {
				return "", false
			}
		case c < ' ':
			return "", false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", false
}

func unescaped(quoted []byte) (text string, ok bool) {
	ok = utf8.Valid(quoted) && json.Unmarshal(quoted, &text) == nil
	return text, ok
}

// isPadding tells whether a text is letters and digits, which is what Bedrock pads with.
func isPadding(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
