package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/call"
	"outcrop/internal/inspect"
	"outcrop/internal/telemetry"
	"outcrop/internal/test/growthtest"
	"outcrop/openai"
)

// listed writes n items with commas between them; %d in an item is its number.
func listed(n int, item string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = strings.ReplaceAll(item, "%d", fmt.Sprint(i))
	}
	return strings.Join(list, ",")
}

func drain(t *testing.T, reply call.Reply, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range reply.Parts {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// moderationOf is a call of moderations, with nobody's rules.
func moderationOf(t testing.TB, body string) *call.Call {
	t.Helper()
	req, bad := openai.DecodeModeration([]byte(body))
	if bad != nil {
		t.Fatal(bad)
	}
	return &call.Call{ID: "c1", Endpoint: Moderations, Request: req}
}

func TestMendA2GrowthOfModerations(t *testing.T) {
	handle := inspect.Moderate(nil)
	for name, c := range map[string]struct {
		n    int
		body func(n int) string
	}{
		"findings in one text": {4000, func(n int) string {
			return `{"input":"` + strings.ReplaceAll(listed(n, "a%d@example.org"), ",", " ") + `"}`
		}},
		"items": {200, func(n int) string { return `{"input":[` + listed(n, `"b%d@example.org"`) + `]}` }},
		"parts": {200, func(n int) string {
			return `{"input":[` + listed(n, `{"type":"text","text":"b%d@example.org"}`) +
				`]}`
		}},
	} {
		t.Run(name, func(t *testing.T) {
			growthtest.Check(t, c.n, func(n int) func() {
				call := moderationOf(t, c.body(n))
				return func() {
					reply, err := handle(t.Context(), call)
					if err != nil {
						t.Fatal(err)
					}
					for part, err := range reply.Parts {
						if err != nil {
							t.Fatal(err)
						}
						written(part)
					}
				}
			})
		})
	}
}

// mostFindings are listed; the others are counted.
const mostFindings = 10_000

func TestMendA2ModerationsListABoundedNumberOfFindings(t *testing.T) {
	call := moderationOf(t, `{"input":["`+strings.ReplaceAll(listed(mostFindings, "a%d@example.org"), ",",
		" ")+`","c@example.org and d@example.org"]}`)
	reply, err := inspect.Moderate(nil)(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	for part, err := range reply.Parts {
		if err != nil {
			t.Fatal(err)
		}
		r := part.(*openai.ModerationResponse).Results
		if len(r[0].Local.Findings) != mostFindings || r[0].Local.More != 0 || len(r[1].Local.Findings) != 0 ||
			r[1].Local.More != 2 {
			t.Errorf("%d and %d, %d and %d", len(r[0].Local.Findings), r[0].Local.More, len(r[1].Local.Findings),
				r[1].Local.More)
		}
		if body := written(part); !strings.Contains(body, `"more_findings":2`) {
			t.Error("nobody says so")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := inspect.Moderate(nil)(ctx, call); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits: %v", err)
	}
}

// TestMendA2GrowthOfInspectedAnswers lets answers of n pieces through the screen.
func TestMendA2GrowthOfInspectedAnswers(t *testing.T) {
	inspect := inspect.Inspect(guardOf(t, tokenizing), telemetry.New())
	file := func(n int) []openai.Part { // a tool call that writes a file, as coding agents get it
		parts := []openai.Part{&openai.ChatChunk{Head: &openai.Head{},
			Choices: []openai.ChunkChoice{{Delta: openai.Delta{ToolCalls: []openai.ToolCallDelta{{ID: "t", Name: "write"}}}}}}}
		for _, piece := range append(append([]string{`{"text":"`}, slices.Repeat([]string{`some \"of`, ` it\n`}, n/2)...),
			`"}`) {
			parts = append(parts, &openai.ChatChunk{Head: &openai.Head{},
				Choices: []openai.ChunkChoice{{Delta: openai.Delta{ToolCalls: []openai.ToolCallDelta{{Arguments: piece}}}}}})
		}
		return parts
	}
	calls := func(n int) []openai.Part {
		var parts []openai.Part
		for i := range n {
			parts = append(parts, &openai.ChatChunk{Head: &openai.Head{},
				Choices: []openai.ChunkChoice{
					{Delta: openai.Delta{ToolCalls: []openai.ToolCallDelta{{Index: i, ID: "t", Name: "f",
						Arguments: `{"a":"b@example.org"}`}}}}}})
		}
		return parts
	}
	content := func(n int) []openai.Part {
		var parts []openai.Part
		for range n {
			parts = append(parts, &openai.ChatChunk{Head: &openai.Head{},
				Choices: []openai.ChunkChoice{{Delta: openai.Delta{Content: "the mill <EMAIL_1> by "}}}})
		}
		return parts
	}
	for name, c := range map[string]struct {
		n    int
		make func(n int) []openai.Part
		rest string
	}{
		"a long string of arguments": {20_000, file, ""},
		"many calls":                 {1000, calls, ""},
		"content":                    {600, content, ""},
		"content that is no JSON":    {10_000, content, `,"response_format":{"type":"json_object"}`},
		"a plain answer": {200, func(n int) []openai.Part {
			text := strings.Repeat("Write to Anna Becker, ann@example.org. ", n)
			return []openai.Part{&openai.ChatResponse{Choices: []openai.Choice{{Message: openai.ReplyMessage{Content: &text}}}}}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			growthtest.Check(t, c.n, func(n int) func() {
				return func() {
					m := &model{parts: c.make(n)}
					reply, err := inspect(m.handle)(t.Context(),
						callOf(t, `{"model":"m","messages":[{"role":"user","content":"I am ann@example.org"}]`+c.rest+`}`))
					drain(t, reply, err)
				}
			})
		})
	}
}

// TestMendA2GrowthOfRequests inspects and reckons requests of n parts, and takes down what they say.
func TestMendA2GrowthOfRequests(t *testing.T) {
	inspect := inspect.Inspect(guardOf(t, tokenizing), telemetry.New())
	for name, c := range map[string]struct {
		n    int
		body func(n int) string
	}{
		"messages": {300, func(n int) string { return listed(n, `{"role":"user","content":"to a%d@example.org"}`) }},
		"parts": {200, func(n int) string {
			return `{"role":"user","content":[` + listed(n, `{"type":"text","text":"to a%d@example.org"}`) + `]}`
		}},
		"calls": {300, func(n int) string {
			return `{"role":"assistant","tool_calls":[` +
				listed(n, `{"id":"c%d","type":"function","function":{"name":"f","arguments":"{\"to\":\"a%d@example.org\"}"}}`) +
				`]}`
		}},
		"images": {300, func(n int) string {
			return `{"role":"user","content":[` +
				listed(n, `{"type":"image_url","image_url":{"url":"https://example.org/%d.png"}}`) + `]}`
		}},
	} {
		t.Run(name, func(t *testing.T) {
			growthtest.Check(t, c.n, func(n int) func() {
				body := `{"model":"m","messages":[` + c.body(n) + `]}`
				return func() {
					m := &model{parts: plainAnswer("done")}
					own := keyed(callOf(t, body).Request.(*openai.ChatRequest))
					own.ID = "c1"
					reply, err := inspect(func(ctx context.Context, c *call.Call) (call.Reply, error) {
						call.Reckon(c, 100)
						return m.handle(ctx, c)
					})(t.Context(), own)
					drain(t, reply, err)
				}
			})
		})
	}
}

// TestMendA2GrowthOfRecords takes down requests and answers of n things.
func TestMendA2GrowthOfRecords(t *testing.T) {
	l, handle := taken(t), recorded(strings.ToUpper)
	// for the digest of each call takes a kilobyte, which is dearer to reach the more there are
	words := strings.Repeat("some words ", 40)
	for name, c := range map[string]struct {
		ask    func(n int) *openai.ChatRequest
		answer func(n int) []openai.Part
	}{
		"messages": {func(n int) *openai.ChatRequest {
			return callOf(t, `{"model":"m","messages":[`+listed(n, `{"role":"user","content":"to %d"}`)+`]}`).Request.(*openai.ChatRequest)
		}, func(int) []openai.Part { return plainAnswer("done") }},
		"calls": {func(int) *openai.ChatRequest { return &openai.ChatRequest{Model: "m"} }, func(n int) []openai.Part {
			var calls []openai.ToolCall
			for i := range n {
				calls = append(calls, openai.ToolCall{ID: fmt.Sprint("c", i),
					Function: openai.FunctionCall{Name: "f", Arguments: &words}})
			}
			return []openai.Part{&openai.ChatResponse{
				Choices: []openai.Choice{{Message: openai.ReplyMessage{ToolCalls: calls}}}}}
		}},
		"pieces of a stream": {func(int) *openai.ChatRequest { return &openai.ChatRequest{Model: "m", Stream: true} },
			func(n int) []openai.Part {
				var parts []openai.Part
				for i := range n {
					parts = append(parts, &openai.ChatChunk{Head: &openai.Head{}, Choices: []openai.ChunkChoice{{Delta: openai.Delta{
						Content: "so ", ToolCalls: []openai.ToolCallDelta{{Index: i, ID: "c", Name: "f", Arguments: words}}}}}})
				}
				return parts
			}},
	} {
		t.Run(name, func(t *testing.T) {
			growthtest.Check(t, 80, func(n int) func() {
				call := keyed(c.ask(n))
				call.ID, call.Principal.Rights = "c1", &access.Rights{StoreText: true}
				m := &model{parts: c.answer(n)}
				return func() {
					entry := entryOf(t, l, call)
					reply, err := handle(m.handle)(t.Context(), call)
					drain(t, reply, err)
					entry.Keep(time.Now())
				}
			})
		})
	}
}
