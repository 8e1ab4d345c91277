package server_test

import (
	"bufio"
	"context"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"outcrop/internal/access/keys"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/telemetry"
	"outcrop/openai"
	"outcrop/server"
)

// config is what the tests of one file vary.
func config() server.Config {
	return server.Config{
		Prefixes: []string{"/v1", "/api/v1"}, BodyLimit: 32e6,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, DrainTimeout: 30 * time.Second,
		StreamHold: 30 * time.Second, StreamKeepAlive: 15 * time.Second,
	}
}

// models is a list of one model, known by three spellings of its name.
type models struct{}

func (models) Models(time.Time) []openai.Model {
	return []openai.Model{{ID: "amazon.nova-lite-v1:0", Created: 1, OwnedBy: "amazon"}}
}

func (models) Model(id string, _ time.Time) (openai.Model, bool) {
	switch id {
	case "amazon.nova-lite-v1:0", "team/model", "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0":
		return openai.Model{ID: id, Created: 1, OwnedBy: "amazon"}, true
	}
	return openai.Model{}, false
}

// collaborators answer with handle, and let everybody in but where keys are given.
func collaborators(handle call.Handler, secrets ...string) server.Collaborators {
	return server.Collaborators{
		Handle: handle, Models: models{}, Gate: keys.NewGate(keys.Config{APIKeys: secrets}, nil, nil),
		Recorder: telemetry.New(),
		Log:      slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// pipes is a listener of in-memory connections, so that a test of time can run in a synctest bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func listen() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours
}

// serve runs a server on l until the test ends.
func serve(t testing.TB, s *server.Server, l net.Listener) {
	t.Helper()
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
}

// post writes a request by hand and gives the reader of its answer.
func post(t *testing.T, c net.Conn, path, body string) *bufio.Reader {
	t.Helper()
	req := "POST " + path + " HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: " +
		itoa(len(body)) + "\r\n\r\n" + body
	go func() { _, _ = io.WriteString(c, req) }()
	return bufio.NewReader(c)
}

func itoa(n int) string { return slog.IntValue(n).String() }

// chunk is a content delta, as translate would make it.
func chunk(text string) openai.Part {
	return &openai.ChatChunk{
		Head:    &openai.Head{ID: "chatcmpl-1", Created: 1, Model: "m"},
		Choices: []openai.ChunkChoice{{Delta: openai.Delta{Content: text}}},
	}
}

// reply is an answer of the sequence, served by a known model.
func reply(parts iter.Seq2[openai.Part, error]) call.Reply {
	return call.Reply{
		Head: call.Head{Target: catalog.Target{Row: &catalog.Model{ID: "amazon.nova-lite-v1:0", Known: true}}, Attempts: 1,
			Upstream: []string{"aws-1"}},
		Parts: parts,
	}
}

// parts is a sequence of the given ones.
func parts(list ...openai.Part) iter.Seq2[openai.Part, error] {
	return func(yield func(openai.Part, error) bool) {
		for _, p := range list {
			if !yield(p, nil) {
				return
			}
		}
	}
}

const streamed = `{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}`

// head reads status line and headers of an answer.
func head(t *testing.T, r *bufio.Reader) *http.Response {
	t.Helper()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	return res
}

func text(t *testing.T, r io.Reader) string {
	t.Helper()
	var b strings.Builder
	if _, err := io.Copy(&b, r); err != nil {
		t.Fatalf("reading the body: %v (so far %q)", err, b.String())
	}
	return b.String()
}
