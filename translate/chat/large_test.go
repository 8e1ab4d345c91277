package chat

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
	"outcrop/translate"
)

// repeated writes n items with commas between them; %d in an item is its number.
func repeated(n int, item string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strings.ReplaceAll(item, "%d", strconv.Itoa(i)))
	}
	return b.String()
}

// nested puts a middle into n pairs of brackets.
func nested(n int, open, middle, shut string) string {
	return strings.Repeat(open, n) + middle + strings.Repeat(shut, n)
}

// hostile are bodies in which one thing is repeated n times, each a place where the work could grow with the square of
// n.
var hostile = []struct {
	name   string
	strict bool
	refuse string // code of the fault, "" without one
	body   func(n int) string
}{
	{"R-MSG-11 calls of one id", false, "", func(n int) string {
		return chatBody(`,{"role":"assistant","tool_calls":[` +
			repeated(n, `{"id":"same","type":"function","function":{"name":"f"}}`) + `]}`)
	}},
	{"R-MSG-10 results of one call", false, "", func(n int) string {
		return chatBody(`,{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f"}}]},` +
			repeated(n, `{"role":"tool","tool_call_id":"c","content":"x"}`))
	}},
	{"R-MSG-08 orphans", false, "", func(n int) string {
		return chatBody(`,` + repeated(n, `{"role":"tool","tool_call_id":"o%d","content":"x"}`))
	}},
	{"R-MSG-18 names", false, "", func(n int) string {
		return chatBody(`,` + repeated(n, `{"role":"user","name":"n%d","content":"x"}`))
	}},
	{"R-TOOL-07 different tools", false, "", func(n int) string {
		return chatBody("", `"tools":[`+repeated(n, `{"type":"function","function":{"name":"f%d"}}`)+`]`)
	}},
	{"R-CHO-06 allowed tools", false, "", func(n int) string {
		return chatBody("", `"tools":[`+repeated(n,
			`{"type":"function","function":{"name":"f%d"}}`)+`],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[`+
			repeated(n, `{"type":"function","function":{"name":"f%d"}}`)+`]}}`)
	}},
	{"R-REQ-02 unknown members", false, "", func(n int) string { return chatBody("", repeated(n, `"u%d":1`)) }},
	{"R-REQ-02 unknown members in strict mode", true, openai.CodeUnsupportedValue,
		func(n int) string { return chatBody("", repeated(n, `"u%d":1`)) }},
	{"R-EXT-03 fields of the model", false, "", func(n int) string {
		return chatBody("", `"additional_model_request_fields":{`+repeated(n, `"u%d":1`)+`}`)
	}},
	{"R-EXT-03 one field again and again", false, "", func(n int) string {
		return chatBody("", `"parallel_tool_calls":false,"tools":[{"type":"function","function":{"name":"f"}}],"additional_model_request_fields":{`+repeated(n, `"tool_choice":{"u%d":1}`)+`}`)
	}},
	{"R-CACHE-04 cache points", false, "", func(n int) string {
		return chatBody(`,{"role":"user","content":[` +
			repeated(n, `{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}`) + `]}`)
	}},
	{"R-PART-12 files of one name", false, openai.CodeInvalidValue, func(n int) string {
		return chatBody(`,{"role":"user","content":[` +
			repeated(n, `{"type":"file","file":{"filename":"a.txt","file_data":"aGk="}}`) + `]}`)
	}},
	{"R-TOOL-06 a deep strict schema", false, "", func(n int) string {
		return deep(min(n, 4900)) // JSON may not be deeper than 10,000
	}},
}

// deep has a strict tool with a text inside n objects.
func deep(n int) string {
	return chatBody("", `"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":`+
		nested(n, `{"type":"object","required":["a"],"properties":{"a":`, `{"type":"string"}`, `}}`)+`}}]`)
}

// chatBody is a body with more messages, which start with a comma, and more members.
func chatBody(messages string, members ...string) string {
	return `{"model":"m","messages":[{"role":"user","content":"Hi"}` + messages + `]` +
		strings.Join(append([]string{""}, members...), ",") + `}`
}

// TestLargeRequests sends as much of each as a request may have, so that work which grows with the square of it would
// take long.
func TestLargeRequests(t *testing.T) {
	const n = 16_000
	to := target(t, haiku)
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, in, _, fault := ask(t, c.body(n), to, translate.Options{Strict: c.strict})
			switch {
			case c.refuse == "" && (fault != nil || in == nil):
				t.Errorf("refused: %.200v", fault)
			case c.refuse != "" && (fault == nil || fault.Code != c.refuse):
				t.Errorf("got %.200v, want %s", fault, c.refuse)
			}
		})
	}
}

// BenchmarkGrowth shows for each of the hostile bodies how the time grows when they do.
func BenchmarkGrowth(b *testing.B) {
	to := target(b, haiku)
	for _, c := range hostile {
		for _, n := range []int{4_000, 16_000} {
			body := c.body(n)
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				for b.Loop() {
					if _, in, _, fault := ask(b, body, to, translate.Options{Strict: c.strict}); in == nil && fault == nil {
						b.Fatal("neither an input nor a fault")
					}
				}
			})
		}
	}
}

