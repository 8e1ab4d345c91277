package bedrock

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// failing answers with the errors in turn, then with a plain or streamed success.
func failing(tries *atomic.Int32, fail ...http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := int(tries.Add(1))
		switch {
		case n <= len(fail):
			fail[n-1](w, r)
		case r.URL.Path[len(r.URL.Path)-7:] == "-stream":
			streamed(w, wholeReply)
		default:
			reply(w, plainReply)
		}
	}
}

func throttle(w http.ResponseWriter, _ *http.Request) {
	refuse(w, 429, "ThrottlingException", `{"message":"Too many requests, please wait before trying again."}`)
}

func throttleInStream(w http.ResponseWriter, _ *http.Request) {
	streamed(w, frame("throttlingException", `{"message":"Too many requests, please wait before trying again."}`))
}

func slow(w http.ResponseWriter, _ *http.Request) {
	refuse(w, 408, "ModelTimeoutException", `{"message":"Model has timed out"}`)
}

func empty(w http.ResponseWriter, _ *http.Request) { streamed(w) }

func TestRetries(t *testing.T) {
	isolate(t)
	for _, c := range []struct {
		name   string
		fail   []http.HandlerFunc
		tries  int32
		failed bool
	}{
		{"success at once", nil, 1, false},
		{"throttled twice", []http.HandlerFunc{throttle, throttle}, 3, false},
		{"throttled once too often", []http.HandlerFunc{throttle, throttle, throttle}, 3, true},
		{"a slow model gets one more try", []http.HandlerFunc{slow}, 2, false},
		{"but not two", []http.HandlerFunc{slow, slow}, 2, true},
		{"also after a throttle", []http.HandlerFunc{throttle, slow}, 3, false},
	} {
		t.Run("R-ERR-45 R-ERR-40 "+c.name, func(t *testing.T) {
			for verb, call := range map[string]func(*Client) error{
				"plain":  func(cl *Client) error { _, err := cl.Converse(t.Context(), plainInput()); return err },
				"stream": func(cl *Client) error { return drained(t.Context(), cl) },
			} {
				var tries atomic.Int32
				client, _ := against(t, failing(&tries, c.fail...))
				if err := call(client); (err != nil) != c.failed || tries.Load() != c.tries {
					t.Errorf("%s: error %v after %d tries, want failure %v after %d", verb, err, tries.Load(), c.failed, c.tries)
				}
			}
		})
	}
}

func drained(ctx context.Context, c *Client) error {
	_, events, err := c.ConverseStream(ctx, streamInput())
	if err != nil {
		return err
	}
	_, err = drain(events)
	return err
}

// The retryer does not see an exception in a 200 reply unless it is shown to it.
func TestFirstEventIsRetried(t *testing.T) {
	isolate(t)
	for _, c := range []struct {
		name   string
		fail   []http.HandlerFunc
		tries  int32
		failed bool
	}{
		{"throttled in the first frame, then not", []http.HandlerFunc{throttleInStream}, 2, false},
		{"attempts are shared with ordinary refusals", []http.HandlerFunc{throttle, throttleInStream, throttle}, 3, true},
		{"an empty stream gets one more try", []http.HandlerFunc{empty}, 2, false},
		{"two empty streams are the answer", []http.HandlerFunc{empty, empty}, 2, true},
	} {
		t.Run("R-STR-02 "+c.name, func(t *testing.T) {
			var tries atomic.Int32
			client, _ := against(t, failing(&tries, c.fail...))
			if err := drained(t.Context(), client); (err != nil) != c.failed || tries.Load() != c.tries {
				t.Errorf("error %v after %d tries, want failure %v after %d", err, tries.Load(), c.failed, c.tries)
			}
		})
	}
	t.Run("R-ERR-48 an empty stream is a bad reply", func(t *testing.T) {
		client, _ := against(t, http.HandlerFunc(empty))
		_, _, err := client.ConverseStream(t.Context(), streamInput())
		if e := asFault(t, err); e.Kind != openai.BadUpstream || e.Code != "bad_upstream_response" ||
			e.UpstreamID != testRequest {
			t.Errorf("got %+v", e)
		}
	})
}

func TestMaxAttempts(t *testing.T) {
	isolate(t)
	count := func(t *testing.T, set ...func(*Config)) int32 {
		var tries atomic.Int32
		client, _ := against(t, failing(&tries, throttle, throttle, throttle, throttle, throttle, throttle), set...)
		if _, err := client.Converse(t.Context(), plainInput()); err == nil {
			t.Fatal("no error")
		}
		return tries.Load()
	}
	if n := count(t); n != 3 {
		t.Errorf("%d tries by default, want 3", n)
	}
	if n := count(t, func(c *Config) { c.MaxAttempts = 1 }); n != 1 {
		t.Errorf("%d tries, want 1", n)
	}
	t.Setenv("AWS_MAX_ATTEMPTS", "5")
	if n := count(t); n != 5 {
		t.Errorf("%d tries by AWS_MAX_ATTEMPTS, want 5", n)
	}
	if n := count(t, func(c *Config) { c.MaxAttempts = 2 }); n != 2 {
		t.Errorf("%d tries, want 2: our setting is stronger than AWS's", n)
	}
}

