package pipeline

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/access/limits"
	"outcrop/internal/call"
	"outcrop/internal/observe"
	"outcrop/internal/telemetry"
	"outcrop/openai"
)

// has checks lines of what is measured.
func has(t *testing.T, rec *telemetry.Recorder, lines ...string) {
	t.Helper()
	w := httptest.NewRecorder()
	rec.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	for _, line := range lines {
		if !strings.Contains(w.Body.String(), "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
}

// One of those who are told of an end may fail: all others are told, and the answer is the caller's all the same.
func TestAFaultOfOneWhoIsTold(t *testing.T) {
	fails := func(string) string { panic("no words") }
	upper := strings.ToUpper
	oh := func(context.Context, *call.Served) { panic("oh") }
	for name, tt := range map[string]struct {
		redact func(string) string
		tell   func(context.Context, *call.Served)
		text   bool // is kept
	}{
		"redaction":    {fails, func(context.Context, *call.Served) {}, false},
		"first of all": {upper, oh, true},
		"both":         {fails, oh, false},
	} {
		for _, change := range []func(*call.Call){func(*call.Call) {}, streamedCall} {
			rec := telemetry.New()
			h := call.Chain((&bed{}).handle,
				observe.Outside(rec, tt.redact, tt.tell, observe.Limits, observe.Measure(rec)),
				Limit(limits.New(limits.Default(), limits.NewMeters(nil, nil)), 4096), observe.Inside(true))
			l := taken(t)
			for range 2 { // a slot that stayed taken would refuse the second
				c := exact(change)
				c.Principal = access.Principal{Key: "k",
					Rights: &access.Rights{StoreText: true, Limits: access.Limits{Concurrent: 1}}}
				e := entryOf(t, l, c)
				if _, answer := answerOf(t, h, c); len(answer.Choices) != 1 || *answer.Choices[0].Message.Content == "" {
					t.Errorf("%s: answer %+v", name, answer)
				}
				if len(e.Answers) != 1 || e.Usage.Completion != 3 || tt.text != (e.Text != nil) {
					t.Errorf("%s: on record %+v", name, e.Record)
				}
				var p *call.Panic
				if !errors.As(c.Served.Fault, &p) || c.Served.Err != nil {
					t.Errorf("%s: fault %v, error %v", name, c.Served.Fault, c.Served.Err)
				}
			}
			has(t, rec, "outcrop_requests_in_flight 0", `outcrop_background_faults_total{task="outcome"} 2`,
				`outcrop_requests_total{endpoint="chat.completions",model="other",outcome="ok"} 2`)
		}
	}
}

// badRequest cannot say what it asks for.
type badRequest struct{ *openai.ChatRequest }

func (badRequest) Facts() openai.Facts { panic("no facts") }

// The record of a request is opened under observation.
func TestAFaultBeforeTheRecordIsOpen(t *testing.T) {
	rec := telemetry.New()
	c := exact()
	entryOf(t, taken(t), c)
	c.Request = badRequest{c.Request.(*openai.ChatRequest)}
	h := call.Chain((&bed{}).handle, observe.Outside(rec, nil, observe.Measure(rec)))
	if err := call.Guarded(func() error { _, err := h(t.Context(), c); return err }); call.OutcomeOf(err) != "panic" {
		t.Errorf("got %v", err)
	}
	has(t, rec, "outcrop_requests_in_flight 0",
		`outcrop_requests_total{endpoint="chat.completions",model="other",outcome="panic"} 1`)
}

// What is known before the end is measured when it is known.
func TestMeasuredAtOnce(t *testing.T) {
	failure := &openai.Error{Kind: openai.BadUpstream, Code: "bad", Message: "bad"}
	const first, asked = `outcrop_time_to_first_part_seconds_count{endpoint="chat.completions",model="` + nova + `"} 1`,
		`outcrop_unknown_total{what="request_member"} 1`
	rec := telemetry.New()
	for name, step := range map[string]func() error{"a part": nil, "an error": func() error { return failure }} {
		rec = telemetry.New()
		c := priced(t, `,"stream":true,"mood":"good"`, plenty)
		parts := chunksOf(c, "a b", step)
		if step != nil {
			parts = func(yield func(openai.Part, error) bool) { yield(nil, failure) }
		}
		reply, err := call.Chain(func(context.Context, *call.Call) (call.Reply, error) {
			has(t, rec, asked)
			return call.Reply{Head: call.Head{Target: call.First(c), Cache: call.CacheStatus{State: "miss"}}, Parts: parts}, nil
		}, observe.Outside(rec, nil, observe.Measure(rec)))(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		has(t, rec, `outcrop_cache_requests_total{endpoint="chat.completions",model="`+nova+`",result="miss"} 1`)
		for range reply.Parts {
			if has(t, rec, first); t.Failed() {
				t.Fatal(name)
			}
		}
	}
	has(t, rec, first)
}

// An answer that is there when its request's context has ended already is observed like any other, as far as it is
// read.
func TestOutcomeOfALateAnswer(t *testing.T) {
	for name, end := range map[string]func(cancel func()) (before, after func()){
		"before the head": func(cancel func()) (func(), func()) { return cancel, func() {} },
		"behind the head": func(cancel func()) (func(), func()) { return func() {}, cancel },
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			before, after := end(cancel)
			c := exact()
			c.Tune.Manifest = true
			e := entryOf(t, taken(t), c)
			told := 0
			reply, err := call.Chain(func(_ context.Context, c *call.Call) (call.Reply, error) {
				before()
				return replyOf(c, "one two"), nil
			}, observe.Outside(telemetry.New(), nil, func(context.Context, *call.Served) { told++ }))(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			after()
			synctest.Wait()
			parts, err := collect(t, reply)
			if err != nil || len(parts) != 1 {
				t.Fatal(len(parts), err)
			}
			m := parts[0].(*openai.ChatResponse).Outcrop
			if left := errors.Is(c.Served.Err, context.Canceled); left != (name == "behind the head") ||
				!left && c.Served.Err != nil {
				t.Errorf("%s: ended with %v", name, c.Served.Err)
			}
			if told != 1 || len(e.Answers) != 1 || m == nil || c.Served.Usage == nil {
				t.Errorf("%s: told %d times, answers %q, manifest %v, usage %v", name, told, e.Answers, m != nil, c.Served.Usage)
			}
		})
	}
}

// The context that bounds the opening of a stream ends with the answer, under whatever context the call is made.
func TestAStreamsContextEndsWithIt(t *testing.T) {
	for name, take := range map[string]int{"whole": 99, "left": 1} {
		var inner context.Context
		h := Deadline(time.Minute)(func(ctx context.Context, c *call.Call) (call.Reply, error) {
			inner = ctx
			return replyOf(c, "one two"), nil
		})
		reply, err := h(t.Context(), exact(streamedCall))
		if err != nil {
			t.Fatal(err)
		}
		for range reply.Parts {
			if inner.Err() != nil {
				t.Errorf("%s: ended while it is read", name)
			}
			if take--; take == 0 {
				break
			}
		}
		if inner.Err() == nil {
			t.Errorf("%s: goes on behind the answer", name)
		}
	}
}
