package chat_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// goldenBody is the request of a golden folder for another model, with members over its own.
func goldenBody(t *testing.T, folder, model string, members object) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "golden", folder, "openai_request.json"))
	if err != nil {
		t.Fatal(err)
	}
	o := parseJSON(t, b).(object)
	o["model"] = model
	for k, v := range members {
		o[k] = v
	}
	return mustMarshal(t, o)
}

// accept sends what the translation makes of a body to the embedded Bedrock, plain and streamed, and gives the plain
// answer.
func accept(t *testing.T, j *judge, model string, body []byte) (whole object) {
	t.Helper()
	to := aim(t, model)
	_, in, c, fault := way(body, to, translate.Options{})
	if fault != nil {
		t.Fatal(fault)
	}
	answer, err := j.converse(t.Context(), in, &c)
	if text := complaint(t, err); text != "" {
		t.Fatalf("Bedrock answers %q to %s", text, j.body)
	}
	parts, err := j.stream(t.Context(), in, &c)
	if text := complaint(t, err); text != "" {
		t.Fatalf("Bedrock answers %q to the stream %s", text, j.body)
	}
	folded, err := chat.Fold(parts)
	if err != nil {
		t.Fatal(err)
	}
	plain, streamed := toolNames(t, answer), toolNames(t, folded)
	if fmt.Sprint(plain) != fmt.Sprint(streamed) {
		t.Errorf("R-STR-17 calls %v, streamed %v", plain, streamed)
	}
	return parseJSON(t, written(answer)).(object)
}

func toolNames(t *testing.T, p openai.Part) (names []string) {
	for _, call := range listOf(messageOf(parseJSON(t, written(p)).(object))["tool_calls"]) {
		names = append(names, call["function"].(object)["name"].(string))
	}
	return names
}

func messageOf(whole object) object { return listOf(whole["choices"])[0]["message"].(object) }

const (
	novaPro  = "amazon.nova-pro-v1:0"
	novaLite = "amazon.nova-2-lite-v1:0"
)

func TestMendB1NovaTakesThePointsOfAToolLoop(t *testing.T) {
	j := strictBedrock(t)
	for _, model := range []string{novaPro, novaLite} {
		for _, folder := range []string{"cache-on-nova-in-a-tool-loop", "cache-on-nova-2-in-a-tool-loop",
			"cache-on-nova-after-a-tool-loop",
			"cache-on-nova-before-an-image", "cache-on-nova-where-a-turn-has-no-place", "cache-control-on-nova-beside-a-result",
			"cache-control-on-nova-on-an-image"} {
			t.Run("R-CACHE-03 R-CACHE-08/"+model+" "+folder, func(t *testing.T) {
				accept(t, j, model, goldenBody(t, folder, model, nil))
				if points := strings.Count(string(j.body), "cachePoint"); points == 0 && !strings.Contains(folder, "beside") {
					t.Errorf("nothing is cached: %s", j.body)
				}
			})
		}
	}
}

// A point that a request writes is where the next request of the conversation reads.
func TestMendB1ALoopOnNovaReadsWhatItWrote(t *testing.T) {
	user := object{"role": "user", "content": "How high is the tide?"}
	call := func(id string) object {
		return object{"role": "assistant", "content": "I look.",
			"tool_calls": []any{object{"id": id, "type": "function", "function": object{"name": "tide", "arguments": "{}"}}}}
	}
	result := func(id string) object { return object{"role": "tool", "tool_call_id": id, "content": "1 m"} }
	messages := []any{user}
	wrote := ""
	for i := range 4 {
		id := fmt.Sprintf("call_%d", i)
		messages = append(messages, call(id), result(id))
		body := mustMarshal(t, object{"model": "m", "messages": messages,
			"tools": []any{object{"type": "function", "function": object{"name": "tide"}}}})
		_, in, _, fault := way(body, aim(t, novaPro), translate.Options{})
		if fault != nil {
			t.Fatal(fault)
		}
		var points []string // turn and block that each stands after
		for turn, m := range in.Messages {
			block := 0
			for _, b := range m.Content {
				if _, is := b.(*types.ContentBlockMemberCachePoint); is {
					points = append(points, fmt.Sprintf("%d.%d", turn, block))
				} else {
					block++
				}
			}
		}
		if len(points) == 0 || wrote != "" && !slices.Contains(points, wrote) {
			t.Errorf("R-CACHE-08 request %d has points at %v, the one before wrote at %q", i, points, wrote)
		}
		wrote = points[len(points)-1]
	}
}

