package chat_test

import (
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"

	"outcrop/internal/catalog"
	"outcrop/translate"
)

// dice makes up requests that OpenAI's schema allows, however odd. Equal seeds make equal requests.
type dice struct {
	*rand.Rand
	reasoning []object // reasoning_details that Bedrock made, and others
	png       string
}

func newDice(t testing.TB, j *judge) func(seed uint64) *dice {
	t.Helper()
	reasoning := append(bedrocksReasoning(t, j),
		object{"type": "reasoning.text", "text": "unsigned", "format": "bedrock.claude"},
		object{"type": "reasoning.text", "text": "of another family", "format": "bedrock.gpt-oss"},
		object{"type": "reasoning.text", "text": "of another provider", "signature": "s1gn3d",
			"format": "anthropic-claude-v1"},
		object{"type": "reasoning.encrypted", "data": "not base64!", "format": "bedrock.claude"},
		object{"type": "reasoning.encrypted", "data": "AAAA", "format": "openai-responses-v1"},
		object{"type": "reasoning.summary", "summary": "something else"})
	png := "data:image/png;base64," + base64.StdEncoding.EncodeToString(smallPicture(t))
	return func(seed uint64) *dice { return &dice{rand.New(rand.NewPCG(seed, 3)), reasoning, png} }
}

// bedrocksReasoning asks the embedded Bedrock for signed reasoning: it takes none back that it has not signed.
func bedrocksReasoning(t testing.TB, j *judge) (details []object) {
	t.Helper()
	to := aim(t, judged[0].id)
	for _, text := range []string{"What is 2 + 2?", "Why?",
		"ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9A13E193C177646C7398A98432ECCCE4C1253D5E2D82641AC0E52CC2876CB"} {
		body := mustMarshal(t, object{"model": "m", "reasoning_effort": "low",
			"messages": []object{{"role": "user", "content": text}}})
		_, in, c, fault := way(body, to, translate.Options{})
		if fault != nil {
			t.Fatal(fault)
		}
		r, err := j.converse(t.Context(), in, &c)
		if err != nil {
			t.Fatal(err)
		}
		whole := parseJSON(t, written(r)).(object)
		details = append(details, listOf(listOf(whole["choices"])[0]["message"].(object)["reasoning_details"])...)
	}
	if len(details) < 3 {
		t.Fatalf("the embedded Bedrock gave no reasoning: %v", details)
	}
	return details
}

func (d *dice) one(in int) bool { return d.IntN(in) == 0 }

func oneOf[T any](d *dice, list ...T) T { return list[d.IntN(len(list))] }

func (d *dice) text() string {
	return oneOf(d, "", " ", "\n\t", "Hi", "x \n", "{}", `{"a":1}`, "é ", "Use get_weather now", "count to 3",
		"<thinking>", "\u0000", strings.Repeat("long ", 300))
}

func (d *dice) id() string {
	return oneOf(d, "call_1", "call_1", "call_2", "call_3", "tooluse_q8A6-x.y:z", "bad id", "", strings.Repeat("x", 70),
		"call_1-2", "fc_1")
}

func (d *dice) toolName() string {
	return oneOf(d, "get_weather", "f", "a.b", "a_b", "", "two words", strings.Repeat("n", 80),
		strings.Repeat("n", 79)+"m", "unnamed_tool", "größe")
}

func (d *dice) arguments() any {
	return oneOf[any](d, "", "{}", "null", nil, `{"n": 1e400, "n":2}`, "[1]", `{"cut`, `"s"`, "  ", ` {"city" : "Paris"} `,
		"{}{}", `{"a":"\ud800"}`)
}

// marked puts what asks for a cache point beside something, sometimes.
func (d *dice) marked(o object) object {
	switch d.IntN(12) {
	case 0:
		o["cache_control"] = object{"type": "ephemeral"}
	case 1:
		o["cache_control"] = object{"type": "ephemeral", "ttl": oneOf(d, "5m", "1h", "2h")}
	case 2:
		if o["type"] != nil {
			o["prompt_cache_breakpoint"] = object{"mode": "explicit"}
		}
	}
	return o
}

func (d *dice) textPart() object { return d.marked(object{"type": "text", "text": d.text()}) }

