package bedrock

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/encoding/httpbinding"
	"github.com/aws/smithy-go/middleware"
	"github.com/aws/smithy-go/rand"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The thin transport makes the first try of a call without the SDK's middleware, which costs more than everything else
// on the way. It knows one ending, a whole answer with status 200. Whatever else comes back is held, and the SDK's
// client makes the call as if nothing had happened: the first request that it sends finds the held answer (handover).
// Retries, delays, the bucket of tokens and the decoding of errors so stay the SDK's.

// Transports of Config.
const (
	TransportThin = "thin"
	TransportSDK  = "sdk"
)

// held is the outcome of a first try, for the SDK.
type held struct {
	reply      *http.Response
	err        error
	generation int64 // of the credentials that it was signed with
	opened     error // why the stream in the reply could not be opened; its body is closed then
}

// handover is the HTTP client of the SDK's clients.
type handover struct{ *exchangeable }

// Do gives the held answer of the call, if there is one, else sends the request.
func (h handover) Do(r *http.Request) (*http.Response, error) {
	if c := callOf(r.Context()); c != nil && c.held != nil {
		held := c.held
		c.held = nil
		if c.stream != nil {
			c.stream.tried = held.opened
		}
		return held.reply, held.err
	}
	return h.exchangeable.Do(r)
}

// drop lets go of an answer that the SDK did not come to ask for.
func (c *call) drop() {
	if c.held != nil && c.held.reply != nil {
		c.held.reply.Body.Close()
	}
	c.held = nil
}

// attempt makes the first try. The reply has status 200; it is held too, until the caller takes it as a clean answer
// (settle). Without one the SDK has to make the call.
func (c *Client) attempt(ctx context.Context, p *pattern, in smithy.Serializable) *http.Response {
	call := callOf(ctx)
	if p == nil || !p.valid(ctx, in) {
		return nil
	}
	generation := c.bedrock.wallet.generation.Load()
	request, err := c.request(ctx, p, in)
	if err != nil {
		return nil
	}
	reply, err := c.bedrock.http.Do(request)
	call.held = &held{reply: reply, err: err, generation: generation}
	if err != nil {
		return nil
	}
	if reply.StatusCode != http.StatusOK {
		c.bedrock.clock.note(reply)
		return nil
	}
	return reply
}

// settle ends a first try that was the last: what the SDK's own tries leave behind is left behind.
func (c *Client) settle(ctx context.Context, p *pattern) {
	callOf(ctx).held = nil
	if retryer, ok := p.options.Retryer.(aws.RetryerV2); ok {
		if token, err := retryer.GetAttemptToken(ctx); err == nil {
			_ = token(nil)
		}
	}
	if c.placed.own && c.bedrock.wallet.refused.Load() != nil {
		c.bedrock.wallet.note(nil)
	}
}

// request makes a signed request.
func (c *Client) request(ctx context.Context, p *pattern, in smithy.Serializable) (*http.Request, error) {
	b := newBody()
	defer b.release()
	var r *http.Request
	if invoke, ok := in.(*bedrockruntime.InvokeModelInput); ok {
		shaped := smithyhttp.NewStackRequest().(*smithyhttp.Request)
		if err := p.options.Protocol.SerializeRequest(ctx, p.verb.schema, in, shaped); err != nil {
			return nil, err
		}
		r = shaped.Request
		b.encoder.buf, b.encoder.model = append(b.encoder.buf, invoke.Body...), aws.ToString(invoke.ModelId)
	} else {
		sorted{in}.Serialize(&b.encoder)
		r = &http.Request{Method: http.MethodPost, Header: make(http.Header, len(p.header)+4), Proto: "HTTP/1.1",
			ProtoMajor: 1, ProtoMinor: 1}
	}
	r.URL = p.url(b.encoder.model)
	b.attach(r)
	for name, values := range p.header {
		if _, own := r.Header[name]; !own {
			r.Header[name] = values
		}
	}
	id, err := rand.NewUUID(rand.Reader).GetUUID()
	if err == nil {
		r.Header["Amz-Sdk-Invocation-Id"] = []string{id}
		r = r.WithContext(ctx)
		err = c.sign(ctx, p, r, b.encoder.buf)
	}
	if err != nil {
		r.Body.Close()
		return nil, err
	}
	return r, nil
}

// url is where the calls of a model go.
func (p *pattern) url(model string) *url.URL {
	u := p.base
	u.RawPath = u.Path + "/model/" + httpbinding.EscapePath(model, true) + p.after
	u.Path += "/model/" + model + p.after
	return &u
}

// sign puts into a request what tells who sends it.
func (c *Client) sign(ctx context.Context, p *pattern, r *http.Request, body []byte) error {
	if p.service == "" {
		token, err := p.options.BearerAuthTokenProvider.RetrieveBearerToken(ctx)
		if err == nil {
			r.Header.Set("Authorization", "Bearer "+token.Value)
		}
		return err
	}
	credentials, err := p.options.Credentials.Retrieve(ctx)
	if err != nil {
		callOf(ctx).identity = err
		return err
	}
	now := time.Now()
	if !p.options.DisableClockSkewCorrection {
		now = c.bedrock.clock.now()
	}
	sum := sha256.Sum256(body)
	return c.bedrock.signer.SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), p.service, p.region,
		now)
}

