package embed

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// vectorPacker makes base64 of little-endian float32 values (R-EMB-04) and keeps its buffer for the next vector.
type vectorPacker struct{ buf []byte }

func (p *vectorPacker) base64(v jsontext.Value) (string, error) {
	var err error
	if p.buf, err = PackVector(p.buf[:0], v); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(p.buf), nil
}

// PackVector appends the little-endian float32 values of a JSON array of numbers.
func PackVector(b []byte, v jsontext.Value) ([]byte, error) {
	for rest := v[1 : len(v)-1]; rest != nil; {
		number := rest
		if i := bytes.IndexByte(rest, ','); i >= 0 {
			number, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		f, ok := shortFloat(number)
		if !ok {
			f64, err := strconv.ParseFloat(string(bytes.TrimSpace(number)), 32)
			if err != nil {
				return nil, fmt.Errorf("a vector holds something else than numbers: %w", err)
			}
			f = float32(f64)
		}
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b, nil
}

// UnpackVector appends the JSON array of what [PackVector] has packed: each number in the fewest digits that read
// back as the same float32, and in the form in which Cohere's and Nova's answers have it.
func UnpackVector(b, packed []byte) jsontext.Value {
	b = append(b, '[')
	for i := 0; i+4 <= len(packed); i += 4 {
		if i > 0 {
			b = append(b, ',')
		}
		f := math.Float32frombits(binary.LittleEndian.Uint32(packed[i:]))
		format := byte('f')
		if size := max(f, -f); size != 0 && (size < 1e-4 || size >= 1e16) {
			format = 'e'
		}
		b = strconv.AppendFloat(b, float64(f), format, -1, 32)
	}
	return append(b, ']')
}

// powersOfTen are those that a float64 holds exactly.
var powersOfTen = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// shortFloat reads a JSON number as nearly all vectors have them, of some digits and no exponent, several times
// faster than strconv, with the same result; ok is false for any other. Digits and power of ten are exact in a
// float64, so their quotient is rounded once; rounding it again to float32 goes wrong only from the middle between
// two of them.
func shortFloat(number []byte) (f float32, ok bool) {
	digits := bytes.TrimPrefix(number, []byte("-"))
	var whole uint64
	point, seen := 0, false
	for _, c := range digits {
		switch {
		case c >= '0' && c <= '9':
			whole = whole*10 + uint64(c-'0')
			if seen {
				point++
			}
			if whole >= 1<<53 || point >= len(powersOfTen) {
				return 0, false
			}
		case c == '.':
			seen = true
		default:
			return 0, false
		}
	}
	exact := float64(whole) / powersOfTen[point]
	const dropped = 52 - 23 // bits of the fraction that a float32 lacks
	middle := math.Float64bits(exact)&(1<<dropped-1) == 1<<(dropped-1)
	if len(digits) == 0 || middle || exact < 1e-37 && whole != 0 { // below that float32 loses digits in another way
		return 0, false
	}
	if len(digits) < len(number) {
		exact = -exact
	}
	return float32(exact), true
}
