package bedrock

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"outcrop/internal/catalog"
)

// stated is what a request says, without what differs from one call to the next.
func stated(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s host %q length %d\n", r.Method, r.URL, r.Host, r.ContentLength)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		fmt.Fprintf(&b, "%s: %q\n", name, r.Header[name])
	}
	return changing.ReplaceAllString(b.String(), "…") + string(body)
}

var changing = regexp.MustCompile(`Signature=[0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f-]{27}|\d{8}(T\d{6}Z)?\b`)

// requests gives what a transport sends for each verb.
func requests(t *testing.T, transport string, target catalog.Target, load func(*config.LoadOptions) error) []string {
	t.Helper()
	var mu sync.Mutex
	var seen []string
	cfg := Default()
	cfg.Transport, cfg.MaxAttempts = transport, 4
	b, err := New(t.Context(), cfg, load, config.WithHTTPClient(doer(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, stated(r))
		answer := httptest.NewRecorder()
		if strings.HasSuffix(r.URL.Path, "/converse-stream") {
			streamed(answer, wholeReply)
		} else {
			reply(answer, plainReply)
		}
		return answer.Result(), nil
	})))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []*verb{&verbConverse, &verbStream, &verbInvoke} {
		c := clientOf(t, b, target)
		if transport == TransportThin && c.pattern(v) == nil {
			t.Errorf("no pattern of %s", v.schema.ID())
		}
	}
	model := aws.String("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.a b:0")
	c := clientOf(t, b, target)
	in, streamIn := plainInput(), streamInput()
	in.ModelId, streamIn.ModelId = model, model
	if _, err := c.Converse(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if err := drained(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{
		ModelId: model, Body: []byte(`{"a":1}`), ContentType: aws.String("application/json"), Accept: aws.String("*/*"),
	}); err != nil {
		t.Fatal(err)
	}
	return seen
}

// Both transports send the same, whatever AWS's settings are.
func TestBothTransportsSendTheSameRequests(t *testing.T) {
	static := credentials.NewStaticCredentialsProvider(testKey, "SECRETEXAMPLE", "")
	for name, set := range map[string]func(*testing.T, *config.LoadOptions){
		"plain":       func(*testing.T, *config.LoadOptions) {},
		"FIPS":        func(t *testing.T, _ *config.LoadOptions) { t.Setenv("AWS_USE_FIPS_ENDPOINT", "true") },
		"dual-stack":  func(t *testing.T, _ *config.LoadOptions) { t.Setenv("AWS_USE_DUALSTACK_ENDPOINT", "true") },
		"GovCloud":    func(_ *testing.T, o *config.LoadOptions) { o.Region = "us-gov-west-1" },
		"China":       func(_ *testing.T, o *config.LoadOptions) { o.Region = "cn-north-1" },
		"EU, its own": func(_ *testing.T, o *config.LoadOptions) { o.Region = "eusc-de-east-1" },
		"FIPS and dual-stack in GovCloud": func(t *testing.T, o *config.LoadOptions) {
			o.Region = "us-gov-west-1"
			t.Setenv("AWS_USE_FIPS_ENDPOINT", "true")
			t.Setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
		},
		"VPC endpoint with a base path": func(_ *testing.T, o *config.LoadOptions) {
			o.BaseEndpoint = "https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com/base/path/"
		},
		"endpoint of the environment with a port": func(t *testing.T, _ *config.LoadOptions) {
			t.Setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:9000")
		},
		"session token": func(_ *testing.T, o *config.LoadOptions) {
			o.Credentials = credentials.NewStaticCredentialsProvider(testKey, "SECRETEXAMPLE", "SESSIONEXAMPLE")
		},
		"API key": func(t *testing.T, o *config.LoadOptions) {
			t.Setenv("AWS_BEARER_TOKEN_BEDROCK", "ABSKexample")
		},
		"id of an application": func(t *testing.T, _ *config.LoadOptions) { t.Setenv("AWS_SDK_UA_APP_ID", "an app") },
		"adaptive mode":        func(t *testing.T, _ *config.LoadOptions) { t.Setenv("AWS_RETRY_MODE", "adaptive") },
		"trace id of Lambda": func(t *testing.T, _ *config.LoadOptions) {
			t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
			t.Setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793")
		},
	} {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			load := func(o *config.LoadOptions) error {
				o.Region, o.Credentials = "us-east-1", static
				set(t, o)
				return nil
			}
			set(t, &config.LoadOptions{}) // the environment is read before the options are called
			want := requests(t, TransportSDK, catalog.Target{}, load)
			got := requests(t, TransportThin, catalog.Target{}, load)
			for i := range want {
				if i < len(got) && got[i] != want[i] {
					t.Errorf("the SDK sends\n%s\nand the thin transport\n%s", want[i], got[i])
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d requests instead of %d", len(got), len(want))
			}
		})
	}
}

