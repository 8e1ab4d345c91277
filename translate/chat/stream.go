package chat

import (
	"cmp"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
	"outcrop/translate"
)

// Chunks turns the events of ConverseStream into the chunks of a streamed answer (TRANSLATION 3.2). Every chunk is the
// caller's to keep. Errors, always [*openai.Error], are the last thing in the sequence; those among the events are passed
// on as they are, but for one after messageStop, when the answer itself is complete (R-STR-14): then the sequence just ends
// without a usage chunk.
func Chunks(events iter.Seq2[types.ConverseStreamOutput, error], in *Context, m translate.Meta) iter.Seq2[openai.Part, error] {
	return func(yield func(openai.Part, error) bool) {
		s := stream{answer: answer{in: in}, head: head(m), yield: yield}
		s.emit = s.delta
		for e, err := range events {
			if err != nil && !s.stopped {
				yield(nil, err)
				return
			}
			if err != nil {
				break
			}
			s.event(e)
			if s.over {
				return
			}
		}
		s.end()
	}
}

// stream is a streamed reply on its way. Its states: before the role chunk (!started), in the answer, after messageStop
// (stopped), after the finish chunk (finished), over.
type stream struct {
	answer
	head  *openai.Head
	yield func(openai.Part, error) bool
	open  []*block
	ending

	started, stopped, finished bool
	over                       bool // nothing may be yielded any more
}

func (s *stream) event(event types.ConverseStreamOutput) {
	if m, ok := event.(*types.ConverseStreamOutputMemberMetadata); ok {
		s.metadata(&m.Value)
		return
	}
	if s.stopped {
		return // nothing of the choice follows its end (R-STR-13)
	}
	switch e := event.(type) {
	case *types.ConverseStreamOutputMemberMessageStart:
		s.start()
	case *types.ConverseStreamOutputMemberContentBlockStart:
		s.blockStart(s.opened(deref(e.Value.ContentBlockIndex)), e.Value.Start)
	case *types.ConverseStreamOutputMemberContentBlockDelta:
		s.blockDelta(s.opened(deref(e.Value.ContentBlockIndex)), e.Value.Delta)
	case *types.ConverseStreamOutputMemberContentBlockStop:
		s.blockStop(deref(e.Value.ContentBlockIndex))
	case *types.ConverseStreamOutputMemberMessageStop:
		s.messageStop(&e.Value)
	}
}

// opened gives the open block of that index, or opens one: text and reasoning have no contentBlockStart. A new block ends
// reasoning before it that nobody has ended (R-STR-16), so that its entry comes before what follows it.
func (s *stream) opened(index int32) *block {
	for _, b := range s.open {
		if b.index == index {
			return b
		}
	}
	s.closeOpen(func(b *block) bool { return b.reasoning && b.index < index })
	b := &block{index: index}
	s.begin(b)
	s.open = append(s.open, b)
	return b
}

func (s *stream) blockStart(b *block, start types.ContentBlockStart) {
	switch v := start.(type) {
	case *types.ContentBlockStartMemberToolUse:
		if b.call == 0 && !b.ignored {
			s.toolUse(b, v.Value.ToolUseId, v.Value.Name, v.Value.Type)
		}
	case *types.ContentBlockStartMemberToolResult:
		s.toolResult(b, v.Value.ToolUseId, v.Value.Type)
	default:
		s.unknown()
	}
}

func (s *stream) blockDelta(b *block, delta types.ContentBlockDelta) {
	switch v := delta.(type) {
	case *types.ContentBlockDeltaMemberText:
		s.text(v.Value)
	case *types.ContentBlockDeltaMemberToolUse:
		s.input(b, deref(v.Value.Input))
	case *types.ContentBlockDeltaMemberReasoningContent:
		switch r := v.Value.(type) {
		case *types.ReasoningContentBlockDeltaMemberText:
			s.think(b, r.Value)
		case *types.ReasoningContentBlockDeltaMemberSignature:
			b.sign(r.Value)
		case *types.ReasoningContentBlockDeltaMemberRedactedContent:
			b.redact(r.Value)
		default:
			s.unknown()
		}
	case *types.ContentBlockDeltaMemberCitation:
		b.citedDelta(&v.Value)
	case *types.ContentBlockDeltaMemberToolResult:
		b.ignored = true
	default:
		s.unknown()
	}
}