func TestMendB7NoPointDirectlyAfterReasoning(t *testing.T) {
	j := strictBedrock(t)
	for _, model := range []string{"anthropic.claude-opus-4-6-v1", "anthropic.claude-sonnet-4-5-20250929-v1:0"} {
		for _, part := range []object{
			{"type": "text", "text": "", "cache_control": object{"type": "ephemeral"}},
			{"type": "text", "text": " ", "prompt_cache_breakpoint": object{"mode": "explicit"}},
		} {
			t.Run("R-CACHE-03/"+model, func(t *testing.T) {
				body := func(messages ...any) []byte {
					return mustMarshal(t, object{"model": "m", "messages": messages, "reasoning_effort": "low",
						"tools": []any{object{"type": "function", "function": object{"name": "get_tide"}}}})
				}
				user := object{"role": "user", "content": "What is the tide?"}
				said := messageOf(accept(t, j, model, body(user)))
				if said["reasoning_details"] == nil || said["tool_calls"] == nil {
					t.Fatalf("no reasoning or no call: %v", said)
				}
				said["content"] = []any{part}
				accept(t, j, model, body(user, said, object{"role": "tool", "tool_call_id": listOf(said["tool_calls"])[0]["id"],
					"content": "1 m"}))
				if !strings.Contains(string(j.body), "reasoningContent") {
					t.Errorf("the reasoning is lost: %s", j.body)
				}
			})
		}
	}
}

func TestMendB9NovaCallsToolsWithHyphens(t *testing.T) {
	j := strictBedrock(t)
	for _, model := range []string{novaPro, novaLite} {
		for _, choice := range []any{nil, object{"type": "function", "function": object{"name": "get-tide"}}} {
			t.Run("R-TOOL-02/"+model, func(t *testing.T) {
				whole := accept(t, j, model, goldenBody(t, "names-keep-hyphens-on-claude", model, object{"tool_choice": choice}))
				calls := listOf(messageOf(whole)["tool_calls"])
				if len(calls) != 1 || calls[0]["function"].(object)["name"] != "get-tide" {
					t.Errorf("%v", whole)
				}
			})
		}
	}
}

func TestMendB10EncryptedReasoningGoesBack(t *testing.T) {
	j := strictBedrock(t)
	for _, model := range []string{"openai.gpt-5.6-sol", "us.openai.gpt-5.6-luna", "us.openai.gpt-6-astra",
		"us.xai.grok-4.6"} {
		t.Run("R-CAP-09 R-RPL-02/"+model, func(t *testing.T) {
			tools := []any{object{"type": "function", "function": object{"name": "get_tide"}}}
			user := object{"role": "user", "content": "What is the tide?"}
			said := messageOf(accept(t, j, model,
				mustMarshal(t, object{"model": model, "messages": []any{user}, "tools": tools})))
			details := listOf(said["reasoning_details"])
			if len(details) != 1 || details[0]["type"] != "reasoning.encrypted" {
				t.Fatalf("%v", said)
			}
			body := object{"model": model, "tools": tools,
				"messages": []any{user, said, object{"role": "tool", "tool_call_id": listOf(said["tool_calls"])[0]["id"],
					"content": "1 m"}}}
			accept(t, j, model, mustMarshal(t, body))
			if want := `"redactedContent":"` + details[0]["data"].(string) + `"`; !strings.Contains(string(j.body), want) {
				t.Errorf("sent %s, want %s", j.body, want)
			}
		})
	}
}

func TestMendB10EffortsAreTaken(t *testing.T) {
	j := strictBedrock(t)
	for model, want := range map[string]string{
		"us.openai.gpt-5.6-terra": `"reasoning":{"effort":"%s"}`, "us.openai.gpt-6-astra": `"reasoning":{"effort":"%s"}`,
		"moonshotai.kimi-k2.5": `"reasoning_config":"%s"`, "zai.glm-4.7": `"reasoning_config":"%s"`,
		"zai.glm-5":               `"reasoning_config":"%s"`,
		"openai.gpt-oss-120b-1:0": `"reasoning_effort":"%s"`,
	} {
		for asked, effort := range map[string]string{"minimal": "low", "low": "low", "medium": "medium", "high": "high"} {
			t.Run("R-CAP-09 R-RSN-01/"+model+" "+asked, func(t *testing.T) {
				accept(t, j, model, mustMarshal(t,
					object{"model": model, "reasoning_effort": asked, "messages": []any{object{"role": "user", "content": "Hi"}}}))
				if !strings.Contains(string(j.body), fmt.Sprintf(want, effort)) {
					t.Errorf("sent %s", j.body)
				}
			})
		}
	}
}

