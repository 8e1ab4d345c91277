package bedrock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/internal/test/wiretest"
	"outcrop/openai"
)

func TestStreamWhole(t *testing.T) {
	isolate(t)
	client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { streamed(w, wholeReply) }))
	id, events, err := client.ConverseStream(t.Context(), streamInput())
	if err != nil {
		t.Fatal(err)
	}
	list, err := drain(events)
	if err != nil || id != testRequest {
		t.Fatalf("error %v, id %q", err, id)
	}
	var got string
	for _, e := range list {
		got += fmt.Sprintf("%T ", e)
	}
	want := "*types.ConverseStreamOutputMemberMessageStart *types.ConverseStreamOutputMemberContentBlockDelta " +
		"*types.ConverseStreamOutputMemberContentBlockStop *types.ConverseStreamOutputMemberMessageStop " +
		"*types.ConverseStreamOutputMemberMetadata "
	if got != want {
		t.Errorf("got %s", got)
	}
	if text := list[1].(*types.ConverseStreamOutputMemberContentBlockDelta).Value.Delta.(*types.ContentBlockDeltaMemberText).Value; text != "Hello" {
		t.Errorf("text %q", text)
	}
	if _, err := drain(events); asFault(t, err).Kind != openai.Internal {
		t.Errorf("second range: %v", err)
	}
}

// Every recorded stream gives as many events as were recorded, wherever its bytes are split.
func TestRecordedStreams(t *testing.T) {
	isolate(t)
	var recordings []wiretest.Interaction
	for _, rec := range wiretest.Bedrock(t, "ConverseStream") {
		if rec.Status == http.StatusOK && len(rec.EventStream) > 0 && rec.Events[0].MessageType == "" {
			recordings = append(recordings, rec)
		}
	}
	for _, rec := range recordings {
		t.Run("R-STR-23 "+rec.ID, func(t *testing.T) {
			var unknown atomic.Int32
			client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for piece := rec.EventStream; len(piece) > 0; {
					n := min(len(piece), 97)
					streamed(w, piece[:n])
					piece = piece[n:]
				}
			}), func(c *Config) { c.OnUnknown = func(string) { unknown.Add(1) } })
			_, events, err := client.ConverseStream(t.Context(), streamInput())
			if err != nil {
				t.Fatal(err)
			}
			list, err := drain(events)
			if err != nil || len(list)+int(unknown.Load()) != len(rec.Events) {
				t.Errorf("%d events and %d unknown of %d, error %v", len(list), unknown.Load(), len(rec.Events), err)
			}
			if unknown.Load() != 0 {
				t.Errorf("%d unknown things in a recorded stream", unknown.Load())
			}
		})
	}
}

// A cut anywhere is told from an end. The server aborts the chunked body after n bytes.
func TestStreamCut(t *testing.T) {
	isolate(t)
	abort := func(n int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			streamed(w, wholeReply[:n])
			panic(http.ErrAbortHandler)
		})
	}
	for _, n := range []int{len(frameStart), len(frameStart) + 1, len(frameStart) + 13, len(frameStart) + len(frameHello),
		len(wholeReply) - 1} {
		t.Run(fmt.Sprintf("R-STR-16 connection lost after %d of %d bytes", n, len(wholeReply)), func(t *testing.T) {
			client, _ := against(t, abort(n))
			_, events, err := client.ConverseStream(t.Context(), streamInput())
			if err != nil {
				t.Fatal(err)
			}
			_, err = drain(events)
			if e := asFault(t, err); e.Kind != openai.BadUpstream || e.Code != "stream_truncated" ||
				e.UpstreamID != testRequest {
				t.Errorf("got %+v", e)
			}
		})
	}
	t.Run("R-STR-16 body ends inside a frame", func(t *testing.T) {
		client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter,
			_ *http.Request) {
			streamed(w, wholeReply[:len(frameStart)+20])
		}))
		if err := drained(t.Context(), client); asFault(t, err).Code != "stream_truncated" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("R-ERR-45 cut before the first event", func(t *testing.T) {
		client, _ := against(t, abort(7))
		_, events, err := client.ConverseStream(t.Context(), streamInput())
		if e := asFault(t, err); e.Kind != openai.Timeout || e.Code != "timeout" || events != nil {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("a body that ends between two frames is left to translate", func(t *testing.T) {
		client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter,
			_ *http.Request) {
			streamed(w, frameStart, frameHello)
		}))
		if err := drained(t.Context(), client); err != nil {
			t.Errorf("got %v", err)
		}
	})
}

func TestStreamNonsense(t *testing.T) {
	isolate(t)
	damaged := bytes.Clone(frameHello)
	damaged[len(damaged)-9] ^= 1
	huge := bytes.Clone(frameHello)
	huge[0] = 0x7f
	for name, bad := range map[string][]byte{
		"R-ERR-48 wrong checksum": damaged, "R-STR-23 a frame beyond 16 MB": huge,
		"R-ERR-48 no JSON": frame("contentBlockDelta", `{"delta":`),
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter,
				_ *http.Request) {
				streamed(w, frameStart, bad, frameStop)
			}))
			err := drained(t.Context(), client)
			if e := asFault(t, err); e.Kind != openai.BadUpstream || e.Code != "bad_upstream_response" {
				t.Errorf("got %+v", e)
			}
		})
	}
}

// quiet answers each call with frames, and then with silence until somebody gives the call up, without a network, so
// that it can live in a synctest bubble.
type quiet struct {
	frames [][]byte
	ends   bool          // after the frames
	gone   chan struct{} // closed when the call was given up
}

