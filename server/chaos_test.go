package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/goleak"

	"outcrop/internal/attempt"
	"outcrop/internal/bedrock"
	"outcrop/internal/bedrock/offline"
	"outcrop/internal/catalog"
	"outcrop/internal/pipeline"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
	"outcrop/router"
)

// chance is a fault that befalls a share of a region's calls.
type chance struct {
	share float64
	fault string // as package offline spells it
}

// weather is what each region does to its calls; eu-west-1 is down. Faults with a number behind cut, after or silent
// come after a stream's first event. Of first attempts more are hit, see worse.
var weather = map[string][]chance{
	"us-east-1": {{0.12, "throttle"}, {0.04, "error=ServiceUnavailableException"}, {0.006, "silent"}, {0.03, "cut=3"},
		{0.002, "silent=3"}},
	"us-west-2": {{0.08, "first=ThrottlingException"}, {0.06, "cut=0"}, {0.02, "empty"}, {0.006, "silent"},
		{0.03, "after=3:ModelStreamErrorException"}},
	"eu-central-1": {{0.01, "error=ModelNotReadyException"}, {0.01, "error=InternalServerException"},
		{0.005, "error=AccessDeniedException"},
		{0.02, "delay=50ms"}, {0.02, "cut=4"}},
}

// worse is the share of requests whose first attempt meets something of what its region has (a delay is no fault).
const worse = 0.45

// region is one offline Bedrock with its weather.
type region struct {
	bedrock http.Handler
	chances []chance
	storm   *storm

	mu   sync.Mutex
	dice *rand.Rand
}

func (r *region) draw(first bool) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.dice.Float64()
	if first {
		all := 0.0
		for _, c := range r.chances {
			all += c.share
		}
		x *= all / worse
	}
	for _, c := range r.chances {
		if x -= c.share; x < 0 {
			return c.fault
		}
	}
	return ""
}

var nonce = regexp.MustCompile(`nonce-(\d+)-end`)

func (r *region) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the gateway has left
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	m := nonce.FindSubmatch(body)
	if m == nil {
		http.Error(w, "the request is not whole", http.StatusBadRequest)
		return
	}
	var id int
	_, _ = fmt.Sscan(string(m[1]), &id)
	fault := r.draw(r.storm.calls[id].Add(1) == 1)
	r.storm.saw(id, fault, strings.HasSuffix(req.URL.Path, "-stream"))
	if fault != "" {
		req.Header.Set("x-outcrop-fault", fault)
	}
	r.bedrock.ServeHTTP(w, req)
}

// storm keeps what befell each request upstream.
type storm struct {
	seed        uint64
	calls       []atomic.Int32 // by request
	early, late []atomic.Int32 // faults by request: before its first event, and after
}

func newStorm(seed uint64, requests int) *storm {
	return &storm{seed, make([]atomic.Int32, requests), make([]atomic.Int32, requests), make([]atomic.Int32, requests)}
}

var afterFirst = regexp.MustCompile(`^(cut|after|silent)=[1-9]`)

func (s *storm) saw(id int, fault string, streamed bool) {
	switch {
	case fault == "" || strings.HasPrefix(fault, "delay"):
	case streamed && afterFirst.MatchString(fault):
		s.late[id].Add(1)
	default:
		s.early[id].Add(1)
	}
}

// byRegion sends calls to the server that plays their region; a region without one is down. It takes the place of AWS's
// DNS.
type byRegion struct {
	*http.Transport
	servers map[string]string // region → host:port
}

func (b byRegion) Do(r *http.Request) (*http.Response, error) {
	name := strings.TrimSuffix(strings.TrimPrefix(r.URL.Host, "bedrock-runtime."), ".amazonaws.com")
	r.URL.Scheme, r.URL.Host = "http", b.servers[name]
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body} // without WriteTo, see internal/bedrock/pool.go
	}
	return b.RoundTrip(r)
}

// onePlan sends every request to the same targets.
type onePlan []catalog.Target

func (p onePlan) Plan(*router.Facts) (router.Plan, error) {
	return router.Plan{Targets: p, Rule: "chaos"}, nil
}

