package recall

import (
	"encoding/binary"
	"hash/crc32"

	"outcrop/internal/call"
	"outcrop/translate"
)

// valueFormat is the first byte of every value that Recall keeps.
const valueFormat = 2

// writeValue makes the value that is kept under a key: the format, the adjustments of the head, what body appends, and
// a checksum over the key and all of it. The cache seals what it gives to others; the checksum finds what was kept
// under this key by something else than this code.
func writeValue(k key, head call.Head, body func([]byte) []byte) []byte {
	b := append(make([]byte, 0, 2048), valueFormat)
	list := head.Adjusted.List()
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, a := range list {
		b = appendText(b, a.Param)
		b = appendText(b, a.Reason)
	}
	b = body(b)
	return binary.BigEndian.AppendUint32(b, valueSum(k, b))
}

// readValue takes a value apart; ok is false for what writeValue has not written for the key.
func readValue(k key, b []byte) (head call.Head, body []byte, ok bool) {
	n := len(b) - crc32.Size
	if n < 2 || b[0] != valueFormat || binary.BigEndian.Uint32(b[n:]) != valueSum(k, b[:n]) {
		return call.Head{}, nil, false
	}
	body = b[1:n]
	entries, size := binary.Uvarint(body)
	if size <= 0 {
		return call.Head{}, nil, false
	}
	body = body[size:]
	for range entries {
		var param, reason string
		if param, body, ok = cutText(body); !ok {
			return call.Head{}, nil, false
		}
		if reason, body, ok = cutText(body); !ok {
			return call.Head{}, nil, false
		}
		head.Adjusted.Add(param, reason)
	}
	return head, body, true
}

func valueSum(k key, b []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(k[:], table), table, b)
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func cutText(b []byte) (text string, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) { //nolint:gosec // not negative
		return "", nil, false
	}
	b = b[size:]
	return string(b[:n]), b[n:], true
}

// undoubted is false for an answer that the model could not end properly (TRANSLATION 2.2).
func undoubted(adjusted translate.Adjustments) bool {
	for _, a := range adjusted.List() {
		if a.Param == "finish_reason" {
			return false
		}
	}
	return true
}

// ownAdjustments are those of an answer as they are true for another way to send it: none was made a stream but for the
// client of the call itself (R-STR-20).
func ownAdjustments(all translate.Adjustments) (own translate.Adjustments) {
	for _, a := range all.List() {
		if a != (translate.Adjustment{Param: "stream", Reason: "synthesised"}) {
			own.Add(a.Param, a.Reason)
		}
	}
	return own
}
