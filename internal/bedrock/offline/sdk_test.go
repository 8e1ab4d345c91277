package offline

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	bedrocktypes "github.com/aws/aws-sdk-go-v2/service/bedrock/types"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"

	"outcrop/internal/bedrock/offline/answer"
	"outcrop/internal/bedrock/offline/guardrail"
	"outcrop/internal/bedrock/offline/wire"
)

func user(blocks ...types.ContentBlock) types.Message {
	return types.Message{Role: types.ConversationRoleUser, Content: blocks}
}

func say(t string) types.ContentBlock { return &types.ContentBlockMemberText{Value: t} }

func weatherTools() *types.ToolConfiguration {
	return &types.ToolConfiguration{Tools: []types.Tool{
		spec("get_weather", map[string]any{"type": "object", "properties": map[string]any{
			"city": map[string]any{"type": "string"},
			"unit": map[string]any{"type": "string", "enum": []any{"celsius", "fahrenheit"}},
		}, "required": []any{"city"}}),
		spec("get_time", map[string]any{"type": "object", "properties": map[string]any{}}),
	}}
}

func spec(name string, schema map[string]any) types.Tool {
	return &types.ToolMemberToolSpec{Value: types.ToolSpecification{
		Name: aws.String(name), InputSchema: &types.ToolInputSchemaMemberJson{Value: document.NewLazyDocument(schema)},
	}}
}