// thin gives a client of the thin transport.
func thin(c *Config) { c.Transport = TransportThin }

// A wrong clock costs one refused try; after it the thin transport signs with AWS's time.
func TestAWrongClockIsCorrectedOnce(t *testing.T) {
	isolate(t)
	const ahead = 20 * time.Minute
	var refused atomic.Int32
	client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now().Add(ahead)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil || now.Sub(signed).Abs() > 5*time.Minute {
			refused.Add(1)
			refuse(w, http.StatusForbidden, "InvalidSignatureException",
				`{"message":"Signature expired: 20261130T120000Z is now earlier than 20261130T121500Z"}`)
			return
		}
		reply(w, plainReply)
	}), thin)
	for range 3 {
		if _, err := client.Converse(t.Context(), plainInput()); err != nil {
			t.Fatal(err)
		}
	}
	if n := refused.Load(); n != 1 {
		t.Errorf("%d tries were refused for their time, want the first", n)
	}
}

// A rotated session token is used by the next call.
func TestCredentialsAreAskedForEachCall(t *testing.T) {
	isolate(t)
	var n atomic.Int32
	var tokens []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, r.Header.Get("X-Amz-Security-Token"))
		reply(w, plainReply)
	}))
	defer server.Close()
	cfg := Default()
	thin(&cfg)
	b, err := From(t.Context(), aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: testKey, SecretAccessKey: "S", SessionToken: fmt.Sprint(n.Add(1))}, nil
		})}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer closeIdle(b)
	for range 2 {
		if _, err := clientOf(t, b, catalog.Target{}).Converse(t.Context(), plainInput()); err != nil {
			t.Fatal(err)
		}
	}
	if len(tokens) != 2 || tokens[0] == tokens[1] || tokens[1] == "" {
		t.Errorf("session tokens %q", tokens)
	}
}

// What the SDK would not send is not sent, and the SDK says why.
func TestAnInvalidInputIsTheSDKs(t *testing.T) {
	isolate(t)
	var sent atomic.Int32
	client, _ := against(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent.Add(1) }), thin)
	if _, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{}); err == nil || sent.Load() != 0 {
		t.Errorf("an input without a model: %v, %d requests", err, sent.Load())
	}
}

// The SDK's middleware is not passed through by a call that is answered at once, and a try is made once only.
func TestATryIsMadeOnceOnly(t *testing.T) {
	isolate(t)
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		var sent atomic.Int32
		client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if sent.Add(1); status == http.StatusOK {
				reply(w, plainReply)
				return
			}
			refuse(w, status, "ValidationException", `{"message":"no"}`)
		}), thin)
		_, err := client.Converse(t.Context(), plainInput())
		if (err == nil) != (status == http.StatusOK) || sent.Load() != 1 {
			t.Errorf("status %d: %d tries, %v", status, sent.Load(), err)
		}
	}
}

// What a call costs is bounded in allocations, whatever the clock says: those of the signer, the request,
// the decoding of the answer and a few more. BenchmarkConverse shows the SDK's beside them.
func TestAPlainCallCostsFewAllocations(t *testing.T) {
	isolate(t)
	cfg := Default()
	thin(&cfg)
	b, err := New(t.Context(), cfg, withTestKeys("http://127.0.0.1:1"), config.WithHTTPClient(
		doer(func(r *http.Request) (*http.Response, error) {
			r.Body.Close()
			return &http.Response{StatusCode: 200, Header: http.Header{"X-Amzn-Requestid": {testRequest}},
				Body: io.NopCloser(strings.NewReader(plainReply)), ContentLength: int64(len(plainReply))}, nil
		})))
	if err != nil {
		t.Fatal(err)
	}
	client, in := clientOf(t, b, catalog.Target{}), plainInput()
	got := testing.AllocsPerRun(100, func() {
		if _, err := client.Converse(t.Context(), in); err != nil {
			t.Error(err)
		}
	})
	if got > 125 {
		t.Errorf("%v allocations for a call", got)
	}
}
