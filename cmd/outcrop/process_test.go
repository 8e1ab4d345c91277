// Tests of the program as its users run it: as a process, with an environment, flags and signals.
package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/bedrock/offline"
	"outcrop/internal/catalog"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "outcrop")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "outcrop")
		if out, err := exec.Command("go", "build", "-ldflags", "-X main.version=test-1", "-o", binary,
			".").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// command is the program with an environment that knows nothing of AWS but what env says.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(binary, args...) // ended by signal: a test's context is over before its clean-up
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "AWS_EC2_METADATA_DISABLED=true",
		"OUTCROP_SERVER_DRAIN_DELAY=0s"}, env...)
	return cmd
}

// ends runs the program to its end, which must come soon, and gives what it printed.
func ends(t *testing.T, wantCode int, env []string, args ...string) string {
	t.Helper()
	cmd := command(t, env, args...)
	begun := time.Now()
	stop := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	defer stop.Stop()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if code := cmd.ProcessState.ExitCode(); code != wantCode {
		t.Fatalf("exit code %d after %v, want %d: %s", code, time.Since(begun), wantCode, out)
	}
	return string(out)
}

// running is a started program that listens.
type running struct {
	cmd  *exec.Cmd
	url  string // http://127.0.0.1:PORT
	done chan struct{}

	mu     sync.Mutex
	stderr bytes.Buffer
}

var listens = regexp.MustCompile(`(?:serves the OpenAI API on|offline Bedrock on) (https?://[^/;\s]+)`)

// start runs the program until it says where it listens; the test's end stops it.
func start(t *testing.T, env []string, args ...string) *running {
	t.Helper()
	r := &running{cmd: command(t, env, args...), done: make(chan struct{})}
	pipe, err := r.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	urls := make(chan string, 1)
	go func() {
		defer close(r.done)
		for s := bufio.NewScanner(pipe); s.Scan(); {
			r.mu.Lock()
			r.stderr.WriteString(s.Text() + "\n")
			r.mu.Unlock()
			if m := listens.FindStringSubmatch(s.Text()); m != nil {
				urls <- m[1]
			}
		}
	}()
	t.Cleanup(func() { r.stop(t) })
	select {
	case r.url = <-urls:
	case <-r.done:
		t.Fatalf("the program ended before it listened: %s", r.said())
	}
	return r
}

func (r *running) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stderr.String()
}

// stop asks the program to end, and expects that it does so in good order.
func (r *running) stop(t *testing.T) {
	t.Helper()
	if r.cmd.ProcessState != nil {
		return
	}
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	r.wait(t)
}

// wait waits for the program's end.
func (r *running) wait(t *testing.T) {
	t.Helper()
	<-r.done
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v: %s", err, r.said())
	}
}

func (r *running) post(t *testing.T, body string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/v1/chat/completions",
		strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("content-type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

const hello = `{"model":"amazon.nova-lite-v1:0","messages":[{"role":"user","content":"Hello!"}]}`

func TestItDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "outcrop.yaml")
	if err := os.WriteFile(file, []byte("server:\n  addr: 127.0.0.1:0\n  addrs: x\nmodels:\n  aliasses: {}\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		env  []string
		args []string
		says []string
	}{
		{"neither credentials nor region", nil, []string{"serve"}, []string{"AWS_REGION", "--offline"}},
		{"credentials, no region", []string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"}, []string{"serve"},
			[]string{"AWS_REGION", "--offline"}},
		{"region, no credentials", []string{"AWS_REGION=us-east-1"}, []string{"serve"},
			[]string{"AWS_ACCESS_KEY_ID", "--offline"}},
		{"a public address without keys", nil, []string{"serve", "--offline", "--addr", "0.0.0.0:0"},
			[]string{"OUTCROP_API_KEYS", "--insecure"}},
		{"a public address without keys, by HOST", []string{"HOST=0.0.0.0"}, []string{"serve", "--offline"},
			[]string{"OUTCROP_API_KEYS", "--insecure"}},
		{"unknown keys in the file, all at once", nil, []string{"serve", "--offline", "--config", file},
			[]string{file + ":3:3: ", "server.addrs", file + ":5:3: ", "did you mean aliases"}},
		{"a file that is not there", nil, []string{"serve", "--offline", "--config", filepath.Join(dir, "no.yaml")},
			[]string{"no.yaml"}},
		{"replay without offline", []string{"AWS_REGION=us-east-1"}, []string{"serve", "--replay", dir},
			[]string{"--offline"}},
		{"an unknown flag", nil, []string{"serve", "--ofline"},
			[]string{"--ofline", "did you mean --offline?", "outcrop serve --help"}},
		{"a folder without recordings", nil, []string{"bedrock", "--replay", dir}, []string{"recordings"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code := 1
			if tt.name == "an unknown flag" {
				code = 2
			}
			out := ends(t, code, tt.env, tt.args...)
			for _, want := range tt.says {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q: %s", want, out)
				}
			}
			if strings.Contains(out, "goroutine ") {
				t.Errorf("it panics: %s", out)
			}
		})
	}
}

