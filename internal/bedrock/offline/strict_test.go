package offline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"

	"outcrop/internal/bedrock/offline/answer"
	"outcrop/internal/bedrock/offline/rules"
	"outcrop/internal/bedrock/offline/wire"
)

const (
	hi       = `{"role":"user","content":[{"text":"Hi"}]}`
	yes      = `{"role":"assistant","content":[{"text":"Yes"}]}`
	oneTool  = `"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}}]}`
	called   = `{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"f","input":{}}}]}`
	answered = `{"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"text":"1"}]}}]}`
	native   = "The model returned the following errors: "
)

func talk(messages ...string) string { return `"messages":[` + strings.Join(messages, ",") + `]` }

func picture(t testing.TB, width, height int) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return wire.Base64Of(b.Bytes())
}

func imageBlock(data string) string {
	return `{"image":{"format":"png","source":{"bytes":"` + data + `"}}}`
}

func docBlock(name, data string) string {
	return `{"document":{"name":"` + name + `","format":"txt","source":{"bytes":"` + data + `"}}}`
}

func turnOf(blocks ...string) string {
	return `{"role":"user","content":[` + strings.Join(blocks, ",") + `]}`
}

func amrf(fields string) string { return talk(hi) + `,"additionalModelRequestFields":` + fields }

func jsonSchema(schema string) string {
	return talk(hi) + `,"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":` +
		string(wire.Marshal(schema)) + `}}}}`
}

