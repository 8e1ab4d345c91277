package converse

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

// Step is what an event of a stream means for the answer as a whole.
type Step uint8

// The steps of a stream, in their order.
const (
	Going   Step = iota
	Started      // the model answers
	Ended        // nothing more comes of the answer: Finish may be asked
	Closed       // usage is known, and nothing more comes at all
)

// Event reads one event of ConverseStream. Nothing of the answer follows its end (R-STR-13).
func (r *Reader) Event(event types.ConverseStreamOutput) Step {
	if m, ok := event.(*types.ConverseStreamOutputMemberMetadata); ok {
		return r.metadata(&m.Value)
	}
	if r.stopped {
		return Going
	}
	switch e := event.(type) {
	case *types.ConverseStreamOutputMemberMessageStart:
		return Started
	case *types.ConverseStreamOutputMemberContentBlockStart:
		r.blockStart(r.opened(deref(e.Value.ContentBlockIndex)), e.Value.Start)
	case *types.ConverseStreamOutputMemberContentBlockDelta:
		r.blockDelta(r.opened(deref(e.Value.ContentBlockIndex)), e.Value.Delta)
	case *types.ConverseStreamOutputMemberContentBlockStop:
		r.blockStop(deref(e.Value.ContentBlockIndex))
	case *types.ConverseStreamOutputMemberMessageStop:
		return r.messageStop(&e.Value)
	}
	return Going
}

// Stopped tells whether Bedrock has said that the answer is complete.
func (r *Reader) Stopped() bool { return r.stopped }

// opened gives the open block of that index, or opens one: text and reasoning have no contentBlockStart. A new block
// ends reasoning before it that nobody has ended (R-STR-16), so that its entry comes before what follows it.
func (r *Reader) opened(index int32) *Content {
	for _, b := range r.open {
		if b.index == index {
			return b
		}
	}
	r.closeOpen(func(b *Content) bool { return b.Reasoned && b.index < index })
	b := r.begin(index)
	r.open = append(r.open, b)
	return b
}

func (r *Reader) blockStart(b *Content, start types.ContentBlockStart) {
	switch v := start.(type) {
	case *types.ContentBlockStartMemberToolUse:
		if !b.call && !b.ignored {
			r.toolUse(b, v.Value.ToolUseId, v.Value.Name, v.Value.Type)
		}
	case *types.ContentBlockStartMemberToolResult:
		r.toolResult(b, v.Value.ToolUseId, v.Value.Type)
	default:
		r.unknown()
	}
}

func (r *Reader) blockDelta(b *Content, delta types.ContentBlockDelta) {
	switch v := delta.(type) {
	case *types.ContentBlockDeltaMemberText:
		r.text(b, v.Value)
	case *types.ContentBlockDeltaMemberToolUse:
		r.input(b, deref(v.Value.Input))
	case *types.ContentBlockDeltaMemberReasoningContent:
		switch t := v.Value.(type) {
		case *types.ReasoningContentBlockDeltaMemberText:
			r.think(b, t.Value)
		case *types.ReasoningContentBlockDeltaMemberSignature:
			b.Reasoned, b.Signature = true, b.Signature+t.Value
		case *types.ReasoningContentBlockDeltaMemberRedactedContent:
			b.Reasoned, b.Redacted = true, append(b.Redacted, t.Value...)
		default:
			r.unknown()
		}
	case *types.ContentBlockDeltaMemberCitation:
		b.citedDelta(&v.Value)
	case *types.ContentBlockDeltaMemberToolResult:
		b.ignored = true
	default:
		r.unknown()
	}
}

func (r *Reader) blockStop(index int32) {
	for i, b := range r.open {
		if b.index == index {
			r.open = slices.Delete(r.open, i, i+1)
			r.close(b)
			return
		}
	}
}

// closeOpen ends the open blocks that ends picks, in order of their index.
func (r *Reader) closeOpen(ends func(*Content) bool) {
	var closing []*Content
	r.open = slices.DeleteFunc(r.open, func(b *Content) bool {
		if ends(b) {
			closing = append(closing, b)
			return true
		}
		return false
	})
	slices.SortFunc(closing, func(x, y *Content) int { return cmp.Compare(x.index, y.index) })
	for _, b := range closing {
		r.close(b)
	}
}

func (r *Reader) messageStop(e *types.MessageStopEvent) Step {
	r.closeOpen(func(*Content) bool { return true }) // services leave contentBlockStop out (R-STR-16)
	r.stopped = true
	r.stop, r.fields = e.StopReason, e.AdditionalModelResponseFields
	// Only the metadata event tells what a guardrail did and brings the trace that a client asked for.
	if e.StopReason == types.StopReasonGuardrailIntervened || r.Context.Trace {
		return Going
	}
	return Ended
}

func (r *Reader) metadata(e *types.ConverseStreamMetadataEvent) Step {
	if !r.stopped {
		return Going
	}
	if e.Trace != nil {
		r.trace = e.Trace.Guardrail
	}
	r.Usage, r.Tier = e.Usage, tier(e.ServiceTier)
	return Closed
}

// cited tells a block of text with its sources.
func (r *Reader) cited(b *Content, c *types.CitationsContentBlock) {
	var previous types.CitationGeneratedContent
	for _, content := range c.Content {
		text, ok := content.(*types.CitationGeneratedContentMemberText)
		if !ok || content == previous { // as in Whole, a repeated pointer stands for something unknown
			r.unknown()
			continue
		}
		previous = content
		r.text(b, text.Value)
	}
	for i := range c.Citations {
		s := &c.Citations[i]
		var quote strings.Builder
		for _, content := range s.SourceContent {
			if t, ok := content.(*types.CitationSourceContentMemberText); ok {
				quote.WriteString(t.Value)
			}
		}
		b.Sources = append(b.Sources, Source{s.Location, deref(s.Title), deref(s.Source), quote.String()})
	}
}

// citedDelta tells a source of a streamed block, whose text may come before or after it (R-STR-21).
func (b *Content) citedDelta(s *types.CitationsDelta) {
	var quote strings.Builder
	for i := range s.SourceContent {
		quote.WriteString(deref(s.SourceContent[i].Text))
	}
	b.Sources = append(b.Sources, Source{s.Location, deref(s.Title), deref(s.Source), quote.String()})
}
