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

	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/media"
	"outcrop/openai"
	"outcrop/router"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// linked is a call with the links and with one of text, after Route.
func linked(t *testing.T, rest string, urls ...string) *call.Call {
	t.Helper()
	var parts strings.Builder
	for _, u := range urls {
		fmt.Fprintf(&parts, `{"type":"image_url","image_url":{"url":%q}},`, u)
	}
	c := chatCall(t, `{"model":"`+nova+`","messages":[{"role":"user","content":[`+parts.String()+`{"type":"text","text":"hi"}]}]`+rest+`}`)
	target, err := catalog.Default().Resolve(nova, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	c.Plan = router.Plan{Targets: []catalog.Target{target}}
	return c
}

// recorder is a download that counts, and whatever is behind the stage.
type recorder struct {
	mu       sync.Mutex
	urls     []string
	now, top int // downloads under way, and the most at once
	call     *call.Call
}

func (r *recorder) download(do func(ctx context.Context, url string) (media.Item, error)) Download {
	return func(ctx context.Context, url string, _ func(string) bool) (media.Item, error) {
		r.mu.Lock()
		r.urls = append(r.urls, url)
		r.now++
		r.top = max(r.top, r.now)
		r.mu.Unlock()
		defer func() {
			r.mu.Lock()
			r.now--
			r.mu.Unlock()
		}()
		return do(ctx, url)
	}
}

func (r *recorder) next(_ context.Context, c *call.Call) (call.Reply, error) {
	r.call = c
	return call.Reply{Parts: call.One(&openai.ChatResponse{})}, nil
}

func echo(_ context.Context, url string) (media.Item, error) {
	return media.Item{Data: []byte("of " + url), Type: "image/png"}, nil
}

func TestFetch(t *testing.T) {
	t.Run("R-PART-04 each URL once, at most four at a time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var r recorder
			slow := r.download(func(ctx context.Context, url string) (media.Item, error) {
				time.Sleep(time.Second) // of the bubble, so that all that may run at once do
				return echo(ctx, url)
			})
			var urls []string
			for i := range 10 {
				urls = append(urls, fmt.Sprintf("https://a.test/%d", i), "https://a.test/0")
			}
			begun := time.Now()
			if _, err := Fetch(slow)(r.next)(t.Context(), linked(t, "", urls...)); err != nil {
				t.Fatal(err)
			}
			if len(r.urls) != 10 || r.top != 4 || time.Since(begun) != 3*time.Second {
				t.Errorf("%d downloads, %d at once, in %s", len(r.urls), r.top, time.Since(begun))
			}
			if len(r.call.Media) != 10 || string(r.call.Media["https://a.test/7"].Data) != "of https://a.test/7" {
				t.Errorf("the next stage sees %d items", len(r.call.Media))
			}
		})
	})
	t.Run("R-ERR-72 the fault names the link, and only the log its cause", func(t *testing.T) {
		var r recorder
		secret := errors.New("10.0.0.7 port 443 is not allowed")
		reply, err := Fetch(r.download(func(ctx context.Context, url string) (media.Item, error) {
			if strings.HasSuffix(url, "bad") {
				return media.Item{}, secret
			}
			return echo(ctx, url)
		}))(r.next)(t.Context(), linked(t, "", "https://a.test/good", "https://a.test/bad"))
		var fault *openai.Error
		if !errors.As(err, &fault) || fault.Kind != openai.Invalid || fault.Code != "invalid_image_url" ||
			fault.Param != "messages[0].content[1].image_url.url" ||
			fault.Message != "Error while downloading https://a.test/bad." {
			t.Fatalf("%+v", err)
		}
		if !errors.Is(err, secret) || r.call != nil || reply.Head.Target.Row == nil {
			t.Errorf("%v, %v, %v", err, r.call, reply.Head)
		}
	})
	t.Run("the first failure ends the other downloads, and all are joined", func(t *testing.T) {
		var r recorder
		_, err := Fetch(r.download(func(ctx context.Context, url string) (media.Item, error) {
			if strings.HasSuffix(url, "bad") {
				return media.Item{}, errors.New("bad")
			}
			<-ctx.Done()
			return media.Item{}, ctx.Err()
		}))(r.next)(t.Context(), linked(t, "", "https://a.test/1", "https://a.test/bad", "https://a.test/2"))
		var fault *openai.Error
		if !errors.As(err, &fault) || fault.Param != "messages[0].content[1].image_url.url" || r.now != 0 {
			t.Errorf("%v, %d under way", err, r.now)
		}
	})
	t.Run("a request that ends is no fault of a link", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var r recorder
		_, err := Fetch(r.download(func(ctx context.Context, _ string) (media.Item, error) {
			cancel()
			return media.Item{}, ctx.Err()
		}))(r.next)(ctx, linked(t, "", "https://a.test/1"))
		var fault *openai.Error
		if !errors.Is(err, context.Canceled) || errors.As(err, &fault) {
			t.Errorf("%v", err)
		}
	})
	t.Run("R-REQ-05 nothing is fetched for a request that would be refused", func(t *testing.T) {
		var r recorder
		_, err := Fetch(r.download(echo))(r.next)(t.Context(), linked(t, `,"logprobs":true`, "https://a.test/1"))
		var fault *openai.Error
		if !errors.As(err, &fault) || fault.Param != "logprobs" || len(r.urls) > 0 {
			t.Errorf("%v, fetched %v", err, r.urls)
		}
	})
	t.Run("without links nothing is done", func(t *testing.T) {
		var r recorder
		for _, c := range []*call.Call{linked(t, "", "data:image/png;base64,iVBORw0KGgo="), linked(t, `,"logprobs":true`)} {
			if _, err := Fetch(r.download(echo))(r.next)(t.Context(), c); err != nil || len(r.urls) > 0 || c.Media != nil {
				t.Errorf("%v, fetched %v", err, r.urls)
			}
		}
		embed := &call.Call{Endpoint: Embeddings, Request: &openai.EmbeddingRequest{}}
		if _, err := Fetch(r.download(echo))(r.next)(t.Context(), embed); err != nil || r.call != embed {
			t.Errorf("embeddings: %v", err)
		}
	})
	t.Run("R-PART-04 media.fetch: false refuses every link", func(t *testing.T) {
		c := linked(t, "", "https://a.test/1")
		var r recorder
		if _, err := Fetch(nil)(r.next)(t.Context(), c); err != nil || r.call != c || c.Media != nil {
			t.Fatalf("%v", err)
		}
		_, _, err := chat.Input(c.Request.(*openai.ChatRequest), c.Plan.Targets[0], translate.Options{Media: c.Media})
		var fault *openai.Error
		if !errors.As(err, &fault) || fault.Code != "invalid_image_url" ||
			fault.Message != "Error while downloading https://a.test/1." {
			t.Errorf("%v", err)
		}
	})
}
