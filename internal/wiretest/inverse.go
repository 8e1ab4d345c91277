package wiretest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// NoForm is why a recorded request has no OpenAI form.
type NoForm string

// Error gives the reason.
func (n NoForm) Error() string { return string(n) }

// ChatRequest gives the OpenAI request that asks for what a recorded Converse or ConverseStream request asked for, as the tree of
// its JSON. It is written from the two wire formats alone and shares nothing with the translation, which goes the other way.
// Where there is none, the error is a [NoForm].
func ChatRequest(rec *Interaction) (map[string]any, error) {
	var in struct {
		Messages  []turn
		System    []block
		Inference struct {
			MaxTokens, Temperature, TopP, StopSequences json.RawMessage
		} `json:"inferenceConfig"`
		Tools                        toolConfig `json:"toolConfig"`
		AdditionalModelRequestFields json.RawMessage
		AdditionalPaths              json.RawMessage `json:"additionalModelResponseFieldPaths"`
		GuardrailConfig              json.RawMessage
		PerformanceConfig            json.RawMessage
		RequestMetadata              json.RawMessage
		ServiceTier                  *struct{ Type string }
		OutputConfig                 *outputConfig
	}
	if len(rec.Request) == 0 || string(rec.Request) == "null" {
		return nil, NoForm("the request was not recorded")
	}
	d := json.NewDecoder(bytes.NewReader(rec.Request))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, fmt.Errorf("%s: %w", rec.ID, err)
	}
	// The recorded client placed its cache points itself, or wanted none.
	req := tree{"model": rec.ModelID, "prompt_cache_options": tree{"mode": "explicit"}}
	if rec.Operation == "ConverseStream" {
		req["stream"] = true
	}
	req.put("max_completion_tokens", in.Inference.MaxTokens)
	req.put("temperature", in.Inference.Temperature)
	req.put("top_p", in.Inference.TopP)
	req.put("stop", in.Inference.StopSequences)
	req.put("additional_model_request_fields", in.AdditionalModelRequestFields)
	req.put("additional_model_response_field_paths", in.AdditionalPaths)
	req.put("guardrail_config", in.GuardrailConfig)
	req.put("performance_config", in.PerformanceConfig)
	req.put("request_metadata", in.RequestMetadata)
	if in.ServiceTier != nil {
		tiers := map[string]string{"reserved": "scale"}
		req["service_tier"] = in.ServiceTier.Type
		if name := tiers[in.ServiceTier.Type]; name != "" {
			req["service_tier"] = name
		}
	}
	if in.OutputConfig != nil {
		req["response_format"] = in.OutputConfig.format()
	}
	if err := in.Tools.addTo(req); err != nil {
		return nil, err
	}
	messages, err := messagesOf(in.System, in.Messages)
	req["messages"] = messages
	return req, err
}

type tree map[string]any

func (t tree) put(name string, v json.RawMessage) {
	if len(v) > 0 {
		t[name] = v
	}
}

type turn struct {
	Role    string
	Content []block
}

// block is one content block of any kind: its name leads to its value.
type block map[string]json.RawMessage

func (b block) is(kind string) bool { return len(b[kind]) > 0 }

type outputConfig struct {
	TextFormat struct {
		Type      string
		Structure struct {
			JSONSchema struct{ Name, Description, Schema string } `json:"jsonSchema"`
		}
	}
}

func (o *outputConfig) format() tree {
	s := o.TextFormat.Structure.JSONSchema
	schema := tree{"name": s.Name, "schema": json.RawMessage(s.Schema), "strict": true}
	if s.Description != "" {
		schema["description"] = s.Description
	}
	return tree{"type": "json_schema", "json_schema": schema}
}

type toolConfig struct {
	Tools      []block
	ToolChoice block
}

