package chat_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outcrop/internal/bedrock/offline"
	"outcrop/internal/test/wiretest"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// TestStreamSaysWhatThePlainAnswerSays asks the embedded Bedrock for the same answer plain and streamed.
func TestStreamSaysWhatThePlainAnswerSays(t *testing.T) {
	t.Run("R-STR-17", func(t *testing.T) {
		j := strictBedrock(t)
		models, roll := live(t, j), newDice(t, j)
		compared, calls, reasoning := 0, 0, 0
		for seed := uint64(1_000_000); compared < 1000 && seed < 1_010_000; seed++ {
			d := roll(seed)
			to := models[d.IntN(len(models))]
			tree := d.request(to.Row)
			delete(tree, "metadata") // leaves in any order, and the embedded Bedrock makes its ids of the body
			delete(tree, "request_metadata")
			tree["messages"] = append(tree["messages"].([]object),
				object{"role": "user", "content": oneOf(d, "Use get_weather now", "count to 3", "f and get_weather")})
			_, in, c, fault := way(mustMarshal(t, tree), to, translate.Options{})
			if fault != nil || !streams(in, to.Row) {
				continue
			}
			// also fills the prompt cache, whose state the usage tells
			if _, err := j.converse(t.Context(), in, &c); err != nil {
				continue
			}
			plain, err := j.converse(t.Context(), in, &c)
			if err != nil {
				t.Fatal(err)
			}
			parts, err := j.stream(t.Context(), in, &c)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			folded, err := chat.Fold(parts)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if x := folded.(*openai.ChatResponse).Outcrop; x != nil && slices.Contains(x.Adjusted, "response_format:not_json") {
				continue // a plain answer keeps its fence then, a stream has lost the opening one before anybody knew (R-FMT-07)
			}
			if diff := cmp.Diff(asRead(t, plain), asRead(t, folded)); diff != "" {
				t.Fatalf("seed %d on %s: plain (-) and folded (+):\n%s", seed, to.Row.ID, diff)
			}
			compared++
			calls += len(plain.Choices[0].Message.ToolCalls)
			reasoning += len(plain.Choices[0].Message.ReasoningDetails)
		}
		t.Logf("%d answers compared, with %d calls and %d pieces of reasoning", compared, calls, reasoning)
		if compared < 1000 || calls < 100 || reasoning < 50 {
			t.Error("too few")
		}
	})
}

// written is a part as a client receives it.
func written(p openai.Part) []byte {
	if c, ok := p.(*openai.ChatChunk); ok {
		return c.AppendJSON(nil, true)
	}
	return p.(*openai.ChatResponse).AppendJSON(nil)
}

// asRead is an answer as a client reads it: arguments by value, and without what a plain answer has in its header.
func asRead(t *testing.T, p openai.Part) any {
	t.Helper()
	v := parseJSON(t, written(p)).(object)
	if x, ok := v["outcrop"].(object); ok {
		if delete(x, "adjusted"); len(x) == 0 {
			delete(v, "outcrop")
		}
	}
	for _, c := range listOf(v["choices"]) {
		m := c["message"].(object)
		functions := []any{m["function_call"]}
		for _, call := range listOf(m["tool_calls"]) {
			functions = append(functions, call["function"])
		}
		for _, f := range functions {
			if f, ok := f.(object); ok && json.Valid([]byte(f["arguments"].(string))) {
				f["arguments"] = parseJSON(t, []byte(f["arguments"].(string)))
			}
		}
	}
	return v
}

// TestSignedLoop goes a tool loop with the embedded Bedrock, which checks signatures: thinking, a call, its result, and
// on.
func TestSignedLoop(t *testing.T) {
	j := strictBedrock(t)
	const tools = `"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}]`
	for _, model := range []string{"anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-sonnet-4-6",
		"anthropic.claude-sonnet-5", "anthropic.claude-fable-5"} {
		for _, streamed := range []bool{false, true} {
			t.Run("R-RPL-04 R-RSN-07/"+model, func(t *testing.T) {
				to := aim(t, model)
				messages := []any{object{"role": "user", "content": "What is the weather?"}}
				for range 3 {
					body := mustMarshal(t, object{"model": model, "messages": messages, "reasoning_effort": "low",
						"tools": parseJSON(t, []byte("{"+tools+"}")).(object)["tools"]})
					_, in, c, fault := way(body, to, translate.Options{})
					if fault != nil {
						t.Fatal(fault)
					}
					if list := c.Adjusted.List(); len(list) > 0 {
						t.Errorf("adjusted %v", list)
					}
					var answer openai.Part
					var err error
					if answer, err = j.converse(t.Context(), in, &c); err == nil && streamed {
						var parts []openai.Part
						if parts, err = j.stream(t.Context(), in, &c); err == nil {
							answer, err = chat.Fold(parts)
						}
					}
					if err != nil {
						t.Fatalf("%v after %s", errors.Unwrap(err), j.body)
					}
					whole := parseJSON(t, written(answer)).(object)
					m := listOf(whole["choices"])[0]["message"].(object)
					if len(listOf(m["reasoning_details"])) == 0 && len(messages) == 1 {
						t.Errorf("no reasoning: %v", m)
					}
					messages = append(messages, m)
					for _, call := range listOf(m["tool_calls"]) {
						messages = append(messages, object{"role": "tool", "tool_call_id": call["id"], "content": "sunny"})
					}
					if m["tool_calls"] == nil {
						messages = append(messages, object{"role": "user", "content": "And the weather of tomorrow?"})
					}
				}
			})
		}
	}
}

