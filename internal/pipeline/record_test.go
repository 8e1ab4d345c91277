package pipeline

import (
	"context"
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/audit"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/recall"
	"outcrop/internal/telemetry"
	"outcrop/openai"
	"outcrop/router"
)

func TestRecord(t *testing.T) {
	l := taken(t)
	const words = "one two three"
	digest := []string{l.Keys().Digest(words)}
	prompt := l.Keys().Prompt()
	prompt.Text("user", "hi")
	asks := prompt.Sum()
	account := access.Principal{Key: "k", Tenant: "t"}
	failure := &openai.Error{Kind: openai.BadUpstream, Code: "bad_upstream_response", Message: "bad"}
	target := catalog.Target{Row: &catalog.Model{ID: "m"}, Public: "m",
		CalledID: "arn:aws:bedrock:eu-west-1:111122223333:provisioned-model/x", Region: "eu-west-1"}
	paid := func(nanos int64, guess bool) *call.Called {
		b := &call.Called{}
		b.SetCost(nanos, guess)
		return b
	}
	called := "arn:aws:bedrock:eu-west-1:************:provisioned-model/x"
	used := audit.Usage{Prompt: 7, Completion: 3}
	found := []audit.Finding{{Direction: "input", Kind: "EMAIL", Action: "redact", Count: 1}}

	cases := map[string]struct {
		change []func(*call.Call)
		answer func(context.Context, int64, *call.Call) (call.Reply, error)
		take   int // parts that the reader takes; 0 is all
		want   audit.Record
	}{
		"plain": {
			answer: func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) {
				c.Findings = found
				// Inspect rewrites: the digest is of what was sent.
				c.Request.(*openai.ChatRequest).Messages[0].Content.Text = "rewritten"
				r := replyOf(c, words)
				r.Head.Called, r.Head.Target = paid(1_234_500, false), target
				return r, nil
			},
			want: audit.Record{Answers: digest, Usage: used, Cost: "0.0012345", Served: "m", Called: called, Region: "eu-west-1",
				Attempts: 1, Upstream: []string{"aws-1"}, Policy: found},
		},
		"stream": {
			change: []func(*call.Call){streamedCall},
			answer: func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) {
				r := replyOf(c, words)
				r.Head.Called, r.Head.Target = paid(2e9, true), target
				return r, nil
			},
			want: audit.Record{Stream: true, Answers: digest, Usage: audit.Usage{Prompt: 7, Completion: 3, Estimated: true},
				Cost: "2", Served: "m", Called: called, Region: "eu-west-1", Attempts: 1, Upstream: []string{"aws-1"}},
		},
		"reader leaves": {
			change: []func(*call.Call){streamedCall}, take: 3,
			answer: func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) { return replyOf(c, words), nil },
			want: audit.Record{Stream: true, Answers: []string{l.Keys().Digest("one two ")}, Attempts: 1,
				Upstream: []string{"aws-1"}},
		},
		"stream breaks": {
			change: []func(*call.Call){streamedCall},
			answer: func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) {
				n := 0
				return call.Reply{Parts: chunksOf(c, words, func() error {
					if n++; n == 3 {
						return failure
					}
					return nil
				})}, nil
			},
			want: audit.Record{Stream: true, Answers: []string{l.Keys().Digest("one two ")}},
		},
		"refused": {
			answer: func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) {
				return call.Reply{Head: call.Head{Target: target, Attempts: 2, Upstream: []string{"aws-2"}}}, failure
			},
			want: audit.Record{Called: called, Region: "eu-west-1", Attempts: 2, Upstream: []string{"aws-2"}},
		},
		"choices and calls": {
			answer: func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) {
				r := wholeOf(c, "a")
				args, no := "{}", "no"
				r.Choices = append(r.Choices, openai.Choice{Index: 1, Message: openai.ReplyMessage{Refusal: &no}},
					openai.Choice{Index: 2, Message: openai.ReplyMessage{
						ToolCalls: []openai.ToolCall{{ID: "call_1", Function: openai.FunctionCall{Name: "f", Arguments: &args}}}}})
				return call.Reply{Parts: call.One(r)}, nil
			},
			want: audit.Record{Usage: used, Answers: func() []string {
				a := l.Keys().Answer()
				a.Text(0, "a")
				a.Text(1, "no")
				a.Call(2, 0, "f", "{}")
				return a.Sums()
			}()},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			call := exact(c.change...)
			call.Principal, call.Plan = account, router.Plan{Rule: "r", Tier: "fast", Targets: call.Plan.Targets}
			e := entryOf(t, l, call)
			b := &bed{answer: c.answer}
			reply, err := recorded(nil)(b.handle)(t.Context(), call)
			if err == nil {
				taken := 0
				for range reply.Parts {
					if taken++; taken == c.take {
						break
					}
				}
			} else if !errors.Is(err, failure) {
				t.Fatal(err)
			}
			want := c.want
			want.ID, want.At, want.Endpoint, want.Asked, want.Prompt, want.Rule, want.Tier = e.ID, e.At, "chat.completions", "m",
				asks, "r", "fast"
			if want.Called == "" && want.Attempts == 1 {
				want.Served, want.Called, want.Region = e.Served, e.Called, e.Region
			}
			if diff := differ(e.Record, want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func differ(got, want audit.Record) string {
	a, b := marshal(got), marshal(want)
	if a == b {
		return ""
	}
	return "got  " + a + "\nwant " + b
}

// A hit is on record as what it is: the same answer, from the cache, for nothing.
func TestRecordOfHits(t *testing.T) {
	l := taken(t)
	b := &bed{answer: func(_ context.Context, n int64, c *call.Call) (call.Reply, error) {
		r := replyOf(c, "one two three")
		r.Head.Called = &call.Called{}
		r.Head.Called.SetCost(5, false)
		return r, nil
	}}
	h := call.Chain(b.handle, recorded(nil), recall.Recall(recall.DefaultCache(), time.Minute, newMemory(),
		recall.NewShared(telemetry.New(), nil)))
	for i, change := range []func(*call.Call){func(*call.Call) {}, func(*call.Call) {}, streamedCall} {
		c := exact(change)
		e := entryOf(t, l, c)
		answerOf(t, h, c)
		state, cost := "hit", "0"
		if i == 0 {
			state, cost = "miss", "0.000000005"
		}
		if e.Cache != state || e.Cost != cost || !slices.Equal(e.Answers, []string{l.Keys().Digest("one two three")}) ||
			e.Usage.Completion != 3 {
			t.Errorf("%d: %+v", i, e.Record)
		}
	}
}

func TestRecordOfVectors(t *testing.T) {
	l := taken(t)
	var sums [][]string
	for _, data := range [][]openai.Embedding{{{Floats: []byte("[1,2]")}, {Floats: []byte("[3,4]")}},
		{{Floats: []byte("[1, 2]")}, {Floats: []byte("[3 ,4]")}}, {{Base64: "AAAA"}}} {
		c := &call.Call{ID: "e", At: time.Now(), Endpoint: Embeddings, Request: &openai.EmbeddingRequest{Model: "m"}}
		e := entryOf(t, l, c)
		c.Tune.Manifest = true
		reply, err := recorded(nil)(func(context.Context, *call.Call) (call.Reply, error) {
			return call.Reply{Parts: call.One(&openai.EmbeddingResponse{Data: data})}, nil
		})(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		parts, err := collect(t, reply)
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, e.Answers)
		said := audit.ReadAnswer([]byte(written(parts[0])))
		m := said[len(said)-1].Manifest
		if m == nil {
			t.Fatal("no manifest")
		}
		body := (&openai.EmbeddingResponse{Data: data}).AppendJSON(nil)
		if _, err := audit.ProveManifest(m, []ed25519.PublicKey{l.Keys().PublicKey()}, body); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(sums[0], []string{l.Keys().Digest("[1,2]\n[3,4]\n")}) || !slices.Equal(sums[0], sums[1]) ||
		slices.Equal(sums[0], sums[2]) {
		t.Errorf("%v", sums)
	}
}

// Text is kept for keys that ask for it, redacted, in bounds; never otherwise.
func TestRecordOfText(t *testing.T) {
	l := taken(t)
	redact := func(s string) string { return strings.ReplaceAll(s, "two", "<NUMBER>") }
	wants := &access.Rights{StoreText: true}
	for name, c := range map[string]struct {
		rights *access.Rights
		redact func(string) string
		answer string
		want   *audit.Text
	}{
		"nobody asks":  {nil, redact, "one two", nil},
		"no":           {&access.Rights{}, redact, "one two", nil},
		"no redaction": {wants, nil, "one two", nil},
		"kept":         {wants, redact, "one two", &audit.Text{Prompt: "user: hi\n", Answers: []string{"one <NUMBER>"}}},
		"kept in limit": {wants, redact, strings.Repeat("é", 1<<20),
			&audit.Text{Prompt: "user: hi\n", Answers: []string{strings.Repeat("é", (64<<10)/2) + "…"}}},
	} {
		for _, change := range []func(*call.Call){func(*call.Call) {}, streamedCall} {
			own := exact(change)
			own.Principal.Rights = c.rights
			e := entryOf(t, l, own)
			b := &bed{answer: func(_ context.Context, _ int64, call *call.Call) (call.Reply, error) {
				return replyOf(call, c.answer), nil
			}}
			answerOf(t, call.Chain(b.handle, recorded(c.redact)), own)
			if marshal(e.Text) != marshal(c.want) {
				t.Errorf("%s: %.200s", name, marshal(e.Text))
			}
		}
	}
}

// A plain answer that says nothing, in so many words, has a text on record; one that only calls tools has none.
func TestRecordOfNoText(t *testing.T) {
	l, empty := taken(t), ""
	for name, tt := range map[string]struct {
		content *string
		want    []string
	}{"empty": {&empty, []string{""}}, "none": {nil, nil}} {
		own := exact()
		own.Principal.Rights = &access.Rights{StoreText: true}
		e := entryOf(t, l, own)
		answerOf(t, recorded(strings.ToUpper)(func(_ context.Context, c *call.Call) (call.Reply, error) {
			whole := wholeOf(c, "")
			whole.Choices[0].Message = openai.ReplyMessage{Content: tt.content, ToolCalls: []openai.ToolCall{{ID: "call_1"}}}
			return call.Reply{Parts: call.One(whole)}, nil
		}), own)
		if !slices.Equal(e.Text.Answers, tt.want) || len(e.Answers) != 1 {
			t.Errorf("%s: %q, digests %q", name, e.Text.Answers, e.Answers)
		}
	}
}

// Of a stream with several choices, the manifest stands behind the last text of all.
func TestManifestOfChoices(t *testing.T) {
	l := taken(t)
	chunk := func(choice int, text, finish string) *openai.ChatChunk {
		return &openai.ChatChunk{Head: &openai.Head{},
			Choices: []openai.ChunkChoice{{Index: choice, Delta: openai.Delta{Content: text}, FinishReason: finish}}}
	}
	usage := &openai.ChatChunk{Head: &openai.Head{}, Usage: &openai.Usage{Prompt: 1}}
	for _, withUsage := range []bool{true, false} {
		own := exact(streamedCall)
		own.Tune.Manifest = true
		yes := true
		own.Request.(*openai.ChatRequest).StreamOptions = &openai.StreamOptions{IncludeUsage: &yes}
		if !withUsage {
			own.Request.(*openai.ChatRequest).StreamOptions = nil
		}
		entryOf(t, l, own)
		reply, err := recorded(nil)(func(context.Context, *call.Call) (call.Reply, error) {
			own := *usage
			return call.Reply{Parts: call.Each([]openai.Part{chunk(0, "a", ""), chunk(0, "", "stop"), chunk(1, "b", ""),
				chunk(1, "", "stop"), &own})}, nil
		})(t.Context(), own)
		if err != nil {
			t.Fatal(err)
		}
		parts, err := collect(t, reply)
		if err != nil || len(parts) != 5 {
			t.Fatal(len(parts), err)
		}
		var at []int
		for i, p := range parts {
			if p.(*openai.ChatChunk).Outcrop != nil {
				at = append(at, i)
			}
		}
		if want := map[bool]int{true: 4, false: 3}[withUsage]; !slices.Equal(at, []int{want}) {
			t.Errorf("usage %v: manifest in %v, want %d", withUsage, at, want)
		}
		if usage.Outcrop != nil {
			t.Error("the original was changed")
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	l := taken(b)
	text := strings.Repeat("words of an answer ", 105) // 2 KB
	direct := &bed{answer: func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) {
		return replyOf(c, text),
			nil
	}}
	run := func(name string, h call.Handler, change func(*call.Call)) {
		b.Run(name, func(b *testing.B) {
			c := exact(change)
			c.Request.(*openai.ChatRequest).Messages[0].Content.Text = text
			b.ReportAllocs()
			for b.Loop() {
				if strings.HasPrefix(name, "record") {
					entryOf(b, l, c)
				}
				reply, err := h(context.Background(), c)
				if err != nil {
					b.Fatal(err)
				}
				for range reply.Parts {
				}
				if c.Entry != nil {
					c.Entry.Keep(time.Now())
				}
			}
		})
	}
	with := recorded(nil)(direct.handle)
	nothing := func(*call.Call) {}
	run("without", direct.handle, nothing)
	run("record", with, nothing)
	run("without, stream", direct.handle, streamedCall)
	run("record, stream", with, streamedCall)
}
