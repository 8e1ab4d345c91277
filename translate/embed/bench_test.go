package embed

import (
	"math"
	"strconv"
	"testing"

	"outcrop/translate"
	"outcrop/translate/tokens"
)

// cohereReply is a full reply of Cohere v4: 96 vectors of 1,536 numbers.
func cohereReply() []byte {
	b := []byte(`{"embeddings":{"float":[`)
	for v := range 96 {
		if v > 0 {
			b = append(b, ',')
		}
		for n := range 1536 {
			b = append(b, "[,"[min(n, 1)])
			b = strconv.AppendFloat(b, math.Sin(float64(v*1536+n))/30, 'g', -1, 32)
		}
		b = append(b, ']')
	}
	return append(b, `]},"response_type":"embeddings_by_type"}`...)
}

func BenchmarkEmbedOutput(b *testing.B) {
	body := cohereReply()
	for _, format := range []string{"float", "base64"} {
		b.Run(format, func(b *testing.B) {
			req := embedRequest(numbered(96, "")...)
			req.EncodingFormat = &format
			_, c, err := Inputs(req, embedTarget(b, cohere4), translate.Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Output([]Reply{{body, 96}}, &c, translate.Meta{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEmbedInputs(b *testing.B) {
	texts := numbered(96, " is the number at the start of a sentence of a usual length.")
	for _, model := range []string{titanV2, cohere4} {
		b.Run(model, func(b *testing.B) {
			target := embedTarget(b, model)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Inputs(embedRequest(texts...), target, translate.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecodeTokens(b *testing.B) {
	ids := make([]int64, 8191)
	for i := range ids {
		ids[i] = int64(i * 12)
	}
	tokens.Decode(ids) // builds the vocabulary
	b.ReportAllocs()
	for b.Loop() {
		tokens.Decode(ids)
	}
}
