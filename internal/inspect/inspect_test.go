package inspect

import (
	"context"
	"errors"
	"testing"

	"outcrop/internal/access"
	"outcrop/internal/call"
	"outcrop/openai"
)

// A caller whose profile the configuration does not have is refused, also where others have one; without a profile and
// without rules for such callers the request passes untouched.
func TestGuardOfAProfile(t *testing.T) {
	usual, strict := &Guard{}, &Guard{}
	for name, test := range map[string]struct {
		guards Guards
		who    access.Principal
		want   *Guard
		code   string
	}{
		"no rules":           {nil, access.Principal{}, nil, ""},
		"no rights":          {Guards{"": usual, "strict": strict}, access.Principal{}, usual, ""},
		"rights, no profile": {Guards{"": usual}, access.Principal{Rights: &access.Rights{}}, usual, ""},
		"its own": {Guards{"": usual, "strict": strict}, access.Principal{Rights: &access.Rights{Profile: "strict"}},
			strict, ""},
		"one that is not there": {Guards{"": usual}, access.Principal{Rights: &access.Rights{Profile: "strict"}}, nil,
			"policy_profile_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := test.guards.of(test.who)
			var said *openai.Error
			if errors.As(err, &said) != (test.code != "") || said != nil && said.Code != test.code || got != test.want {
				t.Errorf("guard %p, %v; want %p, %q", got, err, test.want, test.code)
			}
			called := false
			if test.want == nil {
				_, err = Inspect(test.guards, nil)(func(context.Context, *call.Call) (call.Reply, error) {
					called = true
					return call.Reply{}, nil
				})(t.Context(), &call.Call{Principal: test.who})
				if (err == nil) != called || called != (test.code == "") {
					t.Errorf("the next stage was called: %v, and said %v", called, err)
				}
			}
		})
	}
}

// Only texts whose words lie behind escapes are read decoded, and only where they are JSON as a whole.
func TestTextsReadDecoded(t *testing.T) {
	for _, test := range []struct {
		role, path, text string
		want             bool
	}{
		{"assistant", "messages[1].tool_calls[0].function.arguments", `{"a":1}`, true},
		{"tool", "messages[2].content", `{"a":"b\u0063"}`, true},
		{"function", "messages[2].content", "\r\n\t [\"b\\u0063\"]", true},
		{"tool", "messages[2].content", `{"a":"bc"}`, false},
		{"tool", "messages[2].content", `{"a":"b\u0063"`, false},
		{"tool", "messages[2].content", `"b\u0063"`, false},
		{"user", "messages[0].content", `{"a":"b\u0063"}`, false},
		{"tool", "messages[2].content", "", false},
	} {
		if got := inJSON(openai.Place{Role: test.role, Path: test.path}, test.text); got != test.want {
			t.Errorf("%s %s %q: %v", test.role, test.path, test.text, got)
		}
	}
}

// The operator's words are judged as those of the system, and a function's as a tool's.
func TestRolesOfRules(t *testing.T) {
	for role, want := range map[string]string{"developer": "system", "tools": "system", "system": "system",
		"function": "tool", "tool": "tool", "user": "user", "assistant": "assistant"} {
		if got := roleOf(role); got != want {
			t.Errorf("%s is judged as %s, want %s", role, got, want)
		}
	}
}

// A record names the place of a finding in an answer as the client sees it.
func TestPlacesInAnswers(t *testing.T) {
	for want, place := range map[string]openai.Place{
		"choices[1].message.content":                          {Choice: 1, Tool: -1, Path: "content"},
		"choices[0].message.tool_calls[2].function.arguments": {Tool: 2, Path: "tool_calls"},
		"choices[0].message.function_call.arguments":          {Tool: -1, Path: "function_call"},
	} {
		if got := pathOf(place); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
