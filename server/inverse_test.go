package server_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"outcrop/internal/wiretest"
)

// This file turns a recorded Bedrock request into the OpenAI request that asks for the same. It is written from the two wire
// formats alone and shares nothing with translate, which goes the other way.

type object = map[string]any

type raws = map[string]json.RawMessage

// noForm is why a recorded request has no OpenAI form.
type noForm string

func (n noForm) Error() string { return string(n) }

// recordedConverse is the body of a recorded Converse or ConverseStream request.
type recordedConverse struct {
	Messages []recordedTurn `json:"messages"`
	System   []raws         `json:"system"`
	Tools    struct {
		Tools  []raws `json:"tools"`
		Choice raws   `json:"toolChoice"`
	} `json:"toolConfig"`
	Inference raws            `json:"inferenceConfig"`
	Fields    json.RawMessage `json:"additionalModelRequestFields"`
	Guardrail json.RawMessage `json:"guardrailConfig"`
	Output    *struct {
		Format struct {
			Structure struct {
				Schema struct {
					Name, Description, Schema string
				} `json:"jsonSchema"`
			} `json:"structure"`
		} `json:"textFormat"`
	} `json:"outputConfig"`
}

type recordedTurn struct {
	Role    string `json:"role"`
	Content []raws `json:"content"`
}

// inverseChat gives the OpenAI request of a recording.
func inverseChat(rec *wiretest.Interaction) (object, error) {
	var in recordedConverse
	var members raws
	if err := json.Unmarshal(rec.Request, &in); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(rec.Request, &members); err != nil {
		return nil, err
	}
	for name := range members {
		if !slices.Contains([]string{"messages", "system", "toolConfig", "inferenceConfig", "additionalModelRequestFields", "guardrailConfig", "outputConfig"}, name) {
			return nil, noForm("member " + name)
		}
	}
	req := object{"model": rec.ModelID}
	for bedrock, ours := range map[string]string{"maxTokens": "max_completion_tokens", "temperature": "temperature", "topP": "top_p", "stopSequences": "stop"} {
		if v, ok := in.Inference[bedrock]; ok {
			req[ours] = v
		}
	}
	if in.Fields != nil {
		req["additional_model_request_fields"] = in.Fields
	}
	if in.Guardrail != nil {
		req["guardrail_config"] = in.Guardrail
	}
	if in.Output != nil {
		s := in.Output.Format.Structure.Schema
		req["response_format"] = object{"type": "json_schema", "json_schema": object{
			"name": s.Name, "description": s.Description, "schema": json.RawMessage(s.Schema), "strict": true}}
	}
	if err := inverseTools(&in, req); err != nil {
		return nil, err
	}
	var messages []object
	if len(in.System) > 0 {
		system, err := inverseParts(in.System)
		if err != nil {
			return nil, err
		}
		messages = append(messages, object{"role": "system", "content": system})
	}
	for _, turn := range in.Messages {
		list, err := inverseTurn(turn)
		if err != nil {
			return nil, err
		}
		messages = append(messages, list...)
	}
	req["messages"] = messages
	return req, nil
}

func inverseTools(in *recordedConverse, req object) error {
	var tools []object
	for _, t := range in.Tools.Tools {
		switch {
		case t["cachePoint"] != nil:
			tools[len(tools)-1]["cache_control"] = cacheControl(t["cachePoint"])
		case t["toolSpec"] != nil:
			var spec struct {
				Name        string          `json:"name"`
				Description string          `json:"description"`
				Strict      *bool           `json:"strict"`
				Schema      json.RawMessage `json:"inputSchema"`
			}
			var schema struct {
				JSON json.RawMessage `json:"json"`
			}
			if err := json.Unmarshal(t["toolSpec"], &spec); err != nil {
				return err
			}
			if err := json.Unmarshal(spec.Schema, &schema); err != nil {
				return err
			}
			f := object{"name": spec.Name, "parameters": schema.JSON}
			if spec.Description != "" {
				f["description"] = spec.Description
			}
			if spec.Strict != nil {
				f["strict"] = *spec.Strict
			}
			tools = append(tools, object{"type": "function", "function": f})
		default:
			return noForm("tool of another kind")
		}
	}
	if len(tools) > 0 {
		req["tools"] = tools
	}
	switch choice := in.Tools.Choice; {
	case choice["auto"] != nil:
		req["tool_choice"] = "auto"
	case choice["any"] != nil:
		req["tool_choice"] = "required"
	case choice["tool"] != nil:
		req["tool_choice"] = object{"type": "function", "function": choice["tool"]}
	}
	return nil
}

