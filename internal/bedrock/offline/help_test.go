package offline

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	novaLite = "amazon.nova-lite-v1:0"
	haiku    = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
	sonnet45 = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
	sonnet46 = "us.anthropic.claude-sonnet-4-6"
	opus47   = "us.anthropic.claude-opus-4-7"
	sonnet5  = "us.anthropic.claude-sonnet-5"
	fable    = "us.anthropic.claude-fable-5"
	nova2    = "us.amazon.nova-2-lite-v1:0"
	titanTxt = "amazon.titan-embed-text-v2:0"
)

func catalogueFile(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("../../catalog/models.json")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// recordingsDir gives the folder of recordings, above the module's root or where OUTCROP_SHARED says.
func recordingsDir(t testing.TB) string {
	t.Helper()
	shared := os.Getenv("OUTCROP_SHARED")
	if shared == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			if root == filepath.Dir(root) {
				t.Fatal("no go.mod above the test")
			}
			root = filepath.Dir(root)
		}
		shared = filepath.Join(filepath.Dir(root), "shared")
	}
	dir := filepath.Join(shared, "wire", "bedrock")
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the recordings are missing")
		}
		t.Skip("the recordings of shared/wire are not here")
	}
	return dir
}

func newServer(t testing.TB, change ...func(*Config)) *Server {
	t.Helper()
	cfg := Config{Models: catalogueFile(t)}
	for _, f := range change {
		f(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func start(t testing.TB, change ...func(*Config)) *httptest.Server {
	t.Helper()
	ts := httptest.NewServer(newServer(t, change...))
	t.Cleanup(ts.Close)
	return ts
}

// runtimeClient is the real SDK client, without retries so that each fault is seen, unless tries is more than one.
func runtimeClient(ts *httptest.Server, tries int) *bedrockruntime.Client {
	return bedrockruntime.New(bedrockruntime.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(ts.URL),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:   &http.Client{Transport: wholeBody{ts.Client().Transport}},
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = tries
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})
}

// wholeBody hands the transport a body of its own. The SDK (smithy-go 1.28) closes the request's body as soon as the
// head of the answer is there; a server as quick as this one may answer before net/http's writer has seen the end of
// that body, which it then takes for a failed write, and tears the connection under the stream.
type wholeBody struct{ http.RoundTripper }

func (t wholeBody) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return t.RoundTripper.RoundTrip(r)
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(b))
	return t.RoundTripper.RoundTrip(r)
}

func controlClient(ts *httptest.Server) *bedrock.Client {
	return bedrock.New(bedrock.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(ts.URL),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:   ts.Client(),
	})
}

// post sends a raw body, as a client of any language would, and gives the whole reply.
func post(t testing.TB, ts *httptest.Server, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, ts.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer test")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := ts.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

// messageOf reads the text of an error body.
func messageOf(t testing.TB, body []byte) string {
	t.Helper()
	var e struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatalf("error body %q: %v", body, err)
	}
	return e.Message
}

// swapBody puts another body into a call of the SDK client, before it is signed.
func swapBody(body []byte) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Build.Add(middleware.BuildMiddlewareFunc("swap body",
			func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (
				middleware.BuildOutput, middleware.Metadata, error,
			) {
				req := in.Request.(*smithyhttp.Request)
				swapped, err := req.SetStream(bytes.NewReader(body))
				if err != nil {
					return middleware.BuildOutput{}, middleware.Metadata{}, err
				}
				in.Request = swapped
				return next.HandleBuild(ctx, in)
			}), middleware.Before)
	}
}
