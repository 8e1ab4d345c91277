package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/cache"
	"outcrop/internal/access"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/dialect"
	"outcrop/internal/recall"
	"outcrop/openai"
)

func TestRecall(t *testing.T) {
	forms := map[string]func(*call.Call){"plain": func(*call.Call) {}, "streamed": streamedCall}
	for _, was := range slices.Sorted(maps.Keys(forms)) {
		for _, is := range slices.Sorted(maps.Keys(forms)) {
			t.Run(was+" then "+is, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := &bed{}
					h := b.recall(newMemory())
					one := exact(forms[was])
					head, r := answerOf(t, h, one)
					if head.Cache.State != "miss" || len(head.Cache.Key) != 16 || content(r) != "answer 1" || r.Outcrop != nil {
						t.Fatalf("first: %+v %+v", head.Cache, r)
					}
					time.Sleep(90 * time.Second)
					two := exact(forms[is])
					hit, again := answerOf(t, h, two)
					if b.calls.Load() != 1 ||
						hit.Cache != (call.CacheStatus{State: "hit", Age: 90 * time.Second, Key: head.Cache.Key}) {
						t.Fatalf("second: %d calls, %+v", b.calls.Load(), hit.Cache)
					}
					if hit.Target.Row == nil || hit.Attempts != 0 || len(hit.Upstream) != 0 {
						t.Errorf("a hit has a target and no calls: %+v", hit)
					}
					if again.ID != "chatcmpl-"+two.ID || again.Created != two.At.Unix() || again.Model != "m" ||
						again.Fingerprint != "fp_1" || again.ServiceTier != "default" {
						t.Errorf("R-RES-01 its own id and time: %+v", again)
					}
					if content(again) != "answer 1" || *again.Usage.Reasoning != 0 || again.Usage.Prompt != 7 ||
						again.Usage.Completion != 3 {
						t.Errorf("%q %+v", content(again), again.Usage)
					}
					if x := again.Outcrop; x == nil || x.Cache == nil || x.Cache.Age != 90 {
						t.Errorf("R-RES-15 a hit is marked: %+v", x)
					}
					time.Sleep(time.Hour)
					if late, r := answerOf(t, h, exact(forms[is])); late.Cache.State != "miss" || content(r) != "answer 2" {
						t.Errorf("after an hour: %+v", late.Cache)
					}
				})
			})
		}
	}
}

// TestReplayedStream: a hit looks like a stream that a model wrote.
func TestReplayedStream(t *testing.T) {
	text := strings.Repeat("Ein längerer Satz über Fjorde. ", 60) + strings.Repeat("ø", 500)
	b := &bed{answer: func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) { return replyOf(c, text), nil }}
	h := b.recall(newMemory())
	answerOf(t, h, exact())
	reply, err := h(t.Context(), exact(streamedCall))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := collect(t, reply)
	if err != nil || len(parts) < 10 {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	head, joined := parts[0].(*openai.ChatChunk).Head, ""
	for i, p := range parts {
		c := p.(*openai.ChatChunk)
		if c.Head != head {
			t.Errorf("part %d has a head of its own", i)
		}
		switch i {
		case 0:
			if c.Choices[0].Delta.Role != "assistant" {
				t.Errorf("R-STR-07 first: %+v", c)
			}
		case len(parts) - 2:
			if c.Choices[0].FinishReason != "stop" || c.Outcrop.Cache == nil {
				t.Errorf("last of the choice: %+v", c)
			}
		case len(parts) - 1:
			if c.Usage == nil || len(c.AppendJSON(nil, false)) != 0 {
				t.Errorf("R-STR-06 usage: %+v", c)
			}
		default:
			d := c.Choices[0].Delta.Content
			joined += d
			if len(d) > 200 || d == "" || strings.ContainsRune(d, '\uFFFD') || !json.Valid(c.AppendJSON(nil, false)) {
				t.Errorf("piece %q", d)
			}
		}
	}
	if joined != text {
		t.Errorf("joined: %q", joined)
	}
}

