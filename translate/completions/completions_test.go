package completions

import (
	"strings"
	"testing"

	"outcrop/openai"
)

func decoded(t *testing.T, body string) (*openai.ChatRequest, *openai.Error) {
	t.Helper()
	r, err := openai.DecodeCompletion([]byte(body))
	if err != nil {
		return nil, err
	}
	return Chat(r)
}

func TestPrompts(t *testing.T) {
	say := func(role, text string) string { return role + ": " + text + "\n" }
	for name, c := range map[string][2]string{
		"R-CMP-01 a text":           {`"Once upon a time"`, say("user", "Once upon a time")},
		"R-CMP-02 one in a list":    {`["Once"]`, say("user", "Once")},
		"R-CMP-02 tokens":           {`[9906]`, say("user", "Hello")},
		"R-CMP-02 a list of tokens": {`[[9906],[9906]]`, say("user", "Hello") + say("user", "Hello")},
		"R-CMP-03 several":          {`["a","b"]`, say("user", "a") + say("user", "b")},
		"R-CMP-04 Claude's":         {`"\n\nHuman: Hi there\n\nAssistant:"`, say("user", "Hi there")},
		"R-CMP-04 Claude's, with more": {`"Be kind.\n\nHuman: Hi\n\nAssistant: Yes?\n\nHuman: Go\n\nAssistant: Well,"`,
			say("system", "Be kind.") + say("user", "Hi") + say("assistant", "Yes?") + say("user", "Go") +
				say("assistant", "Well,")},
		"R-CMP-04 no place to answer":   {`"Human: Hi"`, say("user", "Human: Hi")},
		"R-CMP-05 templates of others":  {`"[INST] Hi [/INST]"`, say("user", "[INST] Hi [/INST]")},
		"R-CMP-04 a word in the middle": {`"The Human: x\n\nAssistant: y"`, say("user", "The Human: x\n\nAssistant: y")},
	} {
		req, err := decoded(t, `{"model":"m","prompt":`+c[0]+`}`)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got strings.Builder
		for _, m := range req.Messages {
			got.WriteString(say(m.Role, m.Content.Text))
		}
		if got.String() != c[1] {
			t.Errorf("%s:\n%s", name, got.String())
		}
		if *req.MaxTokens != 16 {
			t.Errorf("R-CMP-06: %d", *req.MaxTokens)
		}
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string][3]string{
		"R-CMP-02 nothing":            {`"max_tokens":5`, openai.CodeMissing, "prompt"},
		"R-CMP-02 null":               {`"prompt":null`, openai.CodeMissing, "prompt"},
		"R-CMP-02 an empty list":      {`"prompt":[]`, openai.CodeEmptyArray, "prompt"},
		"R-CMP-02 an empty text":      {`"prompt":""`, openai.CodeInvalidValue, "prompt"},
		"R-CMP-02 an empty entry":     {`"prompt":["a",""]`, openai.CodeInvalidValue, "prompt[1]"},
		"R-CMP-02 a mixed list":       {`"prompt":["a",1]`, openai.CodeInvalidType, "prompt[1]"},
		"R-CMP-03 too many choices":   {`"prompt":["a","b"],"n":65`, openai.CodeArrayAboveMax, "prompt"},
		"R-CMP-03 far too many":       {`"prompt":["a","b"],"n":9223372036854775807`, openai.CodeArrayAboveMax, "prompt"},
		"R-CMP-06 no tokens":          {`"prompt":"a","max_tokens":0`, openai.CodeIntegerBelowMin, "max_tokens"},
		"R-CMP-08 a suffix":           {`"prompt":"a","suffix":"b"`, openai.CodeUnsupported, "suffix"},
		"R-CMP-08 more than n":        {`"prompt":"a","best_of":3,"n":2`, openai.CodeUnsupported, "best_of"},
		"R-CMP-08 less than n":        {`"prompt":"a","best_of":1,"n":2`, openai.CodeInvalidValue, "best_of"},
		"R-CMP-09 probabilities":      {`"prompt":"a","logprobs":0`, openai.CodeUnsupported, "logprobs"},
		"R-CMP-14 the prompt's place": {`"prompt":[7,9999999]`, openai.CodeInvalidValue, "prompt"},
	} {
		_, err := decoded(t, `{"model":"m",`+c[0]+`}`)
		if err == nil || err.Code != c[1] || err.Param != c[2] {
			t.Errorf("%s: %+v", name, err)
		}
	}
	req, err := decoded(t, `{"model":"m","prompt":"a","suffix":"","best_of":1,"tools":[],"messages":[]}`)
	if err != nil || len(req.Unknown().Top) != 2 {
		t.Errorf("R-CMP-09: %v, %v", err, req)
	}
}

func TestAnswers(t *testing.T) {
	req, err := decoded(t, `{"model":"m","prompt":["Once ","Twice "],"echo":true,"n":2}`)
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) *string { return &s }
	whole := &openai.ChatResponse{Head: openai.Head{Model: "m", Fingerprint: "fp_0"}, Usage: &openai.Usage{Prompt: 1}}
	head := &openai.Head{Model: "m", Fingerprint: "fp_0"}
	var stream []byte
	for i := range 4 {
		whole.Choices = append(whole.Choices, openai.Choice{Index: i, Message: openai.ReplyMessage{Content: text("x")},
			FinishReason: openai.FinishStop})
		for _, d := range []openai.Delta{{Role: "assistant"}, {Content: "x"}} {
			stream = append(AppendChunk(stream, req, Call{ID: "1"}, &openai.ChatChunk{Head: head,
				Choices: []openai.ChunkChoice{{Index: i, Delta: d}}}, true), '\n')
		}
	}
	got := string(AppendAnswer(nil, req, Call{ID: "1", Created: 7}, whole))
	want := `{"id":"cmpl-1","object":"text_completion","created":7,"model":"m","system_fingerprint":"fp_0","choices":[` +
		`{"index":0,"text":"Once x","logprobs":null,"finish_reason":"stop"},` +
		`{"index":1,"text":"Once x","logprobs":null,"finish_reason":"stop"},` +
		`{"index":2,"text":"Twice x","logprobs":null,"finish_reason":"stop"},` +
		`{"index":3,"text":"Twice x","logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,`
	if !strings.HasPrefix(got, want) {
		t.Errorf("R-CMP-01, -03, -07: %s", got)
	}
	first := `{"id":"cmpl-1","object":"text_completion","created":0,"model":"m","system_fingerprint":"fp_0","choices":[` +
		`{"index":0,"text":"Once ","logprobs":null,"finish_reason":null}],"usage":null}` + "\n"
	if !strings.HasPrefix(string(stream), first) || strings.Count(string(stream), `"text":"x"`) != 4 ||
		strings.Count(string(stream), `"text":"Twice "`) != 2 {
		t.Errorf("R-CMP-07, -11: %s", stream)
	}
}
