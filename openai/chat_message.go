package openai

import "github.com/go-json-experiment/json/jsontext"

// Message is one entry of messages, of any role.
type Message struct {
	Role         string
	Content      *Content // nil when absent or null
	Name         *string
	Refusal      *string
	ToolCalls    []ToolCall
	FunctionCall *FunctionCall
	ToolCallID   *string
	Audio        jsontext.Value

	// Extensions: what Outcrop's own replies carry and a client may send back, and what it may add.
	ReasoningDetails []ReasoningDetail
	CacheControl     *CacheControl
	IsError          *bool
}

// Content is a message's content: a string, or parts. Parts is nil when it was a string, and not nil (though perhaps
// empty) when it was an array.
type Content struct {
	Text  string
	Parts []ContentPart
}

// ContentPart is one part of a content array; Type says which of the other members counts.
type ContentPart struct {
	Type       string
	Text       *string // of type text
	Refusal    *string // of type refusal
	ImageURL   *ImageURL
	File       *File
	InputAudio *InputAudio
	VideoURL   *ImageURL

	CacheControl    *CacheControl // extension R-EXT-08
	CacheBreakpoint *CacheControl // prompt_cache_breakpoint
}

// ImageURL is the payload of image_url: an http(s) or data URL. Text is what a data URL holds that is text and does not
// claim to be an image: then it counts, and not the URL.
type ImageURL struct {
	URL    string
	Detail *string
	Text   *string
}

// File is the payload of a file part. Text is what the file holds when it is text: then it counts, and not Data. URL is
// where it can be fetched, which only the Responses API has.
type File struct{ Data, ID, Filename, Text, URL *string }

// InputAudio is the payload of an input_audio part.
type InputAudio struct{ Data, Format string }

// CacheControl is the extension cache_control and OpenAI's prompt_cache_breakpoint; Type holds "type" or "mode".
type CacheControl struct{ Type, TTL *string }

// ToolCall is one call in an assistant message, both in history and in replies.
type ToolCall struct {
	ID       string
	NoID     bool   // history: the member is absent or null, which is not the same as an empty id
	Type     string // "function" or "custom"
	Function FunctionCall
	Custom   *CustomCall
	// After is where the call stood in its turn, for those who keep the order of texts and calls; the content that counts
	// is that before it. Unknown is behind all of the content. Chat has no member for it.
	After Position
}

// FunctionCall names a function and carries its arguments: JSON text, as a string.
type FunctionCall struct {
	Name      string
	Arguments *string // nil when absent or null in history; never nil in a reply
}

// CustomCall is the payload of a tool call of type custom.
type CustomCall struct{ Name, Input string }

func decodeMessage(d *decoder) Message {
	var m Message
	var blocks []ReasoningDetail
	if d.kind() == 'n' {
		d.required("an object")
		return m
	}
	d.object(func(name string) {
		switch name {
		case "role":
			m.Role = d.text()
		case "content":
			m.Content = decodeContent(d)
		case "name":
			m.Name = d.string()
		case "refusal":
			m.Refusal = d.string()
		case "tool_calls":
			m.ToolCalls = nil
			d.array(func() { m.ToolCalls = append(m.ToolCalls, decodeToolCall(d)) })
		case "function_call":
			m.FunctionCall = decodeFunctionCall(d)
		case "tool_call_id":
			m.ToolCallID = d.string()
		case "audio":
			m.Audio = d.rawObject()
		case "reasoning_details":
			m.ReasoningDetails = decodeReasoningDetails(d)
		case "thinking_blocks":
			blocks = decodeThinkingBlocks(d)
		case "cache_control":
			m.CacheControl = decodeCacheControl(d)
		case "is_error":
			m.IsError = d.boolean()
		case "annotations", "citations", "reasoning_content", "reasoning", "parsed", "outcrop", "logprobs":
			d.skip() // sent back from a reply; known and without meaning in history (R-RPL-01, R-RPL-03, R-RPL-12)
		default:
			d.other(name)
		}
	})
	if m.ReasoningDetails == nil {
		m.ReasoningDetails = blocks // where both say the same, ours says it in full
	}
	return m
}

