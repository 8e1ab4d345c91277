package chat

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
	"outcrop/translate/converse"
)

// Events in a shorthand that tests can be read in.

type event = types.ConverseStreamOutput

func evStart() event { return &types.ConverseStreamOutputMemberMessageStart{} }

func evStop(reason types.StopReason) event {
	return &types.ConverseStreamOutputMemberMessageStop{Value: types.MessageStopEvent{StopReason: reason}}
}

func evUsage(in, out int32) event {
	return &types.ConverseStreamOutputMemberMetadata{Value: types.ConverseStreamMetadataEvent{
		Usage: &types.TokenUsage{InputTokens: &in, OutputTokens: &out}}}
}

func evEnd(index int32) event {
	return &types.ConverseStreamOutputMemberContentBlockStop{Value: types.ContentBlockStopEvent{ContentBlockIndex: &index}}
}

func evDelta(index int32, d types.ContentBlockDelta) event {
	return &types.ConverseStreamOutputMemberContentBlockDelta{
		Value: types.ContentBlockDeltaEvent{ContentBlockIndex: &index, Delta: d}}
}

func evText(index int32, s string) event {
	return evDelta(index, &types.ContentBlockDeltaMemberText{Value: s})
}

func evThink(index int32, s string) event {
	return evDelta(index, &types.ContentBlockDeltaMemberReasoningContent{
		Value: &types.ReasoningContentBlockDeltaMemberText{Value: s}})
}

func evSign(index int32, s string) event {
	return evDelta(index, &types.ContentBlockDeltaMemberReasoningContent{
		Value: &types.ReasoningContentBlockDeltaMemberSignature{Value: s}})
}

func evRedact(index int32, s string) event {
	return evDelta(index, &types.ContentBlockDeltaMemberReasoningContent{
		Value: &types.ReasoningContentBlockDeltaMemberRedactedContent{Value: []byte(s)}})
}

func evBegin(index int32, start types.ContentBlockStart) event {
	return &types.ConverseStreamOutputMemberContentBlockStart{
		Value: types.ContentBlockStartEvent{ContentBlockIndex: &index, Start: start}}
}

func evTool(index int32, id, name, kind string) event {
	return evBegin(index, &types.ContentBlockStartMemberToolUse{Value: types.ToolUseBlockStart{ToolUseId: &id, Name: &name,
		Type: types.ToolUseType(kind)}})
}

func evInput(index int32, s string) event {
	return evDelta(index, &types.ContentBlockDeltaMemberToolUse{Value: types.ToolUseBlockDelta{Input: &s}})
}

func evCite(index int32, url string) event {
	return evDelta(index, &types.ContentBlockDeltaMemberCitation{Value: types.CitationsDelta{
		Location: &types.CitationLocationMemberWeb{Value: types.WebLocation{Url: &url, Domain: aws.String("example.org")}}}})
}