func TestWhatIsKept(t *testing.T) {
	edit := func(f func(r *openai.ChatResponse)) func(c *call.Call) call.Reply {
		return func(c *call.Call) call.Reply {
			r := wholeOf(c, "text")
			f(r)
			return call.Reply{Head: call.Head{Target: call.First(c)}, Parts: call.One(r)}
		}
	}
	tool := openai.ToolCall{ID: "t1", Type: "function", Function: openai.FunctionCall{Name: "f", Arguments: new(string)}}
	other := func(id string, order int) func(c *call.Call) call.Reply {
		return func(c *call.Call) call.Reply {
			r := replyOf(c, "text")
			r.Head.Target = catalog.Target{Row: &catalog.Model{ID: id}, Order: order}
			return r
		}
	}
	adjusted := func(param, reason string) func(c *call.Call) call.Reply {
		return func(c *call.Call) call.Reply {
			r := replyOf(c, "text")
			r.Head.Adjusted.Add(param, reason)
			return r
		}
	}
	tools := func(cfg *recall.CacheConfig) { cfg.ToolCalls = true }
	for name, test := range map[string]struct {
		reply func(c *call.Call) call.Reply
		cfg   func(*recall.CacheConfig)
		kept  bool
	}{
		"stop":           {edit(func(*openai.ChatResponse) {}), nil, true},
		"length":         {edit(func(r *openai.ChatResponse) { r.Choices[0].FinishReason = "length" }), nil, false},
		"content filter": {edit(func(r *openai.ChatResponse) { r.Choices[0].FinishReason = "content_filter" }), nil, false},
		"tool calls":     {edit(func(r *openai.ChatResponse) { r.Choices[0].FinishReason = "tool_calls" }), nil, false},
		"tool calls, allowed": {edit(func(r *openai.ChatResponse) {
			r.Choices[0].Message.ToolCalls, r.Choices[0].FinishReason = []openai.ToolCall{tool}, "tool_calls"
		}), tools, true},
		"length, tools allowed": {edit(func(r *openai.ChatResponse) { r.Choices[0].FinishReason = "length" }), tools, false},
		"second choice cut": {edit(func(r *openai.ChatResponse) {
			r.Choices = append(r.Choices, openai.Choice{Index: 1, FinishReason: "length"})
		}), nil, false},
		"two choices": {edit(func(r *openai.ChatResponse) {
			r.Choices = append(r.Choices,
				r.Choices[0])
			r.Choices[1].Index = 1
		}), nil, true},
		"masked": {edit(func(r *openai.ChatResponse) {
			r.Outcrop = &openai.Extension{Guardrail: &openai.Guardrail{Action: "masked"}}
		}), nil, false},
		"blocked": {edit(func(r *openai.ChatResponse) {
			r.Outcrop = &openai.Extension{Guardrail: &openai.Guardrail{Action: "blocked"}}
		}), nil, false},
		"guardrail without a finding": {edit(func(r *openai.ChatResponse) {
			r.Outcrop = &openai.Extension{Guardrail: &openai.Guardrail{Action: "none"}}
		}), nil, true},
		"unknown stop reason": {
			edit(func(r *openai.ChatResponse) { r.Outcrop = &openai.Extension{StopReason: "new_reason"} }), nil, false},
		"malformed": {adjusted("finish_reason", "malformed_model_output"), nil, false},
		"adjusted":  {adjusted("seed", "unsupported"), nil, true},
		"empty": {edit(func(r *openai.ChatResponse) { r.Choices[0].Message.Content = new(string) }), nil,
			false},
		"refusal": {edit(func(r *openai.ChatResponse) { r.Choices[0].Message.Refusal = new(string) }), nil,
			false},
		"other target":            {other("n", 1), nil, false},
		"same model, later":       {other("m", 1), nil, false},
		"one of the first equals": {other("m", 0), nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bed{answer: func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) { return test.reply(c), nil }}
			m := newMemory()
			change := test.cfg
			if change == nil {
				change = func(*recall.CacheConfig) {}
			}
			h := b.recall(m, change)
			head, before := answerOf(t, h, exact())
			hit, after := answerOf(t, h, exact())
			if kept := m.size() == 1 && b.calls.Load() == 1; kept != test.kept || kept != (hit.Cache.State == "hit") {
				t.Fatalf("%d entries after %d calls", m.size(), b.calls.Load())
			}
			before.Head, after.Head, after.Outcrop = openai.Head{}, openai.Head{}, before.Outcrop
			if x, y := before.AppendJSON(nil), after.AppendJSON(nil); !bytes.Equal(x, y) {
				t.Errorf("was\n%s\nis\n%s", x, y)
			}
			if x, y := head.Adjusted.Header(), hit.Adjusted.Header(); x != y {
				t.Errorf("adjusted: was %q, is %q", x, y)
			}
		})
	}
	t.Run("errors", func(t *testing.T) {
		b := &bed{answer: func(_ context.Context, n int64, c *call.Call) (call.Reply, error) {
			if n == 1 {
				return call.Reply{}, &openai.Error{Kind: openai.RateLimited, Message: "slow down"}
			}
			return call.Reply{Head: call.Head{Target: call.First(c)},
				Parts: chunksOf(c, "a b", func() error { return errors.New("cut") })}, nil
		}}
		m := newMemory()
		h := b.recall(m)
		for range 2 {
			reply, err := h(t.Context(), exact(streamedCall))
			if err == nil {
				_, err = collect(t, reply)
			}
			if err == nil || m.size() != 0 {
				t.Errorf("%v, %d entries", err, m.size())
			}
		}
	})
}

