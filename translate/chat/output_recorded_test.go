package chat

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outcrop/internal/test/wiretest"
	"outcrop/openai"
	"outcrop/translate/converse"
)

// TestRecordedReplies plays every recorded reply of Converse and ConverseStream through the SDK and this package, and
// compares the answer with what a second, simpler reader finds in the recorded JSON.
func TestRecordedReplies(t *testing.T) {
	seen := 0
	for _, rec := range wiretest.Bedrock(t, "Converse", "ConverseStream") {
		if rec.Status != 200 || rec.Response == nil && len(rec.Events) == 0 {
			continue
		}
		if len(rec.Events) > 0 && rec.Events[0].MessageType == "exception" {
			continue // no reply; internal/bedrock makes an error of it
		}
		seen++
		t.Run(rec.ID, func(t *testing.T) {
			whole := rec.Response
			if rec.Operation == "ConverseStream" {
				whole = foldEvents(t, rec.Events)
			}
			in := Context{Context: converse.Context{Format: "bedrock.test", Trace: true}}
			plain, adjusted, err := Output(wiretest.Reply(t, whole), &in, testMeta)
			if err != nil {
				t.Fatal(err)
			}
			if list := adjusted.List(); len(list) > 0 {
				t.Errorf("nothing recorded should need adjusting: %v", list)
			}
			sameContent(t, whole, plain)
			validAnswer(t, asJSON(plain))
			if bytes.Contains(asJSON(plain), []byte("arn:aws")) || bytes.Contains(asJSON(plain), []byte(`"match"`)) {
				t.Errorf("R-GEN-08, R-GRD-05: %s", asJSON(plain))
			}
			if rec.Operation == "ConverseStream" {
				parts, err := chunks(wiretest.RecordedStream(t, &rec), &in)
				if err != nil {
					t.Fatal(err)
				}
				wellFormed(t, parts)
				sameAnswer(t, plain, fold(t, parts))
			}
			again := Unfold(plain, testMeta)
			wellFormed(t, again)
			sameAnswer(t, plain, fold(t, again))
		})
	}
	if seen < 180 {
		t.Errorf("only %d replies were found", seen)
	}
}

