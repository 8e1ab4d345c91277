package openai

import (
	"fmt"
	"iter"
)

// toolsRole is the role of texts that define tools and schemas.
const toolsRole = "tools"

// Texts yields every text of the request that reaches the model, in the order in which the client wrote it:
//
//   - of each message the content, the text parts, refusals, and the arguments and inputs of calls in history;
//   - the name of a user message and the name of a file, which the model may be shown;
//   - the text inside files that are text, at the path of the data that held it;
//   - reasoning that its model signed and that comes back, in places that are signed;
//   - descriptions of tools, functions and the answer's schema, under the role "tools".
//
// It leaves out what identifies and is no text (names of tools, ids of calls), schemas, which go out byte for byte
// (R-GEN-07), what never reaches a model (metadata, user, prediction, stop sequences, unsigned reasoning), and
// additional_model_request_fields, which a key may forbid (R-EXT-03).
func (r *ChatRequest) Texts() iter.Seq2[Place, *string] {
	return func(yield func(Place, *string) bool) {
		for i := range r.Messages {
			if !r.Messages[i].texts(fmt.Sprintf("messages[%d]", i), yield) {
				return
			}
		}
		for i := range r.Tools {
			if d := r.Tools[i].Function.Description; d != nil &&
				!yield(inRequest(toolsRole, fmt.Sprintf("tools[%d].function.description", i)), d) {
				return
			}
		}
		for i := range r.Functions {
			if d := r.Functions[i].Description; d != nil &&
				!yield(inRequest(toolsRole, fmt.Sprintf("functions[%d].description", i)), d) {
				return
			}
		}
		if f := r.ResponseFormat; f != nil && f.Schema != nil && f.Schema.Description != nil {
			yield(inRequest(toolsRole, "response_format.json_schema.description"), f.Schema.Description)
		}
	}
}

// Unscanned yields the parts whose bytes are no text that could be read here: images, PDFs and other binary files,
// sound, video, and all that is fetched from elsewhere.
func (r *ChatRequest) Unscanned() iter.Seq[Place] {
	return func(yield func(Place) bool) {
		for i := range r.Messages {
			m := &r.Messages[i]
			if m.Content == nil {
				continue
			}
			for j := range m.Content.Parts {
				if m.Content.Parts[j].opaque() && !yield(inRequest(m.Role, fmt.Sprintf("messages[%d].content[%d]", i, j))) {
					return
				}
			}
		}
	}
}

// Withhold leaves out the reasoning of the message at a signed place of [ChatRequest.Texts]. A turn may come back
// without its reasoning, but not with a part of it.
func (r *ChatRequest) Withhold(at Place) {
	var i int
	if n, _ := fmt.Sscanf(at.Path, "messages[%d]", &i); n == 1 && at.Signed && i >= 0 && i < len(r.Messages) {
		r.Messages[i].ReasoningDetails = nil
	}
}

// Places yields of each message whose reasoning tells places in its content (R-RPL-05) the texts of that content and
// the places, in code points of all these texts together: who changes a text moves them.
func (r *ChatRequest) Places() iter.Seq2[[]*string, []*int] {
	return func(yield func([]*string, []*int) bool) {
		for i := range r.Messages {
			m := &r.Messages[i]
			told := places(nil, nil, m.ReasoningDetails)
			for j := range m.ToolCalls {
				if after := &m.ToolCalls[j].After; after.Known {
					told = append(told, &after.Content)
				}
			}
			if len(told) > 0 && m.Content != nil && !yield(m.Content.texts(), told) {
				return
			}
		}
	}
}

func (c *Content) texts() (list []*string) {
	if c.Parts == nil {
		return []*string{&c.Text}
	}
	for i := range c.Parts {
		if p := &c.Parts[i]; p.Text != nil {
			list = append(list, p.Text)
		}
	}
	return list
}

func inRequest(role, path string) Place { return Place{Role: role, Path: path, Tool: -1} }

func (m *Message) texts(path string, yield func(Place, *string) bool) bool {
	each := func(s *string, suffix string) bool {
		return s == nil || yield(inRequest(m.Role, path+suffix), s)
	}
	if m.Role == "user" && !each(m.Name, ".name") {
		return false
	}
	if c := m.Content; c != nil {
		if c.Parts == nil && !each(&c.Text, ".content") {
			return false
		}
		for i := range c.Parts {
			if !c.Parts[i].texts(fmt.Sprintf(".content[%d]", i), each) {
				return false
			}
		}
	}
	return each(m.Refusal, ".refusal") && m.callTexts(each) && m.signedTexts(path, yield)
}

func (p *ContentPart) texts(at string, each func(s *string, suffix string) bool) bool {
	if !each(p.Text, at+".text") || !each(p.Refusal, at+".refusal") {
		return false
	}
	if u := p.ImageURL; u != nil && !each(u.Text, at+".image_url.url") {
		return false
	}
	f := p.File
	return f == nil || each(f.Filename, at+".file.filename") && each(f.Text, at+".file.file_data")
}

// opaque tells whether the part holds something that is no text.
func (p *ContentPart) opaque() bool {
	return p.ImageURL != nil && p.ImageURL.Text == nil || p.File != nil && p.File.Text == nil || p.InputAudio != nil ||
		p.VideoURL != nil
}

func (m *Message) callTexts(each func(s *string, suffix string) bool) bool {
	if m.FunctionCall != nil && !each(m.FunctionCall.Arguments, ".function_call.arguments") {
		return false
	}
	for i := range m.ToolCalls {
		c := &m.ToolCalls[i]
		at := fmt.Sprintf(".tool_calls[%d]", i)
		if !each(c.Function.Arguments, at+".function.arguments") {
			return false
		}
		if c.Custom != nil && !each(&c.Custom.Input, at+".custom.input") {
			return false
		}
	}
	return true
}

func (m *Message) signedTexts(path string, yield func(Place, *string) bool) bool {
	list := m.ReasoningDetails // it may be withheld meanwhile
	for i := range list {
		d := &list[i]
		if d.Text == "" || d.Signature == "" {
			continue // never sent back to a model (R-RPL-03)
		}
		place := inRequest(m.Role, fmt.Sprintf("%s.reasoning_details[%d].text", path, i))
		place.Signed = true
		if !yield(place, &d.Text) {
			return false
		}
	}
	return true
}
