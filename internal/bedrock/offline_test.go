package bedrock_test

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/bedrock"
	"outcrop/internal/bedrock/offline"
	"outcrop/internal/catalog"
	"outcrop/openai"
)

// The embedded Bedrock speaks the wire protocol on its own account, so it judges ours, and we judge its.
func TestAgainstOffline(t *testing.T) {
	for _, name := range []string{"AWS_BEARER_TOKEN_BEDROCK", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
		"AWS_PROFILE", "AWS_CA_BUNDLE"} {
		t.Setenv(name, "")
	}
	models, err := os.ReadFile(filepath.Join("..", "catalog", "models.json"))
	if err != nil {
		t.Fatal(err)
	}
	handler, err := offline.New(offline.Config{Models: models})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	cfg := bedrock.Default()
	cfg.MaxAttempts = 1 // the pauses of the SDK's retryer are real here
	var unknown atomic.Int32
	cfg.OnUnknown = func(string) { unknown.Add(1) }
	b, err := bedrock.New(t.Context(), cfg, func(o *config.LoadOptions) error {
		o.Region, o.BaseEndpoint = "us-east-1", server.URL
		o.Credentials = credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "SECRETEXAMPLE", "")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := b.For(catalog.Target{Row: &catalog.Model{}})
	if err != nil {
		t.Fatal(err)
	}
	const model = "amazon.nova-micro-v1:0"
	hello := []types.Message{{Role: types.ConversationRoleUser,
		Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: "hello there"}}}}

	t.Run("Converse", func(t *testing.T) {
		out, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(model), Messages: hello})
		if err != nil {
			t.Fatal(err)
		}
		id, ok := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
		if m, is := out.Output.(*types.ConverseOutputMemberMessage); !is || len(m.Value.Content) == 0 || !ok || id == "" {
			t.Errorf("output %+v, request id %q", out.Output, id)
		}
	})
	t.Run("ConverseStream", func(t *testing.T) {
		id, events, err := client.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(model),
			Messages: hello})
		if err != nil || id == "" {
			t.Fatalf("request id %q, error %v", id, err)
		}
		var text strings.Builder
		var last types.ConverseStreamOutput
		for e, err := range events {
			if err != nil {
				t.Fatal(err)
			}
			if d, ok := e.(*types.ConverseStreamOutputMemberContentBlockDelta); ok {
				text.WriteString(d.Value.Delta.(*types.ContentBlockDeltaMemberText).Value)
			}
			last = e
		}
		if _, ok := last.(*types.ConverseStreamOutputMemberMetadata); !ok || text.Len() == 0 {
			t.Errorf("last event %T, text %q", last, text.String())
		}
	})
	t.Run("InvokeModel", func(t *testing.T) {
		_, tokens, err := client.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{
			ModelId: aws.String("amazon.titan-embed-text-v2:0"), Body: []byte(`{"inputText":"hello there"}`)})
		if err != nil || tokens < 1 {
			t.Errorf("%d tokens, error %v", tokens, err)
		}
	})

	for fault, want := range map[string]struct{ plain, stream string }{
		"throttle":                          {"rate_limit_exceeded", "rate_limit_exceeded"},
		"first=ThrottlingException":         {"rate_limit_exceeded", "rate_limit_exceeded"},
		"after=3:ModelStreamErrorException": {"malformed_model_output", "malformed_model_output"},
		"cut=3":                             {"bad_upstream_response", "stream_truncated"},
		"garbage":                           {"bad_upstream_response", "bad_upstream_response"},
		"empty":                             {"", "bad_upstream_response"},
		"split=1":                           {"", ""},
		"unknown":                           {"", ""},
	} {
		t.Run("fault "+fault, func(t *testing.T) {
			unknown.Store(0)
			id := aws.String(model + "+" + fault)
			_, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: id, Messages: hello})
			if got := codeOf(t, err); got != want.plain {
				t.Errorf("plain: code %q, want %q (%v)", got, want.plain, err)
			}
			if counted := unknown.Load() > 0; counted != (fault == "unknown") {
				t.Errorf("%d unknown things", unknown.Load())
			}
			unknown.Store(0)
			_, events, err := client.ConverseStream(t.Context(),
				&bedrockruntime.ConverseStreamInput{ModelId: id, Messages: hello})
			if err == nil {
				for _, fault := range events {
					err = fault
				}
			}
			if got := codeOf(t, err); got != want.stream {
				t.Errorf("stream: code %q, want %q (%v)", got, want.stream, err)
			}
			if counted := unknown.Load() > 0; counted != (fault == "unknown") {
				t.Errorf("%d unknown things in the stream", unknown.Load())
			}
		})
	}
}

func codeOf(t *testing.T, err error) string {
	t.Helper()
	var e *openai.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("%T %v is not an *openai.Error", err, err)
	} else if err == nil {
		return ""
	}
	return e.Code
}
