package server_test

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"outcrop/internal/audit"
	"outcrop/internal/call"
	"outcrop/internal/observe"
	"outcrop/internal/telemetry"
	api "outcrop/openai"
	"outcrop/server"
)

// ledger is an audit log in a folder of the test. records ends it, verifies it, and gives what it holds.
type ledger struct {
	*audit.Log
	dir string
}

func newLedger(t testing.TB, cfg audit.Config, sink audit.Sink) *ledger {
	t.Helper()
	l := &ledger{dir: t.TempDir()}
	keys, err := audit.NewKeys(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Dir = l.dir
	if sink == nil {
		if sink, err = audit.NewFiles(cfg, time.Now(), "x"); err != nil {
			t.Fatal(err)
		}
	}
	if l.Log, err = audit.New(cfg, keys, sink, audit.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(context.Background()) })
	return l
}

func (l *ledger) files(t testing.TB) []string {
	t.Helper()
	if err := l.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	paths, err := audit.Paths(l.dir)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func (l *ledger) records(t testing.TB) map[string]audit.Record {
	t.Helper()
	all := map[string]audit.Record{}
	reports, err := audit.Verify(l.files(t), audit.Check{Public: []ed25519.PublicKey{l.Keys().PublicKey()},
		Each: func(f audit.Found) {
			if _, twice := all[f.Record.ID]; twice {
				t.Errorf("%s has two records", f.Record.ID)
			}
			all[f.Record.ID] = f.Record
		}})
	if err != nil || len(reports) != 1 || !reports[0].OK() {
		t.Fatalf("%v %v", reports, err)
	}
	return all
}

// audited answers plain requests with a text, and streams with its two halves.
func audited(_ context.Context, c *call.Call) (call.Reply, error) {
	switch c.Request.Facts().Model {
	case "busy":
		return call.Reply{}, &api.Error{Kind: api.RateLimited, Code: "rate_limit_exceeded", Message: "slow"}
	case "panic":
		panic("x")
	case "broken":
		return reply(func(yield func(api.Part, error) bool) {
			if yield(chunk("a"), nil) {
				yield(nil, &api.Error{Kind: api.BadUpstream, Code: "bad_upstream_response", Message: "bad"})
			}
		}), nil
	}
	usage := &api.Usage{Prompt: 2, Completion: 3}
	if c.Request.Facts().Stream {
		head := &api.Head{ID: "chatcmpl-1", Created: 1, Model: "m"}
		end := &api.ChatChunk{Head: head, Choices: []api.ChunkChoice{{FinishReason: "stop"}}}
		return reply(parts(chunk("It is "), chunk("so."), end, &api.ChatChunk{Head: head, Usage: usage})), nil
	}
	text := "It is so."
	return reply(parts(&api.ChatResponse{Head: api.Head{ID: "chatcmpl-1", Created: 1, Model: "m"}, Usage: usage,
		Choices: []api.Choice{{Message: api.ReplyMessage{Content: &text}, FinishReason: "stop"}}})), nil
}

// auditServer serves over in-memory connections what audited answers.
func auditServer(t testing.TB, l *ledger, keys ...string) *pipes {
	with := collaborators(call.Chain(audited, observe.Outside(telemetry.New(), nil)), keys...)
	with.Audit = l.Log
	cfg := config()
	cfg.BodyLimit = 1000
	cfg.AllowedOrigins = []string{"https://app.example.com"}
	pipes := listen()
	serve(t, server.New(cfg, with), pipes)
	return pipes
}

// Every answer leaves exactly one record, whoever has given it.
func TestEveryAnswerIsOnRecord(t *testing.T) {
	const chat, plain = "POST /v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":"hi"}]}`
	const auth = "authorization: Bearer good-key-of-the-test\r\n"
	type want struct {
		status                     int
		outcome, endpoint, asked   string
		key, answer, usage, served bool
	}
	cases := map[string]struct {
		line, head, body string
		want             want
	}{
		"answer": {chat, auth, plain, want{200, "ok", "chat.completions", "m", true, true, true, true}},
		"stream": {chat, auth, streamed, want{200, "ok", "chat.completions", "m", true, true, true, true}},
		"no key": {chat, "", plain, want{401, "error", "chat.completions", "", false, false, false, false}},
		"wrong key": {chat, "authorization: Bearer wrong\r\n", plain,
			want{401, "invalid_api_key", "chat.completions", "", false, false, false, false}},
		"unknown url": {"GET /v1/nothing", auth, "", want{404, "unknown_url", "", "", false, false, false, false}},
		"no such method": {"PUT /v1/chat/completions", auth, "", want{405, "method_not_allowed", "chat.completions", "",
			false, false, false, false}},
		"too large": {chat, auth, `{"model":"` + strings.Repeat("m", 2000) + `"}`,
			want{413, "request_too_large", "chat.completions", "", true, false, false, false}},
		"no JSON": {chat, auth, `{"model`, want{400, "invalid_json", "chat.completions", "", true, false,
			false, false}},
		"no messages": {chat, auth, `{"model":"m"}`, want{400, "missing_required_parameter", "chat.completions", "m",
			true, false, false, false}},
		"header": {chat, auth + "x-outcrop-timeout: x\r\n", plain,
			want{400, "invalid_value", "chat.completions", "m", true, false, false, false}},
		"provenance": {chat, auth + "x-outcrop-provenance: yes\r\n", plain,
			want{400, "invalid_value", "chat.completions", "m", true, false, false, false}},
		"compressed": {chat, auth + "content-encoding: gzip\r\n", plain,
			want{415, "unsupported_media_type", "chat.completions", "", true, false, false, false}},
		"throttled": {chat, auth, strings.Replace(plain, `"m"`, `"busy"`, 1),
			want{429, "rate_limit_exceeded", "chat.completions", "busy", true, false, false, false}},
		"throttled stream": {chat, auth, strings.Replace(streamed, `"m"`, `"busy"`, 1),
			want{429, "rate_limit_exceeded", "chat.completions", "busy", true, false, false, false}},
		"panic": {chat, auth, strings.Replace(plain, `"m"`, `"panic"`, 1),
			want{500, "panic", "chat.completions", "panic", true, false, false, false}},
		"panic in stream": {chat, auth, strings.Replace(streamed, `"m"`, `"panic"`, 1),
			want{500, "panic", "chat.completions", "panic", true, false, false, false}},
		"broken stream": {chat, auth, strings.Replace(streamed, `"m"`, `"broken"`, 1),
			want{200, "bad_upstream_response", "chat.completions", "broken", true, true, false, true}},
		"models": {"GET /v1/models", auth, "", want{200, "ok", "models", "", true, false, false, false}},
		"no such model": {"GET /v1/models/zzz", auth, "", want{404, "model_not_found", "models", "", true, false,
			false, false}},
		"responses": {"POST /v1/responses", auth, plain, want{400, "missing_required_parameter", "responses", "", true,
			false, false, false}},
		"public key": {"GET /v1/outcrop/provenance/key", auth, "",
			want{200, "ok", "outcrop.provenance.key", "", true, false, false, false}},
		"health": {"GET /health", "", "", want{status: 200}},
		"ready":  {"GET /ready", "", "", want{status: 200}},
		"preflight": {"OPTIONS /v1/models",
			"origin: https://app.example.com\r\naccess-control-request-method: GET\r\n", "", want{status: 204}},
	}
	l := newLedger(t, audit.Default(), nil)
	pipes := auditServer(t, l, "good-key-of-the-test")
	ids := map[string]string{}
	for name, c := range cases {
		conn := pipes.dial()
		wire := fmt.Sprintf("%s HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n%scontent-length: %d\r\n\r\n%s",
			c.line, c.head, len(c.body), c.body)
		go func() { _, _ = conn.Write([]byte(wire)) }()
		res := head(t, bufio.NewReader(conn))
		_ = text(t, res.Body)
		_ = conn.Close()
		if res.StatusCode != c.want.status {
			t.Errorf("%s: status %d, want %d", name, res.StatusCode, c.want.status)
		}
		id, _, _ := strings.Cut(res.Header.Get("x-outcrop-provenance"), ";")
		if (c.want.outcome == "") != (id == "") || id != "" && id != res.Header.Get("x-request-id") {
			t.Errorf("%s: provenance %q of %q", name, id, res.Header.Get("x-request-id"))
		}
		ids[name] = res.Header.Get("x-request-id")
	}
	records := l.records(t)
	for name, c := range cases {
		r, kept := records[ids[name]]
		delete(records, ids[name])
		if !kept {
			if c.want.outcome != "" {
				t.Errorf("%s leaves no record", name)
			}
			continue
		}
		got := want{r.Status, r.Outcome, r.Endpoint, r.Asked, r.Key != "", len(r.Answers) == 1, r.Usage.Completion == 3,
			r.Called != "" || r.Served != "" || r.Attempts > 0}
		if got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, c.want)
		}
	}
	if len(records) > 0 {
		t.Errorf("records of nothing: %v", records)
	}
}

