package server_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/cache"
	"outcrop/internal/attempt"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/observe"
	"outcrop/internal/recall"
	api "outcrop/openai"
	"outcrop/router"
	"outcrop/server"
)

// forgetful is a memory that keeps nothing.
type forgetful struct{}

func (forgetful) GetMany(_ context.Context, keys []string) []cache.Entry {
	return make([]cache.Entry, len(keys))
}
func (forgetful) SetMany(context.Context, []cache.Item, time.Duration) {}

// panics panics where the model's name says, after half a second so that equal requests meet.
func panics(_ context.Context, c *call.Call) (call.Reply, error) {
	time.Sleep(500 * time.Millisecond) // in a bubble
	if c.Request.Facts().Model == "at once" {
		panic("a fault of ours")
	}
	return reply(func(yield func(api.Part, error) bool) {
		if c.Request.Facts().Stream && !yield(chunk("a"), nil) {
			return
		}
		panic("a fault of ours")
	}), nil
}

// Wherever a stage panics, the caller gets a 500 or an error event, it is counted as a panic, nothing stays under way,
// and the stack is in the log once.
func TestMendA5PanicIsShownAsWhatItIs(t *testing.T) {
	for _, model := range []string{"at once", "in the parts"} {
		for name, change := range map[string]struct {
			rest    string
			callers int
		}{
			"plain": {"", 1}, "streamed": {`,"stream":true`, 1}, "choices": {`,"n":3`, 1},
			"streamed choices": {`,"n":3,"stream":true`, 1},
			"flight":           {`,"temperature":0`, 3}, "streamed flight": {`,"temperature":0,"stream":true`, 3},
		} {
			t.Run(model+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { panicOnce(t, model, change.rest, change.callers) })
			})
		}
	}
}

func panicOnce(t *testing.T, model, rest string, callers int) {
	plan := func(next call.Handler) call.Handler {
		return func(ctx context.Context, c *call.Call) (call.Reply, error) {
			c.Plan = router.Plan{Targets: []catalog.Target{{Row: &catalog.Model{ID: "m", Known: true}, Public: "m"}}}
			return next(ctx, c)
		}
	}
	with := collaborators(nil)
	with.Handle = call.Chain(panics, observe.Outside(with.Recorder, nil, observe.Measure(with.Recorder)), plan,
		recall.Recall(recall.DefaultCache(), time.Minute, forgetful{}, recall.NewShared(with.Recorder, with.Log)),
		attempt.Choices)
	var logs lines
	with.Log = slog.New(slog.NewJSONHandler(&logs, nil))
	pipes := listen()
	serve(t, server.New(config(), with), pipes)

	done := make(chan string)
	for range callers {
		go func() {
			conn := pipes.dial()
			defer conn.Close()
			r := post(t, conn, "/v1/chat/completions",
				`{"model":"`+model+`","messages":[{"role":"user","content":"hi"}]`+rest+`}`)
			done <- text(t, head(t, r).Body)
		}()
	}
	for range callers {
		if body := <-done; !strings.Contains(body, `"type":"server_error"`) || !strings.Contains(body, "req_") ||
			strings.Contains(body, "a fault of ours") {
			t.Errorf("R-ERR-08 %s", body)
		}
	}
	synctest.Wait()
	rec := httptest.NewRecorder()
	with.Recorder.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	counted := 0
	for line := range strings.Lines(rec.Body.String()) {
		switch {
		case strings.HasPrefix(line, "outcrop_requests_in_flight ") &&
			strings.TrimSpace(line) != "outcrop_requests_in_flight 0":
			t.Errorf("Mend A5: %s", line)
		case strings.HasPrefix(line, "outcrop_requests_total{"):
			counted++
			if !strings.Contains(line, `outcome="panic"`) || !strings.HasSuffix(strings.TrimSpace(line), " "+itoa(callers)) {
				t.Errorf("Mend A5: %s", line)
			}
		}
	}
	if counted != 1 {
		t.Errorf("%d outcomes in %s", counted, rec.Body)
	}
	if n := strings.Count(logs.text(), `"stack":`); n != 1 || !strings.Contains(logs.text(), "panic_test.go") {
		t.Errorf("Mend A5: %d stacks in the log: %s", n, logs.text())
	}
}
