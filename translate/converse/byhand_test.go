package converse_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"outcrop/internal/catalog"
	"outcrop/internal/test/wiretest"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/chat"
	"outcrop/translate/converse"
)

const (
	claude = "anthropic.claude-sonnet-4-5-20250929-v1:0"
	nova   = "amazon.nova-pro-v1:0"
	png    = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)

// other is an API of its own, which calls the same things otherwise.
var other = converse.Names{
	Limit: "max_tokens", Effort: "output_config.effort", Format: "output_config.format", Schema: "output_config.format",
	Tools: "tools", Choice: "tool_choice", Parallel: "tool_choice.disable_parallel_tool_use", Strict: "tools[].strict",
	Messages: "messages",
	Turn:     "messages[]", Role: "messages[].role", Calls: "messages[].content",
	Result: "messages[].content[].tool_use_id",
	Part: func(at converse.Place, rest string) string {
		if at.Part < 0 {
			return fmt.Sprintf("messages.%d%s", at.Item, rest)
		}
		return fmt.Sprintf("messages.%d.content.%d%s", at.Item, at.Part, rest)
	},
	Tool: func(i int, rest string) string { return fmt.Sprintf("tools.%d%s", i, rest) },
}

func said(s string) converse.Block { return converse.Block{Text: s} }

func user(blocks ...converse.Block) converse.Turn { return converse.Turn{Blocks: blocks} }

func system(blocks ...converse.Block) converse.Turn {
	return converse.Turn{System: true, Blocks: blocks}
}

func model(blocks ...converse.Block) converse.Turn {
	return converse.Turn{Assistant: true, Blocks: blocks}
}

func called(id, name, input string) converse.Block {
	return converse.Block{Call: &converse.Call{ID: id, Name: name, Input: input}}
}

