package translate

import "outcrop/openai"

// UnfoldChat tells a plain answer as a stream, under the id, time and model of m: for a model that cannot stream
// (R-STR-20) and for an answer out of the cache. Each choice is a role chunk, a delta for each part of its message and the
// finish chunk; the usage comes last. Anything but a plain chat answer is given back as it is.
func UnfoldChat(whole openai.Part, m Meta) []openai.Part {
	r, ok := whole.(*openai.ChatResponse)
	if !ok {
		return []openai.Part{whole}
	}
	h := head(m)
	var parts []openai.Part
	for i := range r.Choices {
		c := &r.Choices[i]
		send := func(d openai.Delta, finish string, x *openai.Extension) {
			parts = append(parts, &openai.ChatChunk{Head: h, Outcrop: x,
				Choices: []openai.ChunkChoice{{Index: c.Index, Delta: d, FinishReason: finish}}})
		}
		send(openai.Delta{Role: "assistant"}, "", nil)
		for _, d := range deltas(&c.Message) {
			send(d, "", nil)
		}
		var x *openai.Extension
		if i == len(r.Choices)-1 {
			x = r.Outcrop
		}
		send(openai.Delta{}, c.FinishReason, x)
	}
	if r.Usage != nil {
		parts = append(parts, &openai.ChatChunk{Head: h, ServiceTier: r.ServiceTier, Usage: r.Usage})
	}
	return parts
}

func deltas(m *openai.ReplyMessage) []openai.Delta {
	var list []openai.Delta
	if m.Reasoning != "" {
		list = append(list, openai.Delta{Reasoning: m.Reasoning})
	}
	for i := range m.ReasoningDetails {
		list = append(list, openai.Delta{ReasoningDetails: m.ReasoningDetails[i : i+1 : i+1]})
	}
	if m.Content != nil && *m.Content != "" {
		list = append(list, openai.Delta{Content: *m.Content})
	}
	if len(m.Annotations) > 0 {
		list = append(list, openai.Delta{Annotations: m.Annotations})
	}
	for i := range m.ToolCalls {
		c := &m.ToolCalls[i]
		list = append(list,
			openai.Delta{ToolCalls: []openai.ToolCallDelta{{Index: i, ID: c.ID, Name: c.Function.Name}}},
			openai.Delta{ToolCalls: []openai.ToolCallDelta{{Index: i, Arguments: deref(c.Function.Arguments)}}})
	}
	if f := m.FunctionCall; f != nil {
		list = append(list,
			openai.Delta{FunctionCall: &openai.FunctionCallDelta{Name: f.Name}},
			openai.Delta{FunctionCall: &openai.FunctionCallDelta{Arguments: deref(f.Arguments)}})
	}
	return list
}
