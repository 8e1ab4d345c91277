package pipeline

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/call"
	"outcrop/internal/inspect"
	"outcrop/internal/judge"
	"outcrop/internal/telemetry"
	"outcrop/openai"
	"outcrop/policy"
)

// expert is a judge that finds words.
type expert struct {
	mu    sync.Mutex
	asked []string
	judge func(ctx context.Context, text string) (policy.Opinion, error)
}

func (e *expert) Name() string    { return "expert" }
func (e *expert) Version() string { return "1" }

func (e *expert) Judge(ctx context.Context, d policy.Direction, role, text string) (policy.Opinion, error) {
	e.mu.Lock()
	e.asked = append(e.asked, d.String()+" "+role+" "+text)
	e.mu.Unlock()
	if e.judge != nil {
		return e.judge(ctx, text)
	}
	var o policy.Opinion
	if i := strings.Index(text, "Zorblax"); i >= 0 {
		o.Findings = append(o.Findings,
			policy.Judged{Finding: policy.Finding{Kind: policy.KindPerson, Start: i, End: i + 7, Score: 0.9}})
	}
	if strings.Contains(text, "EVIL") {
		o.Findings = append(o.Findings, policy.Judged{Finding: policy.Finding{Kind: "CONTENT_HATE", Score: 0.8},
			Action: policy.Block})
	}
	if strings.Contains(text, "MASK") {
		masked := strings.ReplaceAll(text, "MASK", "{NAME}")
		o.Replacement = &masked
	}
	return o, nil
}

func managedGuards(t testing.TB, cfg policy.Config, e *expert, change ...func(*judge.Config)) inspect.Guards {
	t.Helper()
	managed := judge.Default()
	for _, f := range change {
		f(&managed)
	}
	return guardOf(t, cfg, func(g *inspect.Guard) { g.Managed = judge.New(managed, telemetry.New(), e) })
}

func TestManagedFindings(t *testing.T) {
	e := &expert{}
	guards := managedGuards(t, tokenizing, e)
	const answer = "Dear <PERSON_1>, MASK and Zorblax and <EMAIL_1>"
	m := &model{parts: plainAnswer(answer)}
	c := userCall(t, "I am Zorblax, ann@example.org. Zorblaxian is a language.")
	got, err := inspected(t, guards, m, c)
	if err != nil {
		t.Fatal(err)
	}
	if want := "I am <PERSON_1>, <EMAIL_1>. Zorblaxian is a language."; m.sent[0] != want {
		t.Errorf("the model saw %q", m.sent[0])
	}
	if text := *got[0].(*openai.ChatResponse).Choices[0].Message.Content; text != "Dear Zorblax, {NAME} and <PERSON> and ann@example.org" {
		t.Errorf("the client saw %q", text)
	}

	asked := len(e.asked)
	m.parts = plainAnswer(answer)
	if _, err := inspected(t, guards, m,
		userCall(t, "I am Zorblax, ann@example.org. Zorblaxian is a language.")); err != nil || len(e.asked) != asked {
		t.Errorf("an opinion is paid for once: %v, %q", err, e.asked[asked:])
	}
}

func TestManagedBlocks(t *testing.T) {
	e := &expert{}
	guards := managedGuards(t, policy.Config{}, e)
	m := &model{parts: plainAnswer("an EVIL answer")}
	c := conversation(t, `[{"role":"system","content":"EVIL orders of the operator"},{"role":"user","content":"hello"},{"role":"assistant","content":"old EVIL"},{"role":"user","content":"EVIL"}]`)
	_, err := inspected(t, guards, m, c)
	var refused *openai.Error
	if !errors.As(err, &refused) || refused.Code != inspect.CodeBlocked || refused.Param != "messages[3].content" ||
		m.calls != 0 {
		t.Errorf("%v", err)
	}
	got, err := inspected(t, guards, m, userCall(t, "hello"))
	if err != nil || got[0].(*openai.ChatResponse).Choices[0].FinishReason != openai.FinishContentFilter {
		t.Errorf("output: %v %+v", err, got)
	}
	m.parts = streamAnswer(strings.Split(strings.Repeat("good words ", 150)+"and EVIL ones", "")...)
	if got, err = inspected(t, guards, m, userCall(t, "hello")); err != nil {
		t.Fatal(err)
	}
	choice := folded(t, got).Choices[0]
	if choice.FinishReason != openai.FinishContentFilter || !strings.HasPrefix(*choice.Message.Content, "good words") ||
		strings.Contains(*choice.Message.Content, "EVIL") {
		t.Errorf("streamed: %s %q", choice.FinishReason, *choice.Message.Content)
	}
	text := strings.Repeat("good words ", 150) + "in the end"
	m.parts = streamAnswer(strings.Split(text, "")...)
	if got, err = inspected(t, guards, m, userCall(t, "hello")); err != nil ||
		*folded(t, got).Choices[0].Message.Content != text {
		t.Errorf("a good stream: %v", err)
	}
}

