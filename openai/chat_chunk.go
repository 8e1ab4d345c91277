package openai

// ChatChunk is one event of a streamed answer, object "chat.completion.chunk". Head is shared by all chunks of a
// stream.
type ChatChunk struct {
	*Head
	ServiceTier string // the usage chunk alone has it (R-RES-14)
	Choices     []ChunkChoice
	Usage       *Usage // set on the chunk after the last choice has ended, whose Choices are empty
	Outcrop     *Extension
}

// ChunkChoice is one choice of a chunk; FinishReason "" is written as null.
type ChunkChoice struct {
	Index        int
	Delta        Delta
	FinishReason string
}

// Delta is what a chunk adds to a choice. Role marks the first delta, which also has content "" and refusal null
// (R-STR-07).
type Delta struct {
	Role             string
	Content          string
	Reasoning        string
	ReasoningDetails []ReasoningDetail
	ToolCalls        []ToolCallDelta
	FunctionCall     *FunctionCallDelta
	Annotations      []Annotation
	Citations        []Citation
}

// ToolCallDelta opens a call (ID and Name set) or continues its arguments.
type ToolCallDelta struct {
	Index     int
	ID, Name  string
	Arguments string
}

// FunctionCallDelta is ToolCallDelta in the legacy form.
type FunctionCallDelta struct{ Name, Arguments string }

// Tokens is the usage that the chunk carries, or nil.
func (c *ChatChunk) Tokens() *Usage { return c.Usage }

// AppendJSON appends the chunk. With usage every chunk has the member, null but on the last; without it no chunk has
// it, and the usage chunk is not written at all (R-STR-06).
func (c *ChatChunk) AppendJSON(b []byte, usage bool) []byte {
	if !usage && c.Usage != nil && len(c.Choices) == 0 {
		return b
	}
	b = c.appendHead(b, "chat.completion.chunk")
	b = appendMember(b, "service_tier", c.ServiceTier)
	b = append(b, `,"choices":[`...)
	for i := range c.Choices {
		if i > 0 {
			b = append(b, ',')
		}
		b = c.Choices[i].appendJSON(b)
	}
	b = append(b, ']')
	if usage {
		b = append(b, `,"usage":`...)
		if c.Usage == nil {
			b = append(b, "null"...)
		} else {
			b = c.Usage.appendJSON(b)
		}
	}
	b = c.Outcrop.appendMember(b)
	return append(b, '}')
}

func (c *ChunkChoice) appendJSON(b []byte) []byte {
	b = appendInt(b, `{"index":`, int64(c.Index))
	b = append(b, `,"delta":`...)
	b = c.Delta.appendJSON(b)
	b = append(b, `,"logprobs":null,"finish_reason":`...)
	b = appendStringOrNull(b, c.FinishReason)
	return append(b, '}')
}

func (d *Delta) appendJSON(b []byte) []byte {
	start := len(b)
	b = append(b, '{')
	if d.Role != "" {
		b = appendMember(b, "role", d.Role)
		b = append(b, `,"content":`...)
		b = appendString(b, d.Content)
		b = append(b, `,"refusal":null`...)
	} else {
		b = appendMember(b, "content", d.Content)
	}
	b = appendMember(b, "reasoning_content", d.Reasoning)
	b = appendDetails(b, d.ReasoningDetails)
	b = appendAnnotations(b, d.Annotations, true)
	b = appendCitations(b, d.Citations, true)
	if len(d.ToolCalls) > 0 {
		b = append(b, `,"tool_calls":`...)
		b = appendEach(b, len(d.ToolCalls), func(b []byte, i int) []byte { return d.ToolCalls[i].appendJSON(b) })
	}
	if f := d.FunctionCall; f != nil {
		b = append(b, `,"function_call":{`...)
		if f.Name != "" {
			b = append(b, `"name":`...)
			b = appendString(b, f.Name)
			b = append(b, ',')
		}
		b = append(b, `"arguments":`...)
		b = appendString(b, f.Arguments)
		b = append(b, '}')
	}
	if len(b) > start+1 { // the first member's comma
		b = append(b[:start+1], b[start+2:]...)
	}
	return append(b, '}')
}

func (t *ToolCallDelta) appendJSON(b []byte) []byte {
	b = appendInt(b, `{"index":`, int64(t.Index))
	if t.ID != "" {
		b = append(b, `,"id":`...)
		b = appendString(b, t.ID)
		b = append(b, `,"type":"function","function":{"name":`...)
		b = appendString(b, t.Name)
		b = append(b, `,"arguments":`...)
	} else {
		b = append(b, `,"function":{"arguments":`...)
	}
	b = appendString(b, t.Arguments)
	return append(b, "}}"...)
}
