package dialect_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"outcrop/internal/dialect"
	"outcrop/openai"
)

func TestKey(t *testing.T) {
	for name, tt := range map[string]struct {
		headers dialect.Header
		key     string
		one     bool
	}{
		"none":                      {nil, "", true},
		"bearer":                    {dialect.Header{"Authorization": {"bEARER  k "}}, "k", true},
		"Azure's":                   {dialect.Header{"Api-Key": {"k"}}, "k", true},
		"bearer before Azure's":     {dialect.Header{"Authorization": {"Bearer k"}, "Api-Key": {"other"}}, "k", true},
		"another scheme":            {dialect.Header{"Authorization": {"Basic x"}, "Api-Key": {"k"}}, "k", true},
		"a scheme alone":            {dialect.Header{"Authorization": {"Bearer"}, "Api-Key": {"k"}}, "k", true},
		"twice":                     {dialect.Header{"Authorization": {"Bearer k", "Bearer l"}}, "k", false},
		"a header of another's API": {dialect.Header{"X-Api-Key": {"k"}}, "", true},
	} {
		if key := dialect.OpenAI.Key(tt.headers); key != tt.key || dialect.OpenAI.OneKey(tt.headers) != tt.one {
			t.Errorf("%s: %q", name, key)
		}
	}
}

// Every kind of error has a status, a type and advice, or a client would get a 0.
func TestEveryKindIsRendered(t *testing.T) {
	for k := openai.Internal; k <= openai.Timeout; k++ {
		err := &openai.Error{Kind: k, Message: "m"}
		body := string(dialect.OpenAI.Fail(nil, err, "req_1"))
		if s := dialect.OpenAI.Status(err); s < 400 || s > 599 || strings.Contains(body, `"type":""`) {
			t.Errorf("kind %d: %d %s", k, s, body)
		}
	}
	late := &openai.Error{Kind: openai.RateLimited, After: time.Minute}
	final := &openai.Error{Kind: openai.Unavailable, Final: true}
	if again, after := dialect.Retry(late); !again || after != time.Minute {
		t.Errorf("R-ERR-03: %v after %s", again, after)
	}
	if again, after := dialect.Retry(final); again || after != 2*time.Second {
		t.Errorf("R-ERR-03: %v after %s", again, after)
	}
	if e := dialect.Known(errors.New("secret"), "req_1"); e.Kind != openai.Internal ||
		strings.Contains(e.Message, "secret") ||
		!strings.Contains(e.Message, "req_1") {
		t.Errorf("R-ERR-08: %s", e.Message)
	}
}

func TestHelpful(t *testing.T) {
	names := func() []string { return []string{"amazon.nova-lite-v1:0"} }
	for asked, want := range map[string]string{
		"nova-lite": "The model `nova-lite` does not exist or you do not have access to it. Did you mean " +
			"`amazon.nova-lite-v1:0`?",
		"x":                      "The model `x` does not exist or you do not have access to it.",
		"amazon.nova-lite-v1:0":  "The model `amazon.nova-lite-v1:0` does not exist or you do not have access to it.",
		strings.Repeat("y", 300): "",
	} {
		err := openai.ModelNotFound(asked)
		if got := dialect.Helpful(err, asked, names); want != "" && got.Message != want {
			t.Errorf("%q", got.Message)
		}
	}
	other := openai.Invalidf(openai.CodeInvalidValue, "model", "No.")
	if dialect.Helpful(other, "nova-lite", names) != other {
		t.Error("an error of another kind is changed")
	}
}

// The events of chat: what nobody wants is not written, a failure has no [DONE] behind it.
func TestChatEvents(t *testing.T) {
	yes := true
	head := &openai.Head{ID: "c", Created: 1, Model: "m"}
	usage := &openai.ChatChunk{Head: head, Usage: &openai.Usage{Prompt: 1}}
	for name, tt := range map[string]struct {
		options *openai.StreamOptions
		want    string
	}{
		"R-STR-06 usage is not asked for": {nil, ""},
		"R-STR-06 usage is asked for":     {&openai.StreamOptions{IncludeUsage: &yes}, `data: {"id":"c",`},
	} {
		s := dialect.Chat.Stream(&openai.ChatRequest{Stream: true, StreamOptions: tt.options}, dialect.Call{ID: "1"})
		if got := string(s.AppendPart([]byte("before"), usage)); !strings.HasPrefix(got, "before"+tt.want) ||
			tt.want == "" && got != "before" {
			t.Errorf("%s: %q", name, got)
		}
		if got := string(s.AppendPing(nil)); got != ": keep-alive\n\n" {
			t.Errorf("R-STR-04: %q", got)
		}
		fails := &openai.Error{Kind: openai.Timeout, Message: "m"}
		want := `data: {"error":{"message":"m","type":"server_error","param":null,"code":null}}` + "\n\n"
		if got := string(s.AppendFail(nil, fails)); got != want {
			t.Errorf("R-STR-15: %q", got)
		}
		if got := string(s.AppendEnd(nil)); got != "data: [DONE]\n\n" {
			t.Errorf("R-STR-01: %q", got)
		}
	}
}

func TestRecognise(t *testing.T) {
	for body, want := range map[string]*dialect.Dialect{
		`{"messages":[],"input":"x"}`:             dialect.Chat,
		`{"input":"x"}`:                           dialect.Embeddings,
		`{"input":["x","y"],"dimensions":3}`:      dialect.Embeddings,
		`{"input":[1,2]}`:                         dialect.Embeddings,
		`{"input":"x","instructions":"y"}`:        dialect.Responses,
		`{"input":[{"role":"user"}]}`:             dialect.Responses,
		`{"stream":true,"model":"m","input":"x"}`: dialect.Responses,
		`{"prompt":"x"}`:                          dialect.Completions,
		`{}`:                                      dialect.Chat,
		`[1]`:                                     dialect.Chat,
		`not JSON`:                                dialect.Chat,
	} {
		if got := dialect.Recognise([]byte(body)); got != want {
			t.Errorf("%s is taken for another API's", body)
		}
	}
}
