// Package wiretest reads the recorded traffic in ../shared/wire for tests. The recordings are not part of this
// repository: in a clone without them a test that asks for them is skipped with a plain message, under CI=true it
// fails.
//
// It also writes recorded requests of Bedrock as the OpenAI requests that ask for the same.
//
// Only tests import it. Start at Bedrock and OpenAI, then ChatRequest and EmbeddingRequest.
package wiretest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Interaction is one recorded request with its reply; see ../shared/wire/README.md for the members.
type Interaction struct {
	ID              string            `json:"id"`
	Operation       string            `json:"operation"` // Bedrock: "Converse", "ConverseStream", "InvokeModel" …
	ModelID         string            `json:"model_id"`
	Region          string            `json:"region"`
	Request         json.RawMessage   `json:"request"`
	Status          int               `json:"status"`
	ResponseHeaders map[string]string `json:"response_headers"`
	Response        json.RawMessage   `json:"response"`
	Events          []Event           `json:"events"`
	EventStream     []byte            `json:"eventstream_b64"`
	Kinds           []string          `json:"kinds"`
	Integrity       struct {
		Request string `json:"request"` // "altered": it was changed after recording
	} `json:"integrity"`

	Endpoint string   `json:"endpoint"` // OpenAI: "/v1/chat/completions" …
	Model    string   `json:"model"`
	SSE      []string `json:"sse"`
}

// Event is one decoded event of a recorded Bedrock stream.
type Event struct {
	Type        string          `json:"type"`
	Payload     json.RawMessage `json:"payload"`
	MessageType string          `json:"message_type"` // "exception", or "" for an ordinary event
}

// Is tells whether the interaction carries the label.
func (i *Interaction) Is(kind string) bool {
	for _, k := range i.Kinds {
		if k == kind {
			return true
		}
	}
	return false
}

// Shared is the folder ../shared beside the project, or OUTCROP_SHARED. It skips or fails the test when there is none.
func Shared(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("OUTCROP_SHARED")
	if dir == "" {
		dir = filepath.Join(Root(t), "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "wire")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the recorded traffic is missing: %v", err)
		}
		t.Skip("the recorded traffic (../shared/wire) is not here; this test needs it")
	}
	return dir
}

// Root is the folder that holds go.mod.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}

// Bedrock gives the recorded Bedrock interactions of the operations, or all of them, in order of id.
func Bedrock(t testing.TB, operations ...string) []Interaction {
	t.Helper()
	return load(t, "bedrock", func(i *Interaction) bool {
		return len(operations) == 0 || strings.Contains(" "+strings.Join(operations, " ")+" ", " "+i.Operation+" ")
	})
}

// OpenAI gives the recorded OpenAI interactions of the endpoint, such as "/v1/chat/completions", in order of id.
func OpenAI(t testing.TB, endpoint string) []Interaction {
	t.Helper()
	return load(t, "openai", func(i *Interaction) bool { return i.Endpoint == endpoint })
}

func load(t testing.TB, side string, want func(*Interaction) bool) []Interaction {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(Shared(t), "wire", side, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recordings in wire/%s: %v", side, err)
	}
	var list []Interaction
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		var i Interaction
		if err := json.Unmarshal(b, &i); err != nil {
			t.Fatalf("%s: %v", filepath.Base(p), err)
		}
		if want(&i) {
			list = append(list, i)
		}
	}
	return list
}