func conversation(t testing.TB, messages string) *call.Call {
	return callOf(t, `{"model":"m","messages":`+messages+`}`)
}

func TestManagedFaults(t *testing.T) {
	for _, tt := range []struct {
		name, onError string
		judge         func(ctx context.Context, text string) (policy.Opinion, error)
	}{
		{"fails open", "open", func(context.Context, string) (policy.Opinion, error) {
			return policy.Opinion{},
				errors.New("boom")
		}},
		{"fails closed", "closed", func(context.Context, string) (policy.Opinion, error) {
			return policy.Opinion{},
				errors.New("boom")
		}},
		{"panics", "closed", func(context.Context, string) (policy.Opinion, error) { panic("boom") }},
		{"is silent, open", "open", func(ctx context.Context, _ string) (policy.Opinion, error) {
			<-ctx.Done()
			return policy.Opinion{}, ctx.Err()
		}},
		{"is silent, closed", "closed", func(ctx context.Context, _ string) (policy.Opinion, error) {
			<-ctx.Done()
			return policy.Opinion{}, ctx.Err()
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := &expert{judge: tt.judge}
			m := &model{parts: plainAnswer("fine")}
			begun := time.Now()
			_, err := inspected(t, managedGuards(t, tokenizing, e, func(c *judge.Config) {
				c.OnError, c.Directions = tt.onError, []string{"input"}
			}), m, userCall(t, personal))
			if took := time.Since(begun); took > 2*time.Second {
				t.Errorf("%s: took %s", tt.name, took)
			}
			var oe *openai.Error
			switch {
			case tt.onError == "open" && (err != nil || m.calls != 1 || m.sent[0] != tokenized):
				t.Errorf("%s: %v, the model saw %q", tt.name, err, m.sent)
			case tt.onError == "closed" && (!errors.As(err, &oe) || oe.Kind != openai.Unavailable ||
				oe.Code != "content_policy_unavailable" || m.calls != 0):
				t.Errorf("%s: %v", tt.name, err)
			}
		})
	}
}

func TestManagedLongTexts(t *testing.T) {
	e := &expert{}
	m := &model{parts: plainAnswer("fine")}
	text := strings.Repeat("ä word ", 4000) + "Zorblax at the end"
	if _, err := inspected(t, managedGuards(t, tokenizing, e), m, userCall(t, text)); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(m.sent[0], "ä word <PERSON_1> at the end") {
		t.Errorf("the model saw …%q", m.sent[0][len(m.sent[0])-60:])
	}
	for _, asked := range e.asked {
		if len(asked) > 20_000+20 {
			t.Errorf("%d bytes in one call", len(asked))
		}
	}
}

// verbs answers for Bedrock.
type verbs struct {
	apply  *bedrockruntime.ApplyGuardrailOutput
	checks *bedrockruntime.InvokeGuardrailChecksOutput
	source types.GuardrailContentSource
	asked  *bedrockruntime.InvokeGuardrailChecksInput
}

func (v *verbs) ApplyGuardrail(_ context.Context,
	in *bedrockruntime.ApplyGuardrailInput) (*bedrockruntime.ApplyGuardrailOutput, error) {
	v.source = in.Source
	return v.apply, nil
}