func decodeContent(d *decoder) *Content {
	switch d.kind() {
	case '"':
		return &Content{Text: d.text()}
	case '[':
		c := Content{Parts: []ContentPart{}}
		d.array(func() { c.Parts = append(c.Parts, decodePart(d)) })
		return &c
	}
	d.is('"', "a string or an array of content parts")
	return nil
}

func decodePart(d *decoder) ContentPart {
	var p ContentPart
	if d.kind() == '"' || d.kind() == 'n' {
		d.is('{', "an object")
		if d.err == nil {
			d.wrongType("an object", 'n')
		}
		return p
	}
	d.object(func(name string) {
		switch name {
		case "type":
			p.Type = d.text()
		case "text":
			p.Text = d.string()
		case "refusal":
			p.Refusal = d.string()
		case "image_url":
			p.ImageURL = decodeImageURL(d)
		case "video_url":
			p.VideoURL = decodeImageURL(d)
		case "file":
			p.File = decodeFile(d)
		case "input_audio":
			p.InputAudio = decodeInputAudio(d)
		case "cache_control":
			p.CacheControl = decodeCacheControl(d)
		case "prompt_cache_breakpoint":
			p.CacheBreakpoint = decodeCacheControl(d)
		default:
			d.other(name)
		}
	})
	return p
}

func decodeImageURL(d *decoder) *ImageURL {
	var u ImageURL
	if !d.object(func(name string) {
		switch name {
		case "url":
			u.URL = d.text()
		case "detail":
			u.Detail = d.string()
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	u.Text = textOfURL(u.URL)
	return &u
}

func decodeFile(d *decoder) *File {
	var f File
	if !d.object(func(name string) {
		switch name {
		case "file_data":
			f.Data = d.string()
		case "file_id":
			f.ID = d.string()
		case "filename":
			f.Filename = d.string()
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	if f.Data != nil {
		f.Text = textOfFile(*f.Data)
	}
	return &f
}

func decodeInputAudio(d *decoder) *InputAudio {
	var a InputAudio
	if !d.object(func(name string) {
		switch name {
		case "data":
			a.Data = d.text()
		case "format":
			a.Format = d.text()
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	return &a
}

func decodeCacheControl(d *decoder) *CacheControl {
	var c CacheControl
	if !d.object(func(name string) {
		switch name {
		case "type", "mode":
			c.Type = d.string()
		case "ttl":
			c.TTL = d.string()
		default:
			d.skip() // R-CACHE-01: other members are ignored
		}
	}) {
		return nil
	}
	return &c
}

func decodeToolCall(d *decoder) ToolCall {
	c := ToolCall{NoID: true}
	d.object(func(name string) {
		switch name {
		case "id":
			id := d.string()
			if c.NoID = id == nil; !c.NoID {
				c.ID = *id
			}
		case "type":
			c.Type = d.text()
		case "function":
			if f := decodeFunctionCall(d); f != nil {
				c.Function = *f
			}
		case "custom":
			c.Custom = decodeCustomCall(d)
		case "index":
			d.skip() // clients that fold a stream themselves send it back
		default:
			d.other(name)
		}
	})
	return c
}

func decodeFunctionCall(d *decoder) *FunctionCall {
	var f FunctionCall
	if !d.object(func(name string) {
		switch name {
		case "name":
			f.Name = d.text()
		case "arguments":
			f.Arguments = d.string()
		case "parsed_arguments":
			d.skip() // openai-node's and openai-python's parse() add it to the message
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	return &f
}

func decodeCustomCall(d *decoder) *CustomCall {
	var c CustomCall
	if !d.object(func(name string) {
		switch name {
		case "name":
			c.Name = d.text()
		case "input":
			c.Input = d.text()
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	return &c
}
