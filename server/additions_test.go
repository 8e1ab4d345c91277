package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"outcrop/internal/attempt"
	"outcrop/internal/bedrock"
	"outcrop/internal/bedrock/offline"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/dialect"
	"outcrop/internal/pipeline"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
	"outcrop/openai"
	"outcrop/router"
	"outcrop/translate"
)

// reluctant is an embedded Bedrock that refuses every request which holds a word, or a second one.
type reluctant struct {
	behind               http.Handler
	word, exception, say string
	second, saySecond    string
	mu                   sync.Mutex
	bodies               []string
}

func (r *reluctant) Do(req *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.bodies = append(r.bodies, string(b))
	r.mu.Unlock()
	rec := httptest.NewRecorder()
	say := ""
	switch {
	case strings.Contains(string(b), r.word):
		say = r.say
	case r.second != "" && strings.Contains(string(b), r.second):
		say = r.saySecond
	}
	if say != "" {
		rec.Header().Set("X-Amzn-Errortype", r.exception)
		rec.Header().Set("Content-Type", "application/json")
		rec.WriteHeader(map[string]int{"ValidationException": 400, "AccessDeniedException": 403}[r.exception])
		fmt.Fprintf(rec, `{"message":%q}`, say)
		return rec.Result(), nil
	}
	req = req.Clone(req.Context())
	req.Body = io.NopCloser(strings.NewReader(string(b)))
	r.behind.ServeHTTP(rec, req)
	return rec.Result(), nil
}

// sent are the bodies since the last time.
func (r *reluctant) sent() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.bodies
	r.bodies = nil
	return all
}

// before is the whole way of a request in front of it.
func (r *reluctant) before(t *testing.T, rec *telemetry.Recorder, keep time.Duration) call.Handler {
	t.Helper()
	bed, err := offline.New(offline.Config{Models: catalog.Data()})
	if err != nil {
		t.Fatal(err)
	}
	r.behind = bed
	b, err := bedrock.From(t.Context(), aws.Config{Region: "us-east-1", HTTPClient: r,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}, bedrock.Default())
	if err != nil {
		t.Fatal(err)
	}
	routes, err := router.New(router.Config{}, catalog.Default(), "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	return pipeline.New(pipeline.Config{Deadline: time.Minute, EmbeddingCalls: 8, RememberRefusals: keep},
		pipeline.Collaborators{
			Recorder: rec, Router: routes, Catalog: catalog.Default(), Profiles: b, Version: "test",
			Services: func(t catalog.Target) (attempt.Service, error) { return b.For(t) },
		})
}

