package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"

	"outcrop/internal/bedrock/offline"
	"outcrop/internal/wiretest"
)

// answer is what an answer says, on either side.
type answer struct {
	text   string
	calls  []toolCall
	finish string
	usage  [4]int64 // prompt, completion, total, cached
}

type toolCall struct{ id, name, arguments string }

// TestReplay plays recorded traffic end to end: an OpenAI client asks the gateway for what the recorded request asked of
// Bedrock, the embedded Bedrock answers with the recorded bytes, and the client must see what they say.
func TestReplay(t *testing.T) {
	houseOf := replays(t)
	for _, tt := range []struct {
		operation string
		play      func(*testing.T, *house, *wiretest.Interaction, object)
		inverse   func(*wiretest.Interaction) (object, error)
		least     int // so that the test cannot rot away
	}{
		{"Converse", playPlain, inverseChat, 140},
		{"ConverseStream", playStream, inverseChat, 23},
		{"InvokeModel", playEmbedding, inverseEmbedding, 17},
	} {
		t.Run(tt.operation, func(t *testing.T) {
			all, played, without := 0, 0, map[string]int{}
			for _, rec := range wiretest.Bedrock(t, tt.operation) {
				if rec.Status != 200 || tt.operation == "InvokeModel" && !strings.Contains(rec.ModelID, "embed") {
					continue
				}
				all++
				req, err := tt.inverse(&rec)
				var no noForm
				switch {
				case unplayable[rec.ID] != "":
					without[unplayable[rec.ID]]++
					continue
				case rec.Request == nil || string(rec.Request) == "null":
					without["request not recorded"]++
					continue
				case errors.As(err, &no):
					without[string(no)]++
					continue
				case err != nil:
					t.Fatalf("%s: %v", rec.ID, err)
				}
				if t.Run(rec.ID, func(t *testing.T) { tt.play(t, houseOf(&rec), &rec, req) }) {
					played++
				}
			}
			t.Logf("played %d of %d recordings; without an OpenAI form: %v", played, all, without)
			if played < tt.least {
				t.Errorf("only %d recordings were played, want at least %d", played, tt.least)
			}
		})
	}
}

// unplayable are recordings that the gateway rightly asks for in another way, with the reason.
var unplayable = map[string]string{
	"pydantic-ai.test_bedrock_media_kind_delivered_in_tool_result-mistral_document.1":                           "R-RPL-08 ids of tool calls",
	"pydantic-ai.test_bedrock_mistral_two_tool_returns_images_accepted.0":                                       "R-RPL-08 ids of tool calls",
	"req-llm.amazon_nova_lite_v1_0.converse_stream_validation_exception.0":                                      "an image that is none",
	"ruby-llm.embedding_bedrock_embedding_dialects_bedrock_us_cohere_embed-v4_0_embeds_multiple_texts-5f239d.0": "R-EMB-12 truncate is always sent",
}

