package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"outcrop/internal/test/golden"
	"outcrop/internal/test/wiretest"
	"outcrop/openai"
)

// A golden folder with bedrock_reply.json (the body of Converse) leads to openai_reply.json; one with
// bedrock_events.json (a list of {"type","payload","message_type"}) to openai_stream.sse, and to openai_reply.json when
// the stream ends well. Without an openai_request.json, context.json says what the way back has to know.

// givenContext is context.json, written by hand.
type givenContext struct {
	Rules        []string `json:"rules"`
	IncludeUsage bool     `json:"include_usage"`
	Context      Context  `json:"context"`
}

func readContext(t *testing.T, dir string) givenContext {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "openai_request.json")); err == nil {
		req, _, c, err := goldenInput(t, dir)
		if err != nil {
			t.Fatal(err)
		}
		return givenContext{IncludeUsage: req.Facts().Usage, Context: c, Rules: readOutcome(t, dir).Rules}
	}
	b, err := os.ReadFile(filepath.Join(dir, "context.json"))
	if err != nil {
		t.Fatal(err)
	}
	var g givenContext
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&g); err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	if len(g.Rules) == 0 {
		t.Errorf("%s: which rules does it prove?", dir)
	}
	return g
}

func TestGoldenChatOutput(t *testing.T) {
	for _, dir := range goldenFolders(t, "bedrock_reply.json") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join(dir, "bedrock_reply.json"))
			if err != nil {
				t.Fatal(err)
			}
			g := readContext(t, dir)
			got, _, err := Output(wiretest.Reply(t, body), &g.Context, testMeta)
			if err != nil {
				t.Fatal(err)
			}
			validAnswer(t, asJSON(got))
			golden.File(t, filepath.Join(dir, "openai_reply.json"), asJSON(got))
		})
	}
}

func TestGoldenChatChunks(t *testing.T) {
	for _, dir := range goldenFolders(t, "bedrock_events.json") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join(dir, "bedrock_events.json"))
			if err != nil {
				t.Fatal(err)
			}
			var events []wiretest.Event
			if err := json.Unmarshal(body, &events); err != nil {
				t.Fatal(err)
			}
			g := readContext(t, dir)
			parts, fault := chunks(wiretest.Stream(t, wiretest.Frames(t, events)), &g.Context)
			golden.File(t, filepath.Join(dir, "openai_stream.sse"), serverSentEvents(t, parts, fault, g.IncludeUsage))
			if fault == nil {
				wellFormed(t, parts)
				golden.File(t, filepath.Join(dir, "openai_reply.json"), asJSON(fold(t, parts)))
			}
		})
	}
}

// serverSentEvents writes the stream as a client receives it (R-STR-01, R-STR-15).
func serverSentEvents(t *testing.T, parts []openai.Part, fault error, usage bool) []byte {
	t.Helper()
	var b []byte
	event := func(data []byte) {
		if len(data) > 0 {
			b = append(append(append(b, "data: "...), data...), "\n\n"...)
		}
	}
	for _, p := range parts {
		event(p.(*openai.ChatChunk).AppendJSON(nil, usage))
	}
	if fault == nil {
		event([]byte("[DONE]"))
		return b
	}
	var e *openai.Error
	if !errors.As(fault, &e) { // an exception, which internal/bedrock turns into an openai.Error
		t.Fatalf("golden streams end well or are cut: %v", fault)
	}
	event(e.AppendJSON(nil, "server_error"))
	return b
}
