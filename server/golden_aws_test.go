package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/smithy-go/eventstream"

	"outcrop/internal/test/wiretest"
)

// farAWS answers for AWS out of a golden folder, in the place of its connections. Calls come one after the other.
type farAWS struct {
	t     *testing.T
	dir   string
	calls *int
	last  []byte
}

func (a *farAWS) has(name string) bool {
	_, err := os.Stat(filepath.Join(a.dir, name))
	return err == nil
}

// Do implements aws.HTTPClient.
func (a *farAWS) Do(r *http.Request) (*http.Response, error) {
	reply := []byte("HTTP/1.1 200 OK\ncontent-type: application/json\n\n")
	switch r.URL.Path {
	case "/foundation-models":
		reply = append(reply, hand(a.t, a.dir, "bedrock_models.json")...)
	case "/inference-profiles":
		if r.URL.Query().Get("type") == "SYSTEM_DEFINED" { // nobody has profiles of his own here
			reply = append(reply, hand(a.t, a.dir, "bedrock_profiles.json")...)
		} else {
			reply = append(reply, `{"inferenceProfileSummaries":[]}`...)
		}
	default:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		*a.calls++
		a.last = fmt.Appendf(nil, "%s %s HTTP/1.1\nhost: %s\n\n%s", r.Method, r.URL.RequestURI(), r.URL.Host, body)
		reply = hand(a.t, a.dir, "bedrock_reply.http")
	}
	head, body, _ := bytes.Cut(reply, []byte("\n\n"))
	var events []wiretest.Event
	if bytes.Contains(head, []byte("application/vnd.amazon.eventstream")) {
		if err := json.Unmarshal(body, &events); err != nil {
			return nil, err
		}
		body = framed(a.t, events)
	}
	wire := append([]byte(strings.ReplaceAll(string(head), "\n", "\r\n")+"\r\n\r\n"), body...)
	return http.ReadResponse(bufio.NewReader(bytes.NewReader(wire)), r)
}

// framed gives events the framing of Bedrock's streams.
func framed(t *testing.T, events []wiretest.Event) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, e := range events {
		kind, header := "event", eventstream.EventTypeHeader
		if e.MessageType == "exception" {
			kind, header = "exception", eventstream.ExceptionTypeHeader
		}
		m := eventstream.Message{Payload: e.Payload}
		m.Headers.Set(header, eventstream.StringValue(e.Type))
		m.Headers.Set(":content-type", eventstream.StringValue("application/json"))
		m.Headers.Set(eventstream.MessageTypeHeader, eventstream.StringValue(kind))
		if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}