func TestPlainAndStreamedDigestsAreOne(t *testing.T) {
	l := newLedger(t, audit.Default(), nil)
	pipes := auditServer(t, l)
	bodies := map[string]string{}
	for _, body := range []string{streamed, strings.Replace(streamed, `"stream":true,`, "", 1)} {
		conn := pipes.dial()
		res := head(t, post(t, conn, "/v1/chat/completions", body))
		bodies[res.Header.Get("x-outcrop-provenance")] = text(t, res.Body)
		_ = conn.Close()
	}
	files := l.files(t)
	for header, body := range bodies {
		for form, file := range map[string]string{"JSON": body, "stream": body, "text": "It is so.\n"} {
			p, err := audit.Prove(files, l.Keys(), audit.Check{}, audit.RecordID(header), []byte(file))
			if err != nil || form == "text" && p.Form != form || !p.Sealed || p.Of != 1 {
				t.Errorf("%s as %s: %+v %v", header, form, p, err)
			}
		}
		changed := strings.ReplaceAll(body, "so", "no")
		if _, err := audit.Prove(files, l.Keys(), audit.Check{}, audit.RecordID(header), []byte(changed)); !errors.Is(err,
			audit.ErrNotProven) {
			t.Errorf("a changed answer: %v", err)
		}
	}
	if len(bodies) != 2 {
		t.Errorf("%d answers", len(bodies))
	}
}

