package openai

import "github.com/go-json-experiment/json/jsontext"

// ResponsesRequest is the body of POST /v1/responses, as it was sent (RESPONSES 2): translate/responses makes a chat of
// it. Members that mean the same in both APIs stand in Chat already. Nil is absent or null.
type ResponsesRequest struct {
	Chat ChatRequest

	Input           *ResponsesInput
	Instructions    *string
	MaxOutputTokens *int64
	Tools           []ResponsesTool
	ToolChoice      *ToolChoice
	ToolChoiceSent  jsontext.Value
	MaxToolCalls    *int64
	Format          *ResponsesFormat
	Verbosity       *string
	Reasoning       *ResponsesReasoning
	Include         []string
	Store           *bool
	Previous        *string // previous_response_id
	Conversation    bool    // it was given
	Background      *bool
	Truncation      *string
	TopLogprobs     *int64
	Obfuscation     *bool
	StreamOptions   bool // they were given
	Prompt          bool
	Moderation      bool
	Compactions     int      // entries of context_management of that type
	Steering        []string // members that steer tools and programmes of OpenAI's: known, and never honoured
	Messages        bool     // chat's own member was given
}

// ResponsesInput is input: a string, or items, which are nil for a string.
type ResponsesInput struct {
	Text  string
	Items []ResponsesItem
}

// ResponsesItem is one item of input; Type says which of the other members count.
type ResponsesItem struct {
	Type, ID, Role  string
	Content         *Content // of messages; files and images in chat's form
	CallID          *string
	Name, Namespace string
	Arguments       *string  // of function_call
	Input           *string  // of custom_tool_call
	Output          *Content // of calls
	Encrypted       *string  // encrypted_content
	Tools           []ResponsesTool
	Author          string
	Recipient       string
	IsError         *bool
	CacheControl    *CacheControl
}

// ResponsesTool is one entry of tools. Function has its members, nested or flat.
type ResponsesTool struct {
	Type         string
	Function     Function
	Format       *ResponsesGrammar // of custom tools
	Tools        []ResponsesTool   // of a namespace
	Execution    string            // of tool_search
	CacheControl *CacheControl
	Raw          jsontext.Value
}

// ResponsesGrammar is the format of a custom tool.
type ResponsesGrammar struct{ Type, Syntax, Definition string }

// ResponsesFormat is text.format; Schema is nil unless Type is json_schema.
type ResponsesFormat struct {
	Type   string
	Schema *JSONSchema
	Raw    jsontext.Value
}

// ResponsesReasoning is reasoning.
type ResponsesReasoning struct {
	Effort, Summary *string
	Context, Mode   *string
}

// DecodeResponses reads the body of a Responses request. The error is a 400 that names the path or the byte of the first
// fault.
func DecodeResponses(body []byte) (*ResponsesRequest, *Error) {
	var r ResponsesRequest
	var seen spellings
	unknown, err := decodeObject(body, func(d *decoder, name string) {
		if !r.asked(d, name) && !r.shared(d, name) && !r.hosted(d, name) && !r.Chat.extension(d, name, &seen) {
			d.otherTop(name)
		}
	})
	r.Chat.unknown = unknown
	if err == nil {
		err = seen.twice
	}
	if err != nil {
		return nil, err
	}
	return &r, nil
}

// shared reads the members that mean the same in chat.
func (r *ResponsesRequest) shared(d *decoder, name string) bool {
	switch name {
	case "model", "stream", "parallel_tool_calls":
		return r.Chat.core(d, name)
	case "temperature", "top_p", "metadata", "user", "safety_identifier", "service_tier", "prompt_cache_key",
		"prompt_cache_retention", "prompt_cache_options":
		return r.Chat.tuning(d, name)
	}
	return false
}

// asked reads what this API says in its own way.
func (r *ResponsesRequest) asked(d *decoder, name string) bool {
	switch name {
	case "input":
		r.Input = decodeResponsesInput(d)
	case "instructions":
		r.Instructions = d.string()
	case "max_output_tokens":
		r.MaxOutputTokens = d.integer()
	case "tools":
		r.Tools = decodeResponsesTools(d)
	case "tool_choice":
		r.ToolChoice = r.decodeChoice(d)
	case "max_tool_calls":
		r.MaxToolCalls = d.integer()
	case "text":
		r.decodeText(d)
	case "reasoning":
		r.Reasoning = decodeResponsesReasoning(d)
	case "include":
		r.Include = d.strings()
	case "store":
		r.Store = d.boolean()
	case "previous_response_id":
		r.Previous = d.string()
	case "background":
		r.Background = d.boolean()
	case "truncation":
		r.Truncation = d.string()
	case "top_logprobs":
		r.TopLogprobs = d.integer()
	default:
		return false
	}
	return true
}

// hosted reads what OpenAI alone can do.
func (r *ResponsesRequest) hosted(d *decoder, name string) bool {
	switch name {
	case "stream_options":
		o := decodeStreamOptions(d)
		if r.StreamOptions = o != nil; r.StreamOptions {
			r.Obfuscation = o.IncludeObfuscation
		}
	case "conversation":
		r.Conversation = d.raw() != nil
	case "prompt":
		r.Prompt = d.raw() != nil
	case "moderation":
		r.Moderation = d.raw() != nil
	case "context_management":
		d.array(func() {
			d.object(func(name string) {
				if name == "type" && d.text() == "compaction" {
					r.Compactions++
				} else if name != "type" {
					d.skip()
				}
			})
		})
	case "image", "access_programs":
		if d.raw() != nil {
			r.Steering = append(r.Steering, name)
		}
	case "client_metadata":
		d.skip() // R-RSP-37
	case "messages":
		r.Messages = d.raw() != nil
	default:
		return false
	}
	return true
}

func (r *ResponsesRequest) decodeText(d *decoder) {
	d.object(func(name string) {
		switch name {
		case "format":
			r.Format = decodeResponsesFormat(d)
		case "verbosity":
			r.Verbosity = d.string()
		default:
			d.other(name)
		}
	})
}

func decodeResponsesFormat(d *decoder) *ResponsesFormat {
	raw := d.rawObject()
	if raw == nil {
		return nil
	}
	f := ResponsesFormat{Raw: raw}
	var s JSONSchema
	d.within(raw, func(d *decoder, name string) {
		switch name {
		case "type":
			f.Type = d.text()
		case "name":
			s.Name = d.text()
		case "description":
			s.Description = d.string()
		case "schema":
			s.Schema = d.rawObject()
		case "strict":
			s.Strict = d.boolean()
		default:
			d.other(name)
		}
	})
	if f.Type == "json_schema" {
		f.Schema = &s
	}
	return &f
}

func decodeResponsesReasoning(d *decoder) *ResponsesReasoning {
	var r ResponsesReasoning
	if !d.object(func(name string) {
		switch name {
		case "effort":
			r.Effort = d.string()
		case "summary", "generate_summary":
			if s := d.string(); s != nil {
				r.Summary = s
			}
		case "context":
			r.Context = d.string()
		case "mode":
			r.Mode = d.string()
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	return &r
}

func decodeResponsesInput(d *decoder) *ResponsesInput {
	switch d.kind() {
	case '"':
		return &ResponsesInput{Text: d.text()}
	case '[':
		in := ResponsesInput{Items: []ResponsesItem{}}
		d.array(func() { in.Items = append(in.Items, decodeResponsesItem(d)) })
		return &in
	}
	d.is('"', "a string or an array of items")
	return nil
}
