package bedrock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/schemas"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/restjson1"

	"outcrop/internal/flow"
	"outcrop/openai"
)

// What ends a stream besides an exception and its own end.
var (
	errIdle       = errors.New("no event within the idle limit")
	errCut        = errors.New("stream cut off")
	errLost       = errors.New("before its first event")
	errEmpty      = errors.New("stream without an event")
	errUnreadable = errors.New("frame cannot be read")
)

// ConverseStream opens a stream and waits for its first event (R-STR-02): what is refused, throttled, empty or cut
// before it is retried like a plain call and at last returned as err. requestID is AWS's.
//
// The events must be ranged over once, to the end if the connection is to be used again. An error in the sequence is
// its last item. The stream is closed when the range ends, however it ends, and when ctx ends, even if nobody ranges.
// The idle limit counts only while the stream is being waited for, not while the caller works on an event.
func (c *Client) ConverseStream(ctx context.Context, in *bedrockruntime.ConverseStreamInput) (
	requestID string, events iter.Seq2[types.ConverseStreamOutput, error], err error,
) {
	s := newStream(ctx, c)
	withTries := withCall(s.ctx, &s.call)
	if !s.begin(withTries, in) {
		out, err := c.api.ConverseStream(withTries, in, awaitFirstEvent)
		s.call.drop()
		if err != nil {
			err = s.fault(err)
			s.close()
			return "", nil, err
		}
		s.requestID, _ = awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
	}
	s.flow.Begin()
	s.opened = true
	s.release = context.AfterFunc(ctx, s.close)
	return s.requestID, s.events, nil
}

// stream reads one stream of events, in the goroutine of whoever ranges over it.
type stream struct {
	client *Client
	caller context.Context // the caller's; ctx is derived from it, and ends with the idle limit too
	ctx    context.Context
	cancel context.CancelCauseFunc
	call   call
	idle   *time.Timer
	// protocol decodes events. The SDK's is shared by all streams of a client and keeps scratch space without a lock, so
	// each stream has its own; and reading here spares the SDK's three goroutines and two channels per stream.
	protocol *restjson1.Protocol
	frames   *frames
	frame    bytes.Reader // the frame that protocol reads
	first    types.ConverseStreamOutput
	tried    error // why the first try of the thin transport could not be opened, until the SDK comes to it

	requestID string
	flow      *flow.Flow // tells who writes the events that this is about to wait
	opened    bool       // and counts as a reader of the flow
	ranged    atomic.Bool
	release   func() bool // takes close off the caller's context
	closing   sync.Once
}

func newStream(ctx context.Context, c *Client) *stream {
	s := &stream{client: c, caller: ctx, protocol: restjson1.New(schemas.AmazonBedrockFrontendService),
		flow: flow.Of(ctx)}
	s.call.stream = s
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	s.idle = time.AfterFunc(c.bedrock.cfg.StreamIdle, func() { s.cancel(errIdle) })
	return s
}

// events is the sequence.
func (s *stream) events(yield func(types.ConverseStreamOutput, error) bool) {
	if s.ranged.Swap(true) {
		yield(nil, &openai.Error{Kind: openai.Internal, Message: internalText, Err: errors.New("stream ranged over twice")})
		return
	}
	defer s.close()
	defer s.release()
	stopped, metered := false, false
	for event := s.first; yield(event, nil); {
		switch event.(type) {
		case *types.ConverseStreamOutputMemberMessageStop:
			stopped = true
		case *types.ConverseStreamOutputMemberMetadata:
			metered = true
		}
		var err error
		if event, err = s.next(); errors.Is(err, io.EOF) {
			if stopped && !metered {
				s.client.bedrock.unknown(missingUsage, 1)
			}
			return
		} else if err != nil {
			yield(nil, s.fault(err))
			return
		}
	}
}

// next waits for the next event that the SDK knows. io.EOF is the stream's end.
func (s *stream) next() (types.ConverseStreamOutput, error) {
	for {
		frame, err := s.frames.next()
		if err != nil {
			return nil, err
		}
		if delta, ok := textDelta(frame); ok {
			return delta, nil
		}
		s.frame.Reset(frame)
		event, err := s.protocol.DeserializeEventMessage(schemas.ConverseStreamOutput, bedrockruntime.TypeRegistry, &s.frame)
		if err != nil {
			return nil, unreadable(err)
		}
		if known := s.client.bedrock.member(event); known != nil {
			return known, nil
		}
	}
}

// waiting reads the body of a stream, and is where it is waited for.
type waiting struct {
	stream *stream
	body   io.Reader
}

func (w waiting) Read(p []byte) (int, error) {
	w.stream.flow.Wait()
	w.stream.idle.Reset(w.stream.client.bedrock.cfg.StreamIdle)
	n, err := w.body.Read(p)
	w.stream.idle.Stop()
	w.stream.flow.Begin()
	return n, err
}

// unreadable tells a frame that is an exception from one that is nonsense.
func unreadable(err error) error {
	var exception smithy.APIError
	if errors.As(err, &exception) {
		return err
	}
	return fmt.Errorf("%w: %w", errUnreadable, err)
}

// open takes the body of a reply and reads its first event.
func (s *stream) open(body io.ReadCloser) (err error) {
	s.frames = newFrames(body, waiting{s, body})
	switch s.first, err = s.next(); {
	case errors.Is(err, io.EOF):
		err = errEmpty
	case errors.Is(err, errCut):
		err = fmt.Errorf("%w: %w", errLost, err)
	}
	if err != nil {
		body.Close()
	}
	return err
}

func (s *stream) close() {
	s.closing.Do(func() {
		s.idle.Stop()
		s.cancel(nil)
		if s.frames != nil {
			s.frames.body.Close()
		}
		if s.opened {
			s.flow.End()
		}
	})
}

// fault is the client's, but the idle limit shows as an ended context, which is none of the caller's doing.
func (s *stream) fault(err error) error {
	if errors.Is(context.Cause(s.ctx), errIdle) && s.caller.Err() == nil {
		err = errIdle
	}
	e := s.client.fault(context.WithValue(s.caller, callKey{}, &s.call), err)
	if e.UpstreamID == "" {
		e.UpstreamID = s.requestID
	}
	return e
}

// awaitFirstEvent puts our reader in the place of the SDK's, inside its retry loop: an exception as first event is then
// an attempt that failed, with the loop's count, tokens and delays, although the status was 200.
func awaitFirstEvent(o *bedrockruntime.Options) {
	o.APIOptions = append(o.APIOptions, swapReader)
}

func swapReader(stack *middleware.Stack) error {
	_, err := stack.Deserialize.Swap(firstEvent{}.ID(), firstEvent{})
	return err
}

type firstEvent struct{}

func (firstEvent) ID() string { return "OperationEventStreamDeserializer" }

func (firstEvent) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput,
	next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	s := callOf(ctx).stream
	s.idle.Reset(s.client.bedrock.cfg.StreamIdle)
	out, md, err := next.HandleDeserialize(ctx, in)
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	switch {
	case err == nil && !ok:
		return out, md, fmt.Errorf("unexpected transport %T", out.RawResponse)
	case err == nil:
		if err, s.tried = s.tried, nil; err == nil {
			err = s.open(resp.Body)
		}
		if err != nil {
			id, _ := awsmiddleware.GetRequestIDMetadata(md)
			err = &awshttp.ResponseError{RequestID: id, ResponseError: &smithyhttp.ResponseError{Response: resp, Err: err}}
		}
	case ok:
		resp.Body.Close()
	}
	if err != nil {
		s.idle.Stop() // the pause before the next try is not silence
	}
	return out, md, err
}
