package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"outcrop/internal/bedrock/offline/answer"
	"outcrop/internal/bedrock/offline/wire"
)

// toolSupportRule: [FACTS 2.2]. The first text is known by its beginning only.
func toolSupportRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	if r.Tools == nil {
		return nil
	}
	switch {
	case wire.Denies(t.Model.Features.Tools):
		return wire.Invalid("This model doesn't support tool use. Try again without tools or use a model that supports " +
			"tool use.")
	case r.Streamed && wire.Denies(t.Model.Features.StreamingTools):
		return wire.Invalid("This model doesn't support tool use in streaming mode.")
	}
	return nil
}

// toolDefinitionRule: what a tool's definition must be. The texts of this rule are unconfirmed.
func toolDefinitionRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	if r.Tools == nil {
		return nil
	}
	names, strict := map[string]int{}, 0
	for i, d := range r.Tools.Tools {
		if d.System != nil && !slices.Contains([]string{"nova-2"}, t.Model.Family) {
			return wire.Unsupported("systemTool")
		}
		if d.Spec == nil {
			continue
		}
		if first, taken := names[d.Spec.Name]; taken {
			return wire.Invalid("The tool name %s at toolConfig.tools.%d.toolSpec is already used at "+
				"toolConfig.tools.%d.toolSpec. Tool names must "+
				"be unique.", d.Spec.Name, i, first)
		}
		names[d.Spec.Name] = i
		where := fmt.Sprintf("toolConfig.tools.%d.toolSpec", i)
		var schema map[string]any
		if json.Unmarshal(d.Spec.Schema.JSON, &schema) != nil || schema == nil {
			return wire.Invalid("The format of the value at %s.inputSchema.json is invalid. Provide a json object for the "+
				"field and try again.", where)
		}
		if schema["type"] != "object" {
			return wire.Invalid("The value at %s.inputSchema.json.type must be one of the following: object.", where)
		}
		if d.Spec.Strict {
			strict++
			if e := strictSchema(schema, where+".inputSchema.json"); e != nil {
				return e
			}
		}
	}
	if len(names) == 0 && !slices.ContainsFunc(r.Tools.Tools, func(d wire.Tool) bool { return d.System != nil }) {
		return wire.Invalid("The toolConfig.tools field must hold at least one tool.")
	}
	if strict > 20 && t.Model.Traits.Claude {
		return wire.RefusedByModel("tools: at most 20 tools may be strict, found %d", strict)
	}
	return nil
}

// toolChoiceRule: kinds of choice by model [FACTS 2.2, 4.1].
func toolChoiceRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	if r.Tools == nil || r.Tools.Choice == nil {
		return nil
	}
	choice := r.Tools.Choice
	kind := "auto"
	switch {
	case choice.Any != nil:
		kind = "any"
	case choice.Tool != nil:
		kind = "tool"
	}
	taken := t.Model.Features.ToolChoice
	if taken != nil && !slices.Contains(taken, kind) {
		field := "toolConfig.toolChoice." + kind
		return wire.Invalid("This model doesn't support the %s field. Remove %s and try again", field, field)
	}
	if kind == "tool" && r.ToolNamed(choice.Tool.Name) == nil { // text unconfirmed
		return wire.Invalid("The tool name %s at toolConfig.toolChoice.tool.name isn't defined in toolConfig.tools.",
			choice.Tool.Name)
	}
	return nil
}

// ToolHistoryRule is a rule: history with tool blocks needs toolConfig, and inputs are objects [FACTS 2.2].
func ToolHistoryRule(r *wire.ConverseRequest, _ wire.Target) *wire.Exception {
	for i, m := range r.Messages {
		for j, b := range m.Content {
			if (b.ToolUse != nil || b.ToolResult != nil) && r.Tools == nil {
				return wire.Invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
			}
			if b.ToolUse != nil && !bytes.HasPrefix(bytes.TrimSpace(b.ToolUse.Input), []byte("{")) {
				return wire.Invalid("The format of the value at messages.%d.content.%d.toolUse.input is invalid. Provide a json "+
					"object for the field "+
					"and try again.", i, j)
			}
			// text unconfirmed
			if b.ToolUse != nil && m.Role != "assistant" || b.ToolResult != nil && m.Role != "user" && b.ToolResult.Type == "" {
				return wire.Invalid("The content block at messages.%d.content.%d can't be used in a message of role %s.", i, j,
					m.Role)
			}
			if b.Addition != nil || b.Removal != nil { // text unconfirmed
				return wire.Unsupported("toolAddition")
			}
		}
	}
	return nil
}

