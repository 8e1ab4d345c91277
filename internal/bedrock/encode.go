package bedrock

import (
	"encoding/base64"
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/document"
	documentjson "github.com/aws/smithy-go/document/json"
	"github.com/aws/smithy-go/encoding"
	smithytime "github.com/aws/smithy-go/time"
	"github.com/aws/smithy-go/traits"
)

// encoder writes the SDK's shapes as the SDK's own serializer does, byte for byte, into a buffer that can be used again;
// the SDK's begins with 1 KB each time and copies what it has at the end. The one label in a path, the model, is kept
// apart.
type encoder struct {
	buf   []byte
	model string
	depth int
	comma bool // something stands before the next value or key
	keyed bool // the key of the next value is written
	maps  uint // bit d: the container at depth d is a list, or a map whose keys come by WriteKey
}

const maxDepth = 60 // bits of maps, less some; requests nest a few levels, and documents are bytes

func (e *encoder) value(s *smithy.Schema) {
	switch {
	case e.keyed:
		e.keyed = false
		return
	case e.comma:
		e.buf = append(e.buf, ',')
	}
	e.comma = true
	if e.depth > 0 && s != nil && e.maps&(1<<e.depth) == 0 {
		e.name(s)
	}
}

func (e *encoder) name(s *smithy.Schema) {
	e.buf = append(e.buf, '"')
	if named, ok := smithy.SchemaTrait[*traits.JSONName](s); ok {
		e.buf = append(e.buf, named.Name...)
	} else {
		e.buf = append(e.buf, s.MemberName()...)
	}
	e.buf = append(e.buf, '"', ':')
}

func (e *encoder) open(s *smithy.Schema, bracket byte, bare bool) {
	e.value(s)
	e.buf = append(e.buf, bracket)
	e.comma = false
	if e.depth++; e.depth > maxDepth {
		panic("shapes nested too deeply")
	}
	if e.maps &^= 1 << e.depth; bare {
		e.maps |= 1 << e.depth
	}
}

func (e *encoder) close(bracket byte) {
	e.buf = append(e.buf, bracket)
	e.depth--
	e.comma, e.keyed = true, false
}

func (e *encoder) raw(s *smithy.Schema, b []byte) {
	e.value(s)
	e.buf = append(e.buf, b...)
}

// Bytes is what was written; it is the encoder's own.
func (e *encoder) Bytes() []byte { return e.buf }

func (e *encoder) WriteInt8(s *smithy.Schema, v int8)   { e.WriteInt64(s, int64(v)) }
func (e *encoder) WriteInt16(s *smithy.Schema, v int16) { e.WriteInt64(s, int64(v)) }
func (e *encoder) WriteInt32(s *smithy.Schema, v int32) { e.WriteInt64(s, int64(v)) }
func (e *encoder) WriteInt64(s *smithy.Schema, v int64) {
	e.value(s)
	e.buf = strconv.AppendInt(e.buf, v, 10)
}
func (e *encoder) WriteFloat32(s *smithy.Schema, v float32) { e.float(s, float64(v), 32) }
func (e *encoder) WriteFloat64(s *smithy.Schema, v float64) { e.float(s, v, 64) }
func (e *encoder) WriteBool(s *smithy.Schema, v bool) {
	e.value(s)
	e.buf = strconv.AppendBool(e.buf, v)
}

func (e *encoder) float(s *smithy.Schema, v float64, bits int) {
	e.value(s)
	switch {
	case math.IsInf(v, 1):
		e.buf = append(e.buf, `"Infinity"`...)
	case math.IsInf(v, -1):
		e.buf = append(e.buf, `"-Infinity"`...)
	case math.IsNaN(v):
		e.buf = append(e.buf, `"NaN"`...)
	default:
		e.buf = encoding.EncodeFloat(e.buf, v, bits)
	}
}

