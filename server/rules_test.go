package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/openai/openai-go/v3"

	"outcrop/internal/bedrock/offline"
)

// Rules of the translation whose test has to go through the whole server, over real sockets.

const (
	claude = "anthropic.claude-haiku-4-5-20251001-v1:0"
	llama  = "meta.llama3-3-70b-instruct-v1:0"
)

// tap notes what calls of models reach the embedded Bedrock. It has to be called before the first request.
func (h *house) tap() *tapped {
	seen := &tapped{}
	next := h.upstream.Config.Handler
	h.upstream.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.EscapedPath(), "/model/") {
			b, _ := io.ReadAll(r.Body) // what is missing fails the test below
			r.Body = io.NopCloser(strings.NewReader(string(b)))
			seen.add(r.URL.EscapedPath(), string(b))
		}
		next.ServeHTTP(w, r)
	})
	return seen
}

// tapped are paths and bodies of calls.
type tapped struct {
	mu            sync.Mutex
	paths, bodies []string
}

func (s *tapped) add(path, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paths, s.bodies = append(s.paths, path), append(s.bodies, body)
}

// take gives what was seen, and forgets it.
func (s *tapped) take() (paths, bodies []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	paths, bodies = s.paths, s.bodies
	s.paths, s.bodies = nil, nil
	return paths, bodies
}

func TestNamesOfModels(t *testing.T) {
	h := build(t, config(), offline.Config{})
	seen := h.tap()
	const arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/app-"
	for _, c := range []struct {
		name, endpoint, model string
		path                  string // of the call, "" for none
		status                int
		text                  string // in the answer
	}{
		{"R-CAP-01 public id", "chat", nova, "/model/amazon.nova-lite-v1%3A0/converse", 200, `"model":"` + nova + `"`},
		{"R-CAP-01 prefix bedrock/", "chat", "bedrock/" + nova, "/model/amazon.nova-lite-v1%3A0/converse", 200, ""},
		{"R-CAP-01 alias", "chat", "gpt-4o", "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse", 200, ""},
		{"R-CAP-01 no suffix is invented", "chat", "amazon.nova-lite-v1", "/model/amazon.nova-lite-v1/converse", 404,
			`"code":"model_not_found"`},
		{"R-CAP-03 bare id goes through the profile of the region", "chat", claude,
			"/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse", 200, ""},
		{"R-CAP-03 explicit profile stays", "chat", "global." + claude,
			"/model/global.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse", 200, ""},
		{"R-CAP-04 R-PAR-01 ARN is one segment", "chat", arn + "nova-lite",
			"/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fapp-nova-lite/converse",
			200, ""},
		{"R-EMB-15 ARN of an embedding model", "embeddings", arn + "titan-embed-text-v2",
			"/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fapp-titan-embed-text-v2/invoke", 200, ""},
		{"R-CAP-02 a name of nobody", "chat", "gpt-4-nothing", "", 404,
			"The model `gpt-4-nothing` does not exist or you do not have access to it."},
		{"R-CAP-02 Bedrock judges what has its shape", "chat", "anthropic.claude-opus-9",
			"/model/anthropic.claude-opus-9/converse", 404, `"param":"model","code":"model_not_found"`},
		{"R-CAP-08 embedding model on chat", "chat", "amazon.titan-embed-text-v2:0", "", 404, "/v1/embeddings"},
		{"R-CAP-08 chat model on embeddings", "embeddings", nova, "", 404, "/v1/chat/completions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, body := "/v1/chat/completions", ask(c.model, "")
			if c.endpoint == "embeddings" {
				path, body = "/v1/embeddings", `{"model":"`+c.model+`","input":"hi"}`
			}
			status, _, answer := h.post(t, path, body)
			paths, _ := seen.take()
			if status != c.status || !strings.Contains(answer, c.text) {
				t.Errorf("%d %s", status, answer)
			}
			if got := strings.Join(paths, " "); got != c.path {
				t.Errorf("called %q, want %q", got, c.path)
			}
			if strings.Contains(answer, "us.anthropic") {
				t.Errorf("R-RES-02: the profile shows: %s", answer)
			}
		})
	}
}

