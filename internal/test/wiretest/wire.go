package wiretest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream/eventstreamapi"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/schemas"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/restjson1"
)

// Request is the body that the SDK sends for an input of Converse.
func Request(t testing.TB, in *bedrockruntime.ConverseInput) []byte {
	t.Helper()
	return serialise(t, smithy.NewOperationSchema(schemas.Converse, schemas.ConverseRequest, schemas.ConverseResponse), in)
}

// StreamRequest is the body that the SDK sends for an input of ConverseStream.
func StreamRequest(t testing.TB, in *bedrockruntime.ConverseStreamInput) []byte {
	t.Helper()
	return serialise(t, smithy.NewOperationSchema(schemas.ConverseStream, schemas.ConverseStreamRequest,
		schemas.ConverseStreamResponse), in)
}

func serialise(t testing.TB, op *smithy.OperationSchema, in smithy.Serializable) []byte {
	t.Helper()
	req := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	if err := restjson1.New(nil).SerializeRequest(context.Background(), op, in, req); err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(req.GetStream())
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(body) {
		t.Fatalf("the wire body is not JSON: %s", body)
	}
	return body
}

// Reply reads the JSON body of a Converse reply as the SDK's client does.
func Reply(t testing.TB, body []byte) *bedrockruntime.ConverseOutput {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	}))
	defer srv.Close()
	client := bedrockruntime.New(bedrockruntime.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(srv.URL),
		Credentials:  credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient:   srv.Client(),
	})
	out, err := client.Converse(context.Background(), &bedrockruntime.ConverseInput{ModelId: aws.String("m"),
		Messages: []types.Message{}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Stream reads the bytes of an event stream with the SDK's decoder. What the SDK gives for an exception or for broken
// bytes is the error at the end.
func Stream(t testing.TB, body []byte) iter.Seq2[types.ConverseStreamOutput, error] {
	t.Helper()
	return func(yield func(types.ConverseStreamOutput, error) bool) {
		protocol := restjson1.New(schemas.AmazonBedrockFrontendService)
		r := bytes.NewReader(body)
		for {
			event, err := protocol.DeserializeEventMessage(schemas.ConverseStreamOutput, bedrockruntime.TypeRegistry, r)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(unionMember(event), nil) {
				return
			}
		}
	}
}

// unionMember wraps an event as the SDK's client does.
func unionMember(event smithy.Deserializable) types.ConverseStreamOutput {
	switch v := event.(type) {
	case *types.ContentBlockDeltaEvent:
		return &types.ConverseStreamOutputMemberContentBlockDelta{Value: *v}
	case *types.ContentBlockStartEvent:
		return &types.ConverseStreamOutputMemberContentBlockStart{Value: *v}
	case *types.ContentBlockStopEvent:
		return &types.ConverseStreamOutputMemberContentBlockStop{Value: *v}
	case *types.MessageStartEvent:
		return &types.ConverseStreamOutputMemberMessageStart{Value: *v}
	case *types.MessageStopEvent:
		return &types.ConverseStreamOutputMemberMessageStop{Value: *v}
	case *types.ConverseStreamMetadataEvent:
		return &types.ConverseStreamOutputMemberMetadata{Value: *v}
	}
	return &types.UnknownUnionMember{Tag: "new"}
}

// Frames writes events as an event stream.
func Frames(t testing.TB, events []Event) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := eventstream.NewEncoder()
	for _, e := range events {
		m := eventstream.Message{Payload: e.Payload}
		m.Headers.Set(eventstreamapi.MessageTypeHeader, eventstream.StringValue("event"))
		m.Headers.Set(eventstreamapi.EventTypeHeader, eventstream.StringValue(e.Type))
		m.Headers.Set(eventstreamapi.ContentTypeHeader, eventstream.StringValue("application/json"))
		if e.MessageType == "exception" {
			m.Headers.Set(eventstreamapi.MessageTypeHeader, eventstream.StringValue("exception"))
			m.Headers.Set(eventstreamapi.ExceptionTypeHeader, eventstream.StringValue(e.Type))
		}
		if err := enc.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// RecordedStream plays the recorded bytes, or, where only the events are known, a stream made of them.
func RecordedStream(t testing.TB, rec *Interaction) iter.Seq2[types.ConverseStreamOutput, error] {
	t.Helper()
	if len(rec.EventStream) == 0 {
		return Stream(t, Frames(t, rec.Events))
	}
	return Stream(t, rec.EventStream)
}
