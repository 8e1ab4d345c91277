package chat

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/go-json-experiment/json/jsontext"

	"outcrop/internal/catalog"
	"outcrop/internal/test/golden"
	"outcrop/openai"
	"outcrop/translate"
)

var (
	toolName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
	toolID   = regexp.MustCompile(`^[a-zA-Z0-9_.:-]{1,64}$`)
)

// barsPoint tells whether a cache point may not stand directly after a block.
func barsPoint(row *catalog.Model, b types.ContentBlock) bool {
	switch b.(type) {
	case *types.ContentBlockMemberText:
		return false
	case *types.ContentBlockMemberCachePoint, *types.ContentBlockMemberDocument, *types.ContentBlockMemberVideo,
		*types.ContentBlockMemberReasoningContent:
		return true
	}
	return row.Caps.Caching.AfterText
}

// complaints lists what Bedrock would refuse of a conversation (R-RPL-13, FACTS 2.1 to 2.3 and 2.9).
func complaints(in *bedrockruntime.ConverseInput, row *catalog.Model) (list []string) {
	bad := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if len(in.Messages) == 0 {
		bad("no messages")
		return list
	}
	if in.Messages[0].Role != types.ConversationRoleUser && row.Caps.LeadingAssistantOK != catalog.Yes {
		bad("it starts with %s", in.Messages[0].Role)
	}
	var open []string
	blocks := false
	for i, m := range in.Messages {
		if i > 0 && in.Messages[i-1].Role == m.Role {
			bad("turn %d has the role of the turn before", i)
		}
		if len(m.Content) == 0 {
			bad("turn %d is empty", i)
		}
		var calls, results []string
		others := 0
		for j, b := range m.Content {
			switch b := b.(type) {
			case *types.ContentBlockMemberText:
				others++
				if strings.TrimSpace(b.Value) == "" {
					bad("turn %d block %d is blank", i, j)
				}
			case *types.ContentBlockMemberToolUse:
				calls = append(calls, *b.Value.ToolUseId)
				if name := *b.Value.Name; !toolName.MatchString(name) || row.Caps.ToolNamePattern == "word" &&
					strings.Contains(name, "-") {
					bad("turn %d: name %q", i, name)
				}
				if id := *b.Value.ToolUseId; !toolID.MatchString(id) || row.Caps.ToolIDPattern == "alnum9" && len(id) != 9 {
					bad("turn %d: id %q", i, id)
				}
				if doc, err := b.Value.Input.MarshalSmithyDocument(); err != nil || jsontext.Value(doc).Kind() != '{' ||
					!jsontext.Value(doc).IsValid(jsontext.AllowDuplicateNames(true)) {
					bad("turn %d: input %s", i, doc)
				}
			case *types.ContentBlockMemberToolResult:
				results = append(results, *b.Value.ToolUseId)
				if len(b.Value.Content) == 0 {
					bad("turn %d: empty result", i)
				}
				if others > 0 {
					bad("turn %d: a result after other content", i)
				}
			case *types.ContentBlockMemberCachePoint:
				if j == 0 || barsPoint(row, m.Content[j-1]) {
					bad("turn %d: a misplaced cache point", i)
				}
			default:
				others++
			}
		}
		blocks = blocks || len(calls)+len(results) > 0
		if !slices.Equal(results, open) {
			bad("turn %d answers %q, but the calls were %q", i, results, open)
		}
		if others > 0 && len(results) > 0 && row.Caps.ToolResultAlone == catalog.Yes {
			bad("turn %d: content beside results", i)
		}
		sorted := slices.Sorted(slices.Values(calls))
		if len(slices.Compact(sorted)) != len(calls) {
			bad("turn %d: repeated ids %q", i, calls)
		}
		if m.Role == types.ConversationRoleUser && len(calls) > 0 || m.Role == types.ConversationRoleAssistant &&
			len(results) > 0 {
			bad("turn %d: a block of the other role", i)
		}
		open = calls
	}
	if len(open) > 0 {
		bad("the calls %q have no results", open)
	}
	if tools := in.ToolConfig != nil && len(in.ToolConfig.Tools) > 0; blocks && !tools || in.ToolConfig != nil && !tools {
		bad("tool blocks %v, tools %v", blocks, tools)
	}
	for _, s := range in.System {
		if x, ok := s.(*types.SystemContentBlockMemberText); ok && x.Value == "" {
			bad("an empty system text")
		}
	}
	return list
}

