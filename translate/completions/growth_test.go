package completions

import (
	"strings"
	"testing"

	"outcrop/internal/test/growthtest"
	"outcrop/openai"
)

// A prompt that is ten times as long takes ten times the work, whatever it is cut into.
func TestGrowthOfPrompts(t *testing.T) {
	for name, piece := range map[string]string{
		"turns": `\n\nHuman: a\n\nAssistant: b`, "lines": `\n\n`, "humans": `\n\nHuman:`, "space": ` `,
	} {
		t.Run(name, func(t *testing.T) {
			// package regexp has another way for texts below some 10 KB, so that both sizes lie above
			growthtest.Check(t, 20000, func(n int) func() {
				body := []byte(`{"model":"m","prompt":"` + strings.Repeat(piece, n) + `x"}`)
				return func() {
					r, fault := openai.DecodeCompletion(body)
					if fault == nil {
						_, fault = Chat(r)
					}
					if fault != nil {
						t.Fatal(fault)
					}
				}
			})
		})
	}
}
