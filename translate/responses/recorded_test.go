package responses

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"outcrop/internal/test/wiretest"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// refusals are what recorded requests may be refused for: what runs or lies at OpenAI, and what is not here yet.
var refusals = map[string]string{
	"previous_response_not_found": "state", "": "item_reference", openai.CodeUnsupportedValue: "hosted tools",
	openai.CodeUnsupported: "file_id, background, prompt, conversation",
}

// Every request that OpenAI took is taken here, or refused for what only OpenAI has; and what is taken becomes a call.
func TestRecordedRequests(t *testing.T) {
	taken, refused := 0, map[string]int{}
	for _, rec := range wiretest.OpenAI(t, "/v1/responses") {
		if rec.Status != 200 || len(rec.Request) == 0 || rec.Request[0] != '{' {
			continue
		}
		req, fault := decoded(rec.Request)
		if fault != nil {
			if refused[fault.Code]++; refusals[fault.Code] == "" || fault.Param == "" {
				t.Errorf("R-RSP-49 %s: %s %s: %s", rec.ID, fault.Code, fault.Param, fault.Message)
			}
			continue
		}
		taken++
		_, back, err := chat.Input(req, target(t, "us.anthropic.claude-sonnet-4-5-20250929-v1:0"), translate.Options{})
		var oe *openai.Error
		if err != nil && (!errors.As(err, &oe) || oe.Param == "" && oe.Code == "") {
			t.Errorf("R-RSP-49 %s: %v", rec.ID, err)
		}
		for _, a := range back.Adjusted.List() {
			if a.Reason == translate.UnknownParameter {
				t.Errorf("R-RSP-38 %s: %s is a member of OpenAI's", rec.ID, a.Param)
			}
		}
	}
	t.Logf("%d requests taken, refused: %v", taken, refused)
	all := taken
	for _, n := range refused {
		all += n
	}
	page := string(readFile(t, filepath.Join(wiretest.Root(t), "docs", "recorded-traffic.md")))
	for _, want := range []string{
		fmt.Sprintf("%d of %d recorded requests are taken", taken, all),
		fmt.Sprintf("%d with `previous_response_not_found`", refused["previous_response_not_found"]),
		fmt.Sprintf("%d with `unsupported_parameter`", refused[openai.CodeUnsupported]),
		fmt.Sprintf("%d with `unsupported_value`", refused[openai.CodeUnsupportedValue]),
	} {
		if !strings.Contains(page, want) {
			t.Errorf("docs/recorded-traffic.md does not say: %s", want)
		}
	}
}

// notOurs are members of OpenAI's that no client needs: padding, and what is told of features that are not here.
var notOurs = []string{"obfuscation", "billing", "frequency_penalty", "presence_penalty", "logprobs", "prompt", "phase",
	"moderation", "store", "top_logprobs"}

// What OpenAI's events, items and objects always have, ours have too.
func TestRecordedShapes(t *testing.T) {
	theirs, ours := shapes{}, shapes{}
	for _, rec := range wiretest.OpenAI(t, "/v1/responses") {
		for _, line := range rec.SSE {
			for data := range strings.SplitSeq(line, "\n") {
				if text, ok := strings.CutPrefix(data, "data: "); ok {
					theirs.read([]byte(text))
				} else if strings.HasPrefix(data, "{") {
					theirs.read([]byte(data))
				}
			}
		}
		if rec.Status == 200 && len(rec.Response) > 0 && rec.Response[0] == '{' {
			theirs.read(rec.Response)
		}
	}
	for _, dir := range folders(t, "openai_stream.sse") {
		for line := range strings.SplitSeq(string(readFile(t, filepath.Join(dir, "openai_stream.sse"))), "\n") {
			if text, ok := strings.CutPrefix(line, "data: "); ok {
				ours.read([]byte(text))
			}
		}
	}
	compared := 0
	for _, kind := range slices.Sorted(maps.Keys(ours)) {
		theirs, ok := theirs[kind]
		if !ok {
			continue
		}
		compared++
		for _, name := range slices.Sorted(maps.Keys(theirs)) {
			if !ours[kind][name] && !slices.Contains(notOurs, name) {
				t.Errorf("R-RSP-71, -81: %s has no %s", kind, name)
			}
		}
	}
	t.Logf("%d shapes compared", compared)
	if compared < 15 {
		t.Error("too few")
	}
}