func (e *encoder) WriteString(s *smithy.Schema, v string) {
	if e.depth == 1 {
		if _, label := smithy.SchemaTrait[*traits.HTTPLabel](s); label {
			e.model = v
			return
		}
	}
	e.value(s)
	e.buf = appendQuoted(e.buf, v)
}

func (e *encoder) WriteBlob(s *smithy.Schema, v []byte) {
	if v == nil {
		e.WriteNil(s)
		return
	}
	e.value(s)
	e.buf = append(e.buf, '"')
	e.buf = base64.StdEncoding.AppendEncode(e.buf, v)
	e.buf = append(e.buf, '"')
}

func (e *encoder) WriteTime(s *smithy.Schema, v time.Time) {
	format, _ := smithy.SchemaTrait[*traits.TimestampFormat](s)
	switch {
	case format != nil && format.Format == "date-time":
		e.WriteString(s, smithytime.FormatDateTime(v))
	case format != nil && format.Format == "http-date":
		e.WriteString(s, smithytime.FormatHTTPDate(v))
	default:
		e.WriteFloat64(s, smithytime.FormatEpochSeconds(v))
	}
}

// Big numbers are in no shape of Bedrock; the SDK's serializer has none either.
func (e *encoder) WriteBigInt(*smithy.Schema, *big.Int)     { panic("big integer") }
func (e *encoder) WriteBigFloat(*smithy.Schema, *big.Float) { panic("big float") }

func (e *encoder) WriteNil(s *smithy.Schema)    { e.raw(s, []byte("null")) }
func (e *encoder) WriteStruct(s *smithy.Schema) { e.open(s, '{', false) }
func (e *encoder) CloseStruct()                 { e.close('}') }
func (e *encoder) WriteList(s *smithy.Schema)   { e.open(s, '[', true) }
func (e *encoder) CloseList()                   { e.close(']') }
func (e *encoder) WriteMap(s *smithy.Schema)    { e.open(s, '{', true) }
func (e *encoder) CloseMap()                    { e.close('}') }
func (e *encoder) CloseUnion()                  { e.close('}') }

func (e *encoder) WriteUnion(s, variant *smithy.Schema) {
	e.open(s, '{', false)
	e.comma, e.keyed = true, true
	e.name(variant)
}

func (e *encoder) WriteKey(_ *smithy.Schema, key string) {
	if e.comma {
		e.buf = append(e.buf, ',')
	}
	e.buf = append(appendQuoted(e.buf, key), ':')
	e.comma, e.keyed = true, true
}

// WriteDocument writes a document of a client, which is bytes, or a value.
func (e *encoder) WriteDocument(s *smithy.Schema, v document.Value) {
	opaque, ok := v.(*document.Opaque)
	if !ok {
		panic("a document that is not opaque")
	}
	if m, ok := opaque.Value.(document.Marshaler); ok {
		b, _ := m.MarshalSmithyDocument()
		e.raw(s, b)
		return
	}
	b, _ := documentjson.NewEncoder().Encode(opaque.Value)
	e.raw(s, b)
}

// appendQuoted writes a string of JSON, escaping what the SDK escapes.
func appendQuoted(b []byte, text string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if i++; plain[c] {
				continue
			}
			b = append(b, text[start:i-1]...)
			b, start = appendEscape(b, c), i
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, text[start:i]...), "\uFFFD"...)
			start = i + size
		case r == '\u2028' || r == '\u2029':
			b = append(append(b, text[start:i]...), `\u202`...)
			b = append(b, hexDigits[r&0xF])
			start = i + size
		}
		i += size
	}
	return append(append(b, text[start:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xF])
}

const hexDigits = "0123456789abcdef"

// plain are the bytes of ASCII that stand for themselves in a string of JSON.
var plain = func() (set [utf8.RuneSelf]bool) {
	for c := range set {
		set[c] = c >= ' ' && c != '"' && c != '\\' && c != 0x7F
	}
	return set
}()
