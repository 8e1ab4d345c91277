package chat

import (
	"testing"

	"outcrop/internal/test/growthtest"
	"outcrop/translate"
)

// TestMendA2GrowthOfTranslation decodes and translates bodies in which one thing is repeated: some, so that lists and
// maps of either size are copied as often while they grow, and stay near the processor.
func TestMendA2GrowthOfTranslation(t *testing.T) {
	to := target(t, haiku)
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			growthtest.Check(t, 200, func(n int) func() {
				body := c.body(n)
				return func() {
					if _, in, _, fault := ask(t, body, to, translate.Options{Strict: c.strict}); in == nil && fault == nil {
						t.Fatal("neither an input nor a fault")
					}
				}
			})
		})
	}
}