// converse makes the first try of Converse, and gives its answer if it is a clean one.
func (c *Client) converse(ctx context.Context, in *bedrockruntime.ConverseInput) *bedrockruntime.ConverseOutput {
	p := c.pattern(&verbConverse)
	reply := c.attempt(ctx, p, in) //nolint:bodyclose // whole reads and closes it
	if reply == nil {
		return nil
	}
	out := new(bedrockruntime.ConverseOutput)
	if !whole(ctx, p, reply, out) {
		return nil
	}
	c.settle(ctx, p)
	setRequestID(&out.ResultMetadata, reply)
	return out
}

// invoke makes the first try of InvokeModel, and gives its answer if it is a clean one.
func (c *Client) invoke(ctx context.Context, in *bedrockruntime.InvokeModelInput) (
	*bedrockruntime.InvokeModelOutput, int64,
) {
	p := c.pattern(&verbInvoke)
	reply := c.attempt(ctx, p, in) //nolint:bodyclose // whole reads and closes it
	if reply == nil {
		return nil, -1
	}
	out := new(bedrockruntime.InvokeModelOutput)
	if !whole(ctx, p, reply, out) {
		return nil, -1
	}
	c.settle(ctx, p)
	setRequestID(&out.ResultMetadata, reply)
	return out, tokenCount(reply.Header)
}

// begin makes the first try of a stream up to its first event, and tells whether that came.
func (s *stream) begin(ctx context.Context, in *bedrockruntime.ConverseStreamInput) bool {
	p := s.client.pattern(&verbStream)
	s.idle.Reset(s.client.bedrock.cfg.StreamIdle)
	defer s.idle.Stop()                   // until the SDK, or whoever ranges, waits again
	reply := s.client.attempt(ctx, p, in) //nolint:bodyclose // open takes it: closed with the stream
	if reply == nil {
		return false
	}
	if s.call.held.opened = s.open(reply.Body); s.call.held.opened != nil {
		return false
	}
	s.client.settle(ctx, p)
	var md middleware.Metadata
	setRequestID(&md, reply)
	s.requestID, _ = awsmiddleware.GetRequestIDMetadata(md)
	return true
}

// pattern gives the pattern of a verb, nil where the calls are the SDK's.
func (c *Client) pattern(v *verb) *pattern {
	if c.placed == nil || c.placed.patterns == nil {
		return nil
	}
	return c.placed.patterns[v].of(c.api, v)
}

// whole reads the body of a reply into out. The reply keeps a copy of it, and of the error that ended it, for the SDK.
func whole(ctx context.Context, p *pattern, reply *http.Response, out smithy.Deserializable) bool {
	body, err := readBody(reply)
	reply.Body = &replayed{bytes.NewReader(body), err}
	if err == nil {
		err = p.options.Protocol.DeserializeResponse(ctx, p.verb.schema, bedrockruntime.TypeRegistry,
			&smithyhttp.Response{Response: reply}, out)
		reply.Body = &replayed{bytes.NewReader(body), nil}
	}
	return err == nil
}

// lengthTrusted bounds what an announced length may reserve.
const lengthTrusted = 1 << 20

func readBody(reply *http.Response) ([]byte, error) {
	defer reply.Body.Close()
	var b bytes.Buffer
	b.Grow(int(min(max(reply.ContentLength, 0), lengthTrusted)) + bytes.MinRead)
	_, err := b.ReadFrom(reply.Body)
	return b.Bytes(), err
}

// replayed is a body that was read, up to the error that ended it.
type replayed struct {
	*bytes.Reader
	err error
}

func (a *replayed) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if err == io.EOF && a.err != nil {
		err = a.err
	}
	return n, err
}

func (a *replayed) Close() error { return nil }

// setRequestID keeps AWS's id of a request where the SDK does.
func setRequestID(md *middleware.Metadata, reply *http.Response) {
	for _, name := range []string{"X-Amzn-Requestid", "X-Amz-Requestid"} {
		if id := reply.Header.Get(name); id != "" {
			awsmiddleware.SetRequestIDMetadata(md, id)
			return
		}
	}
}

// clock is AWS's time, as a refused call tells it. The SDK's correction cannot be read from outside.
type clock struct{ ahead atomic.Int64 }

// skewNoticed is where the SDK begins to correct.
const skewNoticed = 4 * time.Minute

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) note(reply *http.Response) {
	date, err := http.ParseTime(reply.Header.Get("Date"))
	if reply.StatusCode != http.StatusForbidden || err != nil {
		return
	}
	ahead := time.Until(date)
	if ahead.Abs() < skewNoticed {
		ahead = 0
	}
	c.ahead.Store(int64(ahead))
}