// anyConversation makes up a conversation that OpenAI's schema allows, however odd.
func anyConversation(r *rand.Rand) *openai.ChatRequest {
	texts := []string{"", " ", "Hi", "x \n", "{}", `{"a":1}`, "\t", "é"}
	ids := []string{"call_1", "call_2", "call_3", "bad id", "", strings.Repeat("x", 70), "call_1-2"}
	names := []string{"f", "g", "a.b", "a-b", "a_b", "", strings.Repeat("n", 80), "unnamed_tool"}
	args := []string{"", "{}", "null", `{"n":1}`, "[1]", `{"cut`, `"s"`}
	pick := func(list []string) *string { return &list[r.IntN(len(list))] }
	content := func() *openai.Content {
		switch r.IntN(4) {
		case 0:
			return &openai.Content{Parts: []openai.ContentPart{{Type: "text", Text: pick(texts)},
				{Type: "text", Text: pick(texts), CacheControl: &openai.CacheControl{}}}}
		case 1:
			return &openai.Content{Parts: []openai.ContentPart{{Type: "text", Text: pick(texts)}}}
		}
		return &openai.Content{Text: *pick(texts)}
	}
	req := &openai.ChatRequest{Model: "m"}
	for range r.IntN(10) {
		switch r.IntN(7) {
		case 0:
			req.Messages = append(req.Messages, openai.Message{Role: "system", Content: content()})
		case 1, 2:
			m := openai.Message{Role: "user", Content: content()}
			if r.IntN(3) == 0 {
				m.Name = pick(names)
			}
			if r.IntN(5) == 0 {
				png := "data:image/png;base64,iVBORw0KGgo="
				m.Content = &openai.Content{Parts: []openai.ContentPart{{Type: "image_url", ImageURL: &openai.ImageURL{URL: png}}}}
			}
			req.Messages = append(req.Messages, m)
		case 3, 4:
			m := openai.Message{Role: "assistant"}
			if r.IntN(2) == 0 {
				m.Content = content()
			}
			for range r.IntN(3) {
				m.ToolCalls = append(m.ToolCalls,
					openai.ToolCall{ID: *pick(ids), Type: "function",
						Function: openai.FunctionCall{Name: *pick(names), Arguments: pick(args)}})
			}
			if r.IntN(6) == 0 {
				m.FunctionCall = &openai.FunctionCall{Name: *pick(names), Arguments: pick(args)}
			}
			m.ReasoningDetails = []openai.ReasoningDetail{{Type: openai.ReasoningText, Text: "t", Signature: "s",
				Format: "bedrock.claude"}}
			req.Messages = append(req.Messages, m)
		case 5:
			req.Messages = append(req.Messages, openai.Message{Role: "tool", ToolCallID: pick(ids), Content: content()})
		case 6:
			req.Messages = append(req.Messages, openai.Message{Role: "function", Name: pick(names), Content: content()})
		}
	}
	if r.IntN(2) == 0 {
		for _, n := range []string{"f", "a.b", strings.Repeat("n", 80)} {
			req.Tools = append(req.Tools, openai.Tool{Type: "function", Function: openai.Function{Name: n}})
		}
		if r.IntN(3) == 0 {
			req.ToolChoice = &openai.ToolChoice{Mode: []string{"none", "required", "auto"}[r.IntN(3)]}
		}
	}
	if r.IntN(3) == 0 {
		req.ReasoningEffort = pick([]string{"none", "low", "high"})
	}
	return req
}

func TestAnyHistoryIsAccepted(t *testing.T) {
	t.Run("R-RPL-13 R-RPL-14 R-MSG-05 R-MSG-12 R-CACHE-03", func(t *testing.T) {
		for seed := range uint64(20000) {
			r := rand.New(rand.NewPCG(seed, 1))
			req := anyConversation(r)
			row := &rows[r.IntN(len(rows))]
			o := translate.Options{DeclareHistory: r.IntN(4) == 0}
			in, c, err := Input(req, catalog.Target{Row: row, Public: row.ID, CalledID: row.ID}, o)
			if err != nil {
				// no tools, no eyes
				if f := golden.FaultOf(err); f.Code != openai.CodeUnsupported && f.Code != openai.CodeUnsupportedValue {
					t.Fatalf("seed %d on %s: %+v", seed, row.ID, f)
				}
				continue
			}
			for _, complaint := range complaints(in, row) {
				t.Errorf("seed %d on %s: %s", seed, row.ID, complaint)
			}
			wireBody(t, in, &c, false)
			if t.Failed() {
				t.FailNow()
			}
		}
	})
}

// TestEveryRowOfTheCatalogue takes made-up conversations through every chat row, whatever its gifts.
func TestEveryRowOfTheCatalogue(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	passed := 0
	for _, row := range catalog.Default().Models() {
		if row.Kind != catalog.Chat {
			continue
		}
		for range 40 {
			in, c, err := Input(anyConversation(r), catalog.Target{Row: row, Public: row.ID, CalledID: row.ID},
				translate.Options{})
			if err != nil {
				continue // refused for tools or images, as the table test sees
			}
			passed++
			wireBody(t, in, &c, true)
			for _, complaint := range complaints(in, row) {
				t.Errorf("R-RPL-13 %s: %s", row.ID, complaint)
			}
		}
	}
	if passed < 1000 {
		t.Errorf("only %d conversations passed", passed)
	}
}

// FuzzChatInput takes any body that decodes through the way in, for every family.
func FuzzChatInput(f *testing.F) {
	for _, dir := range goldenFolders(f, "openai_request.json") {
		f.Add(readFile(f, dir+"/openai_request.json"), uint8(0))
	}
	f.Fuzz(func(t *testing.T, body []byte, which uint8) {
		req, fault := openai.DecodeChat(body)
		if fault != nil || openai.Validate(req) != nil {
			return
		}
		row := &rows[int(which)%len(rows)]
		in, c, err := Input(req, catalog.Target{Row: row, Public: row.ID, CalledID: row.ID},
			translate.Options{Strict: which&128 != 0})
		if err != nil {
			if f := golden.FaultOf(err); f.Status != 400 || f.Code == "" {
				t.Fatalf("%+v", f)
			}
			return
		}
		if h := c.Adjusted.Header(); len(h) > 2000 || strings.ContainsAny(h, "\r\n") {
			t.Fatalf("R-GEN-03 header %q", h)
		}
		wireBody(t, in, &c, req.Stream)
		for _, complaint := range complaints(in, row) {
			t.Errorf("R-RPL-13 %s", complaint)
		}
	})
}
