package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"golang.org/x/sync/semaphore"

	"outcrop/internal/call"
	"outcrop/openai"
)

func TestPlainChoices(t *testing.T) {
	var n atomic.Int64
	h := handler(t, &fake{converse: func(context.Context) (*bedrockruntime.ConverseOutput, error) {
		return said(fmt.Sprint("answer ", n.Add(1))), nil
	}})
	reply, err := h(t.Context(), chatCall(t, ask(`,"n":3`)))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := collect(t, reply)
	if err != nil || len(parts) != 1 {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	whole := parts[0].(*openai.ChatResponse)
	if len(whole.Choices) != 3 || n.Load() != 3 {
		t.Fatalf("R-N-01: %d choices of %d calls", len(whole.Choices), n.Load())
	}
	for i, c := range whole.Choices {
		if c.Index != i {
			t.Errorf("R-N-01: choice %d has index %d", i, c.Index)
		}
	}
	if u := whole.Usage; u.Prompt != 30 || u.Completion != 6 || *u.Reasoning != 0 {
		t.Errorf("R-N-03: usage %+v", u)
	}
}

func TestStreamedChoices(t *testing.T) {
	h := handler(t, &fake{stream: func(ctx context.Context) (iter.Seq2[types.ConverseStreamOutput, error], error) {
		return told(ctx, nil, "Hel", "lo"), nil
	}})
	reply, err := h(t.Context(), chatCall(t, ask(`,"n":2,"stream":true`)))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := collect(t, reply)
	if err != nil {
		t.Fatal(err)
	}
	texts, finished := map[int]string{}, map[int]int{}
	for i, p := range parts {
		c := p.(*openai.ChatChunk)
		if len(c.Choices) == 0 {
			if i != len(parts)-1 || c.Usage.Prompt != 20 {
				t.Errorf("R-N-03: usage %+v at part %d of %d", c.Usage, i, len(parts))
			}
			continue
		}
		texts[c.Choices[0].Index] += c.Choices[0].Delta.Content
		if c.Choices[0].FinishReason != "" {
			finished[c.Choices[0].Index]++
		}
	}
	if texts[0] != "Hello" || texts[1] != "Hello" || finished[0] != 1 || finished[1] != 1 {
		t.Errorf("R-N-01: texts %v, finished %v", texts, finished)
	}
}

func TestChoicesAreAllOrNothing(t *testing.T) {
	throttled := &openai.Error{Kind: openai.RateLimited, Code: "rate_limit_exceeded", Message: "Too many requests.",
		UpstreamID: "aws-1"}
	t.Run("R-N-02 one throttled call cancels the others", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var n atomic.Int64
			h := handler(t, &fake{converse: func(ctx context.Context) (*bedrockruntime.ConverseOutput, error) {
				if n.Add(1) == 2 {
					return nil, throttled
				}
				<-ctx.Done()
				return nil, ctx.Err()
			}})
			_, err := h(t.Context(), chatCall(t, ask(`,"n":3`)))
			if !errors.Is(err, throttled) {
				t.Errorf("error %v", err)
			}
		})
	})
	t.Run("R-N-02 a stream that fails later ends all", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var n atomic.Int64
			h := handler(t, &fake{stream: func(ctx context.Context) (iter.Seq2[types.ConverseStreamOutput, error], error) {
				if n.Add(1) == 1 {
					return told(ctx, nil, "Hel", "!"), nil
				}
				return told(ctx, make(chan struct{}), "never"), nil
			}})
			reply, err := h(t.Context(), chatCall(t, ask(`,"n":3,"stream":true`)))
			if err != nil {
				t.Fatal(err)
			}
			_, err = collect(t, reply)
			var oe *openai.Error
			if !errors.As(err, &oe) || oe.Code != "model_error" || oe.UpstreamID != "aws-s" {
				t.Errorf("error %v", err)
			}
		}) // the bubble fails when a goroutine stays
	})
	t.Run("a reader that leaves ends all", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := handler(t, &fake{stream: func(ctx context.Context) (iter.Seq2[types.ConverseStreamOutput, error], error) {
				return told(ctx, make(chan struct{}), "never"), nil
			}})
			reply, err := h(t.Context(), chatCall(t, ask(`,"n":2,"stream":true`)))
			if err != nil {
				t.Fatal(err)
			}
			for range reply.Parts {
				break
			}
		})
	})
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handler(t, &fake{converse: func(ctx context.Context) (*bedrockruntime.ConverseOutput, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		begin := time.Now()
		_, err := h(t.Context(), chatCall(t, ask("")))
		var oe *openai.Error
		if !errors.As(err, &oe) || oe.Kind != openai.Timeout || oe.Code != "timeout" || time.Since(begin) != time.Minute {
			t.Errorf("R-ERR-71: %v after %v", err, time.Since(begin))
		}
	})
}

