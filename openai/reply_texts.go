package openai

import "iter"

// Texts yields of every choice the content, the refusal, the reasoning, the texts of annotations and citations, and the
// arguments of calls. Names of tools are the client's own and no text.
//
// The reasoning is there twice: as reasoning_content, which clients show, and block by block in reasoning_details,
// which they send back. The latter is signed where the model signed it.
func (r *ChatResponse) Texts() iter.Seq2[Place, *string] {
	return func(yield func(Place, *string) bool) {
		for i := range r.Choices {
			c := &r.Choices[i]
			m := &c.Message
			t := replyTexts{c.Index, yield}
			if !t.some("content", m.Content) || !t.some("refusal", m.Refusal) ||
				!t.reasoning(&m.Reasoning, m.ReasoningDetails) || !t.cited(m.Annotations, m.Citations) {
				return
			}
			for j := range m.ToolCalls {
				if !t.arguments("tool_calls", j, m.ToolCalls[j].Function.Arguments) {
					return
				}
			}
			if m.FunctionCall != nil && !t.arguments("function_call", 0, m.FunctionCall.Arguments) {
				return
			}
		}
	}
}

// Texts yields the pieces of text in the chunk, those of the places that [ChatResponse.Texts] names. Pieces of content,
// reasoning_content and arguments continue what earlier chunks said at the same place; a text of reasoning_details,
// annotations or citations is whole.
func (c *ChatChunk) Texts() iter.Seq2[Place, *string] {
	return func(yield func(Place, *string) bool) {
		for i := range c.Choices {
			ch := &c.Choices[i]
			d := &ch.Delta
			t := replyTexts{ch.Index, yield}
			if !t.filled("content", &d.Content) || !t.reasoning(&d.Reasoning, d.ReasoningDetails) ||
				!t.cited(d.Annotations, d.Citations) {
				return
			}
			for j := range d.ToolCalls {
				if k := &d.ToolCalls[j]; k.Arguments != "" && !t.arguments("tool_calls", k.Index, &k.Arguments) {
					return
				}
			}
			if f := d.FunctionCall; f != nil && f.Arguments != "" && !t.arguments("function_call", 0, &f.Arguments) {
				return
			}
		}
	}
}

// Withhold leaves out the reasoning of the place's choice.
func (r *ChatResponse) Withhold(at Place) {
	for i := range r.Choices {
		if c := &r.Choices[i]; c.Index == at.Choice {
			c.Message.Reasoning, c.Message.ReasoningDetails = "", nil
		}
	}
}

// Withhold leaves out what the chunk holds of the reasoning of the place's choice.
func (c *ChatChunk) Withhold(at Place) {
	for i := range c.Choices {
		if ch := &c.Choices[i]; ch.Index == at.Choice {
			ch.Delta.Reasoning, ch.Delta.ReasoningDetails = "", nil
		}
	}
}

// replyTexts yields the texts of one choice; its methods tell whether there is to be more.
type replyTexts struct {
	choice int
	yield  func(Place, *string) bool
}

func (t replyTexts) at(path string, tool int) Place {
	return Place{Role: "assistant", Path: path, Choice: t.choice, Tool: tool}
}

// some yields a text that is there, though perhaps empty.
func (t replyTexts) some(path string, s *string) bool {
	return s == nil || t.yield(t.at(path, -1), s)
}

func (t replyTexts) filled(path string, s *string) bool {
	return *s == "" || t.yield(t.at(path, -1), s)
}

func (t replyTexts) arguments(path string, tool int, s *string) bool {
	return s == nil || t.yield(t.at(path, tool), s)
}

func (t replyTexts) reasoning(shown *string, details []ReasoningDetail) bool {
	if !t.filled("reasoning_content", shown) {
		return false
	}
	for i := range details {
		d := &details[i]
		place := t.at("reasoning_details", -1)
		place.Signed = d.Signature != ""
		if d.Text != "" && !t.yield(place, &d.Text) {
			return false
		}
	}
	return true
}

func (t replyTexts) cited(pages []Annotation, files []Citation) bool {
	for i := range pages {
		if a := &pages[i]; !t.filled("annotations", &a.URL) || !t.filled("annotations", &a.Title) {
			return false
		}
	}
	for i := range files {
		if c := &files[i]; !t.filled("citations", &c.Filename) || !t.filled("citations", &c.Quote) {
			return false
		}
	}
	return true
}

// Places are the places in the content that the message tells, in code points: who changes the content moves them.
func (m *ReplyMessage) Places() []*int {
	list := places(m.Annotations, m.Citations, m.ReasoningDetails)
	for i := range m.ToolCalls {
		if after := &m.ToolCalls[i].After; after.Known {
			list = append(list, &after.Content)
		}
	}
	return list
}

// Places are the places in the content so far that the delta tells.
func (d *Delta) Places() []*int { return places(d.Annotations, d.Citations, d.ReasoningDetails) }

func places(pages []Annotation, files []Citation, details []ReasoningDetail) (list []*int) {
	for i := range pages {
		list = append(list, &pages[i].Start, &pages[i].End)
	}
	for i := range files {
		list = append(list, &files[i].Start, &files[i].End)
	}
	for i := range details {
		if p := &details[i].After; p.Known {
			list = append(list, &p.Content)
		}
	}
	return list
}