// replays starts as many houses as are needed for no Bedrock to know two recordings of one operation, model and messages: it
// could not tell them apart. The result finds the house of a recording.
func replays(t *testing.T) func(*wiretest.Interaction) *house {
	t.Helper()
	var dirs []string
	asked := map[string]int{} // recordings by what is asked
	where := map[string]int{} // the house of a recording
	for _, rec := range wiretest.Bedrock(t, "Converse", "ConverseStream", "InvokeModel") {
		var req map[string]any
		if json.Unmarshal(rec.Request, &req) != nil {
			continue
		}
		what := any(req)
		if m, ok := req["messages"]; ok {
			what = m
		}
		key := rec.Operation + rec.ModelID + string(marshal(t, essence(what)))
		n := asked[key]
		asked[key]++
		if n == len(dirs) {
			dirs = append(dirs, t.TempDir())
		}
		where[rec.ID] = n
		file := rec.ID + ".json"
		b, err := os.ReadFile(filepath.Join(wiretest.Shared(t), "wire", "bedrock", file))
		if err == nil {
			err = os.WriteFile(filepath.Join(dirs[n], file), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	houses := make([]*house, len(dirs))
	for i, dir := range dirs {
		houses[i] = build(t, config(), offline.Config{Replay: dir})
	}
	return func(rec *wiretest.Interaction) *house { return houses[where[rec.ID]] }
}

func clientOf(h *house) openai.Client {
	return openai.NewClient(option.WithBaseURL(h.url+"/v1/"), option.WithAPIKey("unused"), option.WithMaxRetries(0))
}

func playPlain(t *testing.T, h *house, rec *wiretest.Interaction, req object) {
	c := clientOf(h)
	res, err := c.Chat.Completions.New(t.Context(), param.Override[openai.ChatCompletionNewParams](marshal(t, req)))
	if err != nil {
		t.Fatalf("%v; Bedrock was asked %s", err, h.lastSent())
	}
	compare(t, rec, answerOf(&res.Choices[0].Message, res.Choices[0].FinishReason, &res.Usage), recorded(t, rec.Response))
	compareRest(t, h, rec)
}

func playStream(t *testing.T, h *house, rec *wiretest.Interaction, req object) {
	req["stream_options"] = object{"include_usage": true}
	c := clientOf(h)
	s := c.Chat.Completions.NewStreaming(t.Context(), param.Override[openai.ChatCompletionNewParams](marshal(t, req)))
	defer s.Close()
	var acc openai.ChatCompletionAccumulator
	for s.Next() {
		if !acc.AddChunk(s.Current()) {
			t.Fatalf("the accumulator refuses %s", s.Current().RawJSON())
		}
	}
	if s.Err() != nil {
		t.Fatalf("%v; Bedrock was asked %s", s.Err(), h.lastSent())
	}
	compare(t, rec, answerOf(&acc.Choices[0].Message, acc.Choices[0].FinishReason, &acc.Usage), folded(t, rec.Events))
	compareRest(t, h, rec)
}

func playEmbedding(t *testing.T, h *house, rec *wiretest.Interaction, req object) {
	c := clientOf(h)
	res, err := c.Embeddings.New(context.Background(), param.Override[openai.EmbeddingNewParams](marshal(t, req)))
	if err != nil {
		t.Fatalf("%v; Bedrock was asked %s", err, h.lastSent())
	}
	want := recordedVectors(t, rec.Response)
	if len(res.Data) != len(want) {
		t.Fatalf("%d vectors, recorded %d", len(res.Data), len(want))
	}
	for i, d := range res.Data {
		if !slices.EqualFunc(d.Embedding, want[i], func(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Max(1, math.Abs(b)) }) {
			t.Errorf("vector %d differs", i)
		}
	}
	if got, want := itoa(int(res.Usage.PromptTokens)), rec.ResponseHeaders["x-amzn-bedrock-input-token-count"]; want != "" && got != want {
		t.Errorf("%s prompt tokens, recorded %s", got, want)
	}
}

func marshal(t *testing.T, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func answerOf(m *openai.ChatCompletionMessage, finish string, u *openai.CompletionUsage) answer {
	a := answer{text: m.Content, finish: finish, usage: [4]int64{u.PromptTokens, u.CompletionTokens, u.TotalTokens, u.PromptTokensDetails.CachedTokens}}
	for _, c := range m.ToolCalls {
		a.calls = append(a.calls, toolCall{c.ID, c.Function.Name, c.Function.Arguments})
	}
	return a
}

func compare(t *testing.T, rec *wiretest.Interaction, got, want answer) {
	t.Helper()
	if got.text != want.text {
		t.Errorf("text %.300q, recorded %.300q", got.text, want.text)
	}
	if !slices.EqualFunc(got.calls, want.calls, func(a, b toolCall) bool {
		return a.id == b.id && a.name == b.name && sameJSON(a.arguments, b.arguments)
	}) {
		t.Errorf("tool calls %+v, recorded %+v", got.calls, want.calls)
	}
	if got.finish != want.finish {
		t.Errorf("finish reason %s, recorded %s", got.finish, want.finish)
	}
	if got.usage != want.usage {
		t.Errorf("usage (prompt, completion, total, cached) %v, recorded %v", got.usage, want.usage)
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return a == b
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return bytes.Equal(p, q)
}

// block is one content block of a recorded answer.
type block struct {
	Text    *string `json:"text"`
	ToolUse *struct {
		ID    string          `json:"toolUseId"`
		Name  string          `json:"name"`
		Type  string          `json:"type"`
		Input json.RawMessage `json:"input"`
	} `json:"toolUse"`
	Citations *struct {
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	} `json:"citationsContent"`
}

type recordedUsage struct {
	Input      int64 `json:"inputTokens"`
	Output     int64 `json:"outputTokens"`
	CacheRead  int64 `json:"cacheReadInputTokens"`
	CacheWrite int64 `json:"cacheWriteInputTokens"`
}

func (u recordedUsage) openAI() [4]int64 {
	prompt := u.Input + u.CacheRead + u.CacheWrite
	return [4]int64{prompt, u.Output, prompt + u.Output, u.CacheRead}
}

// recorded reads what a recorded plain answer says.
func recorded(t *testing.T, raw json.RawMessage) answer {
	t.Helper()
	var r struct {
		Output struct {
			Message struct {
				Content []block `json:"content"`
			} `json:"message"`
		} `json:"output"`
		Stop  string          `json:"stopReason"`
		Usage recordedUsage   `json:"usage"`
		Trace json.RawMessage `json:"trace"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	a := answer{usage: r.Usage.openAI()}
	for _, b := range r.Output.Message.Content {
		a.add(b)
	}
	a.finish = finishOf(r.Stop, r.Trace, len(a.calls) > 0)
	return a
}

func (a *answer) add(b block) {
	switch {
	case b.Text != nil:
		a.text += *b.Text
	case b.Citations != nil:
		for _, c := range b.Citations.Content {
			a.text += c.Text
		}
	case b.ToolUse != nil && b.ToolUse.Type != "server_tool_use":
		a.calls = append(a.calls, toolCall{b.ToolUse.ID, b.ToolUse.Name, string(b.ToolUse.Input)})
	}
}

// folded reads what the events of a recorded stream say.
func folded(t *testing.T, events []wiretest.Event) answer {
	t.Helper()
	var a answer
	var stop string
	var trace json.RawMessage
	client := map[int]int{} // content block to client tool call
	for _, e := range events {
		var p struct {
			Index int   `json:"contentBlockIndex"`
			Start block `json:"start"`
			Delta struct {
				Text    string `json:"text"`
				ToolUse *struct {
					Input string `json:"input"`
				} `json:"toolUse"`
			} `json:"delta"`
			Stop  string          `json:"stopReason"`
			Usage *recordedUsage  `json:"usage"`
			Trace json.RawMessage `json:"trace"`
		}
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			t.Fatal(err)
		}
		switch e.Type {
		case "contentBlockStart":
			if before := len(a.calls); p.Start.ToolUse != nil {
				if a.add(p.Start); len(a.calls) > before {
					client[p.Index] = before
				}
			}
		case "contentBlockDelta":
			a.text += p.Delta.Text
			if i, ok := client[p.Index]; ok && p.Delta.ToolUse != nil {
				a.calls[i].arguments += p.Delta.ToolUse.Input
			}
		case "messageStop":
			stop = p.Stop
		case "metadata":
			trace = p.Trace
			a.usage = p.Usage.openAI()
		}
	}
	for i := range a.calls {
		if strings.TrimSpace(a.calls[i].arguments) == "" {
			a.calls[i].arguments = "{}" // R-STR-11
		}
	}
	a.finish = finishOf(stop, trace, len(a.calls) > 0)
	return a
}

// finishOf is the table of TRANSLATION 2.2, as far as recordings go.
func finishOf(stop string, trace json.RawMessage, calls bool) string {
	usable := "stop"
	if calls {
		usable = "tool_calls"
	}
	switch stop {
	case "max_tokens", "model_context_window_exceeded":
		return "length"
	case "content_filtered":
		return "content_filter"
	case "guardrail_intervened":
		if trace == nil || bytes.Contains(trace, []byte(`"BLOCKED"`)) || bytes.Contains(trace, []byte("Guardrail blocked")) {
			return "content_filter"
		}
	}
	return usable
}

// recordedVectors reads the vectors of a recorded embedding reply of any family.
func recordedVectors(t *testing.T, raw json.RawMessage) [][]float64 {
	t.Helper()
	var titan struct {
		Embedding []float64 `json:"embedding"`
	}
	var cohere3 struct {
		Embeddings [][]float64 `json:"embeddings"`
	}
	var cohere4 struct {
		Embeddings struct {
			Float [][]float64 `json:"float"`
		} `json:"embeddings"`
	}
	var nova struct {
		Embeddings []struct {
			Embedding []float64 `json:"embedding"`
		} `json:"embeddings"`
	}
	switch {
	case json.Unmarshal(raw, &titan) == nil && titan.Embedding != nil:
		return [][]float64{titan.Embedding}
	case json.Unmarshal(raw, &cohere3) == nil:
		return cohere3.Embeddings
	case json.Unmarshal(raw, &cohere4) == nil:
		return cohere4.Embeddings.Float
	case json.Unmarshal(raw, &nova) == nil:
		var all [][]float64
		for _, e := range nova.Embeddings {
			all = append(all, e.Embedding)
		}
		return all
	}
	t.Fatalf("unknown form of an embedding reply: %.200s", raw)
	return nil
}

// compareRest compares the request that reached Bedrock with the recorded one, member by member; the messages have been compared
// by the match of the recording.
func compareRest(t *testing.T, h *house, rec *wiretest.Interaction) {
	t.Helper()
	var got, want map[string]any
	if json.Unmarshal([]byte(h.lastSent()), &got) != nil || json.Unmarshal(rec.Request, &want) != nil {
		t.Fatal("a request is no object")
	}
	for _, name := range []string{"system", "toolConfig", "inferenceConfig", "additionalModelRequestFields", "outputConfig", "guardrailConfig"} {
		a, b := marshal(t, essence(got[name])), marshal(t, essence(want[name]))
		if !bytes.Equal(a, b) && rewritten[rec.ID] != name {
			t.Errorf("%s: sent %.600s, recorded %.600s", name, a, b)
		}
	}
}

// rewritten are recordings of which the gateway rightly changes one member.
var rewritten = map[string]string{
	"ellmer.aws-bedrock-thinking.0": "inferenceConfig", // R-SMP-05: no temperature while Claude thinks
}

// essence leaves out what does not change what is asked: cache points (the gateway places its own, R-CACHE-07), the choice
// "auto" (R-CHO-01), what is empty, and the white space of schemas.
func essence(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := object{}
		for k, x := range v {
			if text, ok := x.(string); ok && k == "schema" {
				_ = json.Unmarshal([]byte(text), &x)
			}
			if x = essence(x); x != nil && k != "cachePoint" && k != "auto" && x != "success" {
				out[k] = x
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case []any:
		out := []any{}
		for _, x := range v {
			if x = essence(x); x != nil {
				out = append(out, x)
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	}
	return v
}
