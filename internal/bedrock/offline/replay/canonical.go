package replay

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"outcrop/internal/bedrock/offline/wire"
)

// appendCanonical writes a decoded value in the canonical form of wire/README.md: members sorted by code point, no
// white space, only the escapes that JSON demands, whole numbers as integers and others as the shortest decimal.
func appendCanonical(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case json.Number:
		return append(b, canonicalNumber(v)...)
	case string:
		return appendString(b, v)
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendCanonical(b, item)
		}
		return append(b, ']')
	case map[string]any:
		b = append(b, '{')
		for i, k := range slices.Sorted(maps.Keys(v)) { // bytes of UTF-8 sort like code points
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, k), ':')
			b = appendCanonical(b, v[k])
		}
		return append(b, '}')
	}
	return b
}

func canonicalNumber(n json.Number) string {
	if i, ok := new(big.Int).SetString(n.String(), 10); ok {
		return i.String()
	}
	f, err := n.Float64()
	if err != nil {
		return n.String()
	}
	if whole, accuracy := big.NewFloat(f).Int(nil); accuracy == big.Exact {
		return whole.String()
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func appendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c == '\b':
			b = append(b, `\b`...)
		case c == '\f':
			b = append(b, `\f`...)
		case c < 0x20:
			b = append(b, `\u00`...)
			b = append(b, digits[c>>4], digits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// looseKey is a key over operation, model and messages alone, for requests that a gateway translated: document names,
// cache points, blank texts, the status "success" and the split of neighbouring turns do not count. "" if there are no
// messages.
func looseKey(operation, model string, request json.RawMessage) string {
	v, e := wire.DecodeAny(request)
	top, _ := v.(map[string]any)
	messages := wire.AsList(top["messages"])
	if e != nil || len(messages) == 0 {
		return ""
	}
	sum := sha256.Sum256(appendCanonical([]byte(operation+"\n"+model+"\n"), loosen(messages)))
	return hex.EncodeToString(sum[:])
}

func loosen(messages []any) []any {
	var out []any
	for _, v := range messages {
		m, _ := v.(map[string]any)
		content := loosenBlocks(wire.AsList(m["content"]))
		if len(out) > 0 {
			last, _ := out[len(out)-1].(map[string]any)
			if last["role"] == m["role"] {
				last["content"] = append(wire.AsList(last["content"]), content...)
				continue
			}
		}
		out = append(out, map[string]any{"role": m["role"], "content": content})
	}
	return out
}

func loosenBlocks(blocks []any) []any {
	out := []any{}
	for _, v := range blocks {
		b, _ := v.(map[string]any)
		if text, ok := b["text"].(string); ok && strings.TrimSpace(text) == "" || b["cachePoint"] != nil {
			continue
		}
		if d, ok := b["document"].(map[string]any); ok {
			delete(d, "name")
		}
		if r, ok := b["toolResult"].(map[string]any); ok {
			if r["status"] == "success" {
				delete(r, "status")
			}
			r["content"] = loosenBlocks(wire.AsList(r["content"]))
		}
		out = append(out, b)
	}
	return out
}