func (q *quiet) Do(r *http.Request) (*http.Response, error) {
	q.gone = make(chan struct{})
	if len(q.frames) == 0 {
		defer close(q.gone)
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	body, w := io.Pipe()
	go func() {
		defer close(q.gone)
		for _, f := range q.frames {
			_, _ = w.Write(f) // fails when the reader has left
		}
		if !q.ends {
			<-r.Context().Done()
		}
		_ = w.CloseWithError(r.Context().Err())
	}()
	head := http.Header{"Content-Type": {"application/vnd.amazon.eventstream"}, "X-Amzn-Requestid": {testRequest}}
	return &http.Response{StatusCode: http.StatusOK, Header: head, Body: body, Request: r}, nil
}

func (q *quiet) client(t *testing.T) *Client {
	t.Helper()
	b, err := New(t.Context(), Default(), withTestKeys("http://runtime.test"), func(o *config.LoadOptions) error {
		o.HTTPClient = q
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return clientOf(t, b, catalog.Target{})
}

func TestIdleLimit(t *testing.T) {
	isolate(t)
	limit := Default().StreamIdle
	bubble := func(name string, q *quiet, test func(*testing.T, *Client)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test(t, q.client(t))
				<-q.gone
			})
		})
	}
	bubble("R-STR-19 between two events", &quiet{frames: [][]byte{frameStart, frameHello}},
		func(t *testing.T, client *Client) {
			begun := time.Now()
			_, events, err := client.ConverseStream(t.Context(), streamInput())
			if err != nil {
				t.Fatal(err)
			}
			list, err := drain(events)
			if e := asFault(t, err); e.Kind != openai.Timeout || e.Code != "timeout" || len(list) != 2 {
				t.Errorf("got %+v after %d events", e, len(list))
			}
			if errors.Is(err, context.Canceled) && t.Context().Err() == nil && asFault(t, err).Final {
				t.Error("the idle limit looks like a client that left")
			}
			if took := time.Since(begun); took != limit {
				t.Errorf("it took %v", took)
			}
		})
	bubble("R-STR-19 R-ERR-45 before the first event", &quiet{}, func(t *testing.T, client *Client) {
		_, _, err := client.ConverseStream(t.Context(), streamInput())
		if e := asFault(t, err); e.Kind != openai.Timeout || e.Code != "timeout" {
			t.Errorf("got %+v", e)
		}
	})
	bubble("R-STR-19 a slow reader is no silence", &quiet{frames: [][]byte{wholeReply}, ends: true},
		func(t *testing.T, client *Client) {
			_, events, err := client.ConverseStream(t.Context(), streamInput())
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range events {
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * limit) // the reader's own time
			}
		})
}

// endless streams until the connection is closed.
func endless(gone chan<- struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(gone)
		streamed(w, frameStart)
		for r.Context().Err() == nil {
			streamed(w, frameHello)
			select {
			case <-r.Context().Done():
			case <-time.After(time.Millisecond):
			}
		}
	})
}

func closedWithinASecond(t *testing.T, gone <-chan struct{}) {
	t.Helper()
	select {
	case <-gone:
	case <-time.After(time.Second):
		t.Error("the connection is still open after a second")
	}
}

func TestStreamIsClosed(t *testing.T) {
	isolate(t)
	t.Run("R-STR-18 when the range is broken off", func(t *testing.T) {
		gone := make(chan struct{})
		client, _ := against(t, endless(gone))
		_, events, err := client.ConverseStream(t.Context(), streamInput())
		if err != nil {
			t.Fatal(err)
		}
		for range events {
			break
		}
		closedWithinASecond(t, gone)
	})
	t.Run("R-STR-18 when the context ends in mid-range", func(t *testing.T) {
		gone := make(chan struct{})
		client, _ := against(t, endless(gone))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, events, err := client.ConverseStream(ctx, streamInput())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, err := range events {
			if n++; n == 3 {
				cancel()
			}
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		}
		closedWithinASecond(t, gone)
	})
	t.Run("R-STR-18 when the context ends and nobody ranges", func(t *testing.T) {
		gone := make(chan struct{})
		client, _ := against(t, endless(gone))
		ctx, cancel := context.WithCancel(t.Context())
		_, events, err := client.ConverseStream(ctx, streamInput())
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		closedWithinASecond(t, gone)
		for _, err := range events {
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("R-STR-18 when the context ended while the first event came", func(t *testing.T) {
		for range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			client, server := against(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				streamed(w, frameStart)
				cancel()
				<-r.Context().Done()
			}))
			if err := drained(ctx, client); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			server.Close()
		}
	})
	t.Run("R-STR-18 when the reader panics", func(t *testing.T) {
		gone := make(chan struct{})
		client, _ := against(t, endless(gone))
		_, events, err := client.ConverseStream(t.Context(), streamInput())
		if err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() { _ = recover() }()
			for range events {
				panic("reader")
			}
		}()
		closedWithinASecond(t, gone)
	})
}

// The SDK's own reader shares scratch space between the streams of a client; under -race this test would tell.
func TestStreamsInParallel(t *testing.T) {
	isolate(t)
	client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		streamed(w, frameStart)
		for range 20 {
			streamed(w, frameHello)
		}
		streamed(w, frameStop, frameUsage)
	}))
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			_, events, err := client.ConverseStream(t.Context(), streamInput())
			if err != nil {
				t.Error(err)
				return
			}
			if list, err := drain(events); err != nil || len(list) != 23 {
				t.Errorf("%d events, error %v", len(list), err)
			}
		})
	}
	all.Wait()
}
