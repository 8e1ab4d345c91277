package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/cache"
	"outcrop/internal/access"
	"outcrop/internal/access/budgets"
	"outcrop/internal/access/usage"
	"outcrop/internal/attempt"
	"outcrop/internal/audit"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/dialect"
	"outcrop/internal/inspect"
	"outcrop/internal/observe"
	"outcrop/internal/recall"
	"outcrop/internal/store"
	statestore "outcrop/internal/store/memory"
	"outcrop/internal/telemetry"
	"outcrop/openai"
	"outcrop/policy"
	"outcrop/router"
)

const nova, titan = "amazon.nova-lite-v1:0", "amazon.titan-embed-text-v2:0"

// fake is a service of functions.
type fake struct {
	converse func(context.Context) (*bedrockruntime.ConverseOutput, error)
	stream   func(context.Context) (iter.Seq2[types.ConverseStreamOutput, error], error)
	invoke   func(context.Context, *bedrockruntime.InvokeModelInput) (*bedrockruntime.InvokeModelOutput, int64, error)
}

func (f *fake) Converse(ctx context.Context, _ *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
	return f.converse(ctx)
}

func (f *fake) ConverseStream(ctx context.Context,
	_ *bedrockruntime.ConverseStreamInput) (string, iter.Seq2[types.ConverseStreamOutput, error], error) {
	events, err := f.stream(ctx)
	return "aws-s", events, err
}

func (f *fake) InvokeModel(ctx context.Context, in *bedrockruntime.InvokeModelInput) (*bedrockruntime.InvokeModelOutput,
	int64, error) {
	return f.invoke(ctx, in)
}

// BaseModel knows one application profile.
func (f *fake) BaseModel(_ context.Context, arn string) (string, error) {
	if strings.HasSuffix(arn, "/known") {
		return titan, nil
	}
	return "", errors.New("no such profile")
}

func handlerWith(t *testing.T, f *fake, change func(*Collaborators)) call.Handler {
	t.Helper()
	c := catalog.Default()
	r, err := router.New(router.Config{AllowARNs: true}, c, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	with := Collaborators{
		Recorder: telemetry.New(), Router: r, Catalog: c, Profiles: f, Version: "test",
		Services: func(catalog.Target) (attempt.Service, error) { return f, nil },
	}
	change(&with)
	return New(Config{Deadline: time.Minute, EmbeddingCalls: 8}, with)
}

func chatCall(t *testing.T, body string) *call.Call {
	t.Helper()
	req, err := openai.DecodeChat([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return &call.Call{ID: "id", At: time.Now(), Endpoint: ChatCompletions, Request: req}
}

func ask(rest string) string {
	return `{"model":"` + nova + `","messages":[{"role":"user","content":"hi"}]` + rest + `}`
}

func said(text string) *bedrockruntime.ConverseOutput {
	in, out := int32(10), int32(2)
	return &bedrockruntime.ConverseOutput{
		StopReason: types.StopReasonEndTurn, Usage: &types.TokenUsage{InputTokens: &in, OutputTokens: &out},
		Output: &types.ConverseOutputMemberMessage{Value: types.Message{Role: types.ConversationRoleAssistant,
			Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: text}}}},
	}
}

// told is a stream of the deltas; each waits for step, where there is one.
func told(ctx context.Context, step <-chan struct{}, deltas ...string) iter.Seq2[types.ConverseStreamOutput, error] {
	return func(yield func(types.ConverseStreamOutput, error) bool) {
		zero, in, out := int32(0), int32(10), int32(2)
		if !yield(&types.ConverseStreamOutputMemberMessageStart{
			Value: types.MessageStartEvent{Role: types.ConversationRoleAssistant}}, nil) {
			return
		}
		for _, d := range deltas {
			if step != nil {
				select {
				case <-step:
				case <-ctx.Done():
					yield(nil, ctx.Err())
					return
				}
			}
			if d == "!" {
				yield(nil, &openai.Error{Kind: openai.BadUpstream, Code: "model_error", Message: "failed"})
				return
			}
			if !yield(&types.ConverseStreamOutputMemberContentBlockDelta{Value: types.ContentBlockDeltaEvent{
				ContentBlockIndex: &zero, Delta: &types.ContentBlockDeltaMemberText{Value: d}}}, nil) {
				return
			}
		}
		_ = yield(&types.ConverseStreamOutputMemberContentBlockStop{
			Value: types.ContentBlockStopEvent{ContentBlockIndex: &zero}}, nil) &&
			yield(&types.ConverseStreamOutputMemberMessageStop{
				Value: types.MessageStopEvent{StopReason: types.StopReasonEndTurn}}, nil) &&
			yield(&types.ConverseStreamOutputMemberMetadata{
				Value: types.ConverseStreamMetadataEvent{Usage: &types.TokenUsage{InputTokens: &in, OutputTokens: &out}}}, nil)
	}
}

func collect(t *testing.T, r call.Reply) ([]openai.Part, error) {
	t.Helper()
	var list []openai.Part
	for p, err := range r.Parts {
		if err != nil {
			return list, err
		}
		list = append(list, p)
	}
	return list, nil
}

func handler(t *testing.T, f *fake) call.Handler { return handlerWith(t, f, func(*Collaborators) {}) }

// memory is a Memory of a map.
type memory struct {
	mu      sync.Mutex
	entries map[string]cache.Entry
	reads   int
}

func newMemory() *memory { return &memory{entries: map[string]cache.Entry{}} }

func (m *memory) GetMany(_ context.Context, keys []string) []cache.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	list := make([]cache.Entry, len(keys))
	for i, k := range keys {
		if e := m.entries[k]; e.Found() && time.Now().Before(e.Expires) {
			list[i] = e
		}
	}
	return list
}

