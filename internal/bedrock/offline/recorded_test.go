package offline

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"outcrop/internal/bedrock/offline/replay"
	"outcrop/internal/bedrock/offline/wire"
)

type recorded struct {
	replay.Recording
	Integrity struct {
		Request string `json:"request"`
	} `json:"integrity"`
	Region string `json:"region"`
}

func eachRecorded(t *testing.T, yield func(t *testing.T, r recorded)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(recordingsDir(t), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	for _, file := range files {
		var r recorded
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &r); err != nil {
			t.Fatal(file, err)
		}
		t.Run(r.ID, func(t *testing.T) { yield(t, r) })
	}
}

// resigned gives a recorded request the signatures of the offline Bedrock: it cannot verify those of Anthropic.
func resigned(t *testing.T, request json.RawMessage) []byte {
	t.Helper()
	v, e := wire.DecodeAny(request)
	if e != nil {
		t.Fatal(e)
	}
	for _, m := range wire.AsList(v.(map[string]any)["messages"]) {
		for _, b := range wire.AsList(m.(map[string]any)["content"]) {
			reasoning, _ := b.(map[string]any)["reasoningContent"].(map[string]any)
			if text, ok := reasoning["reasoningText"].(map[string]any); ok && text["signature"] != nil {
				text["signature"] = wire.Sign(text["text"].(string))
			}
		}
	}
	return wire.Marshal(v)
}

// What Bedrock accepted must be accepted here, apart from models that have ended since (their end is taken away for the
// test) and Anthropic's signatures (see resigned).
func TestRecordedRequestsAreAccepted(t *testing.T) {
	servers := map[string]*Server{}
	for _, region := range []string{"us-east-1", "us-west-2"} {
		servers[region] = newServer(t, func(c *Config) {
			c.Region = region
			// The recordings are older than some ends of life.
			c.Models = []byte(strings.ReplaceAll(string(c.Models), `"status": "eol"`, `"status": "active"`))
		})
	}
	eachRecorded(t, func(t *testing.T, r recorded) {
		if r.Operation != "Converse" && r.Operation != "ConverseStream" || r.Status != 200 || len(r.Request) == 0 ||
			string(r.Request) == "null" {
			return
		}
		s := servers[r.Region]
		if s == nil {
			s = servers["us-east-1"]
		}
		rep := s.converse(r.Model, resigned(t, r.Request), r.Operation == "ConverseStream")
		if rep.Status != 200 {
			t.Errorf("%s integrity=%s: refused: %s", r.Model, r.Integrity.Request, rep.Body)
		}
	})
}

// What Bedrock refused must be refused here in its words, where a rule is behind it (not credentials or capacity).
func TestRecordedRefusals(t *testing.T) {
	s := newServer(t, func(c *Config) {
		c.Models = []byte(strings.ReplaceAll(string(c.Models), `"status": "eol"`, `"status": "active"`))
	})
	n := 0
	eachRecorded(t, func(t *testing.T, r recorded) {
		if r.Status != 400 || r.Operation == "InvokeModelWithResponseStream" {
			return
		}
		n++
		rep := s.answer(wire.Operation{Name: r.Operation, ID: r.Model}, r.Request)
		if want := messageOf(t, r.Response); rep.Status != 400 || messageOf(t, rep.Body) != want {
			t.Errorf("got %d %s, want %s", rep.Status, rep.Body, want)
		}
	})
	if n < 8 {
		t.Errorf("only %d recorded refusals were looked at", n)
	}
}

func TestMatchKeys(t *testing.T) {
	n := 0
	eachRecorded(t, func(t *testing.T, r recorded) {
		n++
		if got, err := replay.MatchKey(r.Operation, r.Name(), r.Request); err != nil || got != r.Key {
			t.Errorf("match key %s (%v), stored %s", got, err, r.Key)
		}
	})
	if n < 300 {
		t.Errorf("only %d recordings", n)
	}
}