func TestWhichRequests(t *testing.T) {
	temperature := func(x float64) func(*call.Call) {
		return func(c *call.Call) { c.Request.(*openai.ChatRequest).Temperature = &x }
	}
	unset := func(c *call.Call) { c.Request.(*openai.ChatRequest).Temperature = nil }
	control := func(f func(*call.CacheControl)) func(*call.Call) {
		return func(c *call.Call) { f(&c.Tune.CacheControl) }
	}
	hour := control(func(x *call.CacheControl) { x.TTL = time.Hour })
	noStore := control(func(x *call.CacheControl) { x.NoStore = true })
	noCache := control(func(x *call.CacheControl) { x.NoCache = true })
	for name, test := range map[string]struct {
		call   []func(*call.Call)
		cfg    func(*recall.CacheConfig)
		states string // of two requests after each other
	}{
		"temperature 0":   {nil, nil, "miss hit"},
		"temperature 0.1": {[]func(*call.Call){temperature(0.1)}, nil, "bypass bypass"},
		"no temperature":  {[]func(*call.Call){unset}, nil, "bypass bypass"},
		"temperature 0.1, allowed": {[]func(*call.Call){temperature(0.1)},
			func(c *recall.CacheConfig) { c.MaxTemperature = 0.1 }, "miss hit"},
		"no temperature, asked for": {[]func(*call.Call){unset, hour}, nil, "miss hit"},
		"no temperature, by model": {[]func(*call.Call){unset}, func(c *recall.CacheConfig) { c.Always = []string{"m"} },
			"miss hit"},
		"no temperature, by tier": {[]func(*call.Call){unset, func(c *call.Call) { c.Plan.Tier = "fast" }},
			func(c *recall.CacheConfig) { c.Always = []string{"fast"} }, "miss hit"},
		"no-store":               {[]func(*call.Call){noStore}, nil, "bypass bypass"},
		"no-cache":               {[]func(*call.Call){noCache}, nil, "bypass bypass"},
		"kept for no time":       {nil, func(c *recall.CacheConfig) { c.TTL = 0 }, "bypass bypass"},
		"no time, but asked for": {[]func(*call.Call){hour}, func(c *recall.CacheConfig) { c.TTL = 0 }, "miss hit"},
		"model kept for no time": {nil, func(c *recall.CacheConfig) { c.TTLByModel = map[string]time.Duration{"m": 0} },
			"bypass bypass"},
		"endpoint kept for no time": {nil,
			func(c *recall.CacheConfig) { c.TTLByEndpoint = map[string]time.Duration{"chat.completions": 0} }, "bypass bypass"},
		"model before its endpoint": {nil, func(c *recall.CacheConfig) {
			c.TTLByEndpoint, c.TTLByModel = map[string]time.Duration{"chat.completions": 0}, map[string]time.Duration{"m": 1e9}
		}, "miss hit"},
		"max-age 0": {[]func(*call.Call){control(func(x *call.CacheControl) { x.HasAge = true })},
			nil, "miss miss"},
		"no answer older than 1 min": {
			[]func(*call.Call){control(func(x *call.CacheControl) { x.HasAge, x.MaxAge = true, time.Minute })}, nil, "miss hit"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &bed{}
				change := test.cfg
				if change == nil {
					change = func(*recall.CacheConfig) {}
				}
				h := b.recall(newMemory(), change)
				head, _ := answerOf(t, h, exact(test.call...))
				time.Sleep(time.Millisecond)
				again, _ := answerOf(t, h, exact(test.call...))
				if states := head.Cache.State + " " + again.Cache.State; states != test.states {
					t.Errorf("%s, wanted %s", states, test.states)
				}
			})
		})
	}
	t.Run("no-cache renews what is kept", func(t *testing.T) {
		b := &bed{}
		h := b.recall(newMemory())
		answerOf(t, h, exact())
		answerOf(t, h, exact(noCache))
		if head, r := answerOf(t, h, exact()); head.Cache.State != "hit" || content(r) != "answer 2" {
			t.Errorf("%+v %q", head.Cache, content(r))
		}
	})
	t.Run("another tenant misses", func(t *testing.T) {
		b := &bed{}
		h := b.recall(newMemory())
		answerOf(t, h, exact())
		head, _ := answerOf(t, h, exact(func(c *call.Call) { c.Principal = access.Principal{Tenant: "u"} }))
		key, _ := answerOf(t, h, exact(func(c *call.Call) { c.Principal = access.Principal{Key: "t"} }))
		if head.Cache.State != "miss" || key.Cache.State != "miss" {
			t.Errorf("%+v %+v", head.Cache, key.Cache)
		}
	})
	t.Run("a request asks for no longer than may be", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &bed{}
			h := b.recall(newMemory(), func(c *recall.CacheConfig) { c.MaxTTL = time.Minute })
			answerOf(t, h, exact(hour))
			time.Sleep(61 * time.Second)
			if head, _ := answerOf(t, h, exact(hour)); head.Cache.State != "miss" {
				t.Errorf("%+v", head.Cache)
			}
		})
	})
	t.Run("without a memory there is no cache", func(t *testing.T) {
		b := &bed{}
		h := b.recall(nil)
		answerOf(t, h, exact())
		if head, _ := answerOf(t, h, exact()); head.Cache != (call.CacheStatus{}) || b.calls.Load() != 2 {
			t.Errorf("%+v", head.Cache)
		}
	})
}

