package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"

	"outcrop/internal/catalog"
	"outcrop/internal/test/wiretest"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/converse"
)

// ask takes a body through the whole way in.
func ask(t testing.TB, body string, to catalog.Target,
	o translate.Options) (*openai.ChatRequest, *bedrockruntime.ConverseInput, Context, *openai.Error) {
	t.Helper()
	req, fault := openai.DecodeChat([]byte(body))
	if fault == nil {
		fault = openai.Validate(req)
	}
	if fault != nil {
		return req, nil, Context{}, fault
	}
	in, c, err := Input(req, to, o)
	if err != nil && !errors.As(err, &fault) {
		t.Fatalf("not an openai.Error: %v", err)
	}
	return req, in, c, fault
}

const haiku = "anthropic.claude-haiku-4-5-20251001-v1:0"

// TestEveryMemberHasAnOutcome asks for each member of the schema in a way that is not its default.
func TestEveryMemberHasAnOutcome(t *testing.T) {
	asks := map[string]string{
		"stream_options": `{"include_obfuscation":true}`, "max_completion_tokens": `5`, "max_tokens": `5`,
		"temperature": `0.5`,
		"top_p":       `0.5`, "stop": `"x"`, "n": `9`, "tools": `[{"type":"function","function":{"name":"g"}}]`,
		"tool_choice":         `"none"`,
		"parallel_tool_calls": `false`, "functions": `[{"name":"g"}]`, "function_call": `{"name":"g"}`,
		"response_format": `{"type":"json_object"}`, "reasoning_effort": `"low"`, "verbosity": `"low"`, "seed": `1`,
		"presence_penalty": `1`, "frequency_penalty": `1`, "logit_bias": `{"1":1}`, "logprobs": `true`, "top_logprobs": `1`,
		"modalities": `["audio"]`, "audio": `{}`, "prediction": `{}`, "web_search_options": `{}`, "metadata": `{"a":"b"}`,
		"prompt_cache_key": `"k"`, "prompt_cache_retention": `"24h"`, "prompt_cache_options": `{"ttl":"30m"}`,
		"service_tier": `"flex"`, "store": `true`, "moderation": `{}`, "top_k": `3`,
		"thinking":                        `{"type":"enabled","budget_tokens":1024}`,
		"additional_model_request_fields": `{"a":1}`, "additional_model_response_field_paths": `["/a"]`,
		"guardrail_config":   `{"guardrail_identifier":"a","guardrail_version":"1"}`,
		"performance_config": `{"latency":"optimized"}`, "request_metadata": `{"a":"b"}`, "prompt_variables": `{}`,
	}
	// What acts inside the gateway, and never reaches Bedrock's body.
	inside := []string{"model", "messages", "stream", "user", "safety_identifier"}
	tools := `,"tools":[{"type":"function","function":{"name":"f"}}]`
	base := func(extra string, with string) string {
		return `{"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true` + with + extra + `}`
	}
	typ := reflect.TypeFor[openai.ChatRequest]()
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		if name == "" || slices.Contains(inside, name) {
			continue
		}
		t.Run("R-GEN-01 "+name, func(t *testing.T) {
			value, ok := asks[name]
			if !ok {
				t.Fatal("a new member of the schema: give it an outcome")
			}
			if translate.Rank(name) == translate.Rank("no such member") {
				t.Error("it has no place in the order of members")
			}
			with := ""
			if name == "tool_choice" || name == "parallel_tool_calls" {
				with = tools
			}
			if name == "function_call" {
				with = `,"functions":[{"name":"g"}]`
			}
			_, plain, pc, fault := ask(t, base("", with), target(t, haiku), translate.Options{})
			if fault != nil {
				t.Fatal(fault)
			}
			_, in, c, fault := ask(t, base(`,"`+name+`":`+value, with), target(t, haiku), translate.Options{})
			if fault != nil {
				if !strings.HasPrefix(fault.Param, name) {
					t.Errorf("refused with param %q", fault.Param)
				}
				return
			}
			if c.Adjusted.Header() == "" && bytes.Equal(wireBody(t, in, &c, true), wireBody(t, plain, &pc, true)) {
				t.Error("neither honoured nor adjusted nor refused")
			}
			_, in, c, fault = ask(t, base(`,"`+name+`":null`, with), target(t, haiku), translate.Options{})
			if fault != nil || c.Adjusted.Header() != "" ||
				!bytes.Equal(wireBody(t, in, &c, true), wireBody(t, plain, &pc, true)) {
				t.Errorf("R-GEN-02 null is not the same as absent: %v %q", fault, c.Adjusted.Header())
			}
		})
	}
}