// through sends a chat request and gives the answer as it would be written, and its head.
func through(t *testing.T, h call.Handler, body string, o translate.Options) (string, call.Head, error) {
	t.Helper()
	req, err := openai.DecodeChat([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	reply, fault := h(t.Context(), &call.Call{ID: "id", At: time.Now(), Endpoint: pipeline.ChatCompletions,
		Request: req, Options: o})
	if fault != nil {
		return "", reply.Head, fault
	}
	var all strings.Builder
	for part, err := range reply.Parts {
		if err != nil {
			return all.String(), reply.Head, err
		}
		if chunk, ok := part.(*openai.ChatChunk); ok {
			all.Write(chunk.AppendJSON(nil, true))
		} else {
			all.Write(dialect.Chat.Plain(nil, req, dialect.Call{}, part))
		}
	}
	return all.String(), reply.Head, nil
}

const noCaching = "You invoked an unsupported model or your request did not allow prompt caching. See the " +
	"documentation for more information."

func inConversation(model, rest string) string {
	return `{"model":"` + model +
		`","messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."},{"role":"user","content":"More"}]` + rest + `}`
}

func TestMendB2WhatTheGatewayAddsNeverFailsARequest(t *testing.T) {
	const schema = `{"type":"object","properties":{"a":{"type":"string"}}}`
	const strictTool = `,"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":` + schema + `}}]`
	const format = `,"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":` + schema + `}}`
	for _, tt := range []struct {
		name, model, rest    string
		word, exception, say string
		kind, adjusted       string
		each                 bool // found out with each request
	}{
		{"cache points", "us.anthropic.claude-sonnet-4-6", "", "cachePoint", "ValidationException", noCaching,
			"cache_points", "", false},
		{"cache points, 403", "us.anthropic.claude-opus-4-5-20251101-v1:0", "", "cachePoint", "AccessDeniedException",
			noCaching, "cache_points", "", false},
		{"cache points, another text", "anthropic.claude-sonnet-4-6", "", "cachePoint", "ValidationException",
			"Malformed input request: #/messages/0/content/1: extraneous key [cachePoint] is not permitted, please reformat " +
				"your input and try again.", "cache_points", "", false},
		{"cache points that were asked for all together", "anthropic.claude-sonnet-4-6",
			`,"prompt_cache_key":"k","prompt_cache_retention":"24h"`, "cachePoint", "ValidationException", noCaching,
			"cache_points", "prompt_cache_retention:unsupported", false},
		{"native format", "anthropic.claude-haiku-4-5-20251001-v1:0", format, "outputConfig", "ValidationException",
			"The model returned the following errors: output_config.format: Extra inputs are not permitted",
			"native_format", "", false},
		{"native format beside tools", "anthropic.claude-haiku-4-5-20251001-v1:0",
			format + `,"tools":[{"type":"function","function":{"name":"f"}}]`, "outputConfig", "ValidationException",
			"This model doesn't support the outputConfig.textFormat field. Remove outputConfig.textFormat and try again.",
			"native_format", "response_format:best_effort", false},
		{"strict", "anthropic.claude-haiku-4-5-20251001-v1:0", strictTool, `"strict":true`, "ValidationException",
			"The model returned the following errors: tools.0.custom.strict: Extra inputs are not permitted", "strict_tools",
			"tools[].function.strict:unsupported", false},
		{"strict, a grammar that is too large", "anthropic.claude-haiku-4-5-20251001-v1:0", strictTool, `"strict":true`,
			"ValidationException",
			"The model returned the following errors: The compiled grammar is too large, which would cause performance issues.",
			"strict_tools", "tools[].function.strict:unsupported", true},
		{"single call", "anthropic.claude-haiku-4-5-20251001-v1:0",
			`,"parallel_tool_calls":false,"tools":[{"type":"function","function":{"name":"f"}}]`, "disable_parallel_tool_use",
			"ValidationException",
			"The model returned the following errors: tool_choice.auto.disable_parallel_tool_use: Extra inputs are not permitted", "single_call", "", false},
	} {
		for _, streamed := range []string{"", `,"stream":true`} {
			t.Run("R-CAP-07 "+tt.name+streamed, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r, rec := &reluctant{word: tt.word, exception: tt.exception, say: tt.say}, telemetry.New()
					h := r.before(t, rec, time.Hour)
					body := inConversation(tt.model, tt.rest+streamed)
					for round, calls := range []int{2, 1, 2} {
						if tt.each {
							calls = 2
						}
						got, head, err := through(t, h, body, translate.Options{})
						if err != nil || !strings.Contains(got, "chatcmpl-id") {
							t.Fatalf("round %d: %v, %s", round, err, got)
						}
						if len(head.Tries) != calls || head.Attempts != calls || head.Tries[calls-1].Outcome != upstream.OK {
							t.Errorf("round %d: %d attempts: %+v", round, head.Attempts, head.Tries)
						}
						if adjusted := head.Adjusted.Header(); adjusted != tt.adjusted {
							t.Errorf("round %d: adjusted %q", round, adjusted)
						}
						sent := r.sent()
						if len(sent) != calls || strings.Contains(sent[len(sent)-1], tt.word) {
							t.Errorf("round %d: sent %d: %v", round, len(sent), sent)
						}
						if round == 1 {
							time.Sleep(time.Hour + time.Second) // the memory ends, and it is found out anew
						}
					}
					if want := `outcrop_additions_refused_total{kind="` + tt.kind +
						`",model="`; !strings.Contains(metrics(t, rec), want) {
						t.Errorf("not counted: %s", want)
					}
				})
			})
		}
	}
}

