package openai_test

import (
	"reflect"
	"strings"
	"testing"

	official "github.com/openai/openai-go/v3"
	popular "github.com/sashabaranov/go-openai"

	"outcrop/openai"
)

var chunkHead = &openai.Head{ID: "chatcmpl-A1", Created: 1764000000, Model: "M", Fingerprint: "fp_7c1e"}

const chunkStart = `{"id":"chatcmpl-A1","object":"chat.completion.chunk","created":1764000000,"model":"M","system_fingerprint":"fp_7c1e"`

func TestChatChunk(t *testing.T) {
	one := func(d openai.Delta) openai.ChatChunk {
		return openai.ChatChunk{Head: chunkHead, Choices: []openai.ChunkChoice{{Delta: d}}}
	}
	delta := func(s string) string {
		return `,"choices":[{"index":0,"delta":` + s + `,"logprobs":null,"finish_reason":null}]`
	}
	for name, c := range map[string]struct {
		chunk openai.ChatChunk
		want  string
	}{
		"R-STR-07 role": {one(openai.Delta{Role: "assistant"}),
			delta(`{"role":"assistant","content":"","refusal":null}`)},
		"R-STR-08 text":      {one(openai.Delta{Content: "a\"<\u2028\n"}), delta("{\"content\":\"a\\\"<\u2028\\n\"}")},
		"R-STR-09 reasoning": {one(openai.Delta{Reasoning: "r"}), delta(`{"reasoning_content":"r"}`)},
		"R-STR-09 details": {one(
			openai.Delta{ReasoningDetails: []openai.ReasoningDetail{{Index: 2, Type: openai.ReasoningText, Signature: "s"}}}),
			delta(`{"reasoning_details":[{"index":2,"type":"reasoning.text","text":"","signature":"s"}]}`)},
		"R-STR-10 call opens": {one(openai.Delta{ToolCalls: []openai.ToolCallDelta{{Index: 1, ID: "t", Name: "f"}}}),
			delta(`{"tool_calls":[{"index":1,"id":"t","type":"function","function":{"name":"f","arguments":""}}]}`)},
		"R-STR-10 call goes on": {one(openai.Delta{ToolCalls: []openai.ToolCallDelta{{Index: 1, Arguments: "{"}}}),
			delta(`{"tool_calls":[{"index":1,"function":{"arguments":"{"}}]}`)},
		"legacy call opens": {one(openai.Delta{FunctionCall: &openai.FunctionCallDelta{Name: "f"}}),
			delta(`{"function_call":{"name":"f","arguments":""}}`)},
		"legacy call goes on": {one(openai.Delta{FunctionCall: &openai.FunctionCallDelta{Arguments: "{}"}}),
			delta(`{"function_call":{"arguments":"{}"}}`)},
		"R-STR-12 annotations": {
			one(openai.Delta{Annotations: []openai.Annotation{{Index: 3, Start: 1, End: 2, URL: "u", Title: "t"}}}),
			delta(`{"annotations":[{"index":3,"type":"url_citation","url_citation":{"start_index":1,"end_index":2,"url":"u","title":"t"}}]}`)},
		"several members": {one(openai.Delta{Content: "a", Reasoning: "b"}),
			delta(`{"content":"a","reasoning_content":"b"}`)},
		"R-STR-13 finish": {openai.ChatChunk{Head: chunkHead, Choices: []openai.ChunkChoice{{Index: 1, FinishReason: "stop"}},
			Outcrop: &openai.Extension{Adjusted: []string{"a:b"}}},
			`,"choices":[{"index":1,"delta":{},"logprobs":null,"finish_reason":"stop"}],"outcrop":{"adjusted":["a:b"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			if got, want := string(c.chunk.AppendJSON(nil, false)), chunkStart+c.want+"}"; got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
			body := c.chunk.AppendJSON(nil, true)
			before, rest, ok := strings.Cut(string(body), `,"usage":null`)
			if !ok || before+rest != string(c.chunk.AppendJSON(nil, false)) {
				t.Errorf("R-STR-06: %s", body)
			}
			var o official.ChatCompletionChunk
			decode(t, body, &o)
			present(t, reflect.ValueOf(o), "chunk")
			var p popular.ChatCompletionStreamResponse
			decode(t, body, &p)
			if p.Choices[0].Delta.Content != c.chunk.Choices[0].Delta.Content ||
				o.Choices[0].Delta.Content != p.Choices[0].Delta.Content {
				t.Errorf("content %q and %q", p.Choices[0].Delta.Content, o.Choices[0].Delta.Content)
			}
			if strings.Contains(string(body), `"error"`) {
				t.Errorf("R-STR-05: %s", body)
			}
		})
	}
}

// R-STR-06: the usage chunk is written only to those who asked.
func TestChatChunkUsage(t *testing.T) {
	c := openai.ChatChunk{Head: chunkHead, ServiceTier: "default", Usage: &usage}
	if got := c.AppendJSON([]byte("as it was"), false); string(got) != "as it was" {
		t.Errorf("%s", got)
	}
	body := c.AppendJSON(nil, true)
	if want := chunkStart + `,"service_tier":"default","choices":[],"usage":{"prompt_tokens":3185,`; !strings.HasPrefix(
		string(body), want) {
		t.Errorf("%s", body)
	}
	var o official.ChatCompletionChunk
	decode(t, body, &o)
	present(t, reflect.ValueOf(o), "chunk")
	if o.Usage.TotalTokens != 3201 || o.Usage.CompletionTokensDetails.ReasoningTokens != 7 || c.Tokens() != &usage {
		t.Errorf("%+v", o.Usage)
	}
	u := openai.Usage{Prompt: 1}
	if body := (&openai.ChatChunk{Head: chunkHead, Usage: &u}).AppendJSON(nil, true); strings.Contains(string(body),
		"reasoning_tokens") {
		t.Errorf("R-USE-03: what nobody counted is left out: %s", body)
	}
}

func TestChatChunkTexts(t *testing.T) {
	c := openai.ChatChunk{Head: chunkHead, Choices: []openai.ChunkChoice{{Delta: openai.Delta{Role: "assistant"}},
		{Index: 1, Delta: openai.Delta{
			Content: "a", Reasoning: "b", ToolCalls: []openai.ToolCallDelta{{Index: 2, ID: "t"}, {Index: 3, Arguments: "c"}},
			FunctionCall: &openai.FunctionCallDelta{Arguments: "d"}}}}}
	var got []openai.Place
	for p, s := range c.Texts() {
		got = append(got, p)
		*s = "#"
	}
	want := []openai.Place{{Role: "assistant", Path: "content", Choice: 1, Tool: -1},
		{Role: "assistant", Path: "reasoning_content", Choice: 1, Tool: -1},
		{Role: "assistant", Path: "tool_calls", Choice: 1, Tool: 3}, {Role: "assistant", Path: "function_call", Choice: 1}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if d := c.Choices[1].Delta; d.Content+d.Reasoning+d.ToolCalls[1].Arguments+d.FunctionCall.Arguments != "####" {
		t.Errorf("%+v", d)
	}
	for n := range want {
		i := 0
		for range c.Texts() {
			if i++; i > n {
				break
			}
		}
	}
}
