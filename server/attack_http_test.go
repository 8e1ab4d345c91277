package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/bedrock/offline"
	"outcrop/internal/call"
	"outcrop/openai"
	"outcrop/server"
)

// spoken sends bytes to a server and gives everything that it says until it closes the connection, or falls silent.
func spoken(t *testing.T, srv, raw string) string {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(srv, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	said, _ := io.ReadAll(c)
	return string(said)
}

// TestAttackHeaderSmuggling: what two readers could understand in two ways is refused, or understood as RFC 9112 says,
// and no second request comes out of one.
func TestAttackHeaderSmuggling(t *testing.T) {
	var mu sync.Mutex
	var bodies []string
	with := collaborators(func(_ context.Context, c *call.Call) (call.Reply, error) {
		mu.Lock()
		defer mu.Unlock()
		bodies = append(bodies, c.Request.Facts().Model)
		return reply(parts(&openai.ChatResponse{})), nil
	}, "the-one-good-key")
	srv := start(t, config(), with)
	const line, host, good = "POST /v1/chat/completions HTTP/1.1\r\n", "host: x\r\ncontent-type: application/json\r\n",
		"authorization: Bearer the-one-good-key\r\n"
	asking := func(model string) string {
		return `{"model":"` + model + `","messages":[{"role":"user","content":"hi"}]}`
	}
	sized := func(body string) string { return fmt.Sprintf("content-length: %d\r\n\r\n%s", len(body), body) }
	chunked := func(body string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body) }
	smuggled := "GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n"
	for name, tt := range map[string]struct {
		raw    string
		status string // of the first answer; "" when the connection just ends
		model  string // that was asked for
	}{
		"nothing wrong": {line + host + good + sized(asking("fine")), "200", "fine"},
		"two lengths":   {line + host + good + "content-length: 5\r\n" + sized(asking("a")), "400", ""},
		"two lengths in one": {line + host + good + "content-length: 5, 60\r\n\r\n" + asking("a"), "400",
			""},
		"a length with a sign": {line + host + good + "content-length: +60\r\n\r\n" + asking("a"), "400", ""},
		"a length in hex":      {line + host + good + "content-length: 0x3c\r\n\r\n" + asking("a"), "400", ""},
		"length and chunks: chunks count": {line + host + good +
			"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n" + chunked(asking("chunks")), "200", "chunks"},
		"an unknown encoding": {line + host + good + "transfer-encoding: xchunked\r\n\r\n" +
			chunked(asking("a")), "501", ""},
		"two encodings": {line + host + good + "transfer-encoding: chunked\r\ntransfer-encoding: " +
			"identity\r\n\r\n" + chunked(asking("a")), "501", ""},
		"a space before the colon": {line + host + good + "transfer-encoding : chunked\r\n\r\n" +
			chunked(asking("a")), "400", ""},
		"a tab in the name": {line + host + good + "transfer\t-encoding: chunked\r\n\r\n" +
			chunked(asking("a")), "400", ""},
		"a null in a value": {line + host + "authorization: Bearer the-one\x00-good-key\r\n" +
			sized(asking("a")), "400", ""},
		"a bare CR in a value": {line + host + "authorization: Bearer x\rauthorization: Bearer " +
			"the-one-good-key\r\n" + sized(asking("a")), "400", ""},
		"a key in a folded line": {line + host + "x-note: y\r\n authorization: Bearer the-one-good-key\r\n" +
			sized(asking("a")), "401", ""},
		"a key behind the end of the headers": {line + host + "content-length: 0\r\n\r\n" + good + "\r\n", "401", ""},
		"no host":                             {line + good + sized(asking("a")), "400", ""},
		"two hosts":                           {line + host + "host: y\r\n" + good + sized(asking("a")), "400", ""},
		"a path with a line break": {"POST /v1/chat/\r\ncompletions HTTP/1.1\r\n" + host + good +
			sized(asking("a")), "400", ""},
		"headers that never end": {line + host + good +
			strings.Repeat("x-pad: "+strings.Repeat("y", 1000)+"\r\n", 100) + sized(asking("a")), "431", ""},
		"one header that is too long": {line + host + good + "x-pad: " + strings.Repeat("y", 200_000) + "\r\n" +
			sized(asking("a")), "431", ""},
		"a request in a refused body": {line + host + sized(smuggled+strings.Repeat("x", 300<<10)), "401", ""},
		"a broken chunk and a request": {line + host + good + "transfer-encoding: chunked\r\n\r\nzz\r\n" + smuggled,
			"400", ""},
	} {
		t.Run(name, func(t *testing.T) {
			mu.Lock()
			bodies = nil
			mu.Unlock()
			said := spoken(t, srv, tt.raw)
			if got, _, _ := strings.Cut(strings.TrimPrefix(said, "HTTP/1.1 "), " "); got != tt.status {
				t.Fatalf("status %q, want %q: %.300s", got, tt.status, said)
			}
			if ok := strings.Count(said, "HTTP/1.1 200"); tt.model == "" && ok > 0 || ok > 1 ||
				strings.Contains(said, `"object":"list"`) {
				t.Errorf("a request was smuggled: %s", said)
			}
			mu.Lock()
			defer mu.Unlock()
			if got := strings.Join(bodies, ","); got != tt.model {
				t.Errorf("asked for %q, want %q", got, tt.model)
			}
		})
	}
}