// foldEvents makes a Converse reply of the recorded events, with nothing of this package.
func foldEvents(t *testing.T, events []wiretest.Event) []byte {
	t.Helper()
	type object = map[string]any
	blocks := map[int64]object{}
	var order []int64
	reply := object{}
	for _, e := range events {
		p := parse(t, e.Payload).(object)
		var b object
		if n, ok := p["contentBlockIndex"].(json.Number); ok {
			i, _ := n.Int64()
			if blocks[i] == nil && e.Type != "contentBlockStop" {
				blocks[i] = object{}
				order = append(order, i)
			}
			b = blocks[i]
		}
		switch e.Type {
		case "contentBlockStart":
			for kind, v := range p["start"].(object) {
				b[kind] = v
			}
		case "contentBlockDelta":
			foldDelta(b, p["delta"].(object))
		case "messageStop":
			reply["stopReason"] = p["stopReason"]
			reply["additionalModelResponseFields"] = p["additionalModelResponseFields"]
		case "metadata":
			for _, k := range []string{"usage", "metrics", "trace", "serviceTier"} {
				if v, ok := p[k]; ok {
					reply[k] = v
				}
			}
		}
	}
	content := []any{}
	for _, i := range order {
		content = append(content, endBlock(t, blocks[i]))
	}
	reply["output"] = object{"message": object{"role": "assistant", "content": content}}
	out, err := json.Marshal(reply)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func foldDelta(b, delta map[string]any) {
	for kind, v := range delta {
		switch kind {
		case "text":
			s, _ := b["text"].(string)
			b["text"] = s + v.(string)
		case "toolUse":
			u := b["toolUse"].(map[string]any)
			s, _ := u["input"].(string)
			u["input"] = s + v.(map[string]any)["input"].(string)
		case "toolResult":
			b["toolResult"].(map[string]any)["content"] = v
		case "citation":
			list, _ := b["citations"].([]any)
			b["citations"] = append(list, v)
		case "reasoningContent":
			r, _ := b["reasoningContent"].(map[string]any)
			if r == nil {
				r = map[string]any{}
				b["reasoningContent"] = r
			}
			for k, v := range v.(map[string]any) {
				s, _ := r[k].(string)
				r[k] = s + v.(string)
			}
		}
	}
}

func endBlock(t *testing.T, b map[string]any) map[string]any {
	t.Helper()
	if u, ok := b["toolUse"].(map[string]any); ok {
		s, _ := u["input"].(string)
		if strings.TrimSpace(s) == "" {
			s = "{}"
		}
		u["input"] = parse(t, []byte(s))
	}
	if list, ok := b["citations"]; ok {
		text, _ := b["text"].(string)
		return map[string]any{"citationsContent": map[string]any{"content": []any{map[string]any{"text": text}},
			"citations": list}}
	}
	if r, ok := b["reasoningContent"].(map[string]any); ok && r["redactedContent"] == nil {
		b["reasoningContent"] = map[string]any{"reasoningText": r}
	}
	return b
}

func parse(t *testing.T, b []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return v
}

// content is all that a reply says, in an order that both sides share.
type content struct {
	Text, Reasoning string
	Details         []string
	Calls           []string
	Sources         []string
	ServerTools     []string
	Usage           [5]int64
}

// sameContent reads the recorded reply with a struct of its own and compares it with the answer as a client sees it.
func sameContent(t *testing.T, recorded []byte, got *openai.ChatResponse) {
	t.Helper()
	if diff := cmp.Diff(recordedContent(t, recorded), answerContent(t, asJSON(got))); diff != "" {
		t.Errorf("recorded (-) and answered (+):\n%s\n%s", diff, recorded)
	}
}

func recordedContent(t *testing.T, body []byte) content {
	t.Helper()
	var r struct {
		Output struct {
			Message struct {
				Content []struct {
					Text             string
					ReasoningContent *struct {
						ReasoningText   *struct{ Text, Signature string }
						RedactedContent string
					}
					ToolUse *struct {
						ToolUseID, Name, Type string
						Input                 json.RawMessage
					}
					CitationsContent *struct {
						Content   []struct{ Text string }
						Citations []struct {
							Title         string
							SourceContent []struct{ Text string }
							Location      struct{ Web *struct{ URL string } }
						}
					}
				}
			}
		}
		Usage struct {
			InputTokens, OutputTokens, TotalTokens, CacheReadInputTokens, CacheWriteInputTokens int64
		}
	}
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatal(err)
	}
	var c content
	var thoughts []string
	for _, b := range r.Output.Message.Content {
		c.Text += b.Text
		if x := b.ReasoningContent; x != nil && x.ReasoningText != nil {
			if s := x.ReasoningText.Text; s != "" && s != "[REDACTED]" {
				thoughts = append(thoughts, s)
			}
			c.Details = append(c.Details, fmt.Sprint("text ", x.ReasoningText.Text, " ", x.ReasoningText.Signature))
		} else if x != nil {
			c.Details = append(c.Details, "data "+x.RedactedContent)
		}
		if x := b.ToolUse; x != nil && x.Type == "server_tool_use" {
			c.ServerTools = append(c.ServerTools, x.Name)
		} else if x != nil {
			c.Calls = append(c.Calls, fmt.Sprint(x.ToolUseID, " ", x.Name, " ", canonical(t, x.Input)))
		}
		if x := b.CitationsContent; x != nil {
			for _, s := range x.Content {
				c.Text += s.Text
			}
			for _, s := range x.Citations {
				quote := ""
				for _, q := range s.SourceContent {
					quote += q.Text
				}
				if s.Location.Web != nil {
					c.Sources = append(c.Sources, "web "+s.Location.Web.URL)
				} else {
					c.Sources = append(c.Sources, "file "+s.Title+" "+quote)
				}
			}
		}
	}
	c.Reasoning = strings.Join(thoughts, "\n\n")
	u := r.Usage
	c.Usage = [5]int64{u.TotalTokens - u.OutputTokens, u.OutputTokens, u.TotalTokens, u.CacheReadInputTokens,
		u.CacheWriteInputTokens}
	return c
}