func (c *toolConfig) addTo(req tree) error {
	var tools []tree
	for _, b := range c.Tools {
		switch {
		case b.is("cachePoint") && len(tools) > 0:
			tools[len(tools)-1]["cache_control"] = cacheControl(b["cachePoint"])
		case b.is("toolSpec"):
			var spec struct {
				Name        string
				Description string
				Strict      *bool
				InputSchema struct{ JSON json.RawMessage }
			}
			if err := json.Unmarshal(b["toolSpec"], &spec); err != nil {
				return err
			}
			f := tree{"name": spec.Name, "parameters": spec.InputSchema.JSON}
			if spec.Description != "" {
				f["description"] = spec.Description
			}
			if spec.Strict != nil {
				f["strict"] = *spec.Strict
			}
			tools = append(tools, tree{"type": "function", "function": f})
		default:
			return NoForm("a system tool (R-EXT-11)")
		}
	}
	if len(tools) > 0 {
		req["tools"] = tools
	}
	switch choice := c.ToolChoice; {
	case choice.is("auto"):
		req["tool_choice"] = "auto"
	case choice.is("any"):
		req["tool_choice"] = "required"
	case choice.is("tool"):
		req["tool_choice"] = tree{"type": "function", "function": choice["tool"]}
	}
	return nil
}

func messagesOf(system []block, turns []turn) ([]tree, error) {
	var messages []tree
	if len(system) > 0 {
		parts, err := partsOf(system)
		if err != nil {
			return nil, err
		}
		messages = append(messages, tree{"role": "system", "content": parts})
	}
	for _, t := range turns {
		of := userMessages
		if t.Role == "assistant" {
			of = assistantMessage
		}
		list, err := of(t.Content)
		if err != nil {
			return nil, err
		}
		messages = append(messages, list...)
	}
	return messages, nil
}

// userMessages makes a message of each tool result and of each run of other blocks.
func userMessages(blocks []block) ([]tree, error) {
	var list []tree
	for len(blocks) > 0 {
		switch b := blocks[0]; {
		case b.is("toolResult"):
			m, err := toolMessage(b["toolResult"])
			if err != nil {
				return nil, err
			}
			list, blocks = append(list, m), blocks[1:]
		case b.is("cachePoint"):
			if len(list) == 0 {
				return nil, NoForm("a cache point without a block before it")
			}
			list[len(list)-1]["cache_control"] = cacheControl(b["cachePoint"])
			blocks = blocks[1:]
		default:
			end := slices.IndexFunc(blocks, func(b block) bool { return b.is("toolResult") })
			if end < 0 {
				end = len(blocks)
			}
			parts, err := partsOf(blocks[:end])
			if err != nil {
				return nil, err
			}
			list, blocks = append(list, tree{"role": "user", "content": parts}), blocks[end:]
		}
	}
	if list == nil {
		return nil, NoForm("an empty user turn")
	}
	return list, nil
}

