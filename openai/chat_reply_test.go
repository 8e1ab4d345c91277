package openai_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	official "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/respjson"
	popular "github.com/sashabaranov/go-openai"

	"outcrop/openai"
)

// present complains about every member of openai-go's types that is required and was not there. null counts as there:
// OpenAI's schema requires content, refusal, logprobs and a chunk's finish_reason as members, not as values.
func present(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			present(t, v.Index(i), path+"[]")
		}
		return
	}
	if v.Kind() != reflect.Struct || !v.FieldByName("JSON").IsValid() {
		return
	}
	met := v.FieldByName("JSON")
	for i := range v.NumField() {
		f := v.Type().Field(i)
		m := met.FieldByName(f.Name)
		if !m.IsValid() {
			continue
		}
		field, ok := m.Interface().(respjson.Field)
		if !ok {
			continue
		}
		if (strings.Contains(f.Tag.Get("api"), "required") || f.Tag.Get("default") != "") && field.Raw() == "" {
			t.Errorf("%s.%s is missing", path, f.Name)
		}
		if field.Valid() {
			present(t, v.Field(i), path+"."+f.Name)
		}
	}
}

func decode(t *testing.T, body []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(body, v); err != nil {
		t.Fatalf("%T: %v\n%s", v, err, body)
	}
}

func ptr[T any](v T) *T { return &v }

var usage = openai.Usage{Prompt: 3185, Completion: 16, CacheRead: 2752, CacheWrite: 5, Reasoning: ptr(int64(7))}

func whole() *openai.ChatResponse {
	return &openai.ChatResponse{
		Head:        openai.Head{ID: "chatcmpl-A1", Created: 1764000000, Model: "M", Fingerprint: "fp_7c1e"},
		ServiceTier: "default",
		Choices: []openai.Choice{{
			FinishReason: openai.FinishToolCalls,
			Message: openai.ReplyMessage{
				Content:   ptr("Looking it up."),
				Reasoning: "I need the weather.",
				ReasoningDetails: []openai.ReasoningDetail{
					{Type: openai.ReasoningText, Text: "I need the weather.", Signature: "EqYG", Format: "bedrock.claude"},
					{Index: 1, Type: openai.ReasoningEncrypted, Data: "RXRr", Format: "bedrock.claude"},
				},
				ToolCalls: []openai.ToolCall{{ID: "t1", Type: "function",
					Function: openai.FunctionCall{Name: "get_weather", Arguments: ptr(`{"city":"<Paris> & \"co\""}`)}}},
				Annotations: []openai.Annotation{{Start: 1, End: 3, URL: "https://example.org", Title: "Example"}},
			},
		}, {Index: 1, FinishReason: openai.FinishFunctionCall,
			Message: openai.ReplyMessage{FunctionCall: &openai.FunctionCall{Name: "f", Arguments: ptr("{}")}}}},
		Usage: &usage,
		Outcrop: &openai.Extension{StopReason: "x", ServerTools: []string{"s"}, AdditionalFields: []byte(`{"a":1}`),
			Guardrail: &openai.Guardrail{Action: openai.GuardrailMasked, Trace: []byte(`{}`)}, Adjusted: []string{"a:b"}},
	}
}

