package bedrock

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"outcrop/internal/catalog"
)

func TestNewWithoutSettings(t *testing.T) {
	t.Run("no region", func(t *testing.T) {
		isolate(t)
		t.Setenv("AWS_ACCESS_KEY_ID", testKey)
		t.Setenv("AWS_SECRET_ACCESS_KEY", "SECRETEXAMPLE")
		_, err := New(t.Context(), Default())
		namesBothWays(t, err, "AWS_REGION")
	})
	t.Run("no credentials", func(t *testing.T) {
		isolate(t)
		t.Setenv("AWS_REGION", "us-east-1")
		_, err := New(t.Context(), Default())
		namesBothWays(t, err, "AWS_ACCESS_KEY_ID")
	})
	t.Run("instance metadata that never answers holds no start", func(t *testing.T) {
		isolate(t)
		done := make(chan struct{})
		metadata := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
		defer metadata.Close()
		defer close(done)
		t.Setenv("AWS_REGION", "us-east-1")
		t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
		t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.URL)
		_, err := New(within(t, 200*time.Millisecond), Default())
		namesBothWays(t, err, "AWS_ACCESS_KEY_ID")
	})
}

func namesBothWays(t *testing.T, err error, setting string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), setting) || !strings.Contains(err.Error(), "--offline") {
		t.Errorf("error %v does not name %s and --offline", err, setting)
	}
}

// What AWS users set must work without a word in our configuration.
func TestNewFromEnvironment(t *testing.T) {
	var authorization, path atomic.Value
	record := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization.Store(r.Header.Get("Authorization"))
		path.Store(r.URL.EscapedPath())
		reply(w, plainReply)
	})
	server := httptest.NewServer(record)
	defer server.Close()
	call := func(t *testing.T, target catalog.Target, cfg Config) string {
		t.Helper()
		b, err := New(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer closeIdle(b)
		target.Row = &catalog.Model{}
		c, err := b.For(target)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Converse(t.Context(), plainInput()); err != nil {
			t.Fatal(err)
		}
		return authorization.Load().(string)
	}
	t.Run("keys, region and endpoint", func(t *testing.T) {
		isolate(t)
		t.Setenv("AWS_REGION", "eu-west-3")
		t.Setenv("AWS_ACCESS_KEY_ID", testKey)
		t.Setenv("AWS_SECRET_ACCESS_KEY", "SECRETEXAMPLE")
		t.Setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.URL)
		if got := call(t, catalog.Target{}, Default()); !strings.Contains(got, testKey) ||
			!strings.Contains(got, "/eu-west-3/bedrock/aws4_request") {
			t.Errorf("authorization %q", got)
		}
		if got := path.Load(); got != "/model/amazon.nova-micro-v1%3A0/converse" {
			t.Errorf("path %q", got)
		}
		cfg := Default()
		cfg.Region = "us-west-2"
		if got := call(t, catalog.Target{}, cfg); !strings.Contains(got, "/us-west-2/") {
			t.Errorf("our region is not used: %q", got)
		}
		if got := call(t, catalog.Target{Region: "ap-south-1"}, cfg); !strings.Contains(got, "/ap-south-1/") {
			t.Errorf("R-CAP-04 the target's region is not used: %q", got)
		}
	})
	t.Run("a Bedrock API key needs no other credentials, and a CA bundle is used", func(t *testing.T) {
		isolate(t)
		t.Setenv("AWS_REGION", "us-east-1")
		t.Setenv("AWS_BEARER_TOKEN_BEDROCK", "test-bearer")
		secure := httptest.NewTLSServer(record) // the SDK sends a key over TLS only
		defer secure.Close()
		bundle := filepath.Join(t.TempDir(), "ca.pem")
		block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
		if err := os.WriteFile(bundle, block, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("AWS_CA_BUNDLE", bundle)
		t.Setenv("AWS_ENDPOINT_URL", secure.URL)
		if got := call(t, catalog.Target{}, Default()); got != "Bearer test-bearer" {
			t.Errorf("authorization %q", got)
		}
	})
}

func TestRole(t *testing.T) {
	isolate(t)
	var assumed atomic.Int32
	var authorization atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			assumed.Add(1)
			_, _ = w.Write([]byte(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>` +
				`<AccessKeyId>ASIAROLEEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>` +
				`<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`))
			return
		}
		authorization.Store(r.Header.Get("Authorization"))
		reply(w, plainReply)
	}))
	defer server.Close()
	b := connect(t, server.URL)
	defer closeIdle(b)
	for range 3 {
		c, err := b.For(catalog.Target{Row: &catalog.Model{}, Role: "arn:aws:iam::123456789012:role/team"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Converse(t.Context(), plainInput()); err != nil {
			t.Fatal(err)
		}
	}
	if got := authorization.Load().(string); !strings.Contains(got, "ASIAROLEEXAMPLE") || assumed.Load() != 1 {
		t.Errorf("authorization %q after %d assumptions of the role", got, assumed.Load())
	}
}

// A role that may not be assumed is the gateway's fault, and says nothing about itself.
func TestRoleRefused(t *testing.T) {
	isolate(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:user/me is not authorized</Message></Error></ErrorResponse>`))
	}))
	defer server.Close()
	b := connect(t, server.URL)
	c := clientOf(t, b, catalog.Target{Role: "arn:aws:iam::123456789012:role/team"})
	_, err := c.Converse(t.Context(), plainInput())
	if e := asFault(t, err); e.Code != "upstream_authentication" || strings.Contains(e.Message, "arn") {
		t.Errorf("R-ERR-36 got %+v", e)
	}
}

func TestForRegions(t *testing.T) {
	isolate(t)
	b := connect(t, "http://127.0.0.1:1")
	for _, region := range []string{"evil.example", "us-east-1.evil", "us-east-1/x", "US-EAST-1", "u", "us_east_1",
		strings.Repeat("us-", 40) + "1"} {
		if _, err := b.For(catalog.Target{Row: &catalog.Model{}, Region: region}); err == nil {
			t.Errorf("region %q is taken", region)
		}
	}
	var all sync.WaitGroup
	for i := range 4 * maxClients {
		all.Go(func() {
			region := "us-x" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676)) + "-1"
			if _, err := b.For(catalog.Target{Row: &catalog.Model{}, Region: region}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(b.clients); n > maxClients {
		t.Errorf("%d clients kept, at most %d wanted", n, maxClients)
	}
}

func TestInvokeModelCountsTokens(t *testing.T) {
	isolate(t)
	for header, want := range map[string]int64{"17": 17, "0": 0, "": -1, "many": -1, "-4": -1} {
		t.Run("R-EMB header "+header, func(t *testing.T) {
			client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if header != "" {
					w.Header().Set("x-amzn-bedrock-input-token-count", header)
				}
				reply(w, `{"embedding":[1]}`)
			}))
			in := &bedrockruntime.InvokeModelInput{ModelId: aws.String("amazon.titan-embed-text-v2:0"),
				Body: []byte(`{"inputText":"a"}`)}
			out, tokens, err := client.InvokeModel(context.Background(), in)
			if err != nil || tokens != want || string(out.Body) != `{"embedding":[1]}` {
				t.Errorf("tokens %d, want %d; error %v", tokens, want, err)
			}
		})
	}
}