func TestItSaysWhatItIs(t *testing.T) {
	if out := ends(t, 0, nil, "version"); out != "outcrop test-1\n" {
		t.Errorf("version: %q", out)
	}
	if out := ends(t, 0, nil, "completion", "bash"); !strings.Contains(out, "__start_outcrop") {
		t.Errorf("completion: %.200q", out)
	}
	if out := ends(t, 0, nil, "serve", "--help"); !strings.Contains(out, "--offline") ||
		!strings.Contains(out, "--insecure") {
		t.Errorf("help: %s", out)
	}
}

func TestPublicAddress(t *testing.T) {
	local := func(r *running) { // the public address by its loopback face
		r.url = "http://127.0.0.1" + r.url[strings.LastIndexByte(r.url, ':'):]
	}
	t.Run("insecure", func(t *testing.T) {
		r := start(t, nil, "serve", "--offline", "--addr", "0.0.0.0:0", "--insecure")
		local(r)
		if res := r.post(t, hello); res.StatusCode != 200 {
			t.Errorf("status %d", res.StatusCode)
		}
	})
	t.Run("with keys", func(t *testing.T) {
		r := start(t, []string{"OUTCROP_API_KEYS=first-key-of-two,second-key-of-two"}, "serve", "--offline",
			"--addr", "0.0.0.0:0")
		local(r)
		for key, want := range map[string]int{"second-key-of-two": 200, "first-key-of-two": 200, "third": 401, "": 401} {
			if res := r.post(t, hello, "authorization", "Bearer "+key); res.StatusCode != want {
				t.Errorf("key %q: status %d, want %d", key, res.StatusCode, want)
			}
		}
	})
}

func TestGreeting(t *testing.T) {
	r := start(t, nil, "serve", "--offline", "--addr", "127.0.0.1:0")
	if res := r.post(t, hello); res.StatusCode != 200 {
		t.Errorf("status %d", res.StatusCode)
	}
	r.stop(t)
	for _, want := range []string{"outcrop test-1 serves", "OFFLINE", "curl " + r.url + "/v1/chat/completions"} {
		if !strings.Contains(r.said(), want) {
			t.Errorf("the greeting does not say %q: %s", want, r.said())
		}
	}
}

// TestDrain: after SIGTERM the stream under way is finished, /ready says 503, new calls are refused, and the process
// ends well.
func TestDrain(t *testing.T) {
	r := start(t, nil, "serve", "--offline", "--pace", "10ms", "--addr", "127.0.0.1:0")
	stream := r.post(t, `{"model":"amazon.nova-lite-v1:0","stream":true,"messages":[{"role":"user","content":"count to 200"}]}`)
	if _, err := io.ReadFull(stream.Body, make([]byte, 500)); err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for status := 200; status != http.StatusServiceUnavailable; <-tick.C { // the signal is on its way
		res, err := http.Get(r.url + "/ready")
		if err != nil {
			t.Fatalf("/ready while draining: %v", err)
		}
		res.Body.Close()
		status = res.StatusCode
	}
	if res := r.post(t, hello); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a new call while draining: status %d", res.StatusCode)
	}
	rest, err := io.ReadAll(stream.Body)
	if err != nil || !strings.HasSuffix(string(rest), "data: [DONE]\n\n") ||
		!strings.Contains(string(rest), `"content":" 200"`) {
		t.Errorf("the stream ends with %v, %.300q", err, rest[max(0, len(rest)-300):])
	}
	r.wait(t) // it is on its way out, and a second signal would kill it
}

