package bedrock

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/restjson1"
)

// sdkWrites is what the SDK's own serializer makes of an input.
func sdkWrites(t testing.TB, v *verb, in smithy.Serializable) string {
	t.Helper()
	r := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	if err := (sortedMaps{restjson1.New(nil)}).SerializeRequest(t.Context(), v.schema, in, r); err != nil {
		t.Fatal(err)
	}
	if r.GetStream() == nil {
		return ""
	}
	b, err := io.ReadAll(r.GetStream())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// everyShape is an input with a member of every kind of shape.
func everyShape(text string) *bedrockruntime.ConverseInput {
	schema := document.NewLazyDocument(map[string]any{"type": "object", "text": text})
	blocks := []types.ContentBlock{
		&types.ContentBlockMemberText{Value: text},
		&types.ContentBlockMemberImage{Value: types.ImageBlock{Format: types.ImageFormatPng,
			Source: &types.ImageSourceMemberBytes{Value: []byte(text + "\x00\xff")}}},
		&types.ContentBlockMemberImage{Value: types.ImageBlock{Source: &types.ImageSourceMemberBytes{}}},
		&types.ContentBlockMemberDocument{Value: types.DocumentBlock{Name: aws.String(text), Format: types.DocumentFormatPdf,
			Citations: &types.CitationsConfig{Enabled: aws.Bool(true)},
			Source:    &types.DocumentSourceMemberS3Location{Value: types.S3Location{Uri: aws.String("s3://b/" + text)}}}},
		&types.ContentBlockMemberToolUse{Value: types.ToolUseBlock{Name: aws.String(text), ToolUseId: aws.String("t"),
			Input: schema}},
		&types.ContentBlockMemberToolResult{Value: types.ToolResultBlock{ToolUseId: aws.String("t"),
			Status:  types.ToolResultStatusError,
			Content: []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberJson{Value: schema}}}},
		&types.ContentBlockMemberReasoningContent{Value: &types.ReasoningContentBlockMemberReasoningText{
			Value: types.ReasoningTextBlock{Text: aws.String(text), Signature: aws.String("s")}}},
		&types.ContentBlockMemberReasoningContent{Value: &types.ReasoningContentBlockMemberRedactedContent{
			Value: []byte{}}},
		&types.ContentBlockMemberCachePoint{Value: types.CachePointBlock{Type: types.CachePointTypeDefault}},
	}
	return &bedrockruntime.ConverseInput{
		ModelId:                           aws.String(testModel),
		AdditionalModelRequestFields:      schema,
		AdditionalModelResponseFieldPaths: []string{"/a", text},
		GuardrailConfig:                   &types.GuardrailConfiguration{GuardrailIdentifier: aws.String("g")},
		InferenceConfig: &types.InferenceConfiguration{MaxTokens: aws.Int32(math.MaxInt32), Temperature: aws.Float32(0.1),
			TopP: aws.Float32(1e-7), StopSequences: []string{}},
		Messages:        []types.Message{{Role: "user", Content: blocks}, {Role: "assistant", Content: nil}, {}},
		RequestMetadata: map[string]string{"b": text, "a": "", text: "c"},
		PromptVariables: map[string]types.PromptVariableValues{},
		System:          []types.SystemContentBlock{&types.SystemContentBlockMemberText{Value: text}},
		ToolConfig: &types.ToolConfiguration{
			ToolChoice: &types.ToolChoiceMemberAny{},
			Tools: []types.Tool{&types.ToolMemberToolSpec{Value: types.ToolSpecification{Name: aws.String(text),
				InputSchema: &types.ToolInputSchemaMemberJson{Value: schema}}}},
		},
	}
}

// The encoder and the SDK's own serializer write the same bytes.
func FuzzEncoder(f *testing.F) {
	for _, text := range []string{"", "hello", "a\"b\\c\n\r\t\x00\x1f\x7f</script>&", "ä€😀", "\u2028\u2029\ufffd", "\xff\xc3",
		strings.Repeat("long and plain ", 400)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		in := everyShape(text)
		stream := streamOf(in)
		b := newBody()
		defer b.release()
		sorted{in}.Serialize(&b.encoder)
		want := sdkWrites(t, &verbConverse, in)
		if got := string(b.encoder.Bytes()); got != want || b.encoder.model != testModel || !json.Valid([]byte(got)) {
			t.Errorf("model %q\n%s\nand the SDK\n%s", b.encoder.model, got, want)
		}
		again := newBody()
		defer again.release()
		sorted{stream}.Serialize(&again.encoder)
		if !bytes.Equal(again.encoder.Bytes(), []byte(sdkWrites(t, &verbStream, stream))) {
			t.Errorf("a stream's input is\n%s", again.encoder.Bytes())
		}
	})
}

func streamOf(in *bedrockruntime.ConverseInput) *bedrockruntime.ConverseStreamInput {
	return &bedrockruntime.ConverseStreamInput{ModelId: in.ModelId, Messages: in.Messages, System: in.System,
		ToolConfig: in.ToolConfig, InferenceConfig: in.InferenceConfig, RequestMetadata: in.RequestMetadata}
}
