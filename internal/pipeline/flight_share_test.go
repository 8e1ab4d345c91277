package pipeline

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/attempt"
	"outcrop/internal/audit"
	"outcrop/internal/call"
	"outcrop/openai"
)

// Equal embedding requests under way share a call, and each answer carries the manifest of its own record.
func TestMendA4EachAnswerOfASharedCallHasItsOwnManifest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, e := taken(t), &embedder{wait: time.Second}
		h := e.handler(t, newMemory())
		var calls []*call.Call
		for range 2 {
			c := embedCall(t, embedBody(titan, "", "the same text"))
			c.Tune.Manifest = true
			entryOf(t, l, c)
			calls = append(calls, c)
		}
		for i, got := range together(h, contexts(t, 2), calls) {
			if got.err != nil {
				t.Fatal(got.err)
			}
			said := audit.ReadAnswer([]byte(written(got.parts[0])))
			m := said[len(said)-1].Manifest
			if m == nil || !strings.Contains(marshal(m), "req_"+calls[i].ID) {
				t.Errorf("%d: the manifest of %s is %s", i, calls[i].ID, marshal(m))
			}
		}
		if _, n := e.took(); n != 1 {
			t.Errorf("%d calls for equal requests", n)
		}
	})
}

// The texts of several streamed choices are kept for a key that wants them, whatever the order in which they come.
func TestMendA4TextsOfSeveralChoicesAreKept(t *testing.T) {
	l := taken(t)
	n := int64(8)
	own := exact(streamedCall)
	own.Request.(*openai.ChatRequest).N = &n
	own.Principal.Rights = &access.Rights{StoreText: true}
	e := entryOf(t, l, own)
	b := &bed{answer: func(_ context.Context, _ int64, c *call.Call) (call.Reply, error) {
		return replyOf(c, "one two three four five"), nil
	}}
	answerOf(t, call.Chain(b.handle, recorded(strings.ToUpper), attempt.Choices), own)
	const text = "ONE TWO THREE FOUR FIVE"
	if want := (&audit.Text{Prompt: "USER: HI\n", Answers: slices.Repeat([]string{text}, int(n))}); marshal(
		e.Text) != marshal(want) {
		t.Errorf("%s", marshal(e.Text))
	}
}
