package responses

import (
	"strconv"
	"strings"
	"testing"

	"outcrop/internal/test/growthtest"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// What takes ten times as many items, tools or parts takes ten times the work.
func TestGrowthOfItems(t *testing.T) {
	to := target(t, "us.anthropic.claude-sonnet-4-5-20250929-v1:0")
	for name, c := range map[string][3]string{
		"messages": {`{"model":"m","input":[{"role":"user","content":"Hi"}`,
			`,{"role":"assistant","content":"a"}`, `]}`},
		"calls": {`{"model":"m","input":[{"role":"user","content":"Hi"}`,
			`,{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}`, `]}`},
		"outputs": {`{"model":"m","input":[{"role":"user","content":"Hi"}`,
			`,{"type":"function_call_output","call_id":"c","output":"x"}`, `]}`},
		"reasoning": {`{"model":"m","input":[{"role":"user","content":"Hi"}`,
			`,{"type":"reasoning","encrypted_content":"oc1.e30"}`, `]}`},
		"parts": {`{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"x"}`,
			`,{"type":"input_text","text":"x"}`, `]}]}`},
		"hosted": {`{"model":"m","input":"Hi","tools":[{"type":"function","name":"f"}`,
			`,{"type":"web_search_#"}`, `]}`},
		"included": {`{"model":"m","input":"Hi","include":["file_search_call.results"`,
			`,"reasoning.encrypted_content"`, `]}`},
	} {
		t.Run(name, func(t *testing.T) {
			growthtest.Check(t, 200, func(n int) func() {
				var b strings.Builder
				b.WriteString(c[0])
				for i := range n { // each hosted tool of another name: reports must not grow with them
					b.WriteString(strings.Replace(c[1], "#", strconv.Itoa(i), 1))
				}
				body := []byte(b.String() + c[2])
				return func() {
					req, fault := decoded(body)
					if fault != nil {
						t.Fatal(fault)
					}
					_, _, _ = chat.Input(req, to, translate.Options{}) // refused or not, it ends
				}
			})
		})
	}
}