// pieces reads as much at a time as each of the sizes says, over and over.
type pieces struct {
	from  io.Reader
	sizes []byte
	n     int
}

func (p *pieces) Read(b []byte) (int, error) {
	size := 1
	if len(p.sizes) > 0 {
		size += int(p.sizes[p.n%len(p.sizes)])
	}
	p.n++
	return p.from.Read(b[:min(len(b), size)])
}

// recordedStreams are the bytes of the recorded streams.
func recordedStreams(t testing.TB) (list []wiretest.Interaction) {
	t.Helper()
	for _, rec := range wiretest.Bedrock(t, "ConverseStream") {
		if rec.Status == 200 && len(rec.EventStream) > 0 {
			list = append(list, rec)
		}
	}
	return list
}

// eventStream answers with the bytes.
func eventStream(body *[]byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		_, _ = w.Write(*body)
	})
}

// toldWith gives the stream as the client would see it when its bytes arrive in pieces of the sizes; nil is all at
// once.
func (j *judge) toldWith(t testing.TB, sizes []byte) []byte {
	t.Helper()
	j.read = nil
	if sizes != nil {
		j.read = func(r io.Reader) io.ReadCloser { return io.NopCloser(&pieces{from: r, sizes: sizes}) }
	}
	_, in, c, fault := way([]byte(`{"model":"m","messages":[{"role":"user","content":"Hi"}]}`), aim(t, judged[2].id),
		translate.Options{})
	if fault != nil {
		t.Fatal(fault)
	}
	parts, err := j.stream(t.Context(), in, &c)
	var b []byte
	for _, p := range parts {
		b = append(append(b, written(p)...), '\n')
	}
	var fail *openai.Error
	if errors.As(err, &fail) {
		b = fail.AppendJSON(b, "error")
	} else if err != nil {
		t.Fatalf("%T %v", err, err)
	}
	return b
}

func TestRecordedStreamsInPieces(t *testing.T) {
	var body []byte
	j := bedrockOf(t, eventStream(&body))
	for _, rec := range recordedStreams(t) {
		t.Run("R-STR-23/"+rec.ID, func(t *testing.T) {
			body = rec.EventStream
			whole := j.toldWith(t, nil)
			r := rand.New(rand.NewPCG(23, uint64(len(body))))
			odd := make([]byte, 200)
			for i := range odd {
				odd[i] = byte(r.IntN(256))
			}
			for _, sizes := range [][]byte{{0}, {1}, {3}, {10, 0, 4}, odd} { // each is one byte more
				if got := j.toldWith(t, sizes); !bytes.Equal(got, whole) {
					t.Errorf("in pieces of %v:\n%s\nat once:\n%s", sizes[:1], got, whole)
				}
			}
		})
	}
}

// FuzzStreamInPieces cuts, damages and splits recorded streams: however the bytes arrive, the client is told the same.
func FuzzStreamInPieces(f *testing.F) {
	streams := recordedStreams(f)
	var body []byte
	j := bedrockOf(f, eventStream(&body))
	f.Add(uint16(0), []byte{0}, uint32(1<<31), uint32(1<<31))
	f.Add(uint16(3), []byte{5, 200, 0}, uint32(100), uint32(1<<31))
	f.Add(uint16(7), []byte{11}, uint32(1<<31), uint32(77))
	f.Fuzz(func(t *testing.T, which uint16, sizes []byte, cut, damage uint32) {
		body = slices.Clone(streams[int(which)%len(streams)].EventStream)
		body = body[:min(uint64(cut), uint64(len(body)))]
		if int64(damage) < int64(len(body)) {
			body[damage] ^= 0x20
		}
		if whole, split := j.toldWith(t, nil), j.toldWith(t, append([]byte{}, sizes...)); !bytes.Equal(whole, split) {
			t.Errorf("R-STR-23 at once:\n%s\nin pieces:\n%s", whole, split)
		}
	})
}

// TestOfflineInPieces lets the embedded Bedrock write its stream byte by byte.
func TestOfflineInPieces(t *testing.T) {
	t.Run("R-STR-23", func(t *testing.T) {
		j := strictBedrock(t)
		if _, ok := j.answer.(*offline.Server); !ok {
			t.Fatal("not the embedded Bedrock")
		}
		to := aim(t, "amazon.nova-lite-v1:0")
		told := func(model string) []byte {
			to.CalledID = model
			_, in, c, fault := way([]byte(`{"model":"m","messages":[{"role":"user","content":"count to 20"}]}`), to,
				translate.Options{})
			if fault != nil {
				t.Fatal(fault)
			}
			parts, err := j.stream(t.Context(), in, &c)
			if err != nil {
				t.Fatal(err)
			}
			var b []byte
			for _, p := range parts {
				b = append(b, written(p)...)
			}
			return b
		}
		whole := told("amazon.nova-lite-v1:0")
		for _, split := range []string{"1", "7", "16"} {
			if got := told("amazon.nova-lite-v1:0+split=" + split); !bytes.Equal(got, whole) {
				t.Errorf("split=%s:\n%s\n%s", split, got, whole)
			}
		}
	})
}
