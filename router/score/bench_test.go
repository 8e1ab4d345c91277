package score

import (
	"strings"
	"testing"
)

const (
	benchShort = "A farmer has 18 hens. Each lays 5 eggs a week. He sells the eggs by the dozen at $3. How much does " +
		"he earn in two weeks if no egg is left over?"
	benchCode = "Why does this leak, and how do I fix it?\n```go\nfunc h(w http.ResponseWriter, r *http.Request) " +
		"{\n\tch := make(chan int)\n\tgo func() { ch <- work(r) }()\n\tselect {\n\tcase v := <-ch:\n\t\tfmt.Fprint(w, " +
		"v)\n\tcase <-time.After(time.Second):\n\t}\n}\n```\n"
)

// BenchmarkScore shows what a score costs beside counting words, in one run.
func BenchmarkScore(b *testing.B) {
	s := newScorer(b, Default())
	for _, c := range []struct{ name, text string }{
		{"question", benchShort}, {"code", benchCode}, {"chinese", strings.Repeat("证明：对于任意正整数，能被六整除，并写出每一步的推理。", 4)},
		{"long", strings.Repeat(benchShort+" "+benchCode, 50)},
	} {
		b.Run(c.name+"/score", func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				s.Score(c.text)
			}
		})
		b.Run(c.name+"/words", func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				_ = len(strings.Fields(c.text))
			}
		})
	}
}
