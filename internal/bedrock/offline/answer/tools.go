package answer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"outcrop/internal/bedrock/offline/wire"
)

// DecideCalls chooses the tools that the answer calls. A forced choice is obeyed: the named tool, or for "any" those
// that the text asks for, else the first. Otherwise a tool is called when the last turn is the user's, brings no tool
// results, and its text names the tool or a significant word of its name (see asksFor). Several tools that are asked
// for are called in parallel, unless disable_parallel_tool_use forbids it.
func DecideCalls(r *wire.ConverseRequest, seed string) []call {
	if r.Tools == nil || r.NativeChoice() == "none" || len(r.Messages) == 0 {
		return nil
	}
	named := ""
	if c := r.Tools.Choice; c != nil && c.Tool != nil {
		named = c.Tool.Name
	}
	if native, _ := r.Native["tool_choice"].(map[string]any); native["type"] == "tool" {
		named, _ = native["name"].(string)
	}
	text := r.LastUserText()
	listening := r.Messages[len(r.Messages)-1].Role == "user" && len(r.Results()) == 0
	var chosen []wire.Tool
	for _, d := range r.Tools.Tools {
		if d.Spec == nil {
			continue
		}
		if d.Spec.Name == named || named == "" && (listening || r.Forced()) && asksFor(text, d.Spec.Name) {
			chosen = append(chosen, d)
		}
	}
	if len(chosen) == 0 && r.Forced() {
		chosen = firstSpec(r.Tools.Tools)
	}
	if native, _ := r.Native["tool_choice"].(map[string]any); native["disable_parallel_tool_use"] == true &&
		len(chosen) > 1 {
		chosen = chosen[:1]
	}
	var calls []call
	for i, d := range chosen {
		calls = append(calls, call{
			id:    "tooluse_" + wire.Letters(22, seed, fmt.Sprint(i)),
			Name:  d.Spec.Name,
			input: Fill(d.Spec.Schema.JSON, text),
		})
	}
	return calls
}

func firstSpec(tools []wire.Tool) []wire.Tool {
	i := slices.IndexFunc(tools, func(d wire.Tool) bool { return d.Spec != nil })
	if i < 0 {
		return nil
	}
	return tools[i : i+1]
}

// dull are words of tool names that say too little to count as asking for the tool.
var dull = []string{"get", "set", "list", "find", "make", "call", "tool", "with", "from", "the", "and", "for", "data",
	"info", "current",
	"final", "result", "value", "name", "user", "json", "test", "function", "output", "response", "answer", "fetch",
	"show", "read", "create"}

// asksFor tells whether a text asks for a tool: it holds the tool's whole name, or one of its name's words of four
// letters or more that is not dull. "What is the weather in Paris?" asks for get_weather.
func asksFor(text, name string) bool {
	lower := strings.ToLower(text)
	if strings.Contains(lower, strings.ToLower(name)) {
		return true
	}
	said := strings.FieldsFunc(lower, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.ContainsFunc(nameWords(name), func(w string) bool {
		return len(w) >= 4 && !slices.Contains(dull, w) && (slices.Contains(said, w) || slices.Contains(said, w+"s"))
	})
}

// nameWords splits snake_case, kebab-case and camelCase.
func nameWords(name string) []string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.FieldsFunc(b.String(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