func TestManyReplyCalls(t *testing.T) {
	const n = 100_000
	id, name := "same", "f"
	var message types.Message
	for range n {
		message.Content = append(message.Content,
			&types.ContentBlockMemberToolUse{Value: types.ToolUseBlock{ToolUseId: &id, Name: &name}})
	}
	answer, _, err := Output(&bedrockruntime.ConverseOutput{Output: &types.ConverseOutputMemberMessage{Value: message},
		StopReason: "tool_use"}, &Context{}, testMeta)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range answer.Choices[0].Message.ToolCalls {
		seen[c.ID] = true
	}
	if len(seen) != n || !seen["same"] || !seen["same-2"] || !seen["same-"+strconv.Itoa(n)] {
		t.Errorf("R-RES-09 %d different ids", len(seen))
	}
}

func TestManyAdjustments(t *testing.T) {
	var a translate.Adjustments
	for range 3 {
		for i := range 1000 {
			a.Add("u"+strconv.Itoa(i), translate.UnknownParameter)
		}
	}
	a.Add("seed", "unsupported")
	list := a.List()
	if len(list) != 1001 || list[0].Param != "seed" || list[1].Param != "u0" || list[1000].Param != "u999" {
		t.Errorf("R-GEN-03 %d entries, %v first", len(list), list[0])
	}
	if h := a.Header(); len(h) > 2000 || !strings.Contains(h, ",more:9") {
		t.Errorf("R-GEN-03 %d bytes: %s", len(h), h)
	}
}

// TestRefinements holds single cases of the way in.
func TestRefinements(t *testing.T) {
	call := func(id string) string {
		return chatBody(`,{"role":"assistant","tool_calls":[{"id":"x","type":"function","function":{"name":"f"}},{` + id +
			`"type":"function","function":{"name":"f","arguments":"{}"}}]},` +
			`{"role":"tool","tool_call_id":"","content":"r"}`)
	}
	withTool := func(body string) string {
		return strings.TrimSuffix(body, "}") + `,"tools":[{"type":"function","function":{"name":"f"}}]}`
	}
	part := func(p string) string { return chatBody(`,{"role":"user","content":[` + p + `]}`) }
	to := target(t, haiku)
	for _, c := range []struct {
		name, body        string
		strict            bool
		code, param, text string // of the fault, or the adjustments in text
	}{
		{"R-GEN-02 an unknown member that is null", chatBody("", `"zz":null`), false, "", "", ""},
		{"R-GEN-02 an unknown member that is null, strict", chatBody("", `"zz":null`), true, "", "", ""},
		{"R-GEN-02 an unknown nested member that is null, strict", chatBody(`,{"role":"user","content":"x","zz":null}`),
			true, "", "", ""},
		{"R-REQ-02 an unknown nested member, strict", chatBody(`,{"role":"user","content":"x","zz":0}`), true,
			openai.CodeUnknownParameter, "messages[1].zz", ""},
		{"R-RPL-07 a call without id", withTool(call("")), false, openai.CodeMissing, "messages[1].tool_calls[1].id", ""},
		{"R-RPL-07 a call with null for an id", withTool(call(`"id":null,`)), false, openai.CodeMissing,
			"messages[1].tool_calls[1].id", ""},
		{"R-RPL-07 a call without id, as text", call(""), false, openai.CodeMissing, "messages[1].tool_calls[1].id", ""},
		{"R-RPL-07 a call with an empty id", withTool(call(`"id":"",`)), false, "", "",
			"messages[].tool_calls:result_missing"},
		{"R-TOOL-14 a call with an empty id, as text", call(`"id":"",`), false, "", "",
			"messages[].tool_calls:flattened,messages[].tool_calls:result_missing"},
		{"R-TOOL-06 as many schemas inside each other as are read", deep(31), true, "", "", ""},
		{"R-TOOL-06 one more", deep(32), false, "", "", "tools[].function.strict:unsupported"},
		{"R-TOOL-17 null among functions", chatBody("", `"functions":[{"name":"f"},null]`), false, openai.CodeInvalidType,
			"functions[1]", ""},
		{"R-TOOL-01 null among tools", chatBody("", `"tools":[null]`), false, openai.CodeInvalidType, "tools[0]", ""},
		{"R-PART-14 sound", part(`{"type":"input_audio","input_audio":{"data":"aGk=","format":"wav"}}`), false,
			openai.CodeUnsupportedValue, "messages[1].content[0].type", "does not take sound here"},
		{"R-PART-14 video", part(`{"type":"video_url","video_url":{"url":"data:,x"}}`), false, openai.CodeUnsupportedValue,
			"messages[1].content[0].type", "does not take video here"},
		{"R-PART-11 sound in a file", part(`{"type":"file","file":{"file_data":"SUQzBC4uLi4uLi4uLg=="}}`), false,
			openai.CodeUnsupportedValue, "messages[1].content[0]", "does not take sound here"},
		{"R-CHO-06 allowed tools",
			withTool(chatBody("", `"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}}`)), true, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, in, back, fault := ask(t, c.body, to, translate.Options{Strict: c.strict})
			if c.code == "" {
				if fault != nil {
					t.Fatal(fault)
				}
				if got := back.Adjusted.Header(); got != c.text {
					t.Errorf("adjusted %q, want %q", got, c.text)
				}
				for _, m := range in.Messages {
					for _, b := range m.Content {
						if x, ok := b.(*types.ContentBlockMemberText); ok && strings.Contains(x.Value, "with id ]") {
							t.Errorf("R-TOOL-14 a text that ends in the middle: %q", x.Value)
						}
					}
				}
				return
			}
			if fault == nil || fault.Code != c.code || fault.Param != c.param || !strings.Contains(fault.Message, c.text) {
				t.Errorf("got %+v", fault)
			}
		})
	}
}
