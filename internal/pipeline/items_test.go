package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"outcrop/internal/attempt"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/recall"
	"outcrop/internal/telemetry"
	"outcrop/openai"
	"outcrop/router"
)

const cohere = "cohere.embed-english-v3"

// embedder is a Bedrock whose vectors tell the text, and which counts texts and calls.
type embedder struct {
	mu    sync.Mutex
	texts []string
	calls int
	fault error
	wait  time.Duration
}

// number is what every vector begins with: a float32 in its fewest digits.
func number(text string) string {
	return strconv.FormatFloat(float64(float32(len(text))/7), 'f', -1, 32)
}

func (e *embedder) invoke(ctx context.Context, in *bedrockruntime.InvokeModelInput) (*bedrockruntime.InvokeModelOutput,
	int64, error) {
	select {
	case <-time.After(e.wait):
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls++
	if e.fault != nil {
		return nil, 0, e.fault
	}
	var body struct {
		InputText string
		Texts     []string
	}
	if err := json.Unmarshal(in.Body, &body); err != nil {
		return nil, 0, err
	}
	if *in.ModelId == titan {
		e.texts = append(e.texts, body.InputText)
		out := fmt.Sprintf(`{"embedding":[%s,-1e-06,7.013533e-05,0,-1.5],"inputTextTokenCount":%d}`, number(body.InputText),
			len(body.InputText))
		return &bedrockruntime.InvokeModelOutput{Body: []byte(out)}, -1, nil
	}
	var list []string
	tokens := int64(0)
	for _, s := range body.Texts {
		e.texts = append(e.texts, s)
		list = append(list, "["+number(s)+",0.5]")
		tokens += int64(len(s)) + 1
	}
	return &bedrockruntime.InvokeModelOutput{Body: []byte(`{"embeddings":[` + strings.Join(list, ",") + `]}`)}, tokens, nil
}

func (e *embedder) took() (texts, calls int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	texts, calls = len(e.texts), e.calls
	e.texts, e.calls = nil, 0
	return texts, calls
}

func (e *embedder) handler(t testing.TB, m recall.Memory) call.Handler {
	t.Helper()
	c := catalog.Default()
	r, err := router.New(router.Config{}, c, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{invoke: e.invoke}
	carried := recall.NewShared(telemetry.New(), nil)
	return settling(carried, New(Config{Deadline: time.Minute, EmbeddingCalls: 8}, Collaborators{
		Recorder: telemetry.New(), Router: r, Catalog: c, Profiles: f, Version: "test", Memory: m,
		Cache: recall.DefaultCache(), Carried: &Carried{Shared: carried},
		Services: func(catalog.Target) (attempt.Service, error) { return f, nil },
	}))
}

func embedCall(t testing.TB, body string) *call.Call {
	t.Helper()
	req, err := openai.DecodeEmbedding([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return &call.Call{ID: fmt.Sprint("id", ids.Add(1)), At: time.Now(), Endpoint: Embeddings, Request: req}
}

// embedded asks for the texts and gives the head and the answer as it is written.
func embedded(t testing.TB, h call.Handler, body string, changes ...func(*call.Call)) (call.Head, string) {
	t.Helper()
	c := embedCall(t, body)
	for _, change := range changes {
		change(c)
	}
	reply, err := h(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var out string
	for p, err := range reply.Parts {
		if err != nil {
			t.Fatal(err)
		}
		out = written(p)
	}
	return reply.Head, out
}

func embedBody(model, rest string, texts ...string) string {
	list, _ := json.Marshal(texts)
	return `{"model":"` + model + `","input":` + string(list) + rest + `}`
}

func TestRecallItems(t *testing.T) {
	for _, model := range []string{titan, cohere} {
		for _, rest := range []string{"", `,"encoding_format":"base64"`} {
			t.Run(model+rest, func(t *testing.T) {
				e := &embedder{}
				h := e.handler(t, newMemory())
				all := embedBody(model, rest, "a", "bcd", "efg hij", "k")
				head, first := embedded(t, h, all)
				if n, _ := e.took(); n != 4 || head.Cache.State != "miss" {
					t.Fatalf("%d texts, %+v", n, head.Cache)
				}
				hit, again := embedded(t, h, all)
				if n, _ := e.took(); n != 0 || hit.Cache.State != "hit" || hit.Cache.Key != head.Cache.Key {
					t.Errorf("R-EMB-17 %d texts, %+v", n, hit.Cache)
				}
				if first != again {
					t.Errorf("R-EMB-17 a hit is written like a miss:\n%s\n%s", first, again)
				}
				// One new text between known ones, in another order.
				mixed := embedBody(model, rest, "efg hij", "new one", "a")
				part, got := embedded(t, h, mixed)
				if n, calls := e.took(); n != 1 || calls != 1 || part.Cache.State != "miss" || part.Cache.Hits != 2 ||
					part.Cache.Items != 3 {
					t.Errorf("R-EMB-17 half a hit: %d texts, %+v", n, part.Cache)
				}
				fresh := &embedder{}
				// Cohere counts the tokens of a call, of which an item has a share
				if _, want := embedded(t, fresh.handler(t, nil), mixed); got != want && model == titan {
					t.Errorf("R-EMB-17 half a hit is written like a miss:\n%s\n%s", got, want)
				}
				if _, got := embedded(t, h, mixed); got == "" {
					t.Error("nothing")
				}
				if n, _ := e.took(); n != 0 {
					t.Errorf("the new text is not kept: %d", n)
				}
			})
		}
	}
	t.Run("whatever the encoding", func(t *testing.T) {
		e := &embedder{}
		h := e.handler(t, newMemory())
		embedded(t, h, embedBody(titan, "", "a", "b"))
		e.took()
		_, got := embedded(t, h, embedBody(titan, `,"encoding_format":"base64"`, "b", "a"))
		if n, _ := e.took(); n != 0 {
			t.Errorf("%d texts", n)
		}
		if _, want := embedded(t, e.handler(t, nil), embedBody(titan, `,"encoding_format":"base64"`, "b", "a")); got != want {
			t.Errorf("\n%s\n%s", got, want)
		}
	})
	t.Run("a re-index pays for what is new, in full calls", func(t *testing.T) {
		e := &embedder{}
		h := e.handler(t, newMemory())
		var texts []string
		for i := range 500 {
			texts = append(texts, fmt.Sprintf("text %d", i))
		}
		embedded(t, h, embedBody(cohere, "", texts...))
		e.took()
		for i := range 150 { // every third is new
			texts[3*i] += " changed"
		}
		head, _ := embedded(t, h, embedBody(cohere, "", texts...))
		if n, calls := e.took(); n != 150 || calls != 2 || head.Cache.Hits != 350 {
			t.Errorf("R-EMB-06 %d texts in %d calls, %+v", n, calls, head.Cache)
		}
	})
	t.Run("token lists are their texts", func(t *testing.T) {
		e := &embedder{}
		h := e.handler(t, newMemory())
		embedded(t, h, embedBody(titan, "", "hello world"))
		e.took()
		if head, _ := embedded(t, h, `{"model":"`+titan+`","input":[15339,1917]}`); head.Cache.State != "hit" {
			t.Errorf("R-EMB-02 %+v", head.Cache)
		}
	})
}

func TestItemsApart(t *testing.T) {
	e := &embedder{}
	h := e.handler(t, newMemory())
	embedded(t, h, embedBody(titan, "", "a"))
	embedded(t, h, embedBody(cohere, "", "a"))
	e.took()
	for name, test := range map[string]struct {
		body   string
		change func(*call.Call)
		state  string
	}{
		"dimensions":                 {embedBody(titan, `,"dimensions":256`, "a"), nil, "miss"},
		"normalize":                  {embedBody(titan, `,"normalize":false`, "a"), nil, "miss"},
		"input type":                 {embedBody(cohere, `,"input_type":"search_query"`, "a"), nil, "miss"},
		"input type of the default":  {embedBody(cohere, `,"input_type":"search_document"`, "a"), nil, "hit"},
		"input type without meaning": {embedBody(titan, `,"input_type":"search_query"`, "a"), nil, "hit"},
		"truncate":                   {embedBody(cohere, `,"truncate":"end"`, "a"), nil, "miss"},
		"user":                       {embedBody(titan, `,"user":"u"`, "a"), nil, "hit"},
		"tenant":                     {embedBody(titan, "", "a"), func(c *call.Call) { c.Principal.Tenant = "u" }, "miss"},
		"no-store": {embedBody(titan, "", "a"), func(c *call.Call) { c.Tune.CacheControl.NoStore = true },
			"bypass"},
		"no-cache": {embedBody(titan, "", "a"), func(c *call.Call) { c.Tune.CacheControl.NoCache = true },
			"bypass"},
		"max-age": {embedBody(titan, "", "a"), func(c *call.Call) { c.Tune.CacheControl.HasAge = true },
			"miss"},
	} {
		if test.change == nil {
			test.change = func(*call.Call) {}
		}
		head, _ := embedded(t, h, test.body, test.change)
		if n, _ := e.took(); head.Cache.State != test.state || (n == 0) != (test.state == "hit") {
			t.Errorf("R-EMB-17 %s: %+v", name, head.Cache)
		}
	}
	for name, body := range map[string]string{
		"unknown member": embedBody(titan, `,"zzz":1`, "a"), "dimensions": embedBody(titan, `,"dimensions":3`, "a"),
		"empty text": embedBody(titan, "", "a", ""), "no items": `{"model":"` + titan + `","input":[]}`,
		"no input": `{"model":"` + titan + `"}`,
		"tokens":   `{"model":"` + titan + `","input":[999999999]}`,
	} {
		if _, err := h(t.Context(), embedCall(t, body)); err == nil {
			t.Errorf("R-EMB-13 %s is answered because its text is known", name)
		}
	}
	if head, _ := embedded(t, h, embedBody(cohere, `,"normalize":true`, "a")); head.Adjusted.Header() != "normalize:unsupported" || head.Cache.State != "hit" {
		t.Errorf("R-EMB-14 a hit reports adjustments too: %+v", head)
	}
}

func TestFaultOfANewItem(t *testing.T) {
	e := &embedder{}
	h := e.handler(t, newMemory())
	embedded(t, h, embedBody(titan, "", "a", "c"))
	e.fault = &openai.Error{Kind: openai.Invalid, Message: "Too many input tokens."}
	_, err := h(t.Context(), embedCall(t, embedBody(titan, "", "a", "bad", "c")))
	if err == nil || !strings.Contains(err.Error(), "input[1]") {
		t.Errorf("R-EMB-07 names the place in the request: %v", err)
	}
}

func TestPoisonedVectors(t *testing.T) {
	e, m := &embedder{}, newMemory()
	h := e.handler(t, m)
	_, want := embedded(t, h, embedBody(titan, "", "a"))
	for name, change := range map[string]func([]byte) []byte{
		"empty": func([]byte) []byte { return nil }, "cut": func(v []byte) []byte { return v[:len(v)-5] },
		"foreign": func([]byte) []byte { return []byte("[0.1,0.2,0.3,0.4,0.5]") },
		"a bit":   func(v []byte) []byte { v[4] ^= 1; return v },
	} {
		m.spoil(change)
		if head, got := embedded(t, h, embedBody(titan, "", "a")); head.Cache.State != "miss" || got != want {
			t.Errorf("%s: %+v %s", name, head.Cache, got)
		}
	}
}

func TestOneFlightOfItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &embedder{wait: time.Second}
		h := e.handler(t, newMemory())
		var calls []*call.Call
		for range 20 {
			calls = append(calls, embedCall(t, embedBody(cohere, "", "a", "b")))
		}
		misses := 0
		for i, o := range together(h, contexts(t, 20), calls) {
			if o.head.Cache.State == "miss" {
				misses++
			}
			if o.err != nil || len(o.parts) != 1 || len(o.parts[0].(*openai.EmbeddingResponse).Data) != 2 {
				t.Errorf("%d: %+v", i, o)
			}
		}
		if n, calls := e.took(); n != 2 || calls != 1 || misses != 1 {
			t.Errorf("%d texts in %d calls and %d misses for 20 equal requests", n, calls, misses)
		}
	})
}

// TestVectorsOfAnotherModel: what another model has made does not go between vectors of the first.
func TestVectorsOfAnotherModel(t *testing.T) {
	served, calls := "m", 0
	answer := func(_ context.Context, c *call.Call) (call.Reply, error) {
		calls++
		whole := &openai.EmbeddingResponse{Model: served}
		for i, text := range c.Request.(*openai.EmbeddingRequest).Input.Texts {
			if c.Known == nil || !c.Known[i] {
				whole.Data = append(whole.Data, openai.Embedding{Floats: []byte("[" + number(served+text) + "]")})
			}
		}
		return call.Reply{Head: call.Head{Target: catalog.Target{Row: &catalog.Model{ID: served}, Order: len(served) - 1}},
			Parts: call.One(whole)}, nil
	}
	m := newMemory()
	carried := recall.NewShared(telemetry.New(), nil)
	h := recall.Recall(recall.DefaultCache(), time.Minute, m, carried)(answer)
	row := &catalog.Model{ID: "m", Kind: catalog.Embed, EmbedShape: catalog.EmbedTitan}
	plan := func(c *call.Call) { c.Plan.Targets = []catalog.Target{{Row: row, CalledID: "m"}} }
	embedded(t, h, embedBody("m", "", "a"), plan)
	if err := carried.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	served = "other"
	head, got := embedded(t, h, embedBody("m", "", "a", "b"), plan)
	if !strings.Contains(got, "["+number("othera")+"]") || !strings.Contains(got, "["+number("otherb")+"]") ||
		calls != 3 || m.size() != 1 || head.Target.Row.ID != "other" {
		t.Errorf("%d calls, %d entries: %s", calls, m.size(), got)
	}
}

func BenchmarkRecallItems(b *testing.B) {
	e := &embedder{}
	h := e.handler(b, newMemory())
	var texts []string
	for i := range 96 {
		texts = append(texts, fmt.Sprintf("a text of a few words, number %d", i))
	}
	body := embedBody(titan, "", texts...)
	embedded(b, h, body)
	b.ReportAllocs()
	for b.Loop() {
		embedded(b, h, body)
	}
}