func toolMessage(raw json.RawMessage) (tree, error) {
	var r struct {
		ToolUseID string `json:"toolUseId"`
		Status    string
		Content   []block
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	m := tree{"role": "tool", "tool_call_id": r.ToolUseID}
	if r.Status == "error" {
		m["is_error"] = true
	}
	for i, b := range r.Content {
		if b.is("json") { // OpenAI's tool messages hold text
			var text bytes.Buffer
			if err := json.Compact(&text, b["json"]); err != nil {
				return nil, err
			}
			quoted, err := json.Marshal(text.String())
			if err != nil {
				return nil, err
			}
			r.Content[i] = block{"text": quoted}
		}
	}
	parts, err := partsOf(r.Content)
	m["content"] = parts
	return m, err
}

func assistantMessage(blocks []block) ([]tree, error) {
	m := tree{"role": "assistant"}
	var parts, calls, details []tree
	for _, b := range blocks {
		switch {
		case b.is("text"):
			parts = append(parts, tree{"type": "text", "text": b["text"]})
		case b.is("citationsContent"):
			var c struct {
				Content []struct{ Text json.RawMessage }
			}
			if err := json.Unmarshal(b["citationsContent"], &c); err != nil {
				return nil, err
			}
			for _, x := range c.Content {
				parts = append(parts, tree{"type": "text", "text": x.Text})
			}
		case b.is("toolUse"):
			var use struct {
				ToolUseID  string `json:"toolUseId"`
				Name, Type string
				Input      json.RawMessage
			}
			if err := json.Unmarshal(b["toolUse"], &use); err != nil {
				return nil, err
			}
			if use.Type == "server_tool_use" {
				return nil, NoForm("a call of a server tool (R-EXT-11)")
			}
			calls = append(calls, tree{"id": use.ToolUseID, "type": "function", "function": tree{"name": use.Name, "arguments": string(use.Input)}})
		case b.is("reasoningContent"):
			entry, err := detail(len(details), b["reasoningContent"])
			if err != nil {
				return nil, err
			}
			details = append(details, entry)
		case b.is("cachePoint") && len(calls) > 0:
			m["cache_control"] = cacheControl(b["cachePoint"])
		case b.is("cachePoint") && len(parts) > 0:
			parts[len(parts)-1]["cache_control"] = cacheControl(b["cachePoint"])
		default:
			return nil, NoForm("an assistant's block that OpenAI does not have")
		}
	}
	for name, list := range map[string][]tree{"content": parts, "tool_calls": calls, "reasoning_details": details} {
		if list != nil {
			m[name] = list
		}
	}
	return []tree{m}, nil
}

// detail is an entry of reasoning_details without the format, which depends on the family.
func detail(index int, raw json.RawMessage) (tree, error) {
	var r struct {
		ReasoningText   *struct{ Text, Signature string }
		RedactedContent string
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	if r.ReasoningText == nil {
		return tree{"index": index, "type": "reasoning.encrypted", "data": r.RedactedContent}, nil
	}
	d := tree{"index": index, "type": "reasoning.text", "text": r.ReasoningText.Text}
	if r.ReasoningText.Signature != "" {
		d["signature"] = r.ReasoningText.Signature
	}
	return d, nil
}

func partsOf(blocks []block) ([]tree, error) {
	parts := []tree{}
	for _, b := range blocks {
		switch {
		case b.is("text"):
			parts = append(parts, tree{"type": "text", "text": b["text"]})
		case b.is("cachePoint") && len(parts) > 0:
			parts[len(parts)-1]["cache_control"] = cacheControl(b["cachePoint"])
		case b.is("image"):
			m, err := mediaOf(b["image"])
			if err != nil {
				return nil, err
			}
			parts = append(parts, tree{"type": "image_url", "image_url": tree{"url": "data:image/" + m.Format + ";base64," + m.Source.Bytes}})
		case b.is("document"):
			m, err := mediaOf(b["document"])
			if err != nil {
				return nil, err
			}
			parts = append(parts, tree{"type": "file", "file": tree{"filename": m.Name + "." + m.Format, "file_data": "data:" + m.mime() + ";base64," + m.Source.Bytes}})
		case b.is("video"), b.is("audio"):
			return nil, NoForm("video or sound (R-PART-14)")
		case b.is("guardContent"):
			return nil, NoForm("guardContent (R-GRD-07)")
		default:
			return nil, NoForm("a block that OpenAI does not have: " + strings.Join(kindsOf(b), " "))
		}
	}
	return parts, nil
}

func kindsOf(b block) (kinds []string) {
	for k := range b {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds
}

type mediaBlock struct {
	Format, Name string
	Context      string
	Citations    json.RawMessage
	Source       struct {
		Bytes, Text string
		S3Location  json.RawMessage
		Content     json.RawMessage
	}
}

func (m *mediaBlock) mime() string {
	mime := map[string]string{"pdf": "application/pdf", "txt": "text/plain", "csv": "text/csv", "md": "text/markdown", "html": "text/html"}[m.Format]
	if mime == "" {
		return "application/octet-stream"
	}
	return mime
}

func mediaOf(raw json.RawMessage) (*mediaBlock, error) {
	var m mediaBlock
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	switch {
	case m.Citations != nil || m.Context != "":
		return nil, NoForm("a document with citations (R-PART-16)")
	case m.Source.Content != nil:
		return nil, NoForm("a document of chunks")
	case m.Source.S3Location != nil:
		return nil, NoForm("media in S3 (R-PART-06)")
	case m.Source.Text != "":
		m.Source.Bytes = base64.StdEncoding.EncodeToString([]byte(m.Source.Text))
	}
	return &m, nil
}

// cacheControl is what stands beside a part for a cache point after it.
func cacheControl(point json.RawMessage) tree {
	var p struct{ TTL string }
	_ = json.Unmarshal(point, &p) // it was decoded before
	c := tree{"type": "ephemeral"}
	if p.TTL != "" {
		c["ttl"] = p.TTL
	}
	return c
}