// A client that hangs up leaves its record too.
func TestHangUpIsOnRecord(t *testing.T) {
	l := newLedger(t, audit.Default(), nil)
	begun, ended := make(chan struct{}), make(chan struct{})
	endless := func(ctx context.Context, _ *call.Call) (call.Reply, error) {
		var seq iter.Seq2[api.Part, error] = func(yield func(api.Part, error) bool) {
			defer close(ended)
			if !yield(chunk("a"), nil) {
				return
			}
			close(begun)
			<-ctx.Done()
			yield(nil, ctx.Err())
		}
		return reply(seq), nil
	}
	with := collaborators(call.Chain(endless, observe.Outside(telemetry.New(), nil)))
	with.Audit = l.Log
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := server.New(config(), with)
	served := make(chan error, 1)
	go func() { served <- s.Serve(tcp) }()
	conn, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	res := head(t, post(t, conn, "/v1/chat/completions", streamed))
	id := res.Header.Get("x-outcrop-provenance")
	<-begun
	_ = conn.Close()
	<-ended
	if err := errors.Join(s.Stop(context.Background()), <-served); err != nil {
		t.Fatal(err)
	}
	r := l.records(t)[id]
	if r.Outcome != "canceled" || r.Status != 200 || len(r.Answers) != 1 || r.Answers[0] != l.Keys().Digest("a") {
		t.Errorf("%+v", r)
	}
}

// full is a disk that takes nothing.
type full struct{ *audit.Stream }

func (full) Flush() error { return nil }
func (f full) Write(b []byte) (int, error) {
	if strings.Contains(string(b), `"record"`) {
		return 0, errors.New("no space left")
	}
	return len(b), nil
}

func TestFailClosed(t *testing.T) {
	for _, closed := range []bool{true, false} {
		cfg := audit.Default()
		cfg.FailClosed = closed
		l := newLedger(t, cfg, full{audit.NewStream(io.Discard)})
		calls := 0
		with := collaborators(func(ctx context.Context, c *call.Call) (call.Reply, error) { calls++; return audited(ctx, c) })
		with.Audit = l.Log
		pipes := listen()
		serve(t, server.New(config(), with), pipes)
		ask := func() *http.Response {
			conn := pipes.dial()
			t.Cleanup(func() { _ = conn.Close() })
			return head(t, post(t, conn, "/v1/chat/completions", strings.Replace(streamed, `"stream":true,`, "", 1)))
		}
		if res := ask(); res.StatusCode != 200 {
			t.Fatalf("nothing is known of the disk yet: %d", res.StatusCode)
		}
		for !l.State().Failing { // the log has a goroutine of its own
			time.Sleep(time.Millisecond)
		}
		before := calls
		res := ask()
		body := text(t, res.Body)
		if closed != (res.StatusCode == 503 && strings.Contains(body, `"audit_unavailable"`)) || closed != (calls == before) {
			t.Errorf("fail closed %v: %d after %d calls: %s", closed, res.StatusCode, calls-before, body)
		}
		_ = l.Close(t.Context())
		if s := l.State(); closed && (s.Lost != 1 || s.Refused != 1) || !closed && (s.Lost != 2 || s.Refused != 0) {
			t.Errorf("fail closed %v: %+v", closed, s)
		}
	}
}

