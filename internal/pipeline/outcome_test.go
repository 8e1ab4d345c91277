package pipeline

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/attempt"
	"outcrop/internal/call"
	"outcrop/internal/inspect"
	"outcrop/internal/observe"
	"outcrop/internal/recall"
	"outcrop/internal/telemetry"
	"outcrop/openai"
)

// outcomes are what observers have told, in words.
type outcomes struct {
	mu             sync.Mutex
	served, called []string
	model          map[*call.Called]bool
}

func (o *outcomes) handler(end call.Handler, between ...call.Stage) call.Handler {
	o.model = map[*call.Called]bool{}
	stages := append([]call.Stage{observe.Outside(telemetry.New(), nil, o.tellServed)}, between...)
	return call.Chain(end, append(stages, observe.Inside(true, o.tellCalled), attempt.Choices)...)
}

func (o *outcomes) tellServed(_ context.Context, s *call.Served) {
	o.mu.Lock()
	defer o.mu.Unlock()
	said := inWords(s.Answered, s.Usage, s.Err)
	if s.Head.Cache.State != "" {
		said += ", " + s.Head.Cache.State
	}
	if s.Answered == s.First.IsZero() {
		said += ", without a part"
	}
	if k := s.Head.Called; k != nil {
		o.model[k] = true
	}
	o.served = append(o.served, said)
}

func (o *outcomes) tellCalled(_ context.Context, k *call.Called) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.model[k] = true
	o.called = append(o.called, inWords(k.Answered, k.Usage, k.Err)+fmt.Sprintf(", %d bytes", k.Bytes()))
}

func inWords(answered bool, u *openai.Usage, err error) string {
	said := "refused"
	if answered {
		said = "answered"
	}
	if u != nil {
		said += fmt.Sprintf(", %d+%d tokens", u.Prompt, u.Completion)
	}
	return said + ", " + call.OutcomeOf(err)
}

// What became of a call is told once at each of its ends, and truly, however the call has ended.
func TestOutcomes(t *testing.T) {
	failure := &openai.Error{Kind: openai.BadUpstream, Code: "bad", Message: "bad"}
	broken := func(n int, err func() error) func(context.Context, int64, *call.Call) (call.Reply, error) {
		return func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) {
			step := 0
			return call.Reply{Parts: chunksOf(c, "abcd efgh", func() error {
				if step++; step == n {
					return err()
				}
				return nil
			})}, nil
		}
	}
	fails, panics := func() error { return failure }, func() error { panic("oh") }
	three := func(c *call.Call) {
		c.Request.(*openai.ChatRequest).N = new(int64)
		*c.Request.(*openai.ChatRequest).N = 3
	}
	for name, tt := range map[string]struct {
		change         []func(*call.Call)
		answer         func(context.Context, int64, *call.Call) (call.Reply, error)
		take           int // parts that are read; -1 is none at all
		served, called string
	}{
		"plain": {nil, nil, 9, "answered, 7+3 tokens, ok", "answered, 7+3 tokens, ok, 0 bytes"},
		"streamed": {[]func(*call.Call){streamedCall}, nil, 99, "answered, 7+3 tokens, ok",
			"answered, 7+3 tokens, ok, 8 bytes"},
		"three choices": {[]func(*call.Call){three}, nil, 9, "answered, 21+9 tokens, ok",
			"answered, 21+9 tokens, ok, 0 bytes"},
		"an error at once": {nil, func(context.Context, int64, *call.Call) (call.Reply, error) {
			return call.Reply{},
				failure
		}, 9, "refused, bad", "refused, bad, 0 bytes"},
		"an error in the midst": {[]func(*call.Call){streamedCall}, broken(2, fails), 9, "answered, bad",
			"answered, bad, 5 bytes"},
		"one of three fails": {[]func(*call.Call){three}, func(_ context.Context, n int64, c *call.Call) (call.Reply, error) {
			if n == 2 {
				return call.Reply{}, failure
			}
			return replyOf(c, "x"), nil
		}, 9, "refused, bad", "refused, bad, 0 bytes"},
		"a panic at once": {nil, func(context.Context, int64, *call.Call) (call.Reply, error) { panic("oh") }, 9,
			"refused, panic", "refused, panic, 0 bytes"},
		"a panic in the midst": {[]func(*call.Call){streamedCall}, broken(2, panics), 9, "answered, panic",
			"answered, panic, 5 bytes"},
		"the reader leaves": {[]func(*call.Call){streamedCall}, broken(9, fails), 2, "answered, canceled",
			"answered, canceled, 5 bytes"},
		"nobody reads": {[]func(*call.Call){streamedCall}, nil, -1, "answered, canceled, without a part",
			"answered, canceled, 0 bytes"},
		"nobody reads it, plain": {nil, nil, -1, "answered, canceled, without a part", "answered, canceled, 0 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var o outcomes
				h := o.handler((&bed{answer: tt.answer}).handle)
				ctx, cancel := context.WithCancel(t.Context())
				_ = call.Guarded(func() error {
					reply, err := h(ctx, exact(tt.change...))
					if err != nil || tt.take < 0 {
						return err
					}
					taken := 0
					for range reply.Parts {
						if taken++; taken == tt.take {
							break
						}
					}
					return nil
				})
				cancel()
				synctest.Wait()
				if len(o.served) != 1 || o.served[0] != tt.served {
					t.Errorf("served %q, want %q", o.served, tt.served)
				}
				if len(o.called) != 1 || o.called[0] != tt.called {
					t.Errorf("called %q, want %q", o.called, tt.called)
				}
			})
		})
	}
}