// TestOutcomesOverTheWire sends every member of OpenAI's schema: each must change the call, change the answer, be
// adjusted by name or be refused by name. The members come from OpenAI's SDK, so that a new one is noticed.
func TestOutcomesOverTheWire(t *testing.T) {
	const tool = `[{"type":"function","function":{"name":"climb"}}]`
	asks := map[string]struct{ value, beside string }{
		"model": {`"` + claude + `"`, ``}, "messages": {`[{"role":"user","content":"other"}]`, ``}, "stream": {`true`, ``},
		"stream_options": {`{"include_usage":true}`, `,"stream":true`}, "max_completion_tokens": {`5`, ``},
		"max_tokens":  {`5`, ``},
		"temperature": {`0.5`, ``}, "top_p": {`0.5`, ``}, "stop": {`"x"`, ``}, "n": {`2`, ``}, "tools": {tool, ``},
		"tool_choice": {`"none"`, `,"tools":` + tool}, "functions": {`[{"name":"g"}]`, ``},
		"function_call":   {`"none"`, `,"functions":[{"name":"climb"}]`},
		"response_format": {`{"type":"json_object"}`, ``}, "reasoning_effort": {`"low"`, ``}, "verbosity": {`"low"`, ``},
		"seed":             {`1`, ``},
		"presence_penalty": {`1`, ``}, "frequency_penalty": {`1`, ``}, "logit_bias": {`{"1":1}`, ``},
		"logprobs": {`true`, ``}, "top_logprobs": {`1`, ``},
		"modalities": {`["audio"]`, ``}, "audio": {`{}`, ``}, "prediction": {`{}`, ``}, "web_search_options": {`{}`, ``},
		"metadata":         {`{"a":"b"}`, ``},
		"prompt_cache_key": {`"k"`, ``}, "prompt_cache_retention": {`"24h"`, ``},
		"prompt_cache_options": {`{"ttl":"30m"}`, ``},
		"service_tier":         {`"flex"`, ``}, "store": {`true`, ``}, "moderation": {`{}`, ``},
	}
	// What acts inside the gateway or on the reply only: R-PAR-13, -30 and -31 have tests of their own below.
	inside := []string{"parallel_tool_calls", "user", "safety_identifier"}
	h := build(t, config(), offline.Config{})
	seen := h.tap()
	members := []string{"stream"} // which the SDK has as a method
	for i, typ := 0, reflect.TypeFor[openai.ChatCompletionNewParams](); i < typ.NumField(); i++ {
		if name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			members = append(members, name)
		}
	}
	if len(members) < 37 {
		t.Fatalf("only %d members: %v", len(members), members)
	}
	for _, name := range members {
		if slices.Contains(inside, name) {
			continue
		}
		t.Run("R-GEN-01 "+name, func(t *testing.T) {
			c, ok := asks[name]
			if !ok {
				t.Fatal("a new member of the schema: give it an outcome")
			}
			if status, _, body := h.chat(t, ask(nova, c.beside)); status != 200 {
				t.Fatalf("without it: %d %s", status, body)
			}
			paths, bodies := seen.take()
			status, header, body := h.chat(t, ask(nova, c.beside+`,"`+name+`":`+c.value)) // of duplicates the last counts
			with, sent := seen.take()
			adjusted := header.Get("x-outcrop-adjusted")
			switch {
			case status == 400 && len(with) == 0 && strings.Contains(body, `"param":"`+name): // refused
			case status != 200:
				t.Errorf("%d %s", status, body)
			case strings.Contains(adjusted, name+":unknown_parameter"):
				t.Error("it is not known")
			case strings.Contains(adjusted, name): // adjusted
			case !slices.Equal(with, paths) || !slices.Equal(sent, bodies): // honoured or emulated
			case name == "stream_options" && strings.Contains(body, `"choices":[],"usage":{`):
			default:
				t.Errorf("neither honoured nor adjusted nor refused: %s", body)
			}
		})
	}
}

