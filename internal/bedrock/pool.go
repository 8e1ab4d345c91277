package bedrock

import (
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// pooled turns the SDK's HTTP client, which may carry a custom CA bundle, into one that keeps its connections: the SDK's own
// keeps ten idle ones a host, and a gateway talks to one host all day. A client of another kind is the caller's, and stays.
func pooled(c aws.HTTPClient, idle int) aws.HTTPClient {
	own, ok := c.(*awshttp.BuildableClient)
	if !ok {
		return c
	}
	// Freezing keeps every SDK client from copying the transport, each with a pool of its own. There is no limit for the
	// response header: a model may think for many minutes before its first byte.
	return own.WithDialerOptions(func(d *net.Dialer) {
		d.Timeout = 10 * time.Second
		// NAT gateways and endpoints of AWS forget a silent connection after 350 s (FACTS 7.6).
		d.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: 45 * time.Second, Interval: 30 * time.Second, Count: 4}
	}).WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost, t.MaxConnsPerHost = 0, idle, 0
		t.IdleConnTimeout = 90 * time.Second
		t.DisableCompression = true // Bedrock does not compress; asking for it costs a wrapped reader per reply
		t.HTTP2 = &http.HTTP2Config{SendPingTimeout: time.Minute, PingTimeout: 15 * time.Second}
	}).WithReadTimeout(0).Freeze()
}