// A call that several share outlives the one who began it. Each has an outcome of its own, and all point to the one
// call of the model.
func TestOutcomesOfAFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o outcomes
		step := make(chan struct{})
		h := o.handler((&bed{answer: func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) {
			r := replyOf(c, "")
			r.Parts = chunksOf(c, "abcd efgh", func() error { <-step; return nil })
			return r, nil
		}}).handle, recall.Recall(recall.DefaultCache(), time.Minute, newMemory(), recall.NewShared(telemetry.New(), nil)))
		begin := func(ctx context.Context) iter.Seq2[openai.Part, error] {
			reply, err := h(ctx, exact(streamedCall))
			if err != nil {
				t.Fatal(err)
			}
			return reply.Parts
		}
		leader, joiner := begin(t.Context()), begin(t.Context())
		for range leader {
			break
		}
		if len(o.called) != 0 {
			t.Fatalf("the call ended with its leader: %q", o.called)
		}
		go func() { step <- struct{}{}; step <- struct{}{} }()
		for _, err := range joiner {
			if err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		for _, err := range begin(t.Context()) { // from memory
			if err != nil {
				t.Fatal(err)
			}
		}
		want := []string{"answered, canceled, miss", "answered, 7+3 tokens, ok, hit", "answered, 7+3 tokens, ok, hit"}
		if strings.Join(o.served, "; ") != strings.Join(want, "; ") {
			t.Errorf("served %q, want %q", o.served, want)
		}
		if len(o.called) != 1 || o.called[0] != "answered, 7+3 tokens, ok, 9 bytes" || len(o.model) != 1 {
			t.Errorf("called %q, %d calls of models", o.called, len(o.model))
		}
	})
}

// counted is a part that counts what is read of it.
type counted struct {
	*openai.ChatChunk
	tokens, texts *int
}

func (c counted) Tokens() *openai.Usage { *c.tokens++; return c.ChatChunk.Tokens() }
func (c counted) Texts() iter.Seq2[openai.Place, *string] {
	*c.texts++
	return c.ChatChunk.Texts()
}

// A chunk passes five sequences at most on its way from Bedrock to whoever writes it: its translation, the slot of its
// target, the observer inside, the inspection, the observer outside.
func TestSequencesOfAChunk(t *testing.T) {
	guards := guardOf(t, tokenizing)
	f := &fake{stream: func(ctx context.Context) (iter.Seq2[types.ConverseStreamOutput, error], error) {
		return told(ctx, nil, "I see. ", "You are right. ", "So be it."), nil
	}}
	h := handlerWith(t, f, func(with *Collaborators) { with.Guards = guards })
	reply, err := h(t.Context(), chatCall(t, strings.Replace(ask(`,"stream":true`), `"hi"`, `"`+personal+`"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	var most []string
	for _, err := range reply.Parts {
		if err != nil {
			t.Fatal(err)
		}
		pc := make([]uintptr, 100)
		frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc)])
		var passed []string
		for more := true; more; {
			var frame runtime.Frame
			frame, more = frames.Next()
			// the body of a loop over a sequence, of whoever passes parts on
			if strings.HasPrefix(frame.Function, "outcrop/") && strings.Contains(frame.Function, "-range") &&
				!strings.HasSuffix(frame.File, "_test.go") {
				passed = append(passed, frame.Function)
			}
		}
		if len(passed) > len(most) {
			most = passed
		}
	}
	if len(most) == 0 || len(most) > 5 {
		t.Errorf("%d sequences: %v", len(most), most)
	}
}

// What a part says is read twice at most, and its texts once beside the inspection, which this part is nothing to.
func TestReadingsOfAChunk(t *testing.T) {
	var tokens, texts, parts int
	end := func(_ context.Context, c *call.Call) (call.Reply, error) {
		return call.Reply{Head: call.Head{Target: call.First(c)}, Parts: func(yield func(openai.Part, error) bool) {
			for p, err := range chunksOf(c, "a b c", nil) {
				if err != nil {
					yield(nil, err)
					return
				}
				parts++
				if !yield(counted{p.(*openai.ChatChunk), &tokens, &texts}, nil) {
					return
				}
			}
		}}, nil
	}
	rec := telemetry.New()
	h := call.Chain(end, observe.Outside(rec, strings.ToUpper, observe.Limits, observe.Measure(rec)),
		inspect.Inspect(guardOf(t, tokenizing), rec),
		observe.Inside(true, observe.Costs(rec, nil)), attempt.Choices)
	c := priced(t, `,"stream":true`, plenty)
	entryOf(t, taken(t), c)
	reply, err := h(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := collect(t, reply); err != nil {
		t.Fatal(err)
	}
	if parts == 0 || tokens > 2*parts || texts > parts {
		t.Errorf("of %d parts tokens were read %d times, texts %d times", parts, tokens, texts)
	}
}