func TestAdjustmentsOverTheWire(t *testing.T) {
	h := build(t, config(), offline.Config{})
	seen := h.tap()
	const rest = `,"temperature":1.7,"seed":1,"odd member":true`
	const want = "temperature:clamped_to_1,seed:unsupported,odd%20member:unknown_parameter"
	t.Run("R-GEN-03 one header names all, in order", func(t *testing.T) {
		for _, stream := range []string{``, `,"stream":true`} {
			status, header, body := h.chat(t, ask(nova, rest+stream))
			if got := header.Values("x-outcrop-adjusted"); status != 200 || !slices.Equal(got, []string{want}) {
				t.Errorf("%d %q %s", status, got, body)
			}
		}
		if status, header, _ := h.chat(t, ask(nova, `,"temperature":0.5`)); status != 200 ||
			header.Values("x-outcrop-adjusted") != nil {
			t.Errorf("%d, header without adjustment: %v", status, header)
		}
	})
	t.Run("R-GEN-04 strict mode refuses, and calls nobody", func(t *testing.T) {
		seen.take()
		status, _, body := h.chat(t, ask(nova, rest), "x-outcrop-strict", "true")
		if status != 400 || code(t, body) != "unsupported_value" || !strings.Contains(body, `"param":"temperature"`) {
			t.Errorf("%d %s", status, body)
		}
		for _, one := range []string{"temperature:clamped_to_1", "seed:unsupported", "odd member:unknown_parameter"} {
			if !strings.Contains(body, one) {
				t.Errorf("%s is not named: %s", one, body)
			}
		}
		if paths, _ := seen.take(); len(paths) > 0 {
			t.Errorf("Bedrock was called: %v", paths)
		}
		if status, _, body := h.chat(t, ask(nova, `,"temperature":0.5`), "x-outcrop-strict", "true"); status != 200 {
			t.Errorf("an exact request in strict mode: %d %s", status, body)
		}
	})
}

func TestRefusalsNameTheMember(t *testing.T) {
	h := build(t, config(), offline.Config{})
	seen := h.tap()
	for _, c := range []struct{ name, body, code, param string }{
		{"R-ERR-62 refused member", ask(nova, `,"logprobs":true`), "unsupported_parameter", "logprobs"},
		{"R-ERR-62 refused value", ask(nova, `,"modalities":["audio"]`), "unsupported_value", "modalities"},
		{"R-ERR-62 refused kind of tool",
			ask(nova, `,"tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"c"}}]`),
			"unsupported_value", "tools[1].type"},
		{"R-PAR-10 too many choices", ask(nova, `,"n":9`), "integer_above_max_value", "n"},
		{"R-PAR-31 too long an identifier", ask(nova, `,"safety_identifier":"`+strings.Repeat("x", 65)+`"`),
			"string_above_max_length", "safety_identifier"},
		{"R-REQ-04 path into a message", `{"model":"` + nova +
			`","messages":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}`, "invalid_image_format", "messages[1].content[1].image_url.url"},
		{"R-REQ-04 path into a tool",
			ask(nova, `,"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":7}}]`),
			"invalid_type", "tools[1].function.name"},
		{"R-PART-04 R-ERR-72 link that is not fetched", `{"model":"` + nova +
			`","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://127.0.0.1:1/a.png"}}]}]}`,
			"invalid_image_url", "messages[0].content[0].image_url.url"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, header, body := h.chat(t, c.body)
			var b broken
			if err := json.Unmarshal([]byte(body), &b); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			if status != 400 || b.Error["type"] != "invalid_request_error" || b.Error["code"] != c.code ||
				b.Error["param"] != c.param || header.Get("x-should-retry") != "false" {
				t.Errorf("%d %s", status, body)
			}
			if paths, _ := seen.take(); len(paths) > 0 {
				t.Errorf("Bedrock was called: %v", paths)
			}
		})
	}
}

