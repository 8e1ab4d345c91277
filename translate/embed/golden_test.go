package embed

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"outcrop/internal/catalog"
	"outcrop/internal/test/golden"
	"outcrop/openai"
	"outcrop/translate"
)

// outcome is outcome.json of a golden folder. Rules, ModelID and Options are written by hand; the rest is what came
// out.
type outcome struct {
	Rules    []string        `json:"rules"`
	ModelID  string          `json:"model_id"`
	Options  json.RawMessage `json:"options,omitempty"` // of type translate.Options; absent is the zero value
	Adjusted string          `json:"adjusted,omitempty"`
	Error    *golden.Fault   `json:"error,omitempty"`
}

// goldenCall is one entry of bedrock_requests.json.
type goldenCall struct {
	ModelID string          `json:"model_id"`
	Body    json.RawMessage `json:"body"`
}

// goldenReply is one entry of bedrock_replies.json, which is written by hand.
type goldenReply struct {
	InputTokens int64           `json:"input_tokens"` // of the header, -1 when absent
	Body        json.RawMessage `json:"body"`
}

// TestGoldenEmbeddings takes every folder's request to its Bedrock calls, and Bedrock's replies back to the answer, or
// either to its error.
func TestGoldenEmbeddings(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join("testdata", "golden", "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no golden folders: %v", err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var was outcome
			golden.Read(t, filepath.Join(dir, "outcome.json"), &was)
			is := outcome{Rules: was.Rules, ModelID: was.ModelID, Options: was.Options}
			if len(is.Rules) == 0 {
				t.Errorf("which rules does it prove?")
			}
			goldenEmbedding(t, dir, &is)
			golden.File(t, filepath.Join(dir, "outcome.json"), bytes.TrimSpace(golden.Indent(t, is)))
		})
	}
}

func goldenEmbedding(t *testing.T, dir string, is *outcome) {
	body, err := os.ReadFile(filepath.Join(dir, "openai_request.json"))
	if err != nil {
		t.Fatal(err)
	}
	var o translate.Options
	if is.Options != nil {
		if err := json.Unmarshal(is.Options, &o); err != nil {
			t.Fatal(err)
		}
	}
	calls, c, err := embedBody(body, embedTarget(t, is.ModelID), o)
	goldenFile(t, filepath.Join(dir, "bedrock_requests.json"), err == nil, func() []byte {
		wire := make([]goldenCall, len(calls))
		for i, call := range calls {
			wire[i] = goldenCall{*call.ModelId, call.Body}
		}
		return bytes.TrimSpace(golden.Indent(t, wire))
	})
	if err != nil {
		is.Error = golden.FaultOf(err)
		return
	}
	is.Adjusted = c.Adjusted.Header()

	var replies []goldenReply
	raw, err := os.ReadFile(filepath.Join(dir, "bedrock_replies.json"))
	if err != nil {
		t.Fatalf("a request that is not refused needs replies: %v", err)
	}
	if err := json.Unmarshal(raw, &replies); err != nil {
		t.Fatal(err)
	}
	outs := make([]Reply, len(replies))
	for i, r := range replies {
		outs[i] = Reply{Body: r.Body, InputTokens: r.InputTokens}
	}
	resp, err := Output(outs, &c, translate.Meta{Model: is.ModelID})
	goldenFile(t, filepath.Join(dir, "openai_reply.json"), err == nil, func() []byte { return resp.AppendJSON(nil) })
	if err != nil {
		is.Error = golden.FaultOf(err)
	}
}

// goldenFile compares what is made with the file, which must be missing when nothing is to be made.
func goldenFile(t *testing.T, path string, exists bool, made func() []byte) {
	t.Helper()
	if exists {
		golden.File(t, path, made())
		return
	}
	if *golden.Update {
		_ = os.Remove(path)
	}
	if _, err := os.Stat(path); err == nil {
		t.Errorf("%s exists, but the case was refused before", path)
	}
}

// embedBody decodes and translates a request; a fault of either is the error.
func embedBody(body []byte, target catalog.Target,
	o translate.Options) ([]*bedrockruntime.InvokeModelInput, Context, error) {
	req, fault := openai.DecodeEmbedding(body)
	if fault != nil {
		return nil, Context{}, fault
	}
	return Inputs(req, target, o)
}

// embedTarget resolves the id in the real catalogue, so that its rows are proved to carry what the rules need.
func embedTarget(t testing.TB, id string) catalog.Target {
	t.Helper()
	target, err := catalog.Default().Resolve(id, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	return target
}
