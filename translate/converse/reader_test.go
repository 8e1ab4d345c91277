package converse_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outcrop/internal/test/wiretest"
	"outcrop/translate/converse"
)

// heard is a block of an answer in the words of nobody.
type heard struct {
	ID, Name, Text, Thought, Signature, Redacted, Input string
	Sources                                             int
}

// listener is a sink that keeps the blocks of an answer, as a dialect of its own would write them.
type listener struct {
	blocks []*heard
	at     map[*converse.Content]*heard
	ended  int
}

func (l *listener) block(b *converse.Content) *heard {
	if l.at[b] == nil {
		l.at[b] = &heard{ID: b.ID, Name: b.Name}
		l.blocks = append(l.blocks, l.at[b])
	}
	return l.at[b]
}

func (l *listener) Call(b *converse.Content) { l.block(b) }

func (l *listener) Tell(b *converse.Content, k converse.Kind, piece string) {
	switch h := l.block(b); k {
	case converse.Text:
		h.Text += piece
	case converse.Thought:
		h.Thought += piece
	case converse.Arguments:
		h.Input += piece
	}
}

func (l *listener) End(b *converse.Content) {
	l.ended++
	h := l.block(b)
	h.Signature, h.Redacted, h.Sources = b.Signature, base64.StdEncoding.EncodeToString(b.Redacted), len(b.Sources)
}

func listen(in *converse.Context) (*listener, *converse.Reader) {
	l := &listener{at: map[*converse.Content]*heard{}}
	return l, &converse.Reader{Context: in, Sink: l, Names: &other}
}

// recordedBlocks reads the recorded events of a stream with nothing of this package: a block an index, in order of the
// indexes.
func recordedBlocks(t *testing.T, events []wiretest.Event) (list []*heard) {
	t.Helper()
	last, elsewhere := -1, -1
	for _, e := range events {
		var p struct {
			ContentBlockIndex int
			Start             struct {
				ToolUse    struct{ ToolUseID, Name, Type string }
				ToolResult json.RawMessage
			}
			Delta struct {
				Text             string
				ToolUse          struct{ Input string }
				ReasoningContent struct{ Text, Signature, RedactedContent string }
				Citation         json.RawMessage
			}
		}
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			t.Fatal(err)
		}
		if e.Type != "contentBlockStart" && e.Type != "contentBlockDelta" {
			continue
		}
		if p.Start.ToolUse.Type == "server_tool_use" || p.Start.ToolResult != nil {
			elsewhere = p.ContentBlockIndex // R-RES-10: the tool ran inside Bedrock
		}
		if p.ContentBlockIndex == elsewhere {
			continue
		}
		if p.ContentBlockIndex != last {
			list, last = append(list, &heard{}), p.ContentBlockIndex
		}
		h := list[len(list)-1]
		h.ID += p.Start.ToolUse.ToolUseID
		h.Name += p.Start.ToolUse.Name
		h.Text += p.Delta.Text
		h.Input += p.Delta.ToolUse.Input
		h.Thought += p.Delta.ReasoningContent.Text
		h.Signature += p.Delta.ReasoningContent.Signature
		h.Redacted += p.Delta.ReasoningContent.RedactedContent
		if p.Delta.Citation != nil {
			h.Sources++
		}
	}
	for _, h := range list {
		if h.Name != "" && h.Input == "" {
			h.Input = "{}" // R-STR-11
		}
	}
	return list
}

// TestRecordedStreamsAsBlocks: what a stream holds can be had block by block, in Bedrock's order, without a dialect.
func TestRecordedStreamsAsBlocks(t *testing.T) {
	seen := 0
	for _, rec := range wiretest.Bedrock(t, "ConverseStream") {
		if rec.Status != 200 || len(rec.Events) == 0 || rec.Events[0].MessageType == "exception" {
			continue
		}
		want := recordedBlocks(t, rec.Events)
		seen++
		t.Run("R-STR-08 R-RES-05 "+rec.ID, func(t *testing.T) {
			l, r := listen(&converse.Context{})
			var steps []converse.Step
			for event, err := range wiretest.RecordedStream(t, &rec) {
				if err != nil {
					t.Fatal(err)
				}
				if step := r.Event(event); step != converse.Going {
					steps = append(steps, step)
				}
			}
			end, err := r.Finish()
			if err != nil || !r.Stopped() || end.Stop == "" || r.Tokens() == nil {
				t.Fatalf("%v, %+v", err, end)
			}
			if steps[0] != converse.Started || steps[len(steps)-1] != converse.Closed {
				t.Errorf("steps %v", steps)
			}
			if diff := cmp.Diff(want, l.blocks); diff != "" {
				t.Error(diff)
			}
		})
	}
	if seen < 30 {
		t.Errorf("only %d streams were found", seen)
	}
}
