package bedrock

import (
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/eventstream"
)

// What an unknown thing is counted as.
const (
	unknownBlock = "content_block"
	unknownDelta = "delta"
	unknownEvent = "event"
)

func (b *Bedrock) unknown(kind string, n int) {
	if b.cfg.OnUnknown == nil {
		return
	}
	for range n {
		b.cfg.OnUnknown(kind)
	}
}

// dropUnknownBlocks takes out what the SDK made of content blocks newer than itself.
func (b *Bedrock) dropUnknownBlocks(m *types.Message) {
	var n int
	m.Content, n = dropUnknown(m.Content)
	b.unknown(unknownBlock, n)
	for _, block := range m.Content {
		if cited, ok := block.(*types.ContentBlockMemberCitationsContent); ok {
			cited.Value.Content, n = dropUnknown(cited.Value.Content)
			b.unknown(unknownBlock, n)
		}
	}
}

// dropUnknown removes the traces of members of a union that the SDK does not know, and counts them. SDK v1.63 decodes a list
// of unions through one variable: an unknown member leaves it as it was, so that the list holds the pointer before it once
// more, or nil when it comes first. A block really sent twice is two pointers.
func dropUnknown[U comparable](list []U) (known []U, dropped int) {
	var before U // nil
	known = list[:0]
	for _, u := range list {
		if u == before {
			dropped++
			continue
		}
		known, before = append(known, u), u
	}
	return known, dropped
}

// member makes the union member of an event, as the SDK's own reader does. What is nil here, or holds a nil delta, is newer
// than the SDK and counted.
func (b *Bedrock) member(event smithy.Deserializable) types.ConverseStreamOutput {
	switch v := event.(type) {
	case *types.ContentBlockDeltaEvent:
		if unknownInDelta(v.Delta) {
			b.unknown(unknownDelta, 1)
			return nil
		}
		return &types.ConverseStreamOutputMemberContentBlockDelta{Value: *v}
	case *types.ContentBlockStartEvent:
		// Kept even when its start is unknown: it still says that a block has begun, and the stop event will follow.
		if v.Start == nil {
			b.unknown(unknownBlock, 1)
		}
		return &types.ConverseStreamOutputMemberContentBlockStart{Value: *v}
	case *types.ContentBlockStopEvent:
		return &types.ConverseStreamOutputMemberContentBlockStop{Value: *v}
	case *types.MessageStartEvent:
		return &types.ConverseStreamOutputMemberMessageStart{Value: *v}
	case *types.MessageStopEvent:
		return &types.ConverseStreamOutputMemberMessageStop{Value: *v}
	case *types.ConverseStreamMetadataEvent:
		return &types.ConverseStreamOutputMemberMetadata{Value: *v}
	case *eventstream.UnknownUnionMember:
		b.unknown(unknownEvent, 1)
	}
	return nil
}

func unknownInDelta(d types.ContentBlockDelta) bool {
	reasoning, ok := d.(*types.ContentBlockDeltaMemberReasoningContent)
	return d == nil || ok && reasoning.Value == nil
}
