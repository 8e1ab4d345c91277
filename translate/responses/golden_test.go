package responses

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/internal/test/golden"
	"outcrop/internal/test/wiretest"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// A golden folder takes openai_request.json to bedrock_request.json, or to the error in outcome.json. One with
// bedrock_reply.json (the body of Converse) leads to openai_reply.json; one with bedrock_events.json to
// openai_stream.sse, whose last event holds what a plain answer would be.

// outcome is outcome.json. Rules and ModelID are written by hand; the rest is what came out.
type outcome struct {
	Rules    []string      `json:"rules"`
	ModelID  string        `json:"model_id"`
	Adjusted string        `json:"adjusted,omitempty"`
	Error    *golden.Fault `json:"error,omitempty"`
}

func folders(t testing.TB, file string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "golden", "*", file))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden folder with %s: %v", file, err)
	}
	for i, p := range paths {
		paths[i] = filepath.Dir(p)
	}
	return paths
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// decoded is a body as the pipeline gets it.
func decoded(body []byte) (*openai.ChatRequest, *openai.Error) {
	r, err := openai.DecodeResponses(body)
	if err != nil {
		return nil, err
	}
	req, err := Chat(r)
	if err != nil {
		return nil, err
	}
	if err := openai.Validate(req); err != nil {
		return nil, named(req, err)
	}
	return req, nil
}

func named(req *openai.ChatRequest, err error) *openai.Error {
	var own openai.Error
	if oe := (*openai.Error)(nil); errors.As(err, &oe) {
		own = *oe
	}
	own.Param, own.Message = req.Named(own.Param), req.NamedIn(own.Message)
	return &own
}

func target(t testing.TB, model string) catalog.Target {
	t.Helper()
	to, err := catalog.Default().Resolve(model, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func input(t testing.TB, dir, model string) (*openai.ChatRequest, *bedrockruntime.ConverseInput, chat.Context, error) {
	t.Helper()
	req, fault := decoded(readFile(t, filepath.Join(dir, "openai_request.json")))
	if fault != nil {
		return nil, nil, chat.Context{}, fault
	}
	in, back, err := chat.Input(req, target(t, model), translate.Options{})
	if err != nil {
		return req, nil, back, named(req, err)
	}
	return req, in, back, nil
}

func outcomeOf(t testing.TB, dir string) outcome {
	t.Helper()
	var o outcome
	golden.Read(t, filepath.Join(dir, "outcome.json"), &o)
	return o
}

func TestGoldenRequests(t *testing.T) {
	for _, dir := range folders(t, "openai_request.json") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			was := outcomeOf(t, dir)
			is := outcome{Rules: was.Rules, ModelID: was.ModelID}
			if len(was.Rules) == 0 {
				t.Error("which rules does it prove?")
			}
			wire := filepath.Join(dir, "bedrock_request.json")
			req, in, back, err := input(t, dir, was.ModelID)
			if err != nil {
				is.Error = golden.FaultOf(err)
				if _, err := os.Stat(wire); err == nil {
					t.Errorf("%s exists, but the request was refused", wire)
				}
			} else {
				list := back.Adjusted.Named(req.Named, req.Spelling.Order)
				is.Adjusted = list.Header()
				body := wiretest.Request(t, in)
				if req.Stream {
					body = wiretest.StreamRequest(t, back.StreamInput(in))
				}
				golden.File(t, wire, body)
			}
			golden.File(t, filepath.Join(dir, "outcome.json"), golden.Indent(t, is))
		})
	}
}

var said = Call{ID: "golden", Created: 1764000000, Now: func() int64 { return 1764000003 }}

var meta = translate.Meta{ID: "resp_golden", Model: "m", Created: 1764000000, Fingerprint: "fp_0"}

func fail(b []byte, err *openai.Error) []byte { return err.AppendJSON(b, "server_error") }

func TestGoldenReplies(t *testing.T) {
	for _, dir := range folders(t, "bedrock_reply.json") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			req, _, back, err := input(t, dir, outcomeOf(t, dir).ModelID)
			if err != nil {
				t.Fatal(err)
			}
			whole, _, err := chat.Output(wiretest.Reply(t, readFile(t, filepath.Join(dir, "bedrock_reply.json"))), &back, meta)
			if err != nil {
				t.Fatal(err)
			}
			golden.File(t, filepath.Join(dir, "openai_reply.json"), indented(t, AppendAnswer(nil, req, said, whole)))
			checked(t, told(t, Begin(req, said, fail), chat.Unfold(whole, meta)))
		})
	}
}

func TestGoldenStreams(t *testing.T) {
	for _, dir := range folders(t, "bedrock_events.json") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var list []wiretest.Event
			if err := json.Unmarshal(readFile(t, filepath.Join(dir, "bedrock_events.json")), &list); err != nil {
				t.Fatal(err)
			}
			req, _, back, err := input(t, dir, outcomeOf(t, dir).ModelID)
			if err != nil {
				t.Fatal(err)
			}
			stream := wiretest.Stream(t, wiretest.Frames(t, list))
			all := streamed(t, req, stream, &back)
			golden.File(t, filepath.Join(dir, "openai_stream.sse"), all)
			checked(t, all)
		})
	}
}

// streamed writes a stream of Bedrock as a client receives it, and holds it to the plain answer of the same parts.
func streamed(t testing.TB, req *openai.ChatRequest, from iter.Seq2[types.ConverseStreamOutput, error],
	back *chat.Context) []byte {
	t.Helper()
	s := Begin(req, said, fail)
	var b []byte
	var parts []openai.Part
	for p, err := range chat.Chunks(from, back, meta) {
		if err != nil {
			var oe *openai.Error
			if !errors.As(err, &oe) {
				t.Fatal(err)
			}
			return s.AppendFail(b, oe)
		}
		parts = append(parts, p)
		b = s.AppendPart(b, p)
	}
	b = s.AppendEnd(b)
	whole, err := chat.Fold(parts)
	if err != nil {
		t.Fatal(err)
	}
	plain := AppendAnswer(nil, req, said, whole)
	all := checked(t, b)
	if last := all[len(all)-1].Response; !bytes.Equal(last, plain) {
		t.Errorf("R-RSP-82: the last event has\n%s\nand the plain answer is\n%s", last, plain)
	}
	return b
}

func told(t testing.TB, s *Stream, parts []openai.Part) (b []byte) {
	t.Helper()
	for _, p := range parts {
		b = s.AppendPart(b, p)
	}
	return s.AppendEnd(b)
}

func indented(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", " "); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return b.Bytes()
}