func TestWhatStaysInside(t *testing.T) {
	h := build(t, config(), offline.Config{})
	seen := h.tap()
	for _, c := range []struct{ name, rest, reaches string }{
		{"R-PAR-30 user", `,"user":"end-user-7"`, ""},
		{"R-PAR-31 safety_identifier", `,"safety_identifier":"end-user-7","user":"other"`, ""},
		{"R-PAR-32 prompt_cache_key", `,"prompt_cache_key":"end-user-7"`, `{"cachePoint":{"type":"default"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, header, body := h.chat(t, ask(claude, c.rest))
			_, sent := seen.take()
			if status != 200 || header.Get("x-outcrop-adjusted") != "" || len(sent) != 1 ||
				strings.Contains(sent[0], "end-user-7") || !strings.Contains(sent[0], c.reaches) {
				t.Errorf("%d %v %v %s", status, header, sent, body)
			}
		})
	}
}

// said is what the tests below read of an answer.
type said struct {
	ID      string
	Model   string
	Created int64
	Choices []struct {
		Index        int
		FinishReason string `json:"finish_reason"`
		Message      json.RawMessage
	}
	Usage struct {
		Prompt     int64 `json:"prompt_tokens"`
		Completion int64 `json:"completion_tokens"`
	}
}

// message is an assistant message of an answer.
type message struct {
	Content   *string
	ToolCalls []struct {
		ID       string
		Function struct{ Name, Arguments string }
	} `json:"tool_calls"`
}

func (h *house) ask(t *testing.T, body string) (said, []message) {
	t.Helper()
	status, _, text := h.chat(t, body)
	if status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	var s said
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	var list []message
	for _, c := range s.Choices {
		var m message
		if err := json.Unmarshal(c.Message, &m); err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	return s, list
}

func TestAnswers(t *testing.T) {
	h := build(t, config(), offline.Config{})
	seen := h.tap()
	const both = `{"model":"%s","messages":[{"role":"user","content":"Compare weather and traffic in Oslo"}]%s,
		"tools":[{"type":"function","function":{"name":"weather"}},{"type":"function","function":{"name":"traffic"}}]}`

	t.Run("R-RES-01 ids are unique, and one in all chunks", func(t *testing.T) {
		form := regexp.MustCompile(`"id":"(chatcmpl-[A-Za-z0-9]{24,})","object":"chat.completion(?:.chunk)?","created":(\d+)`)
		ids := map[string]bool{}
		for _, rest := range []string{``, ``, `,"stream":true`} {
			_, _, body := h.chat(t, ask(nova, rest))
			all := form.FindAllStringSubmatch(body, -1)
			if len(all) == 0 || len(all) != strings.Count(body, `"object":"chat.`) {
				t.Fatalf("%d heads: %s", len(all), body)
			}
			for _, one := range all[1:] {
				if !slices.Equal(one[1:], all[0][1:]) {
					t.Errorf("heads differ: %v and %v", one, all[0])
				}
			}
			ids[all[0][1]] = true
		}
		if len(ids) != 3 {
			t.Errorf("three requests, ids %v", ids)
		}
	})
	t.Run("R-N-01 R-N-03 R-PAR-10 three choices are three calls", func(t *testing.T) {
		seen.take()
		one, _ := h.ask(t, ask(nova, ""))
		seen.take()
		three, list := h.ask(t, ask(nova, `,"n":3`))
		_, sent := seen.take()
		if len(sent) != 3 || sent[0] != sent[1] || sent[1] != sent[2] || len(list) != 3 {
			t.Fatalf("%d calls, %d choices", len(sent), len(list))
		}
		for i, c := range three.Choices {
			if c.Index != i || list[i].Content == nil || *list[i].Content == "" {
				t.Errorf("choice %d: %+v", i, c)
			}
		}
		if three.Usage.Prompt != 3*one.Usage.Prompt || three.Usage.Completion != 3*one.Usage.Completion {
			t.Errorf("usage %+v, of one %+v", three.Usage, one.Usage)
		}
	})
	t.Run("R-PAR-03 streams and plain answers are different operations", func(t *testing.T) {
		seen.take()
		h.ask(t, ask(nova, ""))
		h.chat(t, ask(nova, `,"stream":true`))
		if paths, _ := seen.take(); len(paths) != 2 || !strings.HasSuffix(paths[0], "/converse") ||
			!strings.HasSuffix(paths[1], "/converse-stream") {
			t.Errorf("called %v", paths)
		}
	})
	t.Run("R-CHO-08 R-PAR-13 one call at a time", func(t *testing.T) {
		if _, list := h.ask(t, fmt.Sprintf(both, nova, "")); len(list[0].ToolCalls) != 2 {
			t.Fatalf("the model is to make two calls by itself, not %+v", list)
		}
		if _, list := h.ask(t, fmt.Sprintf(both, nova, `,"parallel_tool_calls":false`)); len(list[0].ToolCalls) != 1 ||
			list[0].ToolCalls[0].Function.Name != "weather" {
			t.Errorf("plain: %+v", list)
		}
		_, header, _ := h.chat(t, fmt.Sprintf(both, nova, `,"parallel_tool_calls":false`))
		if !strings.Contains(header.Get("x-outcrop-adjusted"), "parallel_tool_calls:extra_calls_dropped") {
			t.Errorf("not reported: %v", header)
		}
		if _, _, body := h.chat(t, fmt.Sprintf(both, nova, `,"parallel_tool_calls":false,"stream":true`)); strings.Count(body,
			`"type":"function"`) != 1 || strings.Contains(body, "traffic\"") {
			t.Errorf("streamed: %s", body)
		}
		seen.take()
		h.ask(t, fmt.Sprintf(both, claude, `,"parallel_tool_calls":false`))
		if _, sent := seen.take(); !strings.Contains(sent[0],
			`"tool_choice":{"type":"auto","disable_parallel_tool_use":true}`) {
			t.Errorf("sent %s", sent[0])
		}
	})
	t.Run("R-FMT-05 JSON by a forced tool is content", func(t *testing.T) {
		format := `,"response_format":{"type":"json_schema","json_schema":{"name":"city","schema":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}}}`
		seen.take()
		s, list := h.ask(t, ask(nova, format))
		if _, sent := seen.take(); !strings.Contains(sent[0], `"toolChoice":{"tool":{"name":"city"}}`) {
			t.Fatalf("no forced tool: %s", sent[0])
		}
		var v struct{ Name *string }
		if s.Choices[0].FinishReason != "stop" || list[0].ToolCalls != nil || list[0].Content == nil ||
			json.Unmarshal([]byte(*list[0].Content), &v) != nil || v.Name == nil {
			t.Errorf("%s", s.Choices[0].Message)
		}
		_, _, body := h.chat(t, ask(nova, format+`,"stream":true`))
		if strings.Contains(body, "tool_calls") || !strings.Contains(body, `"finish_reason":"stop"`) ||
			!strings.Contains(body, `"content":"{`) {
			t.Errorf("streamed: %s", body)
		}
	})
	t.Run("R-FMT-06 R-FMT-07 R-FMT-10 JSON by instruction loses its fence", func(t *testing.T) {
		for _, format := range []string{`{"type":"json_object"}`,
			`{"type":"json_schema","json_schema":{"name":"city","schema":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}}}`} {
			_, list := h.ask(t, ask(llama, `,"response_format":`+format))
			var v map[string]any
			if list[0].Content == nil || json.Unmarshal([]byte(*list[0].Content), &v) != nil || len(v) != 1 {
				t.Errorf("plain: %+v", list[0].Content)
			}
			_, header, body := h.chat(t, ask(llama, `,"stream":true,"response_format":`+format))
			var streamed strings.Builder
			for _, m := range regexp.MustCompile(`"content":("(?:[^"\\]|\\.)*")`).FindAllStringSubmatch(body, -1) {
				var s string
				if err := json.Unmarshal([]byte(m[1]), &s); err != nil {
					t.Fatal(err)
				}
				streamed.WriteString(s)
			}
			if streamed.String() != *list[0].Content || header.Get("x-outcrop-adjusted") != "response_format:best_effort" {
				t.Errorf("streamed %q, plain %q, %v", streamed.String(), *list[0].Content, header)
			}
		}
	})
	t.Run("R-STR-20 a model that cannot stream with tools", func(t *testing.T) {
		seen.take()
		status, header, body := h.chat(t, fmt.Sprintf(both, llama, `,"stream":true,"stream_options":{"include_usage":true}`))
		paths, _ := seen.take()
		if status != 200 || len(paths) != 1 || !strings.HasSuffix(paths[0], "/converse") ||
			header.Get("content-type") != "text/event-stream; charset=utf-8" ||
			!strings.Contains(header.Get("x-outcrop-adjusted"), "stream:synthesised") {
			t.Fatalf("%d %v %v %s", status, paths, header, body)
		}
		last := -1
		for _, sign := range []string{`"delta":{"role":"assistant"`, `"tool_calls":[{"index":0`,
			`"finish_reason":"tool_calls"`, `"choices":[],"usage":{"prompt_tokens"`, "data: [DONE]\n\n"} {
			if at := strings.Index(body, sign); at <= last {
				t.Errorf("%s is missing or out of order: %s", sign, body)
			} else {
				last = at
			}
		}
	})
}