// What Bedrock refuses, with its words: one row for each rule of FACTS. Rows with an empty text must be accepted: they
// are the nearest request that is right.
func TestStrict(t *testing.T) {
	s := newServer(t)
	img := picture(t, 2, 2)
	const sonnet4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
	const start = "A conversation must start with a user message. Try again with a conversation that starts with a " +
		"user message."
	const maverick, large = "us.meta.llama4-maverick-17b-instruct-v1:0", "mistral.mistral-large-2402-v1:0"
	for _, c := range []struct{ rule, model, body, want string }{
		// FACTS 1: the service model.
		{"1.2 plain", novaLite, talk(hi), ""},
		{"1.2 null is absent", novaLite, talk(hi) + `,"system":null,"inferenceConfig":{}`, ""},
		{"1.2 unknown member", novaLite, talk(hi) + `,"top_k":1`,
			`Unknown parameter in input: "top_k", must be one of: additionalModelRequestFields, additionalModelResponseFieldPaths, guardrailConfig, inferenceConfig, messages, outputConfig, performanceConfig, promptVariables, requestMetadata, serviceTier, system, toolConfig`},
		{"1.2 wrong type", novaLite, `"messages":{}`, "SerializationException Start of structure or map found where not " +
			"expected."},
		{"1.2 number for text", novaLite, talk(`{"role":"user","content":[{"text":1}]}`),
			"SerializationException NUMBER_VALUE can not be converted to a String"},
		{"1.2.1 role", novaLite, talk(`{"role":"tool","content":[{"text":"x"}]}`),
			"1 validation error detected: Value at 'messages.1.member.role' failed to satisfy constraint: Member must " +
				"satisfy enum value set: [user, assistant, system]"},
		{"1.2.1 role is required", novaLite, talk(`{"content":[{"text":"x"}]}`),
			"1 validation error detected: Value at 'messages.1.member.role' failed to satisfy constraint: Member must not be " +
				"null"},
		{"1.2.1 a block is a union", novaLite, talk(turnOf(`{"text":"x","cachePoint":{"type":"default"}}`)),
			"1 validation error detected: Value at 'messages.1.member.content.1.member' failed to satisfy constraint: Member " +
				"must have exactly one member set of: audio, cachePoint, citationsContent, document, guardContent, image, " +
				"reasoningContent, searchResult, text, toolAddition, toolRemoval, toolResult, toolUse, video"},
		{"1.2.1 image format", novaLite, talk(turnOf(`{"image":{"format":"bmp","source":{"bytes":"AAAA"}}}`)),
			"1 validation error detected: Value at 'messages.1.member.content.1.member.image.format' failed to satisfy " +
				"constraint: Member must satisfy enum value set: [png, jpeg, gif, webp]"},
		{"1.2.1 toolUse type", novaLite,
			talk(hi, `{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"f","input":{},"type":"tool_use"}}]}`,
				answered) + "," + oneTool, "1 validation error detected: Value at " +
				"'messages.2.member.content.1.member.toolUse.type' failed to satisfy constraint: Member must satisfy enum value " +
				"set: [server_tool_use]"},
		{"1.2.2 empty system text", novaLite, talk(hi) + `,"system":[{"text":""}]`,
			"1 validation error detected: Value at 'system.1.member.text' failed to satisfy constraint: Member must have " +
				"length greater than or equal to 1"},
		{"1.2.3 ranges, both faults at once", novaLite, talk(hi) + `,"inferenceConfig":{"temperature":1.5,"maxTokens":0}`,
			"2 validation errors detected: Value '0' at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member " +
				"must have value greater than or equal to 1; Value '1.5' at 'inferenceConfig.temperature' failed to satisfy " +
				"constraint: Member must have value less than or equal to 1"},
		{"1.2.3 stop sequences", novaLite, talk(hi) + `,"inferenceConfig":{"stopSequences":[""]}`,
			"1 validation error detected: Value at 'inferenceConfig.stopSequences.1.member' failed to satisfy constraint: " +
				"Member must have length greater than or equal to 1"},
		{"1.2.4 tools at least one", novaLite, talk(hi) + `,"toolConfig":{"tools":[]}`,
			"1 validation error detected: Value '[]' at 'toolConfig.tools' failed to satisfy constraint: Member must have " +
				"length greater than or equal to 1"},
		{"1.2.4 empty description", novaLite,
			talk(hi) + `,"toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"","inputSchema":{"json":{"type":"object"}}}}]}`, "1 validation error detected: Value at 'toolConfig.tools.1.member.toolSpec.description' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"1.2.5 trace", novaLite,
			talk(hi) + `,"guardrailConfig":{"guardrailIdentifier":"a","guardrailVersion":"1","trace":"on"}`,
			"1 validation error detected: Value 'on' at 'guardrailConfig.trace' failed to satisfy constraint: Member must " +
				"satisfy enum value set: [enabled, disabled, enabled_full]"},
		{"1.2.5 streamProcessingMode is of streams", novaLite,
			talk(hi) + `,"guardrailConfig":{"streamProcessingMode":"sync"}`,
			`Unknown parameter in input: "guardrailConfig.streamProcessingMode", must be one of: guardrailIdentifier, guardrailVersion, trace`},
		{"1.2 requestMetadata empty", novaLite, talk(hi) + `,"requestMetadata":{}`,
			"1 validation error detected: Value at 'requestMetadata' failed to satisfy constraint: Member must have length " +
				"greater than or equal to 1"},
		{"1.2 requestMetadata value", novaLite, talk(hi) + `,"requestMetadata":{"a":"ü"}`,
			`1 validation error detected: Value at 'requestMetadata.a' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9\s:_@$#=/+,-.]{0,256}`},
		{"1.2 service tier", novaLite, talk(hi) + `,"serviceTier":{"type":"auto"}`,
			"1 validation error detected: Value 'auto' at 'serviceTier.type' failed to satisfy constraint: Member must " +
				"satisfy enum value set: [priority, default, flex, reserved]"},
		{"1.1 prompt ARN", "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ", talk(hi) + `,"system":[{"text":"x"}]`,
			"The system field can't be used with a prompt resource. Remove system and try again."},

		// FACTS 2.1: order of turns.
		{"2.1 no turns", novaLite, `"messages":[]`, start},
		{"2.1 assistant first", novaLite, talk(yes, hi), start},
		{"2.1 assistant first on Claude", sonnet45, talk(yes, hi), ""},
		{"2.1 alternate", novaLite, talk(hi, hi), "A conversation must alternate between user and assistant roles. Make " +
			"sure the conversation alternates between user and assistant roles and try again."},
		{"2.1 prefill", sonnet46, talk(hi, yes), "This model does not support assistant message prefill. The conversation " +
			"must end with a user message."},
		{"2.1 prefill on older Claude", sonnet45, talk(hi, yes), ""},

		// FACTS 2.2: tools.
		{"2.2 history without toolConfig", novaLite, talk(hi, called, answered),
			"The toolConfig field must be defined when using toolUse and toolResult content blocks."},
		{"2.2 loop", novaLite, talk(hi, called, answered) + "," + oneTool, ""},
		{"2.2 too many results", novaLite, talk(hi, yes, answered) + "," + oneTool,
			"The number of toolResult blocks at messages.2.content exceeds the number of toolUse blocks of previous turn."},
		{"2.2 missing results", novaLite, talk(hi, called, hi) + "," + oneTool,
			"Expected toolResult blocks at messages.2.content for the following Ids: a"},
		{"2.2 missing results at the end", novaLite, talk(hi, called) + "," + oneTool,
			"Expected toolResult blocks at messages.2.content for the following Ids: a"},
		{"2.2 wrong id", novaLite, talk(hi, called, strings.Replace(answered, `"a"`, `"b"`, 1)) + "," + oneTool,
			"Expected toolResult blocks at messages.2.content for the following Ids: a"},
		{"2.2 names in history", novaLite, talk(hi, strings.Replace(called, `"f"`, `"f.g"`, 1), answered) + "," + oneTool,
			"1 validation error detected: Value at 'messages.2.member.content.1.member.toolUse.name' failed to satisfy " +
				"constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+"},
		{"2.2 names in history, two faults", novaLite,
			talk(hi, strings.Replace(called, `"f"`, `"`+strings.Repeat("f.", 40)+`"`, 1), answered) + "," + oneTool,
			"2 validation errors detected: Value at 'messages.2.member.content.1.member.toolUse.name' failed to satisfy " +
				"constraint: Member must have length less than or equal to 64; Value at " +
				"'messages.2.member.content.1.member.toolUse.name' failed to satisfy constraint: Member must satisfy regular " +
				"expression pattern: [a-zA-Z0-9_-]+"},
		{"2.2 names in definitions", novaLite, talk(hi) + "," + strings.Replace(oneTool, `"f"`, `"Complete Session"`, 1),
			"1 validation error detected: Value 'Complete Session' at 'toolConfig.tools.1.member.toolSpec.name' failed to " +
				"satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+"},
		{"2.2 input is an object", novaLite, talk(hi, strings.Replace(called, `{}`, `"x"`, 1), answered) + "," + oneTool,
			"The format of the value at messages.1.content.0.toolUse.input is invalid. Provide a json object for the field " +
				"and try again."},
		{"2.2 schema is an object", novaLite, talk(hi) + "," + strings.Replace(oneTool, `"object"`, `"string"`, 1),
			"The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object."},
		{"2.2 no tools", "us.deepseek.r1-v1:0", talk(hi) + "," + oneTool,
			"This model doesn't support tool use. Try again without tools or use a model that supports tool use."},
		{"2.2 no tools in streams", "stream " + maverick, talk(hi) + "," + oneTool,
			"This model doesn't support tool use in streaming mode."},
		{"2.2 tools without stream", maverick, talk(hi) + "," + oneTool, ""},
		{"2.2 toolChoice any", maverick, talk(hi) + "," + strings.TrimSuffix(oneTool, "}") + `,"toolChoice":{"any":{}}}`,
			"This model doesn't support the toolConfig.toolChoice.any field. Remove toolConfig.toolChoice.any and try again"},
		{"2.2 toolChoice tool", large, talk(hi) + "," + strings.TrimSuffix(oneTool, "}") +
			`,"toolChoice":{"tool":{"name":"f"}}}`, "This model doesn't support the toolConfig.toolChoice.tool field. Remove " +
			"toolConfig.toolChoice.tool and try again"},
		{"2.2 status on Writer", "us.writer.palmyra-x4-v1:0",
			talk(hi, called, strings.Replace(answered, `}]}}`, `}],"status":"success"}}`, 1)) + "," + oneTool,
			"This model doesn't support the status field. Remove status and try again."},
		{"2.2 text beside toolUse", large, talk(hi, strings.Replace(called, `[{`, `[{"text":"x"},{`, 1), answered) + "," +
			oneTool, "messages.1.content: Conversation blocks and tool use blocks cannot be provided in the same turn"},
		{"2.2 text beside toolResult", maverick,
			talk(hi, called, strings.Replace(answered, `[{"toolResult`, `[{"text":"x"},{"toolResult`, 1)) + "," + oneTool,
			"messages.2.content: Conversation blocks and tool result blocks cannot be provided in the same turn."},
		{"2.2 text beside toolResult on Claude", sonnet45,
			talk(hi, called, strings.TrimSuffix(answered, "]}")+`,{"text":"x"}]}`) + "," + oneTool, ""},
		{"2.2 image in result of Mistral", large,
			talk(hi, called, strings.Replace(answered, `{"text":"1"}`, imageBlock(img), 1)) + "," + oneTool,
			"This model doesn't support the image content block that you provided. Update the content block and try again."},
		{"2.2 empty result on Nemotron", "nvidia.nemotron-nano-12b-v2",
			talk(hi, called, strings.Replace(answered, `{"text":"1"}`, ``, 1)) + "," + oneTool,
			"The content field in the ToolResultBlock object is empty. Add content to the content field and try again."},
		{"2.2 forced choice with thinking", sonnet45, amrf(`{"thinking":{"type":"enabled","budget_tokens":1024}}`) + "," +
			strings.TrimSuffix(oneTool, "}") + `,"toolChoice":{"any":{}}}`,
			native + "Thinking may not be enabled when tool_choice forces tool use."},
		{"2.2 forced choice with default thinking", sonnet5, talk(hi) + "," + strings.TrimSuffix(oneTool, "}") +
			`,"toolChoice":{"any":{}}}`, native + "Thinking may not be enabled when tool_choice forces tool use."},
		{"2.2 forced choice, thinking off", sonnet5, amrf(`{"thinking":{"type":"disabled"}}`) + "," +
			strings.TrimSuffix(oneTool, "}") + `,"toolChoice":{"any":{}}}`, ""},
		{"2.2 forced choice with adaptive Opus 4.8", "us.anthropic.claude-opus-4-8",
			amrf(`{"thinking":{"type":"adaptive"}}`) + "," + strings.TrimSuffix(oneTool, "}") + `,"toolChoice":{"any":{}}}`, ""},
		{"2.2 forced choice on Fable", fable, talk(hi) + "," + strings.TrimSuffix(oneTool, "}") + `,"toolChoice":{"any":{}}}`,
			"This model doesn't support the toolConfig.toolChoice.any field. Remove toolConfig.toolChoice.any and try again"},
		{"2.2 two choices", sonnet45, amrf(`{"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}`) + "," +
			strings.TrimSuffix(oneTool, "}") + `,"toolChoice":{"auto":{}}}`,
			"The additional field tool_choice conflicts with an existing field."},
		{"2.2 strict tool beyond the subset", sonnet45, talk(hi) + "," + strings.Replace(oneTool, `"inputSchema"`,
			`"strict":true,"inputSchema"`, 1), native + "toolConfig.tools.0.toolSpec.inputSchema.json: For 'object' type, " +
			"'additionalProperties' must be explicitly set to false"},

		// FACTS 2.3: text.
		{"2.3 empty text", novaLite, talk(turnOf(`{"text":""}`)), "The text field in the ContentBlock object at " +
			"messages.0.content.0 is blank. Add text to the text field, and try again."},
		{"2.3 white space on Claude", sonnet45, talk(turnOf(`{"text":" \n"}`)),
			native + "messages: text content blocks must contain non-whitespace text"},
		{"2.3 white space elsewhere", novaLite, talk(turnOf(`{"text":" "}`)),
			"The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text field, and try " +
				"again."},
		{"2.3 trailing white space", sonnet45, talk(hi, strings.Replace(yes, "Yes", "Yes ", 1)),
			native + "messages: final assistant content cannot end with trailing whitespace"},
		{"2.3 empty content", novaLite, talk(`{"role":"user","content":[]}`),
			"The content field in the Message object at messages.0 is empty. Add a ContentBlock object to the content field " +
				"and try again."},

		// FACTS 2.4: system prompt.
		{"2.4 system", "mistral.mistral-7b-instruct-v0:2", talk(hi) + `,"system":[{"text":"x"}]`,
			"This model doesn't support system messages. Try again without a system message or use a model that supports " +
				"system messages."},

		// FACTS 2.5: media.
		{"2.5 image", novaLite, talk(turnOf(imageBlock(img), `{"text":"x"}`)), ""},
		{"2.5 image on a text model", "amazon.nova-micro-v1:0", talk(turnOf(imageBlock(img), `{"text":"x"}`)),
			"This model doesn't support the image content block that you provided. Update the content block and try again."},
		{"2.5 21 images", novaLite, talk(turnOf(strings.TrimSuffix(strings.Repeat(imageBlock(img)+",", 21), ","))),
			"You can't include more than 20 images in a request. Reduce the number of images and retry your request."},
		{"2.5 8,001 pixels", novaLite, talk(turnOf(imageBlock(picture(t, 8001, 1)))),
			"The maximum image dimension is 8000 px. Reduce the size of your image and retry your request."},
		{"2.5 image above 3.75 MB", novaLite, talk(turnOf(imageBlock(wire.Base64Of(make([]byte, rules.MaxImageBytes+1))))),
			"The maximum image size is 3.75 MB. Reduce the size of your image and retry your request."},
		{"2.5 six documents", novaLite,
			talk(turnOf(`{"text":"x"}`, docBlock("a", "eA=="), docBlock("b", "eA=="), docBlock("c", "eA=="),
				docBlock("d", "eA=="), docBlock("e", "eA=="), docBlock("f", "eA=="))),
			"You can't include more than 5 documents in a request. Reduce the number of documents and retry your request."},
		{"2.5 document above 4.5 MB", novaLite,
			talk(turnOf(`{"text":"x"}`, docBlock("a", wire.Base64Of(make([]byte, rules.MaxDocumentBytes+1))))),
			"The maximum document size is 4.5 MB. Reduce the size of your document and retry your request."},
		{"2.5 document name", novaLite, talk(turnOf(`{"text":"x"}`, docBlock("a.txt", "eA=="))),
			"The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, " +
				"and square brackets. The name can't contain more than one consecutive whitespace character."},
		{"2.5 document name with two spaces", novaLite, talk(turnOf(`{"text":"x"}`, docBlock("a  b", "eA=="))),
			"The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, " +
				"and square brackets. The name can't contain more than one consecutive whitespace character."},
		{"2.5 document names twice", novaLite, talk(turnOf(`{"text":"x"}`, docBlock("a", "eA=="), docBlock("a", "eA=="))),
			`The document file name "a" is used more than once. Document file names must be unique in a request.`},
		{"2.5 document without text", novaLite, talk(turnOf(docBlock("a", "eA=="))),
			"The message at messages.0 holds a document but no text. Add a text content block and try again."},
		{"2.5 format and bytes", novaLite, talk(turnOf(imageBlock(wire.Base64Of([]byte("plain words"))))),
			native + "The detected file MIME type text/plain does not match the expected type image/png. Reformat your input " +
				"and try again."},
		{"2.5 video on Claude", sonnet45, talk(turnOf(`{"video":{"format":"mp4","source":{"bytes":"AAAA"}}}`)),
			"This model doesn't support the video content block that you provided. Update the content block and try again."},
		{"2.5 S3 on Claude", sonnet45,
			talk(turnOf(`{"image":{"format":"png","source":{"s3Location":{"uri":"s3://bucket/key"}}}}`)),
			"This model doesn't support the s3Uri field. Remove s3Uri and try again."},
		{"2.5 image of an assistant", sonnet45, talk(hi, `{"role":"assistant","content":[`+imageBlock(img)+`]}`, hi),
			"The image content block can only be used in a message with the user role."},

		// FACTS 2.6 and 4.2: reasoning.
		{"2.10 a turn of nothing but thinking", sonnet45,
			talk(hi, `{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"x","signature":"`+wire.Sign(
				"x")+`"}}}]}`, hi), native + "messages.1: The final block in an assistant message cannot be `thinking`."},
		{"2.6 unsigned block", sonnet45,
			talk(hi, `{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"x"}}},{"text":"y"}]}`, hi),
			native + "messages.1.content.0.thinking.signature: Field required"},
		{"2.6 unsigned block elsewhere", "openai.gpt-oss-120b-1:0",
			talk(hi, `{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"x"}}},{"text":"y"}]}`, hi),
			""},
		{"2.6 budget too small", sonnet45, amrf(`{"thinking":{"type":"enabled","budget_tokens":1023}}`),
			native + "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"},
		{"2.6 budget and maxTokens", sonnet45, amrf(`{"thinking":{"type":"enabled","budget_tokens":2048}}`) +
			`,"inferenceConfig":{"maxTokens":2048}`, native + "`max_tokens` must be greater than `thinking.budget_tokens`. " +
			rules.ThinkingPage + "#max-tokens-and-context-window-size"},
		{"2.6 temperature with thinking", sonnet45, amrf(`{"thinking":{"type":"enabled","budget_tokens":1024}}`) +
			`,"inferenceConfig":{"temperature":0.5}`, native + "`temperature` must be unset when thinking is enabled. " +
			rules.ThinkingPage},
		{"2.6 top_k with thinking", sonnet45, amrf(`{"top_k":5,"thinking":{"type":"enabled","budget_tokens":1024}}`),
			native + "`top_k` must be unset when thinking is enabled. " + rules.ThinkingPage},
		{"2.6 open loop without reasoning", sonnet45, talk(hi, called, answered) + "," + oneTool +
			`,"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024}}`,
			native + "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When " +
				"`thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost " +
				"set of `tool_use` and `tool_result` blocks). We recommend you include thinking blocks from previous turns. To " +
				"avoid this requirement, disable `thinking`. " + rules.ThinkingPage},
		{"4.2 budget on Opus 4.7", opus47, amrf(`{"thinking":{"type":"enabled","budget_tokens":1024}}`),
			native + `"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.`},
		{"4.2 adaptive on 4.5", sonnet45, amrf(`{"thinking":{"type":"adaptive"}}`),
			native + "adaptive thinking is not supported on this model"},
		{"4.2 Fable always thinks", fable, amrf(`{"thinking":{"type":"disabled"}}`),
			native + `"thinking.type.disabled" is not supported for this model.`},
		{"4.2 effort of 4.6", sonnet46, amrf(`{"thinking":{"type":"adaptive"},"output_config":{"effort":"xhigh"}}`),
			native + "output_config.effort: Input should be one of: low, medium, high, max"},
		{"4.2 effort of Nova 2", nova2, amrf(`{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}`) +
			`,"inferenceConfig":{"maxTokens":100}`, native + "temperature, topP and maxTokens must be unset when " +
			"maxReasoningEffort is high"},
		{"4.2 effort of gpt-oss", "openai.gpt-oss-120b-1:0", amrf(`{"reasoning_effort":"none"}`),
			native + "reasoning_effort: Input should be one of: low, medium, high"},

		// FACTS 2.7, 4.5: sampling.
		{"2.7 both", haiku, talk(hi) + `,"inferenceConfig":{"temperature":0.5,"topP":0.5}`,
			native + "`temperature` and `top_p` cannot both be specified for this model. Please use only one."},
		{"2.7 both on Opus 4.1", "us.anthropic.claude-opus-4-1-20250805-v1:0",
			talk(hi) + `,"inferenceConfig":{"temperature":0.5,"topP":0.5}`,
			native + "`temperature` and `top_p` cannot both be specified for this model. Please use only one."},
		{"2.7 both on Nova", novaLite, talk(hi) + `,"inferenceConfig":{"temperature":0.5,"topP":0.5}`, ""},
		{"2.7 temperature on Opus 4.7", opus47, talk(hi) + `,"inferenceConfig":{"temperature":1}`,
			native + "`temperature` is deprecated for this model."},
		{"2.7 top_p on Sonnet 5", sonnet5, talk(hi) + `,"inferenceConfig":{"topP":1}`,
			native + "`top_p` is deprecated for this model."},
		{"2.7 top_k on Opus 4.7", opus47, amrf(`{"top_k":1}`), native + "`top_k` is deprecated for this model."},
		{"4.5 top_k of Llama", maverick, amrf(`{"top_k":1}`), native + "Malformed input request: #: extraneous key " +
			"[top_k] is not permitted, please reformat your input and try again."},
		{"4.5 top_k of Nova", novaLite, amrf(`{"inferenceConfig":{"topK":5}}`), ""},
		{"4.5 flat top_k of Nova", novaLite, amrf(`{"top_k":5}`), native + "Malformed input request: #: extraneous key " +
			"[top_k] is not permitted, please reformat your input and try again."},

		// FACTS 2.8: lengths.
		{"2.8 maxTokens", novaLite, talk(hi) + `,"inferenceConfig":{"maxTokens":10001}`,
			"The maximum tokens you requested exceeds the model limit of 10000. Try again with a maximum tokens value that " +
				"is lower than 10000."},
		{"2.8 unconfirmed limit", "mistral.mistral-large-2402-v1:0", talk(hi) + `,"inferenceConfig":{"maxTokens":10001}`, ""},
		{"2.8 maxTokens on Claude", sonnet5, talk(hi) + `,"inferenceConfig":{"maxTokens":999999}`,
			native + "max_tokens: 999999 > 128000, which is the maximum allowed number of output tokens for " +
				"anthropic.claude-sonnet-5"},
		{"2.8 context", "amazon.nova-micro-v1:0", talk(turnOf(`{"text":"` + strings.Repeat("word", 128_000) + `"}`)),
			"Input is too long for requested model."},
		{"2.8 context of Claude", sonnet45, talk(turnOf(`{"text":"` + strings.Repeat("word", 200_000) + `"}`)),
			native + "prompt is too long: 200003 tokens > 200000 maximum"},

		// FACTS 2.9, 4.3: caching.
		{"2.9 no caching", "moonshotai.kimi-k2.5", talk(turnOf(`{"text":"x"}`, `{"cachePoint":{"type":"default"}}`)),
			"AccessDeniedException " + rules.NoCaching},
		{"2.9 no caching on Nemotron", "nvidia.nemotron-nano-12b-v2",
			talk(turnOf(`{"text":"x"}`, `{"cachePoint":{"type":"default"}}`)), rules.NoCaching},
		{"2.9 first", sonnet45, talk(turnOf(`{"cachePoint":{"type":"default"}}`, `{"text":"x"}`)),
			"The cachePoint block at messages.0.content.0 is not allowed there. A cachePoint can't be the first block and " +
				"can't follow another cachePoint, a document or a video."},
		{"2.9 two in a row", sonnet45,
			talk(hi) + `,"system":[{"text":"x"},{"cachePoint":{"type":"default"}},{"cachePoint":{"type":"default"}}]`,
			"The cachePoint block at system.2 is not allowed there. A cachePoint can't be the first block and can't follow " +
				"another cachePoint, a document or a video."},
		{"2.9 after a document", sonnet45,
			talk(turnOf(`{"text":"x"}`, docBlock("a", "eA=="), `{"cachePoint":{"type":"default"}}`)),
			"The cachePoint block at messages.0.content.2 is not allowed there. A cachePoint can't be the first block and " +
				"can't follow another cachePoint, a document or a video."},
		{"2.9 five points", sonnet45,
			talk(turnOf(strings.TrimSuffix(strings.Repeat(`{"text":"x"},{"cachePoint":{"type":"default"}},`, 5), ","))),
			native + "A maximum of 4 blocks with cache_control may be provided. Found 5."},
		{"2.9 order of TTL", sonnet45, talk(turnOf(`{"text":"x"}`, `{"cachePoint":{"type":"default","ttl":"1h"}}`)) +
			`,"system":[{"text":"x"},{"cachePoint":{"type":"default"}}]`,
			native + "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks " +
				"are processed in the following order: `tools`, `system`, `messages`."},
		{"4.3 TTL of Nova", novaLite, talk(turnOf(`{"text":"x"}`, `{"cachePoint":{"type":"default","ttl":"1h"}}`)),
			"This model doesn't support the cachePoint.ttl field. Remove cachePoint.ttl and try again."},
		{"4.3 tools of Nova", novaLite, talk(hi) + "," + strings.TrimSuffix(oneTool, "]}") +
			`,{"cachePoint":{"type":"default"}}]}`, "This model doesn't support the cachePoint field. Remove cachePoint and " +
			"try again."},
		{"4.3 tools of Claude", sonnet45, talk(hi) + "," + strings.TrimSuffix(oneTool, "]}") +
			`,{"cachePoint":{"type":"default"}}]}`, ""},

		{"2.10 after a result on Nova", novaLite,
			talk(hi, called, strings.TrimSuffix(answered, "]}")+`,{"cachePoint":{"type":"default"}}]}`) + "," + oneTool,
			"Malformed input request: #/messages/2/content/1: extraneous key [cachePoint] is not permitted, please reformat " +
				"your input and try again."},
		{"2.10 after an image on Nova", nova2,
			talk(turnOf(`{"text":"x"}`, imageBlock(img), `{"cachePoint":{"type":"default"}}`)),
			"Malformed input request: #/messages/0/content/2: extraneous key [cachePoint] is not permitted, please reformat " +
				"your input and try again."},
		{"2.10 after an image on Claude", sonnet45,
			talk(turnOf(`{"text":"x"}`, imageBlock(img), `{"cachePoint":{"type":"default"}}`)), ""},
		{"2.10 after reasoning", sonnet45,
			talk(hi, `{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"x","signature":"y"}}},{"cachePoint":{"type":"default"}},{"text":"y"}]}`, hi), "Cache point cannot be inserted after reasoning block. Please remove the invalid cache point and try again."},

		// FACTS 2.10: names of tools.
		{"2.10 hyphen on Nova", novaLite, talk(turnOf(`{"text":"get-tide"}`)) +
			`,"toolConfig":{"tools":[{"toolSpec":{"name":"get-tide","inputSchema":{"json":{"type":"object"}}}}]}`,
			"ModelErrorException Model produced invalid sequence as part of ToolUse. Please refer to the model tool use " +
				"troubleshooting guide."},
		{"2.10 hyphen on Claude", sonnet45, talk(turnOf(`{"text":"get-tide"}`)) +
			`,"toolConfig":{"tools":[{"toolSpec":{"name":"get-tide","inputSchema":{"json":{"type":"object"}}}}]}`, ""},

		// FACTS 4.2, 4.7: OpenAI and others on Converse.
		{"4.7 GPT-5.6", "us.openai.gpt-5.6-sol", talk(hi), ""},
		{"4.7 GPT-5.5", "openai.gpt-5.5", talk(hi), "The model openai.gpt-5.5 doesn't support the Converse operation. Try " +
			"again with a model that supports it."},
		{"4.2 flat effort of GPT", "us.openai.gpt-5.6-sol", amrf(`{"reasoning_effort":"low"}`),
			native + "Unknown parameter: 'reasoning_effort'."},
		{"4.2 effort of GPT", "us.openai.gpt-5.6-sol", amrf(`{"reasoning":{"effort":"minimal"}}`),
			native + "reasoning.effort: Input should be one of: none, low, medium, high, xhigh, max"},
		{"4.2 effort of Kimi", "moonshotai.kimi-k2.5", amrf(`{"reasoning_config":"max"}`),
			native + "reasoning_config: Input should be one of: low, medium, high"},
		{"4.2 effort of GLM", "zai.glm-5", amrf(`{"reasoning_config":"none"}`),
			native + "reasoning_config: Input should be one of: low, medium, high"},
		{"2.6 text back to GPT", "us.openai.gpt-5.6-sol",
			talk(hi, `{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"x"}}},{"text":"y"}]}`, hi),
			native + "messages.1.content.0: reasoningText is not supported for this model."},

		// FACTS 2.10, 4.4: native fields, structured output, guardrails.
		{"2.10 format on Opus 4.7", opus47, jsonSchema(`{"type":"object","additionalProperties":false}`),
			native + "output_config.format: Extra inputs are not permitted"},
		{"2.10 format on Nova", novaLite, jsonSchema(`{"type":"object","additionalProperties":false}`),
			"This model doesn't support the outputConfig.textFormat field. Remove outputConfig.textFormat and try again."},
		{"4.4 fine", sonnet45, jsonSchema(
			`{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"string"}},"additionalProperties":false}`), ""},
		{"4.4 open object", sonnet45, jsonSchema(`{"type":"object"}`),
			native + "outputConfig.textFormat.structure.jsonSchema.schema: For 'object' type, 'additionalProperties' must be " +
				"explicitly set to false"},
		{"4.4 minimum", sonnet45,
			jsonSchema(`{"type":"object","properties":{"a":{"type":"integer","minimum":0}},"additionalProperties":false}`),
			native + "outputConfig.textFormat.structure.jsonSchema.schema: For 'integer' type, properties minimum are not " +
				"supported"},
		{"2.10 oneOf", sonnet45, jsonSchema(
			`{"type":"object","properties":{"a":{"oneOf":[{"type":"string"}]}},"additionalProperties":false}`),
			native + "outputConfig.textFormat.structure.jsonSchema.schema: For '' type, properties oneOf are not supported"},
		{"2.10 enum of objects", sonnet45,
			jsonSchema(`{"type":"object","properties":{"a":{"enum":[{"b":1}]}},"additionalProperties":false}`),
			native + "outputConfig.textFormat.structure.jsonSchema.schema: Enum values of complex types are not supported"},
		{"2.10 25 optional members", sonnet45,
			jsonSchema(`{"type":"object","properties":{"a":{}` + optionalMembers(24) + `},"additionalProperties":false}`),
			native + "Schemas contains too many optional parameters (25), which would make grammar compilation inefficient. " +
				"Reduce the number of optional parameters in your tool schemas (limit: 24)."},
		{"4.4 minItems", sonnet45, jsonSchema(`{"type":"array","items":{"type":"string"},"minItems":2}`),
			native + "outputConfig.textFormat.structure.jsonSchema.schema: For 'array' type, 'minItems' values other than 0 " +
				"or 1 are not supported"},
		{"4.4 recursion", sonnet45,
			jsonSchema(`{"type":"object","properties":{"a":{"$ref":"#"}},"additionalProperties":false}`),
			native + "outputConfig.textFormat.structure.jsonSchema.schema: Circular reference detected in schema definitions: #"},
		{"4.4 not JSON", sonnet45, jsonSchema(`{`), "The value at outputConfig.textFormat.structure.jsonSchema.schema is " +
			"not a valid JSON Schema."},
		{"2.10 unknown native field", sonnet45, amrf(`{"seed":1}`), native + "seed: Extra inputs are not permitted"},
		{"2.10 guardrail form", novaLite,
			talk(hi) + `,"guardrailConfig":{"guardrailIdentifier":"My Guard","guardrailVersion":"1"}`,
			"The provided guardrail identifier is invalid."},
		{"2.10 guardrail missing", novaLite,
			talk(hi) + `,"guardrailConfig":{"guardrailIdentifier":"missing1","guardrailVersion":"1"}`,
			"The guardrail identifier or version provided in the request does not exist."},
		{"2.10 guardrail version", novaLite,
			talk(hi) + `,"guardrailConfig":{"guardrailIdentifier":"abc","guardrailVersion":"0"}`,
			"1 validation error detected: Value '0' at 'guardrailConfig.guardrailVersion' failed to satisfy constraint: " +
				"Member must satisfy regular expression pattern: (([1-9][0-9]{0,7})|(DRAFT))"},

		// FACTS 2.11, 4.8, 4.9: identity.
		{"2.11 on demand", "anthropic.claude-haiku-4-5-20251001-v1:0", talk(hi),
			"Invocation of model ID anthropic.claude-haiku-4-5-20251001-v1:0 with on-demand throughput isn’t supported. " +
				"Retry your request with the ID or ARN of an inference profile that contains this model."},
		{"2.11 unknown", "does-not-exist", talk(hi), "The provided model identifier is invalid."},
		{"4.8 profile of another geography", "eu.anthropic.claude-haiku-4-5-20251001-v1:0", talk(hi),
			"The provided model identifier is invalid."},
		{"4.8 global profile", "global.anthropic.claude-haiku-4-5-20251001-v1:0", talk(hi), ""},
		{"4.9 end of life", sonnet4, talk(hi), "ResourceNotFoundException This model version has reached the end of its " +
			"life. Please refer to the AWS documentation for more details."},
		{"2.11 gated", "anthropic.claude-mythos-preview", talk(hi),
			"AccessDeniedException You don't have access to the model with the specified model ID."},
		{"4.7 no chat", titanTxt, talk(hi), "The model amazon.titan-embed-text-v2:0 doesn't support the Converse " +
			"operation. Try again with a model that supports it."},
	} {
		t.Run(c.rule, func(t *testing.T) {
			model, streamed := strings.CutPrefix(c.model, "stream ")
			rep := s.converse(model, []byte("{"+c.body+"}"), streamed)
			got, want := "", c.want
			if rep.Status != 200 {
				name, _, _ := strings.Cut(rep.Header.Get("X-Amzn-Errortype"), ":")
				got = name + " " + messageOf(t, rep.Body)
				if rep.Status != wire.Statuses[name] {
					t.Errorf("status %d of %s", rep.Status, name)
				}
			}
			if first, _, _ := strings.Cut(want, " "); want != "" && !strings.HasSuffix(first, "Exception") {
				want = "ValidationException " + want
			}
			if got != want {
				t.Errorf("\ngot  %s\nwant %s", got, want)
			}
		})
	}
}

