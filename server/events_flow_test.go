package server_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/call"
	"outcrop/internal/flow"
	"outcrop/openai"
	"outcrop/server"
)

// Parts that are there together are written together, and all of them before the next one is waited for.
func TestPartsAreWrittenWhenTheReaderWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen()
		serve(t, server.New(config(), collaborators(func(ctx context.Context, _ *call.Call) (call.Reply, error) {
			return reply(func(yield func(openai.Part, error) bool) {
				f := flow.Of(ctx)
				f.Begin()
				defer f.End()
				for _, text := range []string{"one", "two", "three"} {
					yield(chunk(text), nil)
				}
				f.Wait()
				time.Sleep(time.Hour)
				f.Begin()
				yield(chunk("four"), nil)
			}), nil
		})), l)
		c := l.dial()
		defer c.Close()
		begun := time.Now()
		res := head(t, post(t, c, "/v1/chat/completions", streamed))
		b := make([]byte, 64<<10)
		n, err := res.Body.Read(b)
		if got := string(b[:n]); err != nil || strings.Count(got, "data: ") != 3 || time.Since(begun) > 0 {
			t.Errorf("after %v one write brings %q, %v", time.Since(begun), got, err)
		}
		rest := text(t, res.Body)
		if strings.Count(rest, "data: ") != 2 || !strings.HasSuffix(rest, "data: [DONE]\n\n") {
			t.Errorf("the rest is %q", rest)
		}
	})
}

// A stage that is at work for long holds nothing back, although whoever reads will not wait so soon.
func TestPartsAreWrittenAlthoughNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen()
		serve(t, server.New(config(), collaborators(func(ctx context.Context, _ *call.Call) (call.Reply, error) {
			return reply(func(yield func(openai.Part, error) bool) {
				f := flow.Of(ctx)
				f.Begin()
				defer f.End()
				yield(chunk("one"), nil)
				time.Sleep(time.Hour)
			}), nil
		})), l)
		c := l.dial()
		defer c.Close()
		begun := time.Now()
		res := head(t, post(t, c, "/v1/chat/completions", streamed))
		n, err := res.Body.Read(make([]byte, 64<<10))
		if late := time.Since(begun); n == 0 || err != nil || late > 10*time.Millisecond {
			t.Errorf("the first part comes after %v, %v", late, err)
		}
		_ = text(t, res.Body)
	})
}