func TestPoisonedValues(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"empty":   func([]byte) []byte { return nil },
		"short":   func([]byte) []byte { return []byte{1} },
		"cut":     func(v []byte) []byte { return v[:len(v)/2] },
		"a bit":   func(v []byte) []byte { v[len(v)/2] ^= 1; return v },
		"format":  func(v []byte) []byte { v[0]++; return v },
		"foreign": func([]byte) []byte { return []byte(`{"id":"chatcmpl-evil","choices":[]}`) },
		"other key": func([]byte) []byte {
			b, m := &bed{}, newMemory()
			answerOf(t, b.recall(m), exact(func(c *call.Call) { c.Principal.Tenant = "another" }))
			for _, e := range m.entries {
				return e.Value
			}
			return nil
		},
	} {
		for form, as := range map[string]func(*call.Call){"plain": func(*call.Call) {}, "streamed": streamedCall} {
			t.Run(name+" "+form, func(t *testing.T) {
				b, m := &bed{}, newMemory()
				h := b.recall(m)
				answerOf(t, h, exact())
				m.spoil(change)
				if head, r := answerOf(t, h, exact(as)); head.Cache.State != "miss" || content(r) != "answer 2" {
					t.Errorf("%+v %q", head.Cache, content(r))
				}
			})
		}
	}
}

func BenchmarkRecall(b *testing.B) {
	text := strings.Repeat("words of an answer ", 105)
	answer := func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) { return replyOf(c, text), nil }
	drain := func(b *testing.B, h call.Handler, c *call.Call) {
		reply, err := h(context.Background(), c)
		if err != nil {
			b.Fatal(err)
		}
		out := make([]byte, 0, 4096)
		for p, err := range reply.Parts {
			if err != nil {
				b.Fatal(err)
			}
			if chunk, ok := p.(*openai.ChatChunk); ok {
				out = chunk.AppendJSON(out[:0], true)
			} else {
				out = dialect.OpenAI.Plain(out[:0], nil, dialect.Call{}, p)
			}
		}
	}
	run := func(name string, h call.Handler, c *call.Call) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				drain(b, h, c)
			}
		})
	}
	store, err := cache.New(cache.Default(), cache.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	direct := &bed{answer: answer}
	run("without", direct.handle, exact())
	run("without, stream", direct.handle, exact(streamedCall))
	h := direct.recall(store)
	miss := exact(func(c *call.Call) { c.Tune.CacheControl.NoCache = true })
	run("miss", h, miss)
	run("miss, stream", h, exact(streamedCall, func(c *call.Call) { c.Tune.CacheControl.NoCache = true }))
	drain(b, h, exact())
	run("hit", h, exact())
	run("hit, stream", h, exact(streamedCall))
}
