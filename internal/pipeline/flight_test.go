package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/cache"
	"outcrop/internal/call"
	"outcrop/openai"
)

// landed is what one of several callers got.
type landed struct {
	head  call.Head
	parts []openai.Part
	err   error
}

// together runs calls at once, each under its own context, and gives what they got. It runs in a bubble.
func together(h call.Handler, ctxs []context.Context, calls []*call.Call) []landed {
	got := make([]landed, len(calls))
	var wg sync.WaitGroup
	for i, c := range calls {
		wg.Go(func() {
			reply, err := h(ctxs[i], c)
			got[i].head, got[i].err = reply.Head, err
			if err != nil {
				return
			}
			for p, err := range reply.Parts {
				if err != nil {
					got[i].err = err
					return
				}
				got[i].parts = append(got[i].parts, p)
			}
		})
	}
	wg.Wait()
	return got
}

func contexts(t *testing.T, n int) []context.Context {
	list := make([]context.Context, n)
	for i := range list {
		list[i] = t.Context()
	}
	return list
}

// slowly answers after a second, streams a word a second.
func slowly(text string) func(ctx context.Context, n int64, c *call.Call) (call.Reply, error) {
	return func(ctx context.Context, _ int64, c *call.Call) (call.Reply, error) {
		wait := func() error {
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if c.Request.Facts().Stream {
			r := replyOf(c, text)
			r.Parts = chunksOf(c, text, wait)
			return r, nil
		}
		if err := wait(); err != nil {
			return call.Reply{}, err
		}
		return replyOf(c, text), nil
	}
}

func TestOneFlight(t *testing.T) {
	for _, leader := range []string{"plain", "streamed"} {
		t.Run(leader+" first", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, m := &bed{answer: slowly("one answer for all of them")}, newMemory()
				h := b.recall(m)
				var calls []*call.Call
				for i := range 100 {
					c := exact()
					if (i%2 == 1) == (leader == "plain") {
						streamedCall(c)
					}
					calls = append(calls, c)
				}
				// The first is on its way before the others come.
				var got []landed
				done := make(chan struct{})
				go func() { defer close(done); got = together(h, contexts(t, 1), calls[:1]) }()
				synctest.Wait()
				got2 := together(h, contexts(t, 99), calls[1:])
				<-done
				got = append(got, got2...)
				if n := b.calls.Load(); n != 1 {
					t.Fatalf("%d calls for 100 equal requests", n)
				}
				seen, misses := map[string]bool{}, 0
				for i, o := range got {
					if o.err != nil {
						t.Fatalf("%d: %v", i, o.err)
					}
					whole, err := ChatCompletions.Keeps.Fold(o.parts)
					if err != nil {
						t.Fatalf("%d: %v", i, err)
					}
					r := whole.(*openai.ChatResponse)
					if content(r) != "one answer for all of them" || r.ID != "chatcmpl-"+calls[i].ID || r.Usage.Total() != 10 {
						t.Errorf("%d: %q %+v", i, content(r), r)
					}
					if plain := len(o.parts) == 1; plain == calls[i].Request.Facts().Stream {
						t.Errorf("%d: %d parts", i, len(o.parts))
					}
					if free := r.Outcrop != nil && r.Outcrop.Cache != nil; free != (o.head.Cache.State == "hit") {
						t.Errorf("%d: %s, %+v", i, o.head.Cache.State, r.Outcrop)
					}
					if o.head.Cache.State == "miss" {
						misses++
					}
					seen[r.ID] = true
				}
				if len(seen) != 100 || misses != 1 || m.size() != 1 {
					t.Errorf("%d ids, %d misses, %d entries", len(seen), misses, m.size())
				}
			})
		})
	}
}

// TestAllAtOnce has no order at all: whoever comes in between finds the flight or what it has kept.
func TestAllAtOnce(t *testing.T) {
	for range 50 {
		b := &bed{}
		h := b.recall(newMemory())
		var calls []*call.Call
		for range 50 {
			calls = append(calls, exact())
		}
		for _, o := range together(h, contexts(t, 50), calls) {
			if o.err != nil {
				t.Fatal(o.err)
			}
		}
		if n := b.calls.Load(); n != 1 {
			t.Fatalf("%d calls", n)
		}
	}
}

func TestPartsComeLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bed{answer: slowly("a b c")}
		h := b.recall(newMemory())
		begin := time.Now()
		for range 2 { // the leader and who joins it
			go func() {
				reply, err := h(t.Context(), exact(streamedCall))
				if err != nil {
					t.Error(err)
					return
				}
				var at []string
				for p, err := range reply.Parts {
					if err != nil {
						t.Error(err)
						return
					}
					if d := p.(*openai.ChatChunk).Choices; len(d) > 0 && d[0].Delta.Content != "" {
						at = append(at, fmt.Sprint(strings.TrimSpace(d[0].Delta.Content), " ", time.Since(begin)))
					}
				}
				if got := strings.Join(at, ","); got != "a 1s,b 2s,c 3s" {
					t.Errorf("parts came at %s", got)
				}
			}()
		}
		time.Sleep(10 * time.Second)
	})
}

func TestHangUps(t *testing.T) {
	t.Run("the first caller's", func(t *testing.T) {
		for form, as := range map[string]func(*call.Call){"plain": func(*call.Call) {}, "streamed": streamedCall} {
			t.Run(form, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b, m := &bed{answer: slowly("a b c")}, newMemory()
					h := b.recall(m)
					ctx, cancel := context.WithCancel(t.Context())
					time.AfterFunc(500*time.Millisecond, cancel)
					got := together(h, []context.Context{ctx, t.Context(), t.Context()}, []*call.Call{exact(as), exact(as), exact(as)})
					lost := 0
					for _, o := range got {
						if o.err != nil {
							lost++
							if !errors.Is(o.err, context.Canceled) {
								t.Errorf("%v", o.err)
							}
						} else if whole, err := ChatCompletions.Keeps.Fold(o.parts); err != nil ||
							content(whole.(*openai.ChatResponse)) != "a b c" {
							t.Errorf("%v", err)
						}
					}
					if lost != 1 || b.calls.Load() != 1 || m.size() != 1 {
						t.Errorf("%d lost, %d calls, %d entries", lost, b.calls.Load(), m.size())
					}
				})
			})
		}
	})
	t.Run("everybody's", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ended := make(chan error, 1)
			b := &bed{answer: func(ctx context.Context, _ int64, _ *call.Call) (call.Reply, error) {
				<-ctx.Done()
				ended <- ctx.Err()
				return call.Reply{}, ctx.Err()
			}}
			h := b.recall(newMemory())
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			for _, o := range together(h, []context.Context{ctx, ctx}, []*call.Call{exact(), exact(streamedCall)}) {
				if !errors.Is(o.err, context.Canceled) {
					t.Errorf("%v", o.err)
				}
			}
			select {
			case err := <-ended:
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			default:
				t.Error("the call goes on although nobody waits for it")
			}
			// Who comes now must not get into what is ending.
			b.answer = nil
			if _, r := answerOf(t, h, exact()); content(r) != "answer 2" {
				t.Errorf("%q", content(r))
			}
		})
	})
	t.Run("in the middle of a stream", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			closed := false
			b := &bed{answer: func(ctx context.Context, n int64, c *call.Call) (call.Reply, error) {
				r, err := slowly("a b c")(ctx, n, c)
				inner := r.Parts
				r.Parts = func(yield func(openai.Part, error) bool) { defer func() { closed = true }(); inner(yield) }
				return r, err
			}}
			reply, err := b.recall(newMemory())(t.Context(), exact(streamedCall))
			if err != nil {
				t.Fatal(err)
			}
			for range reply.Parts {
				break
			}
			if !closed {
				t.Error("the call's stream is open although its only reader has left")
			}
		})
	})
	t.Run("before anybody ranges", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &bed{answer: slowly("a b c")}
			ctx, cancel := context.WithCancel(t.Context())
			if _, err := b.recall(newMemory())(ctx, exact(streamedCall)); err != nil {
				t.Fatal(err)
			}
			cancel() // the bubble fails if a goroutine stays
		})
	})
}

func TestFailuresAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := &openai.Error{Kind: openai.RateLimited, Code: "rate_limit_exceeded", Message: "slow down",
			UpstreamID: "aws-1"}
		b, m := &bed{}, newMemory()
		h := b.recall(m)
		share := func(wants string, answer func(ctx context.Context, n int64, c *call.Call) (call.Reply, error)) []landed {
			t.Helper()
			b.answer = answer
			before := b.calls.Load()
			var got []landed
			done := make(chan struct{})
			go func() { defer close(done); got = together(h, contexts(t, 1), []*call.Call{exact(streamedCall)}) }()
			synctest.Wait() // the first is a stream
			others := together(h, contexts(t, 3), []*call.Call{exact(), exact(streamedCall), exact()})
			<-done
			got = append(got, others...)
			if n := b.calls.Load() - before; n != 1 || m.size() != 0 {
				t.Errorf("%s: %d calls, %d entries", wants, n, m.size())
			}
			for i, o := range got {
				if o.err == nil || !strings.Contains(o.err.Error(), wants) {
					t.Errorf("%s: %d got %v", wants, i, o.err)
				}
			}
			return got
		}
		got := share("slow down", func(context.Context, int64, *call.Call) (call.Reply, error) {
			time.Sleep(time.Second)
			return call.Reply{Head: call.Head{Attempts: 3}}, fault
		})
		var oe *openai.Error
		if !errors.As(got[0].err, &oe) || oe.Kind != openai.RateLimited || oe == fault || same(got[0].err, got[1].err) ||
			got[3].head.Attempts != 3 {
			t.Errorf("R-ERR-40 each has the whole error for itself: %+v", got)
		}
		for i, o := range got {
			if o.head.Cache.State != "miss" {
				t.Errorf("%d: a failure came as a %s", i, o.head.Cache.State)
			}
		}
		share("panic: boom", func(context.Context, int64, *call.Call) (call.Reply,
			error) {
			time.Sleep(time.Second)
			panic("boom")
		})
		share("panic: later", func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) {
			return call.Reply{Head: call.Head{Target: call.First(c)},
				Parts: chunksOf(c, "a b", func() error { time.Sleep(time.Second); panic("later") })}, nil
		})
		got = share("cut", func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) {
			return call.Reply{Head: call.Head{Target: call.First(c)},
				Parts: chunksOf(c, "a b", func() error { time.Sleep(time.Second); return errors.New("cut") })}, nil
		})
		if len(got[0].parts) != 1 || len(got[1].parts) != 0 || len(got[2].parts) != 1 {
			t.Errorf("R-STR-15 a stream has what came before, a plain answer nothing: %d, %d, %d", len(got[0].parts),
				len(got[1].parts), len(got[2].parts))
		}
	})
}

// same tells whether two readers got one and the same error.
func same(x, y error) bool {
	var a, b *openai.Error
	return errors.As(x, &a) && errors.As(y, &b) && a == b
}

func TestFlightHasItsOwnDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bed{answer: func(ctx context.Context, _ int64, _ *call.Call) (call.Reply, error) {
			<-ctx.Done()
			return call.Reply{}, ctx.Err()
		}}
		_, err := b.recall(newMemory())(t.Context(), exact())
		var oe *openai.Error
		if !errors.As(err, &oe) || oe.Kind != openai.Timeout {
			t.Errorf("R-ERR-71 after its minute: %v", err)
		}
	})
}

// TestOthersFlyAlone: what may not be kept is not shared either.
func TestOthersFlyAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bed{answer: slowly("x")}
		h := b.recall(newMemory())
		var calls []*call.Call
		for range 5 {
			calls = append(calls,
				exact(func(c *call.Call) { c.Request.(*openai.ChatRequest).Temperature = nil }),
				exact(func(c *call.Call) { c.Tune.CacheControl.NoStore = true }),
				exact(func(c *call.Call) { c.Tune.CacheControl.NoCache = true }))
		}
		together(h, contexts(t, 15), calls)
		if n := b.calls.Load(); n != 15 {
			t.Errorf("%d calls", n)
		}
	})
}

