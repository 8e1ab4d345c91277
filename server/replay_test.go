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
	"outcrop/internal/catalog"
	"outcrop/internal/test/wiretest"
)

// answer is what an answer says, on either side.
type answer struct {
	text   string
	calls  []toolCall
	finish string
	usage  [4]int64 // prompt, completion, total, cached
}

type toolCall struct{ id, name, arguments string }

// TestReplay plays recorded traffic end to end: an OpenAI client asks the gateway for what the recorded request asked
// of Bedrock, the embedded Bedrock answers with the recorded bytes, and the client must see what they say.
func TestReplay(t *testing.T) {
	houseOf := replays(t)
	for _, tt := range []struct {
		operation string
		play      func(*testing.T, *house, *wiretest.Interaction, map[string]any)
		inverse   func(*wiretest.Interaction) (map[string]any, error)
		least     int // so that the test cannot rot away
	}{
		{"Converse", playPlain, chatRequest, 147},
		{"ConverseStream", playStream, chatRequest, 25},
		{"InvokeModel", playEmbedding, wiretest.EmbeddingRequest, 17},
	} {
		t.Run(tt.operation, func(t *testing.T) {
			all, played, without := 0, 0, map[string]int{}
			for _, rec := range wiretest.Bedrock(t, tt.operation) {
				if rec.Status != 200 || tt.operation == "InvokeModel" && !strings.Contains(rec.ModelID, "embed") {
					continue
				}
				all++
				req, err := tt.inverse(&rec)
				var no wiretest.NoForm
				switch {
				case unplayable[rec.ID] != "":
					without[unplayable[rec.ID]]++
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

// chatRequest is the OpenAI request of a recording, with the name that the gateway gives the reasoning of its model.
func chatRequest(rec *wiretest.Interaction) (map[string]any, error) {
	format := ""
	if to, err := catalog.Default().Resolve(rec.ModelID, rec.Region); err == nil {
		format = to.Row.Format
	}
	return wiretest.ChatRequest(rec, format)
}

// unplayable are recordings that the gateway rightly asks for in another way, with the reason.
var unplayable = map[string]string{
	"pydantic-ai.test_bedrock_media_kind_delivered_in_tool_result-mistral_document.1":                           "R-RPL-08 ids of tool calls",
	"pydantic-ai.test_bedrock_mistral_two_tool_returns_images_accepted.0":                                       "R-RPL-08 ids of tool calls",
	"req-llm.amazon_nova_lite_v1_0.converse_stream_validation_exception.0":                                      "an image that is none",
	"ruby-llm.embedding_bedrock_embedding_dialects_bedrock_us_cohere_embed-v4_0_embeds_multiple_texts-5f239d.0": "R-EMB-12 truncate is always sent",
}

// replays starts as many houses as are needed for no Bedrock to know two recordings of one operation, model and
// messages: it could not tell them apart. The result finds the house of a recording.
func replays(t *testing.T) func(*wiretest.Interaction) *house {
	t.Helper()
	var dirs []string
	asked := map[string]int{} // recordings by what is asked
	where := map[string]int{} // the house of a recording
	for _, rec := range wiretest.Bedrock(t, "Converse", "ConverseStream", "InvokeModel") {
		file := rec.ID + ".json"
		b, err := os.ReadFile(filepath.Join(wiretest.Shared(t), "wire", "bedrock", file))
		if err != nil {
			t.Fatal(err)
		}
		whole := decoded(t, b)
		req, ok := whole["request"].(map[string]any)
		if !ok {
			continue
		}
		what := any(req)
		if m, ok := req["messages"]; ok {
			textResults(m, &rec)
			what = m
		}
		key := rec.Operation + rec.ModelID + string(marshal(t, essence(what)))
		n := asked[key]
		asked[key]++
		if n == len(dirs) {
			dirs = append(dirs, t.TempDir())
		}
		where[rec.ID] = n
		if err := os.WriteFile(filepath.Join(dirs[n], file), marshal(t, whole), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	houses := make([]*house, len(dirs))
	for i, dir := range dirs {
		houses[i] = build(t, config(), offline.Config{Replay: dir})
	}
	return func(rec *wiretest.Interaction) *house { return houses[where[rec.ID]] }
}

// decoded reads an object of JSON and leaves its numbers as they are.
func decoded(t *testing.T, b []byte) (v map[string]any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// textResults changes recorded messages in the one way in which the gateway rightly differs: tool messages of OpenAI
// hold text, and what is JSON in it becomes a block of JSON only for a model that wants such (R-TOOL-12).
func textResults(messages any, rec *wiretest.Interaction) {
	to, err := catalog.Default().Resolve(rec.ModelID, rec.Region)
	if err != nil || to.Row.Caps.ToolResultJSON {
		return
	}
	var walk func(v any, inResult bool)
	walk = func(v any, inResult bool) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x, inResult)
			}
		case map[string]any:
			if x, ok := v["json"]; ok && inResult {
				text, _ := json.Marshal(x) // it was decoded
				delete(v, "json")
				v["text"] = string(text)
				return
			}
			for name, x := range v {
				walk(x, name == "toolResult" || inResult && name == "content")
			}
		}
	}
	walk(messages, false)
}

func clientOf(h *house) openai.Client {
	return openai.NewClient(option.WithBaseURL(h.url+"/v1/"), option.WithAPIKey("unused"), option.WithMaxRetries(0))
}

func playPlain(t *testing.T, h *house, rec *wiretest.Interaction, req map[string]any) {
	c := clientOf(h)
	res, err := c.Chat.Completions.New(t.Context(), param.Override[openai.ChatCompletionNewParams](marshal(t, req)))
	if err != nil {
		t.Fatalf("%v; Bedrock was asked %s", err, h.lastSent())
	}
	compare(t, rec, answerOf(&res.Choices[0].Message, res.Choices[0].FinishReason, &res.Usage), recorded(t, rec.Response))
	compareRest(t, h, rec)
}

func playStream(t *testing.T, h *house, rec *wiretest.Interaction, req map[string]any) {
	req["stream_options"] = map[string]any{"include_usage": true}
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

func playEmbedding(t *testing.T, h *house, rec *wiretest.Interaction, req map[string]any) {
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
		if !slices.EqualFunc(d.Embedding, want[i],
			func(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Max(1, math.Abs(b)) }) {
			t.Errorf("vector %d differs", i)
		}
	}
	if got, want := itoa(int(res.Usage.PromptTokens)),
		rec.ResponseHeaders["x-amzn-bedrock-input-token-count"]; want != "" && got != want {
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
	a := answer{text: m.Content, finish: finish, usage: [4]int64{u.PromptTokens, u.CompletionTokens, u.TotalTokens,
		u.PromptTokensDetails.CachedTokens}}
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

// compareRest compares the request that reached Bedrock with the recorded one, member by member; the messages have been
// compared by the match of the recording.
func compareRest(t *testing.T, h *house, rec *wiretest.Interaction) {
	t.Helper()
	var got, want map[string]any
	if json.Unmarshal([]byte(h.lastSent()), &got) != nil || json.Unmarshal(rec.Request, &want) != nil {
		t.Fatal("a request is no object")
	}
	for _, name := range []string{"system", "toolConfig", "inferenceConfig", "additionalModelRequestFields",
		"additionalModelResponseFieldPaths", "outputConfig", "guardrailConfig", "performanceConfig", "requestMetadata",
		"serviceTier"} {
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

// essence leaves out what does not change what is asked: the choice "auto" (R-CHO-01), the status "success"
// (R-TOOL-11), what is empty, and the white space of schemas.
func essence(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if text, ok := x.(string); ok && k == "schema" {
				_ = json.Unmarshal([]byte(text), &x)
			}
			if x = essence(x); x != nil && k != "auto" && x != "success" {
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