func metrics(t *testing.T, rec *telemetry.Recorder) string {
	t.Helper()
	w := httptest.NewRecorder()
	rec.Handler().ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

func TestMendB2WhatTheClientAskedForIsNotTriedAgain(t *testing.T) {
	const schema = `{"type":"object","properties":{"a":{"type":"string"}}}`
	for _, tt := range []struct {
		name, rest, word, say string
		strict                bool
		param                 string
	}{
		{"a point of its own", "", "cachePoint", noCaching, false, "cache_control"},
		{"native format in strict mode", `,"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":` +
			schema + `}}`, "outputConfig",
			"The model returned the following errors: output_config.format: Extra inputs are not permitted", true,
			"response_format"},
		{"strict in strict mode", `,"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":` + schema +
			`}}]`, `"strict":true`,
			"The model returned the following errors: tools.0.custom.strict: Extra inputs are not permitted", true,
			"tools[0].function.strict"},
		{"what no addition is about", "", "More", "The model returned the following errors: prompt is too long: 2 tokens " +
			"> 1 maximum", false, "messages"},
	} {
		t.Run("R-CAP-07 "+tt.name, func(t *testing.T) {
			r, rec := &reluctant{word: tt.word, exception: "ValidationException", say: tt.say}, telemetry.New()
			h := r.before(t, rec, time.Hour)
			body := inConversation("anthropic.claude-haiku-4-5-20251001-v1:0", tt.rest)
			if tt.param == "cache_control" {
				body = strings.Replace(body, `"content":"Hello."`, `"content":"Hello.","cache_control":{"type":"ephemeral"}`, 1)
			}
			for range 2 {
				_, _, err := through(t, h, body, translate.Options{Strict: tt.strict})
				var e *openai.Error
				if !errors.As(err, &e) || e.Kind != openai.Invalid || e.Param != tt.param {
					t.Errorf("%+v", err)
				}
				if n := len(r.sent()); n != 1 {
					t.Errorf("%d calls", n)
				}
			}
		})
	}
}

// A refusal that stays without the addition was not about it: nothing is remembered, and the client gets the refusal.
// Bedrock names one fault at a time: what it refuses of a request without the first addition may be the second.
func TestMendB2SeveralAdditionsAreRefusedOneAfterTheOther(t *testing.T) {
	const tool = `,"parallel_tool_calls":false,"tools":[{"type":"function","function":{"name":"f"}}]`
	r, rec := &reluctant{word: "cachePoint", exception: "ValidationException", say: noCaching,
		second: "disable_parallel_tool_use",
		saySecond: "The model returned the following errors: tool_choice.auto.disable_parallel_tool_use: Extra inputs are " +
			"not permitted"}, telemetry.New()
	h := r.before(t, rec, time.Hour)
	for _, calls := range []int{3, 1} {
		if _, _, err := through(t, h, inConversation("anthropic.claude-haiku-4-5-20251001-v1:0", tool),
			translate.Options{}); err != nil {
			t.Errorf("R-CAP-07 %+v", err)
		}
		if n := len(r.sent()); n != calls {
			t.Errorf("R-CAP-07 %d calls, want %d", n, calls)
		}
	}
	for _, kind := range []string{"cache_points", "single_call"} {
		if !strings.Contains(metrics(t, rec), `kind="`+kind+`"`) {
			t.Errorf("R-CAP-07 %s: not counted", kind)
		}
	}
}

func TestMendB2ARefusalThatStaysIsTheClients(t *testing.T) {
	r, rec := &reluctant{word: "More", exception: "ValidationException", say: "Remove the cachePoint, and more."},
		telemetry.New()
	h := r.before(t, rec, time.Hour)
	for range 2 {
		_, head, err := through(t, h, inConversation("anthropic.claude-haiku-4-5-20251001-v1:0", ""), translate.Options{})
		if e := (*openai.Error)(nil); !errors.As(err, &e) || e.Kind != openai.Invalid {
			t.Errorf("R-CAP-07 %v, %+v", err, head)
		}
		if n := len(r.sent()); n != 2 {
			t.Errorf("R-CAP-07 %d calls", n)
		}
	}
	if strings.Contains(metrics(t, rec), "additions_refused_total{") {
		t.Error("R-CAP-07 counted")
	}
}

// What one target refuses, another may take; a memory of 0 keeps nothing.
func TestMendB2EachTargetForItself(t *testing.T) {
	r := &reluctant{word: "cachePoint", exception: "ValidationException", say: noCaching}
	h := r.before(t, telemetry.New(), time.Hour)
	for i, x := range []struct {
		model string
		calls int
	}{{"us.anthropic.claude-sonnet-4-6", 2}, {"global.anthropic.claude-sonnet-4-6", 2},
		{"us.anthropic.claude-sonnet-4-6", 1}, {"global.anthropic.claude-sonnet-4-6", 1}} {
		if _, _, err := through(t, h, inConversation(x.model, ""), translate.Options{}); err != nil {
			t.Fatal(err)
		}
		if n := len(r.sent()); n != x.calls {
			t.Errorf("R-CAP-07 request %d: %d calls, want %d", i, n, x.calls)
		}
	}
	h = r.before(t, telemetry.New(), 0)
	for range 2 {
		if _, _, err := through(t, h, inConversation("us.anthropic.claude-sonnet-4-6", ""), translate.Options{}); err != nil {
			t.Fatal(err)
		}
		if n := len(r.sent()); n != 2 {
			t.Errorf("R-CAP-07 without a memory: %d calls", n)
		}
	}
}

// Several choices ask at once, and share what was found out.
func TestMendB2SeveralChoices(t *testing.T) {
	r := &reluctant{word: "cachePoint", exception: "ValidationException", say: noCaching}
	h := r.before(t, telemetry.New(), time.Hour)
	got, _, err := through(t, h, inConversation("us.anthropic.claude-sonnet-4-6", `,"n":4`), translate.Options{})
	var whole struct {
		Choices []any `json:"choices"`
	}
	if err != nil || json.Unmarshal([]byte(got), &whole) != nil || len(whole.Choices) != 4 {
		t.Errorf("R-CAP-07 R-N-02 %v %s", err, got)
	}
}
