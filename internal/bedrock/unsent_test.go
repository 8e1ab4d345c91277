package bedrock

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// through gives a client whose calls go to a URL, through a proxy unless that is "".
func through(t *testing.T, endpoint, proxy string) *Client {
	t.Helper()
	httpClient := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.Proxy = nil
		if u, err := url.Parse(proxy); proxy != "" && err == nil {
			tr.Proxy = http.ProxyURL(u)
		}
	})
	b, err := From(t.Context(), aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(endpoint), HTTPClient: httpClient,
		Credentials: credentials.NewStaticCredentialsProvider(testKey, "SECRETEXAMPLE", "")}, Default())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeIdle(b) })
	return clientOf(t, b, catalog.Target{})
}

// answersWith is a server that answers everything with a status, as a proxy does that refuses.
func answersWith(t *testing.T, status int) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(s.Close)
	return s.URL
}

// Whether the head of the request was written decides, whatever stood in the way.
func TestMendD3WhatNeverLeftIsUnavailableAndSaysSo(t *testing.T) {
	isolate(t)
	const aws = "https://bedrock-runtime.us-east-1.amazonaws.com"
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(untrusted.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	for name, c := range map[string]*Client{
		"nobody listens":                 through(t, "http://"+closedPort(t), ""),
		"certificate is not trusted":     through(t, untrusted.URL, ""),
		"no TLS there":                   through(t, "https"+plain.URL[4:], ""),
		"proxy is closed":                through(t, aws, "http://"+closedPort(t)),
		"proxy wants a login":            through(t, aws, answersWith(t, http.StatusProxyAuthRequired)),
		"proxy forbids":                  through(t, aws, answersWith(t, http.StatusForbidden)),
		"proxy fails":                    through(t, aws, answersWith(t, http.StatusBadGateway)),
		"proxy's certificate is unknown": through(t, aws, untrusted.URL),
	} {
		t.Run("R-ERR-44 "+name, func(t *testing.T) {
			_, plain := c.Converse(t.Context(), plainInput())
			_, _, streamed := c.ConverseStream(t.Context(), streamInput())
			for _, err := range []error{plain, streamed} {
				if e := asFault(t, err); e.Kind != openai.Unavailable || e.Code != "service_unavailable" || !e.Unsent {
					t.Errorf("Mend D3: %+v", e)
				}
			}
		})
	}
	t.Run("a proxy of plain HTTP wants a login", func(t *testing.T) {
		_, err := through(t, "http://bedrock.invalid", answersWith(t, http.StatusProxyAuthRequired)).Converse(t.Context(),
			plainInput())
		if e := asFault(t, err); e.Kind != openai.Unavailable {
			t.Errorf("Mend D3: %+v", e)
		}
	})
}

// What was sent may have been billed, however it ended; what was given up on the way there has not.
func TestMendD3WhatWasSentSaysSo(t *testing.T) {
	isolate(t)
	hang := make(chan struct{})
	mute, err := net.Listen("tcp", "127.0.0.1:0") // a proxy that takes connections and never says a word
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mute.Close() })
	arrived := make(chan struct{}, 8)
	bed := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-hang
	}))
	t.Cleanup(bed.Close)
	t.Cleanup(func() { close(hang) }) // before that, which waits for the handler
	broken := httptest.NewServer(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(broken.Close)
	for name, c := range map[string]struct {
		client *Client
		leave  bool // once the call has arrived
		unsent bool
	}{
		"broken off":         {through(t, broken.URL, ""), false, false},
		"left while at work": {through(t, bed.URL, ""), true, false},
		"given up on the way": {through(t, "https://bedrock-runtime.us-east-1.amazonaws.com", "http://"+mute.Addr().String()),
			false, true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			switch {
			case c.leave:
				go func() { <-arrived; cancel() }()
			case c.unsent:
				ctx = within(t, 100*time.Millisecond)
			}
			_, err := c.client.Converse(ctx, plainInput())
			var e *openai.Error
			if !errors.As(err, &e) || e.Unsent != c.unsent || e.Kind == openai.Unavailable {
				t.Errorf("Mend D3: %+v", e)
			}
		})
	}
}
