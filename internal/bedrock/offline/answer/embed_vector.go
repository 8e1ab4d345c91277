package answer

import (
	"hash/fnv"
	"math"
	"strings"
	"unicode"
)

// vector embeds a text by feature hashing: each word and each run of three characters of a word adds plus or minus its
// weight at a place that its hash names. Texts with common words, or words with common stems, come near each other. The
// length is 1.
func vector(text string, size int) []float32 {
	v := make([]float64, size)
	for _, w := range strings.FieldsFunc(strings.ToLower(text),
		func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		weight := 1.0
		if len(w) <= 3 {
			weight = 0.4 // small words say little
		}
		addFeature(v, "w:"+w, weight)
		padded := []rune("^" + w + "$")
		for i := 0; i+3 <= len(padded); i++ {
			addFeature(v, "g:"+string(padded[i:i+3]), weight*0.3)
		}
	}
	return unit(v, text)
}

// pictureVector embeds bytes by how often each pair of neighbours occurs.
func pictureVector(data []byte, size int) []float32 {
	v := make([]float64, size)
	for i := 0; i+2 <= len(data); i++ {
		addFeature(v, "b:"+string(data[i:i+2]), 1)
	}
	return unit(v, string(data))
}

func addFeature(v []float64, feature string, weight float64) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(feature)) // never fails
	sum := h.Sum64()
	if sum>>63 == 1 {
		weight = -weight
	}
	v[sum%uint64(len(v))] += weight
}

// unit scales to length 1. What has no features (blanks, signs) gets one of its own.
func unit(v []float64, text string) []float32 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	if sum == 0 {
		addFeature(v, "t:"+text, 1)
		sum = 1
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x / math.Sqrt(sum))
	}
	return out
}

func scaled(v []float32, by float32) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = x * by
	}
	return out
}

// asType gives a vector in one of Cohere's types. The binary ones pack eight signs into a byte.
func asType(v []float32, sort string) any {
	if sort == "float" {
		return v
	}
	out := []int{}
	if sort == "binary" || sort == "ubinary" {
		for i := 0; i < len(v); i += 8 {
			b := 0
			for j := i; j < min(i+8, len(v)); j++ {
				if v[j] > 0 {
					b |= 0x80 >> (j - i)
				}
			}
			if sort == "binary" {
				b -= 128
			}
			out = append(out, b)
		}
		return out
	}
	for _, x := range v {
		n := int(math.Round(float64(x) * 127))
		if sort == "uint8" {
			n += 128
		}
		out = append(out, n)
	}
	return out
}

// signs gives Titan's binary form: a 0 or 1 for each dimension.
func signs(v []float32) []int {
	out := make([]int, len(v))
	for i, x := range v {
		if x > 0 {
			out[i] = 1
		}
	}
	return out
}