// When all fails the SDK's bucket of tokens runs dry and it stops trying; the client still has to learn why.
func TestEmptyTokenBucket(t *testing.T) {
	isolate(t)
	var tries atomic.Int32
	client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tries.Add(1)
		throttle(w, r)
	}))
	calls := 0
	for ; calls < 200; calls++ {
		before := tries.Load()
		_, err := client.Converse(t.Context(), plainInput())
		if e := asFault(t, err); e.Kind != openai.RateLimited || e.UpstreamID != testRequest {
			t.Fatalf("call %d: %+v", calls, e)
		}
		if tries.Load() == before+1 {
			break // the bucket is empty
		}
	}
	if calls == 200 {
		t.Error("the bucket never ran dry")
	}
	if _, _, err := client.ConverseStream(t.Context(), streamInput()); asFault(t, err).Kind != openai.RateLimited {
		t.Errorf("stream with an empty bucket: %v", err)
	}
}

func TestBackoffIsTheStandardOne(t *testing.T) {
	r := newRetryer(3, nil).(retryer)
	distinct := map[time.Duration]bool{}
	for range 20 {
		d, err := r.RetryDelay(1, errors.New("x"))
		if err != nil || d < 0 || d > 2*time.Second {
			t.Fatalf("delay %v, %v", d, err)
		}
		distinct[d] = true
	}
	if len(distinct) < 2 {
		t.Error("no jitter")
	}
	if _, err := r.RetryDelay(30, errors.New("x")); err != nil || retry.DefaultMaxBackoff > 20*time.Second {
		t.Error("no upper limit of the delay")
	}
}

func TestCancelled(t *testing.T) {
	isolate(t)
	t.Run("in the pause between two tries", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var tries atomic.Int32
		client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tries.Add(1)
			throttle(w, r)
			cancel()
		}))
		client.api = client.bedrock.client(place{region: "us-east-1"}).Client // with the real pauses
		_, err := client.Converse(ctx, plainInput())
		if !errors.Is(err, context.Canceled) || tries.Load() != 1 {
			t.Errorf("got %v after %d tries", err, tries.Load())
		}
		if e := asFault(t, err); !e.Final {
			t.Error("a cancelled request is not worth a retry")
		}
	})
	for _, stream := range []bool{false, true} {
		t.Run("upstream sees it within a second", func(t *testing.T) {
			arrived, gone := make(chan struct{}), make(chan struct{})
			client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(arrived)
				<-r.Context().Done()
				close(gone)
			}))
			ctx, cancel := context.WithCancel(t.Context())
			failed := make(chan error, 1)
			go func() {
				var err error
				if stream {
					_, _, err = client.ConverseStream(ctx, streamInput())
				} else {
					_, err = client.Converse(ctx, plainInput())
				}
				failed <- err
			}()
			<-arrived
			cancel()
			select {
			case <-gone:
			case <-time.After(time.Second):
				t.Error("the connection is still open a second after the client left")
			}
			if err := <-failed; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRetryerIsPerClient(t *testing.T) {
	isolate(t)
	b := connect(t, "http://127.0.0.1:1")
	one, err := b.For(catalog.Target{Row: &catalog.Model{}})
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.For(catalog.Target{Row: &catalog.Model{}, Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	if one.api == two.api || one.api.Options().Retryer == two.api.Options().Retryer {
		t.Error("a region in trouble would take the tokens of another")
	}
}

func TestRetryBudgetIsAsked(t *testing.T) {
	isolate(t)
	type mark struct{}
	var asked, tries atomic.Int32
	client, _ := against(t, failing(&tries, throttle, throttle, throttleInStream, throttle), func(c *Config) {
		c.MayRetry = func(ctx context.Context, err error) bool {
			if ctx.Value(mark{}) == nil {
				t.Error("asked without the call's context")
			}
			if asFault(t, err).Kind != openai.RateLimited {
				t.Errorf("asked about %v", err)
			}
			return asked.Add(1) == 1
		}
	})
	ctx := context.WithValue(t.Context(), mark{}, true)
	_, err := client.Converse(ctx, plainInput())
	if e := asFault(t, err); e.Kind != openai.RateLimited || e.Code != openai.CodeRateLimited || asked.Load() != 2 ||
		tries.Load() != 2 {
		t.Errorf("%v after %d tries, asked %d times: what AWS said is the answer when the budget is spent", err,
			tries.Load(), asked.Load())
	}
	if err := drained(ctx, client); asFault(t, err).Kind != openai.RateLimited || tries.Load() != 3 {
		t.Errorf("stream: %v after %d tries", err, tries.Load())
	}
}
