package inspect

import (
	"context"
	"iter"

	"outcrop/internal/call"
	"outcrop/openai"
	"outcrop/policy"
)

// reply has the parts of an answer inspected, and puts back into them what was taken out of the request.
func (i *inspection) reply(ctx context.Context, reply call.Reply) call.Reply {
	if i.session.Quiet() && !i.Managed.Looks(policy.Output) {
		return reply
	}
	reply.Parts = i.parts(ctx, reply.Parts)
	return reply
}

func (i *inspection) parts(ctx context.Context, parts iter.Seq2[openai.Part, error]) iter.Seq2[openai.Part, error] {
	return func(yield func(openai.Part, error) bool) {
		s := &inspector{inspection: i, yield: yield}
		defer s.end()
		for part, err := range parts {
			if err == nil {
				err = s.part(ctx, part)
			}
			if err != nil {
				if !s.left {
					yield(nil, err)
				}
				return
			}
			if s.left {
				return
			}
		}
		if err := s.flushAll(ctx); err != nil && !s.left {
			yield(nil, err)
		}
	}
}

// part inspects a part and passes it on.
func (s *inspector) part(ctx context.Context, part openai.Part) error {
	switch p := part.(type) {
	case *openai.ChatChunk:
		return s.chunk(ctx, p)
	case *openai.ChatResponse:
		if err := s.whole(ctx, p); err != nil {
			return err
		}
	case *openai.StoredChat:
		whole, err := p.Response()
		if err == nil {
			err = s.whole(ctx, whole)
		}
		if err != nil {
			return &openai.Error{Kind: openai.Internal, Err: err}
		}
	}
	s.send(part)
	return nil
}

// whole inspects a plain answer, choice by choice.
func (i *inspection) whole(ctx context.Context, r *openai.ChatResponse) error {
	type found struct {
		at     []*string
		texts  []policy.Text
		signed []openai.Place
		sealed []policy.Text
	}
	choices := map[int]*found{}
	for place, text := range r.Texts() {
		c := choices[place.Choice]
		if c == nil {
			c = &found{}
			choices[place.Choice] = c
		}
		t := i.outgoing(place)
		t.Value = *text
		if place.Signed {
			c.signed, c.sealed = append(c.signed, place), append(c.sealed, t)
			continue
		}
		c.at, c.texts = append(c.at, text), append(c.texts, t)
	}
	for n := range r.Choices {
		choice := &r.Choices[n]
		c := choices[choice.Index]
		if c == nil {
			continue
		}
		v, err := i.inspect(ctx, policy.Output, c.texts)
		if err != nil {
			return err
		}
		i.note(policy.Output, v.Decisions)
		if v.Blocked {
			message := i.Message
			choice.Message = openai.ReplyMessage{Content: &message}
			choice.FinishReason = openai.FinishContentFilter
			continue
		}
		for k, text := range c.at {
			whole, restored := i.session.Vault().Restore(v.Texts[k], c.texts[k].JSON)
			if *text = whole; text == choice.Message.Content {
				moves := v.Moves(k)
				for _, p := range choice.Message.Places() {
					*p = restored.Place(moves.Place(*p))
				}
			}
		}
		shown := choice.Message.Reasoning // has been inspected by itself, and may stay without its signed form
		if err := i.seal(ctx, policy.Output, r, c.signed, c.sealed); err != nil {
			return err
		}
		choice.Message.Reasoning = shown
	}
	return nil
}

// outgoing says what a text of an answer is.
func (i *inspection) outgoing(place openai.Place) policy.Text {
	return policy.Text{Role: place.Role, Path: pathOf(place), JSON: place.Tool >= 0 || i.json && place.Path == "content"}
}
