package chat

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	sdk "github.com/openai/openai-go/v3"

	"outcrop/openai"
)

// jsonMembers are the JSON names of the members of a struct of OpenAI's SDK, which is generated from OpenAI's schema.
func jsonMembers(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// TestSchemaIsKnown compares what this gateway decodes with OpenAI's own schema, so that a member that OpenAI adds is
// noticed when the SDK is updated. TestEveryMemberHasAnOutcome then asks for its outcome.
func TestSchemaIsKnown(t *testing.T) {
	// the SDK sets stream by the method that is called
	theirs := append(jsonMembers(reflect.TypeFor[sdk.ChatCompletionNewParams]()), "stream")
	if len(theirs) < 37 {
		t.Fatalf("only %d members of a chat request: %v", len(theirs), theirs)
	}
	ours := jsonMembers(reflect.TypeFor[openai.ChatRequest]())
	for _, name := range theirs {
		if !slices.Contains(ours, name) {
			t.Errorf("R-GEN-01 member %s of a chat request is not known", name)
		}
	}
	ours = jsonMembers(reflect.TypeFor[openai.EmbeddingRequest]())
	for _, name := range jsonMembers(reflect.TypeFor[sdk.EmbeddingNewParams]()) {
		if !slices.Contains(ours, name) {
			t.Errorf("R-GEN-01 member %s of an embedding request is not known", name)
		}
	}
}

// TestNestedSchemaIsKnown puts every member that OpenAI's schema has below the top level into a request: none may be
// taken for an unknown one.
func TestNestedSchemaIsKnown(t *testing.T) {
	message := `{"model":"m","messages":[{"role":"R",@:null}]}`
	part := `{"model":"m","messages":[{"role":"user","content":[{"type":"P",@:null}]}]}`
	for _, c := range []struct {
		name, body string
		of         reflect.Type
	}{
		{"system", strings.Replace(message, "R", "system", 1), reflect.TypeFor[sdk.ChatCompletionSystemMessageParam]()},
		{"developer", strings.Replace(message, "R", "developer", 1),
			reflect.TypeFor[sdk.ChatCompletionDeveloperMessageParam]()},
		{"user", strings.Replace(message, "R", "user", 1), reflect.TypeFor[sdk.ChatCompletionUserMessageParam]()},
		{"assistant", strings.Replace(message, "R", "assistant", 1),
			reflect.TypeFor[sdk.ChatCompletionAssistantMessageParam]()},
		{"tool", strings.Replace(message, "R", "tool", 1), reflect.TypeFor[sdk.ChatCompletionToolMessageParam]()},
		{"function", strings.Replace(message, "R", "function", 1), reflect.TypeFor[sdk.ChatCompletionFunctionMessageParam]()}, //nolint:staticcheck // old clients send it
		{"text", strings.Replace(part, "P", "text", 1), reflect.TypeFor[sdk.ChatCompletionContentPartTextParam]()},
		{"image_url", strings.Replace(part, "P", "image_url", 1), reflect.TypeFor[sdk.ChatCompletionContentPartImageParam]()},
		{"input_audio", strings.Replace(part, "P", "input_audio", 1),
			reflect.TypeFor[sdk.ChatCompletionContentPartInputAudioParam]()},
		{"file", strings.Replace(part, "P", "file", 1), reflect.TypeFor[sdk.ChatCompletionContentPartFileParam]()},
		{"refusal", strings.Replace(part, "P", "refusal", 1), reflect.TypeFor[sdk.ChatCompletionContentPartRefusalParam]()},
		{"image", `{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{@:null}}]}]}`,
			reflect.TypeFor[sdk.ChatCompletionContentPartImageImageURLParam]()},
		{"file in a part", `{"model":"m","messages":[{"role":"user","content":[{"type":"file","file":{@:null}}]}]}`,
			reflect.TypeFor[sdk.ChatCompletionContentPartFileFileParam]()},
		{"call", `{"model":"m","messages":[{"role":"assistant","tool_calls":[{"type":"function",@:null}]}]}`,
			reflect.TypeFor[sdk.ChatCompletionMessageFunctionToolCallParam]()},
		{"function of a call", `{"model":"m","messages":[{"role":"assistant","tool_calls":[{"type":"function","function":{@:null}}]}]}`, reflect.TypeFor[sdk.ChatCompletionMessageFunctionToolCallFunctionParam]()},
		{"custom call", `{"model":"m","messages":[{"role":"assistant","tool_calls":[{"type":"custom",@:null}]}]}`,
			reflect.TypeFor[sdk.ChatCompletionMessageCustomToolCallParam]()},
		{"tool definition", `{"model":"m","tools":[{"type":"function",@:null}]}`,
			reflect.TypeFor[sdk.ChatCompletionFunctionToolParam]()},
		{"function definition", `{"model":"m","tools":[{"type":"function","function":{@:null}}]}`,
			reflect.TypeFor[sdk.FunctionDefinitionParam]()},
		{"legacy function", `{"model":"m","functions":[{@:null}]}`, reflect.TypeFor[sdk.ChatCompletionNewParamsFunction]()}, //nolint:staticcheck // old clients send it
		{"stream options", `{"model":"m","stream_options":{@:null}}`,
			reflect.TypeFor[sdk.ChatCompletionStreamOptionsParam]()},
		{"response format", `{"model":"m","response_format":{"type":"json_schema",@:null}}`,
			reflect.TypeFor[sdk.ResponseFormatJSONSchemaParam]()},
		{"schema", `{"model":"m","response_format":{"type":"json_schema","json_schema":{@:null}}}`,
			reflect.TypeFor[sdk.ResponseFormatJSONSchemaJSONSchemaParam]()},
		{"cache options", `{"model":"m","prompt_cache_options":{@:null}}`,
			reflect.TypeFor[sdk.ChatCompletionNewParamsPromptCacheOptions]()},
	} {
		t.Run("R-GEN-01 "+c.name, func(t *testing.T) {
			names := jsonMembers(c.of)
			if len(names) == 0 {
				t.Fatal("no members found")
			}
			for _, name := range names {
				// A member that takes no number is a fault where it is known; an unknown one never is.
				req, fault := openai.DecodeChat([]byte(strings.Replace(c.body, "@:null", `"`+name+`":1`, 1)))
				if fault != nil {
					if fault.Code != openai.CodeInvalidType {
						t.Errorf("%s: %v", name, fault)
					}
				} else if u := req.Unknown(); len(u.Nested) > 0 || len(u.Top) > 0 {
					t.Errorf("%s is unknown: %v", name, u)
				}
			}
			req, fault := openai.DecodeChat([]byte(strings.Replace(c.body, "@:null", `"no_such_member":1`, 1)))
			if fault != nil || len(req.Unknown().Nested) != 1 {
				t.Errorf("a made-up member is not noticed: %v", fault)
			}
			req, fault = openai.DecodeChat([]byte(strings.Replace(c.body, "@", `"no_such_member"`, 1)))
			if fault != nil || len(req.Unknown().Nested) != 0 {
				t.Errorf("R-GEN-02 a made-up member that is null is noticed: %v", fault)
			}
		})
	}
}