// TestConversationAcrossModels carries one conversation with tools through families that sign their reasoning and
// families that do not, in both directions.
func TestConversationAcrossModels(t *testing.T) {
	h := build(t, config(), offline.Config{})
	history := []string{}
	turn := func(model, rest string, add ...string) said {
		t.Helper()
		history = append(history, add...)
		s, list := h.ask(t, `{"model":"`+model+`","messages":[`+strings.Join(history,
			",")+`],"tools":[{"type":"function","function":{"name":"weather"}}]`+rest+`}`)
		history = append(history, string(s.Choices[0].Message))
		for _, c := range list[0].ToolCalls {
			history = append(history, `{"role":"tool","tool_call_id":"`+c.ID+`","content":"drizzle"}`)
		}
		return s
	}
	ask := `{"role":"user","content":"And the weather in Bergen?"}`
	for i, c := range []struct{ model, rest string }{
		{claude, `,"reasoning_effort":"high"`}, {nova, ""}, {"openai.gpt-oss-120b-1:0", `,"reasoning_effort":"high"`},
		{llama, ""},
		{"mistral.mistral-large-2407-v1:0", ""}, {"qwen.qwen3-32b-v1:0", ""}, {claude, `,"reasoning_effort":"high"`},
		{"amazon.nova-2-lite-v1:0", `,"reasoning_effort":"low"`}, {claude, ""},
	} {
		if s := turn(c.model, c.rest, ask); s.Choices[0].FinishReason != "tool_calls" {
			t.Fatalf("R-RPL-14 turn %d, %s: no call: %s", i, c.model, s.Choices[0].Message)
		}
		if s := turn(c.model, c.rest); s.Choices[0].FinishReason != "stop" ||
			!strings.Contains(string(s.Choices[0].Message), "drizzle") {
			t.Fatalf("R-RPL-14 turn %d, %s: the result did not arrive: %s", i, c.model, s.Choices[0].Message)
		}
	}
	if all := strings.Join(history, ""); !strings.Contains(all, `"format":"bedrock.claude"`) ||
		!strings.Contains(all, `"signature":`) {
		t.Error("R-RPL-14 no signed reasoning was part of the conversation")
	}
}

