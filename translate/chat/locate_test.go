package chat

import (
	"strings"
	"testing"

	"outcrop/openai"
	"outcrop/translate"
)

// A refusal that names a place in Bedrock's or Claude's own form means a place in the client's request.
func TestMendB11PlacesOfRefusals(t *testing.T) {
	const picture = `{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="}}`
	const file = `{"type":"file","file":{"filename":"a.txt","file_data":"aGk="}}`
	function := func(name string) string { return `{"name":"` + name + `","parameters":{"type":"object"}}` }
	tools := `"tools":[{"type":"function","function":` + function("zero") +
		`,"cache_control":{"type":"ephemeral"}},{"type":"function","function":` + function("one.odd") +
		`},{"type":"function","function":` + function("one.odd") + `},{"type":"function","function":` +
		function("three") + `}]`
	body := chatBody(`,{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}},`+picture+`,`+file+`]},{"role":"assistant","content":"Yes."},{"role":"user","content":[`+picture+`,{"type":"text","text":"y"}]}`, tools)
	for _, x := range []struct {
		name, body, text  string
		code, param, tool string
	}{
		{"Claude's form of a schema", body, "tools.0.custom.input_schema: JSON schema is invalid.",
			openai.CodeInvalidParameters, "tools[0].function.parameters", "zero"},
		{"Claude counts no cache points", body, "tools.1.custom.input_schema: JSON schema is invalid.",
			openai.CodeInvalidParameters, "tools[1].function.parameters", "one.odd"},
		{"a tool that was given twice is sent once", body,
			"tools.2.custom.input_schema.properties: Input should be an object", openai.CodeInvalidParameters,
			"tools[3].function.parameters", "three"},
		{"Claude's form of a name", body, "tools.2.custom.name: String should match pattern", openai.CodeInvalidValue,
			"tools[3].function.name", "three"},
		{"Claude's form of strict", body, "tools.0.custom.strict: Extra inputs are not permitted", openai.CodeInvalidValue,
			"tools[0].function.strict", "zero"},
		{"Bedrock's form counts cache points", body, "The value at toolConfig.tools.2.toolSpec.inputSchema.json.type must " +
			"be one of the following: object.", openai.CodeInvalidParameters, "tools[1].function.parameters", "one.odd"},
		{"Bedrock's constraints count from one", body, "1 validation error detected: Value at " +
			"'toolConfig.tools.4.member.toolSpec.name' failed to satisfy constraint: Member must have length less than or " +
			"equal to 64", openai.CodeInvalidValue, "tools[3].function.name", "three"},
		{"the value that is quoted decides", body, "1 validation error detected: Value 'three' at " +
			"'toolConfig.tools.3.member.toolSpec.name' failed to satisfy constraint: Member must satisfy regular expression " +
			"pattern: [a-z]+", openai.CodeInvalidValue, "tools[3].function.name", "three"},
		{"no such tool", body, "tools.37.custom.input_schema: JSON schema is invalid.", "", "", ""},
		{"a cache point is no tool", body, "The value at toolConfig.tools.1.cachePoint is invalid.", "", "", ""},
		{"functions of the older form", chatBody("", `"functions":[`+function("f")+`,`+function("g")+`]`),
			"tools.1.custom.input_schema: JSON schema is invalid.", openai.CodeInvalidParameters, "functions[1].parameters",
			"g"},
		{"allowed tools", strings.TrimSuffix(body, "}") +
			`,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"three"}}]}}}`,
			"tools.0.custom.input_schema: JSON schema is invalid.", openai.CodeInvalidParameters, "tools[3].function.parameters",
			"three"},
		{"the image of a place", body, "messages.0.content.3.image.source.base64: image exceeds 5 MB maximum",
			openai.CodeInvalidValue, "messages[1].content[1]", ""},
		{"the image of a place, as Claude counts", body, "messages.2.content.0.image.source.base64.data: Could not " +
			"process image", openai.CodeInvalidValue, "messages[3].content[0]", ""},
		{"the file of a place", body, "messages.0.content.4.pdf.source.base64.data: The PDF specified is password protected.",
			openai.CodeInvalidValue, "messages[1].content[2]", ""},
		{"prefill", body, "This model does not support assistant message prefill. The conversation must end with a user " +
			"message.", openai.CodeUnsupportedValue, "messages[3]", ""},
		{"trailing white space", body, "messages: final assistant content cannot end with trailing whitespace",
			openai.CodeInvalidValue, "messages[3]", ""},
		{"a constraint of temperature", body, "1 validation error detected: Value at 'inferenceConfig.temperature' failed " +
			"to satisfy constraint: Member must have value less than or equal to 1", openai.CodeInvalidValue, "temperature", ""},
		{"top-p", body, "Value at 'inferenceConfig.topP' failed to satisfy constraint", openai.CodeInvalidValue, "top_p", ""},
		{"stop sequences", body, "stop_sequences: each stop sequence must contain non-whitespace",
			openai.CodeInvalidValue, "stop", ""},
		{"the limit", chatBody("", `"max_tokens":5`), "Value at 'inferenceConfig.maxTokens' failed to satisfy constraint",
			openai.CodeInvalidValue, "max_tokens", ""},
		{"no place", body, "The provided request is not valid.", "", "", ""},
	} {
		t.Run("R-TOOL-19 "+x.name, func(t *testing.T) {
			_, _, back, fault := ask(t, x.body, target(t, haiku), translate.Options{})
			if fault != nil {
				t.Fatal(fault)
			}
			e := &openai.Error{Kind: openai.Invalid, Message: x.text}
			back.Locate(e)
			if e.Code != x.code || e.Param != x.param || x.tool != "" && !strings.Contains(e.Message, "'"+x.tool+"'") ||
				!strings.HasSuffix(e.Message, x.text) {
				t.Errorf("%q at %q: %s", e.Code, e.Param, e.Message)
			}
		})
	}
	t.Run("R-TOOL-19 the form of an answer", func(t *testing.T) {
		_, _, back, fault := ask(t,
			chatBody("", `"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object","properties":{"a":{}}}}}`), target(t, "amazon.nova-lite-v1:0"), translate.Options{})
		e := &openai.Error{Kind: openai.Invalid, Message: "The value at toolConfig.tools.0.toolSpec.inputSchema.json is " +
			"not supported."}
		if back.Locate(e); fault != nil || e.Param != "response_format.json_schema.schema" {
			t.Errorf("%v %+v", fault, e)
		}
	})
}
