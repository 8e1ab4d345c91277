package chat

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"outcrop/internal/test/wiretest"
	"outcrop/openai"
)

// TestPure takes every golden case through twice with the same values in hand: translating must leave no trace in what
// it was given, and say the same again.
func TestPure(t *testing.T) {
	t.Run("R-GEN-11 R-GEN-06 requests", func(t *testing.T) {
		for _, dir := range goldenFolders(t, "bedrock_request.json") {
			body := readFile(t, filepath.Join(dir, "openai_request.json"))
			req, in, c, err := goldenInput(t, dir)
			if err != nil {
				t.Fatalf("%s: %v", dir, err)
			}
			first := wireBody(t, in, &c, req.Stream)
			untouched, fault := openai.DecodeChat(body)
			if fault != nil {
				t.Fatal(fault)
			}
			if !reflect.DeepEqual(req, untouched) {
				t.Errorf("%s: the request was changed", dir)
			}
			_, in2, c2, err := goldenInput(t, dir)
			if err != nil {
				t.Fatal(err)
			}
			if again := wireBody(t, in2, &c2, req.Stream); !bytes.Equal(first, again) || !reflect.DeepEqual(c, c2) {
				t.Errorf("%s: twice the same request, then\n%s\n%s", dir, first, again)
			}
			if twice := wireBody(t, in, &c, req.Stream); !bytes.Equal(first, twice) {
				t.Errorf("%s: the input changes by being sent", dir)
			}
		}
	})
	t.Run("R-GEN-11 replies", func(t *testing.T) {
		for _, dir := range goldenFolders(t, "bedrock_reply.json") {
			g, before := readContext(t, dir), readContext(t, dir)
			out := wiretest.Reply(t, readFile(t, filepath.Join(dir, "bedrock_reply.json")))
			var answers [2][]byte
			for i := range answers {
				r, _, err := Output(out, &g.Context, testMeta)
				if err != nil {
					t.Fatalf("%s: %v", dir, err)
				}
				answers[i] = asJSON(r)
			}
			if !bytes.Equal(answers[0], answers[1]) || !reflect.DeepEqual(g, before) {
				t.Errorf("%s: twice the same reply, then\n%s\n%s", dir, answers[0], answers[1])
			}
		}
	})
}

// TestNoGoldenFolderIsForgotten fails for a folder that no golden test reads.
func TestNoGoldenFolderIsForgotten(t *testing.T) {
	dirs, err := os.ReadDir(filepath.Join("testdata", "golden"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		read := 0
		for _, file := range []string{"openai_request.json", "bedrock_reply.json", "bedrock_events.json"} {
			if _, err := os.Stat(filepath.Join("testdata", "golden", d.Name(), file)); err == nil {
				read++
			}
		}
		if read == 0 {
			t.Errorf("%s: no golden test reads it", d.Name())
		}
	}
}
