package bedrock

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/eventstream"
)

// What an unknown thing is counted as.
const (
	unknownBlock = "content_block"
	unknownDelta = "delta"
	unknownEvent = "event"
	unknownStop  = "stop_reason"   // newer than the SDK (TRANSLATION 2.2)
	missingUsage = "usage_missing" // a stream that has stopped, and ended without metadata (R-STR-14)
)

func (b *Bedrock) unknown(kind string, n int) {
	if b.cfg.OnUnknown == nil {
		return
	}
	for range n {
		b.cfg.OnUnknown(kind)
	}
}

// clearUnknownBlocks puts nil where the reply holds content blocks newer than the SDK: translate skips and reports
// them.
func (b *Bedrock) clearUnknownBlocks(m *types.Message) {
	b.unknown(unknownBlock, clearUnknown(m.Content))
	for _, block := range m.Content {
		if cited, ok := block.(*types.ContentBlockMemberCitationsContent); ok {
			b.unknown(unknownBlock, clearUnknown(cited.Value.Content))
		}
	}
}

// clearUnknown puts nil in place of members of a union that the SDK does not know, and counts them. SDK v1.63 decodes a
// list of unions through one variable: an unknown member leaves it as it was, so that the list holds the pointer before
// it once more, or nil when it comes first. A block really sent twice is two pointers.
func clearUnknown[U comparable](list []U) (cleared int) {
	var none, before U
	for i, u := range list {
		if u == before {
			list[i] = none
			cleared++
			continue
		}
		before = u
	}
	return cleared
}

// member makes the union member of an event, as the SDK's own reader does. What is newer than the SDK is counted: an
// event becomes nil, a delta or start an event without one, so that translate can report the block.
func (b *Bedrock) member(event smithy.Deserializable) types.ConverseStreamOutput {
	switch v := event.(type) {
	case *types.ContentBlockDeltaEvent:
		if unknownInDelta(v.Delta) {
			b.unknown(unknownDelta, 1)
			v.Delta = nil
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
		b.knownStop(v.StopReason)
		return &types.ConverseStreamOutputMemberMessageStop{Value: *v}
	case *types.ConverseStreamMetadataEvent:
		return &types.ConverseStreamOutputMemberMetadata{Value: *v}
	case *eventstream.UnknownUnionMember:
		b.unknown(unknownEvent, 1)
	}
	return nil
}

// knownStop counts a reason to stop that the SDK does not know.
func (b *Bedrock) knownStop(r types.StopReason) {
	if r != "" && !slices.Contains(r.Values(), r) {
		b.unknown(unknownStop, 1)
	}
}

func unknownInDelta(d types.ContentBlockDelta) bool {
	reasoning, ok := d.(*types.ContentBlockDeltaMemberReasoningContent)
	return d == nil || ok && reasoning.Value == nil
}
