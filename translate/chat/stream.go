package chat

import (
	"iter"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/converse"
)

// Chunks turns the events of ConverseStream into the chunks of a streamed answer (TRANSLATION 3.2). Every chunk is
// the caller's to keep. Errors, always [*openai.Error], are the last thing in the sequence; those among the events
// are passed on as they are, but for one after messageStop, when the answer itself is complete (R-STR-14): then the
// sequence just ends without a usage chunk.
func Chunks(events iter.Seq2[types.ConverseStreamOutput, error], in *Context,
	m translate.Meta) iter.Seq2[openai.Part, error] {
	return func(yield func(openai.Part, error) bool) {
		s := stream{head: head(m), yield: yield}
		s.writer = newWriter(in, s.delta)
		for e, err := range events {
			if err != nil && !s.Stopped() {
				yield(nil, err)
				return
			}
			if err != nil {
				break
			}
			s.step(s.Event(e))
			if s.over {
				return
			}
		}
		if !s.Stopped() {
			s.fail(truncated())
		}
		s.finishChunk()
	}
}

// stream is a streamed reply on its way. Its states: before the role chunk (!started), in the answer, after the
// finish chunk (finished), over.
type stream struct {
	*writer
	head  *openai.Head
	yield func(openai.Part, error) bool

	started, finished bool
	over              bool // nothing may be yielded any more
}

func (s *stream) step(step converse.Step) {
	switch step {
	case converse.Started:
		s.start()
	case converse.Ended:
		s.finishChunk()
	case converse.Closed:
		s.finishChunk()
		if u := s.Tokens(); u != nil && !s.over {
			s.send(&openai.ChatChunk{Head: s.head, ServiceTier: s.Tier, Usage: u})
		}
		s.over = true
	}
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
	reason, x, err := s.finish()
	if err != nil {
		s.fail(err)
		return
	}
	if notes := s.Adjusted.List(); len(notes) > 0 { // R-GEN-05
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