// shapes are the members that every object of a kind has.
type shapes map[string]map[string]bool

func (s shapes) read(text []byte) {
	var v any
	if json.Unmarshal(text, &v) == nil {
		s.walk(v)
	}
}

func (s shapes) walk(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			s.walk(x)
		}
	case map[string]any:
		kind, _ := v["type"].(string)
		if object, _ := v["object"].(string); object == "response" {
			kind = "response"
		}
		if kind != "" && kind != "object" {
			s.meet(kind, v)
		}
		for _, x := range v {
			s.walk(x)
		}
	}
}

func (s shapes) meet(kind string, v map[string]any) {
	if s[kind] == nil {
		s[kind] = map[string]bool{}
		for name := range v {
			s[kind][name] = true
		}
		return
	}
	for name := range s[kind] {
		if _, there := v[name]; !there {
			delete(s[kind], name)
		}
	}
}

// The same request said in both APIs is the same call (R-RSP-01).
func TestSameCallAsChat(t *testing.T) {
	for name, c := range map[string][2]string{
		"text": {`{"model":"m","input":"Hi","instructions":"Be brief.","max_output_tokens":9,"temperature":0.1}`,
			`{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}],
			"max_completion_tokens":9,"temperature":0.1}`},
		"tools": {`{"model":"m","input":[{"role":"user","content":"Hi"},
			{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
			{"type":"function_call_output","call_id":"c","output":"x"}],
			"tools":[{"type":"function","name":"f","parameters":{"type":"object"}}],"tool_choice":"required"}`,
			`{"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"assistant","tool_calls":[
			{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"c","content":"x"}],
			"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"required"}`},
		"schema": {`{"model":"m","input":"Hi","text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}}},
			"reasoning":{"effort":"low"},"max_output_tokens":5000}`,
			`{"model":"m","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema",
			"json_schema":{"name":"n","schema":{"type":"object"}}},"reasoning_effort":"low","max_completion_tokens":5000}`},
	} {
		for _, model := range []string{"amazon.nova-lite-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
			"meta.llama3-1-70b-instruct-v1:0", "openai.gpt-oss-120b-1:0"} {
			to := target(t, model)
			own, fault := decoded([]byte(c[0]))
			if fault != nil {
				t.Fatal(fault)
			}
			other, fault := openai.DecodeChat([]byte(c[1]))
			if fault != nil {
				t.Fatal(fault)
			}
			a, _, errA := chat.Input(own, to, translate.Options{})
			b, _, errB := chat.Input(other, to, translate.Options{})
			if errA != nil || errB != nil {
				if (errA == nil) != (errB == nil) {
					t.Errorf("R-RSP-01 %s on %s: %v, chat %v", name, model, errA, errB)
				}
				continue
			}
			if x, y := string(wiretest.Request(t, a)), string(wiretest.Request(t, b)); x != y {
				t.Errorf("R-RSP-01 %s on %s:\n%s\nchat:\n%s", name, model, x, y)
			}
		}
	}
}

// A file that cannot be fetched is told under its own name and code (R-RSP-124).
func TestLinksOfFiles(t *testing.T) {
	req, fault := decoded([]byte(`{"model":"m","input":[{"role":"user","content":"x"},{"role":"user","content":[
		{"type":"input_file","file_url":"https://example.com/a.pdf"}]}]}`))
	if fault != nil {
		t.Fatal(fault)
	}
	links, err := chat.Links(req, target(t, "amazon.nova-lite-v1:0"), translate.Options{})
	if err != nil || len(links) != 1 {
		t.Fatal(links, err)
	}
	got := named(req, links[0].Fault(nil))
	if got.Code != "invalid_file_url" || got.Param != "input[1].content[0].file_url" {
		t.Errorf("R-RSP-124: %+v", got)
	}
}