func TestSynthesisedStream(t *testing.T) {
	h := handler(t, &fake{converse: func(context.Context) (*bedrockruntime.ConverseOutput, error) {
		return said("Hello"),
			nil
	}})
	// Llama 3.3 streams, but not with tools.
	body := strings.Replace(ask(`,"stream":true,"tools":[{"type":"function","function":{"name":"f"}}]`), nova,
		"meta.llama3-3-70b-instruct-v1:0", 1)
	reply, err := h(t.Context(), chatCall(t, body))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := collect(t, reply)
	if err != nil {
		t.Fatal(err)
	}
	var text string
	for _, p := range parts {
		for _, c := range p.(*openai.ChatChunk).Choices {
			text += c.Delta.Content
		}
	}
	if header := reply.Head.Adjusted.Header(); text != "Hello" || header != "stream:synthesised" {
		t.Errorf("R-STR-20: %q, adjusted %q", text, header)
	}
}

func TestEmbeddingsRunSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		f := &fake{invoke: func(_ context.Context, in *bedrockruntime.InvokeModelInput) (*bedrockruntime.InvokeModelOutput,
			int64, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			now.Add(-1)
			if strings.Contains(string(in.Body), "item 13") {
				return nil, -1, &openai.Error{Kind: openai.Invalid, Message: "No."}
			}
			return &bedrockruntime.InvokeModelOutput{Body: []byte(`{"embedding":[0.5,0.25],"inputTextTokenCount":3}`)}, 3, nil
		}}
		h := handler(t, f)
		embed := func(n int) (call.Reply, error) {
			var items []string
			for i := range n {
				items = append(items, fmt.Sprintf("%q", fmt.Sprint("item ", i)))
			}
			req, err := openai.DecodeEmbedding([]byte(`{"model":"` + titan + `","input":[` + strings.Join(items, ",") + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			return h(t.Context(), &call.Call{ID: "id", At: time.Now(), Endpoint: Embeddings, Request: req})
		}
		begin := time.Now()
		reply, err := embed(12)
		if err != nil {
			t.Fatal(err)
		}
		parts, _ := collect(t, reply)
		if whole := parts[0].(*openai.EmbeddingResponse); len(whole.Data) != 12 || whole.Usage.Prompt != 36 {
			t.Errorf("R-EMB-03, R-EMB-08: %d items, usage %+v", len(whole.Data), whole.Usage)
		}
		if most.Load() != 8 || time.Since(begin) != 2*time.Second {
			t.Errorf("R-EMB-05: %d at a time, %v", most.Load(), time.Since(begin))
		}
		var oe *openai.Error
		if _, err := embed(20); !errors.As(err, &oe) || !strings.Contains(oe.Message, "13") {
			t.Errorf("R-EMB-07: %v", err)
		}
	})
}

func TestFanOutStopsAtTheFirstError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int64
		wrong := errors.New("wrong")
		err := call.FanOut(t.Context(), 100, 4, semaphore.NewWeighted(4), func(ctx context.Context, i int) error {
			ran.Add(1)
			if i == 2 {
				return wrong
			}
			<-ctx.Done()
			return ctx.Err()
		})
		if !errors.Is(err, wrong) || ran.Load() > 8 {
			t.Errorf("error %v after %d", err, ran.Load())
		}
	})
}

func TestRouteLooksUpApplicationProfiles(t *testing.T) {
	const profile = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/"
	h := handler(t, &fake{converse: func(context.Context) (*bedrockruntime.ConverseOutput, error) {
		return said("Hello"),
			nil
	}})
	var oe *openai.Error
	_, err := h(t.Context(), chatCall(t, strings.Replace(ask(""), nova, profile+"known", 1)))
	if !errors.As(err, &oe) || oe.Code != "model_not_found" || !strings.Contains(oe.Message, "/v1/embeddings") {
		t.Errorf("R-CAP-04, R-CAP-08: an embedding model behind a profile: %v", err)
	}
	reply, err := h(t.Context(), chatCall(t, strings.Replace(ask(""), nova, profile+"unknown", 1)))
	if err != nil || reply.Head.Target.Region != "us-east-1" {
		t.Errorf("R-CAP-06: a profile that cannot be looked up: %v", err)
	}
}

func TestPanicsAreErrors(t *testing.T) {
	var oe *openai.Error
	internal := func(err error) bool { return errors.As(err, &oe) && oe.Kind == openai.Internal && oe.Message == "" }
	t.Run("R-ERR-08 in one of several choices", func(t *testing.T) {
		h := handler(t, &fake{converse: func(context.Context) (*bedrockruntime.ConverseOutput, error) { panic("a bug") }})
		if _, err := h(t.Context(), chatCall(t, ask(`,"n":2`))); !internal(err) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("R-ERR-08 in one of several streams", func(t *testing.T) {
		h := handler(t, &fake{stream: func(context.Context) (iter.Seq2[types.ConverseStreamOutput, error], error) {
			return func(func(types.ConverseStreamOutput, error) bool) { panic("a bug") }, nil
		}})
		reply, err := h(t.Context(), chatCall(t, ask(`,"n":2,"stream":true`)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := collect(t, reply); !internal(err) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("R-ERR-08 in a fan-out", func(t *testing.T) {
		err := call.FanOut(t.Context(), 3, 2, semaphore.NewWeighted(2), func(context.Context, int) error { panic("a bug") })
		if !internal(err) {
			t.Errorf("error %v", err)
		}
	})
}