func TestMendB6SchemasThatAreNotCompiled(t *testing.T) {
	j := strictBedrock(t)
	const model = "anthropic.claude-haiku-4-5-20251001-v1:0"
	members := func(n int, schema string, required bool) string {
		var list, names []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"m%d":%s`, i, schema))
			names = append(names, fmt.Sprintf(`"m%d"`, i))
		}
		must := ""
		if required {
			must = `,"required":[` + strings.Join(names, ",") + `]`
		}
		return `{"type":"object","properties":{` + strings.Join(list, ",") + `}` + must + `}`
	}
	one := func(schema string) string {
		return `{"type":"object","properties":{"a":` + schema + `},"required":["a"]}`
	}
	for name, x := range map[string]struct {
		schema string
		strict bool
	}{
		"24 optional members":  {members(24, `{"type":"string"}`, false), true},
		"25":                   {members(25, `{"type":"string"}`, false), false},
		"60 that are required": {members(60, `{"type":"string"}`, true), true},
		"16 unions":            {members(16, `{"type":["string","null"]}`, true), true},
		"17 unions":            {members(17, `{"anyOf":[{"type":"string"},{"type":"null"}]}`, true), false},
		"17 lists of one type": {members(17, `{"type":["string"]}`, true), true},
		"oneOf":                {one(`{"oneOf":[{"type":"string"}]}`), false},
		"not":                  {one(`{"not":{"type":"string"}}`), false},
		"if":                   {one(`{"if":{"type":"string"},"then":{"type":"string"}}`), false},
		"prefixItems":          {one(`{"type":"array","prefixItems":[{"type":"string"}]}`), false},
		"patternProperties":    {one(`{"type":"object","patternProperties":{"a":{"type":"string"}}}`), false},
		"propertyNames":        {one(`{"type":"object","propertyNames":{"maxLength":2}}`), false},
		"dependentSchemas":     {one(`{"type":"object","dependentSchemas":{"a":{"type":"object"}}}`), false},
		"uniqueItems":          {one(`{"type":"array","uniqueItems":true}`), false},
		"contains":             {one(`{"type":"array","contains":{"type":"string"}}`), false},
		"minProperties":        {one(`{"type":"object","minProperties":1}`), false},
		"maxProperties":        {one(`{"type":"object","maxProperties":1}`), false},
		"enum of objects":      {one(`{"enum":[{"a":1}]}`), false},
		"const of an object":   {one(`{"const":{"a":1}}`), false},
		"enum of texts":        {one(`{"enum":["a",null,1]}`), true},
		"members of these names": {
			`{"type":"object","properties":{"not":{"type":"string"},"oneOf":{"type":"string"},"uniqueItems":{"type":"string"}}}`,
			true},
	} {
		t.Run("R-FMT-03 R-FMT-02 native/"+name, func(t *testing.T) {
			accept(t, j, model, []byte(
				`{"model":"m","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":`+x.schema+`}}}`))
			if native := strings.Contains(string(j.body), "outputConfig"); native != x.strict {
				t.Errorf("native %v", native)
			}
		})
		t.Run("R-TOOL-06 strict/"+name, func(t *testing.T) {
			tool := `{"type":"function","function":{"name":"f","strict":true,"parameters":` + x.schema + `}}`
			accept(t, j, model, []byte(`{"model":"m","messages":[{"role":"user","content":"Hi"}],"tools":[`+tool+`]}`))
			if strict := strings.Contains(string(j.body), `"strict":true`); strict != x.strict {
				t.Errorf("strict %v", strict)
			}
			if !x.strict && !strings.Contains(string(j.body), x.schema) {
				t.Errorf("R-TOOL-05 the schema is changed: %s", j.body)
			}
		})
	}
	t.Run("R-FMT-03 R-TOOL-06 together", func(t *testing.T) {
		tool := func(name, schema string) string {
			return `{"type":"function","function":{"name":"` + name + `","strict":true,"parameters":` + schema + `}}`
		}
		tools := tool("a", members(10, `{"type":"string"}`, false)) + "," +
			tool("b", members(10, `{"type":"string"}`, false)) + "," + tool("c", members(4, `{"type":"string"}`, false))
		body := `{"model":"m","messages":[{"role":"user","content":"Hi"}],"tools":[` + tools +
			`],"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":` + members(10, `{"type":"string"}`,
			false) + `}}}`
		accept(t, j, model, []byte(body))
		_, in, c, fault := way([]byte(body), aim(t, model), translate.Options{})
		if fault != nil || in.OutputConfig == nil || c.Adjusted.Header() != "tools[].function.strict:unsupported" {
			t.Errorf("%v, %q", fault, c.Adjusted.Header())
		}
		if n := strings.Count(string(j.body), `"strict":true`); n != 2 {
			t.Errorf("%d strict tools, want the first and the third: %s", n, j.body)
		}
	})
}
