package openai

import "github.com/go-json-experiment/json/jsontext"

// decodeResponsesItem reads one item of input. Of a type that nobody reads here only the type counts.
func decodeResponsesItem(d *decoder) ResponsesItem {
	raw := d.rawObject()
	if raw == nil {
		if d.err == nil {
			d.wrongType("an object", 'n')
		}
		return ResponsesItem{}
	}
	var it ResponsesItem
	members := 0
	d.within(raw, func(d *decoder, name string) {
		members++
		switch name {
		case "type":
			it.Type = d.text()
		case "role":
			it.Role = d.text()
		case "id":
			it.ID = d.text()
		default:
			d.skip()
		}
	})
	if it.Type == "" && it.Role != "" {
		it.Type = "message"
	}
	if it.Type == "" && it.ID != "" && members == 1 {
		it.Type = "item_reference"
	}
	if read := itemMembers[it.Type]; read != nil {
		d.within(raw, func(d *decoder, name string) {
			if !read(&it, d, name) {
				it.common(d, name)
			}
		})
	}
	return it
}

// itemMembers read the members of each type of item that means something here.
var itemMembers = map[string]func(it *ResponsesItem, d *decoder, name string) bool{
	"message":                 (*ResponsesItem).messageMember,
	"agent_message":           (*ResponsesItem).messageMember,
	"function_call":           (*ResponsesItem).callMember,
	"custom_tool_call":        (*ResponsesItem).callMember,
	"function_call_output":    (*ResponsesItem).outputMember,
	"custom_tool_call_output": (*ResponsesItem).outputMember,
	"reasoning":               (*ResponsesItem).sealedMember,
	"compaction":              (*ResponsesItem).sealedMember,
	"context_compaction":      (*ResponsesItem).sealedMember,
	"additional_tools":        (*ResponsesItem).toolsMember,
	"tool_search_output":      (*ResponsesItem).toolsMember,
}

// common reads what every item has.
func (it *ResponsesItem) common(d *decoder, name string) {
	switch name {
	case "type", "role", "id", "status", "phase", "created_by":
		d.skip()
	case "cache_control", "prompt_cache_breakpoint":
		it.CacheControl = decodeCacheControl(d)
	default:
		d.other(name)
	}
}

func (it *ResponsesItem) messageMember(d *decoder, name string) bool {
	switch name {
	case "content":
		it.Content = decodeResponsesContent(d)
	case "author":
		it.Author = d.text()
	case "recipient":
		it.Recipient = d.text()
	default:
		return false
	}
	return true
}

func (it *ResponsesItem) callMember(d *decoder, name string) bool {
	switch name {
	case "call_id":
		it.CallID = d.string()
	case "name":
		it.Name = d.text()
	case "namespace":
		it.Namespace = d.text()
	case "arguments":
		it.Arguments = d.string()
	case "input":
		it.Input = d.string()
	case "parsed_arguments", "caller":
		d.skip()
	default:
		return false
	}
	return true
}

func (it *ResponsesItem) outputMember(d *decoder, name string) bool {
	switch name {
	case "call_id":
		it.CallID = d.string()
	case "output":
		if d.kind() == '{' { // tolerated: its bytes are the text
			it.Output = &Content{Text: string(d.raw())}
		} else {
			it.Output = decodeResponsesContent(d)
		}
	case "is_error":
		it.IsError = d.boolean()
	case "name", "caller":
		d.skip()
	default:
		return false
	}
	return true
}

func (it *ResponsesItem) sealedMember(d *decoder, name string) bool {
	switch name {
	case "encrypted_content":
		it.Encrypted = d.string()
	case "summary", "content":
		d.skip() // never sent (R-RSP-54)
	default:
		return false
	}
	return true
}

func (it *ResponsesItem) toolsMember(d *decoder, name string) bool {
	switch name {
	case "tools":
		it.Tools = decodeResponsesTools(d)
	case "call_id", "execution":
		d.skip()
	default:
		return false
	}
	return true
}

// decodeResponsesContent reads content or output: a string or parts, which get chat's form.
func decodeResponsesContent(d *decoder) *Content {
	switch d.kind() {
	case '"':
		return &Content{Text: d.text()}
	case '[':
		c := Content{Parts: []ContentPart{}}
		d.array(func() { c.Parts = append(c.Parts, decodeResponsesPart(d)) })
		return &c
	}
	d.is('"', "a string or an array of content parts")
	return nil
}

// decodeResponsesPart reads a part; its Type stays as it was sent.
func decodeResponsesPart(d *decoder) ContentPart {
	var p ContentPart
	if d.kind() == '"' || d.kind() == 'n' {
		d.is('{', "an object")
		if d.err == nil {
			d.wrongType("an object", 'n')
		}
		return p
	}
	var file File
	var url, detail *string
	var sound jsontext.Value
	d.object(func(name string) {
		switch name {
		case "type":
			p.Type = d.text()
		case "text":
			p.Text = d.string()
		case "refusal":
			p.Refusal = d.string()
		case "image_url":
			url = d.string()
		case "detail":
			detail = d.string()
		case "file_data":
			file.Data = d.string()
		case "filename":
			file.Filename = d.string()
		case "file_id":
			file.ID = d.string()
		case "file_url":
			file.URL = d.string()
		case "input_audio":
			sound = d.rawObject()
		case "cache_control":
			p.CacheControl = decodeCacheControl(d)
		case "prompt_cache_breakpoint":
			p.CacheBreakpoint = decodeCacheControl(d)
		case "annotations", "logprobs", "parsed", "encrypted_content":
			d.skip()
		default:
			d.other(name)
		}
	})
	switch p.Type {
	case "input_image":
		p.ImageURL = &ImageURL{Detail: detail}
		if url != nil {
			p.ImageURL.URL, p.ImageURL.Text = *url, textOfURL(*url)
		} else {
			p.File = &File{ID: file.ID}
		}
	case "input_file":
		if file.Data != nil {
			file.Text = textOfFile(*file.Data)
		}
		p.File = &file
	case "input_audio":
		if sound != nil {
			p.InputAudio = &InputAudio{}
		}
	}
	return p
}