func TestStreamInputForgetsNothing(t *testing.T) {
	var in bedrockruntime.ConverseInput
	fill(reflect.ValueOf(&in).Elem())
	out := reflect.ValueOf(converse.StreamInput(&in)).Elem()
	from := reflect.ValueOf(in)
	for i := range from.NumField() {
		f := from.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		to := out.FieldByName(f.Name)
		if !to.IsValid() || to.IsZero() {
			t.Errorf("R-PAR-03 %s is lost on the way to ConverseStream", f.Name)
		}
	}
	for i := range out.NumField() {
		if f := out.Type().Field(i); f.IsExported() && !from.FieldByName(f.Name).IsValid() {
			t.Errorf("ConverseStream has the new member %s", f.Name)
		}
	}
}

// fill sets every exported field that can be set to something that is not zero.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Field(i)
		if !f.CanSet() {
			continue
		}
		switch f.Kind() {
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		case reflect.Map:
			f.Set(reflect.MakeMapWithSize(f.Type(), 0))
		case reflect.Interface:
			f.Set(reflect.ValueOf(document.NewLazyDocument(nil)))
		}
	}
}

func TestSameRequestSameBytes(t *testing.T) {
	body := `{"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"assistant","tool_calls":[{"id":"a b","type":"function","function":{"name":"x y","arguments":"{}"}},
		{"id":"c","type":"function","function":{"name":"z.","arguments":"{}"}}]}],"tools":[{"type":"function","function":{"name":"ä"}}],
		"metadata":{"a!":"1","a?":"2"},"top_k":3,"additional_model_request_fields":{"b":1,"a":2}}`
	var first []byte
	for range 50 {
		_, in, c, fault := ask(t, body, target(t, haiku), translate.Options{})
		if fault != nil {
			t.Fatal(fault)
		}
		got := wireBody(t, in, &c, false)
		if first == nil {
			first = got
		}
		if !bytes.Equal(first, got) {
			t.Fatalf("R-GEN-06\n%s\n%s", first, got)
		}
	}
}

// TestRecordedRequests takes what real clients sent through the way in, for several families.
func TestRecordedRequests(t *testing.T) {
	families := []string{haiku, "anthropic.claude-sonnet-5", "amazon.nova-lite-v1:0", "meta.llama3-3-70b-instruct-v1:0",
		"mistral.mistral-7b-instruct-v0:2", "openai.gpt-oss-120b-1:0", "newcomer.model-1"}
	count := map[string]int{}
	for _, rec := range wiretest.OpenAI(t, "/v1/chat/completions") {
		if len(rec.Request) == 0 || string(rec.Request) == "null" {
			count["without request"]++
			continue
		}
		count["requests"]++
		for _, id := range families {
			req, in, c, fault := ask(t, string(rec.Request), target(t, id), translate.Options{})
			if fault != nil {
				count["refused "+fault.Code+" "+fault.Param]++
				if fault.Code == "" || fault.Message == "" || fault.Kind != openai.Invalid {
					t.Errorf("%s on %s: %+v", rec.ID, id, fault)
				}
				continue
			}
			count["passed"]++
			if h := c.Adjusted.Header(); h != "" {
				count["adjusted"]++
			}
			wireBody(t, in, &c, req.Stream)
			for _, complaint := range complaints(in, target(t, id).Row) {
				t.Errorf("R-RPL-13 %s on %s: %s", rec.ID, id, complaint)
			}
		}
	}
	table, err := json.MarshalIndent(count, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("recorded chat requests × %d families: %s", len(families), table)
	if count["passed"] == 0 {
		t.Error("nothing passed")
	}
}

// TestAdjustmentsOfCopies adds to two copies of what the way in found, as parallel choices do.
func TestAdjustmentsOfCopies(t *testing.T) {
	_, _, back, fault := ask(t, `{"model":"m","messages":[{"role":"user","content":"Hi"}],"seed":1,"store":true,"u":1}`,
		target(t, haiku), translate.Options{})
	if fault != nil {
		t.Fatal(fault)
	}
	x, y := back.Adjusted, back.Adjusted
	x.Add("stop", "x")
	y.Add("stop", "y")
	if h := x.Header(); h != "stop:x,seed:unsupported,store:unsupported,u:unknown_parameter" {
		t.Errorf("R-GEN-05 got %s", h)
	}
}