func answerContent(t *testing.T, body []byte) content {
	t.Helper()
	var r struct {
		Choices []struct {
			Message struct {
				Content          *string
				ReasoningContent string `json:"reasoning_content"`
				ReasoningDetails []struct {
					Index                               int
					Type, Text, Signature, Data, Format string
				} `json:"reasoning_details"`
				ToolCalls []struct {
					ID, Type string
					Function struct{ Name, Arguments string }
				} `json:"tool_calls"`
				Annotations []struct {
					URL struct{ URL string } `json:"url_citation"`
				}
				Citations []struct {
					File struct{ Filename, Quote string } `json:"file_citation"`
				}
			}
		}
		Usage struct {
			Prompt     int64 `json:"prompt_tokens"`
			Completion int64 `json:"completion_tokens"`
			Total      int64 `json:"total_tokens"`
			Details    struct {
				Read  int64 `json:"cached_tokens"`
				Write int64 `json:"cache_write_tokens"`
			} `json:"prompt_tokens_details"`
		}
		Outcrop struct {
			ServerTools []string `json:"server_tools"`
		}
	}
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatal(err)
	}
	m := r.Choices[0].Message
	c := content{Reasoning: m.ReasoningContent, ServerTools: r.Outcrop.ServerTools}
	if m.Content != nil {
		c.Text = *m.Content
	}
	for i, d := range m.ReasoningDetails {
		if d.Index != i {
			t.Errorf("R-RES-08: entry %d has index %d", i, d.Index)
		}
		if d.Type == "reasoning.encrypted" {
			c.Details = append(c.Details, "data "+d.Data)
			continue
		}
		c.Details = append(c.Details, fmt.Sprint("text ", d.Text, " ", d.Signature))
	}
	for _, x := range m.ToolCalls {
		c.Calls = append(c.Calls, fmt.Sprint(x.ID, " ", x.Function.Name, " ", canonical(t, []byte(x.Function.Arguments))))
	}
	for _, a := range m.Annotations {
		c.Sources = append(c.Sources, "web "+a.URL.URL)
	}
	for _, f := range m.Citations {
		c.Sources = append(c.Sources, "file "+f.File.Filename+" "+f.File.Quote)
	}
	u := r.Usage
	c.Usage = [5]int64{u.Prompt, u.Completion, u.Total, u.Details.Read, u.Details.Write}
	return c
}

