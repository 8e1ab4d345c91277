package offline

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
)

// recording is one file of ../shared/wire/bedrock; its README describes the members.
type recording struct {
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

// recordings answers from files: several with one key are served in the order of their ids, the last one again and again.
type recordings struct {
	exact map[string][]*reply
	loose map[string][]*reply // by looseKey

	mu     sync.Mutex
	served map[string]int // by key; bounded by the number of recordings
}

// readRecordings reads a folder of recordings, or the folder above its bedrock/.
func readRecordings(dir string) (*recordings, error) {
	if info, err := os.Stat(filepath.Join(dir, "bedrock")); err == nil && info.IsDir() {
		dir = filepath.Join(dir, "bedrock")
	}
	entries, err := os.ReadDir(dir) // sorted by name, and the name is the id
	if err != nil {
		return nil, fmt.Errorf("recordings: %w", err)
	}
	all := &recordings{exact: map[string][]*reply{}, loose: map[string][]*reply{}, served: map[string]int{}}
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
		key, err := matchKey(rec.Operation, rec.name(), rec.Request)
		if err != nil {
			return nil, fmt.Errorf("recording %s: %w", entry.Name(), err)
		}
		all.exact[key] = append(all.exact[key], rep)
		if key := looseKey(rec.Operation, rec.name(), rec.Request); key != "" {
			all.loose[key] = append(all.loose[key], rep)
		}
	}
	if len(all.exact) == 0 {
		return nil, errors.New("recordings: no *.json files in the folder")
	}
	return all, nil
}

func readRecording(path string) (*recording, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rec := &recording{}
	return rec, json.Unmarshal(data, rec)
}

// name is what stands for the model in the key.
func (r *recording) name() string {
	switch {
	case r.Model != "":
		return r.Model
	case r.Path != "":
		return r.Path
	}
	return r.Guardrail
}

func (r *recording) reply() (*reply, error) {
	rep := &reply{status: r.Status, header: http.Header{}}
	for name, value := range r.Header {
		rep.header.Set(name, value)
	}
	if r.Stream != "" {
		body, err := base64.StdEncoding.DecodeString(r.Stream)
		if err != nil {
			return nil, err
		}
		rep.stream = true
		rep.header.Set("Content-Type", "application/vnd.amazon.eventstream")
		rep.frames, err = cutFrames(body)
		return rep, err
	}
	rep.body = r.Response
	if rep.header.Get("Content-Type") == "" {
		rep.header.Set("Content-Type", "application/json")
	}
	if r.Status >= 400 && rep.header.Get("X-Amzn-Errortype") == "" {
		// It was there on the wire; some recorders drop it (wire/README.md).
		rep.header.Set("X-Amzn-Errortype", nameOf(r.Status)+":http://internal.amazon.com/coral/com.amazon.bedrock/")
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

// cutFrames cuts an event stream at the frames' ends, without changing a byte, and reads the event names for the faults.
func cutFrames(body []byte) ([]frame, error) {
	var frames []frame
	for len(body) > 0 {
		if len(body) < 16 {
			return nil, errors.New("event stream ends inside a frame")
		}
		n := int(binary.BigEndian.Uint32(body))
		if n < 16 || n > len(body) {
			return nil, errors.New("event stream has a frame of impossible length")
		}
		frames = append(frames, frame{event: eventName(body[:n]), bytes: body[:n]})
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

// answer finds the recording of a request, nil if there is none: first by the exact key, then by operation, model and messages.
func (r *recordings) answer(op operation, body []byte) *reply {
	if len(body) == 0 {
		body = []byte(`{}`)
	}
	key, err := matchKey(op.name, op.id, body)
	if err != nil {
		return nil
	}
	if list := r.exact[key]; list != nil {
		return r.next(key, list)
	}
	key = looseKey(op.name, op.id, body)
	if list := r.loose[key]; key != "" && list != nil {
		return r.next("loose "+key, list)
	}
	return nil
}

func (r *recordings) next(key string, list []*reply) *reply {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.served[key]
	r.served[key]++
	return list[min(n, len(list)-1)]
}

// matchKey is the key of wire/README.md: SHA-256 over operation, model and canonical request.
func matchKey(operation, model string, request json.RawMessage) (string, error) {
	canonical := []byte(`{}`)
	if len(request) > 0 && string(request) != "null" {
		v, e := decodeAny(request)
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
