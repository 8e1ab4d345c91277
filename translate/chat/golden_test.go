package chat

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"outcrop/internal/catalog"
	"outcrop/internal/test/golden"
	"outcrop/internal/test/wiretest"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/converse"
)

// outcome is outcome.json of a golden folder. Rules, ModelID and Options are written by hand; the rest is what came
// out.
type outcome struct {
	Rules    []string        `json:"rules"`
	ModelID  string          `json:"model_id"`
	Options  json.RawMessage `json:"options,omitempty"` // of type Options; absent is the zero value
	Back     *wayBack        `json:"back,omitempty"`    // what the way back is told
	Adjusted string          `json:"adjusted,omitempty"`
	Error    *golden.Fault   `json:"error,omitempty"`
}

// wayBack is the Context as the golden files show it.
type wayBack struct {
	Names        map[string]string `json:"names,omitempty"`
	Functions    bool              `json:"functions,omitempty"`
	OneCall      bool              `json:"one_call,omitempty"`
	DiscardCalls bool              `json:"discard_calls,omitempty"`
	Trace        bool              `json:"trace,omitempty"`
	Answer       converse.Answer   `json:"answer,omitzero"`
	Limit        string            `json:"limit,omitempty"`
	Image        string            `json:"image,omitempty"`
	File         string            `json:"file,omitempty"`
}

func wayBackOf(c *Context) *wayBack {
	w := &wayBack{c.Names, c.Functions, c.OneCall, c.DiscardCalls, c.Trace, c.Answer, c.Limit, c.Image, c.File}
	if reflect.ValueOf(*w).IsZero() {
		return nil
	}
	return w
}

// goldenFolders lists the folders below testdata/chat that hold the file.
func goldenFolders(t testing.TB, file string) []string {
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

// goldenInput reads a golden folder and takes its request through the way in.
func goldenInput(t *testing.T, dir string) (*openai.ChatRequest, *bedrockruntime.ConverseInput, Context, error) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dir, "openai_request.json"))
	if err != nil {
		t.Fatal(err)
	}
	o := readOutcome(t, dir)
	req, fault := openai.DecodeChat(body)
	if fault != nil {
		return nil, nil, Context{}, fault
	}
	if fault := openai.Validate(req); fault != nil {
		return req, nil, Context{}, fault
	}
	var opts translate.Options
	if o.Options != nil {
		if err := json.Unmarshal(o.Options, &opts); err != nil {
			t.Fatal(err)
		}
	}
	in, c, err := Input(req, target(t, o.ModelID), opts)
	return req, in, c, err
}

func readOutcome(t *testing.T, dir string) outcome {
	t.Helper()
	var o outcome
	golden.Read(t, filepath.Join(dir, "outcome.json"), &o)
	return o
}

// TestGoldenChatInput takes every golden request to the wire form of its Bedrock request, or to its error.
func TestGoldenChatInput(t *testing.T) {
	for _, dir := range goldenFolders(t, "openai_request.json") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			was := readOutcome(t, dir)
			is := outcome{Rules: was.Rules, ModelID: was.ModelID, Options: was.Options}
			wire := filepath.Join(dir, "bedrock_request.json")
			req, in, c, err := goldenInput(t, dir)
			if err != nil {
				is.Error = golden.FaultOf(err)
				if _, err := os.Stat(wire); err == nil && !*golden.Update {
					t.Errorf("%s exists, but the request was refused", wire)
				} else if err == nil {
					_ = os.Remove(wire)
				}
			} else {
				is.Adjusted, is.Back = c.Adjusted.Header(), wayBackOf(&c)
				golden.File(t, wire, wireBody(t, in, &c, req.Stream))
			}
			golden.File(t, filepath.Join(dir, "outcome.json"), golden.Indent(t, is))
		})
	}
}

// TestGoldenRules fails for a golden folder that names no rule.
func TestGoldenRules(t *testing.T) {
	for _, dir := range goldenFolders(t, "outcome.json") {
		if len(readOutcome(t, dir).Rules) == 0 {
			t.Errorf("%s: which rules does it prove?", dir)
		}
	}
}

// wireBody is the body that the SDK sends for the input.
func wireBody(t testing.TB, in *bedrockruntime.ConverseInput, c *Context, stream bool) []byte {
	t.Helper()
	if stream {
		return wiretest.StreamRequest(t, c.StreamInput(in))
	}
	return wiretest.Request(t, in)
}

// target gives the row that stands for the family of the called id; see rows_test.go.
func target(t testing.TB, id string) catalog.Target {
	t.Helper()
	i := slices.IndexFunc(rows, func(m catalog.Model) bool { return m.ID == id })
	if i < 0 {
		t.Fatalf("rows_test.go has no row %q", id)
	}
	return catalog.Target{Row: &rows[i], Public: id, CalledID: id}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