func (d *dice) mediaPart() object {
	file := func(name, mime, data string) object {
		return object{"type": "file",
			"file": object{"filename": name, "file_data": "data:" + mime + ";base64," +
				base64.StdEncoding.EncodeToString([]byte(data))}}
	}
	return d.marked(oneOf(d,
		object{"type": "image_url", "image_url": object{"url": d.png, "detail": oneOf(d, "auto", "low", "high")}},
		object{"type": "image_url", "image_url": object{"url": strings.Replace(d.png, "image/png", "image/jpeg", 1)}},
		file("report.pdf", "application/pdf", "%PDF-1.7\n1 0 obj\n"),
		file(oneOf(d, "a.txt", "", "../../etc/passwd", "a  b__c.tar.txt", "ü.txt", strings.Repeat("n", 300)),
			"text/plain", "hello"),
		file("t.csv", "text/csv", "a,b\n1,2\n"),
		file("p.html", "text/html", "<!DOCTYPE html><p>x</p>"),
		file("picture", "application/octet-stream",
			"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00"),
	))
}

func (d *dice) content(media bool) any {
	if d.one(2) {
		return d.text()
	}
	parts := []object{d.textPart()}
	for range d.IntN(3) {
		if media && d.one(4) {
			parts = append(parts, d.mediaPart())
		} else {
			parts = append(parts, d.textPart())
		}
	}
	if d.one(2) {
		d.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	}
	if media && d.one(6) {
		parts = []object{d.mediaPart()}
	}
	return parts
}

func (d *dice) message() object {
	switch d.IntN(9) {
	case 0:
		return d.marked(object{"role": oneOf(d, "system", "developer"), "content": d.content(false)})
	case 1, 2, 3:
		m := object{"role": "user", "content": d.content(true)}
		if d.one(6) {
			m["name"] = oneOf(d, "anna", "bob", "")
		}
		return d.marked(m)
	case 4, 5, 6:
		return d.marked(d.assistant())
	case 7:
		m := object{"role": "tool", "tool_call_id": d.id(), "content": d.content(d.one(3))}
		if d.one(5) {
			m["is_error"] = true
		}
		return d.marked(m)
	}
	return object{"role": "function", "name": d.toolName(), "content": d.text()}
}

func (d *dice) assistant() object {
	m := object{"role": "assistant", "annotations": []any{}, "refusal": nil, "audio": nil}
	if d.one(2) {
		m["content"] = d.content(false)
	}
	if d.one(8) {
		m["content"] = []object{{"type": "refusal", "refusal": d.text()}}
	}
	var calls []object
	for range max(d.IntN(6)-2, 0) {
		if d.one(6) {
			calls = append(calls, object{"id": d.id(), "type": "custom",
				"custom": object{"name": d.toolName(), "input": d.text()}})
			continue
		}
		calls = append(calls, object{"id": d.id(), "type": "function",
			"function": object{"name": d.toolName(), "arguments": d.arguments()}})
	}
	if calls != nil {
		m["tool_calls"] = calls
	} else if d.one(8) {
		m["function_call"] = object{"name": d.toolName(), "arguments": d.arguments()}
	}
	if d.one(3) {
		var details []object
		for i := range 1 + d.IntN(2) {
			entry := object{"index": i}
			for k, v := range oneOf(d, d.reasoning...) {
				if k != "index" {
					entry[k] = v
				}
			}
			details = append(details, entry)
		}
		m["reasoning_details"], m["reasoning_content"] = details, "thoughts"
	}
	return m
}

// answered appends an assistant's calls and their results, in order or not, some of them missing.
func (d *dice) answered(messages []object) []object {
	m := d.assistant()
	messages = append(messages, m)
	calls, _ := m["tool_calls"].([]object)
	for _, i := range d.Perm(len(calls)) {
		if !d.one(6) {
			messages = append(messages,
				d.marked(object{"role": "tool", "tool_call_id": calls[i]["id"], "content": d.content(d.one(4))}))
		}
	}
	return messages
}

func (d *dice) schema() any {
	return oneOf[any](d,
		object{"type": "object", "properties": object{"city": object{"type": "string"}}, "required": []string{"city"},
			"additionalProperties": false},
		object{"type": "object", "properties": object{"n": object{"type": "integer", "minimum": 0, "maximum": 9},
			"l": object{"type": "array", "items": object{"type": "object"}, "minItems": 2}}},
		object{"type": "object", "$defs": object{"n": object{"type": "object",
			"properties": object{"next": object{"$ref": "#/$defs/n"}}}}, "properties": object{"n": object{"$ref": "#/$defs/n"}}},
		object{"type": "object", "properties": object{"a": object{"anyOf": []object{{"type": "string"}, {"type": "null"}}}},
			"additionalProperties": object{"type": "string"}},
		object{"properties": object{"a": object{"type": []string{"string", "null"}, "exclusiveMinimum": 1}}},
		object{"type": "object", "properties": object{"a": object{"$ref": "https://example.com/schema.json"}}},
		object{"type": "object", "properties": object{"a": object{"$ref": "#/nowhere"}}},
		object{}, nil)
}