// TestItReachesAWS: without a file, the variables that every AWS SDK knows lead to Bedrock.
func TestItReachesAWS(t *testing.T) {
	bed, err := offline.New(offline.Config{Models: catalog.Data()})
	if err != nil {
		t.Fatal(err)
	}
	type seen struct{ path, auth string }
	calls := make(chan seen, 10)
	upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/model/") { // the gateway may ask for the list of models on its own account
			calls <- seen{r.URL.Path, r.Header.Get("authorization")}
		}
		bed.ServeHTTP(w, r)
	})
	// a bearer token goes over TLS, or to loopback
	plain, secure := httptest.NewServer(upstream), httptest.NewTLSServer(upstream)
	defer plain.Close()
	defer secure.Close()
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}),
		0o600); err != nil {
		t.Fatal(err)
	}
	at := func(url string, env ...string) []string {
		return append(env, "AWS_REGION=us-west-2", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME="+url, "AWS_ENDPOINT_URL_BEDROCK="+url)
	}
	for _, tt := range []struct {
		name string
		env  []string
		auth string
	}{
		{"access key", at(plain.URL, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=b"),
			"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"},
		{"Bedrock API key, loopback", at(plain.URL, "AWS_BEARER_TOKEN_BEDROCK=token"), "Bearer token"},
		{"Bedrock API key", at(secure.URL, "AWS_BEARER_TOKEN_BEDROCK=token", "AWS_CA_BUNDLE="+bundle), "Bearer token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := start(t, tt.env, "serve", "--addr", "127.0.0.1:0")
			res := r.post(t, hello)
			body, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != 200 || !bytes.Contains(body, []byte("offline")) {
				t.Fatalf("status %d, %v: %s", res.StatusCode, err, body)
			}
			call := <-calls
			if call.path != "/model/amazon.nova-lite-v1:0/converse" || !strings.HasPrefix(call.auth, tt.auth) {
				t.Errorf("Bedrock got %+v", call)
			}
			if tt.name == "access key" && !strings.Contains(call.auth, "/us-west-2/bedrock/") {
				t.Errorf("signed for another region or service: %s", call.auth)
			}
			if strings.Contains(r.said(), "AKIDEXAMPLE") || strings.Contains(r.said(), "Bearer token") {
				t.Errorf("a credential in the log: %s", r.said())
			}
		})
	}
}

// TestMendA7APreferenceForBearerTokensWithoutAKey: the gateway signs with the credentials that it has, also when it
// lists models.
func TestMendA7APreferenceForBearerTokensWithoutAKey(t *testing.T) {
	bed, err := offline.New(offline.Config{Models: catalog.Data()})
	if err != nil {
		t.Fatal(err)
	}
	listed := make(chan string, 100)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			listed <- r.Header.Get("authorization")
		}
		bed.ServeHTTP(w, r)
	}))
	defer upstream.Close()
	env := []string{"AWS_REGION=us-east-1", "AWS_AUTH_SCHEME_PREFERENCE=httpBearerAuth",
		"AWS_ENDPOINT_URL=" + upstream.URL}
	r := start(t, append(env, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=b"), "serve", "--addr",
		"127.0.0.1:0")
	select {
	case auth := <-listed:
		if !strings.HasPrefix(auth, "AWS4-HMAC-SHA256") {
			t.Errorf("the list of models is asked for with %.30q", auth)
		}
	case <-r.done:
		t.Fatalf("the program ended: %s", r.said())
	}
	if res := r.post(t, hello); res.StatusCode != 200 {
		t.Errorf("status %d: %s", res.StatusCode, r.said())
	}
	out := ends(t, 1, env, "serve", "--addr", "127.0.0.1:0")
	if !strings.Contains(out, "AWS_ACCESS_KEY_ID") || strings.Contains(out, "goroutine ") {
		t.Errorf("with nothing to sign with: %s", out)
	}
}

// TestBedrockCommand: the real SDK client is the judge.
func TestBedrockCommand(t *testing.T) {
	r := start(t, nil, "bedrock", "--addr", "127.0.0.1:0")
	client := bedrockruntime.New(bedrockruntime.Options{
		Region: "us-east-1", BaseEndpoint: &r.url, Credentials: credentials.NewStaticCredentialsProvider("offline",
			"offline", ""),
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, err := client.Converse(ctx, &bedrockruntime.ConverseInput{
		ModelId: aws.String("amazon.nova-lite-v1:0"),
		Messages: []types.Message{{Role: types.ConversationRoleUser,
			Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: "count to 3"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	msg, ok := out.Output.(*types.ConverseOutputMemberMessage)
	if !ok || len(msg.Value.Content) != 1 {
		t.Fatalf("%+v", out.Output)
	}
	if text, ok := msg.Value.Content[0].(*types.ContentBlockMemberText); !ok || text.Value != "1 2 3" {
		t.Errorf("%+v", msg.Value.Content[0])
	}
}
