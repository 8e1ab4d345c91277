package chat

import (
	"fmt"
	"strings"
	"testing"

	"outcrop/openai"
	"outcrop/translate"
)

func benchmarkChatInput(b *testing.B, body string) {
	to := target(b, haiku)
	req, fault := openai.DecodeChat([]byte(body))
	if fault == nil {
		fault = openai.Validate(req)
	}
	if fault != nil {
		b.Fatal(fault)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Input(req, to, translate.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkChatInputSmall(b *testing.B) {
	benchmarkChatInput(b, `{"model":"m","temperature":0.7,"max_tokens":100,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello!"}]}`)
}

// largeRequest has 20 turns, four tools and about 32 KB.
func largeRequest() string {
	var s strings.Builder
	s.WriteString(`{"model":"m","tools":[`)
	for i := range 4 {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, `{"type":"function","function":{"name":"tool_%d","description":"Does something.","parameters":{"type":"object","properties":{"city":{"type":"string","description":%q}},"required":["city"]}}}`, i, strings.Repeat("d", 800))
	}
	s.WriteString(`],"messages":[{"role":"system","content":"Be brief."}`)
	for i := range 10 {
		fmt.Fprintf(&s, `,{"role":"user","content":%q}`, strings.Repeat("word ", 200))
		if i%2 == 1 {
			fmt.Fprintf(&s, `,{"role":"assistant","content":%q}`, strings.Repeat("word ", 300))
			continue
		}
		fmt.Fprintf(&s, `,{"role":"assistant","content":null,"tool_calls":[{"id":"call_%d","type":"function","function":{"name":"tool_1","arguments":"{\"city\":\"Paris\"}"}}]},{"role":"tool","tool_call_id":"call_%d","content":%q}`, i, i, strings.Repeat("data ", 250))
	}
	s.WriteString(`,{"role":"user","content":"Go on."}]}`)
	return s.String()
}

func BenchmarkChatInputLarge(b *testing.B) { benchmarkChatInput(b, largeRequest()) }