func (m *memory) SetMany(_ context.Context, items []cache.Item, ttl time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, i := range items {
		m.entries[i.Key] = cache.Entry{Value: i.Value, Stored: time.Now(), Expires: time.Now().Add(ttl)}
	}
}

func (m *memory) spoil(change func(value []byte) []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, e := range m.entries {
		e.Value = change(slices.Clone(e.Value))
		m.entries[k] = e
	}
}

func (m *memory) size() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries)
}

// bed is what is behind Recall: it counts calls and answers each with its number.
type bed struct {
	calls  atomic.Int64
	answer func(ctx context.Context, n int64, c *call.Call) (call.Reply, error)
}

func (b *bed) handle(ctx context.Context, c *call.Call) (call.Reply, error) {
	n := b.calls.Add(1)
	if b.answer != nil {
		return b.answer(ctx, n, c)
	}
	return replyOf(c, fmt.Sprint("answer ", n)), nil
}

// wholeOf is the plain answer of a text, complete.
func wholeOf(c *call.Call, text string) *openai.ChatResponse {
	usage := usual
	return &openai.ChatResponse{Head: openai.Head{ID: "chatcmpl-" + c.ID, Created: c.At.Unix(), Model: "m",
		Fingerprint: "fp_1"}, ServiceTier: "default",
		Choices: []openai.Choice{{Message: openai.ReplyMessage{Content: &text}, FinishReason: openai.FinishStop}},
		Usage:   &usage}
}

// chunksOf is the same as a stream, a word a chunk, after each of which step is called.
func chunksOf(c *call.Call, text string, step func() error) iter.Seq2[openai.Part, error] {
	whole := wholeOf(c, text)
	h := whole.Head
	return func(yield func(openai.Part, error) bool) {
		chunk := func(d openai.Delta, finish string) bool {
			return yield(&openai.ChatChunk{Head: &h, Choices: []openai.ChunkChoice{{Delta: d, FinishReason: finish}}}, nil)
		}
		if !chunk(openai.Delta{Role: "assistant"}, "") {
			return
		}
		for _, word := range strings.SplitAfter(text, " ") {
			if step != nil {
				if err := step(); err != nil {
					yield(nil, err)
					return
				}
			}
			if !chunk(openai.Delta{Content: word}, "") {
				return
			}
		}
		_ = chunk(openai.Delta{}, openai.FinishStop) &&
			yield(&openai.ChatChunk{Head: &h, ServiceTier: "default", Usage: whole.Usage}, nil)
	}
}

func replyOf(c *call.Call, text string) call.Reply {
	head := call.Head{Target: call.First(c), Attempts: 1, Upstream: []string{"aws-1"}}
	if c.Request.Facts().Stream {
		return call.Reply{Head: head, Parts: chunksOf(c, text, nil)}
	}
	return call.Reply{Head: head, Parts: call.One(wholeOf(c, text))}
}

