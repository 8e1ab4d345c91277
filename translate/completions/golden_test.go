package completions

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"outcrop/internal/catalog"
	"outcrop/internal/test/golden"
	"outcrop/internal/test/wiretest"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// A golden folder takes openai_request.json to bedrock_request.json, or to the error in outcome.json; with
// bedrock_reply.json (the body of Converse) it leads to openai_reply.json and, told in chunks, to openai_stream.sse.

// outcome is outcome.json. Rules and ModelID are written by hand; the rest is what came out.
type outcome struct {
	Rules    []string      `json:"rules"`
	ModelID  string        `json:"model_id"`
	Adjusted string        `json:"adjusted,omitempty"`
	Error    *golden.Fault `json:"error,omitempty"`
}

func TestGolden(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "golden", "*", "openai_request.json"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no golden folders", err)
	}
	for _, path := range paths {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var was outcome
			golden.Read(t, filepath.Join(dir, "outcome.json"), &was)
			is := outcome{Rules: was.Rules, ModelID: was.ModelID}
			if len(was.Rules) == 0 {
				t.Error("which rules does it prove?")
			}
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			req, fault := decoded(t, string(body))
			if fault != nil {
				is.Error = golden.FaultOf(fault)
			} else {
				is.Adjusted = taken(t, dir, req, was.ModelID)
			}
			golden.File(t, filepath.Join(dir, "outcome.json"), golden.Indent(t, is))
		})
	}
}

// taken takes a request to its first call, and back. It gives what was adjusted.
func taken(t *testing.T, dir string, req *openai.ChatRequest, model string) string {
	t.Helper()
	to, err := catalog.Default().Resolve(model, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	in, back, err := chat.Input(req.Prompt(0), to, translate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	golden.File(t, filepath.Join(dir, "bedrock_request.json"), wiretest.Request(t, in))
	if body, err := os.ReadFile(filepath.Join(dir, "bedrock_reply.json")); err == nil {
		meta := translate.Meta{ID: "cmpl-golden", Model: "m", Created: 1764000000, Fingerprint: "fp_0"}
		whole, _, err := chat.Output(wiretest.Reply(t, body), &back, meta)
		if err != nil {
			t.Fatal(err)
		}
		c := Call{ID: "golden", Created: meta.Created}
		plain := AppendAnswer(nil, req, c, whole)
		golden.File(t, filepath.Join(dir, "openai_reply.json"), plain)
		golden.File(t, filepath.Join(dir, "openai_stream.sse"), streamed(t, req, c, chat.Unfold(whole, meta), plain))
	}
	list := back.Adjusted.Named(req.Named, []string{"model", "prompt"})
	return list.Header()
}

// streamed writes the chunks of an answer, which fold to the plain one (R-CMP-12).
func streamed(t *testing.T, req *openai.ChatRequest, c Call, parts []openai.Part, plain []byte) (b []byte) {
	t.Helper()
	var text, finish string
	for _, p := range parts {
		chunk := AppendChunk(nil, req, c, p.(*openai.ChatChunk), true)
		if len(chunk) == 0 {
			continue
		}
		b = append(append(append(b, "data: "...), chunk...), "\n\n"...)
		text, finish = text+first(t, chunk).Text, first(t, chunk).Finish
	}
	if whole := first(t, plain); whole.Text != text || finish != "" && finish != whole.Finish {
		t.Errorf("R-CMP-12: %q %s, plain %q %s", text, finish, whole.Text, whole.Finish)
	}
	return b
}

// choice is what tests read of a choice.
type choice struct {
	Text   string `json:"text"`
	Finish string `json:"finish_reason"`
}

func first(t *testing.T, answer []byte) (c choice) {
	t.Helper()
	var v struct{ Choices []choice }
	if err := json.Unmarshal(answer, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Choices) > 0 {
		c = v.Choices[0]
	}
	return c
}