// A client can neither choose the id of its record nor split the header, whatever it sends.
func TestProvenanceHeaderIsOurs(t *testing.T) {
	l := newLedger(t, audit.Default(), nil)
	conn := auditServer(t, l).dial()
	defer conn.Close()
	body := strings.Replace(streamed, `"stream":true,`, "", 1)
	body = strings.Replace(body, `"m"`, `"m\r\nx-evil: 1\u0000\u001b[31m"`, 1)
	wire := fmt.Sprintf("POST /v1/chat/completions HTTP/1.1\r\nhost: test\r\ncontent-type: "+
		"application/json\r\nx-request-id: req_mine\r\ncontent-length: %d\r\n\r\n%s", len(body), body)
	go func() { _, _ = conn.Write([]byte(wire)) }()
	res := head(t, bufio.NewReader(conn))
	header := res.Header.Get("x-outcrop-provenance")
	if res.Header.Get("x-evil") != "" || strings.ContainsAny(header, "\r\n\x00") || strings.Contains(header, "mine") {
		t.Errorf("headers %v", res.Header)
	}
	_ = text(t, res.Body)
	r, ok := l.records(t)[audit.RecordID(header)]
	if !ok || r.Asked != "m\r\nx-evil: 1\x00\x1b[31m" {
		t.Errorf("%v %+v", ok, r)
	}
}

// The manifest reaches a client that asks for it, where an unmodified SDK does not stumble over it.
func TestManifestWithTheSDK(t *testing.T) {
	l := newLedger(t, audit.Default(), nil)
	with := collaborators(call.Chain(audited, observe.Outside(telemetry.New(), nil)))
	with.Audit = l.Log
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, server.New(config(), with), tcp)
	client := openai.NewClient(option.WithBaseURL("http://"+tcp.Addr().String()+"/v1"), option.WithAPIKey("any"),
		option.WithHeader("x-outcrop-provenance", "manifest"))
	public := []ed25519.PublicKey{l.Keys().PublicKey()}
	proven := func(what, raw string) {
		t.Helper()
		said := audit.ReadAnswer([]byte(raw))
		m := said[len(said)-1].Manifest
		if m == nil {
			t.Fatalf("%s: no manifest in %s", what, raw)
		}
		if p, err := audit.ProveManifest(m, public, []byte("It is so.")); err != nil || p.ID != m.ID {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := audit.ProveManifest(m, public, []byte("It is no.")); err == nil {
			t.Errorf("%s proves anything", what)
		}
		m.Served = "another"
		if _, err := audit.ProveManifest(m, public, []byte("It is so.")); err == nil {
			t.Errorf("%s: a changed manifest passes", what)
		}
	}
	ask := openai.ChatCompletionNewParams{Model: "m",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hi")}}
	whole, err := client.Chat.Completions.New(t.Context(), ask)
	if err != nil || whole.Choices[0].Message.Content != "It is so." {
		t.Fatal(err)
	}
	proven("plain", whole.RawJSON())
	for _, usage := range []bool{false, true} {
		ask.StreamOptions.IncludeUsage = openai.Bool(usage)
		stream := client.Chat.Completions.NewStreaming(t.Context(), ask)
		var sum openai.ChatCompletionAccumulator
		var raw strings.Builder
		manifests := 0
		for stream.Next() {
			if !sum.AddChunk(stream.Current()) {
				t.Fatal("the SDK cannot add the chunk up")
			}
			manifests += strings.Count(stream.Current().RawJSON(), `"provenance"`)
			raw.WriteString("data: " + stream.Current().RawJSON() + "\n\n")
			if len(stream.Current().Choices) == 0 && !usage {
				t.Error("a chunk without choices, which nobody asked for")
			}
		}
		if stream.Err() != nil || sum.Choices[0].Message.Content != "It is so." || manifests != 1 ||
			usage != (sum.Usage.TotalTokens == 5) {
			t.Errorf("usage %v: %v, %d manifests in %s", usage, stream.Err(), manifests, raw.String())
		}
		proven("stream", raw.String())
	}
}

func TestPublicKeyIsServed(t *testing.T) {
	l := newLedger(t, audit.Default(), nil)
	conn := auditServer(t, l).dial()
	defer conn.Close()
	go func() { _, _ = conn.Write([]byte("GET /v1/outcrop/provenance/key HTTP/1.1\r\nhost: test\r\n\r\n")) }()
	res := head(t, bufio.NewReader(conn))
	key, err := audit.ReadPublic([]byte(text(t, res.Body)))
	if err != nil || !slices.Equal(key, l.Keys().PublicKey()) {
		t.Errorf("%v", err)
	}
}