// around puts Recall around the bed, with the default settings as changed.
func (b *bed) recall(m recall.Memory, changes ...func(*recall.CacheConfig)) call.Handler {
	cfg := recall.DefaultCache()
	for _, change := range changes {
		change(&cfg)
	}
	carried := recall.NewShared(telemetry.New(), nil)
	return settling(carried, recall.Recall(cfg, time.Minute, m, carried)(b.handle))
}

// settling waits behind each answer until what is to be kept is kept, so that a test can look at it.
func settling(c *recall.Shared, h call.Handler) call.Handler {
	wait := func() { _ = c.Settle(context.Background()) }
	return func(ctx context.Context, call *call.Call) (call.Reply, error) {
		reply, err := h(ctx, call)
		if err != nil {
			wait()
			return reply, err
		}
		parts := reply.Parts
		reply.Parts = func(yield func(openai.Part, error) bool) {
			defer wait()
			parts(yield)
		}
		return reply, nil
	}
}

// exact is a request that is answered from memory, as changed.
func exact(changes ...func(*call.Call)) *call.Call {
	zero := 0.0
	c := keyed(&openai.ChatRequest{Model: "m", Temperature: &zero,
		Messages: []openai.Message{{Role: "user", Content: &openai.Content{Text: "hi"}}}})
	c.ID, c.At = fmt.Sprint("id", ids.Add(1)), time.Now()
	for _, change := range changes {
		change(c)
	}
	return c
}

// answerOf runs a call and gives its head and its answer as it is written, folded when it was a stream.
func answerOf(t testing.TB, h call.Handler, c *call.Call) (call.Head, *openai.ChatResponse) {
	t.Helper()
	reply, err := h(t.Context(), c)
	if err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	var parts []openai.Part
	for p, err := range reply.Parts {
		if err != nil {
			t.Fatalf("%s: %v", c.ID, err)
		}
		parts = append(parts, p)
	}
	whole, err := ChatCompletions.Keeps.Fold(parts)
	if err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	if stored, ok := whole.(*openai.StoredChat); ok {
		text := stored.AppendJSON(nil)
		r, err := stored.Response()
		if err != nil {
			t.Fatal(err)
		}
		if again := r.AppendJSON(nil); !bytes.Equal(text, again) || !json.Valid(text) {
			t.Fatalf("kept\n%s\nread\n%s", text, again)
		}
		return reply.Head, r
	}
	return reply.Head, whole.(*openai.ChatResponse)
}

// keyed is a chat call as it comes to Recall.
func keyed(req *openai.ChatRequest) *call.Call {
	return &call.Call{Endpoint: ChatCompletions, Request: req, Principal: access.Principal{Tenant: "t"},
		Plan: router.Plan{Targets: []catalog.Target{{Row: &catalog.Model{ID: "m"}, CalledID: "us.m", Public: "m"}}}}
}

var usual = openai.Usage{Prompt: 7, Completion: 3, Reasoning: new(int64)}

var ids atomic.Int64

func streamedCall(c *call.Call) { c.Request.(*openai.ChatRequest).Stream = true }

func content(r *openai.ChatResponse) string { return *r.Choices[0].Message.Content }

// taken is a log that goes nowhere, and entries in it.
func taken(t testing.TB) *audit.Log {
	t.Helper()
	keys, err := audit.NewKeys(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	l, err := audit.New(audit.Default(), keys, audit.NewStream(io.Discard), audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(context.Background()) })
	return l
}

func entryOf(t testing.TB, l *audit.Log, c *call.Call) *audit.Entry {
	t.Helper()
	e, err := l.Open("req_"+c.ID, c.At)
	if err != nil {
		t.Fatal(err)
	}
	c.Entry = e
	return e
}