// sequence gives the events, then the error if there is one.
func sequence(err error, events ...event) iter.Seq2[types.ConverseStreamOutput, error] {
	return func(yield func(types.ConverseStreamOutput, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// tell writes each chunk as the parts of a chunk that matter to a rule.
func tell(parts []openai.Part) []string {
	var list []string
	for _, p := range parts {
		c := p.(*openai.ChatChunk)
		if c.Usage != nil {
			list = append(list, fmt.Sprintf("usage %d+%d %s", c.Usage.Prompt, c.Usage.Completion, c.ServiceTier))
			continue
		}
		s := string(asJSON(&openai.ChatChunk{Head: &openai.Head{}, Choices: c.Choices, Outcrop: c.Outcrop}))
		_, s, _ = strings.Cut(s, `"delta":`)
		s, unfinished := strings.CutSuffix(s, `,"logprobs":null,"finish_reason":null}],"usage":null}`)
		if !unfinished {
			s = strings.Replace(s, `,"logprobs":null,"finish_reason":`, " ", 1)
			s = strings.TrimSuffix(strings.Replace(s, `}],"usage":null`, "", 1), "}")
		}
		list = append(list, s)
	}
	return list
}

const roleChunk = `{"role":"assistant","content":"","refusal":null}`

func TestChatChunks(t *testing.T) {
	cut := &openai.Error{Kind: openai.RateLimited, Message: "slow down"}
	for _, c := range []struct {
		name   string
		in     Context
		events []event
		err    error // at the end of the events
		want   []string
		code   string // of the error that ends the chunks
	}{
		{name: "R-STR-08 empty deltas are skipped",
			events: []event{evStart(), evText(0, "Hel"), evText(0, ""), evText(0, "lo"), evEnd(0), evStop("end_turn"),
				evUsage(9, 2)},
			want: []string{roleChunk, `{"content":"Hel"}`, `{"content":"lo"}`, `{} "stop"`, "usage 9+2 default"}},
		{name: "R-STR-07 no messageStart", events: []event{evText(0, "a"), evEnd(0), evStop("end_turn")},
			want: []string{roleChunk, `{"content":"a"}`, `{} "stop"`}},
		{name: "R-RES-13 no blocks", events: []event{evStart(), evStop("end_turn")}, want: []string{roleChunk, `{} "stop"`}},
		{name: "R-STR-09 second block begins after an empty line, signature in one entry",
			in: Context{Context: converse.Context{Format: "bedrock.claude"}},
			events: []event{evStart(), evThink(0, "I"), evThink(0, ""), evThink(0, " see"), evSign(0, "Eq"),
				evSign(0, "YG"), evEnd(0),
				evThink(1, "more"), evEnd(1), evStop("end_turn"), evUsage(1, 1)},
			want: []string{roleChunk, `{"reasoning_content":"I"}`, `{"reasoning_content":" see"}`,
				`{"reasoning_details":[{"index":0,"type":"reasoning.text","text":"I see","signature":"EqYG","format":"bedrock.claude","after":{"content":0,"tool_calls":0}}]}`,
				`{"reasoning_content":"\n\nmore"}`,
				`{"reasoning_details":[{"index":1,"type":"reasoning.text","text":"more","format":"bedrock.claude","after":{"content":0,"tool_calls":0}}]}`,
				`{} "stop"`, "usage 1+1 default"}},
		{name: "R-RES-08 redacted blocks are base64 once, signature without text",
			events: []event{evStart(), evRedact(0, "Et"), evRedact(0, "t"), evEnd(0), evSign(1, "s"), evEnd(1),
				evStop("end_turn")},
			want: []string{roleChunk,
				`{"reasoning_details":[{"index":0,"type":"reasoning.encrypted","data":"RXR0","after":{"content":0,"tool_calls":0}}]}`,
				`{"reasoning_details":[{"index":1,"type":"reasoning.text","text":"","signature":"s","after":{"content":0,"tool_calls":0}}]}`, `{} "stop"`}},
		{name: "R-RES-07 R-STR-09 [REDACTED] over two deltas is left out",
			events: []event{evStart(), evThink(0, "[REDA"), evThink(0, "CTED]"), evEnd(0), evThink(1, "x"), evEnd(1),
				evStop("end_turn")},
			want: []string{roleChunk,
				`{"reasoning_details":[{"index":0,"type":"reasoning.text","text":"[REDACTED]","after":{"content":0,"tool_calls":0}}]}`,
				`{"reasoning_content":"x"}`,
				`{"reasoning_details":[{"index":1,"type":"reasoning.text","text":"x","after":{"content":0,"tool_calls":0}}]}`,
				`{} "stop"`}},
		{name: "R-STR-09 what began like [REDACTED] is sent",
			events: []event{evStart(), evThink(0, "[RED"), evThink(0, " car]"), evEnd(0), evThink(1, "[REDACTED"), evEnd(1),
				evStop("end_turn")},
			want: []string{roleChunk, `{"reasoning_content":"[RED car]"}`,
				`{"reasoning_details":[{"index":0,"type":"reasoning.text","text":"[RED car]","after":{"content":0,"tool_calls":0}}]}`,
				`{"reasoning_content":"\n\n[REDACTED"}`,
				`{"reasoning_details":[{"index":1,"type":"reasoning.text","text":"[REDACTED","after":{"content":0,"tool_calls":0}}]}`, `{} "stop"`}},
		{name: "R-STR-10 R-STR-11 R-STR-12 two tools, the second without input",
			events: []event{evStart(), evText(0, "Checking."), evEnd(0), evTool(4, "t1", "a", "tool_use"), evInput(4, ""),
				evInput(4, `{"x":`), evInput(4, " 1}"), evEnd(4),
				evTool(7, "t2", "b", ""), evEnd(7), evStop("tool_use")},
			want: []string{roleChunk, `{"content":"Checking."}`,
				`{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"a","arguments":""}}]}`,
				`{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}`,
				`{"tool_calls":[{"index":0,"function":{"arguments":" 1}"}}]}`,
				`{"tool_calls":[{"index":1,"id":"t2","type":"function","function":{"name":"b","arguments":""}}]}`,
				`{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}`, `{} "tool_calls"`}},
		{name: "R-RES-09 repeated and missing ids, R-TOOL-02 names",
			in: Context{Context: converse.Context{Names: map[string]string{"a_b": "a.b"}}},
			events: []event{evStart(), evTool(0, "t", "a_b", ""), evEnd(0), evTool(1, "t", "c", ""), evEnd(1),
				evTool(2, "t", "c", ""), evEnd(2),
				evTool(3, "", "c", ""), evEnd(3), evStop("end_turn")},
			want: []string{roleChunk,
				`{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"a.b","arguments":""}}]}`,
				`{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}`,
				`{"tool_calls":[{"index":1,"id":"t-2","type":"function","function":{"name":"c","arguments":""}}]}`,
				`{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}`,
				`{"tool_calls":[{"index":2,"id":"t-3","type":"function","function":{"name":"c","arguments":""}}]}`,
				`{"tool_calls":[{"index":2,"function":{"arguments":"{}"}}]}`,
				`{"tool_calls":[{"index":3,"id":"call_4","type":"function","function":{"name":"c","arguments":""}}]}`,
				`{"tool_calls":[{"index":3,"function":{"arguments":"{}"}}]}`,
				`{} "tool_calls"`}},
		{name: "R-CHO-08 later calls are dropped", in: Context{Context: converse.Context{OneCall: true}},
			events: []event{evStart(), evTool(0, "t", "a", ""), evInput(0, "{}"), evEnd(0), evTool(1, "u", "a", ""),
				evInput(1, "{}"), evEnd(1), evStop("tool_use")},
			want: []string{roleChunk,
				`{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"a","arguments":""}}]}`,
				`{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}`,
				`{} "tool_calls","outcrop":{"adjusted":["parallel_tool_calls:extra_calls_dropped"]}`}},
		{name: "R-FIN-03 legacy functions", in: Context{Functions: true},
			events: []event{evStart(), evTool(0, "t", "a", ""), evInput(0, `{"x":1}`), evEnd(0), evStop("tool_use")},
			want: []string{roleChunk, `{"function_call":{"name":"a","arguments":""}}`,
				`{"function_call":{"arguments":"{\"x\":1}"}}`, `{} "function_call"`}},
		{name: "R-RES-10 R-STR-22 server tools are silent",
			events: []event{evStart(), evTool(0, "s", "search", "server_tool_use"), evInput(0, "{}"), evEnd(0),
				evBegin(1, &types.ContentBlockStartMemberToolResult{Value: types.ToolResultBlockStart{ToolUseId: aws.String("s"),
					Type: aws.String("search_result")}}),
				evDelta(1, &types.ContentBlockDeltaMemberToolResult{}), evEnd(1), evStop("tool_use")},
			want: []string{roleChunk, `{} "stop","outcrop":{"server_tools":["search"]}`}},
		{name: "R-STR-21 R-RES-11 citations before and after the text, counted in code points",
			events: []event{evStart(), evText(0, "é😀 "), evEnd(0), evCite(1, "u1"), evText(1, "añb"), evCite(1, "u2"), evEnd(1),
				evText(2, "z"), evCite(2, "u3"), evEnd(2), evStop("end_turn")},
			want: []string{roleChunk, `{"content":"é😀 "}`, `{"content":"añb"}`,
				`{"annotations":[{"index":0,"type":"url_citation","url_citation":{"start_index":3,"end_index":6,"url":"u1","title":"example.org"}},` +
					`{"index":1,"type":"url_citation","url_citation":{"start_index":3,"end_index":6,"url":"u2","title":"example.org"}}]}`,
				`{"content":"z"}`, `{"annotations":[{"index":2,"type":"url_citation","url_citation":{"start_index":6,"end_index":7,"url":"u3","title":"example.org"}}]}`,
				`{} "stop"`}},
		{name: "R-GEN-10 R-GEN-05 unknown events, starts and deltas",
			events: []event{evStart(), nil, &types.UnknownUnionMember{Tag: "new"}, evBegin(0, nil), evDelta(0, nil), evEnd(0),
				evDelta(1, &types.ContentBlockDeltaMemberReasoningContent{}), evEnd(1), evInput(2, "{}"), evEnd(2), evEnd(9),
				evText(3, "a"), evEnd(3), evStop("end_turn")},
			want: []string{roleChunk, `{"content":"a"}`, `{} "stop","outcrop":{"adjusted":["content:unknown_block"]}`}},
		{name: "R-STR-13 nothing follows the end",
			events: []event{evStart(), evText(0, "a"), evEnd(0), evStop("end_turn"), evText(0, "b"), evEnd(0),
				evStop("max_tokens"), evUsage(1, 1), evUsage(2, 2)},
			want: []string{roleChunk, `{"content":"a"}`, `{} "stop"`, "usage 1+1 default"}},
		{name: "R-STR-14 no metadata", events: []event{evStart(), evText(0, "a"), evEnd(0), evStop("end_turn")}, err: cut,
			want: []string{roleChunk, `{"content":"a"}`, `{} "stop"`}},
		{name: "R-STR-15 an error in the middle is passed on", events: []event{evStart(), evText(0, "a")}, err: cut,
			want: []string{roleChunk, `{"content":"a"}`}, code: "(as it was)"},
		{name: "R-STR-16 cut", events: []event{evStart(), evText(0, "a"), evEnd(0)},
			want: []string{roleChunk, `{"content":"a"}`}, code: openai.CodeStreamTruncated},
		{name: "R-STR-16 Mend B5 a block that never stopped", events: []event{evStart(), evText(0, "a"), evStop("end_turn"),
			evUsage(1, 1)},
			want: []string{roleChunk, `{"content":"a"}`, `{} "stop"`, `usage 1+1 default`}},
		{name: "R-STR-16 Mend B5 reasoning that never stopped", events: []event{evStart(), evThink(0, "I"), evSign(0, "s"),
			evText(1, "a"), evEnd(0), evStop("end_turn")},
			want: []string{roleChunk, `{"reasoning_content":"I"}`,
				`{"reasoning_details":[{"index":0,"type":"reasoning.text","text":"I","signature":"s","after":{"content":0,"tool_calls":0}}]}`,
				`{"content":"a"}`, `{} "stop"`}},
		{name: "R-STR-16 Mend B5 calls that never stopped",
			events: []event{evStart(), evTool(1, "t", "f", ""), evInput(1, `{"x":`), evInput(1, `1}`), evTool(2, "u", "g", ""),
				evStop("tool_use")},
			want: []string{roleChunk,
				`{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}]}`,
				`{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}`,
				`{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}`,
				`{"tool_calls":[{"index":1,"id":"u","type":"function","function":{"name":"g","arguments":""}}]}`,
				`{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}`, `{} "tool_calls"`}},
		{name: "R-STR-16 Mend B5 blocks end in order of their index",
			events: []event{evStart(), evTool(3, "u", "g", ""), evTool(2, "t", "f", ""), evStop("tool_use")},
			want: []string{roleChunk,
				`{"tool_calls":[{"index":0,"id":"u","type":"function","function":{"name":"g","arguments":""}}]}`,
				`{"tool_calls":[{"index":1,"id":"t","type":"function","function":{"name":"f","arguments":""}}]}`,
				`{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}`,
				`{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}`, `{} "tool_calls"`}},
		{name: "R-STR-09 R-RPL-05 Mend B3 where reasoning stood", events: []event{evStart(), evThink(0, "a"), evSign(0, "s"),
			evEnd(0), evText(1, "é!"), evEnd(1),
			evThink(2, "b"), evSign(2, "t"), evEnd(2), evTool(3, "t", "f", ""), evEnd(3), evRedact(4, "ENC"), evEnd(4),
			evStop("tool_use")},
			want: []string{roleChunk, `{"reasoning_content":"a"}`,
				`{"reasoning_details":[{"index":0,"type":"reasoning.text","text":"a","signature":"s","after":{"content":0,"tool_calls":0}}]}`, `{"content":"é!"}`, `{"reasoning_content":"\n\nb"}`,
				`{"reasoning_details":[{"index":1,"type":"reasoning.text","text":"b","signature":"t","after":{"content":2,"tool_calls":0}}]}`,
				`{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}]}`,
				`{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}`,
				`{"reasoning_details":[{"index":2,"type":"reasoning.encrypted","data":"RU5D","after":{"content":2,"tool_calls":1}}]}`, `{} "tool_calls"`}},
		{name: "R-RES-09 Mend B12 an input that is a JSON string",
			events: []event{evStart(), evTool(0, "t", "f", ""), evInput(0, ` `), evInput(0, `"{\"ci`),
				evInput(0, `ty\":\"Oslo\"}"`), evEnd(0), evStop("tool_use")},
			want: []string{roleChunk,
				`{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}]}`,
				`{"tool_calls":[{"index":0,"function":{"arguments":" "}}]}`,
				`{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":\"Oslo\"}"}}]}`, `{} "tool_calls"`}},
		{name: "R-FIN-01 Mend B12 stopped for a tool without calling one",
			events: []event{evStart(), evText(0, "a"), evEnd(0), evStop("tool_use")},
			want:   []string{roleChunk, `{"content":"a"}`, `{} "stop","outcrop":{"stop_reason":"tool_use"}`}},
		{name: "R-STR-16 empty", code: openai.CodeStreamTruncated},
		{name: "R-FIN-01 malformed tool use",
			events: []event{evStart(), evText(0, "a"), evEnd(0), evStop("malformed_tool_use"), evUsage(1, 1)},
			want:   []string{roleChunk, `{"content":"a"}`}, code: openai.CodeMalformedOutput},
		{name: "R-FIN-01 malformed output without text", events: []event{evStart(), evStop("malformed_model_output")},
			want: []string{roleChunk}, code: openai.CodeMalformedOutput},
		{name: "R-FIN-01 malformed output with text",
			events: []event{evStart(), evText(0, "a"), evEnd(0), evStop("malformed_model_output")},
			want: []string{roleChunk, `{"content":"a"}`,
				`{} "stop","outcrop":{"adjusted":["finish_reason:malformed_model_output"]}`}},
		{name: "R-FIN-02 guardrail without metadata", events: []event{evStart(), evText(0, "No."), evEnd(0),
			evStop("guardrail_intervened")}, err: cut,
			want: []string{roleChunk, `{"content":"No."}`,
				`{} "content_filter","outcrop":{"stop_reason":"guardrail_intervened","guardrail":{"action":"blocked"}}`}},
		{name: "R-STR-13 guardrail waits for metadata, which may bring no trace",
			events: []event{evStart(), evText(0, "No."), evEnd(0), evStop("guardrail_intervened"), evUsage(0, 0)},
			want: []string{roleChunk, `{"content":"No."}`,
				`{} "content_filter","outcrop":{"stop_reason":"guardrail_intervened","guardrail":{"action":"blocked"}}`,
				"usage 0+0 default"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			parts, err := chunks(sequence(c.err, c.events...), &c.in)
			if got := tell(parts); !slices.Equal(got, c.want) {
				t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
			var e *openai.Error
			switch errors.As(err, &e); {
			case c.code == "(as it was)":
				if !errors.Is(err, c.err) {
					t.Errorf("error %v", err)
				}
			case c.code == "":
				if err != nil {
					t.Fatal(err)
				}
				wellFormed(t, parts)
			case e == nil || e.Code != c.code || e.Kind != openai.BadUpstream:
				t.Errorf("error %v, want %s", err, c.code)
			}
		})
	}
}

// R-STR-06: usage travels with the stream; whether it is written is decided later.
func TestUsageChunk(t *testing.T) {
	parts, err := chunks(sequence(nil, evStart(), evStop("end_turn"), evUsage(9, 2)), &Context{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		if b := p.(*openai.ChatChunk).AppendJSON(nil, false); strings.Contains(string(b), "usage") ||
			p.Tokens() != nil && len(b) > 0 {
			t.Errorf("R-STR-06: without include_usage: %s", b)
		}
	}
	want := `"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,` +
		`"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":0,"audio_tokens":0},` +
		`"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}`
	if b := asJSON(parts[2]); !strings.HasSuffix(string(b), want) {
		t.Errorf("R-STR-06, R-USE-04: %s", b)
	}
}

// A consumer that stops early is not called again.
func TestChatChunksStop(t *testing.T) {
	events := []event{evStart(), evThink(0, "[RED"), evEnd(0), evTool(1, "a", "b", ""), evEnd(1),
		evStop("guardrail_intervened"), evUsage(1, 1)}
	all, err := chunks(sequence(nil, events...), &Context{})
	if err != nil {
		t.Fatal(err)
	}
	for stop := range all {
		n := 0
		for range Chunks(sequence(nil, events...), &Context{}, testMeta) {
			if n++; n == stop+1 {
				break // Go panics when the sequence goes on
			}
		}
		if n != stop+1 {
			t.Errorf("stopped at %d of %d", n, stop+1)
		}
	}
}

// TestFoldEqualsPlain makes random replies, tells each of them plain and as a stream cut at random places, and compares
// the answers (R-STR-17).
func TestFoldEqualsPlain(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 2026))
	for n := range 500 {
		in := Context{Context: converse.Context{Format: "bedrock.x", OneCall: r.IntN(4) == 0, Trace: r.IntN(4) == 0},
			Functions: r.IntN(8) == 0}
		out, events := randomReply(r)
		plain, adjusted, err := Output(out, &in, testMeta)
		if err != nil {
			t.Fatal(err)
		}
		parts, err := chunks(sequence(nil, events...), &in)
		if err != nil {
			t.Fatal(err)
		}
		wellFormed(t, parts)
		validAnswer(t, asJSON(plain))
		folded := fold(t, parts)
		sameAnswer(t, plain, folded)
		sameAnswer(t, plain, fold(t, Unfold(plain, testMeta)))
		var notes []string
		if folded.Outcrop != nil {
			notes = folded.Outcrop.Adjusted
		}
		if len(adjusted.List()) != len(notes) {
			t.Errorf("R-GEN-05: %v and %v", adjusted.List(), notes)
		}
		if t.Failed() {
			t.Fatalf("reply %d: %s", n, asJSON(plain))
		}
	}
}

// randomReply makes the same reply in both forms.
func randomReply(r *rand.Rand) (*bedrockruntime.ConverseOutput, []event) {
	words := []string{"", "a", "é😀", "[REDACTED]", "[RED", "long enough to be cut", "<b>&\u2028\"\\\n"}
	word := func() string { return words[r.IntN(len(words))] }
	var blocks []types.ContentBlock
	events := []event{evStart()}
	index := int32(r.IntN(2))
	cut := func(s string, ev func(int32, string) event) {
		for s != "" {
			runes := []rune(s)
			n := 1 + r.IntN(len(runes))
			events = append(events, ev(index, string(runes[:n])))
			s = string(runes[n:])
			if r.IntN(3) == 0 {
				events = append(events, ev(index, ""))
			}
		}
	}
	for range r.IntN(6) {
		switch r.IntN(6) {
		case 0, 1:
			s := word()
			blocks = append(blocks, &types.ContentBlockMemberText{Value: s})
			cut(s, evText)
		case 2:
			s := word()
			b := types.ReasoningTextBlock{Text: &s}
			if events = append(events, evThink(index, "")); r.IntN(2) == 0 {
				b.Signature = aws.String("sig")
			}
			blocks = append(blocks, &types.ContentBlockMemberReasoningContent{
				Value: &types.ReasoningContentBlockMemberReasoningText{Value: b}})
			cut(s, evThink)
			cut(aws.ToString(b.Signature), evSign)
		case 3:
			blocks = append(blocks, &types.ContentBlockMemberReasoningContent{
				Value: &types.ReasoningContentBlockMemberRedactedContent{Value: []byte{0xfb, 0xff, 1}}})
			events = append(events, evRedact(index, "\xfb\xff\x01"))
		case 4:
			id, kind := fmt.Sprint("t", r.IntN(3)), types.ToolUseType([]string{"", "tool_use", "server_tool_use"}[r.IntN(3)])
			u := types.ToolUseBlock{ToolUseId: &id, Name: aws.String("f"), Type: kind}
			events = append(events, evTool(index, id, "f", string(kind)))
			if s := word(); s != "" {
				u.Input = document.NewLazyDocument(map[string]any{"x": s, "n": 12})
				b, _ := u.Input.MarshalSmithyDocument()
				cut(string(b), evInput)
			}
			blocks = append(blocks, &types.ContentBlockMemberToolUse{Value: u})
		case 5:
			s := word()
			c := types.CitationsContentBlock{
				Content: []types.CitationGeneratedContent{&types.CitationGeneratedContentMemberText{Value: s}}}
			for range r.IntN(3) {
				c.Citations = append(c.Citations,
					types.Citation{Location: &types.CitationLocationMemberWeb{Value: types.WebLocation{Url: &id0,
						Domain: aws.String("example.org")}}})
				events = append(events, evCite(index, id0))
			}
			blocks = append(blocks, &types.ContentBlockMemberCitationsContent{Value: c})
			cut(s, evText)
		}
		events = append(events, evEnd(index))
		index += 1 + int32(r.IntN(3))
	}
	stop := []types.StopReason{"end_turn", "tool_use", "max_tokens", "stop_sequence", "guardrail_intervened",
		"content_filtered", "model_context_window_exceeded", "new"}[r.IntN(8)]
	a, b := int32(r.IntN(100)), int32(r.IntN(100))
	usage := types.TokenUsage{InputTokens: &a, OutputTokens: &b, CacheReadInputTokens: &b}
	out := &bedrockruntime.ConverseOutput{
		Output:      &types.ConverseOutputMemberMessage{Value: types.Message{Content: blocks}},
		StopReason:  stop,
		Usage:       &usage,
		ServiceTier: &types.ServiceTier{Type: types.ServiceTierTypeReserved},
	}
	meta := types.ConverseStreamMetadataEvent{Usage: &usage, ServiceTier: out.ServiceTier}
	if r.IntN(2) == 0 {
		g := &types.GuardrailTraceAssessment{ActionReason: aws.String("Guardrail masked.")}
		out.Trace, meta.Trace = &types.ConverseTrace{Guardrail: g}, &types.ConverseStreamTrace{Guardrail: g}
	}
	return out, append(events, evStop(stop), &types.ConverseStreamOutputMemberMetadata{Value: meta})
}

var id0 = "https://example.org/"

// FuzzChatChunks feeds any order of events: no panic, a well-formed stream or an error, and nothing after an error.
func FuzzChatChunks(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 9, 0, 10, 0, 11, 0}, byte(0))
	f.Add([]byte{0, 0, 2, 1, 3, 1, 4, 1, 9, 1, 5, 2, 6, 2, 9, 2, 10, 3, 11, 0}, byte(1))
	f.Add([]byte{5, 0, 5, 0, 6, 0, 5, 1, 6, 1, 9, 0, 9, 1, 10, 1}, byte(2))
	f.Add([]byte{0, 0, 1, 12, 9, 0, 5, 1, 6, 12, 9, 1, 10, 1}, byte(0x18))
	f.Fuzz(func(t *testing.T, program []byte, mode byte) {
		in := Context{Context: converse.Context{OneCall: mode&1 > 0, Trace: mode&2 > 0, DiscardCalls: mode&0x80 > 0,
			Answer: converse.Answer{Clean: mode&8 > 0, Unwrap: mode&0x20 > 0, Properties: mode&0x40 > 0}}, Functions: mode&4 > 0}
		if mode&0x10 > 0 {
			in.Answer.Tool = "a"
		}
		stops := []types.StopReason{"end_turn", "tool_use", "guardrail_intervened", "malformed_tool_use",
			"malformed_model_output", "max_tokens", "", "?"}
		pieces := []string{"", "a", "[RED", "ACTED]", "{", `"\xff`, " \t", "💥"}
		var events []event
		var fault error
		for len(program) >= 2 {
			op, arg := program[0]%15, program[1]
			program = program[2:]
			i, s := int32(arg%3), pieces[arg/3%8]
			events = append(events, []event{evStart(), evText(i, s), evThink(i, s), evSign(i, s), evRedact(i, s),
				evTool(i, s, s, ""), evInput(i, s), evTool(i, s, s, "server_tool_use"), evCite(i, s), evEnd(i),
				evStop(stops[arg%8]), evUsage(1, 2), nil, evBegin(i, nil), evDelta(i, nil)}[op])
			if arg == 255 {
				fault = &openai.Error{Kind: openai.Timeout}
			}
		}
		var parts []openai.Part
		var end error
		for p, err := range Chunks(sequence(fault, events...), &in, testMeta) {
			if end != nil {
				t.Fatal("something follows an error")
			}
			if (p == nil) == (err == nil) {
				t.Fatalf("%v and %v", p, err)
			}
			if end = err; err == nil {
				parts = append(parts, p)
			}
		}
		var e *openai.Error
		if end == nil {
			wellFormed(t, parts)
			if whole, err := Fold(parts); err != nil {
				t.Error(err)
			} else {
				validAnswer(t, asJSON(whole))
			}
		} else if !errors.As(end, &e) {
			t.Errorf("%T", end)
		} else if _, err := Fold(parts); err == nil {
			t.Error("a stream that failed was folded")
		}
	})
}

func BenchmarkChatChunks(b *testing.B) {
	events := []event{evStart()}
	for range 100 {
		events = append(events, evText(0, " and so on"))
	}
	events = append(events, evEnd(0), evStop("end_turn"), evUsage(10, 100))
	seq := sequence(nil, events...)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		for p, err := range Chunks(seq, &Context{}, testMeta) {
			if err != nil {
				b.Fatal(err)
			}
			buf = p.(*openai.ChatChunk).AppendJSON(buf[:0], true)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/delta")
}