// TestMissJustBeforeLanding: between a look into memory and a seat, a flight for the same key lands.
func TestMissJustBeforeLanding(t *testing.T) {
	b := &bed{}
	m := &interrupted{memory: newMemory()}
	h := b.recall(m)
	m.behind = func() { m.behind = nil; answerOf(t, h, exact()) }
	if head, r := answerOf(t, h, exact(streamedCall)); b.calls.Load() != 1 || head.Cache.State != "hit" ||
		content(r) != "answer 1" {
		t.Errorf("%d calls, %+v", b.calls.Load(), head.Cache)
	}
}

// interrupted is a memory behind whose next look something happens.
type interrupted struct {
	*memory
	behind func()
}

func (m *interrupted) GetMany(ctx context.Context, keys []string) []cache.Entry {
	e := m.memory.GetMany(ctx, keys)
	if m.behind != nil {
		m.behind()
	}
	return e
}

// TestLongAnswers: an answer beyond what a flight holds waits for its readers, and is not kept.
func TestLongAnswers(t *testing.T) {
	word := strings.Repeat("x", 1<<20) + " "
	long := strings.TrimSpace(strings.Repeat(word, 12))
	t.Run("one slow reader takes its time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			sent := 0
			b := &bed{answer: func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) {
				return call.Reply{Head: call.Head{Target: call.First(c)},
					Parts: chunksOf(c, long, func() error { sent++; return nil })}, nil
			}}
			m := newMemory()
			reply, err := b.recall(m)(t.Context(), exact(streamedCall))
			if err != nil {
				t.Fatal(err)
			}
			read := 0
			for p, err := range reply.Parts {
				if err != nil {
					t.Fatal(err)
				}
				if c := p.(*openai.ChatChunk); len(c.Choices) > 0 && c.Choices[0].Delta.Content != "" {
					read++
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if sent > read+6 {
					t.Fatalf("%d parts of 1 MB wait for a reader that has read %d", sent, read)
				}
			}
			if read != 12 || m.size() != 0 {
				t.Errorf("%d parts read, %d entries", read, m.size())
			}
		})
	})
	t.Run("a slow reader does not keep others waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := &bed{answer: func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) {
				time.Sleep(time.Second)
				return call.Reply{Head: call.Head{Target: call.First(c)}, Parts: chunksOf(c, long, nil)}, nil
			}}
			h := b.recall(newMemory())
			var slow error
			go func() {
				reply, err := h(t.Context(), exact(streamedCall))
				if err != nil {
					t.Error(err)
					return
				}
				for _, slow = range reply.Parts {
					time.Sleep(time.Hour)
				}
			}()
			begin := time.Now()
			if _, r := answerOf(t, h, exact(streamedCall)); content(r) != long {
				t.Error("not all of it")
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			b.answer = nil
			if _, r := answerOf(t, h, exact()); content(r) != "answer 2" {
				t.Errorf("%.20q", content(r))
			}
			time.Sleep(24 * time.Hour)
			synctest.Wait()
			if slow == nil || !strings.Contains(slow.Error(), "too slowly") {
				t.Errorf("the slow one got %v", slow)
			}
		})
	})
}

// TestReadersShareNoText: a stage outside rewrites what its own client gets, and nobody else sees it.
func TestReadersShareNoText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bed{answer: slowly("a b")}
		recalled := b.recall(newMemory())
		h := call.Handler(func(ctx context.Context, c *call.Call) (call.Reply, error) {
			reply, err := recalled(ctx, c)
			inner := reply.Parts
			reply.Parts = func(yield func(openai.Part, error) bool) {
				for p, err := range inner {
					if p != nil {
						for _, text := range p.Texts() {
							*text += c.ID
						}
					}
					if !yield(p, err) {
						return
					}
				}
			}
			return reply, err
		})
		calls := []*call.Call{exact(), exact(streamedCall), exact(), exact(streamedCall)}
		for range 2 { // together, then out of memory
			for i, o := range together(h, contexts(t, 4), calls) {
				whole, err := ChatCompletions.Keeps.Fold(o.parts)
				if err != nil {
					t.Fatal(err)
				}
				text := written(whole)
				for j, c := range calls {
					if strings.Contains(strings.ReplaceAll(text, `"chatcmpl-`+c.ID, ""), c.ID) != (i == j) {
						t.Errorf("the answer to %s: %s", calls[i].ID, text)
					}
				}
			}
		}
	})
}