// canonical sorts the members of a JSON text and keeps the digits of its numbers.
func canonical(t *testing.T, b []byte) string {
	t.Helper()
	out, err := json.Marshal(parse(t, b))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// sameAnswer compares a plain answer with a folded stream: arguments as JSON values, all else as it is (R-STR-17).
func sameAnswer(t *testing.T, plain, folded *openai.ChatResponse) {
	t.Helper()
	if diff := cmp.Diff(plainForm(t, plain), plainForm(t, folded)); diff != "" {
		t.Errorf("R-STR-17: plain (-) and folded (+):\n%s", diff)
	}
}

func plainForm(t *testing.T, r *openai.ChatResponse) any {
	t.Helper()
	v := parse(t, asJSON(r)).(map[string]any)
	if x, ok := v["outcrop"].(map[string]any); ok {
		if delete(x, "adjusted"); len(x) == 0 { // R-GEN-05: in the header of a plain answer
			delete(v, "outcrop")
		}
	}
	for _, c := range v["choices"].([]any) {
		m := c.(map[string]any)["message"].(map[string]any)
		calls, _ := m["tool_calls"].([]any)
		functions := []any{m["function_call"]}
		for _, call := range calls {
			functions = append(functions, call.(map[string]any)["function"])
		}
		for _, f := range functions {
			if f, ok := f.(map[string]any); ok {
				if s := f["arguments"].(string); json.Valid([]byte(s)) {
					f["arguments"] = parse(t, []byte(s))
				}
			}
		}
	}
	return v
}

// TestRecordedVectors takes the table of recordings in the specification to the rules that they prove.
func TestRecordedVectors(t *testing.T) {
	all := map[string]wiretest.Interaction{}
	for _, rec := range wiretest.Bedrock(t, "Converse", "ConverseStream") {
		all[rec.ID] = rec
	}
	get := func(t *testing.T, id string) (*openai.ChatResponse, []openai.Part) {
		t.Helper()
		rec, ok := all[id]
		if !ok {
			t.Fatalf("no recording %s", id)
		}
		in := Context{Context: converse.Context{Format: "bedrock.claude"}}
		if rec.Operation == "Converse" {
			r, _, err := Output(wiretest.Reply(t, rec.Response), &in, testMeta)
			if err != nil {
				t.Fatal(err)
			}
			return r, nil
		}
		parts, err := chunks(wiretest.RecordedStream(t, &rec), &in)
		if err != nil {
			t.Fatal(err)
		}
		return fold(t, parts), parts
	}
	for _, v := range vectors {
		t.Run(v.rules+"/"+v.id, func(t *testing.T) {
			r, parts := get(t, v.id)
			v.check(t, r, parts)
		})
	}
}

type vector struct {
	rules, id string
	check     func(*testing.T, *openai.ChatResponse, []openai.Part)
}

var vectors = []vector{
	{"R-STR-09 signature as its own delta", "langchain-aws.test_thinking-v1.0",
		func(t *testing.T, r *openai.ChatResponse, parts []openai.Part) {
			d := r.Choices[0].Message.ReasoningDetails
			if len(d) != 1 || d[0].Signature == "" || d[0].Text != r.Choices[0].Message.Reasoning || d[0].Text == "" {
				t.Errorf("details %+v", d)
			}
			n := slices.IndexFunc(parts,
				func(p openai.Part) bool { return len(p.(*openai.ChatChunk).Choices[0].Delta.ReasoningDetails) > 0 })
			for i, p := range parts[1 : len(parts)-2] {
				if reasoning := p.(*openai.ChatChunk).Choices[0].Delta.Reasoning != ""; reasoning != (i+1 < n) && i+1 != n {
					t.Errorf("chunk %d of %d: %s", i+1, n, asJSON(p))
				}
			}
			if r.Usage.Reasoning != nil { // R-USE-03
				t.Errorf("reasoning tokens were made up: %d", *r.Usage.Reasoning)
			}
		}},
	{"R-RES-08 base64 once", "pydantic-ai.test_bedrock_model_thinking_part_redacted_stream.0",
		func(t *testing.T, r *openai.ChatResponse, _ []openai.Part) {
			d := r.Choices[0].Message.ReasoningDetails
			if len(d) != 2 || d[1].Index != 1 {
				t.Fatalf("details %+v", d)
			}
			for _, e := range d {
				if _, err := base64.StdEncoding.DecodeString(e.Data); err != nil || e.Type != openai.ReasoningEncrypted ||
					e.Text != "" {
					t.Errorf("%+v", e)
				}
			}
			if r.Choices[0].Message.Reasoning != "" {
				t.Error("a redacted block has no text")
			}
		}},
	{"R-RES-05 R-RES-07 text between reasoning and call", "req-llm.openai_gpt_oss_120b_1_0.tool_round_trip_1.0",
		func(t *testing.T, r *openai.ChatResponse, _ []openai.Part) {
			m := r.Choices[0].Message
			if m.Reasoning == "" || len(m.ToolCalls) == 0 || m.ReasoningDetails[0].Signature != "" {
				t.Errorf("%+v", m)
			}
		}},
	{"R-STR-10 text then tool", "langchain-aws.test_agent_loop_streaming-v0.0",
		func(t *testing.T, r *openai.ChatResponse, _ []openai.Part) {
			m := r.Choices[0].Message
			if m.Content == nil || *m.Content == "" || len(m.ToolCalls) != 1 || r.Choices[0].FinishReason != "tool_calls" {
				t.Errorf("%s", asJSON(r))
			}
		}},
	{"R-RES-06 tool alone", "langchain-aws.test_agent_loop_streaming-v1.0",
		func(t *testing.T, r *openai.ChatResponse, _ []openai.Part) {
			m := r.Choices[0].Message
			if m.Content != nil || len(m.ToolCalls) != 1 || !bytes.Contains(asJSON(r), []byte(`"content":null`)) {
				t.Errorf("%s", asJSON(r))
			}
		}},
	{"R-RES-09 parallel calls", "otel-java.testconversetoolcall.0",
		func(t *testing.T, r *openai.ChatResponse, _ []openai.Part) {
			if n := len(r.Choices[0].Message.ToolCalls); n != 2 {
				t.Errorf("%d calls", n)
			}
		}},
	{"R-RES-10 R-STR-10 R-STR-22 server tool before a client tool",
		"pydantic-ai.test_bedrock_model_code_execution_tool_stream.0",
		func(t *testing.T, r *openai.ChatResponse, parts []openai.Part) {
			calls := r.Choices[0].Message.ToolCalls
			if len(calls) != 1 || calls[0].Function.Name != "final_result" ||
				!reflect.DeepEqual(r.Outcrop.ServerTools, []string{"nova_code_interpreter"}) {
				t.Errorf("%s", asJSON(r))
			}
			for _, p := range parts {
				if bytes.Contains(asJSON(p), []byte("7006652")) && bytes.Contains(asJSON(p), []byte("stdOut")) {
					t.Errorf("the server tool's result leaked: %s", asJSON(p))
				}
			}
		}},
	{"R-RES-09 R-STR-11 tool without parameters",
		"ruby-llm.chat_function_calling_bedrock_amazon_nova-2-lite-v1_0_can_use_tools_without_parameters.0",
		func(t *testing.T, r *openai.ChatResponse, _ []openai.Part) {
			if a := *r.Choices[0].Message.ToolCalls[0].Function.Arguments; a != "{}" {
				t.Errorf("arguments %q", a)
			}
		}},
	{"R-USE-01 R-USE-02 cache write", "pydantic-ai.test_bedrock_cache_write_and_read.0",
		func(t *testing.T, r *openai.ChatResponse, _ []openai.Part) {
			if u := r.Usage; u.CacheWrite == 0 || u.Prompt < u.CacheWrite {
				t.Errorf("%+v", u)
			}
		}},
	{"R-USE-01 R-USE-02 cache read", "pydantic-ai.test_bedrock_cache_write_and_read.1",
		func(t *testing.T, r *openai.ChatResponse, _ []openai.Part) {
			if u := r.Usage; u.CacheRead == 0 || u.Prompt < u.CacheRead {
				t.Errorf("%+v", u)
			}
		}},
	{"R-FIN-02 R-USE-05 R-GRD-05 blocked", "req-llm.anthropic_claude_haiku_4_5_20251001_v1_0.guardrail_converse_blocked.0",
		func(t *testing.T, r *openai.ChatResponse, _ []openai.Part) {
			want := `"outcrop":{"stop_reason":"guardrail_intervened","guardrail":{"action":"blocked"}}`
			if r.Choices[0].FinishReason != "content_filter" || r.Usage.Total() != 0 ||
				!bytes.Contains(asJSON(r), []byte(want)) {
				t.Errorf("%s", asJSON(r))
			}
		}},
	{"R-FIN-02 masked, no actionReason", "openllmetry.test_nova_converse.0", masked},
	{"R-FIN-02 R-STR-13 masked stream", "openllmetry.test_nova_converse_stream.0", masked},
	{"R-FIN-02 R-STR-13 masked stream, several lines", "openllmetry.test_guardrail_converse_stream.0", masked},
	{"R-STR-21 citation before its text", "ruby-llm.chat_citations_with_bedrock_claude-haiku-4-5_streams_citations.0",
		func(t *testing.T, r *openai.ChatResponse, _ []openai.Part) {
			cites(t, r, 1)
		}},
	{"R-RES-05 R-RES-11 text split by citations", "langchain-aws.test_citations-document1.0",
		func(t *testing.T, r *openai.ChatResponse, _ []openai.Part) {
			cites(t, r, 1)
		}},
	{"R-RES-10 R-RES-11 R-FIN-01 web citations",
		"ruby-llm.chat_web_search_with_bedrock_amazon_nova-2-lite-v1_0_grounds_the_answer_with_web_citations.0",
		func(t *testing.T, r *openai.ChatResponse, _ []openai.Part) {
			cites(t, r, 3)
			for _, a := range r.Choices[0].Message.Annotations {
				if a.URL == "" || a.Title == "" {
					t.Errorf("annotation %+v", a)
				}
			}
			if r.Choices[0].FinishReason != "stop" || len(r.Outcrop.ServerTools) != 1 || r.Choices[0].Message.ToolCalls != nil {
				t.Errorf("%s", asJSON(r))
			}
		}},
	{"R-FIN-01 length", "otel-java.testconversestreamoptions.0",
		func(t *testing.T, r *openai.ChatResponse, _ []openai.Part) {
			if r.Choices[0].FinishReason != "length" || r.Outcrop != nil {
				t.Errorf("%s", asJSON(r))
			}
		}},
}

func masked(t *testing.T, r *openai.ChatResponse, _ []openai.Part) {
	if r.Choices[0].FinishReason != "stop" || r.Outcrop.Guardrail.Action != "masked" || r.Outcrop.Guardrail.Trace != nil ||
		*r.Choices[0].Message.Content == "" {
		t.Errorf("%s", asJSON(r))
	}
}

// cites checks that annotations and citations name pieces of the content, in order. Recorded web citations have a block
// of their own, without text, so they name a place.
func cites(t *testing.T, r *openai.ChatResponse, atLeast int) {
	t.Helper()
	m := r.Choices[0].Message
	if len(m.Annotations)+len(m.Citations) < atLeast {
		t.Errorf("%d annotations, %d citations", len(m.Annotations), len(m.Citations))
	}
	text := []rune(*m.Content)
	end := 0
	for i, a := range m.Annotations {
		if a.Index != i || a.Start != a.End || a.End > len(text) || a.End < end {
			t.Errorf("annotation %+v of %d code points", a, len(text))
		}
		end = a.End
	}
	end = 0
	for i, c := range m.Citations {
		if c.Index != i || c.Start >= c.End || c.End > len(text) || c.End < end {
			t.Errorf("citation %+v of %d code points", c, len(text))
		}
		end = c.End
	}
}
