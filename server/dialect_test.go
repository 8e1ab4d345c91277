package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/access/keys"
	"outcrop/internal/access/limits"
	"outcrop/internal/call"
	"outcrop/internal/dialect"
	"outcrop/internal/pipeline"
	"outcrop/openai"
	"outcrop/server"
)

// tiny is an API that shares nothing with chat but what becomes of a request: a prompt becomes a text, in events that
// have names and numbers, and errors have another form, other statuses and other headers.
var tiny = &dialect.Dialect{
	Keys: []string{"X-Api-Key"},
	Decode: func(body []byte, h dialect.Header) (openai.Request, *openai.Error) {
		var in struct {
			Model, Prompt string
			Stream        bool
		}
		if h.Get("Tiny-Version") == "" {
			return nil, openai.Invalidf(openai.CodeMissing, "tiny-version", "The header tiny-version is missing.")
		}
		if json.Unmarshal(body, &in) != nil {
			return nil, openai.Invalidf(openai.CodeInvalidJSON, "", "This is no JSON.")
		}
		turn := []openai.Message{{Role: "user", Content: &openai.Content{Text: in.Prompt}}}
		return &openai.ChatRequest{Model: in.Model, Stream: in.Stream, Messages: turn}, nil
	},
	Plain: func(b []byte, _ openai.Request, _ dialect.Call, p openai.Part) []byte {
		return fmt.Appendf(b, `{"text":%q}`, *p.(*openai.ChatResponse).Choices[0].Message.Content)
	},
	Stream: func(_ openai.Request, c dialect.Call) dialect.Stream { return &tinyStream{id: "req_" + c.ID} },
	Fail: func(b []byte, err *openai.Error, id string) []byte {
		return fmt.Appendf(b, `{"type":"error","error":{"message":%q},"id":%q}`, err.Message, id)
	},
	Status: func(err *openai.Error) int {
		if err.Kind == openai.Unavailable {
			return 529
		}
		return dialect.OpenAI.Status(err)
	},
	Head: func(to dialect.Header, id string) { to["Request-Id"] = []string{id} },
	Limits: func(to dialect.Header, requests, _ dialect.Window, now time.Time) {
		if requests.Limit > 0 {
			to["Tiny-Requests-Left"] = []string{strconv.FormatInt(requests.Left, 10)}
			to["Tiny-Requests-Reset"] = []string{now.Add(requests.Reset).UTC().Format(time.RFC3339)}
		}
	},
}

// tinyStream numbers its events; the first one says that the answer begins, whatever comes first.
type tinyStream struct {
	id string
	n  int
}

func (s *tinyStream) event(b []byte, name, members string) []byte {
	if s.n == 0 && name != "begin" {
		b = s.event(b, "begin", "")
	}
	s.n++
	return fmt.Appendf(b, "event: %s\ndata: {\"n\":%d%s}\n\n", name, s.n, members)
}

func (s *tinyStream) AppendPart(b []byte, p openai.Part) []byte {
	for _, c := range p.(*openai.ChatChunk).Choices {
		b = s.event(b, "text", fmt.Sprintf(`,"text":%q`, c.Delta.Content))
	}
	return b
}

func (s *tinyStream) AppendEnd(b []byte) []byte  { return s.event(b, "end", "") }
func (s *tinyStream) AppendPing(b []byte) []byte { return s.event(b, "ping", "") }

func (s *tinyStream) AppendFail(b []byte, err *openai.Error) []byte {
	return s.event(b, "error", fmt.Sprintf(`,"message":%q,"id":%q`, err.Message, s.id))
}

// speakTiny serves tiny at /v1/tiny beside chat.
func speakTiny(cfg server.Config, with server.Collaborators) *server.Server {
	s := server.New(cfg, with)
	s.Also("/tiny", pipeline.ChatCompletions, tiny)
	return s
}

// tell posts a request by hand.
func tell(t *testing.T, l *pipes, method, path, headers, body string) (*http.Response, string) {
	t.Helper()
	c := l.dial()
	defer c.Close()
	go func() {
		_, _ = fmt.Fprintf(c, "%s %s HTTP/1.1\r\nhost: test\r\n%scontent-length: %d\r\n\r\n%s", method, path, headers,
			len(body), body)
	}()
	res := readHead(t, c)
	return res, text(t, res.Body)
}

func wholeOf(content string) *openai.ChatResponse {
	return &openai.ChatResponse{Choices: []openai.Choice{{Message: openai.ReplyMessage{Content: &content}}}}
}

