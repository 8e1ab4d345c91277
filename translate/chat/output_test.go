package chat

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/test/wiretest"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/converse"
)

// TestChatOutput takes replies in wire form to what stands in the choice, and in usage and outcrop where it matters.
func TestChatOutput(t *testing.T) {
	reply := func(content, rest string) string {
		return `{"output":{"message":{"role":"assistant","content":[` + content + `]}}` + rest + `}`
	}
	tool := func(id, rest string) string { return `{"toolUse":{"toolUseId":"` + id + `","name":"f"` + rest + `}}` }
	for _, c := range []struct {
		name     string
		in       Context
		body     string
		want     []string // pieces of the answer
		not      []string
		adjusted string
		code     string // of the error
	}{
		{name: "R-RES-04 R-RES-06 no blocks", body: reply("", `,"stopReason":"end_turn"`),
			want: []string{`"choices":[{"index":0,"message":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":"stop"}]`, `"service_tier":"default"`},
			not:  []string{"usage", "outcrop"}},
		{name: "R-RES-05 texts are joined without separator",
			body: reply(`{"text":"a"},{"citationsContent":{"content":[{"text":"b"},{"text":"c"}]}},{"text":"d"}`,
				`,"stopReason":"end_turn"`),
			want: []string{`"content":"abcd"`}, not: []string{"annotations"}},
		{name: "R-RES-06 a call and no text", body: reply(tool("t", ""), `,"stopReason":"tool_use"`),
			want: []string{`"content":null`, `"finish_reason":"tool_calls"`}},
		{name: "R-RES-07 R-RES-08 reasoning", in: Context{Context: converse.Context{Format: "bedrock.nova"}},
			body: reply(`{"reasoningContent":{"reasoningText":{"text":"a","signature":"s"}}},{"reasoningContent":{"reasoningText":{"text":"[REDACTED]"}}},`+
				`{"reasoningContent":{"redactedContent":"RXR0"}},{"text":"x"},{"reasoningContent":{"reasoningText":{"text":"b"}}}`,
				`,"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}`),
			want: []string{`"reasoning_content":"a\n\nb","reasoning_details":[` +
				`{"index":0,"type":"reasoning.text","text":"a","signature":"s","format":"bedrock.nova","after":{"content":0,"tool_calls":0}},{"index":1,"type":"reasoning.text","text":"[REDACTED]","format":"bedrock.nova","after":{"content":0,"tool_calls":0}},` +
				`{"index":2,"type":"reasoning.encrypted","data":"RXR0","format":"bedrock.nova","after":{"content":0,"tool_calls":0}},{"index":3,"type":"reasoning.text","text":"b","format":"bedrock.nova","after":{"content":1,"tool_calls":0}}]`},
			not: []string{"reasoning_tokens"}}, // R-USE-03
		{name: "R-RES-08 R-RPL-05 Mend B3 where reasoning stood",
			in: Context{Context: converse.Context{Format: "bedrock.claude"}},
			body: reply(`{"reasoningContent":{"redactedContent":"RU5D"}},{"text":"é!"},{"reasoningContent":{"reasoningText":{"text":"b","signature":"t"}}},`+tool("t", "")+
				`,{"reasoningContent":{"reasoningText":{"text":"c","signature":"u"}}},`+tool("u", ""), `,"stopReason":"tool_use"`),
			want: []string{`"data":"RU5D","format":"bedrock.claude","after":{"content":0,"tool_calls":0}}`,
				`"signature":"t","format":"bedrock.claude","after":{"content":2,"tool_calls":0}}`,
				`"signature":"u","format":"bedrock.claude","after":{"content":2,"tool_calls":1}}`}},
		{name: "R-RPL-05 Mend B3 a call that is dropped does not count",
			in: Context{Context: converse.Context{OneCall: true}},
			body: reply(tool("t", "")+","+tool("u", "")+`,{"reasoningContent":{"reasoningText":{"text":"c","signature":"u"}}}`,
				`,"stopReason":"tool_use"`),
			want: []string{`"after":{"content":0,"tool_calls":1}}`}, adjusted: "parallel_tool_calls:extra_calls_dropped"},
		{name: "R-RPL-05 R-FMT-07 Mend B3 places count what is left of the content",
			in:   Context{Context: converse.Context{Answer: converse.Answer{Clean: true}}},
			body: reply("{\"text\":\" ```json\\n{\\\"é\\\":\"},"+`{"reasoningContent":{"reasoningText":{"text":"c","signature":"u"}}}`+",{\"text\":\"1}\\n```\"}", `,"stopReason":"end_turn"`),
			want: []string{`"content":"{\"é\":1}"`, `"after":{"content":5,"tool_calls":0}}`}},
		{name: "R-RES-09 Mend B12 an input that is a JSON string",
			body: reply(tool("t", `,"input":"{\"n\": 9007199254740993}"`)+","+tool("u", `,"input":"Oslo"`)+","+tool("v",
				`,"input":"[1]"`), `,"stopReason":"tool_use"`),
			want: []string{`"arguments":"{\"n\": 9007199254740993}"`, `"arguments":"\"Oslo\""`, `"arguments":"\"[1]\""`}},
		{name: "R-FMT-05 R-RES-09 Mend B12 the forced tool's input is a JSON string",
			in:   Context{Context: converse.Context{Answer: converse.Answer{Tool: "f"}}},
			body: reply(tool("t", `,"input":"{\"a\":1}"`), `,"stopReason":"tool_use"`),
			want: []string{`"content":"{\"a\":1}"`}, not: []string{"outcrop"}},
		{name: "R-FIN-01 Mend B12 stopped for a tool without calling one",
			body: reply(`{"text":"I call f."}`, `,"stopReason":"tool_use"`),
			want: []string{`"finish_reason":"stop"`, `"outcrop":{"stop_reason":"tool_use"}`}},
		{name: "R-FIN-01 Mend B12 said nothing and called nothing", body: reply("", `,"stopReason":"tool_use"`),
			want: []string{`"content":""`, `"finish_reason":"stop"`, `"outcrop":{"stop_reason":"tool_use"}`}},
		{name: "R-RES-09 numbers and characters stay, white space goes",
			body: reply(tool("t", `,"input":{"z": 9007199254740993, "a":[1.0, 1e400], "s":"<a> & \u00e9 \ud83d\ude00"}`),
				`,"stopReason":"tool_use"`),
			want: []string{`"arguments":"{\"a\":[1.0,1e400],\"s\":\"<a> & é 😀\",\"z\":9007199254740993}"`}},
		{name: "R-RES-09 absent, null and blank input",
			body: reply(tool("t", "")+","+tool("u", `,"input":null`)+","+tool("v", `,"input":" "`)+","+tool("w", `,"input":{}`),
				`,"stopReason":"tool_use"`),
			want: []string{`"id":"t","type":"function","function":{"name":"f","arguments":"{}"}`,
				`"id":"u","type":"function","function":{"name":"f","arguments":"{}"}`,
				`"id":"v","type":"function","function":{"name":"f","arguments":"{}"}`,
				`"id":"w","type":"function","function":{"name":"f","arguments":"{}"}`}},
		{name: "R-RES-09 repeated ids", body: reply(tool("t", "")+","+tool("t-2", "")+","+tool("t", ""),
			`,"stopReason":"tool_use"`),
			want: []string{`"id":"t",`, `"id":"t-2",`, `"id":"t-3",`}},
		{name: "R-TOOL-02 names are given back",
			in:   Context{Context: converse.Context{Names: map[string]string{"f": "my.f"}}},
			body: reply(tool("t", ""), `,"stopReason":"tool_use"`), want: []string{`"name":"my.f"`}},
		{name: "R-CHO-08 later calls are dropped", in: Context{Context: converse.Context{OneCall: true}},
			body: reply(tool("t", "")+","+tool("u", ""), `,"stopReason":"tool_use"`),
			not:  []string{`"u"`}, adjusted: "parallel_tool_calls:extra_calls_dropped"},
		{name: "R-FIN-03 legacy functions", in: Context{Functions: true},
			body: reply(`{"text":"a"},`+tool("t", `,"input":{"x":1}`), `,"stopReason":"tool_use"`),
			want: []string{`"content":"a","refusal":null,"function_call":{"name":"f","arguments":"{\"x\":1}"}`,
				`"finish_reason":"function_call"`}, not: []string{"tool_calls"}},
		{name: "R-RES-10 server tools",
			body: reply(tool("s", `,"type":"server_tool_use"`)+`,{"toolResult":{"toolUseId":"s","type":"f_result","content":[]}},{"toolResult":{"toolUseId":"z","type":"other_result","content":[]}}`, `,"stopReason":"tool_use"`),
			want: []string{`"content":""`, `"finish_reason":"stop"`, `"outcrop":{"server_tools":["f","other_result"]}`}},
		{name: "R-RES-11 Mend B15 sources",
			body: reply(`{"text":"😀 "},{"citationsContent":{"content":[{"text":"ab"}],"citations":[`+
				`{"title":"T","location":{"web":{"url":"https://e.org/1","domain":"e.org"}}},{"location":{"web":{"url":"https://e.org/2","domain":"e.org"}}},`+
				`{"title":"d.pdf","sourceContent":[{"text":"q1"},{"text":"q2"}],"location":{"documentPage":{"documentIndex":1,"start":3,"end":4}}},`+
				`{"source":"s","location":{"searchResultLocation":{"searchResultIndex":2,"start":0,"end":1}}},{"title":"n"}]}}`,
				`,"stopReason":"end_turn"`),
			want: []string{`"annotations":[{"type":"url_citation","url_citation":{"start_index":2,"end_index":4,"url":"https://e.org/1","title":"T"}},` +
				`{"type":"url_citation","url_citation":{"start_index":2,"end_index":4,"url":"https://e.org/2","title":"e.org"}}],"citations":[` +
				`{"type":"file_citation","file_citation":{"start_index":2,"end_index":4,"index":1,"filename":"d.pdf","quote":"q1q2","page":3}},` +
				`{"type":"file_citation","file_citation":{"start_index":2,"end_index":4,"index":2,"filename":"s","quote":""}},` +
				`{"type":"file_citation","file_citation":{"start_index":2,"end_index":4,"filename":"n","quote":""}}]`}},
		{name: "R-RES-13 no message", body: `{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"}}`,
			code: openai.CodeBadUpstream},
		{name: "R-RES-14 tier", body: reply("", `,"stopReason":"end_turn","serviceTier":{"type":"reserved"}`),
			want: []string{`"service_tier":"scale"`}},
		{name: "R-RES-14 tier echoed", body: reply("", `,"stopReason":"end_turn","serviceTier":{"type":"flex"}`),
			want: []string{`"service_tier":"flex"`}},
		{name: "R-RES-15 additional fields",
			body: reply("", `,"stopReason":"end_turn","additionalModelResponseFields":{"a":1.50}`),
			want: []string{`"outcrop":{"additional_fields":{"a":1.50}}`}},
		{name: "R-RES-16 R-GEN-10 unknown blocks",
			body: reply(`{"brandNew":{}},{"text":"a"},{"newer":{}},{"image":{"format":"png","source":{"bytes":"AAAA"}}},{"text":"b"}`, `,"stopReason":"end_turn"`),
			want: []string{`"content":"ab"`}, adjusted: "content:unknown_block"},
		{name: "R-USE-01 R-USE-02 R-USE-04 arithmetic",
			body: reply("", `,"stopReason":"end_turn","usage":{"inputTokens":433,"outputTokens":16,"totalTokens":3201,"cacheReadInputTokens":2752,"cacheWriteInputTokens":7}`),
			want: []string{`"usage":{"prompt_tokens":3192,"completion_tokens":16,"total_tokens":3208,"prompt_tokens_details":{"cached_tokens":2752,"cache_write_tokens":7,"audio_tokens":0},` +
				`"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`}},
		{name: "R-FIN-01 a call wins over end_turn", body: reply(tool("t", ""), `,"stopReason":"end_turn"`),
			want: []string{`"finish_reason":"tool_calls"`}},
		{name: "R-FIN-01 a call stays when it was cut", body: reply(tool("t", ""), `,"stopReason":"max_tokens"`),
			want: []string{`"finish_reason":"length"`, `"id":"t"`}},
		{name: "R-FIN-01 context window", body: reply(`{"text":"a"}`, `,"stopReason":"model_context_window_exceeded"`),
			want: []string{`"finish_reason":"length"`, `"outcrop":{"stop_reason":"model_context_window_exceeded"}`}},
		{name: "R-FIN-01 filtered", body: reply("", `,"stopReason":"content_filtered"`),
			want: []string{`"finish_reason":"content_filter"`, `"outcrop":{"stop_reason":"content_filtered"}`}},
		{name: "R-FIN-01 unknown", body: reply(`{"text":"a"}`, `,"stopReason":"brand_new"`),
			want: []string{`"finish_reason":"stop"`, `"outcrop":{"stop_reason":"brand_new"}`}},
		{name: "R-FIN-01 malformed tool use", body: reply(`{"text":"a"}`, `,"stopReason":"malformed_tool_use"`),
			code: openai.CodeMalformedOutput},
		{name: "R-FIN-01 malformed output without text", body: reply("", `,"stopReason":"malformed_model_output"`),
			code: openai.CodeMalformedOutput},
		{name: "R-FIN-01 malformed output with text", body: reply(`{"text":"a"}`, `,"stopReason":"malformed_model_output"`),
			want: []string{`"finish_reason":"stop"`}, not: []string{"outcrop"},
			adjusted: "finish_reason:malformed_model_output"},
		{name: "R-FIN-02 no trace", body: reply(`{"text":"No."}`, `,"stopReason":"guardrail_intervened"`),
			want: []string{`"content":"No."`, `"finish_reason":"content_filter"`,
				`"outcrop":{"stop_reason":"guardrail_intervened","guardrail":{"action":"blocked"}}`}},
		{name: "R-FIN-02 masked with a call",
			body: reply(tool("t", ""),
				`,"stopReason":"guardrail_intervened","trace":{"guardrail":{"actionReason":"No action.\nGuardrail masked."}}`),
			want: []string{`"finish_reason":"tool_calls"`, `"guardrail":{"action":"masked"}`}},
		{name: "R-FIN-02 blocked on one of several lines",
			body: reply(`{"text":"No."}`,
				`,"stopReason":"guardrail_intervened","trace":{"guardrail":{"actionReason":"Guardrail masked.\nGuardrail blocked."}}`),
			want: []string{`"finish_reason":"content_filter"`, `"guardrail":{"action":"blocked"}`}},
		{name: "R-GRD-05 no trace unless asked for",
			body: reply("", `,"stopReason":"end_turn","trace":{"guardrail":{"actionReason":"No action."}}`),
			not:  []string{"outcrop"}},
		{name: "R-GRD-05 a trace without intervention", in: Context{Context: converse.Context{Trace: true}},
			body: reply("", `,"stopReason":"end_turn","trace":{"guardrail":{"actionReason":"No action."}}`),
			want: []string{`"outcrop":{"guardrail":{"action":"none","trace":{"actionReason":"No action."}}}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, adjusted, err := Output(wiretest.Reply(t, []byte(c.body)), &c.in, testMeta)
			if c.code != "" {
				var e *openai.Error
				if !errors.As(err, &e) || e.Code != c.code || e.Kind != openai.BadUpstream || got != nil {
					t.Fatalf("error %v, want %s", err, c.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			body := string(asJSON(got))
			validAnswer(t, []byte(body))
			for _, s := range c.want {
				if !strings.Contains(body, s) {
					t.Errorf("want %s\nin   %s", s, body)
				}
			}
			for _, s := range c.not {
				if strings.Contains(body, s) {
					t.Errorf("do not want %s in %s", s, body)
				}
			}
			var notes []string
			for _, n := range adjusted.List() {
				notes = append(notes, n.Param+":"+n.Reason)
			}
			if s := strings.Join(notes, ","); s != c.adjusted {
				t.Errorf("adjusted %q, want %q", s, c.adjusted)
			}
			got.Usage = &openai.Usage{} // a stream without usage has no chunk for the tier
			sameAnswer(t, got, fold(t, Unfold(got, testMeta)))
		})
	}
}

// R-RES-01, R-RES-02, R-RES-03: what the answer begins with is handed in.
func TestHead(t *testing.T) {
	out := &bedrockruntime.ConverseOutput{Output: &types.ConverseOutputMemberMessage{}, StopReason: "end_turn"}
	got, _, err := Output(out, &Context{}, testMeta)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"chatcmpl-A1","object":"chat.completion","created":1764000000,"model":"M","system_fingerprint":"fp_7c1e",`
	if s := string(asJSON(got)); !strings.HasPrefix(s, want) {
		t.Errorf("%s", s)
	}
	again := Unfold(got, translate.Meta{ID: "chatcmpl-B2", Created: 1, Model: "N"})
	for _, p := range again {
		if s := string(asJSON(p)); !strings.HasPrefix(s,
			`{"id":"chatcmpl-B2","object":"chat.completion.chunk","created":1,"model":"N",`) {
			t.Errorf("R-STR-20 %s", s)
		}
	}
}

// The SDK gives the block before once more in place of one that it does not know.
func TestRepeatedBlock(t *testing.T) {
	b := &types.ContentBlockMemberText{Value: "a"}
	out := &bedrockruntime.ConverseOutput{
		Output: &types.ConverseOutputMemberMessage{Value: types.Message{Content: []types.ContentBlock{nil, b, b,
			&types.UnknownUnionMember{}, b}}},
		StopReason: "end_turn",
	}
	got, adjusted, err := Output(out, &Context{}, testMeta)
	if err != nil || *got.Choices[0].Message.Content != "aa" || len(adjusted.List()) != 1 {
		t.Errorf("R-GEN-10: %v %v %v", got, adjusted, err)
	}
}

func TestFoldChatErrors(t *testing.T) {
	whole := &openai.ChatResponse{}
	if got, err := Fold([]openai.Part{whole}); err != nil || got != whole {
		t.Errorf("a plain answer is folded already: %v %v", got, err)
	}
	chunk := func(index int, finish string) openai.Part {
		return &openai.ChatChunk{Head: &openai.Head{}, Choices: []openai.ChunkChoice{{Index: index, FinishReason: finish}}}
	}
	for name, parts := range map[string][]openai.Part{
		"no parts":           nil,
		"no end":             {chunk(0, "")},
		"a hole":             {chunk(0, "stop"), chunk(2, "stop")},
		"an absurd index":    {chunk(1<<40, "stop")},
		"a negative index":   {chunk(-1, "stop")},
		"a foreign part":     {&openai.EmbeddingResponse{}},
		"two plain answers":  {whole, whole},
		"usage without more": {&openai.ChatChunk{Head: &openai.Head{}, Usage: &openai.Usage{}}},
	} {
		if got, err := Fold(parts); err == nil {
			t.Errorf("%s: folded to %v", name, got)
		}
	}
}

// R-N-01, R-STR-17: choices of parallel calls interleave, and their extensions are joined.
func TestFoldChatChoices(t *testing.T) {
	h := head(testMeta)
	chunk := func(index int, d openai.Delta, finish string, x *openai.Extension) openai.Part {
		return &openai.ChatChunk{Head: h, Outcrop: x,
			Choices: []openai.ChunkChoice{{Index: index, Delta: d, FinishReason: finish}}}
	}
	parts := []openai.Part{
		chunk(1, openai.Delta{Role: "assistant"}, "", nil), chunk(0, openai.Delta{Role: "assistant"}, "", nil),
		chunk(1, openai.Delta{Content: "one"}, "", nil), chunk(0, openai.Delta{Content: "nought"}, "", nil),
		chunk(1, openai.Delta{}, "stop",
			&openai.Extension{ServerTools: []string{"a"}, Guardrail: &openai.Guardrail{Action: "masked"}}),
		chunk(0, openai.Delta{}, "length",
			&openai.Extension{ServerTools: []string{"a", "b"}, Guardrail: &openai.Guardrail{Action: "blocked"}, StopReason: "s",
				Adjusted: []string{"x:y"}}),
		&openai.ChatChunk{Head: h, ServiceTier: "flex", Usage: &openai.Usage{Prompt: 2, Completion: 3}},
	}
	wellFormed(t, parts)
	want := `"service_tier":"flex","choices":[{"index":0,"message":{"role":"assistant","content":"nought","refusal":null},"logprobs":null,"finish_reason":"length"},` +
		`{"index":1,"message":{"role":"assistant","content":"one","refusal":null},"logprobs":null,"finish_reason":"stop"}]`
	got := fold(t, parts)
	if s := string(asJSON(got)); !strings.Contains(s, want) ||
		!strings.Contains(s, `"outcrop":{"stop_reason":"s","guardrail":{"action":"blocked"},"server_tools":["a","b"],"adjusted":["x:y"]}`) {
		t.Errorf("%s", s)
	}
	sameAnswer(t, got, fold(t, Unfold(got, testMeta)))
}