// TestMendE6NothingFollowsABodyInChunks: RFC 9112, 6.1: behind a request with length and chunks the connection ends, so
// that what another reader would take for the rest of its body is never read as a request.
func TestMendE6NothingFollowsABodyInChunks(t *testing.T) {
	srv := start(t, config(), collaborators(obedient, "the-one-good-key"))
	const body = `{"model":"m","messages":[{"role":"user","content":"hi"}]}`
	chunks := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	begin := "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer " +
		"the-one-good-key\r\n"
	next := "GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer the-one-good-key\r\n\r\n"
	for name, tt := range map[string]struct {
		raw     string
		answers int
	}{
		"a length":          {begin + fmt.Sprintf("content-length: %d\r\n\r\n%s", len(body), body), 2},
		"length and chunks": {begin + "content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n" + chunks, 1},
		"chunks and length": {begin + "transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n" + chunks, 1},
		"to an unknown route": {"POST /nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: " +
			"chunked\r\n\r\n" + chunks, 1},
		"refused for its key": {strings.Replace(begin, "good", "bad", 1) +
			"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n" + chunks, 1},
		"a stream of an answer": {strings.Replace(begin, "x\r\n", "y\r\n", 1) +
			"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n" + chunks, 1},
	} {
		t.Run(name, func(t *testing.T) {
			said := spoken(t, srv, tt.raw+next)
			if got := strings.Count(said, "HTTP/1.1 "); got != tt.answers ||
				tt.answers == 1 && !strings.Contains(strings.ToLower(said), "connection: close") {
				t.Errorf("%d answers, want %d: %.600s", got, tt.answers, said)
			}
		})
	}
}

