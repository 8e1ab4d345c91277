package router

import (
	"strings"

	"outcrop/openai"
)

// Estimates of what is not text, in tokens.
const imageTokens = 1600 // of a picture about 1100 points square; what documents hold is not counted

// shape reads counts and members out of the request.
func (f *Facts) shape() {
	e := &f.known
	e.Model, e.Key, e.Tenant, e.HeaderTier, e.TimeBudget = f.Model, f.caller.Key, f.caller.Tenant, f.caller.Tier,
		f.caller.TimeBudget
	e.Seconds, e.Choices = f.caller.TimeBudget.Seconds(), 1
	switch r := f.request.(type) {
	case *openai.ChatRequest:
		f.chat(r)
	case *openai.EmbeddingRequest:
		e.Turns, e.User = 1, value(r.User)
		f.user = r.Input.Texts
	}
}

func (f *Facts) chat(r *openai.ChatRequest) {
	e := &f.known
	e.Tools = len(r.Tools) + len(r.Functions)
	e.StructuredOutput = r.ResponseFormat != nil && (r.ResponseFormat.Type == "json_object" ||
		r.ResponseFormat.Type == "json_schema")
	e.Effort, e.Stream, e.Metadata = value(r.ReasoningEffort), r.Stream, r.Metadata
	e.MaxOutput = int(value(r.MaxTokens))
	if r.MaxCompletionTokens != nil {
		e.MaxOutput = int(*r.MaxCompletionTokens)
	}
	if r.N != nil {
		e.Choices = int(*r.N)
	}
	if e.User = value(r.User); e.User == "" {
		e.User = value(r.SafetyIdentifier)
	}
	for i := range r.Messages {
		m := &r.Messages[i]
		switch m.Role {
		case "user":
			e.Turns++
			f.user = append(f.user, textOf(m.Content))
		case "tool", "function":
			e.ToolResults++
		}
		if m.Content != nil {
			f.media(m.Content.Parts)
		}
	}
}

func (f *Facts) media(parts []openai.ContentPart) {
	for i := range parts {
		switch parts[i].Type {
		case "image_url":
			f.known.Images++
		case "file":
			f.known.Documents++
		case "video_url":
			f.known.Videos++
		case "input_audio":
			f.known.Audios++
		}
	}
}

func value[T any](p *T) T {
	if p == nil {
		var none T
		return none
	}
	return *p
}

// textOf is the text of a message; parts stand on lines of their own.
func textOf(c *openai.Content) string {
	if c == nil {
		return ""
	}
	if c.Parts == nil {
		return c.Text
	}
	first, more := "", []string(nil)
	for i := range c.Parts {
		if t := c.Parts[i].Text; t != nil && *t != "" {
			if first == "" {
				first = *t
			} else {
				more = append(more, *t)
			}
		}
	}
	if more == nil {
		return first
	}
	return first + "\n" + strings.Join(more, "\n")
}

// measure counts the last user turn and everything.
func (f *Facts) measure() {
	e := &f.known
	e.Last.Words, e.Last.Tokens = count(e.Last.Text)
	switch r := f.request.(type) {
	case *openai.ChatRequest:
		// One message that is the last user turn is the usual prompt.
		if len(r.Messages) == 1 && len(f.user) == 1 {
			e.Prompt.Words, e.Prompt.Tokens = e.Last.Words, e.Last.Tokens
		} else {
			f.countTexts()
		}
		for i := range r.Tools {
			e.Prompt.Tokens += len(r.Tools[i].Raw) / 4
		}
		for i := range r.Functions {
			e.Prompt.Tokens += len(r.Functions[i].Raw) / 4
		}
		e.Prompt.Tokens += e.Images * imageTokens
	case *openai.EmbeddingRequest:
		f.countTexts()
		for _, list := range r.Input.Tokens {
			e.Prompt.Tokens += len(list)
		}
	}
}

func (f *Facts) countTexts() {
	eachText(f.request, func(text string) {
		words, tokens := count(text)
		f.known.Prompt.Words += words
		f.known.Prompt.Tokens += tokens
	})
}

// atMost is a number of tokens that the prompt surely does not exceed, without counting: no tokenizer makes more tokens
// than bytes.
func (f *Facts) atMost() int {
	n := f.known.Images * imageTokens
	eachText(f.request, func(text string) { n += len(text) })
	if r, ok := f.request.(*openai.ChatRequest); ok {
		for i := range r.Tools {
			n += len(r.Tools[i].Raw)
		}
		for i := range r.Functions {
			n += len(r.Functions[i].Raw)
		}
	}
	return n
}

// eachText goes over what a model reads of a request: contents, calls of tools with their arguments, and what came of
// them. It does not use Texts of the request, which also makes the path of each.
func eachText(req openai.Request, use func(string)) {
	switch r := req.(type) {
	case *openai.EmbeddingRequest:
		for _, text := range r.Input.Texts {
			use(text)
		}
	case *openai.ChatRequest:
		for i := range r.Messages {
			m := &r.Messages[i]
			if c := m.Content; c != nil {
				use(c.Text)
				for j := range c.Parts {
					use(value(c.Parts[j].Text))
				}
			}
			for j := range m.ToolCalls {
				use(value(m.ToolCalls[j].Function.Arguments))
			}
		}
	}
}

// joined is every text of a request, one behind the other.
func joined(r openai.Request) string {
	var b strings.Builder
	eachText(r, func(text string) {
		if b.Len() > 0 && text != "" {
			b.WriteByte('\n')
		}
		b.WriteString(text)
	})
	return b.String()
}
