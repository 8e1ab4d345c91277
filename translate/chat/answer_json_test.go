package chat

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
	"outcrop/translate/converse"
)

func TestStructuredChunks(t *testing.T) {
	tool := Context{Context: converse.Context{Answer: converse.Answer{Tool: "City", Clean: true}}}
	clean := Context{Context: converse.Context{Answer: converse.Answer{Clean: true}}}
	for _, c := range []struct {
		name   string
		in     Context
		events []event
		want   []string
	}{
		{"R-FMT-05 the tool's input is the content", tool,
			[]event{evStart(), evText(0, "Here is the result:"), evEnd(0), evTool(1, "t", "City", ""), evInput(1, `{"city":`),
				evInput(1, `"Paris"}`), evEnd(1), evStop("tool_use")},
			[]string{roleChunk, `{"content":"{\"city\":"}`, `{"content":"\"Paris\"}"}`, `{} "stop"`}},
		{"R-FMT-05 blank input", tool, []event{evStart(), evTool(1, "t", "City", ""), evInput(1, ""), evEnd(1),
			evStop("tool_use")},
			[]string{roleChunk, `{"content":"{}"}`, `{} "stop"`}},
		{"R-FMT-05 text after the call, and a second call", tool,
			[]event{evStart(), evTool(0, "t", "City", ""), evInput(0, "{}"), evEnd(0), evText(1, "Done."), evEnd(1),
				evTool(2, "u", "City", ""), evInput(2, "{}"), evEnd(2), evStop("tool_use")},
			[]string{roleChunk, `{"content":"{}"}`,
				`{} "stop","outcrop":{"adjusted":["parallel_tool_calls:extra_calls_dropped"]}`}},
		{"R-FMT-05 R-FMT-07 no call", tool, []event{evStart(), evText(0, "```json\n{\"a\":"), evText(0, "1}\n```"), evEnd(0),
			evStop("end_turn")},
			[]string{roleChunk, `{"content":"{\"a\":1}"}`, `{} "stop"`}},
		{"R-FMT-09 a wrapper called properties", tool, []event{evStart(), evTool(0, "t", "City", ""), evInput(0, `{"prop`),
			evInput(0, `erties": {"a":1}}`), evEnd(0), evStop("tool_use")},
			[]string{roleChunk, `{"content":"{\"a\":1}"}`, `{} "stop"`}},
		{"R-FMT-09 properties is not alone", tool,
			[]event{evStart(), evTool(0, "t", "City", ""), evInput(0, `{"properties":{},"b":1}`), evEnd(0), evStop("tool_use")},
			[]string{roleChunk, `{"content":"{\"properties\":{},\"b\":1}"}`, `{} "stop"`}},
		{"R-FMT-09 the schema has properties of its own",
			Context{Context: converse.Context{Answer: converse.Answer{Tool: "City", Properties: true}}},
			[]event{evStart(), evTool(0, "t", "City", ""), evInput(0, `{"properties":`), evInput(0, `{}}`), evEnd(0),
				evStop("tool_use")},
			[]string{roleChunk, `{"content":"{\"properties\":"}`, `{"content":"{}}"}`, `{} "stop"`}},
		{"R-FMT-08 a wrapped root comes in one delta",
			Context{Context: converse.Context{Answer: converse.Answer{Tool: "City", Unwrap: true}}},
			[]event{evStart(), evTool(0, "t", "City", ""), evInput(0, `{"value":`), evInput(0, `[1, 2]}`), evEnd(0),
				evStop("tool_use")},
			[]string{roleChunk, `{"content":"[1, 2]"}`, `{} "stop"`}},
		{"R-FMT-08 native", Context{Context: converse.Context{Answer: converse.Answer{Unwrap: true}}},
			[]event{evStart(), evText(0, `{"val`), evText(0, `ue":7}`), evEnd(0), evStop("end_turn")},
			[]string{roleChunk, `{"content":"7"}`, `{} "stop"`}},
		{"R-FMT-08 cut", Context{Context: converse.Context{Answer: converse.Answer{Unwrap: true}}},
			[]event{evStart(), evText(0, `{"value":[1`), evEnd(0), evStop("max_tokens")},
			[]string{roleChunk, `{"content":"{\"value\":[1"}`, `{} "length"`}},
		{"R-FMT-07 only what may be the fence is held", clean,
			[]event{evStart(), evText(0, "\n``"), evText(0, "`json\n"), evText(0, ` {"a`), evText(0, "`\":\"x \""), evText(0, "}\n"), evText(0, "```"), evText(0, "\n"), evEnd(0), evStop("end_turn")},
			[]string{roleChunk, `{"content":"{\"a"}`, "{\"content\":\"`\\\":\\\"x \\\"\"}", `{"content":"}"}`, `{} "stop"`}},
		{"R-FMT-07 without a fence", clean, []event{evStart(), evText(0, " {"), evText(0, "} \n"), evEnd(0),
			evStop("end_turn")},
			[]string{roleChunk, `{"content":"{"}`, `{"content":"}"}`, `{} "stop"`}},
		{"R-FMT-07 prose stays and is reported", clean, []event{evStart(), evText(0, " I "), evText(0, "cannot. "), evEnd(0),
			evStop("end_turn")},
			[]string{roleChunk, `{"content":" I "}`, `{"content":"cannot. "}`,
				`{} "stop","outcrop":{"adjusted":["response_format:not_json"]}`}},
		{"R-FMT-07 text beside a call is no answer", clean, []event{evStart(), evText(0, "Let me see."), evEnd(0),
			evTool(1, "t", "f", ""), evEnd(1), evStop("tool_use")},
			[]string{roleChunk, `{"content":"Let me see."}`,
				`{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}]}`,
				`{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}`, `{} "tool_calls"`}},
		{"R-TOOL-15 calls are discarded", Context{Context: converse.Context{DiscardCalls: true}},
			[]event{evStart(), evText(0, "a"), evEnd(0), evTool(1, "t", "f", ""), evInput(1, "{}"), evEnd(1),
				evStop("tool_use")},
			[]string{roleChunk, `{"content":"a"}`, `{} "stop","outcrop":{"adjusted":["tools:calls_discarded"]}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			parts, err := chunks(sequence(nil, c.events...), &c.in)
			if err != nil {
				t.Fatal(err)
			}
			wellFormed(t, parts)
			if got := tell(parts); !slices.Equal(got, c.want) {
				t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
		})
	}
}

func TestStructuredOutput(t *testing.T) {
	input := func(v any) types.ContentBlock {
		return &types.ContentBlockMemberToolUse{Value: types.ToolUseBlock{Input: document.NewLazyDocument(v)}}
	}
	text := func(s string) types.ContentBlock { return &types.ContentBlockMemberText{Value: s} }
	for _, c := range []struct {
		name     string
		how      converse.Answer
		blocks   []types.ContentBlock
		want     string
		adjusted bool
	}{
		{"R-FMT-05 call", converse.Answer{Tool: "t", Clean: true},
			[]types.ContentBlock{text("Here:"), input(map[string]any{"a": 1})}, `{"a":1}`, false},
		{"R-FMT-05 no call", converse.Answer{Tool: "t", Clean: true}, []types.ContentBlock{text("```\n{}\n```")}, `{}`,
			false},
		{"R-FMT-08 R-FMT-09 both wrappers", converse.Answer{Tool: "t", Unwrap: true},
			[]types.ContentBlock{input(map[string]any{"properties": map[string]any{"value": "x"}})}, `"x"`, false},
		{"R-FMT-07 fence", converse.Answer{Clean: true}, []types.ContentBlock{text(" ```json\n[1]\n``` ")}, `[1]`, false},
		{"R-FMT-07 text over two blocks", converse.Answer{Clean: true}, []types.ContentBlock{text("[1"), text("] ")},
			`[1]`, false},
		{"R-FMT-07 fence on one line", converse.Answer{Clean: true}, []types.ContentBlock{text("```{\"a\":\n1}```")},
			"{\"a\":\n1}", false},
		{"R-FMT-07 unchanged", converse.Answer{Clean: true}, []types.ContentBlock{text(" ```json\n{oops}\n``` ")},
			" ```json\n{oops}\n``` ", true},
		{"R-FMT-07 two values", converse.Answer{Clean: true}, []types.ContentBlock{text("1 2 ")}, "1 2 ", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := &bedrockruntime.ConverseOutput{
				Output: &types.ConverseOutputMemberMessage{Value: types.Message{Content: c.blocks}}, StopReason: "end_turn"}
			got, adjusted, err := Output(out, &Context{Context: converse.Context{Answer: c.how}}, testMeta)
			if err != nil {
				t.Fatal(err)
			}
			m := got.Choices[0].Message
			if m.Content == nil || *m.Content != c.want || m.ToolCalls != nil ||
				got.Choices[0].FinishReason != openai.FinishStop {
				t.Errorf("%s", asJSON(got))
			}
			if (len(adjusted.List()) > 0) != c.adjusted {
				t.Errorf("adjusted %v", adjusted.List())
			}
		})
	}
}