// TestChatResponse compares the whole object of the specification byte by byte, and lets two clients decode it.
func TestChatResponse(t *testing.T) {
	body := whole().AppendJSON([]byte("x"))[1:]
	want := `{"id":"chatcmpl-A1","object":"chat.completion","created":1764000000,"model":"M","system_fingerprint":"fp_7c1e","service_tier":"default",` +
		`"choices":[{"index":0,"message":{"role":"assistant","content":"Looking it up.","refusal":null,"reasoning_content":"I need the weather.",` +
		`"reasoning_details":[{"index":0,"type":"reasoning.text","text":"I need the weather.","signature":"EqYG","format":"bedrock.claude"},` +
		`{"index":1,"type":"reasoning.encrypted","data":"RXRr","format":"bedrock.claude"}],` +
		`"annotations":[{"type":"url_citation","url_citation":{"start_index":1,"end_index":3,"url":"https://example.org","title":"Example"}}],` +
		`"tool_calls":[{"id":"t1","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"<Paris> & \\\"co\\\"\"}"}}]},"logprobs":null,"finish_reason":"tool_calls"},` +
		`{"index":1,"message":{"role":"assistant","content":null,"refusal":null,"function_call":{"name":"f","arguments":"{}"}},"logprobs":null,"finish_reason":"function_call"}],` +
		`"usage":{"prompt_tokens":3185,"completion_tokens":16,"total_tokens":3201,"prompt_tokens_details":{"cached_tokens":2752,"cache_write_tokens":5,"audio_tokens":0},` +
		`"completion_tokens_details":{"reasoning_tokens":7,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},` +
		`"outcrop":{"stop_reason":"x","guardrail":{"action":"masked","trace":{}},"additional_fields":{"a":1},"server_tools":["s"],"adjusted":["a:b"]}}`
	if string(body) != want {
		t.Errorf("\n got %s\nwant %s", body, want)
	}
	var c official.ChatCompletion
	decode(t, body, &c)
	present(t, reflect.ValueOf(c), "answer")
	if m := c.Choices[0].Message; m.ToolCalls[0].Function.Arguments != `{"city":"<Paris> & \"co\""}` ||
		m.Annotations[0].URLCitation.EndIndex != 3 || c.Usage.PromptTokensDetails.CachedTokens != 2752 {
		t.Errorf("openai-go reads %+v", c)
	}
	var p popular.ChatCompletionResponse
	decode(t, body, &p)
	if p.Choices[0].Message.ReasoningContent != "I need the weather." || p.Choices[1].Message.FunctionCall.Name != "f" ||
		p.Usage.TotalTokens != 3201 {
		t.Errorf("go-openai reads %+v", p)
	}
}

// R-RES-04, R-RES-15: what is empty is left out, content and refusal never are.
func TestEmptyChatResponse(t *testing.T) {
	r := openai.ChatResponse{Choices: []openai.Choice{{FinishReason: "stop"}}, Outcrop: &openai.Extension{}}
	want := `{"id":"","object":"chat.completion","created":0,"model":"","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null},"logprobs":null,"finish_reason":"stop"}]}`
	if got := string(r.AppendJSON(nil)); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// R-RES-11: documents are cited as an extension; what is not known is left out.
func TestFileCitation(t *testing.T) {
	r := openai.ChatResponse{Choices: []openai.Choice{{Message: openai.ReplyMessage{Citations: []openai.Citation{
		{Start: 0, End: 2, Document: 0, Filename: "a.pdf", Quote: "q", Page: 4},
		{Document: -1},
	}}}}}
	want := `"citations":[{"type":"file_citation","file_citation":{"start_index":0,"end_index":2,"index":0,"filename":"a.pdf","quote":"q","page":4}},` +
		`{"type":"file_citation","file_citation":{"start_index":0,"end_index":0,"filename":"","quote":""}}]`
	if got := string(r.AppendJSON(nil)); !strings.Contains(got, want) || strings.Contains(got, "annotations") {
		t.Errorf("%s", got)
	}
}

// Texts gives pointers into the answer, each with its place.
func TestChatResponseTexts(t *testing.T) {
	r := whole()
	var got []string
	for p, s := range r.Texts() {
		got = append(got, p.Path)
		if p.Role != "assistant" || (p.Tool >= 0) != (p.Path == "tool_calls" || p.Path == "function_call") ||
			p.Choice != 0 && p.Path != "function_call" {
			t.Errorf("place %+v", p)
		}
		*s = "#"
	}
	if want := []string{"content", "reasoning_content", "reasoning_details", "annotations", "annotations", "tool_calls",
		"function_call"}; !reflect.DeepEqual(got, want) {
		t.Errorf("texts at %v", got)
	}
	if m := r.Choices[0].Message; *m.Content != "#" || m.Reasoning != "#" || *m.ToolCalls[0].Function.Arguments != "#" ||
		*r.Choices[1].Message.FunctionCall.Arguments != "#" {
		t.Errorf("not rewritten: %+v", r)
	}
	for range r.Texts() {
		break // Go panics when a sequence goes on
	}
	if r.Tokens() != &usage {
		t.Error("usage")
	}
}