// A second API goes through the whole server without a line of it knowing.
func TestDialectAnswers(t *testing.T) {
	fails := &openai.Error{Kind: openai.Unavailable, Message: "Busy."}
	slow := func(yield func(openai.Part, error) bool) { // longer than the hold, then longer than the keep-alive
		time.Sleep(40 * time.Second)
		_ = yield(chunk("Hel"), nil) && func() bool { time.Sleep(20 * time.Second); return yield(chunk("lo"), nil) }()
	}
	for name, tt := range map[string]struct {
		parts  iter.Seq2[openai.Part, error]
		stream bool
		status int
		want   string
	}{
		"plain":               {parts(wholeOf("Hello")), false, 200, `{"text":"Hello"}`},
		"stream":              {parts(chunk("Hel"), chunk("lo")), true, 200, "1 begin|2 text Hel|3 text lo|4 end"},
		"held and kept alive": {slow, true, 200, "1 begin|2 ping|3 text Hel|4 ping|5 text lo|6 end"},
		"an error in a stream": {func(yield func(openai.Part, error) bool) {
			_ = yield(chunk("Hel"), nil) &&
				yield(nil, fails)
		}, true, 200,
			"1 begin|2 text Hel|3 error Busy. ID"},
		"an error before it": {func(yield func(openai.Part, error) bool) { yield(nil, fails) }, true, 529,
			`{"type":"error","error":{"message":"Busy."},"id":"ID"}`},
		"what nobody has meant": {func(yield func(openai.Part, error) bool) { yield(nil, errors.New("secret")) }, false, 500,
			"Quote the request id ID"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := listen()
				serve(t, speakTiny(config(), collaborators(func(_ context.Context, c *call.Call) (call.Reply, error) {
					if r, ok := c.Request.(*openai.ChatRequest); !ok || r.Messages[0].Content.Text != "hi" {
						t.Errorf("the request is %#v", c.Request)
					}
					return reply(tt.parts), nil
				})), l)
				res, body := tell(t, l, "POST", "/v1/tiny", "tiny-version: 1\r\n",
					fmt.Sprintf(`{"model":"m","prompt":"hi","stream":%t}`, tt.stream))
				id := res.Header.Get("request-id")
				if res.StatusCode != tt.status || !strings.HasPrefix(id, "req_") || res.Header.Get("x-request-id") != "" {
					t.Errorf("status %d, headers %v", res.StatusCode, res.Header)
				}
				body = strings.ReplaceAll(body, id, "ID")
				if tt.stream && tt.status == 200 {
					body = tinyEvents(t, body)
				}
				if body != tt.want && (tt.status != 500 || !strings.Contains(body, tt.want)) {
					t.Errorf("got  %s\nwant %s", body, tt.want)
				}
			})
		})
	}
}

// tinyEvents gives events in short.
func tinyEvents(t *testing.T, body string) string {
	t.Helper()
	var list []string
	for event := range strings.SplitSeq(strings.TrimSuffix(body, "\n\n"), "\n\n") {
		name, data, ok := strings.Cut(strings.TrimPrefix(event, "event: "), "\ndata: ")
		var in struct {
			N                 int
			Text, Message, ID string
		}
		if err := json.Unmarshal([]byte(data), &in); err != nil || !ok {
			t.Fatalf("%v: %q in %q", err, event, body)
		}
		list = append(list, strings.Join(strings.Fields(fmt.Sprint(in.N, " ", name, " ", in.Text, in.Message, " ", in.ID)),
			" "))
	}
	return strings.Join(list, "|")
}

// What refuses a request before its body is read speaks the dialect of the route too.
func TestDialectRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		with := collaborators(func(context.Context, *call.Call) (call.Reply, error) {
			return call.Reply{}, openai.ModelNotFound("m")
		})
		with.Gate = keys.NewGate(keys.Config{Keys: []keys.Configured{
			{Name: "key", Hash: keys.HashOf("key")},
			{Name: "one", Hash: keys.HashOf("one"), Limits: access.Limits{RequestsPerMinute: 1}},
		}}, nil, nil)
		with.Limiter = limits.New(limits.Default(), limits.NewMeters(nil, nil))
		cfg := config()
		cfg.BodyLimit = 100
		l := listen()
		serve(t, speakTiny(cfg, with), l)
		const key, version = "x-api-key: key\r\n", "tiny-version: 1\r\n"
		for _, tt := range []struct {
			name, method, headers, body string
			status                      int
			message                     string
		}{
			{"no key", "POST", version, `{}`, 401, "You didn't provide an API key."},
			{"a key where chat has it", "POST", "authorization: Bearer key\r\n", `{}`, 401, "You didn't provide an API key."},
			{"two keys", "POST", key + "x-api-key: one\r\n", `{}`, 401, "More than one API key"},
			{"another method", "PUT", key, `{}`, 405, "Not allowed to PUT"},
			{"a large body", "POST", key, strings.Repeat(" ", 101), 413, "larger than the limit"},
			{"a compressed one", "POST", key + "content-encoding: gzip\r\n", `{}`, 415, "must not be compressed"},
			{"what its decoder refuses", "POST", key, `{}`, 400, "tiny-version is missing"},
			{"no such model", "POST", key + version, `{"model":"m"}`, 404, "does not exist"},
			{"the last one of a minute", "POST", "x-api-key: one\r\n", `{}`, 400, "tiny-version is missing"},
			{"one more", "POST", "x-api-key: one\r\n", `{}`, 429, "Rate limit reached"},
		} {
			res, body := tell(t, l, tt.method, "/v1/tiny", tt.headers, tt.body)
			want := `{"type":"error","error":{"message":"`
			if res.StatusCode != tt.status || !strings.HasPrefix(body, want) || !strings.Contains(body, tt.message) ||
				!strings.HasSuffix(body, `},"id":"`+res.Header.Get("request-id")+`"}`) {
				t.Errorf("%s: %d %s", tt.name, res.StatusCode, body)
			}
			if left := res.Header.Get("tiny-requests-left"); (left == "0") != strings.Contains(tt.headers, "one\r\n") &&
				tt.name != "two keys" ||
				res.Header.Get("x-ratelimit-limit-requests") != "" {
				t.Errorf("%s: %v", tt.name, res.Header)
			}
		}
		if res, body := tell(t, l, "POST", "/v1/chat/completions", key, `{}`); res.StatusCode != 401 ||
			!strings.HasPrefix(body, `{"error":{"message":"You didn't`) {
			t.Errorf("chat beside it: %d %s", res.StatusCode, body)
		}
	})
}

func readHead(t *testing.T, c io.Reader) *http.Response {
	t.Helper()
	return head(t, bufio.NewReader(c))
}
