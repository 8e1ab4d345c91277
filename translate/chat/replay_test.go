package chat

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/go-json-experiment/json/jsontext"

	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/converse"
)

const opus46 = "anthropic.claude-opus-4-6-v1" // thinks between calls

// interleavedReply makes up what Claude may produce: thinking first, and then text, calls and thinking in any order.
func interleavedReply(r *rand.Rand) []types.ContentBlock {
	thought := func(i int) types.ContentBlock {
		if r.IntN(4) == 0 {
			return &types.ContentBlockMemberReasoningContent{Value: &types.ReasoningContentBlockMemberRedactedContent{
				Value: []byte{byte(i), 0xff}}}
		}
		return &types.ContentBlockMemberReasoningContent{Value: &types.ReasoningContentBlockMemberReasoningText{
			Value: types.ReasoningTextBlock{Text: aws.String(fmt.Sprintf("thought %d", i)),
				Signature: aws.String(fmt.Sprintf("sig%d", i))}}}
	}
	say := func(s string) types.ContentBlock { return &types.ContentBlockMemberText{Value: s} }
	blocks := []types.ContentBlock{thought(0)}
	for i := range 1 + r.IntN(8) {
		switch r.IntN(3) {
		case 0:
			blocks = append(blocks, thought(i+1))
		case 1:
			blocks = append(blocks, say([]string{"Grüße.", " 😀 then", "a", "\nb\n"}[r.IntN(4)]))
		default:
			blocks = append(blocks, &types.ContentBlockMemberToolUse{Value: types.ToolUseBlock{
				ToolUseId: aws.String(fmt.Sprintf("t%d", i)), Name: aws.String("f"),
				Input: document.NewLazyDocument(map[string]any{"i": i})}})
		}
	}
	return append(blocks, say("end"))
}

// told writes blocks down as a history can tell them: between two thoughts the text as one, then the calls.
func told(t *testing.T, blocks []types.ContentBlock) string {
	t.Helper()
	var out, said, calls strings.Builder
	segment := func() {
		out.WriteString(said.String() + calls.String())
		said.Reset()
		calls.Reset()
	}
	for _, b := range blocks {
		switch b := b.(type) {
		case *types.ContentBlockMemberReasoningContent:
			segment()
			switch v := b.Value.(type) {
			case *types.ReasoningContentBlockMemberReasoningText:
				fmt.Fprintf(&out, "[%s|%s]", *v.Value.Text, *v.Value.Signature)
			case *types.ReasoningContentBlockMemberRedactedContent:
				fmt.Fprintf(&out, "[%x]", v.Value)
			}
		case *types.ContentBlockMemberText:
			said.WriteString(b.Value)
		case *types.ContentBlockMemberToolUse:
			fmt.Fprintf(&calls, "(%s)", *b.Value.ToolUseId)
		default:
			t.Fatalf("a %T", b)
		}
	}
	segment()
	return out.String()
}

// eventsOf are the events of a stream of the blocks, in pieces, with or without contentBlockStop.
func eventsOf(blocks []types.ContentBlock, stops bool) []event {
	list := []event{evStart()}
	for i, b := range blocks {
		n := int32(i)
		switch b := b.(type) {
		case *types.ContentBlockMemberText:
			half := len([]rune(b.Value)) / 2
			list = append(list, evText(n, string([]rune(b.Value)[:half])), evText(n, string([]rune(b.Value)[half:])))
		case *types.ContentBlockMemberToolUse:
			input, _ := b.Value.Input.MarshalSmithyDocument()
			list = append(list, evTool(n, *b.Value.ToolUseId, *b.Value.Name, ""), evInput(n, string(input)))
		case *types.ContentBlockMemberReasoningContent:
			switch v := b.Value.(type) {
			case *types.ReasoningContentBlockMemberReasoningText:
				list = append(list, evThink(n, *v.Value.Text), evSign(n, *v.Value.Signature))
			case *types.ReasoningContentBlockMemberRedactedContent:
				list = append(list, evRedact(n, string(v.Value)))
			}
		}
		if stops {
			list = append(list, evEnd(n))
		}
	}
	return append(list, evStop("tool_use"), evUsage(1, 1))
}