func (v *verbs) InvokeGuardrailChecks(_ context.Context,
	in *bedrockruntime.InvokeGuardrailChecksInput) (*bedrockruntime.InvokeGuardrailChecksOutput, error) {
	v.asked = in
	return v.checks, nil
}

func TestGuardrailJudge(t *testing.T) {
	cfg := judge.Default()
	cfg.Guardrail = judge.Guardrail{Identifier: "gr1", Version: "1"}
	v := &verbs{apply: &bedrockruntime.ApplyGuardrailOutput{
		Action:  types.GuardrailActionGuardrailIntervened,
		Outputs: []types.GuardrailOutputContent{{Text: aws.String("hello {NAME}")}},
		Assessments: []types.GuardrailAssessment{
			{SensitiveInformationPolicy: &types.GuardrailSensitiveInformationPolicyAssessment{
				PiiEntities: []types.GuardrailPiiEntityFilter{
					{Action: types.GuardrailSensitiveInformationPolicyActionAnonymized}}}}},
	}}
	j := judge.Judges(cfg, v)[0]
	o, err := j.Judge(t.Context(), policy.Output, "assistant", "hello Ann")
	if err != nil || o.Replacement == nil || *o.Replacement != "hello {NAME}" ||
		v.source != types.GuardrailContentSourceOutput {
		t.Errorf("masked: %+v %v, source %s", o, err, v.source)
	}
	v.apply.Assessments = append(v.apply.Assessments,
		types.GuardrailAssessment{ContentPolicy: &types.GuardrailContentPolicyAssessment{
			Filters: []types.GuardrailContentFilter{{Type: "HATE", Confidence: "MEDIUM", Action: "BLOCKED"}}}})
	o, err = j.Judge(t.Context(), policy.Input, "user", "hello Ann")
	if err != nil || o.Replacement != nil || len(o.Findings) != 1 || o.Findings[0].Action != policy.Block ||
		o.Scores["HATE"] != 0.6 || v.source != types.GuardrailContentSourceInput {
		t.Errorf("blocked: %+v %v", o, err)
	}
}

func TestChecksJudge(t *testing.T) {
	cfg := judge.Default()
	cfg.Checks = []string{"prompt_attack", "sensitive_information", "content_filter"}
	v := &verbs{checks: &bedrockruntime.InvokeGuardrailChecksOutput{Results: &types.GuardrailChecksResults{
		PromptAttack: &types.GuardrailChecksPromptAttackResult{Results: []types.GuardrailChecksPromptAttackResultEntry{
			{Category: "JAILBREAK", SeverityScore: aws.Float64(0.7)}}},
		ContentFilter: &types.GuardrailChecksContentFilterResult{Results: []types.GuardrailChecksContentFilterResultEntry{
			{Category: "HATE", SeverityScore: aws.Float64(0.2)}}},
		SensitiveInformation: &types.GuardrailChecksSensitiveInformationResult{
			Results: []types.GuardrailChecksSensitiveInformationResultEntry{
				{Type: "NAME", BeginOffset: aws.Int32(5), EndOffset: aws.Int32(8), ConfidenceScore: aws.Float64(0.9)},
				{Type: "NAME", BeginOffset: aws.Int32(5), EndOffset: aws.Int32(80), ConfidenceScore: aws.Float64(0.9)}}},
	}}}
	j := judge.Judges(cfg, v)[0]
	o, err := j.Judge(t.Context(), policy.Input, "user", "Grüß Ann!")
	if err != nil || len(o.Findings) != 2 || o.Findings[0].Kind != policy.KindInjection ||
		o.Findings[0].Action != policy.Block || o.Scores["HATE"] != 0.2 {
		t.Fatalf("%+v %v", o, err)
	}
	if f := o.Findings[1]; f.Kind != policy.KindPerson || "Grüß Ann!"[f.Start:f.End] != "Ann" {
		t.Errorf("offsets in code points: %+v", f)
	}
	if _, err := j.Judge(t.Context(), policy.Output, "assistant", "x"); err != nil || v.asked.Checks.PromptAttack != nil ||
		v.asked.Messages[0].Role != types.GuardrailChecksRoleAssistant {
		t.Errorf("answers are not held for attacks: %+v %v", v.asked.Checks, err)
	}
}