// chaos builds a gateway in front of four regions.
func chaos(t *testing.T, s *storm) (url string, targets *upstream.Targets) {
	t.Helper()
	down, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	down.Close() // nobody listens there any more
	sky := byRegion{&http.Transport{MaxIdleConnsPerHost: 256}, map[string]string{"eu-west-1": down.Addr().String()}}
	t.Cleanup(sky.CloseIdleConnections)
	for name, chances := range weather {
		bed, err := offline.New(offline.Config{Models: catalog.Data(), Region: name})
		if err != nil {
			t.Fatal(err)
		}
		r := &region{bedrock: bed, chances: chances, storm: s, dice: rand.New(rand.NewPCG(s.seed, uint64(name[3])))}
		srv := httptest.NewServer(r)
		t.Cleanup(srv.Close)
		sky.servers[name] = srv.Listener.Addr().String()
	}

	cfg := upstream.Default()
	// long enough for a machine that is busy with other tests
	cfg.Attempt.FirstEvent, cfg.Attempt.Answer = 8*time.Second, 8*time.Second
	// so that the region that is down is probed now and then
	cfg.Breaker.Open = time.Second
	targets = upstream.New(cfg, "us-east-1")
	settings := bedrock.Default()
	settings.StreamIdle, settings.MayRetry = 10*time.Second, targets.MayRetry
	b, err := bedrock.From(t.Context(), aws.Config{Region: "us-east-1", HTTPClient: sky,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}, settings)
	if err != nil {
		t.Fatal(err)
	}
	var plan onePlan
	for i, name := range []string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1"} {
		target, err := catalog.Default().Resolve(nova, name)
		if err != nil {
			t.Fatal(err)
		}
		target.Region, target.CalledID, target.Order = name, nova, i/3 // three equals, and one behind them
		plan = append(plan, target)
	}
	rec := telemetry.New()
	with := collaborators(pipeline.New(pipeline.Config{Deadline: time.Minute, EmbeddingCalls: 8}, pipeline.Collaborators{
		Recorder: rec, Router: plan, Catalog: catalog.Default(), Profiles: b, Version: "test", Upstream: targets,
		Services: func(t catalog.Target) (attempt.Service, error) { return b.For(t) },
	}))
	with.Recorder, with.Targets = rec, targets.Report
	return start(t, config(), with), targets
}

// verdict is what became of one request.
type verdict struct {
	status  int
	attempt string // x-outcrop-attempts
	text    string
	errors  int  // error events, or 1 for an error status
	done    bool // whole: a plain answer, or a stream with [DONE]
	wrong   string
}

func wanted(id int) string {
	return fmt.Sprintf("This is %s, offline. I see 1 turn. You said: please say back nonce-%d-end and not one word of "+
		"anybody else", nova, id)
}

func chaosAsk(client *http.Client, url string, id int, streamed bool) (v verdict) {
	body := fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":"please say back nonce-%d-end and not one word of anybody else"}]}`, nova, streamed, id)
	res, err := client.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(body))
	if err != nil {
		v.wrong = err.Error()
		return v
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	v.status, v.attempt = res.StatusCode, res.Header.Get("x-outcrop-attempts")
	switch {
	case err != nil:
		v.wrong = "reading: " + err.Error()
	case res.StatusCode != http.StatusOK:
		v.errors = 1
		v.wrong = clearError(raw)
	case streamed:
		v.events(raw)
	default:
		var whole struct {
			Choices []struct {
				Message struct{ Content string }
				Finish  string `json:"finish_reason"`
			}
		}
		if err := json.Unmarshal(raw, &whole); err != nil || len(whole.Choices) != 1 || whole.Choices[0].Finish != "stop" {
			v.wrong = fmt.Sprintf("%v: %s", err, raw)
			return v
		}
		v.text, v.done = whole.Choices[0].Message.Content, true
	}
	return v
}

// clearError tells what is wrong with the body of an error.
func clearError(raw []byte) string {
	var b broken
	message := ""
	if err := json.Unmarshal(raw, &b); err == nil {
		message, _ = b.Error["message"].(string)
	}
	if len(b.Error) != 4 || message == "" {
		return "no clear error: " + string(raw)
	}
	return ""
}

// events reads a stream: chunks of one id, one finish and [DONE], or one error that is the last event.
func (v *verdict) events(raw []byte) {
	id, finished := "", 0
	for line := range strings.Lines(string(raw)) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: ")
		if !ok {
			continue
		}
		if v.done || v.errors > 0 {
			v.wrong = "an event after the last one: " + data
			return
		}
		if data == "[DONE]" {
			v.done = true
			continue
		}
		var chunk struct {
			ID      string
			Error   json.RawMessage
			Choices []struct {
				Delta  struct{ Content string }
				Finish string `json:"finish_reason"`
			}
		}
		if err := json.Unmarshal([]byte(data), &chunk); err != nil {
			v.wrong = err.Error()
			return
		}
		if chunk.Error != nil {
			v.errors++
			v.wrong = clearError([]byte(data))
			continue
		}
		if id == "" {
			id = chunk.ID
		} else if chunk.ID != id {
			v.wrong = "chunks of two answers"
			return
		}
		for _, c := range chunk.Choices {
			v.text += c.Delta.Content
			if c.Finish != "" {
				finished++
			}
		}
	}
	if v.done && finished != 1 || !v.done && v.errors == 0 {
		v.wrong = fmt.Sprintf("%d finish reasons, done %v, %d errors", finished, v.done, v.errors)
	}
}

