package openai

import "slices"

// Under gives the answer under another id and time, and shares no text with the original: what a stage outside rewrites
// in one stays as it is in the other.
func (r *ChatResponse) Under(id string, created int64) *ChatResponse {
	own := *r
	own.ID, own.Created = id, created
	own.Choices = slices.Clone(r.Choices)
	for i := range own.Choices {
		m := &own.Choices[i].Message
		m.Content = clone(m.Content)
		m.Refusal = clone(m.Refusal)
		m.ReasoningDetails = slices.Clone(m.ReasoningDetails)
		m.Annotations = slices.Clone(m.Annotations)
		m.Citations = slices.Clone(m.Citations)
		m.ToolCalls = slices.Clone(m.ToolCalls)
		for j := range m.ToolCalls {
			f := &m.ToolCalls[j].Function
			f.Arguments = clone(f.Arguments)
		}
		if m.FunctionCall = clone(m.FunctionCall); m.FunctionCall != nil {
			m.FunctionCall.Arguments = clone(m.FunctionCall.Arguments)
		}
	}
	return &own
}

// Under gives the chunk under another head, and shares no text with the original. The heads of a stream's chunks are
// one.
func (c *ChatChunk) Under(h *Head) *ChatChunk {
	own := &struct { // one allocation for the usual chunk of one choice
		chunk  ChatChunk
		choice [1]ChunkChoice
	}{chunk: *c}
	own.chunk.Head = h
	own.chunk.Choices = append(own.choice[:0], c.Choices...)
	for i := range own.chunk.Choices {
		d := &own.chunk.Choices[i].Delta
		d.ReasoningDetails = slices.Clone(d.ReasoningDetails)
		d.Annotations = slices.Clone(d.Annotations)
		d.Citations = slices.Clone(d.Citations)
		d.ToolCalls = slices.Clone(d.ToolCalls)
		d.FunctionCall = clone(d.FunctionCall)
	}
	return &own.chunk
}

// Copy gives an answer of its own to one of several readers: what another adds to it or does to its list stays out of
// it. The vectors are shared, since nobody writes them.
func (r *EmbeddingResponse) Copy() *EmbeddingResponse {
	own := *r
	own.Data = slices.Clone(r.Data)
	return &own
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