// In a stream the model's server finds the wrong type of an image after the stream has begun.
func TestMismatchIsTheFirstFrame(t *testing.T) {
	rep := newServer(t).converse(novaLite, []byte(`{`+talk(turnOf(imageBlock(wire.Base64Of([]byte("plain words")))))+`}`),
		true)
	if rep.Status != 200 || len(rep.Frames) != 1 || rep.Frames[0].Event != "validationException" {
		t.Errorf("%d %v", rep.Status, rep.Frames)
	}
}

func TestStrictEmbeddings(t *testing.T) {
	s := newServer(t)
	many := strings.TrimSuffix(strings.Repeat(`"a",`, 97), ",")
	const again = ", please reformat your input and try again."
	for _, c := range []struct{ rule, model, body, want string }{
		{"extraneous", "amazon.titan-embed-text-v1", `{"inputText":"a","dimensions":256}`,
			"Malformed input request: #: extraneous key [dimensions] is not permitted" + again},
		{"required", titanTxt, `{}`, "Malformed input request: #: required key [inputText] not found" + again},
		{"two faults", titanTxt, `{"a":1}`, "Malformed input request: 2 schema violations found" + again},
		{"type", titanTxt, `{"inputText":1}`, "Malformed input request: #/inputText: expected type: String" + again},
		{"empty", titanTxt, `{"inputText":""}`, "Malformed input request: #/inputText: expected minLength: 1, actual: 0" +
			again},
		{"dimension", titanTxt, `{"inputText":"a","dimensions":300}`,
			"Malformed input request: #/dimensions: 300 is not a valid enum value" + again},
		{"too long", titanTxt, `{"inputText":"` + strings.Repeat("a ", 9000) + `"}`,
			"400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token count: 9000 "},
		{"input_type", "cohere.embed-english-v3", `{"texts":["a"]}`,
			"Malformed input request: #: required key [input_type] not found" + again},
		{"97 texts", "cohere.embed-english-v3", `{"input_type":"search_query","texts":[` + many + `]}`,
			"Malformed input request: #/texts: expected maximum item count: 96, found: 97" + again},
		{"long text", "cohere.embed-english-v3", `{"input_type":"search_query","texts":["` + strings.Repeat("a", 2049) +
			`"]}`, "Malformed input request: #/texts/0: expected maxLength: 2048, actual: 2049" + again},
		{"output_dimension is of v4", "cohere.embed-english-v3",
			`{"input_type":"search_query","texts":["a"],"output_dimension":512}`,
			"Malformed input request: #: extraneous key [output_dimension] is not permitted" + again},
		{"dimension of v4", "cohere.embed-v4:0", `{"input_type":"search_query","texts":["a"],"output_dimension":500}`,
			"Malformed input request: #/output_dimension: 500 is not a valid enum value" + again},
		{"truncate of v4", "cohere.embed-v4:0", `{"input_type":"search_query","texts":["a"],"truncate":"END"}`,
			"Malformed input request: #/truncate: END is not a valid enum value" + again},
		{"purpose", "amazon.nova-2-multimodal-embeddings-v1:0",
			`{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"X","text":{"value":"a","truncationMode":"END"}}}`, "Malformed input request: #/singleEmbeddingParams/embeddingPurpose: X is not a valid enum value" + again},
		{"dimension of Nova", "amazon.nova-2-multimodal-embeddings-v1:0",
			`{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"CLUSTERING","embeddingDimension":512,"text":{"value":"a","truncationMode":"END"}}}`, "Malformed input request: #/singleEmbeddingParams/embeddingDimension: 512 is not a valid enum value" + again},
		{"not an embedding model", novaLite, `{}`, "The offline Bedrock answers InvokeModel for embedding models only, " +
			"not for amazon.nova-lite-v1:0."},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rep := s.invoke(c.model, []byte(c.body))
			if got := messageOf(t, rep.Body); rep.Status != 400 || got != c.want {
				t.Errorf("\ngot  %d %s\nwant %s", rep.Status, got, c.want)
			}
		})
	}
}

