package chat

import (
	"fmt"
	"strings"
	"testing"

	"outcrop/openai"
	"outcrop/translate"
)

// The message of strict mode lists all adjustments, but no answer grows with what a client made up.
func TestStrictMessageIsBounded(t *testing.T) {
	var body strings.Builder
	body.WriteString(`{"model":"m","seed":1,"store":true,"messages":[{"role":"user","content":"Hi"}]`)
	const made = 5000
	for i := range made {
		fmt.Fprintf(&body, `,"%s%d":1`, strings.Repeat("ü", 300), i)
	}
	body.WriteString("}")
	_, _, _, fault := ask(t, body.String(), target(t, haiku), translate.Options{Strict: true})
	if fault == nil || fault.Code != openai.CodeUnsupportedValue || fault.Param != "seed" {
		t.Fatalf("R-GEN-04 %v", fault)
	}
	want := fmt.Sprintf(" and %d more.", made+2-32)
	if !strings.Contains(fault.Message, "seed:unsupported, store:unsupported, ü") ||
		!strings.HasSuffix(fault.Message, want) || len(fault.Message) > 10_000 {
		t.Errorf("R-GEN-04 %d bytes: %.300s", len(fault.Message), fault.Message)
	}
}
