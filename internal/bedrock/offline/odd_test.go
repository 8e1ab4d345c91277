package offline

import (
	"fmt"
	"strings"
	"testing"

	"outcrop/internal/bedrock/offline/answer"
	"outcrop/internal/bedrock/offline/wire"
)

// TestMendB3ThinkingMayNotBeMoved: thinking stands between texts and calls on demand, and comes back as it was or not
// at all.
func TestMendB3ThinkingMayNotBeMoved(t *testing.T) {
	s := newServer(t)
	const think = `"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024}}`
	for _, question := range []string{"THINKAGAIN", "THINKAGAIN call f and SAMEID"} {
		ask := `{"role":"user","content":[{"text":"` + question + `"}]}`
		first := s.converse(sonnet45, []byte(`{`+talk(ask)+`,`+oneTool+`,`+think+`}`), false)
		content := contentOfReply(t, first)
		var kinds []string
		for _, b := range content {
			for kind := range b {
				kinds = append(kinds, kind)
			}
		}
		want, answer := "reasoningContent text reasoningContent text", `{"text":"On"}`
		if strings.Contains(question, "call") {
			want, answer = "reasoningContent text reasoningContent toolUse reasoningContent toolUse", ""
			for i, b := range content {
				if use, ok := b["toolUse"].(map[string]any); ok {
					use["toolUseId"] = fmt.Sprint("call_", i) // histories need ids of their own
					delete(use, "type")                       // stands in answers only
					answer += `,{"toolResult":{"toolUseId":"` + use["toolUseId"].(string) + `","content":[{"text":"1"}]}}`
				}
			}
			answer = strings.TrimPrefix(answer, ",")
		}
		if got := strings.Join(kinds, " "); got != want {
			t.Fatalf("%s: %s", question, got)
		}
		again := func(blocks ...map[string]any) *wire.Reply {
			return s.converse(sonnet45,
				[]byte(`{`+talk(ask, `{"role":"assistant","content":`+string(wire.Marshal(blocks))+`}`,
					turnOf(answer))+`,`+oneTool+`,`+think+`}`), false)
		}
		if rep := again(content...); rep.Status != 200 {
			t.Errorf("%s: unchanged: %s", question, rep.Body)
		}
		const cannot = "`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. " +
			"These blocks must remain as they were in the original response."
		swapped := append([]map[string]any{content[2], content[1], content[0]}, content[3:]...)
		gathered := append([]map[string]any{content[0], content[2], content[1]}, content[3:]...)
		without := append([]map[string]any{content[2]}, content[3:]...)
		for name, blocks := range map[string][]map[string]any{"swapped": swapped, "gathered": gathered,
			"the first left out": without} {
			if rep := again(blocks...); rep.Status != 400 || !strings.Contains(messageOf(t, rep.Body), cannot) {
				t.Errorf("%s, %s: %d %s", question, name, rep.Status, rep.Body)
			}
		}
	}
}

// TestMendOddAnswers: what models were seen to give is given on demand, plain and streamed.
func TestMendOddAnswers(t *testing.T) {
	s := newServer(t)
	ask := func(word string, stream bool) string {
		rep := s.converse(novaLite,
			[]byte(`{`+talk(`{"role":"user","content":[{"text":"call f, `+word+`"}]}`)+`,`+oneTool+`}`), stream)
		text := string(rep.Body)
		for _, f := range rep.Frames {
			text += string(f.Bytes)
		}
		if rep.Status != 200 {
			t.Fatalf("%s: %s", word, text)
		}
		return text
	}
	for _, stream := range []bool{false, true} {
		if got := ask(answer.NoCall, stream); strings.Contains(got, "toolUse\"") ||
			!strings.Contains(got, `"stopReason":"tool_use"`) {
			t.Errorf("Mend B12: stopped for a tool, streamed %v: %s", stream, got)
		}
		got := ask(answer.SameID, stream)
		_, id, _ := strings.Cut(got, `"toolUseId":"`)
		if id, _, _ = strings.Cut(id, `"`); strings.Count(got, `"toolUseId":"`+id+`"`) != 2 {
			t.Errorf("Mend B4: two calls under one id, streamed %v: %s", stream, got)
		}
		if got := ask(answer.StringInput, stream); !strings.Contains(got, `"input":"{}"`) &&
			!strings.Contains(got, `"input":"\"{}\""`) {
			t.Errorf("Mend B12: an input that is a JSON string, streamed %v: %s", stream, got)
		}
	}
}
