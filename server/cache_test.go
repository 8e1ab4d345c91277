package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"outcrop/cache"
	"outcrop/internal/bedrock/offline"
	"outcrop/internal/pipeline"
	"outcrop/internal/recall"
)

// remembering lets a house keep answers.
func remembering(t testing.TB) func(*pipeline.Collaborators) {
	t.Helper()
	c, err := cache.New(cache.Default(), cache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return func(with *pipeline.Collaborators) {
		with.Carried, with.Cache = pipeline.NewCarried(with.Recorder, nil), recall.DefaultCache()
		with.Memory = orderly{c, with.Carried}
	}
}

// orderly is a memory that has what was answered before it is asked: answers go out before they are kept, and tests ask
// quickly.
type orderly struct {
	recall.Memory
	carried *pipeline.Carried
}

func (o orderly) GetMany(ctx context.Context, keys []string) []cache.Entry {
	if o.carried.Settle(ctx) != nil {
		return make([]cache.Entry, len(keys))
	}
	return o.Memory.GetMany(ctx, keys)
}

// exactly is a request that is answered from memory the second time.
func exactly(text, rest string) string {
	return `{"model":"` + nova + `","temperature":0,"messages":[{"role":"user","content":"` + text + `"}]` + rest + `}`
}

// answered is what tests of the cache read of an answer.
type answered struct {
	ID, Model string
	Created   int64
	Choices   []struct {
		Message struct{ Content string }
	}
	Usage   map[string]any
	Outcrop struct {
		Cache map[string]any
	}
}

func read(t *testing.T, body string) (a answered) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return a
}

var cacheForm = regexp.MustCompile(`^(miss|bypass|hit; age=\d+); key=[0-9a-f]{16}$`)

func TestCacheThroughTheServer(t *testing.T) {
	h := build(t, config(), offline.Config{}, remembering(t))
	ask := func(body string, header ...string) (state string, got string) {
		t.Helper()
		status, head, got := h.chat(t, body, header...)
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, got)
		}
		value := head.Get("x-outcrop-cache")
		if value != "bypass" && !cacheForm.MatchString(value) {
			t.Errorf("x-outcrop-cache: %q", value)
		}
		if hit := strings.HasPrefix(value, "hit"); hit != (head.Get("x-outcrop-upstream-id") == "") {
			t.Errorf("R-ERR-02 %q with upstream %q", value, head.Get("x-outcrop-upstream-id"))
		}
		state, _, _ = strings.Cut(value, ";")
		return state, got
	}
	state, first := ask(exactly("say one", ""))
	again, second := ask(exactly("say one", ""))
	x, y := read(t, first), read(t, second)
	if state != "miss" || again != "hit" {
		t.Fatalf("%s, then %s", state, again)
	}
	if x.ID == y.ID || y.Created < x.Created || x.Model != y.Model ||
		x.Choices[0].Message.Content != y.Choices[0].Message.Content {
		t.Errorf("R-RES-01\n%s\n%s", first, second)
	}
	if fmt.Sprint(x.Usage) != fmt.Sprint(y.Usage) || y.Outcrop.Cache["status"] != "hit" ||
		y.Outcrop.Cache["cost"] != 0.0 || x.Outcrop.Cache != nil {
		t.Errorf("R-RES-15 the usage is the original's, and marked:\n%s\n%s", first, second)
	}

	t.Run("a stream after a plain answer", func(t *testing.T) {
		state, got := ask(exactly("say one", `,"stream":true`))
		if state != "hit" || !strings.HasSuffix(got, "data: [DONE]\n\n") || strings.Contains(got, `"usage"`) ||
			!strings.Contains(got, `"delta":{"role":"assistant","content":""`) {
			t.Errorf("R-STR-06 %s: %s", state, got)
		}
		if _, got := ask(exactly("say one", `,"stream":true,"stream_options":{"include_usage":true}`)); strings.Count(got,
			`"prompt_tokens"`) != 1 {
			t.Errorf("R-STR-06 %s", got)
		}
	})
	t.Run("a plain answer after a stream", func(t *testing.T) {
		ask(exactly("say two", `,"stream":true`))
		state, got := ask(exactly("say two", ""))
		if a := read(t, got); state != "hit" || a.Choices[0].Message.Content == "" || a.Usage["total_tokens"] == nil {
			t.Errorf("%s: %s", state, got)
		}
	})
	for name, test := range map[string]struct {
		body   string
		header []string
		state  string
	}{
		"no temperature":        {ask2("say one"), nil, "bypass"},
		"another text":          {exactly("say three", ""), nil, "miss"},
		"another limit":         {exactly("say one", `,"max_tokens":100`), nil, "miss"},
		"an unknown member":     {exactly("say one", `,"zzz":1`), nil, "miss"},
		"strict":                {exactly("say one", ""), []string{"x-outcrop-strict", "true"}, "miss"},
		"no-store":              {exactly("say one", ""), []string{"cache-control", "no-store"}, "bypass"},
		"no-cache":              {exactly("say one", ""), []string{"cache-control", "No-Cache"}, "bypass"},
		"max-age":               {exactly("say one", ""), []string{"cache-control", "no-transform, max-age=1000"}, "hit"},
		"not older than now":    {exactly("say one", ""), []string{"cache-control", "max-age=0"}, "miss"},
		"asked for":             {ask2("say four"), []string{"x-outcrop-cache-ttl", "60"}, "miss"},
		"kept for 0":            {exactly("say one", ""), []string{"x-outcrop-cache-ttl", "0"}, "bypass"},
		"as in another session": {exactly("say one", ""), []string{"x-client-request-id", "other"}, "hit"},
	} {
		if state, _ := ask(test.body, test.header...); state != test.state {
			t.Errorf("%s: %s", name, state)
		}
	}
	if state, _ := ask(ask2("say four"), "x-outcrop-cache-ttl", "1m"); state != "hit" {
		t.Errorf("the header keeps what has no temperature: %s", state)
	}
	t.Run("metrics count no tokens of hits", func(t *testing.T) {
		before := h.scrape(t, "outcrop_tokens_total")
		ask(exactly("say one", ""))
		if after := h.scrape(t, "outcrop_tokens_total"); before != after || before == "" {
			t.Errorf("was\n%s\nis\n%s", before, after)
		}
	})
}