func TestConverse(t *testing.T) {
	c := runtimeClient(start(t), 1)
	out, err := c.Converse(context.Background(), &bedrockruntime.ConverseInput{
		ModelId: aws.String(novaLite),
		System:  []types.SystemContentBlock{&types.SystemContentBlockMemberText{Value: "Be short."}},
		Messages: []types.Message{
			user(say("Hello")), {Role: types.ConversationRoleAssistant, Content: []types.ContentBlock{say("Hi")}},
			user(say("Say <this> & that")),
		},
		ServiceTier: &types.ServiceTier{Type: types.ServiceTierTypeFlex},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := out.Output.(*types.ConverseOutputMemberMessage).Value.Content[0].(*types.ContentBlockMemberText).Value
	for _, part := range []string{novaLite, "3 turns", "system prompt", "Say <this> & that"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is missing in %q", part, got)
		}
	}
	u := out.Usage
	if *u.TotalTokens != *u.InputTokens+*u.OutputTokens || *u.InputTokens < 8 ||
		*u.OutputTokens != int32(wire.Tokens(len(got))) {
		t.Errorf("usage %d + %d = %d", *u.InputTokens, *u.OutputTokens, *u.TotalTokens)
	}
	if out.StopReason != types.StopReasonEndTurn || out.ServiceTier.Type != types.ServiceTierTypeFlex ||
		*out.Metrics.LatencyMs == 0 {
		t.Errorf("stop %s, tier %v", out.StopReason, out.ServiceTier)
	}
}

// A whole tool loop: two calls in one turn, arguments that fit, an answer from the results.
func TestToolLoop(t *testing.T) {
	c := runtimeClient(start(t), 1)
	ask := user(say("Please get_time and the weather in San Francisco, in fahrenheit."))
	in := &bedrockruntime.ConverseInput{ModelId: aws.String(sonnet45), Messages: []types.Message{ask},
		ToolConfig: weatherTools()}
	out, err := c.Converse(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	said := out.Output.(*types.ConverseOutputMemberMessage).Value
	var results []types.ContentBlock
	var called []string
	for _, b := range said.Content {
		use, ok := b.(*types.ContentBlockMemberToolUse)
		if !ok {
			continue
		}
		called = append(called, *use.Value.Name)
		if *use.Value.Name == "get_weather" {
			args := map[string]any{}
			if err := use.Value.Input.UnmarshalSmithyDocument(&args); err != nil || args["city"] != "San Francisco" ||
				args["unit"] != "fahrenheit" {
				t.Errorf("arguments %v (%v)", args, err)
			}
		}
		// "tool_use" is on the wire but not in the model, and must not come back as a type.
		results = append(results,
			&types.ContentBlockMemberToolResult{Value: types.ToolResultBlock{ToolUseId: use.Value.ToolUseId,
				Content: []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberText{Value: "result of " +
					*use.Value.Name}}}})
		use.Value.Type = ""
	}
	if out.StopReason != types.StopReasonToolUse || !slices.Equal(called, []string{"get_weather", "get_time"}) {
		t.Fatalf("stop %s, called %v", out.StopReason, called)
	}
	in.Messages = []types.Message{ask, said, user(results...)}
	out, err = c.Converse(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	final := out.Output.(*types.ConverseOutputMemberMessage).Value.Content[0].(*types.ContentBlockMemberText).Value
	if out.StopReason != types.StopReasonEndTurn ||
		!strings.Contains(final, "get_weather returned: result of get_weather") ||
		!strings.Contains(final, "result of get_time") {
		t.Errorf("stop %s, final %q", out.StopReason, final)
	}
}

func TestForcedChoice(t *testing.T) {
	s := newServer(t)
	const tools = `"tools":[{"toolSpec":{"name":"alpha","inputSchema":{"json":{"type":"object"}}}},{"toolSpec":{"name":"beta","inputSchema":{"json":{"type":"object"}}}}]`
	for name, c := range map[string]struct{ text, choice, native, want string }{
		"any takes the first":        {"Hello", `{"any":{}}`, "", "alpha"},
		"any takes what is asked":    {"use beta", `{"any":{}}`, "", "beta"},
		"tool":                       {"Hello", `{"tool":{"name":"beta"}}`, "", "beta"},
		"auto without asking":        {"Hello", `{"auto":{}}`, "", ""},
		"both":                       {"alpha and beta", `{"auto":{}}`, "", "alpha beta"},
		"disable_parallel_tool_use":  {"alpha and beta", "", `{"type":"auto","disable_parallel_tool_use":true}`, "alpha"},
		"native none":                {"alpha and beta", "", `{"type":"none"}`, ""},
		"native choice of one tool":  {"Hello", "", `{"type":"tool","name":"beta"}`, "beta"},
		"native choice of any tools": {"Hello", "", `{"type":"any"}`, "alpha"},
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"messages":[{"role":"user","content":[{"text":"` + c.text + `"}]}],"toolConfig":{` + tools
			if c.choice != "" {
				body += `,"toolChoice":` + c.choice
			}
			body += `}`
			if c.native != "" {
				body += `,"additionalModelRequestFields":{"tool_choice":` + c.native + `}`
			}
			rep := s.converse(sonnet45, []byte(body+`}`), false)
			var got []string
			for _, b := range contentOfReply(t, rep) {
				if use, ok := b["toolUse"].(map[string]any); ok {
					got = append(got, use["name"].(string))
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("called %v, want %q", got, c.want)
			}
		})
	}
}

func contentOfReply(t testing.TB, rep *wire.Reply) []map[string]any {
	t.Helper()
	var out struct {
		Output struct {
			Message struct {
				Content []map[string]any `json:"content"`
			} `json:"message"`
		} `json:"output"`
	}
	if err := json.Unmarshal(rep.Body, &out); err != nil || rep.Status != 200 {
		t.Fatalf("%d %s %v", rep.Status, rep.Body, err)
	}
	return out.Output.Message.Content
}

// folded joins a stream to what Converse would say, and checks the order of FACTS 1.4.
type folded struct {
	text, thinking, signature, input, tool string
	stop                                   types.StopReason
	usage                                  *types.TokenUsage
	events                                 []string
	deltas                                 int
}

func fold(t *testing.T, stream *bedrockruntime.ConverseStreamEventStream) (f folded) {
	t.Helper()
	defer stream.Close()
	for event := range stream.Events() {
		switch e := event.(type) {
		case *types.ConverseStreamOutputMemberMessageStart:
			f.events = append(f.events, "messageStart")
		case *types.ConverseStreamOutputMemberContentBlockStart:
			f.events = append(f.events, "start")
			f.tool = *e.Value.Start.(*types.ContentBlockStartMemberToolUse).Value.Name
		case *types.ConverseStreamOutputMemberContentBlockDelta:
			f.deltas++
			switch d := e.Value.Delta.(type) {
			case *types.ContentBlockDeltaMemberText:
				f.text += d.Value
			case *types.ContentBlockDeltaMemberToolUse:
				f.input += *d.Value.Input
			case *types.ContentBlockDeltaMemberReasoningContent:
				switch r := d.Value.(type) {
				case *types.ReasoningContentBlockDeltaMemberText:
					f.thinking += r.Value
				case *types.ReasoningContentBlockDeltaMemberSignature:
					f.signature += r.Value
				}
			}
			if f.events[len(f.events)-1] != "delta" {
				f.events = append(f.events, "delta")
			}
		case *types.ConverseStreamOutputMemberContentBlockStop:
			f.events = append(f.events, "stop")
		case *types.ConverseStreamOutputMemberMessageStop:
			f.events, f.stop = append(f.events, "messageStop"), e.Value.StopReason
		case *types.ConverseStreamOutputMemberMetadata:
			f.events, f.usage = append(f.events, "metadata"), e.Value.Usage
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestConverseStream(t *testing.T) {
	c := runtimeClient(start(t), 1)
	for _, model := range []string{sonnet45, nova2, "openai.gpt-oss-120b-1:0"} {
		t.Run(model, func(t *testing.T) {
			messages := []types.Message{user(say("What is the weather in Rome?"))}
			plain, err := c.Converse(context.Background(), &bedrockruntime.ConverseInput{ModelId: aws.String(model),
				Messages: messages, ToolConfig: weatherTools()})
			if err != nil {
				t.Fatal(err)
			}
			out, err := c.ConverseStream(context.Background(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(model),
				Messages: messages, ToolConfig: weatherTools()})
			if err != nil {
				t.Fatal(err)
			}
			f := fold(t, out.GetStream())
			var want folded
			for _, b := range plain.Output.(*types.ConverseOutputMemberMessage).Value.Content {
				switch b := b.(type) {
				case *types.ContentBlockMemberText:
					want.text += b.Value
				case *types.ContentBlockMemberToolUse:
					want.tool = *b.Value.Name
				}
			}
			if f.text != want.text || f.tool != want.tool || f.input != `{"city":"Rome","unit":"celsius"}` ||
				f.stop != plain.StopReason ||
				*f.usage.TotalTokens != *plain.Usage.TotalTokens {
				t.Errorf("stream %+v\nplain %+v %s %d", f, want, plain.StopReason, *plain.Usage.TotalTokens)
			}
			if f.events[0] != "messageStart" ||
				!slices.Equal(f.events[len(f.events)-5:], []string{"start", "delta", "stop", "messageStop", "metadata"}) {
				t.Errorf("order %v", f.events)
			}
			if f.deltas < 4 {
				t.Errorf("only %d deltas", f.deltas)
			}
		})
	}
}

// Reasoning in the form of each family, and its replay: a signature is checked against the text.
func TestReasoning(t *testing.T) {
	s := newServer(t)
	for model, c := range map[string]struct{ native, kind string }{
		sonnet45:                     {`{"thinking":{"type":"enabled","budget_tokens":1024}}`, "signed"},
		sonnet46:                     {`{"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}}`, "signed"},
		sonnet5:                      {`{"thinking":{"type":"adaptive","display":"summarized"}}`, "signed"},
		fable:                        {`{}`, "hidden"},
		"us.anthropic.claude-opus-5": {`{}`, "hidden"},
		opus47:                       {`{}`, "none"},
		haiku:                        {`{}`, "none"},
		nova2:                        {`{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"low"}}`, "redacted text"},
		"openai.gpt-oss-120b-1:0":    {`{"reasoning_effort":"low"}`, "unsigned"},
		"us.deepseek.r1-v1:0":        {`{}`, "unsigned"},
		"deepseek.v3-v1:0":           {`{"reasoning_config":"low"}`, "unsigned"},
		"minimax.minimax-m2":         {`{}`, "unsigned"},
		novaLite:                     {`{}`, "none"},
	} {
		t.Run(model, func(t *testing.T) {
			rep := s.converse(model, []byte(
				`{"messages":[{"role":"user","content":[{"text":"Hi"}]}],"additionalModelRequestFields":`+c.native+`}`), false)
			kind, at := "none", -1
			for i, b := range contentOfReply(t, rep) {
				content, _ := b["reasoningContent"].(map[string]any)
				r, ok := content["reasoningText"].(map[string]any)
				if !ok {
					continue
				}
				at = i
				switch {
				case r["text"] == "[REDACTED]":
					kind = "redacted text"
				case r["signature"] != nil && r["text"] == "":
					kind = "hidden"
				case r["signature"] != nil:
					kind = "signed"
				default:
					kind = "unsigned"
				}
			}
			if kind != c.kind || (model == "us.deepseek.r1-v1:0" && at != 1) {
				t.Errorf("reasoning %q at %d, want %q: %s", kind, at, c.kind, rep.Body)
			}
		})
	}
}

func TestReasoningReplay(t *testing.T) {
	s := newServer(t)
	const think = `"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024}}`
	first := s.converse(sonnet45, []byte(`{"messages":[{"role":"user","content":[{"text":"Hi"}]}],`+think+`}`), false)
	turn := wire.Marshal(contentOfReply(t, first))
	again := func(content string) *wire.Reply {
		return s.converse(sonnet45,
			[]byte(`{"messages":[{"role":"user","content":[{"text":"Hi"}]},{"role":"assistant","content":`+content+
				`},{"role":"user","content":[{"text":"On"}]}],`+think+`}`), false)
	}
	if rep := again(string(turn)); rep.Status != 200 {
		t.Errorf("unchanged reasoning is refused: %s", rep.Body)
	}
	altered := strings.Replace(string(turn), "There are", "There were", 1)
	if rep := again(altered); altered == string(turn) || messageOf(t, rep.Body) != "The model returned the following "+
		"errors: messages.1.content.0: Invalid `signature` in `thinking` block" {
		t.Errorf("altered reasoning: %s", rep.Body)
	}
	hidden := s.converse(sonnet45,
		[]byte(`{"messages":[{"role":"user","content":[{"text":"`+answer.RedactMe+`_46"}]}],`+think+`}`), false)
	block := wire.Marshal(contentOfReply(t, hidden))
	if !strings.Contains(string(block), "redactedContent") || again(string(block)).Status != 200 {
		t.Errorf("redacted reasoning %s", block)
	}
}

func TestLimitsAndStops(t *testing.T) {
	s := newServer(t)
	for name, c := range map[string]struct{ members, stop, text, fields string }{
		"count": {``, "end_turn", "1 2 3 4 5 6 7 8 9 10 11 12", ""},
		"stop": {`"inferenceConfig":{"stopSequences":["9","7"]},"additionalModelResponseFieldPaths":["/stop_sequence"],`,
			"stop_sequence", "1 2 3 4 5 6 ", "7"},
		"limit": {`"inferenceConfig":{"maxTokens":2},`, "max_tokens", "1 2 3 4 ", ""},
		"no match": {`"inferenceConfig":{"maxTokens":2000,"stopSequences":["x"]},`, "end_turn", "1 2 3 4 5 6 7 8 9 10 11 12",
			""},
	} {
		t.Run(name, func(t *testing.T) {
			rep := s.converse(novaLite, []byte(`{`+c.members+`"messages":[{"role":"user","content":[{"text":"count to 12"}]}]}`),
				false)
			var out struct {
				StopReason string `json:"stopReason"`
				Fields     struct {
					Stop string `json:"stop_sequence"`
				} `json:"additionalModelResponseFields"`
			}
			if err := json.Unmarshal(rep.Body, &out); err != nil {
				t.Fatal(err)
			}
			got := contentOfReply(t, rep)[0]["text"]
			if got != c.text || out.StopReason != c.stop || out.Fields.Stop != c.fields {
				t.Errorf("%q %s %q", got, out.StopReason, out.Fields.Stop)
			}
		})
	}
}

// Cache reads and writes over two equal calls, with the arithmetic of FACTS 1.3.
func TestPromptCache(t *testing.T) {
	c := runtimeClient(start(t), 1)
	call := func() *types.TokenUsage {
		out, err := c.Converse(context.Background(), &bedrockruntime.ConverseInput{
			ModelId: aws.String(sonnet45),
			System: []types.SystemContentBlock{&types.SystemContentBlockMemberText{Value: strings.Repeat("many words ", 1000)},
				&types.SystemContentBlockMemberCachePoint{Value: types.CachePointBlock{Type: types.CachePointTypeDefault}}},
			Messages: []types.Message{user(say("Hello"))},
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.Usage
	}
	first, second := call(), call()
	if *first.CacheWriteInputTokens != 2750 || *first.CacheReadInputTokens != 0 || *second.CacheReadInputTokens != 2750 ||
		*second.CacheWriteInputTokens != 0 {
		t.Errorf("first write %d read %d, second write %d read %d", *first.CacheWriteInputTokens, *first.CacheReadInputTokens,
			*second.CacheWriteInputTokens, *second.CacheReadInputTokens)
	}
	for _, u := range []*types.TokenUsage{first, second} {
		if *u.TotalTokens != *u.InputTokens+*u.OutputTokens+*u.CacheReadInputTokens+*u.CacheWriteInputTokens {
			t.Errorf("total %d does not add up", *u.TotalTokens)
		}
	}
	if len(first.CacheDetails) != 1 || *first.CacheDetails[0].InputTokens != 2750 {
		t.Errorf("cache details %v", first.CacheDetails)
	}
}

func TestGuardrail(t *testing.T) {
	c := runtimeClient(start(t), 1)
	call := func(said string, trace types.GuardrailTrace) *bedrockruntime.ConverseOutput {
		out, err := c.Converse(context.Background(), &bedrockruntime.ConverseInput{ModelId: aws.String(novaLite),
			Messages: []types.Message{user(say(said))},
			GuardrailConfig: &types.GuardrailConfiguration{GuardrailIdentifier: aws.String("abc123"),
				GuardrailVersion: aws.String("1"), Trace: trace}})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	said := func(out *bedrockruntime.ConverseOutput) string {
		return out.Output.(*types.ConverseOutputMemberMessage).Value.Content[0].(*types.ContentBlockMemberText).Value
	}
	blocked := call("please BLOCKME", types.GuardrailTraceEnabled)
	if blocked.StopReason != types.StopReasonGuardrailIntervened || said(blocked) != guardrail.BlockedInput ||
		*blocked.Usage.TotalTokens != 0 ||
		*blocked.Trace.Guardrail.ActionReason != "Guardrail blocked." ||
		blocked.Trace.Guardrail.InputAssessment["abc123"].TopicPolicy.Topics[0].Action != types.GuardrailTopicPolicyActionBlocked {
		t.Errorf("blocked: %s %q %+v", blocked.StopReason, said(blocked), blocked.Trace)
	}
	mask := call("please MASKME", types.GuardrailTraceEnabled)
	if mask.StopReason != types.StopReasonGuardrailIntervened || !strings.Contains(said(mask), "please {MASKED}") ||
		*mask.Usage.TotalTokens == 0 ||
		mask.Trace.Guardrail.OutputAssessments["abc123"][0].SensitiveInformationPolicy.PiiEntities[0].Action != types.GuardrailSensitiveInformationPolicyActionAnonymized {
		t.Errorf("masked: %s %q", mask.StopReason, said(mask))
	}
	if fine := call("please", types.GuardrailTraceDisabled); fine.StopReason != types.StopReasonEndTurn ||
		fine.Trace != nil {
		t.Errorf("untouched: %s %v", fine.StopReason, fine.Trace)
	}
}

func TestStructuredOutput(t *testing.T) {
	s := newServer(t)
	schema := `{"type":"object","properties":{"city":{"type":"string"},"size":{"type":"integer"}},"required":["city","size"],"additionalProperties":false}`
	rep := s.converse(sonnet45,
		[]byte(`{"messages":[{"role":"user","content":[{"text":"Tell me about Paris"}]}],"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":`+
			string(wire.Marshal(schema))+`}}}}}`), false)
	if got := contentOfReply(t, rep)[0]["text"]; got != `{"city":"Paris","size":1}` {
		t.Errorf("got %v", got)
	}
}

func TestCountTokens(t *testing.T) {
	c := runtimeClient(start(t), 1)
	out, err := c.CountTokens(context.Background(),
		&bedrockruntime.CountTokensInput{ModelId: aws.String("anthropic.claude-sonnet-4-20250514-v1:0"),
			Input: &types.CountTokensInputMemberConverse{
				Value: types.ConverseTokensRequest{Messages: []types.Message{user(say("Hello, world!"))}}}})
	if err != nil || *out.InputTokens != 7 {
		t.Errorf("count %v, %v", out, err)
	}
	_, err = c.CountTokens(context.Background(), &bedrockruntime.CountTokensInput{ModelId: aws.String(haiku),
		Input: &types.CountTokensInputMemberInvokeModel{Value: types.InvokeModelTokensRequest{Body: []byte(`{}`)}}})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorMessage() != cannotCount {
		t.Errorf("profile id: %v", err)
	}
}

func TestControlPlane(t *testing.T) {
	ts := start(t)
	c, ctx := controlClient(ts), context.Background()
	models, err := c.ListFoundationModels(ctx,
		&bedrock.ListFoundationModelsInput{ByOutputModality: bedrocktypes.ModelModalityEmbedding})
	if err != nil || len(models.ModelSummaries) < 8 {
		t.Fatalf("embedding models: %v, %v", models, err)
	}
	for _, m := range models.ModelSummaries {
		if *m.ModelId == "" || !slices.Contains(m.OutputModalities, bedrocktypes.ModelModalityEmbedding) ||
			m.ModelLifecycle.Status == "" {
			t.Errorf("summary %+v", m)
		}
	}
	one, err := c.GetFoundationModel(ctx, &bedrock.GetFoundationModelInput{ModelIdentifier: aws.String(novaLite)})
	if err != nil || *one.ModelDetails.ModelName != "Nova Lite" || !*one.ModelDetails.ResponseStreamingSupported {
		t.Errorf("model %v, %v", one, err)
	}
	for _, sort := range []bedrocktypes.InferenceProfileType{bedrocktypes.InferenceProfileTypeSystemDefined,
		bedrocktypes.InferenceProfileTypeApplication} {
		seen := map[string]bool{}
		pages := bedrock.NewListInferenceProfilesPaginator(c,
			&bedrock.ListInferenceProfilesInput{TypeEquals: sort, MaxResults: aws.Int32(7)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range page.InferenceProfileSummaries {
				if p.Type != sort || len(p.Models) == 0 || seen[*p.InferenceProfileId] || len(page.InferenceProfileSummaries) > 7 {
					t.Errorf("%s: profile %+v", sort, p)
				}
				seen[*p.InferenceProfileId] = true
			}
		}
		if want := map[bedrocktypes.InferenceProfileType]string{bedrocktypes.InferenceProfileTypeSystemDefined: haiku,
			bedrocktypes.InferenceProfileTypeApplication: "app-nova-lite"}[sort]; !seen[want] || len(seen) < 20 ||
			seen["eu.amazon.nova-lite-v1:0"] {
			t.Errorf("%s: %s is missing among %d", sort, want, len(seen))
		}
	}
	for id, base := range map[string]string{
		haiku: "anthropic.claude-haiku-4-5-20251001-v1:0",
		"arn:aws:bedrock:us-east-1:123456789012:inference-profile/" +
			haiku: "anthropic.claude-haiku-4-5-20251001-v1:0",
		"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/app-nova-lite":    novaLite,
		"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/1arbu5hu2sjr":     "anthropic.claude-haiku-4-5-20251001-v1:0",
		"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/team-nova-2-lite": "amazon.nova-2-lite-v1:0",
	} {
		p, err := c.GetInferenceProfile(ctx, &bedrock.GetInferenceProfileInput{InferenceProfileIdentifier: aws.String(id)})
		if err != nil || !strings.HasSuffix(*p.Models[0].ModelArn, "/"+base) {
			t.Errorf("%s: %+v, %v", id, p, err)
		}
	}
	_, err = c.GetInferenceProfile(ctx,
		&bedrock.GetInferenceProfileInput{InferenceProfileIdentifier: aws.String("us.nothing")})
	var missing *bedrocktypes.ResourceNotFoundException
	if !errors.As(err, &missing) {
		t.Errorf("unknown profile: %v", err)
	}
}

// Ids with slashes and colons travel as one segment; a bare slash leads to no operation [FACTS 2.10].
func TestPaths(t *testing.T) {
	ts := start(t)
	arn := "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/app-nova-lite"
	out, err := runtimeClient(ts, 1).Converse(context.Background(), &bedrockruntime.ConverseInput{ModelId: aws.String(arn),
		Messages: []types.Message{user(say("Hi"))}})
	if err != nil || !strings.Contains(out.Output.(*types.ConverseOutputMemberMessage).Value.Content[0].(*types.ContentBlockMemberText).Value, novaLite) {
		t.Errorf("ARN: %v", err)
	}
	resp, body := post(t, ts, "/model/"+arn+"/converse", `{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}`)
	if resp.StatusCode != 200 || !strings.Contains(body, "com.amazon.coral.service#UnknownOperationException") {
		t.Errorf("unescaped ARN: %d %s", resp.StatusCode, body)
	}
	if resp.Header.Get("X-Amzn-Requestid") == "" {
		t.Error("no request id")
	}
	resp, body = post(t, ts, "/model/x/converse", `{}`, "Authorization", "")
	if resp.StatusCode != 403 || !strings.HasPrefix(resp.Header.Get("X-Amzn-Errortype"),
		"MissingAuthenticationTokenException:") {
		t.Errorf("unsigned: %d %s", resp.StatusCode, body)
	}
}

// The same request makes the same bytes.
func TestDeterminism(t *testing.T) {
	body := []byte(`{"messages":[{"role":"user","content":[{"text":"the weather in Oslo"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"weather","inputSchema":{"json":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"array","items":{"type":"integer"}}}}}}}]}}`)
	for _, streamed := range []bool{false, true} {
		var first []byte
		for range 5 {
			rep := newServer(t).converse(sonnet45, body, streamed)
			all := slices.Clone(rep.Body)
			for _, f := range rep.Frames {
				all = append(all, f.Bytes...)
			}
			if first == nil {
				first = all
			} else if string(first) != string(all) {
				t.Fatalf("streamed %v: bytes differ", streamed)
			}
		}
	}
}

func embed(t *testing.T, s *Server, model, body string) map[string]any {
	t.Helper()
	rep := s.invoke(model, []byte(body))
	var out map[string]any
	if err := json.Unmarshal(rep.Body, &out); err != nil || rep.Status != 200 {
		t.Fatalf("%s: %d %s", model, rep.Status, rep.Body)
	}
	if rep.Header.Get("X-Amzn-Bedrock-Input-Token-Count") == "" {
		t.Errorf("%s: no token count", model)
	}
	return out
}

func similarity(a, b []any) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i].(float64) * b[i].(float64)
	}
	return sum
}

func TestEmbeddings(t *testing.T) {
	s := newServer(t)
	at := func(v any, path ...any) any {
		for _, p := range path {
			switch p := p.(type) {
			case string:
				v = v.(map[string]any)[p]
			case int:
				v = v.([]any)[p]
			}
		}
		return v
	}
	const novaHead = `{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"GENERIC_INDEX",`
	for _, c := range []struct {
		model, before, after string
		size                 int
		path                 []any
	}{
		{"amazon.titan-embed-text-v1", `{"inputText":`, `}`, 1536, []any{"embedding"}},
		{titanTxt, `{"inputText":`, `}`, 1024, []any{"embedding"}},
		{titanTxt, `{"dimensions":256,"inputText":`, `}`, 256, []any{"embeddingsByType", "float"}},
		{"amazon.titan-embed-image-v1", `{"inputText":`, `,"embeddingConfig":{"outputEmbeddingLength":384}}`, 384,
			[]any{"embedding"}},
		{"cohere.embed-english-v3", `{"input_type":"search_query","texts":[`, `]}`, 1024, []any{"embeddings", 0}},
		{"cohere.embed-multilingual-v3", `{"input_type":"search_query","embedding_types":["float"],"texts":[`, `]}`, 1024,
			[]any{"embeddings", "float", 0}},
		{"cohere.embed-v4:0", `{"input_type":"search_query","texts":[`, `]}`, 1536, []any{"embeddings", "float", 0}},
		{"us.cohere.embed-v4:0", `{"input_type":"search_query","output_dimension":512,"inputs":[{"content":[{"type":"text","text":`, `}]}]}`, 512, []any{"embeddings", "float", 0}},
		{"amazon.nova-2-multimodal-embeddings-v1:0", novaHead + `"text":{"truncationMode":"END","value":`, `}}}`, 3072,
			[]any{"embeddings", 0, "embedding"}},
		{"amazon.nova-2-multimodal-embeddings-v1:0",
			novaHead + `"embeddingDimension":384,"text":{"truncationMode":"END","value":`, `}}}`, 384,
			[]any{"embeddings", 0, "embedding"}},
	} {
		t.Run(c.model, func(t *testing.T) {
			of := func(text string) []any {
				return at(embed(t, s, c.model, c.before+string(wire.Marshal(text))+c.after), c.path...).([]any)
			}
			dog, dogs, tax := of("A dog plays in the garden"), of("Two dogs are playing in a garden"),
				of("The tax authority wants quarterly reports")
			if len(dog) != c.size {
				t.Errorf("%d dimensions, want %d", len(dog), c.size)
			}
			if length := similarity(dog, dog); math.Abs(length-1) > 1e-4 {
				t.Errorf("length %f", length)
			}
			if near, far := similarity(dog, dogs), similarity(dog, tax); near < 0.3 || near < far+0.2 {
				t.Errorf("near %f, far %f", near, far)
			}
		})
	}
	out := embed(t, s, "cohere.embed-english-v3", `{"input_type":"search_document","texts":["Hello, World!"]}`)
	if out["response_type"] != "embeddings_floats" || at(out, "texts", 0) != "hello, world!" || out["id"] == "" {
		t.Errorf("Cohere v3: %v", out["texts"])
	}
	out = embed(t, s, "cohere.embed-v4:0",
		`{"input_type":"search_document","texts":["a","b"],"embedding_types":["int8","ubinary","binary","uint8"]}`)
	if len(at(out, "embeddings", "ubinary", 1).([]any)) != 192 || len(at(out, "embeddings", "int8", 0).([]any)) != 1536 {
		t.Error("Cohere v4: wrong sizes of packed types")
	}
	out = embed(t, s, titanTxt, `{"inputText":"Hi","embeddingTypes":["binary"]}`)
	if out["embedding"] != nil || len(at(out, "embeddingsByType", "binary").([]any)) != 1024 {
		t.Error("Titan v2: binary alone")
	}
	out = embed(t, s, titanTxt, `{"inputText":"Hi","normalize":false}`)
	if v := out["embedding"].([]any); similarity(v, v) < 1.5 {
		t.Error("Titan v2: normalize false has length 1")
	}
}

func TestInvokeModelThroughTheSDK(t *testing.T) {
	out, err := runtimeClient(start(t), 1).InvokeModel(context.Background(),
		&bedrockruntime.InvokeModelInput{ModelId: aws.String(titanTxt),
			ContentType: aws.String("application/json"), Body: []byte(`{"inputText":"Hello"}`)})
	if err != nil || !strings.Contains(string(out.Body), `"inputTextTokenCount":1`) {
		t.Errorf("%v %v", out, err)
	}
}