// chaosSize is how many storms there are, of how many requests: a small one, or four of the size that OUTCROP_CHAOS
// gives (make chaos).
func chaosSize(t *testing.T) (storms, requests int) {
	t.Helper()
	set := os.Getenv("OUTCROP_CHAOS")
	if set == "" {
		return 1, 1000
	}
	n, err := strconv.Atoi(set)
	if err != nil || n < 100 {
		t.Fatalf("OUTCROP_CHAOS must be a number of requests of at least 100, not %q", set)
	}
	return 4, n
}

// TestChaos sends requests through a gateway whose four regions throttle, cut, fall silent and are down. Of all of them
// at most two may fail, none may be answered wrongly and none may hang.
func TestChaos(t *testing.T) {
	storms, requests := chaosSize(t)
	failed, marred := 0, 0
	for i := range storms {
		before := goleak.IgnoreCurrent()
		s := newStorm(uint64(7+i), requests)
		results := make([]verdict, requests)
		var report upstream.Report
		// all that it started has ended when it has
		t.Run(fmt.Sprintf("storm %d of %d requests", i+1, requests), func(t *testing.T) {
			url, targets := chaos(t, s)
			ride(url, results)
			report = targets.Report()
		})
		f, m := weigh(t, s, results, report)
		failed, marred = failed+f, marred+m
		goleak.VerifyNone(t, before)
	}
	if failed > 2 {
		t.Errorf("%d requests failed, want at most two", failed)
	}
	least := 35
	if storms == 1 {
		least = 30 // it is drawn, and few draws scatter
	}
	if all := storms * requests; marred*100 < least*all {
		t.Errorf("%d of %d first attempts met a fault, want %d %%", marred, all, least)
	}
}

// ride sends the requests, in waves of more and fewer at a time.
func ride(url string, results []verdict) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	next := 0
	for _, wave := range []struct{ percent, workers int }{{20, 16}, {60, 64}, {4, 2}, {16, 32}} {
		ids := make(chan int)
		var wg sync.WaitGroup
		for range wave.workers {
			wg.Go(func() {
				for id := range ids {
					results[id] = chaosAsk(client, url, id, id%2 == 0)
				}
			})
		}
		for range len(results) * wave.percent / 100 {
			ids <- next
			next++
		}
		close(ids)
		wg.Wait()
	}
}

// marred tells whether the first attempt of a request met a fault.
func (v *verdict) marred(late int32) bool {
	first, _, more := strings.Cut(v.attempt, ";")
	return !strings.HasSuffix(first, "=ok") || !more && late > 0
}

// weigh holds what clients saw against what was done to their requests. It counts those that failed and those whose
// first attempt was marred. What broke off after its first event has not failed: nobody can take that back, and the
// client was told.
func weigh(t *testing.T, s *storm, results []verdict, report upstream.Report) (failed, marred int) {
	t.Helper()
	var hit, saved, cut int
	for id, v := range results {
		early, late := s.early[id].Load() > 0, s.late[id].Load()
		if v.wrong != "" || v.attempt == "" {
			t.Errorf("request %d: %d %s (%s)", id, v.status, v.wrong, v.attempt)
			continue
		}
		whole := v.done && v.text == wanted(id)
		if v.marred(late) {
			marred++
		}
		switch {
		case late > 0: // an answer that had begun cannot be taken back: one error event, and what came before is its own
			cut++
			if late != 1 || v.errors != 1 || v.done || v.status != 200 || !strings.HasPrefix(wanted(id), v.text) {
				t.Errorf("request %d: cut %d times after its first event: %+v", id, late, v)
			}
		case whole && v.errors == 0:
		case v.status == 200:
			t.Errorf("request %d: not its own whole answer: %+v", id, v)
		default:
			failed++
			if v.status != 429 && v.status != 500 && v.status != 502 && v.status != 503 && v.status != 504 {
				t.Errorf("request %d: status %d (%s)", id, v.status, v.attempt)
			}
			t.Logf("request %d: %d (%s)", id, v.status, v.attempt)
		}
		if early && late == 0 {
			hit++
			if whole {
				saved++
			}
		}
		if !early && late == 0 && !whole && !strings.Contains(v.attempt, "eu-west-1") {
			t.Errorf("request %d failed without a fault: %+v", id, v)
		}
	}
	t.Logf("%d requests: %.1f %% of first attempts met a fault; %d met one before the first event, of which %d were "+
		"answered; "+
		"%d were cut after it; %d failed; retries %d granted, %d refused", len(results),
		100*float64(marred)/float64(len(results)),
		hit, saved, cut, failed, report.RetriesGranted, report.RetriesRefused)
	if cut*100 < len(results) {
		t.Errorf("the weather was too good to show anything")
	}
	for _, target := range report.Targets {
		t.Logf("%+v", target)
		if target.InFlight != 0 || target.Waiting != 0 {
			t.Errorf("%s: %d calls in flight, %d waiting after the end", target.Region, target.InFlight, target.Waiting)
		}
	}
	return failed, marred
}
