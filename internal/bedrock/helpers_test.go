package bedrock

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go/eventstream"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

const (
	testKey     = "AKIDEXAMPLE"
	testModel   = "amazon.nova-micro-v1:0"
	testRequest = "5f1f4c6e-0000-4000-8000-0123456789ab"
)

// isolate hides the settings of whoever runs the tests from the SDK.
func isolate(t testing.TB) {
	t.Helper()
	for _, name := range []string{
		"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		"AWS_BEARER_TOKEN_BEDROCK", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL_BEDROCK",
		"AWS_ENDPOINT_URL_STS",
		"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_MAX_ATTEMPTS", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_CA_BUNDLE",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent/config")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
}

// quick makes the SDK's pauses between tries too short to notice.
func quick(c *Client) *Client {
	o := c.api.Options()
	r := o.Retryer.(retryer)
	c.api = bedrockruntime.New(o, func(o *bedrockruntime.Options) { o.Retryer = impatient{r} })
	return c
}

type impatient struct{ retryer }

func (impatient) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

// against gives a client whose Bedrock is the handler. Requests are read to their end first: only then does net/http
// notice a client that hangs up.
func against(t testing.TB, h http.Handler, set ...func(*Config)) (*Client, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b := connect(t, server.URL, set...)
	t.Cleanup(func() { closeIdle(b) })
	return clientOf(t, b, catalog.Target{}), server
}

func connect(t testing.TB, url string, set ...func(*Config)) *Bedrock {
	t.Helper()
	cfg := Default()
	for _, f := range set {
		f(&cfg)
	}
	b, err := New(t.Context(), cfg, withTestKeys(url))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func withTestKeys(url string) func(*config.LoadOptions) error {
	return func(o *config.LoadOptions) error {
		o.Region, o.BaseEndpoint = "us-east-1", url
		o.Credentials = credentials.NewStaticCredentialsProvider(testKey, "SECRETEXAMPLE", "")
		return nil
	}
}

func clientOf(t testing.TB, b *Bedrock, target catalog.Target) *Client {
	t.Helper()
	if target.Row == nil {
		target.Row = &catalog.Model{ID: testModel}
	}
	c, err := b.For(target)
	if err != nil {
		t.Fatal(err)
	}
	return quick(c)
}

func closeIdle(b *Bedrock) {
	b.http.CloseIdleConnections()
}

func hello() []types.Message {
	return []types.Message{{Role: types.ConversationRoleUser,
		Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: "hello"}}}}
}

func plainInput() *bedrockruntime.ConverseInput {
	return &bedrockruntime.ConverseInput{ModelId: aws.String(testModel), Messages: hello()}
}

func streamInput() *bedrockruntime.ConverseStreamInput {
	return &bedrockruntime.ConverseStreamInput{ModelId: aws.String(testModel), Messages: hello()}
}

const plainReply = `{"metrics":{"latencyMs":7},"output":{"message":{"content":[{"text":"Hello!"}],"role":"assistant"}},` +
	`"stopReason":"end_turn","usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}}`

// reply writes a plain answer of Bedrock.
func reply(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-amzn-RequestId", testRequest)
	_, _ = w.Write([]byte(body))
}

// refuse writes an error of Bedrock; name "" leaves the header out.
func refuse(w http.ResponseWriter, status int, name, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-amzn-RequestId", testRequest)
	if name != "" {
		w.Header().Set("x-amzn-ErrorType", name+":http://internal.amazon.com/coral/com.amazon.bedrock/")
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// frame is one frame of an event stream: an event, or an exception for a name that ends so.
func frame(name, payload string) []byte {
	kind, header := eventstream.EventMessageType, eventstream.EventTypeHeader
	if len(name) > 9 && name[len(name)-9:] == "Exception" {
		kind, header = eventstream.ExceptionMessageType, eventstream.ExceptionTypeHeader
	}
	m := eventstream.Message{Payload: []byte(payload)}
	m.Headers.Set(header, eventstream.StringValue(name))
	m.Headers.Set(":content-type", eventstream.StringValue("application/json"))
	m.Headers.Set(eventstream.MessageTypeHeader, eventstream.StringValue(kind))
	var b bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

var (
	frameStart = frame("messageStart", `{"p":"ab","role":"assistant"}`)
	frameHello = frame("contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"Hello"},"p":"abcdefg"}`)
	frameStop  = frame("messageStop", `{"stopReason":"end_turn"}`)
	frameUsage = frame("metadata",
		`{"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5},"metrics":{"latencyMs":7}}`)
	wholeReply = bytes.Join([][]byte{
		frameStart, frameHello, frame("contentBlockStop", `{"contentBlockIndex":0}`), frameStop, frameUsage}, nil)
)

// streamed writes frames and flushes them.
func streamed(w http.ResponseWriter, frames ...[]byte) {
	w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	w.Header().Set("x-amzn-RequestId", testRequest)
	for _, f := range frames {
		_, _ = w.Write(f)
	}
	w.(http.Flusher).Flush()
}

// drain ranges to the end and gives the events and the error.
func drain(events iter.Seq2[types.ConverseStreamOutput, error]) (list []types.ConverseStreamOutput, err error) {
	for e, fault := range events {
		if fault != nil {
			return list, fault
		}
		list = append(list, e)
	}
	return list, nil
}

// asFault fails the test unless the error is ours.
func asFault(t testing.TB, err error) *openai.Error {
	t.Helper()
	var e *openai.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %T %v is not an *openai.Error", err, err)
	}
	return e
}

func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