// TestAttackHostileJSON: no body costs more than its size suggests, and none ends the process.
func TestAttackHostileJSON(t *testing.T) {
	h := build(t, config(), offline.Config{})
	const deep, many, lots = 10_000, 1_000_000, 100_000
	nested := strings.Repeat("[", deep) + strings.Repeat("]", deep)
	objects := strings.Repeat(`{"a":`, deep) + "1" + strings.Repeat("}", deep)
	schema := strings.Repeat(`{"type":"object","properties":{"a":`, deep) + `{"type":"string"}` +
		strings.Repeat("}}", deep)
	say := `"messages":[{"role":"user","content":"hi"}]`
	members := func(n int, each string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"m%d":%s,`, i, each)
		}
		return b.String()
	}
	tool := func(parameters string) string {
		return `{"model":"` + nova + `",` + say + `,"tools":[{"type":"function","function":{"name":"f","parameters":` +
			parameters + `}}]}`
	}
	for name, tt := range map[string]struct {
		body string
		want []int
	}{
		"nothing but brackets":      {strings.Repeat("[", many), []int{400}},
		"nested arrays as the body": {nested, []int{400}},
		"nested messages":           {`{"model":"` + nova + `","messages":` + nested + `}`, []int{400}},
		"nested content": {`{"model":"` + nova + `","messages":[{"role":"user","content":` + nested + `}]}`,
			[]int{400}},
		"nested in what is not known": {`{"model":"` + nova + `",` + say + `,"x":` + objects + `}`, []int{200, 400}},
		"nested metadata":             {`{"model":"` + nova + `",` + say + `,"metadata":` + objects + `}`, []int{400}},
		"a nested schema of a tool":   {tool(schema), []int{400}},
		"nested objects as a schema":  {tool(objects), []int{400}},
		"a nested schema of the answer": {`{"model":"` + nova + `",` + say +
			`,"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":` + schema + `}}}`, []int{400}},
		"nested arguments of a call": {`{"model":"` + nova +
			`","messages":[{"role":"user","content":"hi"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"` + strings.ReplaceAll(objects, `"`, `\"`) + `"}}]},{"role":"tool","tool_call_id":"1","content":"x"}]}`, []int{200, 400}},
		"a million members": {"{" + members(many, "1") + `"model":"` + nova + `",` + say + `}`,
			[]int{200, 400}},
		"too many members of metadata": {`{"model":"` + nova + `",` + say + `,"metadata":{` + members(lots, `"x"`) +
			`"z":"z"}}`, []int{400}},
		"100,000 messages": {`{"model":"` + nova + `","messages":[` + strings.Repeat(`{},`, lots) + `{}]}`,
			[]int{400}},
		"100,000 stop sequences": {`{"model":"` + nova + `",` + say + `,"stop":[` + strings.Repeat(`"x",`, lots) +
			`"x"]}`, []int{400}},
		"a huge exponent": {`{"model":"` + nova + `",` + say + `,"temperature":1e999999999}`, []int{400}},
		"a huge number": {`{"model":"` + nova + `",` + say + `,"max_tokens":` + strings.Repeat("9", many) +
			`}`, []int{400}},
		"a huge number in a schema": {tool(`{"type":"object","properties":{},"minimum":` + strings.Repeat("9", many) +
			`}`), []int{200, 400}},
		"a member twice":                   {`{"model":"other","model":"` + nova + `",` + say + `}`, []int{200}},
		"a member twice, the last is none": {`{"model":"` + nova + `","model":"other",` + say + `}`, []int{404}},
		"a member twice, in another case":  {`{"Model":"other","model":"` + nova + `",` + say + `}`, []int{200, 400}},
		"a member twice, in a message": {`{"model":"` + nova +
			`","messages":[{"role":"user","role":"system","content":"hi"}]}`, []int{200}},
		"no UTF-8": {`{"model":"` + nova + `","messages":[{"role":"user","content":"` + "\xff\xfe" +
			`"}]}`, []int{400}},
		"half a surrogate": {`{"model":"` + nova + `","messages":[{"role":"user","content":"\ud800"}]}`,
			[]int{200, 400}},
		"UTF-8 that is too long": {`{"model":"` + nova + `","messages":[{"role":"user","content":"` + "\xc0\xaf" +
			`"}]}`, []int{400}},
		"UTF-16":                           {"\xff\xfe{\x00}\x00", []int{400}},
		"a null in the name of the model":  {`{"model":"` + nova + `\u0000",` + say + `}`, []int{400, 404}},
		"a name of a model without an end": {`{"model":"` + strings.Repeat("x", many) + `",` + say + `}`, []int{400, 404}},
		"two bodies": {`{"model":"` + nova + `",` + say + `}{"model":"` + nova + `",` + say + `}`,
			[]int{400}},
		"a body of white space": {strings.Repeat(" ", many), []int{400}},
		"nothing":               {"", []int{400}},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			status, _, body := h.chat(t, tt.body)
			ok := false
			for _, want := range tt.want {
				ok = ok || status == want
			}
			if !ok {
				t.Errorf("status %d, want one of %v: %.300s", status, tt.want, body)
			}
			if len(body) > 10_000 {
				t.Errorf("an answer of %d bytes: %.300s", len(body), body)
			}
			if took := time.Since(began); took > 2*time.Minute { // a second, but for the race detector on a busy machine
				t.Errorf("it took %v", took)
			}
			if status, _, body := h.chat(t, ask(nova, "")); status != 200 {
				t.Fatalf("afterwards: %d %s", status, body)
			}
		})
	}
}