func aim(t *testing.T, id string) catalog.Target {
	t.Helper()
	to, err := catalog.Default().Resolve(id, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// TestTurnsByHand: the same conversation as messages of chat and as turns that somebody else has made becomes the same
// request, and the same adjustments but for their names.
func TestTurnsByHand(t *testing.T) {
	schema := `{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`
	weather := converse.Tool{Name: "weather.now", Schema: []byte(schema), Sent: []byte(`x`)}
	const tools = `"tools":[{"type":"function","function":{"name":"weather.now","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]`
	limit := func(n int64) *int64 { return &n }
	pdf := base64.StdEncoding.EncodeToString([]byte("%PDF-1.4 x"))
	for _, c := range []struct {
		name, model, chat string
		hand              converse.Request
		adjusted          string
	}{
		{"R-MSG-05 R-MSG-12 neighbours, blank texts, system and limits", nova,
			`"max_tokens":99,"temperature":0.5,"stop":["END"],"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"},{"role":"user","content":"  "},{"role":"user","content":"there"}]`,
			converse.Request{
				Turns: []converse.Turn{system(said("Be brief.")), user(said("Hi")), user(said("  "), said("there"))},
				Limit: limit(99), LimitMember: "max_tokens", Temperature: ptr(half), Stop: []string{"END"},
			}, ""},
		{"R-MSG-06 R-MSG-09 R-TOOL-02 tools, two calls, results in another order, one missing", claude,
			tools + `,"tool_choice":"required","messages":[{"role":"user","content":"Where?"},{"role":"assistant","content":"Let me see.","tool_calls":[` +
				`{"id":"a","type":"function","function":{"name":"weather.now","arguments":"{\"city\":\"Bonn\"}"}},{"id":"b","type":"function","function":{"name":"weather.now","arguments":"{\"city\":\"Köln\"}"}},` +
				`{"id":"c c","type":"function","function":{"name":"weather.now","arguments":"oops"}}]},` +
				`{"role":"tool","tool_call_id":"b","content":"wet","is_error":true},{"role":"tool","tool_call_id":"a","content":"dry"},{"role":"user","content":"And?"}]`,
			converse.Request{
				Tools: []converse.Tool{weather}, Choice: converse.Choice{Kind: converse.Any, Member: "tool_choice"},
				Turns: []converse.Turn{
					user(said("Where?")),
					model(said("Let me see."), called("a", "weather.now", `{"city":"Bonn"}`),
						called("b", "weather.now", `{"city":"Köln"}`), called("c c", "weather.now", "oops")),
					user(converse.Block{Result: &converse.Result{ID: "b", Failed: true, Content: []converse.Block{said("wet")}}},
						converse.Block{Result: &converse.Result{ID: "a", Content: []converse.Block{said("dry")}}}, said("And?")),
				},
			}, "messages[].content:result_missing"},
		{"R-TOOL-14 calls without tools are text", nova,
			`"messages":[{"role":"user","content":"Go"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"done"}]`,
			converse.Request{Turns: []converse.Turn{
				user(said("Go")), model(called("a", "f", "{}")),
				user(converse.Block{Result: &converse.Result{ID: "a", Content: []converse.Block{said("done")}}}),
			}}, "messages[].content:flattened"},
		{"R-RPL-02 R-RPL-05 signed reasoning between texts and calls", claude,
			`"reasoning_effort":"low","max_tokens":9000,` + tools +
				`,"messages":[{"role":"user","content":"Go"},{"role":"assistant","content":"One two",` +
				`"reasoning_details":[{"type":"reasoning.text","text":"hm","signature":"s1","format":"bedrock.claude","index":0,"after":{"content":0,"tool_calls":0}},` +
				`{"type":"reasoning.encrypted","data":"AAEC","format":"bedrock.claude","index":1,"after":{"content":4,"tool_calls":0}}],` +
				`"tool_calls":[{"id":"a","type":"function","function":{"name":"weather.now","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"dry"}]`,
			converse.Request{
				Effort: "low", Limit: limit(9000), LimitMember: "max_tokens", Tools: []converse.Tool{weather},
				Turns: []converse.Turn{
					user(said("Go")),
					model(converse.Block{Reasoning: &converse.Reasoning{Format: "bedrock.claude", Text: "hm", Signature: "s1"}},
						said("One "),
						converse.Block{Reasoning: &converse.Reasoning{Format: "bedrock.claude", Data: "AAEC"}}, said("two"),
						converse.Block{Reasoning: &converse.Reasoning{Format: "bedrock.nova", Text: "not Claude's", Signature: "s2"}},
						called("a", "weather.now", "{}")),
					user(converse.Block{Result: &converse.Result{ID: "a", Content: []converse.Block{said("dry")}}}),
				},
			}, ""},
		{"R-RSN-07 an open loop without a signature switches thinking off", claude,
			`"reasoning_effort":"low","max_tokens":9000,` + tools +
				`,"messages":[{"role":"user","content":"Go"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"weather.now","arguments":"{}"}}]},` +
				`{"role":"tool","tool_call_id":"a","content":"dry"}]`,
			converse.Request{
				Effort: "low", Limit: limit(9000), LimitMember: "max_tokens", Tools: []converse.Tool{weather},
				Turns: []converse.Turn{
					user(said("Go")), model(called("a", "weather.now", "{}")),
					user(converse.Block{Result: &converse.Result{ID: "a", Content: []converse.Block{said("dry")}}}),
				},
			}, "output_config.effort:disabled_missing_signature"},
		{"R-CACHE-02 R-CACHE-05 cache points on system, tools, texts and results", claude,
			`"tools":[{"type":"function","function":{"name":"f"},"cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"system","content":[{"type":"text","text":"Long.","cache_control":{"type":"ephemeral"}}]},` +
				`{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}},{"type":"text","text":"there"}]},` +
				`{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"r","cache_control":{"type":"ephemeral"}}]`,
			converse.Request{
				Tools: []converse.Tool{{Name: "f", Point: &converse.Point{TTL: "1h"}}},
				Turns: []converse.Turn{
					system(said("Long."), converse.Block{Point: &converse.Point{}}),
					user(said("Hi"), converse.Block{Point: &converse.Point{}}, said("there")), model(called("a", "f", "{}")),
					user(converse.Block{Result: &converse.Result{ID: "a", Content: []converse.Block{said("r")},
						Point: &converse.Point{}}}),
				},
			}, ""},
		{"R-CACHE-08 automatic points", claude,
			`"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes?"},{"role":"user","content":"Go on"}]`,
			converse.Request{Turns: []converse.Turn{user(said("Hi")), model(said("Yes?")), user(said("Go on"))}}, ""},
		{"R-PART-02 R-PART-12 R-PART-15 images and documents", nova,
			`"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,` + png +
				`"}},{"type":"file","file":{"filename":"My report.pdf","file_data":"` + pdf + `"}}]}]`,
			converse.Request{Turns: []converse.Turn{user(
				converse.Block{Media: &converse.Media{URL: "data:image/png;base64," + png, Member: ".source"}},
				converse.Block{Media: &converse.Media{Kind: converse.File, Base64: pdf, Name: "My report.pdf",
					Member: ".source.data"}})}}, ""},
		{"R-TOOL-13 an image inside a result", claude,
			`"tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"user","content":"Look"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":""}}]},` +
				`{"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"here"},{"type":"image_url","image_url":{"url":"data:image/png;base64,` + png + `"}}]}]`,
			converse.Request{Tools: []converse.Tool{{Name: "f"}}, Turns: []converse.Turn{
				user(said("Look")), model(called("a", "f", "")),
				user(converse.Block{Result: &converse.Result{ID: "a",
					Content: []converse.Block{said("here"), {Media: &converse.Media{Base64: png}}}}}),
			}}, ""},
		{"R-FMT-02 structured output", claude,
			`"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":` + schema +
				`}},"messages":[{"role":"user","content":"Where?"}]`,
			converse.Request{Format: &converse.Format{Name: "answer", Schema: []byte(schema)},
				Turns: []converse.Turn{user(said("Where?"))}}, ""},
		{"R-FMT-04 structured output by a tool", nova,
			`"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":` + schema +
				`}},"messages":[{"role":"user","content":"Where?"}]`,
			converse.Request{Format: &converse.Format{Name: "answer", Schema: []byte(schema)},
				Turns: []converse.Turn{user(said("Where?"))}}, ""},
		{"R-FMT-10 structured output by an instruction", nova,
			`"response_format":{"type":"json_object"},"messages":[{"role":"user","content":"Where?"}]`,
			converse.Request{Format: &converse.Format{}, Turns: []converse.Turn{user(said("Where?"))}},
			"output_config.format:best_effort"},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := aim(t, c.model)
			req, fault := openai.DecodeChat([]byte(`{"model":"m",` + c.chat + `}`))
			if fault != nil {
				t.Fatal(fault)
			}
			want, _, err := chat.Input(req, to, translate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			c.hand.Names = &other
			got, back, fault := converse.Input(&c.hand, to, translate.Options{})
			if fault != nil {
				t.Fatal(fault)
			}
			if got, want := wiretest.Request(t, got), wiretest.Request(t, want); string(got) != string(want) {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
			if back.Adjusted.Header() != c.adjusted {
				t.Errorf("adjusted %q", back.Adjusted.Header())
			}
		})
	}
}

const half = 0.5

func ptr[T any](v T) *T { return &v }

// TestTextsComeBeforeCalls: Bedrock's families refuse a text behind a call, so that it goes in front, unless reasoning
// keeps all in their places.
func TestTextsComeBeforeCalls(t *testing.T) {
	r := converse.Request{Names: &other, Tools: []converse.Tool{{Name: "f"}}, Turns: []converse.Turn{
		user(said("Go")), model(called("a", "f", "{}"), said("I asked.")),
		user(converse.Block{Result: &converse.Result{ID: "a", Content: []converse.Block{said("r")}}}),
	}}
	in, _, fault := converse.Input(&r, aim(t, nova), translate.Options{PromptCache: "off"})
	if fault != nil {
		t.Fatal(fault)
	}
	if body := string(wiretest.Request(t, in)); !strings.Contains(body, `[{"text":"I asked."},{"toolUse"`) {
		t.Errorf("R-MSG-16 %s", body)
	}
}

// TestPathsOfTheDialect: faults, and Bedrock's refusals, come with the paths of whoever made the turns.
func TestPathsOfTheDialect(t *testing.T) {
	picture := converse.Block{At: converse.Place{Item: 2, Part: 1},
		Media: &converse.Media{Base64: png, Member: ".source.data"}}
	request := func() *converse.Request {
		return &converse.Request{Names: &other, Last: converse.Place{Item: 2, Part: -1},
			Tools: []converse.Tool{{Name: "f"}, {Name: "g", Index: 1}},
			Turns: []converse.Turn{user(said("Hi")), model(said("Yes?")), user(said("Look"), picture)}}
	}
	_, back, fault := converse.Input(request(), aim(t, claude), translate.Options{})
	if fault != nil {
		t.Fatal(fault)
	}
	for _, c := range []struct{ name, code, param, text, want string }{
		{"a tool", "", "", "tools.1.custom.input_schema: JSON schema is invalid.", "tools.1.parameters"},
		{"an image", "", "", "messages.2.content.1.image.source.base64: image exceeds 5 MB maximum", "messages.2.content.1"},
		{"the last turn", "", "", "This model does not support assistant message prefill.", "messages.2"},
		{"the image, by its kind", openai.CodeInvalidImage, "messages", "Could not process image.", "messages.2.content.1"},
		{"all of it", openai.CodeContextLength, "messages", "Input is too long.", "messages"},
	} {
		e := &openai.Error{Kind: openai.Invalid, Code: c.code, Param: c.param, Message: c.text}
		if back.Locate(e); e.Param != c.want {
			t.Errorf("R-TOOL-19 %s: %q", c.name, e.Param)
		}
	}
	for _, c := range []struct {
		name, model, want string
		broken            func(*converse.Request)
	}{
		{"R-PART-02 base64", claude, "messages.2.content.1.source.data", func(r *converse.Request) {
			r.Turns[2].Blocks[1].Media = &converse.Media{Kind: converse.File, Base64: "*", Member: ".source.data"}
		}},
		{"R-TOOL-04 a schema", claude, "tools.1.parameters",
			func(r *converse.Request) { r.Tools[1].Schema = []byte(`{"type":"string"}`) }},
		{"R-PART-04 a link that was not fetched", claude, "messages.2.content.1.source", func(r *converse.Request) {
			r.Turns[2].Blocks[1].Media = &converse.Media{URL: "https://a.test/x.png", Member: ".source"}
		}},
		{"R-PART-14 sound", claude, "messages.2.content.1.type",
			func(r *converse.Request) { r.Turns[2].Blocks[1].Media = &converse.Media{Kind: converse.Sound} }},
	} {
		r := request()
		c.broken(r)
		var e *openai.Error
		if _, _, fault := converse.Input(r, aim(t, c.model), translate.Options{}); !errors.As(fault, &e) ||
			e.Param != c.want {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
}

// TestDocumentsOfTheDialect: what chat cannot say of a document goes to Bedrock all the same.
func TestDocumentsOfTheDialect(t *testing.T) {
	r := converse.Request{Names: &other,
		Turns: []converse.Turn{user(said("Sum up."), converse.Block{Media: &converse.Media{
			Kind: converse.File, Base64: "aGk=", Name: "Letter.txt", Context: "From a friend.", Citations: true,
			Member: ".source.data",
		}})}}
	in, _, fault := converse.Input(&r, aim(t, claude), translate.Options{})
	if fault != nil {
		t.Fatal(fault)
	}
	body := string(wiretest.Request(t, in))
	for _, want := range []string{`"name":"Letter"`, `"context":"From a friend."`, `"citations":{"enabled":true}`,
		`"bytes":"aGk="`} {
		if !strings.Contains(body, want) {
			t.Errorf("R-PART-10 no %s in %s", want, body)
		}
	}
}