func marshal(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// recorded is the stage that keeps records.
func recorded(redact func(string) string) call.Stage {
	return observe.Outside(telemetry.New(), redact)
}

func guardOf(t testing.TB, cfg policy.Config, change ...func(*inspect.Guard)) inspect.Guards {
	t.Helper()
	p, err := policy.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g := &inspect.Guard{Policy: p}
	for _, f := range change {
		f(g)
	}
	return inspect.Guards{"": g}
}

func callOf(t testing.TB, body string) *call.Call {
	t.Helper()
	req, bad := openai.DecodeChat([]byte(body))
	if bad != nil {
		t.Fatal(bad)
	}
	return &call.Call{ID: "c1", At: time.Unix(1, 0), Endpoint: ChatCompletions, Request: req}
}

// user is a request of one user message.
func userCall(t testing.TB, text string) *call.Call {
	t.Helper()
	c := callOf(t, `{"model":"m","messages":[{"role":"user","content":""}]}`)
	c.Request.(*openai.ChatRequest).Messages[0].Content.Text = text
	return c
}

// model answers with parts, and keeps what it was sent.
type model struct {
	parts []openai.Part
	err   error
	sent  []string
	calls int
}

func (m *model) handle(_ context.Context, c *call.Call) (call.Reply, error) {
	m.calls++
	m.sent = nil
	for _, text := range c.Request.Texts() {
		m.sent = append(m.sent, *text)
	}
	return call.Reply{Parts: func(yield func(openai.Part, error) bool) {
		for _, p := range m.parts {
			if !yield(p, nil) {
				return
			}
		}
		if m.err != nil {
			yield(nil, m.err)
		}
	}}, nil
}

func plainAnswer(texts ...string) []openai.Part {
	r := &openai.ChatResponse{Usage: &openai.Usage{Prompt: 1, Completion: 2}}
	for i, text := range texts {
		r.Choices = append(r.Choices, openai.Choice{Index: i, Message: openai.ReplyMessage{Content: &text},
			FinishReason: openai.FinishStop})
	}
	return []openai.Part{r}
}

// tokenizing takes out of requests what it redacts in answers.
var tokenizing = policy.Config{Redaction: policy.Redaction{Enabled: true, Input: policy.Tokenize,
	Output: policy.Redact}}

// books is what calls are counted into, and the stages that count.
type books struct {
	state   *statestore.Store
	usage   *usage.Usage
	budgets *budgets.Budgets
}

func newBooks(change ...func(*budgets.Config)) *books {
	s, cfg := statestore.New(), budgets.Default()
	for _, c := range change {
		c(&cfg)
	}
	return &books{s, usage.New(usage.Config{Tags: []string{"project"}, Keep: time.Hour}, usage.NewLedger(s, nil)),
		budgets.New(cfg, budgets.NewLeases(s, nil), func(budgets.Event) {})}
}

func (b *books) account(next call.Handler) call.Handler {
	return call.Chain(next, Account(telemetry.New(), b.budgets, b.usage, 4096),
		observe.Inside(true, observe.Costs(telemetry.New(), b.usage)))
}

// spent is what the total budget of the test's key has spent.
func (b *books) spent(t *testing.T) int64 {
	t.Helper()
	sums, err := b.state.Balances(t.Context(), []store.Account{{Tenant: "key:k", ID: "key:k:total"}})
	if err != nil {
		t.Fatal(err)
	}
	return sums[0].Sum()
}

func (b *books) total(t *testing.T) usage.Sums {
	t.Helper()
	q, _, err := usage.ParseQuery("", "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.usage.Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return r.Total
}

// priced is a call with a budget for a model that costs 1 USD per million tokens in, 10 out, 0.1 of the cache.
func priced(t *testing.T, rest string, micros int64) *call.Call {
	t.Helper()
	c := chatCall(t, ask(rest))
	c.Principal = access.Principal{KeyID: "k",
		Rights: &access.Rights{Budget: &access.Budget{Amount: access.MicroUSD(micros), Period: "total", SoftPercent: 50}}}
	row := &catalog.Model{ID: nova, Known: true,
		Prices: map[string]catalog.Price{"in_region": {Input: 1, Output: 10, CacheRead: 0.1, CacheWrite5m: 1.25,
			CacheWrite1h: 2}}}
	c.Plan = router.Plan{Targets: []catalog.Target{{Row: row, Public: nova, CalledID: nova, Region: "us-east-1"}}}
	return c
}

const plenty = 1_000_000_000

// written is the JSON of parts.
func written(parts ...openai.Part) (all string) {
	for _, p := range parts {
		if c, ok := p.(*openai.ChatChunk); ok {
			all += string(c.AppendJSON(nil, true)) + "\n"
		} else {
			all += string(dialect.OpenAI.Plain(nil, nil, dialect.Call{}, p)) + "\n"
		}
	}
	return all
}