func (s *stream) blockStop(index int32) {
	for i, b := range s.open {
		if b.index == index {
			s.open = slices.Delete(s.open, i, i+1)
			s.close(b)
			return
		}
	}
}

// closeOpen ends the open blocks that ends picks, in order of their index.
func (s *stream) closeOpen(ends func(*block) bool) {
	var closing []*block
	s.open = slices.DeleteFunc(s.open, func(b *block) bool {
		if ends(b) {
			closing = append(closing, b)
			return true
		}
		return false
	})
	slices.SortFunc(closing, func(x, y *block) int { return cmp.Compare(x.index, y.index) })
	for _, b := range closing {
		s.close(b)
	}
}

func (s *stream) messageStop(e *types.MessageStopEvent) {
	s.closeOpen(func(*block) bool { return true }) // services leave contentBlockStop out (R-STR-16)
	s.stopped = true
	s.stop, s.fields = e.StopReason, e.AdditionalModelResponseFields
	// Only the metadata event tells what a guardrail did and brings the trace that a client asked for.
	if e.StopReason != types.StopReasonGuardrailIntervened && !s.in.Trace {
		s.finishChunk()
	}
}

func (s *stream) metadata(e *types.ConverseStreamMetadataEvent) {
	if !s.stopped || s.over {
		return
	}
	if e.Trace != nil {
		s.trace = e.Trace.Guardrail
	}
	s.finishChunk()
	if u := usage(e.Usage, s.details > 0); u != nil && !s.over {
		s.send(&openai.ChatChunk{Head: s.head, ServiceTier: tier(e.ServiceTier), Usage: u})
	}
	s.over = true
}

// end is told when no further event comes.
func (s *stream) end() {
	if !s.stopped {
		s.fail(truncated())
		return
	}
	s.finishChunk()
}

func (s *stream) start() {
	if !s.started {
		s.started = true
		s.chunk(openai.ChunkChoice{Delta: openai.Delta{Role: "assistant"}}, nil)
	}
}

func (s *stream) delta(d openai.Delta) {
	s.start()
	s.chunk(openai.ChunkChoice{Delta: d}, nil)
}

func (s *stream) finishChunk() {
	if s.finished || s.over {
		return
	}
	s.finished = true
	reason, x, err := s.finish(s.ending)
	if err != nil {
		s.fail(err)
		return
	}
	if notes := s.adjusted.List(); len(notes) > 0 { // R-GEN-05
		if x == nil {
			x = &openai.Extension{}
		}
		for _, n := range notes {
			x.Adjusted = append(x.Adjusted, n.Param+":"+n.Reason)
		}
	}
	s.start()
	s.chunk(openai.ChunkChoice{FinishReason: reason}, x)
}

// chunk sends one choice, with a single allocation for the chunk and the list around the choice.
func (s *stream) chunk(c openai.ChunkChoice, x *openai.Extension) {
	if s.over {
		return
	}
	part := &struct {
		chunk   openai.ChatChunk
		choices [1]openai.ChunkChoice
	}{choices: [1]openai.ChunkChoice{c}}
	part.chunk = openai.ChatChunk{Head: s.head, Choices: part.choices[:], Outcrop: x}
	s.send(&part.chunk)
}

func (s *stream) send(c *openai.ChatChunk) {
	if !s.yield(c, nil) {
		s.over = true
	}
}

func (s *stream) fail(err error) {
	if !s.over {
		s.over = true
		s.yield(nil, err)
	}
}

// truncated is the error of a stream that ended without messageStop (R-STR-16).
func truncated() error {
	return &openai.Error{Kind: openai.BadUpstream, Code: openai.CodeStreamTruncated,
		Message: "The stream from Amazon Bedrock ended before the answer was complete. Try again."}
}
