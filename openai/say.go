package openai

// Say adds to what the object "outcrop" of the answer says.
func (r *ChatResponse) Say(x *Extension) { r.Outcrop = r.Outcrop.Plus(x) }

// Say adds to what the object "outcrop" of the chunk says.
func (c *ChatChunk) Say(x *Extension) { c.Outcrop = c.Outcrop.Plus(x) }

// Say adds to what the object "outcrop" of the answer says.
func (r *EmbeddingResponse) Say(x *Extension) { r.Outcrop = r.Outcrop.Plus(x) }

// Say adds to what the object "outcrop" of the answer says.
func (s *StoredChat) Say(x *Extension) {
	s.Extension = *s.Extension.Plus(x)
	if s.whole != nil {
		s.whole.Say(x)
	}
}
