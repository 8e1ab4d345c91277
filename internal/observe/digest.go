package observe

import (
	"outcrop/openai"

	"outcrop/internal/call"
)

// DigestChat is the Digest of chats: a plain answer and its stream give the same.
func DigestChat(d call.Digester, p openai.Part) {
	switch p := p.(type) {
	case *openai.StoredChat:
		if text, ok := p.OnlyText(); ok {
			d.Text(0, text)
		} else if whole, err := p.Response(); err == nil {
			DigestChat(d, whole)
		}
	case *openai.ChatResponse:
		for i := range p.Choices {
			c := &p.Choices[i]
			m := &c.Message
			d.Choice(c.Index)
			for _, text := range [...]*string{m.Content, m.Refusal} {
				if text != nil {
					d.Text(c.Index, *text)
				}
			}
			for j := range m.ToolCalls {
				f := &m.ToolCalls[j].Function
				d.Call(c.Index, j, f.Name, deref(f.Arguments))
			}
			if f := m.FunctionCall; f != nil {
				d.Call(c.Index, 0, f.Name, deref(f.Arguments))
			}
		}
	case *openai.ChatChunk:
		for i := range p.Choices {
			c := &p.Choices[i]
			d.Choice(c.Index)
			if text := c.Delta.Content; text != "" {
				d.Text(c.Index, text)
			}
			for j := range c.Delta.ToolCalls {
				k := &c.Delta.ToolCalls[j]
				d.Call(c.Index, k.Index, k.Name, k.Arguments)
			}
			if f := c.Delta.FunctionCall; f != nil {
				d.Call(c.Index, 0, f.Name, f.Arguments)
			}
		}
	}
}

// DigestVectors is the Digest of embeddings.
func DigestVectors(d call.Digester, p openai.Part) {
	r, ok := p.(*openai.EmbeddingResponse)
	if !ok {
		return
	}
	for i := range r.Data {
		e := &r.Data[i]
		if e.Floats != nil {
			d.Vector(e.Floats)
		} else {
			d.VectorText(e.Base64)
		}
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