// inverseTurn gives the messages of one turn: an assistant's is one, a user's is one for each tool result and one for each run
// of other blocks.
func inverseTurn(turn recordedTurn) ([]object, error) {
	if turn.Role == "assistant" {
		m, err := inverseAssistant(turn.Content)
		return []object{m}, err
	}
	var list []object
	var run []raws
	flush := func() error {
		if len(run) == 0 {
			return nil
		}
		parts, err := inverseParts(run)
		list, run = append(list, object{"role": "user", "content": parts}), nil
		return err
	}
	for _, b := range turn.Content {
		switch {
		case b["toolResult"] != nil:
			if len(run) > 0 {
				return nil, noForm("user content before a tool result")
			}
			m, err := inverseResult(b["toolResult"])
			if err != nil {
				return nil, err
			}
			list = append(list, m)
		case b["cachePoint"] != nil && len(run) == 0:
			if len(list) == 0 {
				return nil, noForm("cache point first")
			}
			list[len(list)-1]["cache_control"] = cacheControl(b["cachePoint"])
		default:
			run = append(run, b)
		}
	}
	return list, flush()
}

func inverseResult(raw json.RawMessage) (object, error) {
	var r struct {
		ID      string `json:"toolUseId"`
		Status  string `json:"status"`
		Content []raws `json:"content"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	m := object{"role": "tool", "tool_call_id": r.ID}
	if r.Status == "error" {
		m["is_error"] = true
	}
	for _, b := range r.Content {
		if b["json"] != nil {
			return nil, noForm("JSON block in a tool result")
		}
	}
	parts, err := inverseParts(r.Content)
	m["content"] = parts
	return m, err
}

func inverseAssistant(blocks []raws) (object, error) {
	m := object{"role": "assistant"}
	var parts, calls, details []object
	for _, b := range blocks {
		switch {
		case b["text"] != nil:
			parts = append(parts, object{"type": "text", "text": b["text"]})
		case b["toolUse"] != nil:
			var use struct {
				ID, Type string
				Name     string
				Input    json.RawMessage
			}
			if err := json.Unmarshal(withLowerID(b["toolUse"]), &use); err != nil {
				return nil, err
			}
			if use.Type == "server_tool_use" {
				return nil, noForm("server tool in history")
			}
			calls = append(calls, object{"id": use.ID, "type": "function", "function": object{"name": use.Name, "arguments": string(use.Input)}})
		case b["reasoningContent"] != nil:
			var r struct {
				Text *struct {
					Text      string `json:"text"`
					Signature string `json:"signature"`
				} `json:"reasoningText"`
				Redacted string `json:"redactedContent"`
			}
			if err := json.Unmarshal(b["reasoningContent"], &r); err != nil {
				return nil, err
			}
			if r.Text == nil {
				details = append(details, object{"index": len(details), "type": "reasoning.encrypted", "data": r.Redacted, "format": "bedrock.claude"})
				continue
			}
			d := object{"index": len(details), "type": "reasoning.text", "text": r.Text.Text, "format": "bedrock.claude"}
			if r.Text.Signature != "" {
				d["signature"] = r.Text.Signature
			}
			details = append(details, d)
		default:
			return nil, noForm("assistant block of another kind")
		}
	}
	if parts != nil {
		m["content"] = parts
	}
	if calls != nil {
		m["tool_calls"] = calls
	}
	if details != nil {
		m["reasoning_details"] = details
	}
	return m, nil
}

// withLowerID lets toolUseId decode into a member named ID.
func withLowerID(raw json.RawMessage) json.RawMessage {
	return json.RawMessage(strings.Replace(string(raw), `"toolUseId"`, `"id"`, 1))
}

// inverseParts gives the content parts of text, media and cache points.
func inverseParts(blocks []raws) ([]object, error) {
	parts := []object{}
	for _, b := range blocks {
		switch {
		case b["text"] != nil:
			parts = append(parts, object{"type": "text", "text": b["text"]})
		case b["cachePoint"] != nil:
			if len(parts) == 0 {
				return nil, noForm("cache point first")
			}
			parts[len(parts)-1]["cache_control"] = cacheControl(b["cachePoint"])
		case b["image"] != nil, b["document"] != nil:
			p, err := inverseMedia(b)
			if err != nil {
				return nil, err
			}
			parts = append(parts, p)
		default:
			for kind := range b {
				return nil, noForm("block " + kind)
			}
		}
	}
	return parts, nil
}

func inverseMedia(b raws) (object, error) {
	var m struct {
		Format    string          `json:"format"`
		Name      string          `json:"name"`
		Context   string          `json:"context"`
		Citations json.RawMessage `json:"citations"`
		Source    struct {
			Bytes string `json:"bytes"`
			Text  string `json:"text"`
		} `json:"source"`
	}
	raw := b["image"]
	if raw == nil {
		raw = b["document"]
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	switch {
	case m.Citations != nil || m.Context != "":
		return nil, noForm("document with citations")
	case m.Source.Text != "":
		m.Source.Bytes = base64.StdEncoding.EncodeToString([]byte(m.Source.Text))
	case m.Source.Bytes == "":
		return nil, noForm("media in S3")
	}
	if b["image"] != nil {
		return object{"type": "image_url", "image_url": object{"url": fmt.Sprintf("data:image/%s;base64,%s", m.Format, m.Source.Bytes)}}, nil
	}
	mime := map[string]string{"pdf": "application/pdf", "txt": "text/plain", "csv": "text/csv", "md": "text/markdown", "html": "text/html"}[m.Format]
	if mime == "" {
		mime = "application/octet-stream"
	}
	return object{"type": "file", "file": object{"filename": m.Name + "." + m.Format, "file_data": "data:" + mime + ";base64," + m.Source.Bytes}}, nil
}

func cacheControl(point json.RawMessage) object {
	var p struct {
		TTL string `json:"ttl"`
	}
	_ = json.Unmarshal(point, &p)
	c := object{"type": "ephemeral"}
	if p.TTL != "" {
		c["ttl"] = p.TTL
	}
	return c
}

// inverseEmbedding gives the OpenAI request of a recorded InvokeModel call of an embedding model.
func inverseEmbedding(rec *wiretest.Interaction) (object, error) {
	var in struct {
		Text       *string  `json:"inputText"`
		Dimensions *int     `json:"dimensions"`
		Normalize  *bool    `json:"normalize"`
		Texts      []string `json:"texts"`
		InputType  string   `json:"input_type"`
		Truncate   string   `json:"truncate"`
		Output     *int     `json:"output_dimension"`
		Single     *struct {
			Purpose   string `json:"embeddingPurpose"`
			Dimension *int   `json:"embeddingDimension"`
			Text      struct {
				Value string `json:"value"`
				Mode  string `json:"truncationMode"`
			} `json:"text"`
		} `json:"singleEmbeddingParams"`
	}
	if err := json.Unmarshal(rec.Request, &in); err != nil {
		return nil, err
	}
	req := object{"model": rec.ModelID, "encoding_format": "float"}
	switch {
	case in.Text != nil:
		req["input"] = *in.Text
	case in.Texts != nil:
		req["input"] = in.Texts
	case in.Single != nil:
		req["input"] = in.Single.Text.Value
		in.Truncate, in.Output = in.Single.Text.Mode, in.Single.Dimension
		in.InputType = map[string]string{"GENERIC_INDEX": "search_document", "GENERIC_RETRIEVAL": "search_query"}[in.Single.Purpose]
	default:
		return nil, noForm("embedding of no text")
	}
	if in.Output != nil {
		in.Dimensions = in.Output
	}
	if in.Dimensions != nil {
		req["dimensions"] = *in.Dimensions
	}
	if in.Normalize != nil {
		req["normalize"] = *in.Normalize
	}
	if in.InputType != "" {
		req["input_type"] = in.InputType
	}
	if in.Truncate != "" {
		req["truncate"] = strings.ToLower(in.Truncate)
	}
	return req, nil
}
