package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// execute runs the command line with the input and gives what it prints.
func execute(t *testing.T, input string, args ...string) (stdout string, err error) {
	t.Helper()
	cmd := command()
	var out, errs bytes.Buffer
	cmd.SetIn(strings.NewReader(input))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), err
}

const toolRequest = `{"model":"gpt-4o","seed":3,"messages":[{"role":"user","content":"a < b"}],
 "tools":[{"type":"function","function":{"name":"look.up","parameters":{"type":"object", "properties":{"z":{"const":12345678901234567890}}}}}]}`

func TestTranslate(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	aliases := file("aliases.yaml", "models:\n  aliases:\n    gpt-4o: anthropic.claude-sonnet-4-5-20250929-v1:0\n")
	reply := file("reply.json",
		`{"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"t1","name":"look_up","input":{"z":1}}}]}},"stopReason":"tool_use","usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}`)
	events := `[{"type":"messageStart","payload":{"role":"assistant"}},{"type":"contentBlockDelta","payload":{"contentBlockIndex":0,"delta":{"text":"hey"}}},` +
		`{"type":"contentBlockStop","payload":{"contentBlockIndex":0}},{"type":"messageStop","payload":{"stopReason":"end_turn"}}]`
	for _, tt := range []struct {
		name, input string
		args        []string
		want        []string
		fails       bool
	}{
		{name: "alias, profile, bytes of the schema", input: toolRequest, args: []string{"--config", aliases}, want: []string{
			`{"operation":"Converse","model_id":"us.anthropic.claude-sonnet-4-5-20250929-v1:0","path":"/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"`,
			`{"text":"a < b"}`, `{"type":"object", "properties":{"z":{"const":12345678901234567890}}}`, `"name":"look_up"`,
			`"adjusted":"seed:unsupported"}`}},
		{name: "model and region", input: toolRequest, args: []string{"--model", "anthropic.claude-haiku-4-5-20251001-v1:0",
			"--region", "eu-west-1"},
			want: []string{`"model_id":"eu.anthropic.claude-haiku-4-5-20251001-v1:0"`}},
		{name: "stream", input: `{"stream":true,"messages":[{"role":"user","content":"hi"}]}`,
			args: []string{"--model", "amazon.nova-lite-v1:0"},
			want: []string{`"operation":"ConverseStream"`, `nova-lite-v1%3A0/converse-stream"`}},
		{name: "embeddings, one call an item, in order", input: `{"input":["a","b"]}`,
			args: []string{"--model", "amazon.titan-embed-text-v2:0"},
			want: []string{`"body":{"inputText":"a"}`, `"body":{"inputText":"b"}`}},
		{name: "a call a choice", input: `{"n":3,"messages":[{"role":"user","content":"hi"}]}`,
			args: []string{"--model", "amazon.nova-lite-v1:0"},
			want: []string{`"operation":"Converse"`, `"operation":"Converse"`, `"operation":"Converse"`}},
		{name: "a part of a name", input: `{"messages":[{"role":"user","content":"hi"}]}`,
			args: []string{"--model", "nova-lite"},
			want: []string{"Did you mean `amazon.nova-"}, fails: true},
		{name: "unknown model", input: toolRequest, want: []string{`"code":"model_not_found"`}, fails: true},
		{name: "strict", input: toolRequest, args: []string{"--config", aliases, "--strict"}, want: []string{`"param":"seed","code":"unsupported_value"`}, fails: true},
		{name: "the way back, with the request", input: toolRequest, args: []string{"--config", aliases, "--reply", reply},
			want: []string{`"tool_calls":[{"id":"t1","type":"function","function":{"name":"look.up","arguments":"{\"z\":1}"}}]`, `"total_tokens":3`}},
		{name: "the way back of a stream", input: events, args: []string{"--model", "amazon.nova-lite-v1:0", "--reply"},
			want: []string{`"delta":{"content":"hey"}`, "data: [DONE]"}},
		{name: "an exception in a stream", input: `[{"type":"throttlingException","payload":{"message":"Too many requests, please wait before trying again."}}]`,
			args: []string{"--model", "amazon.nova-lite-v1:0", "--reply"}, want: []string{`"code":"rate_limit_exceeded"`}, fails: true},
		{name: "a reply that is not JSON", input: "{", args: []string{"--model", "amazon.nova-lite-v1:0", "--reply"}, fails: true},
		{name: "a reply without a model", input: "{}", args: []string{"--reply"}, fails: true},
		{name: "a file without --reply", input: "{}", args: []string{reply}, fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := execute(t, tt.input, append([]string{"translate"}, tt.args...)...)
			if (err != nil) != tt.fails {
				t.Fatalf("error %v; printed %s", err, out)
			}
			at := 0
			for _, want := range tt.want {
				i := strings.Index(out[at:], want)
				if i < 0 {
					t.Fatalf("%s\nlacks, in this order, %s", out, want)
				}
				at += i
			}
		})
	}
}

func TestWithModel(t *testing.T) {
	for in, want := range map[string]string{
		`{}`:                   `{"model":"m"}`,
		"{\"a\":1}\n":          `{"a":1,"model":"m"}`,
		`{"model":"x","a":1 }`: `{"model":"x","a":1,"model":"m"}`,
		`not json`:             `not json`,
	} {
		if got := string(withModel([]byte(in), "m")); got != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
	}
}
