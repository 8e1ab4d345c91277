package wiretest

import (
	"bytes"
	"encoding/json"
	"slices"
)

// messagesOf gives the messages of a conversation; format is that of the reasoning in it.
func messagesOf(system []block, turns []turn, format string) ([]tree, error) {
	var messages []tree
	if len(system) > 0 {
		parts, err := partsOf(system)
		if err != nil {
			return nil, err
		}
		messages = append(messages, tree{"role": "system", "content": parts})
	}
	for _, t := range turns {
		var list []tree
		var err error
		if t.Role == "assistant" {
			list, err = assistantMessage(t.Content, format)
		} else {
			list, err = userMessages(t.Content)
		}
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

func assistantMessage(blocks []block, format string) ([]tree, error) {
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
			calls = append(calls, tree{"id": use.ToolUseID, "type": "function",
				"function": tree{"name": use.Name, "arguments": string(use.Input)}})
		case b.is("reasoningContent"):
			entry, err := detail(len(details), b["reasoningContent"])
			if err != nil {
				return nil, err
			}
			entry["format"] = format
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

// detail is an entry of reasoning_details, but for its format.
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
