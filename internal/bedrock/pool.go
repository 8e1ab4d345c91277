package bedrock

import (
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// pool sends the requests of all SDK clients over one transport. It does without http.Client: Bedrock neither redirects
// nor sets cookies.
type pool struct{ *http.Transport }

// pooled makes a pool from the SDK's HTTP client, which may carry a custom CA bundle (AWS_CA_BUNDLE). The SDK's own
// keeps ten idle connections a host, and copies itself for each client; a gateway talks to one host all day. A client
// of another kind is the caller's, and stays.
func pooled(c aws.HTTPClient, idle int) aws.HTTPClient {
	own, ok := c.(*awshttp.BuildableClient)
	if c == nil {
		own = awshttp.NewBuildableClient()
	} else if !ok {
		return c
	}
	// There is no limit for the response header: a model may think for many minutes before its first byte.
	return pool{own.WithDialerOptions(func(d *net.Dialer) {
		d.Timeout = 10 * time.Second
		// NAT gateways and endpoints of AWS forget a silent connection after 350 s (FACTS 7.6).
		d.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: 45 * time.Second, Interval: 30 * time.Second, Count: 4}
	}).WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost, t.MaxConnsPerHost = 0, idle, 0
		t.IdleConnTimeout = 90 * time.Second
		t.DisableCompression = true // Bedrock does not compress; asking for it costs a wrapped reader per reply
		t.HTTP2 = &http.HTTP2Config{SendPingTimeout: time.Minute, PingTimeout: 15 * time.Second}
	}).GetTransport()}
}

// Do sends one request; the SDK's clients call it.
func (p pool) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = onlyReader{r.Body}
	}
	return p.RoundTrip(r)
}

// onlyReader hides the WriteTo of a request's body. The SDK closes that body as soon as the reply's head is here, and
// its WriteTo then says io.EOF where it should say nothing (smithy-go v1.28), which net/http takes for a failed write:
// it closes the connection under a reply that has just begun. A fast server is enough to see it.
type onlyReader struct{ io.ReadCloser }