func (d *dice) tools(req object) {
	var tools []object
	names := []string{"get_weather", "f", "a.b", strings.Repeat("n", 80), "größe"}
	d.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	names = names[:1+d.IntN(len(names))]
	for _, name := range names {
		f := object{"name": name, "description": oneOf[any](d, "What it does.", "", " ", nil)}
		if s := d.schema(); s != nil {
			f["parameters"] = s
		}
		if d.one(3) {
			f["strict"] = d.one(2)
		}
		tools = append(tools, d.marked(object{"type": "function", "function": f}))
	}
	if d.one(10) {
		var functions []any
		for _, tool := range tools {
			functions = append(functions, tool["function"])
		}
		req["functions"] = functions
		if d.one(2) {
			req["function_call"] = oneOf[any](d, "auto", "none", object{"name": names[0]})
		}
		return
	}
	req["tools"] = tools
	if d.one(3) {
		named := object{"type": "function", "function": object{"name": oneOf(d, names...)}}
		req["tool_choice"] = oneOf[any](d, "auto", "none", "required", "required", named, named,
			object{"type": "allowed_tools", "allowed_tools": object{"mode": oneOf(d, "auto", "required"),
				"tools": []object{named}}})
	}
	if d.one(5) {
		req["parallel_tool_calls"] = d.one(2)
	}
}

// request makes up a whole request for the model.
func (d *dice) request(row *catalog.Model) object {
	var messages []object
	for range 1 + d.IntN(8) {
		if d.one(4) {
			messages = d.answered(messages)
		} else {
			messages = append(messages, d.message())
		}
	}
	req := object{"model": row.ID, "messages": messages}
	if d.one(3) {
		req["stream"] = true
	}
	if d.one(2) {
		d.tools(req)
	}
	for _, m := range d.settings() {
		if d.one(9) {
			req[m.name] = m.value
		}
	}
	return req
}

type setting struct {
	name  string
	value any
}

func (d *dice) settings() []setting {
	return []setting{
		{"temperature", oneOf[any](d, 0, 0.7, 1, 1.0, 2)},
		{"top_p", oneOf[any](d, 0, 0.5, 1)},
		{"top_k", oneOf[any](d, 1, 40)},
		{"max_completion_tokens", oneOf[any](d, 1, 500, 4096, 100_000, 2_000_000_000)},
		{"max_tokens", oneOf[any](d, 16, 5000)},
		{"stop", oneOf[any](d, "END", []string{"a", "", " ", "\n"}, []string{}, []string{"1", "2", "3", "4", "5"})},
		{"reasoning_effort", oneOf(d, "none", "minimal", "low", "medium", "high", "xhigh", "max")},
		{"reasoning_effort", oneOf(d, "low", "high")},
		{"response_format", d.format()},
		{"prompt_cache_key", "k"},
		{"prompt_cache_retention", oneOf(d, "in_memory", "24h")},
		{"prompt_cache_options", object{"mode": oneOf(d, "implicit", "explicit"), "ttl": "30m"}},
		{"metadata", object{"team": "Grüße {x}", "a b": strings.Repeat("v", 400)}},
		{"request_metadata", object{"k!": "v"}},
		{"service_tier", oneOf(d, "auto", "default", "flex", "priority")},
		{"performance_config", object{"latency": oneOf(d, "standard", "optimized")}},
		{"guardrail_config", object{"guardrail_identifier": "abc123", "guardrail_version": oneOf(d, "1", "DRAFT"),
			"trace": oneOf[any](d, "disabled", "enabled_full", nil)}},
		{"thinking", oneOf(d, object{"type": "disabled"}, object{"type": "adaptive"},
			object{"type": "enabled", "budget_tokens": 2000})},
		{"additional_model_response_field_paths", []string{"/stop_sequence"}},
		{"n", 2}, {"seed", 1}, {"user", "u"}, {"verbosity", "low"}, {"logit_bias", object{}}, {"nonsense", true},
	}
}

func (d *dice) format() any {
	schema := d.schema()
	if d.one(3) {
		schema = oneOf[any](d, object{"type": "array", "items": object{"type": "string"}},
			object{"type": "string", "enum": []string{"a", "b"}},
			object{"anyOf": []object{{"type": "integer"}, {"type": "null"}}})
	}
	inner := object{"name": oneOf(d, "answer", "get_weather"), "strict": d.one(2),
		"description": oneOf[any](d, "d", "", nil)}
	if schema != nil {
		inner["schema"] = schema
	}
	return oneOf[any](d, object{"type": "text"}, object{"type": "json_object"},
		object{"type": "json_schema", "json_schema": inner}, object{"type": "json_schema", "json_schema": inner})
}
