package pipeline

import (
	"strings"
	"testing"

	"outcrop/internal/inspect"
	"outcrop/internal/telemetry"
	"outcrop/openai"
	"outcrop/policy"
)

// prose is 2 KB without anything to find.
var prose = strings.Repeat("the quick survey of the river showed that most of the banks had moved by a few metres "+
	"over the last two years, ", 18)

func BenchmarkInspect(b *testing.B) {
	for _, bb := range []struct {
		name string
		cfg  *policy.Config
	}{
		{"none", nil},
		{"pii", &policy.Config{Redaction: policy.Redaction{Enabled: true, Action: policy.Tokenize}}},
		{"pii and injection", &policy.Config{Redaction: policy.Redaction{Enabled: true, Action: policy.Tokenize},
			Injection: policy.InjectionScan{Enabled: true}}},
	} {
		var guards inspect.Guards
		if bb.cfg != nil {
			guards = guardOf(b, *bb.cfg)
		}
		rec := telemetry.New()
		b.Run(bb.name+"/request of 2 KB", func(b *testing.B) {
			m := &model{parts: []openai.Part{&openai.EmbeddingResponse{}}}
			handle := inspect.Inspect(guards, rec)(m.handle)
			c := userCall(b, prose)
			b.ReportAllocs()
			for b.Loop() {
				reply, err := handle(b.Context(), c)
				if err != nil {
					b.Fatal(err)
				}
				for range reply.Parts {
				}
			}
		})
		b.Run(bb.name+"/stream of 400 deltas", func(b *testing.B) {
			words := strings.SplitAfter(prose, " ")[:380]
			m := &model{}
			handle := inspect.Inspect(guards, rec)(m.handle)
			c := userCall(b, "hello")
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				m.parts = streamAnswer(words...)
				b.StartTimer()
				reply, err := handle(b.Context(), c)
				if err != nil {
					b.Fatal(err)
				}
				for range reply.Parts {
				}
			}
		})
	}
}
