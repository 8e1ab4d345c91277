package offline

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"outcrop/internal/bedrock/offline/wire"
)

// Every recording with a request is found by it, and served byte for byte.
func TestReplayServesEveryRecording(t *testing.T) {
	dir := recordingsDir(t)
	served := map[string][]*wire.Reply{}
	s := newServer(t, func(c *Config) { c.Replay = filepath.Dir(dir) }) // the folder above bedrock/ is taken too
	eachRecorded(t, func(t *testing.T, r recorded) {
		rep := s.answer(wire.Operation{Name: r.Operation, ID: r.Name()}, r.Request)
		served[r.Key] = append(served[r.Key], rep)
		if rep.Status != r.Status {
			t.Fatalf("status %d, recorded %d: %s", rep.Status, r.Status, rep.Body)
		}
		if r.Stream == "" {
			if !bytes.Equal(rep.Body, r.Response) {
				t.Error("another body")
			}
			return
		}
		var all []byte
		for _, f := range rep.Frames {
			all = append(all, f.Bytes...)
		}
		if base64.StdEncoding.EncodeToString(all) != r.Stream {
			t.Error("other bytes of the stream")
		}
	})
	// The last of several with one key is repeated.
	for _, list := range served {
		if len(list) == 1 {
			continue
		}
		if slices.ContainsFunc(list[1:], func(r *wire.Reply) bool { return r == list[0] }) {
			t.Error("several recordings with one key, but the first came twice")
		}
	}
}

// What the recordings' bytes are worth: the SDK client decodes all of them. The request sent is the recorded one, put
// into the client's HTTP call; the client's own input is a dummy.
func TestReplayThroughTheSDK(t *testing.T) {
	dir := recordingsDir(t)
	ts := start(t, func(c *Config) { c.Replay = dir })
	plain, streams := 0, 0
	eachRecorded(t, func(t *testing.T, r recorded) {
		if r.Operation != "Converse" && r.Operation != "ConverseStream" || r.Model == "" {
			return
		}
		c := runtimeClient(ts, 1)
		swap := func(o *bedrockruntime.Options) { o.APIOptions = append(o.APIOptions, swapBody(r.Request)) }
		if r.Operation == "Converse" {
			out, err := c.Converse(context.Background(), &bedrockruntime.ConverseInput{ModelId: aws.String(r.Model)}, swap)
			if (err == nil) != (r.Status == 200) {
				t.Fatalf("recorded %d: %v", r.Status, err)
			}
			if err == nil && (out.StopReason == "" || out.Usage == nil) {
				t.Errorf("half an answer: %+v", out)
			}
			plain++
			return
		}
		out, err := c.ConverseStream(context.Background(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(r.Model)},
			swap)
		if err != nil {
			if r.Status == 200 {
				t.Fatal(err)
			}
			return
		}
		stream := out.GetStream()
		defer stream.Close()
		n := 0
		for range stream.Events() {
			n++
		}
		if err := stream.Err(); (err != nil) != strings.Contains(r.ID, "exception") {
			t.Errorf("after %d events: %v", n, err)
		}
		streams++
	})
	if plain < 150 || streams < 25 {
		t.Errorf("only %d plain and %d streamed recordings", plain, streams)
	}
}

func TestReplayMisses(t *testing.T) {
	s := newServer(t, func(c *Config) { c.Replay = recordingsDir(t) })
	rep := s.answer(wire.Operation{Name: "Converse", ID: novaLite}, []byte(`{`+talk(hi)+`}`))
	if rep.Status != 400 || !strings.HasPrefix(messageOf(t, rep.Body), "no recording matches") {
		t.Errorf("%d %s", rep.Status, rep.Body)
	}
	if rep := s.answer(wire.Operation{Name: "ListFoundationModels"}, nil); rep.Status != 200 {
		t.Errorf("model list: %d", rep.Status)
	}
	if _, err := New(Config{Models: catalogueFile(t), Replay: t.TempDir()}); err == nil {
		t.Error("an empty folder is no error")
	}
	if _, err := New(Config{Models: []byte(`{}`)}); err == nil {
		t.Error("an empty catalogue is no error")
	}
}

// A translated request differs from the recorded one in harmless ways, and is found all the same; several with one key
// come in the order of their ids.
func TestLooseMatchAndOrder(t *testing.T) {
	dir := t.TempDir()
	for id, answer := range map[string]string{"b.1": "two", "a.0": "one"} {
		file, err := json.Marshal(map[string]any{
			"id": id, "operation": "Converse", "model_id": "m", "status": 200, "response_headers": map[string]string{},
			"request": json.RawMessage(
				`{"messages":[{"role":"user","content":[{"text":"x"},{"document":{"name":"a","format":"txt","source":{"bytes":"eA=="}}},{"cachePoint":{"type":"default"}}]}],"inferenceConfig":{"temperature":1.0}}`),
			"response": answer,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, id+".json"), file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := newServer(t, func(c *Config) { c.Replay = dir })
	exact := `{"system":[],"inferenceConfig":{"temperature":1},"messages":[{"content":[{"text":"x"},{"document":{"format":"txt","name":"a","source":{"bytes":"eA=="}}},{"cachePoint":{"type":"default"}}],"role":"user"}]}`
	loose := `{"messages":[{"role":"user","content":[{"text":"x"},{"text":" "}]},{"role":"user","content":[{"document":{"name":"Document 1","format":"txt","source":{"bytes":"eA=="}}}]}],"inferenceConfig":{"maxTokens":9}}`
	for _, c := range []struct{ body, want string }{{exact, `"one"`}, {exact, `"two"`}, {exact, `"two"`}, {loose, `"one"`},
		{loose, `"two"`}, {loose, `"two"`}} {
		if rep := s.answer(wire.Operation{Name: "Converse", ID: "m"}, []byte(c.body)); string(rep.Body) != c.want {
			t.Errorf("got %s, want %s", rep.Body, c.want)
		}
	}
}
