package recall

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"outcrop/cache"
	"outcrop/internal/call"
	"outcrop/internal/dialect"
	"outcrop/openai"
)

// chatting and embedding are the endpoints whose answers are kept.
var (
	chatting  = &call.Endpoint{Name: "chat.completions", Keeps: &Chat}
	embedding = &call.Endpoint{Name: "embeddings", Keeps: &Items}
)

// memory is a Memory of a map.
type memory struct {
	mu      sync.Mutex
	entries map[string]cache.Entry
}

func newMemory() *memory { return &memory{entries: map[string]cache.Entry{}} }

func (m *memory) GetMany(_ context.Context, keys []string) []cache.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := make([]cache.Entry, len(keys))
	for i, k := range keys {
		found[i] = m.entries[k]
	}
	return found
}

func (m *memory) SetMany(_ context.Context, items []cache.Item, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, it := range items {
		m.entries[it.Key] = cache.Entry{Value: it.Value, Stored: time.Now()}
	}
}

func (m *memory) size() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries)
}

var ids atomic.Int64

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

// slowMemory takes an hour to keep something, or until it is let.
type slowMemory struct {
	*memory
	let chan struct{}
}

func (m *slowMemory) SetMany(ctx context.Context, items []cache.Item, ttl time.Duration) {
	select {
	case <-m.let:
		m.memory.SetMany(ctx, items, ttl)
	case <-ctx.Done():
	}
}

// answer answers a call with a plain answer that is complete.
func answer(_ context.Context, c *call.Call) (call.Reply, error) {
	text := "an answer"
	return call.Reply{Head: call.Head{Target: call.First(c)}, Parts: call.One(&openai.ChatResponse{
		Choices: []openai.Choice{{Message: openai.ReplyMessage{Content: &text}, FinishReason: openai.FinishStop}}})}, nil
}

// ask lets a handler answer a call to the end.
func ask(t *testing.T, h call.Handler, c *call.Call) {
	t.Helper()
	reply, err := h(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range reply.Parts {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// listed writes n items with commas between them; %d in an item is its number.
func listed(n int, item string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = strings.ReplaceAll(item, "%d", fmt.Sprint(i))
	}
	return strings.Join(list, ",")
}

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