// sentBack gives the blocks of the assistant's turn when the answer is sent back whole.
func sentBack(t *testing.T, answer *openai.ChatResponse) []types.ContentBlock {
	t.Helper()
	message := jsontext.Value(answer.AppendJSON(nil))
	var whole struct {
		Choices []struct{ Message jsontext.Value }
	}
	if err := json.Unmarshal(message, &whole); err != nil {
		t.Fatal(err)
	}
	results := ""
	for _, c := range answer.Choices[0].Message.ToolCalls {
		results += fmt.Sprintf(`,{"role":"tool","tool_call_id":%q,"content":"ok"}`, c.ID)
	}
	body := `{"model":"m","reasoning_effort":"low","prompt_cache_options":{"mode":"explicit"},"tools":[{"type":"function","function":{"name":"f"}}],` +
		`"messages":[{"role":"user","content":"q"},` + string(whole.Choices[0].Message) + results +
		`,{"role":"user","content":"go on"}]}`
	req, fault := openai.DecodeChat([]byte(body))
	if fault != nil {
		t.Fatal(fault)
	}
	in, c, err := Input(req, target(t, opus46), translate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if h := c.Adjusted.Header(); h != "" {
		t.Errorf("adjusted %q", h)
	}
	return in.Messages[1].Content
}

// TestMendB3ReasoningComesBackInItsOrder: what Claude produced, plain or streamed, with stop events or without, goes
// back as it was.
func TestMendB3ReasoningComesBackInItsOrder(t *testing.T) {
	t.Run("R-RPL-05 R-RPL-02 R-RPL-04 R-MSG-16 R-STR-09 R-STR-16 R-STR-17", func(t *testing.T) {
		c := &Context{Context: converse.Context{Format: "bedrock.claude"}}
		for seed := range uint64(300) {
			blocks := interleavedReply(rand.New(rand.NewPCG(seed, 3)))
			want := told(t, blocks)
			plain, _, err := Output(&bedrockruntime.ConverseOutput{StopReason: "tool_use",
				Usage:  &types.TokenUsage{InputTokens: aws.Int32(1), OutputTokens: aws.Int32(1)},
				Output: &types.ConverseOutputMemberMessage{Value: types.Message{Content: blocks}}}, c, testMeta)
			if err != nil {
				t.Fatal(err)
			}
			for _, stops := range []bool{true, false} {
				parts, err := chunks(sequence(nil, eventsOf(blocks, stops)...), c)
				if err != nil {
					t.Fatal(err)
				}
				wellFormed(t, parts)
				sameAnswer(t, plain, fold(t, parts))
			}
			sameAnswer(t, plain, fold(t, Unfold(plain, testMeta)))
			sameAnswer(t, plain, fold(t, Replay(plain, testMeta)))
			if got := told(t, sentBack(t, plain)); got != want {
				t.Fatalf("seed %d:\n got %q\nwant %q", seed, got, want)
			}
		}
	})
}

// TestMendB3PositionsThatLie: a history may say anything; no block is lost or doubled, and nothing breaks.
func TestMendB3PositionsThatLie(t *testing.T) {
	t.Run("R-RPL-05 R-RPL-13", func(t *testing.T) {
		for _, after := range []string{`{"content":-1,"tool_calls":0}`, `{"content":1e9,"tool_calls":2147483647}`,
			`{"content":2147483647,"tool_calls":2147483647}`, `{"content":"1"}`, `null`, `[]`, `7`,
			`{"content":1.5,"tool_calls":0}`, `{}`} {
			body := `{"model":"m","reasoning_effort":"low","tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"user","content":"q"},` +
				`{"role":"assistant","content":"Hello","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}],` +
				`"reasoning_details":[{"type":"reasoning.text","text":"a","signature":"s","format":"bedrock.claude","after":` +
				after + `}]},{"role":"tool","tool_call_id":"t","content":"ok"}]}`
			req, fault := openai.DecodeChat([]byte(body))
			if fault != nil {
				t.Fatalf("%s: %v", after, fault)
			}
			in, _, err := Input(req, target(t, opus46), translate.Options{})
			if err != nil {
				t.Fatalf("%s: %v", after, err)
			}
			content := slices.DeleteFunc(in.Messages[1].Content, isBlockPoint)
			if len(content) != 3 || !slices.ContainsFunc(content, isReasoning) {
				t.Errorf("%s: %s", after, told(t, content))
			}
		}
	})
}

// TestMendB8AnyTurnOfReasoningAloneIsDropped looks for such a turn in what any history becomes.
func TestMendB8AnyTurnOfReasoningAloneIsDropped(t *testing.T) {
	t.Run("R-MSG-12 R-RPL-13", func(t *testing.T) {
		dropped := 0
		for seed := range uint64(5000) {
			r := rand.New(rand.NewPCG(seed, 5))
			req := anyConversation(r)
			req.ReasoningEffort = aws.String("low")
			in, _, err := Input(req, target(t, opus46), translate.Options{})
			if err != nil {
				continue
			}
			for _, m := range in.Messages {
				if m.Role == types.ConversationRoleAssistant &&
					!slices.ContainsFunc(m.Content, func(b types.ContentBlock) bool { return !isReasoning(b) && !isBlockPoint(b) }) {
					t.Fatalf("seed %d: a turn of nothing but reasoning", seed)
				}
			}
			if slices.ContainsFunc(req.Messages, func(m openai.Message) bool {
				return m.Role == "assistant" && !speaks(&m) && len(m.ToolCalls) == 0 && m.FunctionCall == nil
			}) {
				dropped++
			}
		}
		if dropped < 100 {
			t.Errorf("only %d conversations had such a turn", dropped)
		}
	})
}

// TestMendB4ResultsFindTheirCalls: of k calls that share an id no result is lost or given to a call of another name.
func TestMendB4ResultsFindTheirCalls(t *testing.T) {
	t.Run("R-MSG-11 R-MSG-10 R-RPL-13", func(t *testing.T) {
		names, ids := []string{"f", "g", "h"}, []string{"call_0", "", "f"}
		for seed := range uint64(5000) {
			r := rand.New(rand.NewPCG(seed, 4))
			req := &openai.ChatRequest{Model: "m"}
			for _, n := range names {
				req.Tools = append(req.Tools, openai.Tool{Type: "function", Function: openai.Function{Name: n}})
			}
			n, lost := 0, 0
			for range 1 + r.IntN(3) {
				req.Messages = append(req.Messages, openai.Message{Role: "user", Content: &openai.Content{Text: "q"}})
				m := openai.Message{Role: "assistant"}
				var results []openai.Message
				named := r.IntN(2) == 0
				for range 1 + r.IntN(5) {
					id, name := ids[r.IntN(len(ids))], names[r.IntN(len(names))]
					n++
					// What a call asks for is what its result tells: the number, or the name where the order is another.
					m.ToolCalls = append(m.ToolCalls,
						openai.ToolCall{ID: id, Type: "function",
							Function: openai.FunctionCall{Name: name, Arguments: aws.String(fmt.Sprintf(`{"n":%d}`, n))}})
					result := openai.Message{Role: "tool", ToolCallID: &id,
						Content: &openai.Content{Text: fmt.Sprintf("%s %d", name, n)}}
					if named {
						result.Name = &name
					}
					results = append(results, result)
				}
				if named {
					r.Shuffle(len(results), func(i, j int) { results[i], results[j] = results[j], results[i] })
				}
				if r.IntN(4) == 0 {
					results, lost = results[:len(results)-1], lost+1
				}
				req.Messages = append(append(req.Messages, m), results...)
			}
			in, c, err := Input(req, target(t, opus46), translate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			row := target(t, opus46).Row
			for _, complaint := range complaints(in, row) {
				t.Fatalf("seed %d: %s", seed, complaint)
			}
			if h := c.Adjusted.Header(); strings.Contains(h, "duplicate") || strings.Contains(h, "orphan") ||
				strings.Contains(h, "missing") != (lost > 0) {
				t.Fatalf("seed %d: adjusted %q, %d results lost", seed, h, lost)
			}
			matchResults(t, seed, in, lost == 0)
		}
	})
}

// matchResults checks that each result stands with a call of its name, and under its own number where all came in
// order.
func matchResults(t *testing.T, seed uint64, in *bedrockruntime.ConverseInput, all bool) {
	t.Helper()
	names := map[string]string{}
	results := 0
	for _, m := range in.Messages {
		for _, b := range m.Content {
			switch b := b.(type) {
			case *types.ContentBlockMemberToolUse:
				names[*b.Value.ToolUseId] = *b.Value.Name
			case *types.ContentBlockMemberToolResult:
				said := b.Value.Content[0].(*types.ToolResultContentBlockMemberText).Value
				if said == "(no result)" {
					continue
				}
				results++
				if !strings.HasPrefix(said, names[*b.Value.ToolUseId]+" ") && all {
					t.Fatalf("seed %d: the call of %s got %q", seed, names[*b.Value.ToolUseId], said)
				}
			}
		}
	}
	if results == 0 && all {
		t.Fatalf("seed %d: no results", seed)
	}
}

// TestMendB4AThousandCallsOfOneID takes its time once, not once for each other call.
func TestMendB4AThousandCallsOfOneID(t *testing.T) {
	const n = 20_000
	req := &openai.ChatRequest{Model: "m", Messages: []openai.Message{{Role: "user", Content: &openai.Content{Text: "q"}},
		{Role: "assistant"}}}
	req.Tools = []openai.Tool{{Type: "function", Function: openai.Function{Name: "f"}}}
	id := "c"
	for i := range n {
		req.Messages[1].ToolCalls = append(req.Messages[1].ToolCalls,
			openai.ToolCall{ID: id, Type: "function", Function: openai.FunctionCall{Name: "f"}})
		m := openai.Message{Role: "tool", ToolCallID: &id, Content: &openai.Content{Text: fmt.Sprint(i)}}
		if i%2 == 0 {
			m.Name = aws.String("f")
		}
		req.Messages = append(req.Messages, m)
	}
	in, _, err := Input(req, target(t, opus46), translate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(slices.DeleteFunc(in.Messages[2].Content, isBlockPoint)); got != n {
		t.Errorf("%d results of %d", got, n)
	}
}

func isBlockPoint(b types.ContentBlock) bool {
	_, is := b.(*types.ContentBlockMemberCachePoint)
	return is
}

func isReasoning(b types.ContentBlock) bool {
	_, is := b.(*types.ContentBlockMemberReasoningContent)
	return is
}