// TestAttackSlowloris: each of these callers sends a byte now and then, always just in time for a limit that begins
// anew with each byte. All are cut off, and those who behave are served meanwhile.
func TestAttackSlowloris(t *testing.T) {
	for name, tt := range map[string]struct {
		first  string
		status string // of the answer
		limit  time.Duration
	}{
		"headers": {"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-", "400", 10 * time.Second},
		"body": {"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: " +
			"100000\r\n\r\n{", "408", time.Minute},
		"chunks": {"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: " +
			"application/json\r\ntransfer-encoding: chunked\r\n\r\nffff\r\n{", "408", time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := listen()
				serve(t, server.New(config(), collaborators(obedient)), l)
				const callers = 100
				var wg sync.WaitGroup
				for range callers {
					c := l.dial()
					began := time.Now()
					wg.Go(func() { // ends when the connection closes
						if _, err := io.WriteString(c, tt.first); err != nil {
							return
						}
						for {
							time.Sleep(time.Second)
							if _, err := io.WriteString(c, "x"); err != nil {
								return
							}
						}
					})
					wg.Go(func() {
						said, _ := io.ReadAll(c)
						c.Close()
						status, _, _ := strings.Cut(strings.TrimPrefix(string(said), "HTTP/1.1 "), " ")
						if took := time.Since(began); status != tt.status || took < tt.limit || took > tt.limit+10*time.Second {
							t.Errorf("cut off after %v with %.100q", took, said)
						}
					})
				}
				time.Sleep(5 * time.Second)
				good := l.dial()
				if res := head(t, post(t, good, "/v1/chat/completions", ask("m", ""))); res.StatusCode != 200 {
					t.Errorf("who behaves: %d", res.StatusCode)
				}
				good.Close()
				wg.Wait()
			})
		})
	}
}

// TestAttackResponseSplitting: nothing that a caller names begins a header, or an answer, of its own. The answers are
// read byte by byte as they stand on the wire.
func TestAttackResponseSplitting(t *testing.T) {
	const break1, break2 = "\r\nx-injected: 1\r\n\r\nHTTP/1.1 200 OK\r\n", "\nx-injected: 1\n\n"
	escaped := func(s string) string {
		q := fmt.Sprintf("%q", s)
		return q[1 : len(q)-1]
	}
	h := build(t, config(), offline.Config{}, remembering(t))
	for _, split := range []string{break1, break2, "\u2028x-injected: 1", "\r", "\x1b[31m\x00;key=value"} {
		evil := escaped(strings.ReplaceAll(split, "\x00", ""))
		evil = strings.ReplaceAll(evil, `\x1b`, `\u001b`)
		for name, body := range map[string]string{
			"model":             ask(nova+evil, ""),
			"alias":             ask("gpt-4o"+evil, ""),
			"ARN":               ask("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/x"+evil, ""),
			"profile":           ask("us."+nova+evil, ""),
			"user":              ask(nova, `,"user":"`+evil+`"`),
			"metadata":          ask(nova, `,"metadata":{"k`+evil+`":"v`+evil+`"}`),
			"an unknown member": ask(nova, `,"x`+evil+`":1`),
			"a known one":       ask(nova, `,"service_tier":"`+evil+`"`),
			"a tool":            ask(nova, `,"tools":[{"type":"function","function":{"name":"f`+evil+`","parameters":{}}}]`),
			"a stop sequence":   ask(nova, `,"stop":["`+evil+`"]`),
			"a guardrail":       ask(nova, `,"guardrail_config":{"guardrail_identifier":"`+evil+`","guardrail_version":"1"}`),
			"cache key":         ask(nova, `,"prompt_cache_key":"`+evil+`","safety_identifier":"`+evil+`"`),
		} {
			for _, stream := range []string{"", `,"stream":true`} {
				body := strings.TrimSuffix(body, "}") + stream + "}"
				said := spoken(t, h.url, fmt.Sprintf("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: "+
					"close\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", len(body), body))
				headers, rest, _ := strings.Cut(said, "\r\n\r\n")
				if strings.Contains(strings.ToLower(headers), "\nx-injected") || strings.Contains(rest, "\nx-injected") ||
					strings.Count(headers, "HTTP/1.1 ") != 1 ||
					strings.ContainsAny(strings.ReplaceAll(headers, "\r\n", ""), "\r\n\x1b\x00") {
					t.Errorf("%s with %q: %q", name, split, said)
				}
				if res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(said)), nil); err != nil {
					t.Errorf("%s with %q: %v: %q", name, split, err, said)
				} else {
					res.Body.Close()
				}
			}
		}
	}
}