// ToolPairRule is a rule: each call has its result in the very next turn, and each result its call in the turn before
// [FACTS 2.2]. System tools bring their results in the assistant's own turn.
func ToolPairRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	turns := joinTurns(r.Messages)
	for n, turn := range turns {
		if turn.role == "assistant" {
			continue
		}
		var calls []string
		if n > 0 {
			calls = turns[n-1].calls
		}
		if id := firstDouble(turn.results); id != "" {
			return wire.Invalid("The toolResult blocks at messages.%d.content contain duplicate Ids: %s", turn.index, id)
		}
		if len(turn.results) > len(calls) {
			return wire.Invalid("The number of toolResult blocks at messages.%d.content exceeds the number of toolUse blocks "+
				"of previous turn.", turn.index)
		}
		if missing := without(calls, turn.results); len(missing) > 0 {
			return wire.Invalid("Expected toolResult blocks at messages.%d.content for the following Ids: %s", turn.index,
				strings.Join(missing, ", "))
		}
	}
	for _, turn := range turns {
		if id := firstDouble(turn.calls); id != "" {
			return wire.Invalid("The toolUse blocks at messages.%d.content contain duplicate Ids: %s", turn.index, id)
		}
	}
	if last := turns; len(last) > 0 && len(last[len(last)-1].calls) > 0 {
		return wire.Invalid("Expected toolResult blocks at messages.%d.content for the following Ids: %s", len(r.Messages),
			strings.Join(last[len(last)-1].calls, ", "))
	}
	return nil
}

// turn is what toolPairRule needs of neighbours of equal role, which the service merges.
type turn struct {
	role           string
	index          int // of the last message in it
	calls, results []string
}

func joinTurns(messages []wire.Message) []turn {
	var turns []turn
	for i, m := range messages {
		if len(turns) == 0 || turns[len(turns)-1].role != m.Role {
			turns = append(turns, turn{role: m.Role})
		}
		last := &turns[len(turns)-1]
		last.index = i
		for _, b := range m.Content {
			if b.ToolUse != nil && b.ToolUse.Type != "server_tool_use" {
				last.calls = append(last.calls, b.ToolUse.ID)
			}
			if b.ToolResult != nil && m.Role == "user" {
				last.results = append(last.results, b.ToolResult.ID)
			}
		}
	}
	return turns
}

func firstDouble(ids []string) string {
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			return id
		}
		seen[id] = true
	}
	return ""
}

func without(all, some []string) []string {
	var rest []string
	for _, id := range all {
		if !slices.Contains(some, id) {
			rest = append(rest, id)
		}
	}
	return rest
}

// toolCompanyRule: what may stand beside calls and results in one turn [FACTS 2.2].
func toolCompanyRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	for i, m := range r.Messages {
		calls, results, other := false, false, ""
		for _, b := range m.Content {
			switch {
			case b.ToolUse != nil:
				calls = true
			case b.ToolResult != nil:
				results = true
			case b.CachePoint != nil, b.Reasoning != nil:
			case b.Document != nil:
				other = "document"
			case b.Video != nil:
				other = "video"
			case other == "":
				other = "text"
			}
		}
		switch {
		case calls && other != "" && t.Model.Traits.TextAlone:
			return wire.Invalid("messages.%d.content: Conversation blocks and tool use blocks cannot be provided in the same "+
				"turn", i)
		case results && other != "" && wire.Affirms(t.Model.ToolResultMustBeAlone),
			results && t.Model.Traits.Claude && (other == "document" || other == "video"): // Claude's own text is unconfirmed
			return wire.Invalid("messages.%d.content: Conversation blocks and tool result blocks cannot be provided in the "+
				"same turn.", i)
		}
	}
	return nil
}

// toolResultRule: status and media of results [FACTS 2.2].
func toolResultRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	f := t.Model.Traits
	for _, m := range r.Messages {
		for _, b := range m.Content {
			if b.ToolResult == nil {
				continue
			}
			if b.ToolResult.Status != "" && wire.Denies(t.Model.ToolResultStatus) {
				return wire.Invalid("This model doesn't support the status field. Remove status and try again.")
			}
			if len(b.ToolResult.Content) == 0 && t.Model.Family == "nemotron" { // text unconfirmed
				return wire.Invalid("The content field in the ToolResultBlock object is empty. Add content to the content field " +
					"and try again.")
			}
			for _, c := range b.ToolResult.Content {
				sort := c.Kind()
				if sort == "text" || sort == "json" || f.ResultMedia == nil {
					continue
				}
				if !slices.Contains(f.ResultMedia, sort) {
					return wire.UnsupportedBlock(sort)
				}
			}
		}
	}
	return nil
}

// spoiltCallRule: a hyphen in the name of a tool that Nova wants to call [F 2.10].
func spoiltCallRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	if !t.Model.Traits.WordNames {
		return nil
	}
	for _, c := range answer.DecideCalls(r, "") {
		if strings.Contains(c.Name, "-") {
			e := wire.ByName("ModelErrorException")
			e.Message = "Model produced invalid sequence as part of ToolUse. Please refer to the model tool use " +
				"troubleshooting guide."
			return e
		}
	}
	return nil
}
