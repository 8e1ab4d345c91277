// Package golden compares what a test made with files that are kept, and writes them anew under the flag -update.
//
// Only tests use it. Start at File.
package golden

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"testing"

	"outcrop/openai"
)

// Update rewrites the golden files instead of comparing with them: go test ./translate/... -run Golden -update.
var Update = flag.Bool("update", false, "rewrite the golden files")

// File compares got with the file, or writes it under -update. Of white space only a final line feed is forgiven.
func File(t testing.TB, path string, got []byte) {
	t.Helper()
	if *Update {
		if err := os.WriteFile(path, append(bytes.TrimSuffix(bytes.Clone(got), []byte("\n")), '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.TrimSuffix(want, []byte("\n")), bytes.TrimSuffix(got, []byte("\n"))) {
		t.Errorf("%s differs\n got %s\nwant %s", path, got, want)
	}
}

// Read decodes a JSON file into v and fails for members that v does not have.
func Read(t testing.TB, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// Indent is v as a person reads it.
func Indent(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Fault is an openai.Error as the golden files show it.
type Fault struct {
	Status  int    `json:"status"`
	Code    string `json:"code,omitempty"`
	Param   string `json:"param,omitempty"`
	Message string `json:"message"`
}

// FaultOf is what an error shows in a golden file.
func FaultOf(err error) *Fault {
	var e *openai.Error
	if !errors.As(err, &e) {
		return &Fault{Message: "not an openai.Error: " + err.Error()}
	}
	status := map[openai.Kind]int{openai.Invalid: 400, openai.NotFound: 404, openai.BadUpstream: 502,
		openai.Internal: 500}[e.Kind]
	return &Fault{status, e.Code, e.Param, e.Message}
}