func TestEmbeddingsInChunks(t *testing.T) {
	h := build(t, config(), offline.Config{})
	seen := h.tap()
	texts := make([]string, 200)
	for i := range texts {
		texts[i] = fmt.Sprintf("text %d", i)
	}
	vectors := func(list []string) (v []string) {
		input, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		status, _, body := h.post(t, "/v1/embeddings", `{"model":"cohere.embed-english-v3","input":`+string(input)+`}`)
		var answer struct {
			Data []struct {
				Index     int
				Embedding json.RawMessage
			}
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 200 || len(answer.Data) != len(list) {
			t.Fatalf("R-EMB-06 %d %v %.300s", status, err, body)
		}
		for i, d := range answer.Data {
			if d.Index != i {
				t.Fatalf("R-EMB-06 item %d has index %d", i, d.Index)
			}
			v = append(v, string(d.Embedding))
		}
		return v
	}
	all := vectors(texts)
	_, sent := seen.take()
	var sizes []int
	for _, body := range sent {
		var call struct{ Texts []string }
		if err := json.Unmarshal([]byte(body), &call); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(call.Texts))
	}
	if slices.Sort(sizes); !slices.Equal(sizes, []int{8, 96, 96}) {
		t.Errorf("R-EMB-06 chunks of %v texts", sizes)
	}
	for _, i := range []int{0, 95, 96, 191, 192, 199} {
		if one := vectors(texts[i : i+1]); one[0] != all[i] {
			t.Errorf("R-EMB-06 vector %d is that of another text", i)
		}
	}
}
