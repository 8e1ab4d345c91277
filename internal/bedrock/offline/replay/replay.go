// Package replay answers from recorded traffic.
//
// It must never make an answer up. Start at [ReadRecordings].
package replay

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"outcrop/internal/bedrock/offline/wire"
)

// Recording is one file of ../shared/wire/bedrock; its README describes the members.
type Recording struct {
	ID        string            `json:"id"`
	Operation string            `json:"operation"`
	Model     string            `json:"model_id"`
	Path      string            `json:"path"`
	Guardrail string            `json:"guardrailIdentifier"`
	Request   json.RawMessage   `json:"request"`
	Status    int               `json:"status"`
	Header    map[string]string `json:"response_headers"`
	Response  json.RawMessage   `json:"response"`
	Stream    string            `json:"eventstream_b64"`
	Key       string            `json:"match_key"`
}

// Recordings answers from files: several with one key are served in the order of their ids, the last one again and
// again.
type Recordings struct {
	exact map[string][]*wire.Reply
	loose map[string][]*wire.Reply // by looseKey

	mu     sync.Mutex
	served map[string]int // by key; bounded by the number of recordings
}

// ReadRecordings reads a folder of recordings, or the folder above its bedrock/.
func ReadRecordings(dir string) (*Recordings, error) {
	if info, err := os.Stat(filepath.Join(dir, "bedrock")); err == nil && info.IsDir() {
		dir = filepath.Join(dir, "bedrock")
	}
	entries, err := os.ReadDir(dir) // sorted by name, and the name is the id
	if err != nil {
		return nil, fmt.Errorf("recordings: %w", err)
	}
	all := &Recordings{exact: map[string][]*wire.Reply{}, loose: map[string][]*wire.Reply{}, served: map[string]int{}}
	for _, entry := range entries {
		if entry.IsDir() || filepath.Ext(entry.Name()) != ".json" {
			continue
		}
		rec, err := readRecording(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("recording %s: %w", entry.Name(), err)
		}
		rep, err := rec.reply()
		if err != nil {
			return nil, fmt.Errorf("recording %s: %w", entry.Name(), err)
		}
		key, err := MatchKey(rec.Operation, rec.Name(), rec.Request)
		if err != nil {
			return nil, fmt.Errorf("recording %s: %w", entry.Name(), err)
		}
		all.exact[key] = append(all.exact[key], rep)
		if key := looseKey(rec.Operation, rec.Name(), rec.Request); key != "" {
			all.loose[key] = append(all.loose[key], rep)
		}
	}
	if len(all.exact) == 0 {
		return nil, errors.New("recordings: no *.json files in the folder")
	}
	return all, nil
}

func readRecording(path string) (*Recording, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rec := &Recording{}
	return rec, json.Unmarshal(data, rec)
}

// Name is what stands for the model in the key.
func (r *Recording) Name() string {
	switch {
	case r.Model != "":
		return r.Model
	case r.Path != "":
		return r.Path
	}
	return r.Guardrail
}

func (r *Recording) reply() (*wire.Reply, error) {
	rep := &wire.Reply{Status: r.Status, Header: http.Header{}}
	for name, value := range r.Header {
		rep.Header.Set(name, value)
	}
	if r.Stream != "" {
		body, err := base64.StdEncoding.DecodeString(r.Stream)
		if err != nil {
			return nil, err
		}
		rep.Stream = true
		rep.Header.Set("Content-Type", "application/vnd.amazon.eventstream")
		rep.Frames, err = CutFrames(body)
		return rep, err
	}
	rep.Body = r.Response
	if rep.Header.Get("Content-Type") == "" {
		rep.Header.Set("Content-Type", "application/json")
	}
	if r.Status >= 400 && rep.Header.Get("X-Amzn-Errortype") == "" {
		// It was there on the wire; some recorders drop it (wire/README.md).
		rep.Header.Set("X-Amzn-Errortype", nameOf(r.Status)+":http://internal.amazon.com/coral/com.amazon.bedrock/")
	}
	return rep, nil
}

// nameOf gives the usual exception of a status.
func nameOf(status int) string {
	switch status {
	case 400:
		return "ValidationException"
	case 403:
		return "AccessDeniedException"
	case 404:
		return "ResourceNotFoundException"
	case 429:
		return "ThrottlingException"
	case 503:
		return "ServiceUnavailableException"
	}
	return "InternalServerException"
}

// CutFrames cuts an event stream at the frames' ends, without changing a byte, and reads the event names for the
// faults.
func CutFrames(body []byte) ([]wire.Frame, error) {
	var frames []wire.Frame
	for len(body) > 0 {
		if len(body) < 16 {
			return nil, errors.New("event stream ends inside a frame")
		}
		n := int(binary.BigEndian.Uint32(body))
		if n < 16 || n > len(body) {
			return nil, errors.New("event stream has a frame of impossible length")
		}
		frames = append(frames, wire.Frame{Event: eventName(body[:n]), Bytes: body[:n]})
		body = body[n:]
	}
	return frames, nil
}

// eventName reads the first string header whose name ends in "-type" and is not :message-type or :content-type.
func eventName(b []byte) string {
	head := b[12:min(12+int(binary.BigEndian.Uint32(b[4:])), len(b))]
	for len(head) > 4 {
		n := int(head[0])
		if len(head) < n+4 {
			return ""
		}
		name := string(head[1 : 1+n])
		size := int(binary.BigEndian.Uint16(head[n+2:]))
		if len(head) < n+4+size {
			return ""
		}
		if name == ":event-type" || name == ":exception-type" {
			return string(head[n+4 : n+4+size])
		}
		head = head[n+4+size:]
	}
	return ""
}

// Answer finds the recording of a request, nil if there is none: first by the exact key, then by operation, model and
// messages.
func (r *Recordings) Answer(op wire.Operation, body []byte) *wire.Reply {
	if len(body) == 0 {
		body = []byte(`{}`)
	}
	key, err := MatchKey(op.Name, op.ID, body)
	if err != nil {
		return nil
	}
	if list := r.exact[key]; list != nil {
		return r.next(key, list)
	}
	key = looseKey(op.Name, op.ID, body)
	if list := r.loose[key]; key != "" && list != nil {
		return r.next("loose "+key, list)
	}
	return nil
}

func (r *Recordings) next(key string, list []*wire.Reply) *wire.Reply {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.served[key]
	r.served[key]++
	return list[min(n, len(list)-1)]
}

// MatchKey is the key of wire/README.md: SHA-256 over operation, model and canonical request.
func MatchKey(operation, model string, request json.RawMessage) (string, error) {
	canonical := []byte(`{}`)
	if len(request) > 0 && string(request) != "null" {
		v, e := wire.DecodeAny(request)
		if e != nil {
			return "", e
		}
		if top, ok := v.(map[string]any); ok {
			dropEmpty(top)
		}
		canonical = appendCanonical(nil, v)
	}
	sum := sha256.Sum256(slices.Concat([]byte(operation+"\n"+model+"\n"), canonical))
	return hex.EncodeToString(sum[:]), nil
}

func dropEmpty(m map[string]any) {
	for k, v := range m {
		switch v := v.(type) {
		case nil:
			delete(m, k)
		case string:
			if v == "" {
				delete(m, k)
			}
		case []any:
			if len(v) == 0 {
				delete(m, k)
			}
		case map[string]any:
			if len(v) == 0 {
				delete(m, k)
			}
		}
	}
}
