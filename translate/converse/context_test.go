package converse

import (
	"testing"

	"outcrop/openai"
)

func TestLocate(t *testing.T) {
	c := Context{names: &Names{Tools: "tools", Choice: "tool_choice", Messages: "messages"}, Limit: "max_tokens",
		Image: "messages[1].content[0]", File: "messages[2].content[1]"}
	legacy := Context{names: &Names{Tools: "functions", Choice: "function_call"}}
	for _, x := range []struct {
		name              string
		c                 *Context
		code, param, text string
		want              string
	}{
		{"R-ERR-21 the limit that the client used", &c, openai.CodeIntegerAboveMax, "max_completion_tokens", "",
			"max_tokens"},
		{"R-ERR-21 without a limit the kind stays", &legacy, openai.CodeIntegerAboveMax, "max_completion_tokens", "",
			"max_completion_tokens"},
		{"R-ERR-29 first image", &c, openai.CodeInvalidImage, "messages", "", "messages[1].content[0]"},
		{"R-ERR-29 first file", &c, CodeUnsupportedFile, "messages", "", "messages[2].content[1]"},
		{"R-ERR-29 unsupported image", &c, openai.CodeUnsupportedValue, "messages",
			"This model doesn't support the image content block", "messages[1].content[0]"},
		{"R-ERR-29 unsupported document", &c, openai.CodeUnsupportedValue, "messages",
			"This model doesn't support documents.", "messages[2].content[1]"},
		{"R-ERR-26 a refused system message is no part", &c, openai.CodeUnsupportedValue, "messages",
			"This model doesn't support system messages.", "messages"},
		{"R-ERR-20 an overflow is no part", &c, openai.CodeContextLength, "messages", "Input is too long.", "messages"},
		{"R-ERR-24 legacy functions", &legacy, openai.CodeUnsupported, "tools", "", "functions"},
		{"R-ERR-25 legacy choice", &legacy, openai.CodeUnsupportedValue, "tool_choice", "", "function_call"},
		{"R-ERR-24 tools", &c, openai.CodeUnsupported, "tools", "", "tools"},
	} {
		t.Run(x.name, func(t *testing.T) {
			e := &openai.Error{Kind: openai.Invalid, Code: x.code, Param: x.param, Message: x.text}
			x.c.Locate(e)
			if e.Param != x.want {
				t.Errorf("param %q, want %q", e.Param, x.want)
			}
		})
	}
	c.Locate(nil)
	e := &openai.Error{Kind: openai.Internal, Param: "messages", Code: openai.CodeInvalidImage}
	if c.Locate(e); e.Param != "messages" {
		t.Error("an error that is not about the request was located")
	}
}
