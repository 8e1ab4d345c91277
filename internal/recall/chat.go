package recall

import (
	"slices"
	"strings"

	"outcrop/internal/call"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// Chat is how answers to chats are kept.
var Chat = call.Keeping{Worthy: worthyChat, Write: writeChat, Read: readChat, Fold: foldChat, Unfold: unfoldChat,
	Copies: copiesOfChat,
	Size:   sizeOfChat, Stamp: stampChat}

// worthyChat tells whether every choice came to its own end, without a filter or a guardrail having had a say.
func worthyChat(whole openai.Part, tools bool) bool {
	r, ok := whole.(*openai.ChatResponse)
	if !ok || len(r.Choices) == 0 {
		return false
	}
	if x := r.Outcrop; x != nil {
		doubtful := func(a string) bool { return strings.HasPrefix(a, "finish_reason:") }
		if x.StopReason != "" || x.Guardrail != nil && x.Guardrail.Action != openai.GuardrailNone ||
			slices.ContainsFunc(x.Adjusted, doubtful) {
			return false
		}
	}
	for i := range r.Choices {
		m := &r.Choices[i].Message
		switch r.Choices[i].FinishReason {
		case openai.FinishStop:
			if m.Refusal != nil || m.Content == nil || *m.Content == "" {
				return false // nothing at all is more likely an accident than an answer
			}
		case openai.FinishToolCalls, openai.FinishFunctionCall:
			if !tools {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func writeChat(b []byte, whole openai.Part) []byte {
	return openai.AppendStored(b, whole.(*openai.ChatResponse))
}

func readChat(b []byte, m translate.Meta, x openai.Extension, stream bool) ([]openai.Part, error) {
	stored, err := openai.ReadStoredChat(b, openai.Head{ID: m.ID, Created: m.Created, Model: m.Model})
	if err != nil {
		return nil, err
	}
	stored.Extension = x
	if !stream {
		return []openai.Part{stored}, nil
	}
	whole, err := stored.Response()
	if err != nil {
		return nil, err
	}
	m.Fingerprint = whole.Fingerprint
	return chat.Replay(whole, m), nil
}

// copiesOfChat gives parts under the reader's own id and time. A mark goes to the end of each choice.
func copiesOfChat(m translate.Meta, mark *openai.Extension) func(openai.Part) openai.Part {
	var head *openai.Head // of all chunks
	return func(p openai.Part) openai.Part {
		switch p := p.(type) {
		case *openai.ChatResponse:
			own := p.Under(m.ID, m.Created)
			own.Outcrop = own.Outcrop.Plus(mark)
			return own
		case *openai.StoredChat:
			return p.Under(m.ID, m.Created)
		case *openai.ChatChunk:
			if head == nil {
				own := *p.Head
				own.ID, own.Created = m.ID, m.Created
				head = &own
			}
			own := p.Under(head)
			if mark != nil && len(own.Choices) > 0 && own.Choices[0].FinishReason != "" {
				own.Outcrop = own.Outcrop.Plus(mark)
			}
			return own
		}
		return p
	}
}

// sizeOfChat counts what can be long in a chunk. A plain answer is one part, whatever its size.
func sizeOfChat(p openai.Part) (n int) {
	c, ok := p.(*openai.ChatChunk)
	if !ok {
		return 0
	}
	for i := range c.Choices {
		d := &c.Choices[i].Delta
		n += len(d.Content) + len(d.Reasoning)
		for j := range d.ToolCalls {
			n += len(d.ToolCalls[j].Arguments)
		}
		for j := range d.ReasoningDetails {
			n += len(d.ReasoningDetails[j].Text) + len(d.ReasoningDetails[j].Data)
		}
	}
	return n
}

func stampChat(c *call.Call) translate.Meta {
	return c.Stamp(call.First(c).Public)
}

// foldChat leaves what was kept as it is.
func foldChat(parts []openai.Part) (openai.Part, error) {
	if len(parts) == 1 {
		if stored, ok := parts[0].(*openai.StoredChat); ok {
			return stored, nil
		}
	}
	return chat.Fold(parts)
}

// unfoldChat leaves a chunk as it is: it is a stream's already.
func unfoldChat(p openai.Part, m translate.Meta) []openai.Part {
	if stored, ok := p.(*openai.StoredChat); ok {
		whole, err := stored.Response()
		if err != nil {
			return nil
		}
		p = whole
	}
	if whole, ok := p.(*openai.ChatResponse); ok {
		m.Fingerprint, m.Model = whole.Fingerprint, whole.Model
	}
	return chat.Replay(p, m)
}