func ask2(text string) string {
	return strings.Replace(exactly(text, ""), `"temperature":0,`, "", 1)
}

// scrape gives the lines of one metric.
func (h *house) scrape(t *testing.T, name string) string {
	t.Helper()
	res, err := http.Get(h.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, name) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func TestBadHeaders(t *testing.T) {
	h := build(t, config(), offline.Config{}, remembering(t))
	for _, test := range [][2]string{
		{"cache-control", "max-age"}, {"cache-control", "max-age=-1"}, {"cache-control", "no-cache, max-age=soon"},
		{"x-outcrop-cache-ttl", "soon"}, {"x-outcrop-cache-ttl", "-1"}, {"x-outcrop-cache-ttl", "1e3"},
		{"x-outcrop-cache-ttl", "Inf"}, {"x-outcrop-cache-ttl", "."},
		{"x-outcrop-timeout", "0"}, {"x-outcrop-timeout", "-5s"}, {"x-outcrop-timeout", "ten"},
		{"x-outcrop-priority", "urgent"},
	} {
		status, _, body := h.chat(t, exactly("hi", ""), test[0], test[1])
		if b := errorObject(t, body); status != http.StatusBadRequest || b["param"] != test[0] ||
			b["code"] != "invalid_value" {
			t.Errorf("%s: %.50s: %d %s", test[0], test[1], status, body)
		}
	}
	for _, test := range [][2]string{
		{"cache-control", "max-age=99999999999999999999999"}, {"cache-control", ""},
		{"cache-control", "private,, no-transform"}, {"cache-control", `max-age="60"`},
		{"x-outcrop-cache-ttl", "0.5"}, {"x-outcrop-cache-ttl", "24h"}, {"x-outcrop-cache-ttl", "99999999999999999999"},
		{"x-outcrop-timeout", "30"}, {"x-outcrop-timeout", "1m30s"},
		{"x-outcrop-priority", "Batch"}, {"x-outcrop-tier", "fast"},
	} {
		if status, _, body := h.chat(t, exactly("hi", ""), test[0], test[1]); status != http.StatusOK {
			t.Errorf("%s: %s: %d %s", test[0], test[1], status, body)
		}
	}
}

// TestOneCallForAll: equal requests at the same time, half of them streamed, reach Bedrock once.
func TestOneCallForAll(t *testing.T) {
	h := build(t, config(), offline.Config{}, remembering(t))
	var calls sync.Map
	inner := h.upstream.Config.Handler
	h.upstream.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Store(new(int), r.URL.Path)
		time.Sleep(300 * time.Millisecond) // so that all of them are there before the first answer
		inner.ServeHTTP(w, r)
	})
	seen, states := sync.Map{}, sync.Map{}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			status, head, body := h.chat(t, exactly("all at once", []string{"", `,"stream":true`}[i%2]))
			if status != http.StatusOK || i%2 == 1 && !strings.HasSuffix(body, "[DONE]\n\n") {
				t.Errorf("%d %s", status, body)
			}
			id := regexp.MustCompile(`chatcmpl-\w+`).FindString(body)
			if _, twice := seen.LoadOrStore(id, true); twice || id == "" {
				t.Errorf("R-RES-01 the id %q was given twice", id)
			}
			states.Store(strings.Split(head.Get("x-outcrop-cache"), ";")[0]+fmt.Sprint(i), true)
		})
	}
	wg.Wait()
	count := func(m *sync.Map, prefix string) (n int) {
		m.Range(func(k, _ any) bool {
			if s, ok := k.(string); !ok || strings.HasPrefix(s, prefix) {
				n++
			}
			return true
		})
		return n
	}
	if n, misses := count(&calls, ""), count(&states, "miss"); n != 1 || misses != 1 {
		t.Errorf("%d calls, %d misses", n, misses)
	}
}

func TestEmbeddingsThroughTheServer(t *testing.T) {
	h := build(t, config(), offline.Config{}, remembering(t))
	for _, format := range []string{"float", "base64"} {
		embed := func(texts ...string) (cached, body string) {
			list, _ := json.Marshal(texts)
			res, err := http.Post(h.url+"/v1/embeddings", "application/json",
				strings.NewReader(`{"model":"embed","encoding_format":"`+format+`","dimensions":256,"input":`+string(list)+`}`))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			b, _ := io.ReadAll(res.Body)
			return res.Header.Get("x-outcrop-cache"), string(b)
		}
		cached, first := embed("one "+format, "two "+format)
		if !strings.HasPrefix(cached, "miss; key=") {
			t.Errorf("R-EMB-17 %s: %s", cached, first)
		}
		if cached, again := embed("one "+format, "two "+format); !strings.HasPrefix(cached, "hit; age=") || again != first {
			t.Errorf("R-EMB-17 %s\n%.300s\n%.300s", cached, first, again)
		}
		if cached, _ := embed("two "+format, "three "+format); !strings.HasPrefix(cached, "miss; hits=1; items=2; key=") {
			t.Errorf("R-EMB-17 %s", cached)
		}
	}
}