func TestFill(t *testing.T) {
	for name, c := range map[string]struct{ schema, text, want string }{
		"types":   {`{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"number","minimum":2.5},"c":{"type":"boolean"},"d":{"type":"null"}}}`, "", `{"a":1,"b":2.5,"c":true,"d":null}`},
		"enum":    {`{"enum":["red","green"]}`, "the green one", `"green"`},
		"const":   {`{"const":7}`, "", `7`},
		"default": {`{"type":"string","default":"x"}`, "", `"x"`},
		"anyOf":   {`{"anyOf":[{"type":"null"},{"type":"integer"}]}`, "", `1`},
		"ref": {`{"$ref":"#/$defs/A","$defs":{"A":{"type":"array","items":{"type":"integer"},"minItems":2}}}`, "",
			`[1,1]`},
		"allOf":   {`{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}}},{"properties":{"b":{"const":2}},"required":["b"]}]}`, "", `{"a":1,"b":2}`},
		"formats": {`{"type":"string","format":"date"}`, "", `"2026-01-31"`},
		"name": {`{"type":"object","properties":{"city":{"type":"string"}}}`, "How warm is it in New York today?",
			`{"city":"New York"}`},
		"query":     {`{"type":"object","properties":{"query":{"type":"string"}}}`, "search cats", `{"query":"search cats"}`},
		"length":    {`{"type":"string","minLength":8,"maxLength":8}`, "go to Rome", `"Romexxxx"`},
		"required":  {`{"type":"object","required":["z"]}`, "", `{"z":"value"}`},
		"type list": {`{"type":["null","integer"],"multipleOf":5}`, "", `5`},
		"nothing":   {`true`, "", `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := string(answer.Fill([]byte(c.schema), c.text)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	// A schema without end makes a value with an end.
	if got := answer.Fill([]byte(`{"type":"object","properties":{"n":{"$ref":"#"},"m":{"$ref":"#"}}}`),
		""); !json.Valid(got) || len(got) > 10_000 {
		t.Errorf("recursive schema: %d bytes", len(got))
	}
}

func TestWebP(t *testing.T) {
	for head, want := range map[string]string{
		"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x63\x00\x00\xc7\x00\x00":            "100 200",
		"RIFF\x00\x00\x00\x00WEBPVP8L\x0a\x00\x00\x00\x2f\x63\xc0\x31\x00\x00\x00\x00\x00\x00":            "100 200",
		"RIFF\x00\x00\x00\x00WEBPVP8 \x0a\x00\x00\x00\x00\x00\x00\x9d\x01\x2a\x64\x00\xc8\x00":            "100 200",
		"RIFF\x00\x00\x00\x00WAVEVP8 \x0a\x00\x00\x00\x00\x00\x00\x9d\x01\x2a\x64\x00\xc8\x00 no picture": "none",
	} {
		got := "none"
		if w, h, ok := wire.ImageSize([]byte(head)); ok {
			got = fmt.Sprint(w, h)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", head[12:16], got, want)
		}
	}
}

// optionalMembers are n more members of an object.
func optionalMembers(n int) (list string) {
	for i := range n {
		list += fmt.Sprintf(`,"m%d":{"type":"string"}`, i)
	}
	return list
}
